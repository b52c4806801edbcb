# One test program per folder of src/ (and of tests/), from the *_test.cc files in it. Labels: the folder's name.
find_package(GTest REQUIRED)
include(GoogleTest)

# What tests share: tests/support, included as "support/x.h".
file(GLOB support CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.cc)
add_library(slipway_test_support STATIC ${support})
target_include_directories(slipway_test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests)
set_source_files_properties(${CMAKE_SOURCE_DIR}/tests/support/places.cc PROPERTIES COMPILE_DEFINITIONS
  "SLIPWAY_SOURCE_DIR=\"${CMAKE_SOURCE_DIR}\";SLIPWAY_PROGRAM=\"$<$<TARGET_EXISTS:slipway>:$<TARGET_FILE:slipway>>\"")
target_link_libraries(slipway_test_support PUBLIC slipway_library GTest::gmock)
slipway_precompile(slipway_test_support <gmock/gmock.h> <gtest/gtest.h>)

# Unit tests start first, together; tests of whole processes (tests/e2e, tests/soak) follow one at a time, so that their
# deadlines are not spent waiting for a core. ctest orders by COST when it runs several at once.
function(slipway_test_program name)
  set(files ${ARGN})
  if(NOT files)
    return()
  endif()
  add_executable(test_${name} ${files})
  target_link_libraries(test_${name} PRIVATE slipway_test_support GTest::gtest_main)
  slipway_reuse_precompiled(test_${name} slipway_test_support)
  if(TARGET slipway)
    add_dependencies(test_${name} slipway)
  endif()
  set(pace TIMEOUT 300 COST 1)
  if(name STREQUAL "e2e")
    set(pace TIMEOUT 600 COST 0.1 RUN_SERIAL TRUE)
  elseif(name STREQUAL "soak")
    set(pace TIMEOUT 7200 COST 0.1 RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    PROPERTIES LABELS ${name} ${pace} ENVIRONMENT "OMP_WAIT_POLICY=passive" SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]"
      ENVIRONMENT_MODIFICATION "PATH=path_list_prepend:${CMAKE_SOURCE_DIR}/build/tools")
endfunction()

file(GLOB rooms RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*)
foreach(room ${rooms})
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*_test.cc)
  slipway_test_program(${room} ${files})
endforeach()
foreach(group walks e2e soak)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${group}/*_test.cc)
  slipway_test_program(${group} ${files})
endforeach()

add_test(NAME floors COMMAND ${CMAKE_SOURCE_DIR}/tools/check_floors)
add_test(NAME floors_planted COMMAND ${CMAKE_SOURCE_DIR}/tools/check_floors --self-test)
add_test(NAME try COMMAND ${CMAKE_SOURCE_DIR}/tools/check_try)
add_test(NAME documents COMMAND ${CMAKE_SOURCE_DIR}/tools/check_docs $<TARGET_FILE:slipway>)
if(NOT SLIPWAY_SANITIZE)
  add_test(NAME cards COMMAND ${CMAKE_SOURCE_DIR}/tools/check_cards ${CMAKE_BINARY_DIR})
  set_tests_properties(cards PROPERTIES TIMEOUT 600 COST 0.1)
  add_test(NAME installed COMMAND ${CMAKE_SOURCE_DIR}/tools/check_install ${CMAKE_BINARY_DIR})
  set_tests_properties(installed PROPERTIES TIMEOUT 600 RUN_SERIAL TRUE ENVIRONMENT "OMP_WAIT_POLICY=passive")
endif()
