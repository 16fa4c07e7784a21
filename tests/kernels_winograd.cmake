# Tests of the Winograd convolution kernels.
pawl_test(kernels/winograd DEPS pawl::kernels)
pawl_test(kernels/winograd_u8 DEPS pawl::kernels)
