# The imaging seam, the parts of `pawl` and the program itself from end to end.
pawl_test(platform/imaging/images DEPS pawl::imaging LABELS unit fault)
pawl_test(platform/imaging/camera DEPS pawl::imaging)
pawl_test(platform/imaging/draw DEPS pawl::imaging)

pawl_test(apps/eval_metric DEPS pawl::program)
pawl_test(apps/eval_labels DEPS pawl::program)
pawl_test(apps/reports DEPS pawl::program)

add_test(NAME e2e.pawl
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/e2e/pawl_cli.py
    --pawl $<TARGET_FILE:pawl> --models ${PROJECT_SOURCE_DIR}/models
    --shared ${PROJECT_SOURCE_DIR}/../shared)
set_tests_properties(e2e.pawl PROPERTIES LABELS "e2e;fault" TIMEOUT 300 SKIP_RETURN_CODE 77)
