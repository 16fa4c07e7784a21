// Proves: the buffers of the kernel tests can be used to their last element, and one more faults.
#include "tests/kernels/guarded_vector.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

namespace pawl::kernels {
namespace {

template <class T>
void check_end(size_t count) {
  GuardedVector<T> vector(count);
  std::iota(vector.begin(), vector.end(), T{0});
  const GuardedVector<T> copy = vector;
  EXPECT_EQ(copy.back(), static_cast<T>(count - 1));
  volatile T* data = vector.data();
  EXPECT_DEATH(static_cast<void>(data[count]), "");
  EXPECT_DEATH(data[count] = T{0}, "");
}

TEST(GuardedVector, EndsWhereItSays) {
  for (const size_t count : {1U, 63U, 4095U, 4096U, 4097U}) check_end<uint8_t>(count);
  for (const size_t count : {1U, 16U, 1025U}) check_end<float>(count);
}

}  // namespace
}  // namespace pawl::kernels
