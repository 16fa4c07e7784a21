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
pawl_gpu_test(kernels/cuda/sppf DEPS pawl::kernels)
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
  set(device ${PROJECT_SOURCE_DIR}/kernels/cuda/device)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${planter})
  set(headers ${device}/implicit_gemm.cuh ${device}/head_map.cuh ${device}/sort.cuh
    ${device}/channels.cuh ${device}/epilogue_u8.cuh)
  foreach(family conv candidates suppress
      attention bytes dense depthwise letterbox pixelwise pool resize sppf)
    set(faults_dir ${CMAKE_CURRENT_BINARY_DIR}/faults/${family})
    file(MAKE_DIRECTORY ${faults_dir})
    execute_process(COMMAND ${Python3_EXECUTABLE} ${planter} --list ${family}
      OUTPUT_VARIABLE faults COMMAND_ERROR_IS_FATAL ANY)
    foreach(fault ${faults})
      add_custom_command(OUTPUT ${faults_dir}/${fault}.cu
        COMMAND ${Python3_EXECUTABLE} ${planter} ${family} ${fault} ${faults_dir}/${fault}.cu
        DEPENDS ${planter} ${PROJECT_SOURCE_DIR}/kernels/cuda/${family}.cu ${headers} VERBATIM)
      pawl_compile_device(${faults_dir}/${fault}.ptx ${faults_dir}/${fault}.cu -ptx -arch=compute_80)
      list(APPEND faulty_ptx ${faults_dir}/${fault}.ptx)
    endforeach()
    list(JOIN faults "," faults)
    list(APPEND faults_of PAWL_FAULTS_${family}="${faults}")
  endforeach()
  add_custom_target(faulty_kernels DEPENDS ${faulty_ptx})
  pawl_gpu_test(kernels/cuda/fault DEPS pawl::kernels)
  pawl_gpu_test(kernels/cuda/detect_fault DEPS pawl::detect pawl::kernels)
  foreach(test fault detect_fault)
    add_dependencies(kernels.cuda.${test}_test faulty_kernels)
    target_compile_definitions(kernels.cuda.${test}_test PRIVATE
      PAWL_FAULTS_DIR="${CMAKE_CURRENT_BINARY_DIR}/faults" ${faults_of})
  endforeach()
  add_test(NAME kernels.cuda.faults_noticed COMMAND ${Python3_EXECUTABLE} -B
    ${CMAKE_CURRENT_LIST_DIR}/kernels/cuda/faults_noticed.py
    ${CMAKE_CURRENT_BINARY_DIR} ${CMAKE_CURRENT_BINARY_DIR}/faults)
  set_tests_properties(kernels.cuda.faults_noticed PROPERTIES LABELS unit TIMEOUT 300)
endif()

if(TARGET pawl_program)
  add_test(NAME e2e.cuda
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/e2e/cuda_cli.py
      --pawl $<TARGET_FILE:pawl> --model ${PROJECT_SOURCE_DIR}/models/demo/demo.onnx
      --softgpu $<TARGET_FILE_DIR:softgpu> --device-code ${PAWL_HAVE_CUDA})
  set_tests_properties(e2e.cuda PROPERTIES LABELS "e2e;fault" TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
