# GTest::gtest and GTest::gtest_main: the installed library, or when cross-compiling, built from the
# sources that Debian's libgtest-dev installs beside it.
if(NOT CMAKE_CROSSCOMPILING)
  find_package(GTest REQUIRED)
  return()
endif()

set(PAWL_GOOGLETEST_DIR /usr/src/googletest/googletest CACHE PATH "Sources of GoogleTest")
if(NOT EXISTS ${PAWL_GOOGLETEST_DIR}/CMakeLists.txt)
  message(FATAL_ERROR "no GoogleTest sources in ${PAWL_GOOGLETEST_DIR}: install libgtest-dev, or set "
    "PAWL_GOOGLETEST_DIR")
endif()
set(GOOGLETEST_VERSION 1.12.1)  # its build asks; nothing of it is installed
add_subdirectory(${PAWL_GOOGLETEST_DIR} ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
