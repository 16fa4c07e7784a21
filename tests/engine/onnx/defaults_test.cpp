// Proves that an attribute that a file leaves out has the value that ONNX gives it, operator by
// operator, on numbers that any other value would change.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

TEST(Defaults, OfNormalisations) {
  // A variance of nothing leaves epsilon alone: 1e-5.
  const auto scale = static_cast<float>(1.0 / std::sqrt(1e-5));
  expect_real(SingleNode("BatchNormalization", 15,
                         {real_tensor({1, 1, 2}, {0.01F, -0.02F}), real_tensor({1}, {1}),
                          real_tensor({1}, {0}), real_tensor({1}, {0}), real_tensor({1}, {0})})
                  .run(),
              {1, 1, 2}, {0.01F * scale, -0.02F * scale}, 1e-3F);
  // Along the last axis; a variance of 1e-6 counts beside 1e-5.
  const auto small = static_cast<float>(1e-3 / std::sqrt(1e-6 + 1e-5));
  expect_real(
      SingleNode("LayerNormalization", 17,
                 {real_tensor({2, 2}, {0.001F, -0.001F, 0.005F, 0.003F}), real_tensor({2}, {1, 1})})
          .run(),
      {2, 2}, {small, -small, small, -small}, 1e-4F);
}

TEST(Defaults, OfActivations) {
  const Tensor x = real_tensor({4}, {-4, -1, 1, 4});
  expect_real(SingleNode("LeakyRelu", 16, {x}).run(), {4}, {-0.04F, -0.01F, 1, 4});
  expect_real(SingleNode("HardSigmoid", 7, {x}).run(), {4}, {0, 0.3F, 0.7F, 1});
  expect_real(SingleNode("Elu", 7, {x}).run(), {4}, {std::expm1(-4.0F), std::expm1(-1.0F), 1, 4});
}

TEST(Defaults, OfAxes) {
  const Tensor x = counted({2, 3});
  // Softmax: the last axis from opset 13 on, all from the second before.
  const float e = std::exp(1.0F);
  const float sum = 1 + e + e * e;
  expect_real(SingleNode("Softmax", 13, {x}).run(), {2, 3},
              {1 / sum, e / sum, e * e / sum, 1 / sum, e / sum, e * e / sum});
  const Tensor rows = real_tensor({1, 2, 2}, {0, 1, 0, 1});
  const float four = 2 + 2 * e;
  expect_real(SingleNode("Softmax", 11, {rows}).run(), {1, 2, 2},
              {1 / four, e / four, 1 / four, e / four});
  expect_integer(SingleNode("ArgMax", 13, {x}).run(), {1, 3}, {1, 1, 1});  // axis 0, kept
  expect_real(SingleNode("ReduceMean", 13, {x}).run(), {1, 1}, {2.5F});    // all axes, kept
  expect_real(SingleNode("Flatten", 13, {counted({2, 1, 2})}).run(), {2, 2}, count(4));
  expect_real(SingleNode("Gather", 13, {x}).with({1}, Ints{1}).run(), {1, 3}, {3, 4, 5});
  expect_real(SingleNode("Transpose", 13, {x}).run(), {3, 2}, {0, 3, 1, 4, 2, 5});
  const auto halves = SingleNode("Split", 11, {x}, 2).run();
  expect_real(halves, {1, 3}, {0, 1, 2}, 0, 0);
  expect_real(halves, {1, 3}, {3, 4, 5}, 0, 1);
}

TEST(Defaults, OfProductsPadsAndWindows) {
  const Tensor a = real_tensor({1, 2}, {1, 2});
  const Tensor b = real_tensor({2, 1}, {3, 4});
  expect_real(SingleNode("Gemm", 13, {a, b, real_tensor({1}, {5})}).run(), {1, 1}, {16});
  expect_real(SingleNode("Pad", 13, {a}).with({4}, Ints{0, 1, 0, 1}).run(), {1, 4}, {0, 1, 2, 0});
  const Tensor x = counted({1, 1, 3, 3});
  // Windows move by one, pad nothing, and are dense.
  expect_real(SingleNode("MaxPool", 12, {x}).set("kernel_shape", Ints{2, 2}).run(), {1, 1, 2, 2},
              {4, 5, 7, 8});
  expect_real(SingleNode("AveragePool", 11, {x})
                  .set("kernel_shape", Ints{2, 2})
                  .set("pads", Ints{1, 1, 0, 0})
                  .run(),
              {1, 1, 3, 3}, {0, 0.5F, 1.5F, 1.5F, 2, 3, 4.5F, 5, 6});  // pads are not counted
  expect_real(SingleNode("Conv", 11, {x, real_tensor({1, 1, 1, 1}, {2})}).run(), {1, 1, 3, 3},
              {0, 2, 4, 6, 8, 10, 12, 14, 16});
  expect_real(
      SingleNode("DepthToSpace", 13, {counted({1, 8, 1, 1})}).set("blocksize", int64_t{2}).run(),
      {1, 2, 2, 2}, {0, 2, 4, 6, 1, 3, 5, 7});  // DCR
}

}  // namespace
}  // namespace pawl::engine::test
