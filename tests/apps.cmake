# The imaging seam, the parts of `pawl` and the program itself from end to end.
pawl_test(platform/imaging/images DEPS pawl::imaging LABELS unit fault)
pawl_test(platform/imaging/camera DEPS pawl::imaging)
pawl_test(platform/imaging/draw DEPS pawl::imaging)

# Pictures of every format, by encoders of others; the plugin decodes some of them.
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(OpenCV REQUIRED COMPONENTS core imgcodecs)
foreach(part orientation formats image_folder)
  pawl_test(platform/imaging/${part}
    DEPS pawl::imaging JPEG::JPEG PNG::PNG opencv_imgcodecs opencv_core
    LABELS unit fault
    ENVIRONMENT PAWL_PLUGIN_DIR=$<TARGET_FILE_DIR:pawl_media>)
  add_dependencies(platform.imaging.${part}_test pawl_media)
endforeach()

pawl_test(apps/eval_metric DEPS pawl::program)
pawl_test(apps/eval_labels DEPS pawl::program)
pawl_test(apps/eval_matching DEPS pawl::program)
pawl_test(apps/run_output DEPS pawl::program
  SOURCES ${PROJECT_SOURCE_DIR}/tests/engine/artifact/golden_plan.cpp)
pawl_test(apps/reports DEPS pawl::program)
pawl_test(apps/tensor_error DEPS pawl::program)
pawl_test(apps/latency DEPS pawl::program)
pawl_test(apps/arguments DEPS pawl::program)
pawl_test(apps/usage_error DEPS pawl::program)
pawl_test(apps/held_out DEPS pawl::program)
pawl_test(apps/label_boxes DEPS pawl::program)

add_test(NAME e2e.pawl
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/e2e/pawl_cli.py
    --pawl $<TARGET_FILE:pawl> --models ${PROJECT_SOURCE_DIR}/models
    --shared ${PROJECT_SOURCE_DIR}/../shared)
set_tests_properties(e2e.pawl PROPERTIES LABELS "e2e;fault" TIMEOUT 300 SKIP_RETURN_CODE 77)

add_test(NAME e2e.outputs
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/e2e/outputs.py
    --pawl $<TARGET_FILE:pawl> --model ${PROJECT_SOURCE_DIR}/models/demo/demo.onnx
    --artifact ${PROJECT_SOURCE_DIR}/tests/data/golden_v1.pawl)
set_tests_properties(e2e.outputs PROPERTIES LABELS "e2e;fault" TIMEOUT 300 SKIP_RETURN_CODE 77)
