# Tests of passes, plan, compiler and runtime. The graphs run on every instruction set; the session
# lowers itself to the one that PAWL_ISA names, and a machine without it runs its best.
pawl_test(engine/passes/passes DEPS pawl::passes pawl::reference)
pawl_test(engine/plan/arena DEPS pawl::plan)
pawl_test(engine/plan/views DEPS pawl::plan)
pawl_test(engine/compile/graphs DEPS pawl::compile pawl::runtime pawl::reference)
set(isas scalar)  # less the best, which is the default
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  list(APPEND isas avx2 avxvnni avx512)
endif()
foreach(isa ${isas})
  add_test(NAME engine.compile.graphs.${isa} COMMAND engine.compile.graphs_test)
  set_tests_properties(engine.compile.graphs.${isa} PROPERTIES
    LABELS unit TIMEOUT 300 ENVIRONMENT PAWL_ISA=${isa})
endforeach()
pawl_test(engine/compile/targets DEPS pawl::compile pawl::runtime pawl::reference)
pawl_test(engine/compile/head_fusion DEPS pawl::compile pawl::runtime pawl::reference)
if(TARGET pawl_onnx)
  pawl_test(engine/compile/models DEPS pawl::compile pawl::runtime pawl::onnx)
endif()
pawl_test(engine/runtime/thread_pool DEPS pawl::runtime)
pawl_test(engine/runtime/session DEPS pawl::compile pawl::runtime)
pawl_test(engine/runtime/conv_u8_step DEPS pawl::compile pawl::runtime)
pawl_test(engine/runtime/step_cost DEPS pawl::compile pawl::runtime)
