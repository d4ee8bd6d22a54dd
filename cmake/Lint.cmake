# The rules of the house as tests: layers, source rules, and the tests of the tools that check them.
find_program(PYTHON3 python3)

function(weir_add_lint)
  if(NOT PYTHON3)
    message(STATUS "python3 not found: the tests layers, source_rules and tools are left out")
    return()
  endif()
  set(tools ${CMAKE_SOURCE_DIR}/tools)
  add_test(NAME layers COMMAND ${PYTHON3} ${tools}/check_layers.py ${CMAKE_SOURCE_DIR}/src)
  add_test(NAME source_rules COMMAND ${PYTHON3} ${tools}/check_source.py ${CMAKE_SOURCE_DIR})
  add_test(NAME tools COMMAND ${PYTHON3} -m unittest discover -s ${tools} -p "*_test.py")
  set_tests_properties(layers source_rules tools PROPERTIES LABELS lint)
endfunction()
