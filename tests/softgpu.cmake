# The software GPU and what runs on it.
add_subdirectory(softgpu)
pawl_gpu_test(softgpu/arithmetic DEPS pawl::platform)
pawl_gpu_test(softgpu/order DEPS pawl::platform)
pawl_gpu_test(softgpu/driver DEPS pawl::platform)
pawl_gpu_test(softgpu/matrix DEPS pawl::platform)
pawl_gpu_test(softgpu/memory DEPS pawl::platform)
