# Tests of pre- and post-processing.
pawl_test(engine/detect/decode DEPS pawl::detect
  SOURCES ${PROJECT_SOURCE_DIR}/tests/engine/detect/allocation_count.cpp)
pawl_test(engine/detect/decode_layouts DEPS pawl::detect)
pawl_test(engine/detect/limits DEPS pawl::detect)
pawl_test(engine/detect/level_binding DEPS pawl::detect)
pawl_test(engine/detect/nms DEPS pawl::detect)
pawl_test(engine/detect/placement DEPS pawl::detect)
pawl_test(engine/detect/preprocess DEPS pawl::detect
  SOURCES ${PROJECT_SOURCE_DIR}/tests/engine/detect/allocation_count.cpp)
