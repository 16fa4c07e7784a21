# Tests of the quantized kernels. Weak symbols: as in kernels_conv.cmake, for their instruction set.
pawl_test(kernels/conv_u8 DEPS pawl::kernels)
pawl_test(kernels/depthwise_u8 DEPS pawl::kernels)
pawl_test(kernels/pixelwise_u8 DEPS pawl::kernels)

# It includes requantize_scalar.h, where the compiler may fuse nothing.
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/kernels/conv_u8_test.cpp
  PROPERTIES COMPILE_OPTIONS -ffp-contract=off)

if(NOT PAWL_SANITIZE AND TARGET pawl_kernels_avx512vnni)
  add_test(NAME kernels.weak_symbols.avx512vnni COMMAND ${CMAKE_COMMAND}
    -DNM=${CMAKE_NM} "-DOBJECTS=$<JOIN:$<TARGET_OBJECTS:pawl_kernels_avx512vnni>,,>"
    -P ${CMAKE_CURRENT_LIST_DIR}/kernels/weak_symbols.cmake)
  set_tests_properties(kernels.weak_symbols.avx512vnni PROPERTIES LABELS unit TIMEOUT 60)
endif()
