# The software GPU and what runs on it.
add_subdirectory(softgpu)
pawl_gpu_test(softgpu/arithmetic DEPS pawl::platform)
pawl_gpu_test(softgpu/order DEPS pawl::platform)
pawl_gpu_test(softgpu/driver DEPS pawl::platform)
pawl_gpu_test(softgpu/matrix DEPS pawl::platform)
pawl_gpu_test(softgpu/memory DEPS pawl::platform)
pawl_gpu_test(softgpu/triton DEPS pawl::platform)
target_compile_definitions(softgpu.triton_test PRIVATE PAWL_PYTHON="${Python3_EXECUTABLE}")
pawl_gpu_test(kernels/cuda/conv DEPS pawl::kernels)
pawl_gpu_test(kernels/cuda/conv_u8 DEPS pawl::kernels)
pawl_gpu_test(kernels/cuda/detect DEPS pawl::detect pawl::kernels)
pawl_gpu_test(kernels/cuda/bytes DEPS pawl::kernels)
pawl_gpu_test(kernels/cuda/dense DEPS pawl::kernels)
pawl_gpu_test(kernels/cuda/images DEPS pawl::kernels)
pawl_gpu_test(kernels/cuda/letterbox DEPS pawl::kernels)
pawl_gpu_test(kernels/cuda/traffic DEPS pawl::kernels)
pawl_gpu_test(engine/runtime/cuda/plan DEPS pawl::compile pawl::runtime pawl::reference)
if(TARGET pawl_onnx)
  pawl_gpu_test(engine/runtime/cuda/model DEPS pawl::compile pawl::runtime pawl::onnx pawl::synthetic)
endif()

if(PAWL_HAVE_CUDA)
  get_filename_component(toolkit ${PAWL_NVCC} REALPATH)
  get_filename_component(toolkit ${toolkit}/../.. ABSOLUTE)
  pawl_test(engine/runtime/cuda/driver_types DEPS pawl::cuda_driver)
  target_include_directories(engine.runtime.cuda.driver_types_test SYSTEM PRIVATE ${toolkit}/include)
endif()

# Kernels with a fault planted, which the tests must notice.
if(PAWL_HAVE_CUDA)
  set(planter ${CMAKE_CURRENT_LIST_DIR}/kernels/cuda/plant_fault.py)
  set(conv_cu ${PROJECT_SOURCE_DIR}/kernels/cuda/conv.cu)
  set(faults_dir ${CMAKE_CURRENT_BINARY_DIR}/faults)
  file(MAKE_DIRECTORY ${faults_dir})
  execute_process(COMMAND ${Python3_EXECUTABLE} ${planter} --list OUTPUT_VARIABLE faults
    COMMAND_ERROR_IS_FATAL ANY)
  foreach(fault ${faults})
    add_custom_command(OUTPUT ${faults_dir}/${fault}.cu
      COMMAND ${Python3_EXECUTABLE} ${planter} ${conv_cu} ${fault} ${faults_dir}/${fault}.cu
      DEPENDS ${planter} ${conv_cu} ${PROJECT_SOURCE_DIR}/kernels/cuda/device/implicit_gemm.cuh
      VERBATIM)
    pawl_compile_device(${faults_dir}/${fault}.ptx ${faults_dir}/${fault}.cu -ptx -arch=compute_80)
    list(APPEND faulty_ptx ${faults_dir}/${fault}.ptx)
  endforeach()
  add_custom_target(faulty_kernels DEPENDS ${faulty_ptx})
  list(JOIN faults "," faults)
  pawl_gpu_test(kernels/cuda/fault DEPS pawl::kernels)
  add_dependencies(kernels.cuda.fault_test faulty_kernels)
  target_compile_definitions(kernels.cuda.fault_test PRIVATE
    PAWL_FAULTS_DIR="${faults_dir}" PAWL_FAULTS="${faults}")
endif()

if(TARGET pawl_program)
  add_test(NAME e2e.cuda
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/e2e/cuda_cli.py
      --pawl $<TARGET_FILE:pawl> --model ${PROJECT_SOURCE_DIR}/models/demo/demo.onnx
      --softgpu $<TARGET_FILE_DIR:softgpu> --device-code ${PAWL_HAVE_CUDA})
  set_tests_properties(e2e.cuda PROPERTIES LABELS "e2e;fault" TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
