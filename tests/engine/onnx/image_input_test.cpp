// Proves: a file that takes bytes, or pixels with their channels last, becomes a graph of float
// planes with the results of the file as it stands; one that does anything else with them is left
// alone.
#include "engine/onnx/image_input.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

constexpr int64_t kH = 4, kW = 5;

// From x to "float planes": what stands between a file's input and its network.
struct Front {
  const char* name;
  std::function<void(ModelBuilder*)> add;  // from "images" to "planes"
  std::function<float(const Floats& pixel, int64_t channel)> wanted;
};

void to_planes(ModelBuilder* m, const char* from, const char* to) {
  m->node("Transpose", {from}, {to}).set("perm", Ints{0, 3, 1, 2});
}
void to_float(ModelBuilder* m, const char* from, const char* to) {
  m->node("Cast", {from}, {to}).set("to", int64_t{TensorProto::FLOAT});
}
void reversed(ModelBuilder* m, const char* from, const char* to, int64_t axis) {
  m->constant("rev_from", {1}, Ints{-1});
  m->constant("rev_to", {1}, Ints{-4});
  m->constant("rev_axis", {1}, Ints{axis});
  m->constant("rev_step", {1}, Ints{-1});
  m->node("Slice", {from, "rev_from", "rev_to", "rev_axis", "rev_step"}, {to});
}

void expect_planes(const Front& front, const Ints& dims, int type, bool bytes) {
  SCOPED_TRACE(front.name);
  ModelBuilder model(13);
  model.input("images", dims, type);
  front.add(&model);
  model.constant("w", {2, 3, 1, 1}, Floats{1, 2, 4, -3, 5, 7});
  model.node("Conv", {"planes", "w"}, {"y"});
  model.output("y");
  const auto graph = model.import();
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const Value& input = graph.value().value(graph.value().inputs[0]);
  ASSERT_EQ(input.shape, (Shape{1, 3, kH, kW}));
  ASSERT_EQ(input.dtype, DType::kFloat32);
  EXPECT_EQ(input.declared.has_value(), bytes);
  std::mt19937_64 random(7);
  Floats planes(static_cast<size_t>(3 * kH * kW));
  for (float& value : planes) value = static_cast<float>(random() % 256);
  const Tensor image[] = {real_tensor({1, 3, kH, kW}, planes)};
  const auto y = run_reference(graph.value(), image);
  ASSERT_TRUE(y.ok()) << y.error().message;
  Floats wanted;
  const float weights[2][3] = {{1, 2, 4}, {-3, 5, 7}};
  for (const auto& weight : weights) {
    for (int64_t p = 0; p < kH * kW; ++p) {
      Floats pixel;
      for (int64_t c = 0; c < 3; ++c) pixel.push_back(planes[static_cast<size_t>(c * kH * kW + p)]);
      float sum = 0;
      for (int64_t c = 0; c < 3; ++c) sum += weight[c] * front.wanted(pixel, c);
      wanted.push_back(sum);
    }
  }
  expect_real(y.value(), {1, 2, kH, kW}, wanted, 1e-2F);
  for (const Node& node : graph.value().nodes) {
    EXPECT_NE(node.op, Op::kTranspose);
    EXPECT_NE(node.op, Op::kCast);
  }
}

const Front kSame = {"same", nullptr,
                     [](const Floats& pixel, int64_t c) { return pixel[static_cast<size_t>(c)]; }};

TEST(ImageInput, ChannelsLast) {
  Front front = kSame;
  front.add = [](ModelBuilder* m) { to_planes(m, "images", "planes"); };
  expect_planes(front, {1, kH, kW, 3}, TensorProto::FLOAT, false);
  Front scaled = {
      "scaled before",
      [](ModelBuilder* m) {
        m->constant("d", {}, Floats{255});
        m->node("Div", {"images", "d"}, {"s"});
        to_planes(m, "s", "planes");
      },
      [](const Floats& pixel, int64_t c) { return pixel[static_cast<size_t>(c)] / 255; }};
  expect_planes(scaled, {1, kH, kW, 3}, TensorProto::FLOAT, false);
  for (const Ints& dims : {Ints{3}, Ints{1, 3}, Ints{1, 1, 1, 3}}) {
    Front mean = {"means before, on either side",
                  [dims](ModelBuilder* m) {
                    m->constant("mean", dims, Floats{10, 20, 30});
                    m->node("Sub", {"images", "mean"}, {"s"});
                    m->node("Sub", {"mean", "s"}, {"t"});
                    to_planes(m, "t", "planes");
                  },
                  [](const Floats& pixel, int64_t c) {
                    return 20.0F * static_cast<float>(c + 1) - pixel[static_cast<size_t>(c)];
                  }};
    expect_planes(mean, {1, kH, kW, 3}, TensorProto::FLOAT, false);
  }
  const auto back = [](const Floats& pixel, int64_t c) {
    return pixel[static_cast<size_t>(2 - c)];
  };
  expect_planes({"reversed slice",
                 [](ModelBuilder* m) {
                   reversed(m, "images", "r", 3);
                   to_planes(m, "r", "planes");
                 },
                 back},
                {1, kH, kW, 3}, TensorProto::FLOAT, false);
  expect_planes({"reversed gather",
                 [](ModelBuilder* m) {
                   m->constant("order", {3}, Ints{2, 1, 0});
                   m->node("Gather", {"images", "order"}, {"r"}).set("axis", int64_t{3});
                   to_planes(m, "r", "planes");
                 },
                 back},
                {1, kH, kW, 3}, TensorProto::FLOAT, false);
}

TEST(ImageInput, Bytes) {
  Front cast = kSame;
  cast.add = [](ModelBuilder* m) { to_float(m, "images", "planes"); };
  expect_planes(cast, {1, 3, kH, kW}, TensorProto::UINT8, true);
  Front wide = kSame;
  wide.name = "by way of int32";
  wide.add = [](ModelBuilder* m) {
    m->node("Cast", {"images"}, {"i"}).set("to", int64_t{TensorProto::INT32});
    to_float(m, "i", "planes");
  };
  expect_planes(wide, {1, 3, kH, kW}, TensorProto::UINT8, true);
  Front last = kSame;
  last.name = "channels last, cast first";
  last.add = [](ModelBuilder* m) {
    to_float(m, "images", "f");
    to_planes(m, "f", "planes");
  };
  expect_planes(last, {1, kH, kW, 3}, TensorProto::UINT8, true);
  last.name = "channels last, cast last";
  last.add = [](ModelBuilder* m) {
    to_planes(m, "images", "t");
    to_float(m, "t", "planes");
  };
  expect_planes(last, {1, kH, kW, 3}, TensorProto::UINT8, true);
  expect_planes(
      {"all of it",
       [](ModelBuilder* m) {
         reversed(m, "images", "r", 3);
         to_float(m, "r", "f");
         m->constant("d", {1}, Floats{255});
         m->node("Div", {"f", "d"}, {"s"});
         to_planes(m, "s", "planes");
       },
       [](const Floats& pixel, int64_t c) { return pixel[static_cast<size_t>(2 - c)] / 255; }},
      {1, kH, kW, 3}, TensorProto::UINT8, true);
}

TEST(ImageInput, LeavesTheRestAlone) {
  const auto imported = [](const std::function<void(ModelBuilder*)>& add, const Ints& dims,
                           int type) {
    ModelBuilder model(13);
    model.input("images", dims, type);
    add(&model);
    model.output("y");
    auto graph = model.import();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_TRUE(validate(graph.value()).ok());
    return graph.value().value(graph.value().inputs[0]);
  };
  // Bytes that leave as bytes, or are compared, or choose.
  EXPECT_EQ(imported(
                [](ModelBuilder* m) {
                  m->node("Transpose", {"images"}, {"y"}).set("perm", Ints{0, 3, 1, 2});
                },
                {1, kH, kW, 3}, TensorProto::UINT8)
                .dtype,
            DType::kUint8);
  EXPECT_EQ(imported(
                [](ModelBuilder* m) {
                  m->constant("table", {256}, Floats(256, 1.0F));
                  m->node("Cast", {"images"}, {"i"}).set("to", int64_t{TensorProto::INT64});
                  m->node("Gather", {"table", "i"}, {"y"}).set("axis", int64_t{0});
                },
                {1, 3, kH, kW}, TensorProto::UINT8)
                .dtype,
            DType::kUint8);
  EXPECT_EQ(imported(
                [](ModelBuilder* m) {
                  m->constant("table", {256}, Ints(256, 7));
                  m->node("Cast", {"images"}, {"i"}).set("to", int64_t{TensorProto::INT64});
                  m->node("Gather", {"table", "i"}, {"n"}).set("axis", int64_t{0});
                  to_float(m, "n", "y");
                },
                {1, 3, kH, kW}, TensorProto::UINT8)
                .dtype,
            DType::kUint8);
  // Channels last that something else reads as they are.
  const Shape as_it_was = {1, kH, kW, 3};
  EXPECT_EQ(imported(
                [](ModelBuilder* m) {
                  to_planes(m, "images", "t");
                  m->node("ReduceMean", {"images"}, {"mean"}).set("axes", Ints{1, 2, 3});
                  m->node("Add", {"t", "mean"}, {"y"});
                },
                {1, kH, kW, 3}, TensorProto::FLOAT)
                .shape,
            as_it_was);
  EXPECT_EQ(imported(
                [](ModelBuilder* m) {
                  m->constant("mask", {kW, 3}, Floats(kW * 3, 2.0F));
                  m->node("Mul", {"images", "mask"}, {"t"});
                  to_planes(m, "t", "y");
                },
                {1, kH, kW, 3}, TensorProto::FLOAT)
                .shape,
            as_it_was);
  EXPECT_EQ(imported([](ModelBuilder* m) { m->node("Relu", {"images"}, {"y"}); }, {1, kH, kW, 3},
                     TensorProto::FLOAT)
                .shape,
            as_it_was);
}

}  // namespace
}  // namespace pawl::engine::test
