# Fuzz targets (fuzz/*.cc) with libFuzzer; the compiler must be clang.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*.cc)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  add_executable(fuzz_${name} ${file})
  target_link_libraries(fuzz_${name} PRIVATE slipway_library)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endforeach()
