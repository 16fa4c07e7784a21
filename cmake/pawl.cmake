# Build vocabulary of Pawl: one interface target with the flags, one function per kind of target.

add_library(pawl_flags INTERFACE)
target_compile_features(pawl_flags INTERFACE cxx_std_20)
target_include_directories(pawl_flags INTERFACE ${PROJECT_SOURCE_DIR})
# GCC 12 warns where nothing is wrong: "text" + std::string (its bug 105651), and optional or string
# members of a Result that was moved from.
target_compile_options(pawl_flags INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict -Wno-maybe-uninitialized>)
target_compile_options(pawl_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast>
  $<$<BOOL:${PAWL_WERROR}>:-Werror>)
if(PAWL_SANITIZE)
  # No vptr check: libraries without RTTI and tests with it share templates of the standard library.
  target_compile_options(pawl_flags INTERFACE
    -fsanitize=${PAWL_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(pawl_flags INTERFACE -fsanitize=${PAWL_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(pawl_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fstack-protector-strong -D_FORTIFY_SOURCE=2>)
  target_link_options(pawl_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# pawl_library(name SOURCES ... [DEPS ...] [PRIVATE_DEPS ...] [EXCEPTIONS])
# A static library `pawl_<name>` with the alias pawl::<name>. Library code throws nothing; EXCEPTIONS
# is for a seam over a library that does (it catches there and returns an Error).
function(pawl_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(pawl_${name} STATIC ${ARG_SOURCES})
  add_library(pawl::${name} ALIAS pawl_${name})
  set_target_properties(pawl_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(pawl_${name} PUBLIC pawl_flags ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(NOT ARG_EXCEPTIONS)
    target_compile_options(pawl_${name} PRIVATE -fno-exceptions -fno-rtti)
  endif()
endfunction()

# pawl_test(path DEPS ... [LABELS ...]): tests/<path>_test.cpp as one GoogleTest executable.
function(pawl_test path)
  cmake_parse_arguments(ARG "" "TIMEOUT" "DEPS;LABELS;ENVIRONMENT;SOURCES" ${ARGN})
  string(REPLACE "/" "." name ${path})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name}_test ${PROJECT_SOURCE_DIR}/tests/${path}_test.cpp ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE pawl_flags ${ARG_DEPS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE
    PAWL_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared"
    PAWL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES
    LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()
