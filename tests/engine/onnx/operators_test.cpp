// Proves: each operator, in each form that its opsets give it, is translated and computed as ONNX
// defines it. Expected numbers are written by hand. SingleNode::run() also proves that folding
// agrees with execution.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

TEST(Operators, Conv) {
  const Tensor x = counted({1, 1, 3, 3});
  const Tensor w = real_tensor({1, 1, 2, 2}, {1, 2, 3, 4});
  expect_real(SingleNode("Conv", 11, {x, w}).run(), {1, 1, 2, 2}, {27, 37, 57, 67});
  expect_real(SingleNode("Conv", 11, {x, w, real_tensor({1}, {100})})
                  .set("pads", Ints{1, 0, 0, 1})
                  .set("strides", Ints{2, 1})
                  .run(),
              {1, 1, 2, 3}, {104, 111, 106, 157, 167, 129});
}

TEST(Operators, ConvAutoPad) {
  const Tensor x = counted({1, 1, 3, 3});
  const Tensor w = real_tensor({1, 1, 2, 2}, {1, 0, 0, 0});
  // The odd pad follows the input for SAME_UPPER and precedes it for SAME_LOWER.
  expect_real(SingleNode("Conv", 11, {x, w}).set("auto_pad", "SAME_UPPER").run(), {1, 1, 3, 3},
              count(9));
  expect_real(SingleNode("Conv", 11, {x, w}).set("auto_pad", "SAME_LOWER").run(), {1, 1, 3, 3},
              {0, 0, 0, 0, 0, 1, 0, 3, 4});
  expect_real(SingleNode("Conv", 11, {x, w}).set("auto_pad", "VALID").run(), {1, 1, 2, 2},
              {0, 1, 3, 4});
}

TEST(Operators, ConvTranspose) {
  const Tensor x = real_tensor({1, 1, 1, 2}, {1, 2});
  const Tensor w = real_tensor({1, 1, 2, 2}, {1, 2, 3, 4});
  expect_real(SingleNode("ConvTranspose", 11, {x, w}).set("strides", Ints{2, 2}).run(),
              {1, 1, 2, 4}, {1, 2, 2, 4, 3, 4, 6, 8});
  expect_real(SingleNode("ConvTranspose", 11, {x, w}).run(), {1, 1, 2, 3}, {1, 4, 4, 3, 10, 8});
  // The stated extent crops; the odd pad goes first unless SAME_UPPER.
  expect_real(SingleNode("ConvTranspose", 11, {x, w}).set("output_shape", Ints{2, 2}).run(),
              {1, 1, 2, 2}, {4, 4, 10, 8});
  expect_real(SingleNode("ConvTranspose", 11, {x, w})
                  .set("output_shape", Ints{2, 2})
                  .set("auto_pad", "SAME_UPPER")
                  .run(),
              {1, 1, 2, 2}, {1, 4, 3, 10});
}

TEST(Operators, BatchNormalization) {
  expect_real(SingleNode("BatchNormalization", 15,
                         {counted({1, 2, 2}), real_tensor({2}, {2, 1}), real_tensor({2}, {1, 0}),
                          real_tensor({2}, {0.5F, 2.5F}), real_tensor({2}, {0.25F, 1})})
                  .set("epsilon", 0.0F)
                  .set("momentum", 0.9F)
                  .run(),
              {1, 2, 2}, {-1, 3, -0.5F, 0.5F});
}

TEST(Operators, Pools) {
  const Tensor x = counted({1, 1, 3, 3});
  expect_real(SingleNode("MaxPool", 12, {x}).set("kernel_shape", Ints{2, 2}).run(), {1, 1, 2, 2},
              {4, 5, 7, 8});
  // ceil_mode adds the windows at the right and the bottom.
  expect_real(SingleNode("MaxPool", 12, {x})
                  .set("kernel_shape", Ints{2, 2})
                  .set("strides", Ints{2, 2})
                  .set("ceil_mode", int64_t{1})
                  .run(),
              {1, 1, 2, 2}, {4, 5, 7, 8});
  expect_real(SingleNode("AveragePool", 11, {x})
                  .set("kernel_shape", Ints{2, 2})
                  .set("strides", Ints{2, 2})
                  .set("ceil_mode", int64_t{1})
                  .run(),
              {1, 1, 2, 2}, {2, 3.5F, 6.5F, 8});
  const auto padded = [&](int64_t counts) {
    return SingleNode("AveragePool", 11, {x})
        .set("kernel_shape", Ints{2, 2})
        .set("strides", Ints{3, 3})
        .set("pads", Ints{1, 1, 0, 0})
        .set("count_include_pad", counts)
        .run();
  };
  expect_real(padded(0), {1, 1, 1, 1}, {0});
  const Tensor ones = real_tensor({1, 1, 1, 1}, {8});
  expect_real(SingleNode("AveragePool", 11, {ones})
                  .set("kernel_shape", Ints{2, 2})
                  .set("pads", Ints{1, 1, 0, 0})
                  .set("count_include_pad", int64_t{1})
                  .run(),
              {1, 1, 1, 1}, {2});
  // Pads are counted, what ceil_mode adds is not.
  expect_real(SingleNode("AveragePool", 11, {real_tensor({1, 1, 2, 2}, {6, 6, 6, 6})})
                  .set("kernel_shape", Ints{2, 2})
                  .set("strides", Ints{2, 2})
                  .set("pads", Ints{1, 1, 0, 0})
                  .set("ceil_mode", int64_t{1})
                  .set("count_include_pad", int64_t{1})
                  .run(),
              {1, 1, 2, 2}, {1.5F, 3, 3, 6});
  expect_real(SingleNode("GlobalAveragePool", 11, {x}).run(), {1, 1, 1, 1}, {4});
  expect_real(SingleNode("GlobalMaxPool", 11, {x}).run(), {1, 1, 1, 1}, {8});
}

TEST(Operators, ResizeNearest) {
  const Tensor x = real_tensor({1, 1, 1, 3}, {1, 2, 3});
  const auto resize = [&](const char* coordinate, const char* nearest, const Floats& scales) {
    return SingleNode("Resize", 13, {x})
        .set("coordinate_transformation_mode", coordinate)
        .set("nearest_mode", nearest)
        .absent()
        .with({4}, scales)
        .run();
  };
  expect_real(resize("asymmetric", "floor", {1, 1, 2, 2}), {1, 1, 2, 6},
              {1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3});
  expect_real(resize("asymmetric", "ceil", {1, 1, 1, 2}), {1, 1, 1, 6}, {1, 2, 2, 3, 3, 3});
  // Sources 0.5 x: the halves go down or up.
  expect_real(resize("asymmetric", "round_prefer_floor", {1, 1, 1, 2}), {1, 1, 1, 6},
              {1, 1, 2, 2, 3, 3});
  expect_real(resize("asymmetric", "round_prefer_ceil", {1, 1, 1, 2}), {1, 1, 1, 6},
              {1, 2, 2, 3, 3, 3});
  expect_real(resize("half_pixel", "floor", {1, 1, 1, 2}), {1, 1, 1, 6}, {1, 1, 1, 2, 2, 3});
  // Opset 10: floor when enlarging, ceil when shrinking.
  expect_real(SingleNode("Resize", 10, {x}).with({4}, Floats{1, 1, 1, 2}).run(), {1, 1, 1, 6},
              {1, 1, 2, 2, 3, 3});
  expect_real(SingleNode("Upsample", 9, {x}).with({4}, Floats{1, 1, 1, 2}).run(), {1, 1, 1, 6},
              {1, 1, 2, 2, 3, 3});
  expect_real(SingleNode("Upsample", 7, {x}).set("scales", Floats{1, 1, 1, 2}).run(), {1, 1, 1, 6},
              {1, 1, 2, 2, 3, 3});
}

TEST(Operators, ResizeLinear) {
  const Tensor x = real_tensor({1, 1, 1, 3}, {0, 4, 8});
  const auto to_size = [&](const char* coordinate, int64_t width) {
    return SingleNode("Resize", 13, {x})
        .set("mode", "linear")
        .set("coordinate_transformation_mode", coordinate)
        .absent()
        .absent()
        .with({4}, Ints{1, 1, 1, width})
        .run();
  };
  expect_real(to_size("half_pixel", 6), {1, 1, 1, 6}, {0, 1, 3, 5, 7, 8});
  expect_real(to_size("pytorch_half_pixel", 1), {1, 1, 1, 1}, {0});
  expect_real(to_size("half_pixel", 1), {1, 1, 1, 1}, {4});
  expect_real(to_size("align_corners", 5), {1, 1, 1, 5}, {0, 2, 4, 6, 8});
  expect_real(to_size("asymmetric", 6), {1, 1, 1, 6}, {0, 2, 4, 6, 8, 8});
  // Opset 18: axes, and one scale for all.
  expect_real(SingleNode("Resize", 18, {counted({1, 1, 2, 2})})
                  .set("mode", "linear")
                  .set("axes", Ints{3, 2})
                  .set("keep_aspect_ratio_policy", "not_larger")
                  .absent()
                  .absent()
                  .with({2}, Ints{4, 2})
                  .run(),
              {1, 1, 2, 2}, {0, 1, 2, 3});
}

TEST(Operators, Activations) {
  const Floats v = {-4, -1, 0, 0.5F, 3, 7};
  const auto check = [&](SingleNode node, float (*expected)(float)) {
    Floats y;
    for (const float x : v) y.push_back(expected(x));
    expect_real(node.run(), {6}, y, 2e-6F);
  };
  const Tensor x = real_tensor({6}, v);
  const auto sigmoid = [](float t) { return 1 / (1 + std::exp(-t)); };
  check(SingleNode("Relu", 13, {x}), [](float t) { return std::fmax(t, 0.0F); });
  check(SingleNode("LeakyRelu", 13, {x}).set("alpha", 0.1F),
        [](float t) { return t < 0 ? 0.1F * t : t; });
  check(SingleNode("Sigmoid", 13, {x}), sigmoid);
  check(SingleNode("HardSigmoid", 13, {x}),
        [](float t) { return std::fmin(std::fmax(0.2F * t + 0.5F, 0.0F), 1.0F); });
  check(SingleNode("HardSwish", 14, {x}),
        [](float t) { return t * std::fmin(std::fmax(t / 6 + 0.5F, 0.0F), 1.0F); });
  check(SingleNode("Softplus", 13, {x}), [](float t) { return std::log(1 + std::exp(t)); });
  check(SingleNode("Mish", 18, {x}),
        [](float t) { return t * std::tanh(std::log(1 + std::exp(t))); });
  check(SingleNode("Elu", 13, {x}).set("alpha", 2.0F),
        [](float t) { return t < 0 ? 2 * (std::exp(t) - 1) : t; });
  check(SingleNode("Selu", 13, {x}).set("alpha", 2.0F).set("gamma", 3.0F),
        [](float t) { return 3 * (t < 0 ? 2 * (std::exp(t) - 1) : t); });
  check(SingleNode("Softsign", 13, {x}), [](float t) { return t / (1 + std::fabs(t)); });
  check(SingleNode("Gelu", 20, {x}),
        [](float t) { return 0.5F * t * (1 + std::erf(t / std::sqrt(2.0F))); });
  check(SingleNode("Clip", 6 + 1, {x}).set("min", -2.0F).set("max", 1.0F),
        [](float t) { return std::fmin(std::fmax(t, -2.0F), 1.0F); });
  check(SingleNode("Clip", 13, {x}).absent().with({}, Floats{1}),
        [](float t) { return std::fmin(t, 1.0F); });
  check(SingleNode("PRelu", 16, {x}).with({1}, Floats{0.5F}),
        [](float t) { return t < 0 ? 0.5F * t : t; });
  check(SingleNode("PRelu", 16, {x}).with({6}, Floats{0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F}),
        [](float t) { return t < 0 ? 0.5F * t : t; });
}

TEST(Operators, Casts) {
  const Tensor x = real_tensor({5}, {-1.9F, 0.0F, 2.9F, 1e30F, NAN});
  const auto to = [&](int type) {
    return SingleNode("Cast", 13, {x}).set("to", static_cast<int64_t>(type)).run();
  };
  expect_integer(to(TensorProto::INT64), {5}, {-1, 0, 2, INT64_MAX, 0});
  const auto flags = to(TensorProto::BOOL);
  ASSERT_EQ(flags[0].dtype(), DType::kBool);
  EXPECT_EQ(flags[0].as<uint8_t>()[0], 1);
  EXPECT_EQ(flags[0].as<uint8_t>()[1], 0);
}

TEST(Operators, IntegerArithmetic) {
  const Tensor a = integer_tensor({4}, {7, -7, 7, -7});
  const Tensor b = integer_tensor({4}, {2, 2, -2, -2});
  expect_integer(SingleNode("Div", 13, {a, b}).run(), {4}, {3, -3, -3, 3});  // truncates
  expect_integer(SingleNode("Mod", 13, {a, b}).run(), {4}, {1, 1, -1, -1});  // sign of b
  expect_integer(SingleNode("Mod", 13, {a, b}).set("fmod", int64_t{1}).run(), {4}, {1, -1, 1, -1});
  expect_integer(
      SingleNode("Pow", 13, {integer_tensor({3}, {2, -3, 5}), integer_tensor({3}, {10, 3, 0})})
          .run(),
      {3}, {1024, -27, 1});
  const Tensor edge = integer_tensor({1}, {INT64_MIN});
  const Tensor minus = integer_tensor({1}, {-1});
  expect_integer(SingleNode("Div", 13, {edge, minus}).run(), {1}, {INT64_MIN});
  expect_integer(SingleNode("Mod", 13, {edge, minus}).run(), {1}, {0});
  expect_integer(SingleNode("Neg", 13, {edge}).run(), {1}, {INT64_MIN});
  expect_integer(SingleNode("Abs", 13, {integer_tensor({2}, {-3, 3})}).run(), {2}, {3, 3});
  expect_integer(SingleNode("Clip", 12, {integer_tensor({3}, {-5, 1, 9})})
                     .with({}, Ints{-2})
                     .with({}, Ints{4})
                     .run(),
                 {3}, {-2, 1, 4});
}

TEST(Operators, Broadcasting) {
  expect_real(SingleNode("Sub", 13, {counted({2, 1}), counted({3})}).run(), {2, 3},
              {0, -1, -2, 1, 0, -1});
  expect_real(SingleNode("Sum", 13, {counted({2, 1}), counted({2}), real_tensor({}, {10})}).run(),
              {2, 2}, {10, 11, 11, 12});
  expect_real(SingleNode("Mean", 13, {counted({2}), counted({2}), real_tensor({1}, {3})}).run(),
              {2}, {1, 5.0F / 3});
  expect_real(SingleNode("Max", 13, {counted({3}), real_tensor({1}, {1})}).run(), {3}, {1, 1, 2});
  expect_real(SingleNode("Pow", 13, {counted({3}), integer_tensor({}, {2})}).run(), {3}, {0, 1, 4});
}

TEST(Operators, ComparisonsAndWhere) {
  const Tensor a = real_tensor({3}, {1, 2, NAN});
  const Tensor b = real_tensor({3}, {2, 2, 2});
  const auto flags = [&](const char* op) {
    const auto y = SingleNode(op, 16, {a, b}).run();
    const auto values = y[0].as<uint8_t>();
    return std::vector<int>(values.begin(), values.end());
  };
  EXPECT_EQ(flags("Less"), (std::vector<int>{1, 0, 0}));
  EXPECT_EQ(flags("LessOrEqual"), (std::vector<int>{1, 1, 0}));
  EXPECT_EQ(flags("Greater"), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(flags("GreaterOrEqual"), (std::vector<int>{0, 1, 0}));
  EXPECT_EQ(flags("Equal"), (std::vector<int>{0, 1, 0}));
  Tensor condition(DType::kBool, {2, 1});
  condition.as<uint8_t>()[1] = 1;
  expect_real(SingleNode("Where", 16, {condition, counted({2}), real_tensor({}, {9})}).run(),
              {2, 2}, {9, 9, 0, 1});
}

TEST(Operators, SoftmaxBeforeAndSince13) {
  const Tensor x = real_tensor({1, 2, 2}, {0, 0, 0, std::log(3.0F)});
  // Opset 13: along the axis alone. Before: everything from the axis on together.
  expect_real(SingleNode("Softmax", 13, {x}).set("axis", int64_t{1}).run(), {1, 2, 2},
              {0.5F, 0.25F, 0.5F, 0.75F});
  expect_real(SingleNode("Softmax", 13, {x}).run(), {1, 2, 2}, {0.5F, 0.5F, 0.25F, 0.75F});
  const float sixth = 1.0F / 6;
  expect_real(SingleNode("Softmax", 11, {x}).run(), {1, 2, 2}, {sixth, sixth, sixth, 0.5F});
  expect_real(SingleNode("Softmax", 11, {x}).set("axis", int64_t{-1}).run(), {1, 2, 2},
              {0.5F, 0.5F, 0.25F, 0.75F});
  expect_real(SingleNode("LogSoftmax", 11, {x}).run(), {1, 2, 2},
              {std::log(sixth), std::log(sixth), std::log(sixth), std::log(0.5F)});
}

TEST(Operators, Products) {
  const Tensor a = counted({2, 3});
  const Tensor b = counted({3, 2});
  expect_real(SingleNode("MatMul", 13, {a, b}).run(), {2, 2}, {10, 13, 28, 40});
  expect_real(SingleNode("MatMul", 13, {counted({3}), b}).run(), {2}, {10, 13});
  expect_real(SingleNode("MatMul", 13, {a, counted({3})}).run(), {2}, {5, 14});
  expect_real(SingleNode("MatMul", 13, {counted({3}), counted({3})}).run(), {}, {5});
  expect_real(SingleNode("MatMul", 13, {counted({2, 1, 2}), counted({2, 1})}).run(), {2, 1, 1},
              {1, 3});
  expect_real(SingleNode("Gemm", 13, {a, a, real_tensor({2}, {1, 2})})
                  .set("transB", int64_t{1})
                  .set("alpha", 2.0F)
                  .set("beta", 10.0F)
                  .run(),
              {2, 2}, {20, 48, 38, 120});
  expect_real(SingleNode("Gemm", 13, {b, b}).set("transA", int64_t{1}).run(), {2, 2},
              {20, 26, 26, 35});
}

TEST(Operators, Normalizations) {
  const Tensor x = real_tensor({1, 1, 2}, {1, 3});
  expect_real(SingleNode("LayerNormalization", 17, {x})
                  .with({2}, Floats{1, 2})
                  .with({1}, Floats{5})
                  .set("epsilon", 0.0F)
                  .run(),
              {1, 1, 2}, {4, 7});
  expect_real(SingleNode("InstanceNormalization", 13, {x})
                  .with({1}, Floats{2})
                  .with({1}, Floats{5})
                  .set("epsilon", 0.0F)
                  .run(),
              {1, 1, 2}, {3, 7});
  // Two groups of two channels: means 2 and 6, deviations 1 and 2.
  const Tensor channels = real_tensor({1, 4, 1, 1}, {1, 3, 4, 8});
  expect_real(SingleNode("GroupNormalization", 18, {channels})
                  .with({2}, Floats{1, 3})
                  .with({2}, Floats{10, 20})
                  .set("num_groups", int64_t{2})
                  .set("epsilon", 0.0F)
                  .run(),
              {1, 4, 1, 1}, {9, 11, 17, 23});
  expect_real(SingleNode("GroupNormalization", 21, {channels})
                  .with({4}, Floats{1, 2, 3, 4})
                  .with({4}, Floats{0, 10, 20, 30})
                  .set("num_groups", int64_t{2})
                  .set("epsilon", 0.0F)
                  .run(),
              {1, 4, 1, 1}, {-1, 12, 17, 34});
}

TEST(Operators, ReductionForms) {
  const Tensor x = counted({2, 3});
  expect_real(SingleNode("ReduceMax", 11, {x}).set("axes", Ints{-1}).run(), {2, 1}, {2, 5});
  expect_real(SingleNode("ReduceMin", 18, {x}).with({1}, Ints{0}).set("keepdims", int64_t{0}).run(),
              {3}, {0, 1, 2});
  expect_real(SingleNode("ReduceMean", 11, {x}).set("keepdims", int64_t{0}).run(), {}, {2.5F});
  expect_real(SingleNode("ReduceSum", 13, {x})
                  .with({0}, Ints{})
                  .set("noop_with_empty_axes", int64_t{1})
                  .run(),
              {2, 3}, count(6));
  expect_real(SingleNode("ReduceProd", 11, {x}).set("axes", Ints{0}).run(), {1, 3}, {0, 4, 10});
  expect_real(SingleNode("ReduceL1", 11, {x}).set("axes", Ints{1}).run(), {2, 1}, {3, 12});
  expect_real(SingleNode("ReduceL2", 11, {x}).set("axes", Ints{0}).run(), {1, 3},
              {3, std::sqrt(17.0F), std::sqrt(29.0F)});
  expect_real(SingleNode("ReduceSumSquare", 11, {x}).set("axes", Ints{0}).run(), {1, 3},
              {9, 17, 29});
  expect_integer(SingleNode("ReduceSum", 13, {integer_tensor({2}, {INT64_MAX, 1})}).run(), {1},
                 {INT64_MIN});
}

TEST(Operators, Selections) {
  const Tensor x = real_tensor({5}, {3, 1, 3, 9, 1});
  expect_integer(SingleNode("ArgMax", 13, {real_tensor({3}, {4, 4, 1})}).run(), {1}, {0});
  expect_integer(SingleNode("ArgMax", 13, {real_tensor({3}, {4, 4, 1})})
                     .set("select_last_index", int64_t{1})
                     .set("keepdims", int64_t{0})
                     .run(),
                 {}, {1});
  expect_integer(SingleNode("ArgMin", 13, {x}).set("keepdims", int64_t{0}).run(), {}, {1});
  auto y = SingleNode("TopK", 11, {x}, 2).with({1}, Ints{3}).run();
  expect_real(y, {3}, {9, 3, 3}, 0, 0);
  expect_integer(y, {3}, {3, 0, 2}, 1);  // equals in the order of their indices
  y = SingleNode("TopK", 11, {x}, 2).with({1}, Ints{2}).set("largest", int64_t{0}).run();
  expect_integer(y, {2}, {1, 4}, 1);
  y = SingleNode("TopK", 9, {x}, 2).set("k", int64_t{1}).run();
  expect_integer(y, {1}, {3}, 1);
}

}  // namespace
}  // namespace pawl::engine::test
