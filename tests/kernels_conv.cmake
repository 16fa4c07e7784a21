# Tests of the convolution kernels, and of what every instruction-set object must hold to.
pawl_test(kernels/conv DEPS pawl::kernels)
pawl_test(kernels/half DEPS pawl::kernels)
pawl_test(kernels/depthwise DEPS pawl::kernels)
pawl_test(kernels/activation DEPS pawl::kernels)

# Sanitizers add weak symbols of their own.
if(NOT PAWL_SANITIZE)
  foreach(isa avx2 avxvnni avx512 avx512vnni neon neondot neoni8mm)
    if(TARGET pawl_kernels_${isa})
      add_test(NAME kernels.weak_symbols.${isa} COMMAND ${CMAKE_COMMAND}
        -DNM=${CMAKE_NM} "-DOBJECTS=$<JOIN:$<TARGET_OBJECTS:pawl_kernels_${isa}>,,>"
        -P ${CMAKE_CURRENT_LIST_DIR}/kernels/weak_symbols.cmake)
      set_tests_properties(kernels.weak_symbols.${isa} PROPERTIES LABELS unit TIMEOUT 60)
    endif()
  endforeach()
endif()
