// Proves that a quantized convolution keeps its mean: on inputs that are constant at the channel
// means it gives what the float one gives, whatever the rounding of the weights, with the input's
// factors, groups, and pixels that lose a mean and a scale; that rounded weights are the stored
// form's; and what its signal-to-noise ratio counts.
#include "engine/quantize/convolution_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/passes/rewrite.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

struct Case {
  int64_t inputs, outputs, kernel, group;
  bool bias;
};
constexpr Case kCases[] = {{1, 1, 1, 1, true},  {5, 7, 1, 1, true},  {6, 9, 3, 3, true},
                           {8, 8, 3, 8, false}, {6, 12, 5, 6, true}, {17, 3, 3, 1, false}};

Graph graph_of(const Case& c, uint64_t seed) {
  GraphBuilder b(seed);
  test::ConvOptions o = square(c.kernel, 1, c.group);
  o.bias = c.bias;
  return b.finish({b.conv(b.input({1, c.inputs, 8, 8}), c.outputs, o)});
}

// What the convolution gives for inputs constant by channel, far from any border.
std::vector<double> float_outputs(const Graph& graph, const std::vector<double>& input) {
  const Node& node = graph.nodes[0];
  const Shape& w = graph.value(node.inputs[1]).shape;
  const std::span<const float> weight = constant_floats(graph, node.inputs[1]);
  std::vector<double> outputs;
  for (int64_t oc = 0; oc < w[0]; ++oc) {
    const int64_t first = oc / (w[0] / node.integer("group")) * w[1];
    double sum = node.inputs.size() > 2
                     ? double{constant_floats(graph, node.inputs[2])[static_cast<size_t>(oc)]}
                     : 0.0;
    for (int64_t ic = 0; ic < w[1]; ++ic) {
      for (int64_t tap = 0; tap < w[2] * w[3]; ++tap) {
        sum += double{weight[static_cast<size_t>((oc * w[1] + ic) * w[2] * w[3] + tap)]} *
               input[static_cast<size_t>(first + ic)];
      }
    }
    outputs.push_back(sum);
  }
  return outputs;
}

// The same of the quantized one, whose inputs are stored as `stored`.
std::vector<double> quantized_outputs(const Graph& graph, const QuantizedConv& conv,
                                      const std::vector<double>& stored) {
  const Node& node = graph.nodes[0];
  const Shape& w = graph.value(node.inputs[1]).shape;
  std::vector<double> outputs;
  for (int64_t oc = 0; oc < w[0]; ++oc) {
    const int64_t first = oc / (w[0] / node.integer("group")) * w[1];
    double sum = 0.0;
    for (int64_t ic = 0; ic < w[1]; ++ic) {
      for (int64_t tap = 0; tap < w[2] * w[3]; ++tap) {
        sum += conv.weight[static_cast<size_t>((oc * w[1] + ic) * w[2] * w[3] + tap)] *
               stored[static_cast<size_t>(first + ic)];
      }
    }
    outputs.push_back(sum * double{conv.weight_scale[static_cast<size_t>(oc)]} +
                      double{conv.bias[static_cast<size_t>(oc)]});
  }
  return outputs;
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b, double bound) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], bound) << "output " << i;
}

TEST(ConvolutionWeights, KeepTheMeanOfEveryOutput) {
  for (const Case& c : kCases) {
    for (const bool equalized : {false, true}) {
      const Graph graph = graph_of(c, static_cast<uint64_t>(c.inputs * 10 + c.kernel));
      std::vector<double> mean;
      std::vector<float> factor;
      std::vector<double> stored;
      for (int64_t i = 0; i < c.inputs; ++i) {
        mean.push_back(3.0 * std::sin(static_cast<double>(i) * 1.7 + 0.4));
        if (equalized) factor.push_back(std::pow(2.0F, static_cast<float>(i % 7) - 2.0F) * 1.1F);
        stored.push_back(mean.back() * (equalized ? double{factor.back()} : 1.0));
      }
      const QuantizedWeights made = quantize_convolution(graph, graph.nodes[0], factor, mean);
      EXPECT_TRUE(made.conv.pad.empty());
      expect_near(quantized_outputs(graph, made.conv, stored), float_outputs(graph, mean), 1e-4);

      // Without means the bias is the float one; weights and scales do not depend on them.
      const QuantizedWeights plain = quantize_convolution(graph, graph.nodes[0], factor, {});
      EXPECT_EQ(plain.conv.weight, made.conv.weight);
      EXPECT_EQ(plain.conv.weight_scale, made.conv.weight_scale);
      const std::vector<double> nothing(static_cast<size_t>(c.inputs), 0.0);
      expect_near(quantized_outputs(graph, plain.conv, nothing), float_outputs(graph, nothing),
                  1e-6);
    }
  }
}

// Every weight is within half a step of the one it stands for, clipped ones apart.
TEST(ConvolutionWeights, RoundToTheNearestLevel) {
  for (const Case& c : kCases) {
    const Graph graph = graph_of(c, 77);
    std::vector<float> factor;
    for (int64_t i = 0; i < c.inputs; ++i) factor.push_back(1.0F + static_cast<float>(i));
    const QuantizedConv conv = quantize_convolution(graph, graph.nodes[0], factor, {}).conv;
    const Shape& w = graph.value(graph.nodes[0].inputs[1]).shape;
    const std::span<const float> weight = constant_floats(graph, graph.nodes[0].inputs[1]);
    const int64_t per_channel = w[1] * w[2] * w[3];
    for (int64_t i = 0; i < w[0] * per_channel; ++i) {
      const int64_t oc = i / per_channel;
      const int64_t ic = oc / (w[0] / c.group) * w[1] + i % per_channel / (w[2] * w[3]);
      const int32_t level = conv.weight[static_cast<size_t>(i)];
      const double scale = double{conv.weight_scale[static_cast<size_t>(oc)]};
      const double real = double{weight[static_cast<size_t>(i)]} / (1.0 + static_cast<double>(ic));
      if (level == 127 || level == -127) {
        EXPECT_GT(real / level * 127.0, 126.0 * scale);
      } else {
        EXPECT_NEAR(level * scale, real, 0.501 * scale) << "weight " << i;
      }
    }
  }
}

TEST(ConvolutionWeights, OnPixelsTakeMeansAndScalesIn) {
  PreprocessSpec pre;
  const float means[] = {103.53F, 116.28F, 123.675F};
  const float scales[] = {0.0174F, 0.0275F, 0.0109F};
  std::copy(std::begin(means), std::end(means), pre.mean);
  std::copy(std::begin(scales), std::end(scales), pre.scale);
  for (const int64_t kernel : {1, 3}) {
    const Graph graph = graph_of({3, 11, kernel, 1, true}, 5);
    const std::vector<double> bytes = {17.0, 200.0, 93.0};
    std::vector<double> seen;
    std::vector<double> stored;  // a byte times the first channel's scale
    for (size_t c = 0; c < 3; ++c) {
      seen.push_back((bytes[c] - double{means[c]}) * double{scales[c]});
      stored.push_back(bytes[c] * double{scales[0]});
    }
    const QuantizedWeights made = quantize_on_pixels(graph, graph.nodes[0], pre, seen);
    expect_near(quantized_outputs(graph, made.conv, stored), float_outputs(graph, seen), 1e-3);
    EXPECT_EQ(made.conv.pad, (std::vector<uint8_t>{104, 116, 124}));
  }
}

TEST(ConvolutionWeights, TheRatioIsOfSignalToError) {
  const Graph graph = graph_of({9, 6, 3, 1, true}, 8);
  const QuantizedWeights made = quantize_convolution(graph, graph.nodes[0], {}, {});
  const std::span<const float> weight = constant_floats(graph, graph.nodes[0].inputs[1]);
  double signal = 0.0;
  double noise = 0.0;
  for (size_t i = 0; i < weight.size(); ++i) {
    const double error =
        static_cast<double>(made.conv.weight[i]) * double{made.conv.weight_scale[i / 81]} -
        double{weight[i]};
    signal += double{weight[i]} * double{weight[i]};
    noise += error * error;
  }
  EXPECT_NEAR(made.sqnr_db, 10.0 * std::log10(signal / noise), 1e-6);
}

}  // namespace
}  // namespace pawl::engine
