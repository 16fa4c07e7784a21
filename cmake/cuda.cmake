# Device code. PAWL_CUDA: AUTO builds it where nvcc is found, ON demands that, OFF leaves it out.
# PAWL_CUDA_ARCHITECTURES get machine code; newer devices compile the PTX of the first when it is
# loaded. The CUDA runtime library is not used.
set(PAWL_CUDA AUTO CACHE STRING "Build CUDA device code: AUTO, ON or OFF")
set_property(CACHE PAWL_CUDA PROPERTY STRINGS AUTO ON OFF)
set(PAWL_CUDA_ARCHITECTURES 80 86 87 89 90 CACHE STRING "Architectures with machine code")

set(PAWL_HAVE_CUDA OFF)
if(NOT PAWL_CUDA STREQUAL "OFF")
  find_program(PAWL_NVCC nvcc PATHS ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES bin)
  if(PAWL_NVCC)
    set(PAWL_HAVE_CUDA ON)
  elseif(PAWL_CUDA STREQUAL "ON")
    message(FATAL_ERROR "PAWL_CUDA is ON and there is no nvcc: install a CUDA toolkit (11.7 or newer) "
      "or set PAWL_NVCC")
  endif()
endif()
if(PAWL_HAVE_CUDA)
  message(STATUS "CUDA device code: ${PAWL_NVCC}, sm ${PAWL_CUDA_ARCHITECTURES}")
else()
  message(STATUS "CUDA device code: none (PAWL_CUDA is ${PAWL_CUDA}, no nvcc used)")
endif()

# pawl_compile_device(output source option...): one run of nvcc, again when a header changes.
function(pawl_compile_device output source)
  add_custom_command(OUTPUT ${output}
    COMMAND ${PAWL_NVCC} -std=c++17 -O3 -I${PROJECT_SOURCE_DIR} -ccbin ${CMAKE_CXX_COMPILER}
      -allow-unsupported-compiler
      ${ARGN} -MD -MF ${output}.d -o ${output} ${source}
    DEPENDS ${source} DEPFILE ${output}.d VERBATIM
    COMMENT "Device code ${output}")
endfunction()

# pawl_device_images(target family...): kernels/cuda/<family>.cu into a source of `target` that has
# the table of images.h.
function(pawl_device_images target)
  set(declarations "")
  set(rows "")
  set(outputs "")
  foreach(family ${ARGN})
    list(GET PAWL_CUDA_ARCHITECTURES 0 lowest)
    foreach(image ptx${lowest} ${PAWL_CUDA_ARCHITECTURES})
      string(REPLACE "ptx" "" sm ${image})
      set(output ${CMAKE_CURRENT_BINARY_DIR}/${family}_${image})
      set(source ${CMAKE_CURRENT_SOURCE_DIR}/${family}.cu)
      if(image MATCHES ptx)
        pawl_compile_device(${output} ${source} -ptx -arch=compute_${sm})
        set(machine_code false)
      else()
        # Registers that do not suffice are an error: a spill in a main loop costs more than a
        # smaller tile.
        pawl_compile_device(${output} ${source} -cubin -arch=sm_${sm}
          -Xptxas=--warn-on-spills,--warning-as-error)
        set(machine_code true)
      endif()
      list(APPEND outputs ${output})
      set(symbol pawl_device_image_${family}_${image})
      string(APPEND declarations "extern \"C\" const unsigned char ${symbol}[], ${symbol}_end[];\n"
        "asm(\".pushsection .rodata\\n.balign 16\\n.hidden ${symbol}, ${symbol}_end\\n\"\n"
        "    \".global ${symbol}, ${symbol}_end\\n${symbol}:\\n.incbin \\\"${output}\\\"\\n.byte 0\\n\"\n"
        "    \"${symbol}_end:\\n.popsection\");\n")
      string(APPEND rows
        "    {\"${family}\", ${sm}, ${machine_code}, ${symbol}, static_cast<size_t>(${symbol}_end - ${symbol})},\n")
    endforeach()
  endforeach()
  set(PAWL_IMAGE_DECLARATIONS "${declarations}")
  set(PAWL_IMAGE_ROWS "${rows}")
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/images.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/images.cpp @ONLY)
  set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/images.cpp PROPERTIES OBJECT_DEPENDS "${outputs}")
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/images.cpp)
endfunction()
