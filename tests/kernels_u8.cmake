# Tests of the quantized kernels, and again lowered to each instruction set as on a machine that has
# no more.
foreach(family conv_u8 depthwise_u8 pixelwise_u8 rescale_u8)
  pawl_test(kernels/${family} DEPS pawl::kernels)
  foreach(isa ${lowered_isas})
    add_test(NAME kernels.${family}.${isa} COMMAND kernels.${family}_test)
    set_tests_properties(kernels.${family}.${isa} PROPERTIES
      LABELS unit TIMEOUT 300 ENVIRONMENT PAWL_ISA=${isa})
  endforeach()
endforeach()
pawl_test(kernels/guarded_vector)

# It includes requantize_scalar.h, where the compiler may fuse nothing.
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/kernels/conv_u8_test.cpp
  PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
