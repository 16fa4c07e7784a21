# Platform core, artifact, runtime and the public interfaces.
pawl_test(platform/files DEPS pawl::platform LABELS unit fault)
pawl_test(platform/durability DEPS pawl::platform LABELS unit fault)
pawl_test(platform/mapped_file DEPS pawl::platform)
pawl_test(platform/mapped_file_moves DEPS pawl::platform)
pawl_test(platform/output_file DEPS pawl::platform LABELS unit fault)
pawl_test(platform/stop_signals DEPS pawl::platform LABELS unit fault)
pawl_test(platform/processors DEPS pawl::platform)

set(golden_plan ${PROJECT_SOURCE_DIR}/tests/engine/artifact/golden_plan.cpp)
pawl_test(engine/artifact/checksums DEPS pawl::artifact)
pawl_test(engine/artifact/golden DEPS pawl::artifact SOURCES ${golden_plan})
pawl_test(engine/artifact/validate DEPS pawl::artifact SOURCES ${golden_plan})
pawl_test(engine/artifact/digest DEPS pawl::artifact SOURCES ${golden_plan})
pawl_test(engine/artifact/step_kind DEPS pawl::artifact)
pawl_test(engine/artifact/head_record DEPS pawl::artifact)
pawl_test(engine/artifact/validate_edges DEPS pawl::artifact SOURCES ${golden_plan})
pawl_test(engine/artifact/hostile_bytes DEPS pawl::artifact SOURCES ${golden_plan}
  LABELS unit fault portable)
pawl_test(engine/runtime/hostile_artifact DEPS pawl::runtime SOURCES ${golden_plan}
  LABELS unit fault portable)
pawl_test(engine/runtime/bind_fields DEPS pawl::runtime SOURCES ${golden_plan}
  LABELS unit fault portable)
pawl_test(engine/runtime/bind_data DEPS pawl::runtime SOURCES ${golden_plan}
  LABELS unit fault portable)
pawl_test(engine/runtime/head_wiring DEPS pawl::runtime SOURCES ${golden_plan})
pawl_test(engine/runtime/stage_times DEPS pawl::runtime SOURCES ${golden_plan})
pawl_test(engine/runtime/held_threads DEPS pawl::runtime)
pawl_test(engine/runtime/pool_pinning DEPS pawl::runtime)
# Held to AVX2, the golden file's 3x3 convolution on bytes runs by Winograd.
if("avx2" IN_LIST lowered_isas)
  add_test(NAME engine.runtime.hostile_artifact.avx2 COMMAND engine.runtime.hostile_artifact_test)
  set_tests_properties(engine.runtime.hostile_artifact.avx2 PROPERTIES
    LABELS "unit;fault" TIMEOUT 300 ENVIRONMENT PAWL_ISA=avx2)
endif()

if(TARGET pawl_c)
  pawl_test(api/c_api DEPS pawl::c pawl::runtime)
  pawl_test(api/c_api_options DEPS pawl::c pawl::runtime)
  get_target_property(pawl_c_type pawl_c TYPE)
  if(pawl_c_type STREQUAL "SHARED_LIBRARY")
    add_test(NAME api.exported_symbols
      COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/api/exported_symbols.py
        ${CMAKE_NM} $<TARGET_FILE:pawl_c> ${PROJECT_SOURCE_DIR}/include/pawl/pawl.h)
    set_tests_properties(api.exported_symbols PROPERTIES LABELS unit TIMEOUT 60)
  endif()
endif()
