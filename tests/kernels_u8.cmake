# Tests of the quantized kernels.
pawl_test(kernels/conv_u8 DEPS pawl::kernels)
pawl_test(kernels/depthwise_u8 DEPS pawl::kernels)
pawl_test(kernels/pixelwise_u8 DEPS pawl::kernels)

# It includes requantize_scalar.h, where the compiler may fuse nothing.
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/kernels/conv_u8_test.cpp
  PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
