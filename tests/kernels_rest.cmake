# Tests of the kernels other than convolution. The letterbox is held against OpenCV itself.
pawl_test(kernels/pool DEPS pawl::kernels)
pawl_test(kernels/resize DEPS pawl::kernels)
pawl_test(kernels/pixelwise DEPS pawl::kernels)
pawl_test(kernels/attention DEPS pawl::kernels)
pawl_test(kernels/rowmajor DEPS pawl::kernels)

find_package(OpenCV REQUIRED COMPONENTS core imgproc)
pawl_test(kernels/letterbox DEPS pawl::kernels opencv_core opencv_imgproc)
