// Proves: the reference executor agrees with formulas written independently of it, on random
// awkward shapes; Conv's fused form equals its parts; Focus equals slices and a concat;
// intermediates are freed; wrong inputs are refused.
#include "engine/reference/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/graph/inference.h"

namespace pawl::engine {
namespace {

class Random {
 public:
  int64_t integer(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  Tensor tensor(const Shape& shape) {
    Tensor tensor(DType::kFloat32, shape);
    std::normal_distribution<float> normal;
    for (float& value : tensor.as<float>()) value = normal(engine_);
    return tensor;
  }

 private:
  std::mt19937 engine_{99};
};

using Attributes = decltype(Node::attributes);

// One node over tensors.
Tensor evaluate(Op op, const std::vector<Tensor>& inputs, Attributes attributes,
                const Shape* extents = nullptr) {
  Graph graph;
  Node node{op, "node", {}, {}, std::move(attributes)};
  std::vector<const Tensor*> pointers;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool absent = inputs[i].shape() == Shape{0};
    node.inputs.push_back(
        absent ? kNoValue
               : graph.add_value("x" + std::to_string(i), inputs[i].dtype(), inputs[i].shape()));
    pointers.push_back(absent ? nullptr : &inputs[i]);
  }
  const auto types = infer_types(graph, node, extents);
  EXPECT_TRUE(types.ok()) << types.error().message;
  node.outputs = {graph.add_value("y", types.value()[0].dtype, types.value()[0].shape)};
  auto outputs = evaluate_node(graph, node, pointers);
  EXPECT_TRUE(outputs.ok()) << outputs.error().message;
  return std::move(outputs).value()[0];
}

const Tensor kAbsent(DType::kFloat32, {0});

void expect_near(const Tensor& a, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(a.as<float>().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(a.as<float>()[i]), expected[i], tolerance) << i;
  }
}

TEST(Reference, ConvIsItsDefinition) {
  Random random;
  for (int round = 0; round < 40; ++round) {
    const int64_t group = random.integer(1, 3);
    const int64_t ic = random.integer(1, 3), oc = random.integer(1, 3) * group;
    const int64_t kh = random.integer(1, 5), kw = random.integer(1, 5);
    const int64_t sh = random.integer(1, 3), sw = random.integer(1, 3);
    const int64_t dh = random.integer(1, 3), dw = random.integer(1, 3);
    const std::vector<int64_t> pads = {random.integer(0, 4), random.integer(0, 4),
                                       random.integer(0, 4), random.integer(0, 4)};
    const int64_t h = random.integer(0, 9) + (kh - 1) * dh + 1;
    const int64_t w = random.integer(0, 9) + (kw - 1) * dw + 1;
    const Tensor x = random.tensor({2, ic * group, h, w});
    const Tensor weight = random.tensor({oc, ic, kh, kw});
    const Tensor bias = random.tensor({oc});
    const Tensor y = evaluate(Op::kConv, {x, weight, bias},
                              {{"kernel", std::vector<int64_t>{kh, kw}},
                               {"strides", std::vector<int64_t>{sh, sw}},
                               {"pads", pads},
                               {"dilations", std::vector<int64_t>{dh, dw}},
                               {"group", group}});
    std::vector<double> expected;
    const Shape& ys = y.shape();
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t ox = i % ys[3], oy = i / ys[3] % ys[2];
      const int64_t o = i / (ys[3] * ys[2]) % ys[1], n = i / (ys[3] * ys[2] * ys[1]);
      double sum = static_cast<double>(bias.as<float>()[static_cast<size_t>(o)]);
      for (int64_t t = 0; t < ic * kh * kw; ++t) {
        const int64_t c = t / (kh * kw), r = t / kw % kh, q = t % kw;
        const int64_t iy = oy * sh - pads[0] + r * dh, ix = ox * sw - pads[1] + q * dw;
        if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
        const int64_t channel = o / (oc / group) * ic + c;
        sum +=
            static_cast<double>(weight.as<float>()[static_cast<size_t>(o * ic * kh * kw + t)]) *
            static_cast<double>(
                x.as<float>()[static_cast<size_t>(((n * ic * group + channel) * h + iy) * w + ix)]);
      }
      expected.push_back(sum);
    }
    expect_near(y, expected, 1e-5);
  }
}

// <conv(x), g> = <x, conv_transpose(g)>: the transpose is the adjoint, whatever its loops are.
TEST(Reference, ConvTransposeIsTheAdjointOfConv) {
  Random random;
  for (int round = 0; round < 40; ++round) {
    const int64_t group = random.integer(1, 3);
    const int64_t ic = random.integer(1, 3), oc = random.integer(1, 3);
    const int64_t k = random.integer(1, 4), s = random.integer(1, 3), d = random.integer(1, 2);
    const int64_t pad = random.integer(0, (k - 1) * d);
    const int64_t extent = random.integer(1, 6);  // of the transposed convolution's input
    const int64_t large = (extent - 1) * s + (k - 1) * d + 1 - 2 * pad;
    if (large < 1) continue;
    const Attributes attributes = {{"kernel", std::vector<int64_t>{k, k}},
                                   {"strides", std::vector<int64_t>{s, s}},
                                   {"pads", std::vector<int64_t>(4, pad)},
                                   {"dilations", std::vector<int64_t>{d, d}},
                                   {"group", group}};
    Attributes transposed = attributes;
    transposed["output_padding"] = std::vector<int64_t>{0, 0};
    const Tensor weight = random.tensor({oc * group, ic, k, k});
    const Tensor x = random.tensor({1, ic * group, large, large});
    const Tensor g = random.tensor({1, oc * group, extent, extent});
    const Tensor forward = evaluate(Op::kConv, {x, weight}, attributes);
    const Tensor back = evaluate(Op::kConvTranspose, {g, weight}, transposed);
    ASSERT_EQ(forward.shape(), g.shape());
    ASSERT_EQ(back.shape(), x.shape());
    double left = 0, right = 0;
    for (size_t i = 0; i < g.as<float>().size(); ++i) {
      left += static_cast<double>(forward.as<float>()[i]) * static_cast<double>(g.as<float>()[i]);
    }
    for (size_t i = 0; i < x.as<float>().size(); ++i) {
      right += static_cast<double>(back.as<float>()[i]) * static_cast<double>(x.as<float>()[i]);
    }
    ASSERT_NEAR(left, right, 1e-4 * (1 + std::fabs(left)));
  }
}

TEST(Reference, FusedConvIsConvActivationAndResidual) {
  Random random;
  const Tensor x = random.tensor({1, 3, 5, 7}), weight = random.tensor({4, 3, 3, 3});
  const Tensor bias = random.tensor({4}), residual = random.tensor({1, 4, 5, 7});
  const Attributes plain = {{"kernel", std::vector<int64_t>{3, 3}},
                            {"strides", std::vector<int64_t>{1, 1}},
                            {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                            {"dilations", std::vector<int64_t>{1, 1}},
                            {"group", int64_t{1}}};
  const Tensor base = evaluate(Op::kConv, {x, weight, bias}, plain);
  const std::pair<const char*, double (*)(double)> cases[] = {
      {"none", [](double t) { return t; }},
      {"relu", [](double t) { return std::max(t, 0.0); }},
      {"leaky_relu", [](double t) { return t < 0 ? 0.125 * t : t; }},
      {"silu", [](double t) { return t / (1 + std::exp(-t)); }},
      {"sigmoid", [](double t) { return 1 / (1 + std::exp(-t)); }},
      {"hard_swish", [](double t) { return t * std::clamp(t / 6 + 0.5, 0.0, 1.0); }},
      {"tanh", [](double t) { return std::tanh(t); }},
      {"mish", [](double t) { return t * std::tanh(std::log1p(std::exp(t))); }},
      {"clip", [](double t) { return std::clamp(t, 0.125, 0.75); }}};
  for (const auto& [name, function] : cases) {
    Attributes attributes = plain;
    attributes["activation"] = std::string(name);
    attributes["alpha"] = 0.125F;
    attributes["beta"] = 0.75F;
    std::vector<double> expected, with_residual;
    for (const float value : base.as<float>()) {
      expected.push_back(function(static_cast<double>(value)));
      with_residual.push_back(expected.back() +
                              static_cast<double>(residual.as<float>()[with_residual.size()]));
    }
    expect_near(evaluate(Op::kConv, {x, weight, bias}, attributes), expected, 1e-5);
    expect_near(evaluate(Op::kConv, {x, weight, bias, residual}, attributes), with_residual, 1e-5);
    // Without a bias but with a residual: the optional input in the middle is absent.
    EXPECT_EQ(evaluate(Op::kConv, {x, weight, kAbsent, residual}, attributes).shape(),
              residual.shape());
  }
}

TEST(Reference, FocusIsFourSlicesAndAConcat) {
  Random random;
  const Tensor x = random.tensor({1, 3, 6, 4});
  const std::vector<int64_t> order = {0, 0, 1, 0, 0, 1, 1, 1};
  const Tensor y = evaluate(Op::kFocus, {x}, {{"order", order}});
  std::vector<Tensor> parts;
  const Shape half = {1, 3, 3, 2};
  for (size_t g = 0; g < 4; ++g) {
    parts.push_back(
        evaluate(Op::kSlice, {x},
                 {{"starts", std::vector<int64_t>{0, 0, order[2 * g], order[2 * g + 1]}},
                  {"steps", std::vector<int64_t>{1, 1, 2, 2}}},
                 &half));
  }
  const Tensor expected = evaluate(Op::kConcat, parts, {{"axis", int64_t{1}}});
  ASSERT_EQ(y.shape(), expected.shape());
  for (size_t i = 0; i < y.as<float>().size(); ++i) {
    EXPECT_EQ(y.as<float>()[i], expected.as<float>()[i]);
  }
}

TEST(Reference, MaxPoolAndAveragePoolAgreeWithTheirDefinition) {
  Random random;
  for (int round = 0; round < 30; ++round) {
    const int64_t k = random.integer(1, 4), s = random.integer(1, 3), d = random.integer(1, 2);
    const int64_t span = (k - 1) * d + 1;
    const int64_t pad = random.integer(0, span - 1);
    const int64_t h = random.integer(span, span + 6), w = random.integer(span, span + 6);
    const Tensor x = random.tensor({1, 2, h, w});
    const Attributes attributes = {{"kernel", std::vector<int64_t>{k, k}},
                                   {"strides", std::vector<int64_t>{s, s}},
                                   {"pads", std::vector<int64_t>(4, pad)},
                                   {"dilations", std::vector<int64_t>{d, d}},
                                   {"count_include_pad", int64_t{round % 2}}};
    const Tensor most = evaluate(Op::kMaxPool, {x}, attributes);
    const Tensor mean = evaluate(Op::kAveragePool, {x}, attributes);
    std::vector<double> maxima, means;
    const Shape& ys = most.shape();
    for (int64_t i = 0; i < most.count(); ++i) {
      const int64_t ox = i % ys[3], oy = i / ys[3] % ys[2], plane = i / (ys[3] * ys[2]);
      double best = -INFINITY, sum = 0;
      int64_t count = 0;
      for (int64_t t = 0; t < k * k; ++t) {
        const int64_t iy = oy * s - pad + t / k * d, ix = ox * s - pad + t % k * d;
        if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
        const double value =
            static_cast<double>(x.as<float>()[static_cast<size_t>((plane * h + iy) * w + ix)]);
        best = std::max(best, value);
        sum += value;
        ++count;
      }
      maxima.push_back(best);
      const int64_t divisor = round % 2 == 1 ? k * k : std::max<int64_t>(count, 1);
      means.push_back(sum / static_cast<double>(divisor));
    }
    expect_near(most, maxima, 0);
    expect_near(mean, means, 1e-6);
  }
}

Graph chain() {
  Graph graph;
  const ValueId x = graph.add_value("x", DType::kFloat32, {4});
  ValueId last = x;
  for (int i = 0; i < 5; ++i) {
    const ValueId next = graph.add_value("v" + std::to_string(i), DType::kFloat32, {4});
    graph.nodes.push_back({Op::kNeg, "n" + std::to_string(i), {last}, {next}, {}});
    last = next;
  }
  graph.inputs = {x};
  graph.outputs = {last, x};
  return graph;
}

TEST(Reference, ObservesEveryValueInOrder) {
  const Graph graph = chain();
  const float values[] = {1, -2, 3, -4};
  const Tensor x[] = {Tensor::of<float>({4}, std::span(values))};
  std::vector<ValueId> seen;
  const auto y = run_reference(graph, x, [&](ValueId id, const Tensor& tensor) {
    seen.push_back(id);
    EXPECT_EQ(std::fabs(tensor.as<float>()[3]), 4.0F);
  });
  ASSERT_TRUE(y.ok());
  EXPECT_EQ(seen, (std::vector<ValueId>{1, 2, 3, 4, 5}));
  EXPECT_EQ(y.value()[0].as<float>()[0], -1.0F);
  EXPECT_EQ(y.value()[1].as<float>()[0], 1.0F);  // an input that is an output
}

TEST(Reference, RefusesInputsThatDoNotFit) {
  const Graph graph = chain();
  EXPECT_FALSE(run_reference(graph, {}).ok());
  const Tensor short_one[] = {Tensor(DType::kFloat32, {3})};
  const auto y = run_reference(graph, short_one);
  ASSERT_FALSE(y.ok());
  EXPECT_NE(y.error().message.find("\"x\""), std::string::npos);
  const Tensor integer[] = {Tensor(DType::kInt32, {4})};
  EXPECT_FALSE(run_reference(graph, integer).ok());
}

}  // namespace
}  // namespace pawl::engine
