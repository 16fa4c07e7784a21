# Tests of what recognises a model's head at compile time.
pawl_test(engine/head/head_guess DEPS pawl::head)
pawl_test(engine/head/label_escapes DEPS pawl::head)
pawl_test(engine/head/labels DEPS pawl::head)
pawl_test(engine/head/other_tasks DEPS pawl::head)
pawl_test(engine/head/overrides DEPS pawl::head)
