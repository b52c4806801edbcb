# What `make install` puts below the prefix: the program, libslipway.so with the public headers and those they stand on,
# and slipway.pc, so that `c++ -std=c++20 my.cc $(pkg-config --cflags --libs slipway)` is all that a program needs.
include(GNUInstallDirs)

file(WRITE ${CMAKE_BINARY_DIR}/generated/whole_archive.cc "// All of it comes from the archive.\n")
add_library(slipway_shared SHARED EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/generated/whole_archive.cc)
set_target_properties(slipway_shared PROPERTIES OUTPUT_NAME slipway VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE CXX)
target_link_libraries(slipway_shared PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,slipway_library>")

# The prefix is told relative to slipway.pc, so that `make install PREFIX=DIR`, a package and a moved folder are all right.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY
  ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig OUTPUT_VARIABLE SLIPWAY_PREFIX_FROM_PC)
configure_file(${CMAKE_SOURCE_DIR}/cmake/slipway.pc.in ${CMAKE_BINARY_DIR}/slipway.pc @ONLY)
install(TARGETS slipway RUNTIME)
install(TARGETS slipway_shared LIBRARY OPTIONAL)
install(DIRECTORY include/slipway DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY src/base src/tensor DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/slipway FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/slipway.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
