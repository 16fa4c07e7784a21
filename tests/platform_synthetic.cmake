# Frames are compared between processors by e2e/cross_target.py.
pawl_test(platform/synthetic/line_scene DEPS pawl::synthetic LABELS unit portable)
