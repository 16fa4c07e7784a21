// Counts heap allocations of the test program it is linked into.
#pragma once

#include <cstdint>

namespace pawl::test {

// Calls of operator new so far, by all threads.
int64_t allocation_count();

}  // namespace pawl::test
