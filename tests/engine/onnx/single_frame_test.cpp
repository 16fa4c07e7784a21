// Proves: a network exported for a batch becomes that of one image, with the same bits as the
// export for one, whichever way its nodes spell the batch out; one whose images meet is refused by
// name.
#include "engine/onnx/single_frame.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

Floats random_floats(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  Floats values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

// `values` for every image of the batch.
Floats repeated(const Floats& values, int64_t batch) {
  Floats all;
  for (int64_t i = 0; i < batch; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

// Convolution, pooling, a detection head and the best of its rows, with every shape spelled out.
ModelBuilder detector(int64_t batch) {
  ModelBuilder m(17);
  m.input("images", {batch, 3, 8, 8});
  m.constant("w1", {6, 3, 3, 3}, random_floats(162, 1));
  m.node("Conv", {"images", "w1"}, {"c1"}).set("pads", Ints{1, 1, 1, 1}).set("strides", Ints{2, 2});
  m.node("Sigmoid", {"c1"}, {"s1"});
  m.node("Mul", {"c1", "s1"}, {"a1"});
  m.node("MaxPool", {"a1"}, {"p1"}).set("kernel_shape", Ints{2, 2}).set("strides", Ints{2, 2});
  m.constant("roi", {0}, Floats{});
  m.constant("scales", {4}, Floats{1, 1, 2, 2});
  m.node("Resize", {"p1", "roi", "scales"}, {"up"}).set("mode", "nearest");
  m.node("Concat", {"a1", "up"}, {"cat"}).set("axis", int64_t{1});
  m.constant("flat", {3}, Ints{batch, 12, 16});
  m.node("Reshape", {"cat", "flat"}, {"columns"});
  // A constant for each image, as tracing expands it, joined and added.
  m.constant("grid", {batch, 2, 16}, repeated(random_floats(32, 2), batch));
  m.node("Concat", {"columns", "grid"}, {"wide"}).set("axis", int64_t{1});
  m.constant("shift", {batch, 14, 1}, repeated(random_floats(14, 3), batch));
  m.node("Add", {"wide", "shift"}, {"shifted"});
  m.constant("gain", {14, 1}, random_floats(14, 4));
  m.node("Mul", {"shifted", "gain"}, {"scaled"});
  m.node("Transpose", {"scaled"}, {"rows"}).set("perm", Ints{0, 2, 1});
  m.constant("w2", {14, 7}, random_floats(98, 5));
  m.node("MatMul", {"rows", "w2"}, {"seven"});
  m.constant("cut", {2}, Ints{4, 3});
  m.node("Split", {"seven", "cut"}, {"boxes", "logits"}).set("axis", int64_t{2});
  m.node("Softmax", {"logits"}, {"scores"}).set("axis", int64_t{2});
  m.node("ReduceMax", {"scores"}, {"best"}).set("axes", Ints{2}).set("keepdims", int64_t{0});
  m.constant("k", {1}, Ints{5});
  m.node("TopK", {"best", "k"}, {"top", "index"}).set("axis", int64_t{1});
  m.constant("index_shape", {3}, Ints{batch, 5, 1});
  m.node("Reshape", {"index", "index_shape"}, {"column"});
  m.constant("four", {3}, Ints{batch, 5, 4});
  m.node("Expand", {"column", "four"}, {"four_times"});
  m.node("GatherElements", {"boxes", "four_times"}, {"chosen"}).set("axis", int64_t{1});
  m.constant("one", {3}, Ints{batch, 5, 1});
  m.node("Reshape", {"top", "one"}, {"top_column"});
  m.node("Concat", {"chosen", "top_column"}, {"y"}).set("axis", int64_t{2});
  // A dense layer behind the mean of each image.
  m.node("ReduceMean", {"a1"}, {"mean"}).set("axes", Ints{2, 3}).set("keepdims", int64_t{0});
  m.constant("w3", {6, 2}, random_floats(12, 6));
  m.node("MatMul", {"mean", "w3"}, {"dense"});
  m.output("y");
  m.output("seven");
  m.output("dense");
  return m;
}

TEST(SingleFrame, IsTheExportForOne) {
  const auto one = detector(1).import();
  ASSERT_TRUE(one.ok()) << one.error().message;
  const Tensor image[] = {real_tensor({1, 3, 8, 8}, random_floats(192, 9))};
  const auto wanted = run_reference(one.value(), image);
  ASSERT_TRUE(wanted.ok()) << wanted.error().message;
  for (const int64_t batch : {2, 4, 5, 16}) {
    const auto graph = detector(batch).import();
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    ASSERT_TRUE(validate(graph.value()).ok());
    EXPECT_EQ(graph.value().value(graph.value().inputs[0]).shape, (Shape{1, 3, 8, 8}));
    ASSERT_EQ(graph.value().assumptions.size(), 1U);
    EXPECT_NE(graph.value().assumptions[0].find(std::to_string(batch) + " images at once"),
              std::string::npos);
    const auto got = run_reference(graph.value(), image);
    ASSERT_TRUE(got.ok()) << got.error().message;
    for (size_t i = 0; i < wanted.value().size(); ++i) {
      const Tensor& a = wanted.value()[i];
      const Tensor& b = got.value()[i];
      ASSERT_EQ(a.shape(), b.shape());
      EXPECT_TRUE(
          std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
    }
  }
  EXPECT_TRUE(one.value().assumptions.empty());
}

TEST(SingleFrame, RefusesImagesThatMeet) {
  struct Case {
    const char* says;
    std::function<void(ModelBuilder*)> add;  // from x (4, 3, 4, 4) to y
  };
  const Case cases[] = {
      {"the_Reshape",
       [](ModelBuilder* m) {
         m->constant("s", {2}, Ints{1, 192});
         m->node("Reshape", {"x", "s"}, {"y"});
       }},
      {"the_Reshape",
       [](ModelBuilder* m) {
         m->constant("s", {2}, Ints{12, 16});
         m->node("Reshape", {"x", "s"}, {"y"});
       }},
      {"the_Transpose",
       [](ModelBuilder* m) {
         m->node("Transpose", {"x"}, {"y"}).set("perm", Ints{2, 1, 0, 3});
       }},
      {"the_ReduceMean",
       [](ModelBuilder* m) {
         m->node("ReduceMean", {"x"}, {"y"}).set("axes", Ints{0, 2, 3});
       }},
      {"the_Concat",
       [](ModelBuilder* m) {
         m->node("Concat", {"x", "x"}, {"y"}).set("axis", int64_t{0});
       }},
      {"the_Softmax",
       [](ModelBuilder* m) { m->node("Softmax", {"x"}, {"y"}).set("axis", int64_t{0}); }},
      {"the_ArgMax",
       [](ModelBuilder* m) { m->node("ArgMax", {"x"}, {"y"}).set("axis", int64_t{0}); }},
      {"the_Gather",
       [](ModelBuilder* m) {
         m->constant("i", {4}, Ints{3, 2, 1, 0});
         m->node("Gather", {"x", "i"}, {"y"}).set("axis", int64_t{0});
       }},
      {"the_Slice",
       [](ModelBuilder* m) {
         m->constant("from", {1}, Ints{-1});
         m->constant("to", {1}, Ints{-5});
         m->constant("axis", {1}, Ints{0});
         m->constant("step", {1}, Ints{-1});
         m->node("Slice", {"x", "from", "to", "axis", "step"}, {"y"});
       }},
      {"the_Add",  // another constant for each image
       [](ModelBuilder* m) {
         m->constant("c", {4, 1, 1, 1}, Floats{1, 1, 1, 2});
         m->node("Add", {"x", "c"}, {"y"});
       }},
      {"the_MatMul",  // a sum over the batch
       [](ModelBuilder* m) {
         m->node("ReduceMean", {"x"}, {"m"}).set("axes", Ints{2, 3}).set("keepdims", int64_t{0});
         m->constant("w", {4, 4}, Floats(16, 1.0F));
         m->node("MatMul", {"w", "m"}, {"y"});
       }},
      {"the_Add",  // the batch meets the channels
       [](ModelBuilder* m) {
         m->constant("s", {3}, Ints{4, 3, 16});
         m->node("Reshape", {"x", "s"}, {"r"});
         m->node("ReduceMean", {"x"}, {"m"}).set("axes", Ints{1, 2, 3}).set("keepdims", int64_t{0});
         m->constant("four", {1, 4, 1, 4}, Floats(16, 1.0F));
         m->node("Add", {"m", "four"}, {"y"});
       }},
  };
  for (const Case& c : cases) {
    ModelBuilder model(13);
    model.input("x", {4, 3, 4, 4});
    c.add(&model);
    model.output("y");
    expect_refused(model.import(), Code::kUnsupported, {c.says, "4 images at once", "batch 1"});
  }
  ModelBuilder constant(13);
  constant.input("x", {4, 3, 4, 4});
  constant.constant("c", {4, 1}, Floats{1, 2, 3, 4});
  constant.node("Relu", {"x"}, {"y"});
  constant.node("Neg", {"c"}, {"z"});
  constant.output("y");
  constant.output("z");
  expect_refused(constant.import(), Code::kUnsupported, {"\"z\"", "4 images at once"});
}

// A node that is wrong at the batch of the file: the error says what may be the cause.
TEST(SingleFrame, OtherErrorsNameTheBatch) {
  ModelBuilder model(13);
  model.input("x", {4, 3, 4, 4});
  model.constant("s", {3}, Ints{1, 3, 16});
  model.node("Reshape", {"x", "s"}, {"y"});
  model.output("y");
  expect_refused(model.import(), Code::kInvalidArgument,
                 {"the_Reshape", "4 images at once", "batch 1"});
}

}  // namespace
}  // namespace pawl::engine::test
