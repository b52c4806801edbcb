# Unit benchmarks (src/**/x_bench.cc) and end-to-end ones (benchmarks/*.cc), each a program of its own.
find_package(benchmark REQUIRED)
file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*_bench.cc ${CMAKE_SOURCE_DIR}/benchmarks/*.cc)
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  add_executable(bench_${name} ${file})
  target_link_libraries(bench_${name} PRIVATE slipway_library benchmark::benchmark)
endforeach()
