# Tests of the Winograd convolution kernels.
pawl_test(kernels/winograd DEPS pawl::kernels)
