# Lists of cards: static libraries drop self-registering objects, so the build writes each list by reading the folder.

# Writes generated/<room>/cards.inc: CARDS(X, …) is X(id, …) for every line `<macro>(id)` that opens a card in
# src/<room>/*.cc (base/card_list.h turns it into declarations and a list).
function(slipway_cards target room macro)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cc)
  set(lines "// Written by cmake/Cards.cmake.\n#define CARDS(X, ...)")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} cards REGEX "^${macro}\\(")
    foreach(card ${cards})
      if(NOT card MATCHES "^${macro}\\([a-z0-9_]+\\)")
        message(FATAL_ERROR "${file}: ${card}: expected ${macro}(id), id of a-z, 0-9 and _, no word of C++")
      endif()
      string(REGEX REPLACE "^${macro}\\(([a-z0-9_]+)\\).*" "\\1" card ${card})
      string(APPEND lines " \\\n  X(${card}, __VA_ARGS__)")
    endforeach()
  endforeach()
  set(out ${CMAKE_BINARY_DIR}/generated/${room}/cards.inc)
  file(GENERATE OUTPUT ${out} CONTENT "${lines}\n")
endfunction()

# generated/formats/tflite_schema.h from the schema subset, when there is one.
function(slipway_tflite_schema target)
  set(schema ${CMAKE_SOURCE_DIR}/src/formats/tflite_schema.fbs)
  if(NOT EXISTS ${schema})
    return()
  endif()
  find_program(FLATC flatc REQUIRED)
  set(out ${CMAKE_BINARY_DIR}/generated/formats/tflite_schema_generated.h)
  add_custom_command(OUTPUT ${out} DEPENDS ${schema}
    COMMAND ${FLATC} --cpp --gen-object-api --scoped-enums -o ${CMAKE_BINARY_DIR}/generated/formats ${schema})
  target_sources(${target} PRIVATE ${out})
endfunction()
