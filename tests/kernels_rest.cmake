# Tests of the kernels other than convolution, and of the choice between their variants.
pawl_test(kernels/isa DEPS pawl::kernels)
foreach(isa scalar avx2 avxvnni avx512 neon neondot mmx)
  add_test(NAME kernels.isa.${isa} COMMAND kernels.isa_test)
  set_tests_properties(kernels.isa.${isa} PROPERTIES
    LABELS unit TIMEOUT 60 ENVIRONMENT PAWL_ISA=${isa})
endforeach()
pawl_test(kernels/pad DEPS pawl::kernels)
pawl_test(kernels/pool DEPS pawl::kernels)
pawl_test(kernels/resize DEPS pawl::kernels)
pawl_test(kernels/pixelwise DEPS pawl::kernels)
pawl_test(kernels/attention DEPS pawl::kernels)
pawl_test(kernels/rowmajor DEPS pawl::kernels)
pawl_test(kernels/scratch DEPS pawl::kernels)
pawl_test(kernels/softmax DEPS pawl::kernels)

# The letterbox is held against OpenCV itself, except where a build has the engine alone.
set(letterbox ${PROJECT_SOURCE_DIR}/tests/kernels/letterbox)
if(PAWL_ENGINE_ONLY)
  pawl_test(kernels/letterbox DEPS pawl::kernels SOURCES ${letterbox}_by_scalar.cpp)
else()
  find_package(OpenCV REQUIRED COMPONENTS core imgproc)
  pawl_test(kernels/letterbox DEPS pawl::kernels opencv_core opencv_imgproc
    SOURCES ${letterbox}_by_opencv.cpp)
endif()
