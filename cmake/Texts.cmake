# Text files that travel in the binary: generated/<name>.inc holds the file as a raw string literal.
function(slipway_text name file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  file(READ ${CMAKE_SOURCE_DIR}/${file} text)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.inc CONTENT "R\"slipway_text(${text})slipway_text\"")
endfunction()
