# Fails when an object compiled for an instruction set defines or wants a weak symbol: the linker may
# then hand that copy to baseline code, which crashes on a CPU without the instructions.
#   cmake -DNM=<nm> -DOBJECTS=<a.o,b.o,...> -P weak_symbols.cmake
if(NOT OBJECTS)
  message(FATAL_ERROR "no objects given")
endif()
string(REPLACE "," ";" objects "${OBJECTS}")
set(found FALSE)
foreach(object ${objects})
  execute_process(COMMAND ${NM} --demangle ${object}
    OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR symbols STREQUAL "")
    message(FATAL_ERROR "${NM} reads no symbols from ${object}")
  endif()
  string(REGEX MATCHALL "[^\n]* [WwVvu] [^\n]*" weak "${symbols}")
  foreach(symbol ${weak})
    message("${object}: ${symbol}")
    set(found TRUE)
  endforeach()
endforeach()
if(found)
  message(FATAL_ERROR "weak symbols in instruction-set objects: put inlines in an anonymous "
    "namespace and use no standard template there")
endif()
