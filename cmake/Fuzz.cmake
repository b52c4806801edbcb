# Fuzz targets (fuzz/*.cc) with libFuzzer; the compiler must be clang.
add_library(slipway_random_graph STATIC ${CMAKE_SOURCE_DIR}/tests/support/random_graph.cc
  ${CMAKE_SOURCE_DIR}/tests/support/random_layers.cc ${CMAKE_SOURCE_DIR}/tests/support/rounding.cc
  ${CMAKE_SOURCE_DIR}/tests/support/shared_runs.cc)
target_include_directories(slipway_random_graph PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(slipway_random_graph PUBLIC slipway_library)

file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*.cc)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  add_executable(fuzz_${name} ${file})
  target_link_libraries(fuzz_${name} PRIVATE slipway_random_graph slipway_library)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endforeach()
