# One test program per folder of src/ (and of tests/), from the *_test.cc files in it.
find_package(GTest REQUIRED)
include(GoogleTest)

function(slipway_test_program name)
  set(files ${ARGN})
  if(NOT files)
    return()
  endif()
  add_executable(test_${name} ${files})
  target_link_libraries(test_${name} PRIVATE slipway_library GTest::gmock GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE SLIPWAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    SLIPWAY_BINARY="$<$<TARGET_EXISTS:slipway>:$<TARGET_FILE:slipway>>")
  if(TARGET slipway)
    add_dependencies(test_${name} slipway)
  endif()
  gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 300 ENVIRONMENT "OMP_WAIT_POLICY=passive" SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
endfunction()

file(GLOB rooms RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*)
foreach(room ${rooms})
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*_test.cc)
  slipway_test_program(${room} ${files})
endforeach()
foreach(group walks e2e)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${group}/*_test.cc)
  slipway_test_program(${group} ${files})
endforeach()

add_test(NAME floors COMMAND ${CMAKE_SOURCE_DIR}/tools/check_floors)
