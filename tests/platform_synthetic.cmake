pawl_test(platform/synthetic/line_scene DEPS pawl::synthetic)
