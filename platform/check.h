// PAWL_CHECK: a bug of ours stops the program at the spot. Never applied to bytes from outside.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace pawl::platform {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "pawl: internal error: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace pawl::platform

#define PAWL_CHECK(condition)         \
  ((condition) ? static_cast<void>(0) \
               : ::pawl::platform::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define PAWL_DCHECK(condition) static_cast<void>(0)
#else
#define PAWL_DCHECK(condition) PAWL_CHECK(condition)
#endif
