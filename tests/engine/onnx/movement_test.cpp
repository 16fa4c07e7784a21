// Proves: the operators that move data or describe it (Split, Slice, Pad, Gather, Reshape, Shape,
// ...) are translated from each form that the opsets give them. Expected numbers are written by
// hand.
#include <gtest/gtest.h>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

TEST(MovementOperators, SplitForms) {
  const Tensor x = counted({5});
  auto y = SingleNode("Split", 11, {x}, 2).set("split", Ints{2, 3}).run();
  expect_real(y, {2}, {0, 1}, 0, 0);
  expect_real(y, {3}, {2, 3, 4}, 0, 1);
  y = SingleNode("Split", 13, {x}, 2).with({2}, Ints{4, 1}).set("axis", int64_t{-1}).run();
  expect_real(y, {1}, {4}, 0, 1);
  y = SingleNode("Split", 18, {x}, 2).set("num_outputs", int64_t{2}).run();
  expect_real(y, {3}, {0, 1, 2}, 0, 0);
  expect_real(y, {2}, {3, 4}, 0, 1);
  y = SingleNode("Split", 13, {counted({2, 2})}, 2).set("axis", int64_t{1}).run();
  expect_real(y, {2, 1}, {1, 3}, 0, 1);
}

TEST(MovementOperators, SliceForms) {
  const Tensor x = counted({2, 4});
  expect_real(SingleNode("Slice", 9, {x}).set("starts", Ints{1}).set("ends", Ints{9}).run(), {1, 4},
              {4, 5, 6, 7});
  expect_real(SingleNode("Slice", 13, {x})
                  .with({1}, Ints{-1})
                  .with({1}, Ints{INT64_MIN})
                  .with({1}, Ints{-1})
                  .with({1}, Ints{-2})
                  .run(),
              {2, 2}, {3, 1, 7, 5});
  expect_real(SingleNode("Slice", 13, {x})
                  .with({2}, Ints{0, 1})
                  .with({2}, Ints{INT64_MAX, -1})
                  .absent()
                  .with({2}, Ints{1, INT64_MAX})
                  .run(),
              {2, 1}, {1, 5});
}

TEST(MovementOperators, Movement) {
  expect_real(SingleNode("Transpose", 13, {counted({2, 3})}).run(), {3, 2}, {0, 3, 1, 4, 2, 5});
  expect_real(SingleNode("Expand", 13, {counted({2, 1})}).with({3}, Ints{2, 1, 2}).run(), {2, 2, 2},
              {0, 0, 1, 1, 0, 0, 1, 1});
  expect_real(SingleNode("Tile", 13, {counted({1, 2})}).with({2}, Ints{2, 2}).run(), {2, 4},
              {0, 1, 0, 1, 0, 1, 0, 1});
  expect_real(
      SingleNode("Concat", 13, {counted({1, 2}), counted({1, 1})}).set("axis", int64_t{-1}).run(),
      {1, 3}, {0, 1, 0});
  expect_real(
      SingleNode("DepthToSpace", 13, {counted({1, 4, 1, 1})}).set("blocksize", int64_t{2}).run(),
      {1, 1, 2, 2}, {0, 1, 2, 3});
  const Tensor depth = counted({1, 8, 1, 1});
  expect_real(SingleNode("DepthToSpace", 13, {depth}).set("blocksize", int64_t{2}).run(),
              {1, 2, 2, 2}, {0, 2, 4, 6, 1, 3, 5, 7});
  expect_real(
      SingleNode("DepthToSpace", 13, {depth}).set("blocksize", int64_t{2}).set("mode", "CRD").run(),
      {1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  expect_real(
      SingleNode("SpaceToDepth", 13, {counted({1, 2, 2, 2})}).set("blocksize", int64_t{2}).run(),
      {1, 8, 1, 1}, {0, 4, 1, 5, 2, 6, 3, 7});
}

TEST(MovementOperators, PadForms) {
  const Tensor x = counted({2, 2});
  expect_real(SingleNode("Pad", 10, {x}).set("pads", Ints{0, 1, 1, 0}).set("value", 9.0F).run(),
              {3, 3}, {9, 0, 1, 9, 2, 3, 9, 9, 9});
  expect_real(SingleNode("Pad", 11, {x}).with({4}, Ints{0, 1, 0, 0}).with({}, Floats{7}).run(),
              {2, 3}, {7, 0, 1, 7, 2, 3});
  expect_real(SingleNode("Pad", 13, {x}).with({4}, Ints{0, -1, 1, 1}).run(), {3, 2},
              {1, 0, 3, 0, 0, 0});
  expect_real(SingleNode("Pad", 18, {counted({3})})
                  .set("mode", "reflect")
                  .with({2}, Ints{2, 1})
                  .absent()
                  .with({1}, Ints{-1})
                  .run(),
              {6}, {2, 1, 0, 1, 2, 1});
  expect_real(SingleNode("Pad", 13, {counted({3})}).set("mode", "edge").with({2}, Ints{1, 2}).run(),
              {6}, {0, 0, 1, 2, 2, 2});
}

TEST(MovementOperators, Gathers) {
  const Tensor x = counted({2, 3});
  expect_real(SingleNode("Gather", 13, {x}).with({2}, Ints{-1, 0}).set("axis", int64_t{1}).run(),
              {2, 2}, {2, 0, 5, 3});
  expect_real(SingleNode("Gather", 13, {x}).with({}, Ints{1}).run(), {3}, {3, 4, 5});
  expect_real(SingleNode("GatherElements", 13, {x, integer_tensor({1, 3}, {1, 0, -1})}).run(),
              {1, 3}, {3, 1, 5});
}

TEST(MovementOperators, GatherRefusesIndicesOfTheDataThatAreOutside) {
  const auto graph = SingleNode("Gather", 13, {counted({2}), integer_tensor({1}, {5})}).import();
  ASSERT_TRUE(graph.ok());
  const Tensor inputs[] = {counted({2}), integer_tensor({1}, {5})};
  const auto y = run_reference(graph.value(), inputs);
  ASSERT_FALSE(y.ok());
  EXPECT_NE(y.error().message.find("the_Gather"), std::string::npos);
}

TEST(MovementOperators, ReshapeForms) {
  const Tensor x = counted({2, 3});
  expect_real(SingleNode("Reshape", 13, {x}).with({3}, Ints{0, 1, -1}).run(), {2, 1, 3}, count(6));
  expect_real(SingleNode("Reshape", 14, {x}).with({1}, Ints{6}).set("allowzero", int64_t{1}).run(),
              {6}, count(6));
  expect_real(SingleNode("Flatten", 13, {counted({2, 1, 3})}).set("axis", int64_t{-1}).run(),
              {2, 3}, count(6));
  expect_real(SingleNode("Flatten", 13, {x}).set("axis", int64_t{0}).run(), {1, 6}, count(6));
  expect_real(SingleNode("Squeeze", 11, {counted({1, 2, 1})}).set("axes", Ints{-1}).run(), {1, 2},
              count(2));
  expect_real(SingleNode("Squeeze", 13, {counted({1, 2, 1})}).run(), {2}, count(2));
  expect_real(SingleNode("Squeeze", 13, {counted({1, 2, 1})}).with({1}, Ints{0}).run(), {2, 1},
              count(2));
  expect_real(SingleNode("Unsqueeze", 11, {counted({2})}).set("axes", Ints{0, 2}).run(), {1, 2, 1},
              count(2));
  expect_real(SingleNode("Unsqueeze", 13, {counted({2})}).with({1}, Ints{-1}).run(), {2, 1},
              count(2));
}

TEST(MovementOperators, ShapesAsData) {
  const Tensor x = counted({2, 3, 1});
  expect_integer(SingleNode("Shape", 13, {x}).run(), {3}, {2, 3, 1});
  expect_integer(SingleNode("Shape", 15, {x}).set("start", int64_t{-2}).run(), {2}, {3, 1});
  expect_integer(SingleNode("Shape", 15, {x}).set("end", int64_t{-1}).run(), {2}, {2, 3});
  expect_integer(SingleNode("Size", 13, {x}).run(), {}, {6});
  expect_integer(SingleNode("ConstantOfShape", 13, {})
                     .with({2}, Ints{1, 2})
                     .set("value", tensor_proto({1}, Ints{4}))
                     .run(),
                 {1, 2}, {4, 4});
  expect_integer(
      SingleNode("Range", 13, {}).with({}, Ints{5}).with({}, Ints{-2}).with({}, Ints{-3}).run(),
      {3}, {5, 2, -1});
  expect_real(SingleNode("Constant", 13, {}).set("value_floats", Floats{1, 2}).run(), {2}, {1, 2});
  expect_integer(SingleNode("Constant", 13, {}).set("value_int", int64_t{7}).run(), {}, {7});
}

}  // namespace
}  // namespace pawl::engine::test
