#include "engine/quantize/convolution_weights.h"

#include <algorithm>
#include <cmath>

#include "engine/passes/rewrite.h"
#include "engine/quantize/clip.h"

namespace pawl::engine {
namespace {

// A byte times the value's scale, which is the first channel's, is real * factor + mean * scale.
std::vector<float> pixel_factors(const PreprocessSpec& pre) {
  std::vector<float> factors;
  for (size_t c = 0; c < static_cast<size_t>(pre.channels); ++c) {
    factors.push_back(pre.scale[0] / pre.scale[c]);
  }
  return factors;
}

// `pixels`: what the camera's bytes go through where they are the input; else null.
QuantizedWeights quantize(const Graph& graph, const Node& node, const PreprocessSpec* pixels,
                          std::span<const float> input_factor, std::span<const double> input_mean) {
  const std::span<const float> stored = constant_floats(graph, node.inputs[1]);
  std::vector<float> weight(stored.begin(), stored.end());
  const Shape& w = graph.value(node.inputs[1]).shape;
  const auto channels = static_cast<size_t>(w[0]);
  const size_t per_channel = weight.size() / channels;
  const auto taps = static_cast<size_t>(w[2] * w[3]);
  const auto group_inputs = static_cast<size_t>(w[1]);
  const size_t per_group = channels / static_cast<size_t>(node.integer("group"));
  const auto input_of = [&](size_t oc, size_t i) {
    return oc / per_group * group_inputs + i / taps;
  };
  if (!input_factor.empty()) {
    for (size_t i = 0; i < weight.size(); ++i) {
      weight[i] /= input_factor[input_of(i / per_channel, i % per_channel)];
    }
  }
  QuantizedWeights quantized;
  QuantizedConv& conv = quantized.conv;
  conv.weight.resize(weight.size());
  conv.bias.assign(channels, 0.0F);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    const std::span<const float> bias = constant_floats(graph, node.inputs[2]);
    std::copy(bias.begin(), bias.end(), conv.bias.begin());
  }
  for (size_t c = 0; pixels != nullptr && c < static_cast<size_t>(pixels->channels); ++c) {
    conv.pad.push_back(static_cast<uint8_t>(std::lround(pixels->mean[c])));
  }
  double signal = 0.0;
  double noise = 0.0;
  for (size_t oc = 0; oc < channels; ++oc) {
    const std::span<const float> row =
        std::span<const float>(weight).subspan(oc * per_channel, per_channel);
    const std::span<int8_t> rounded =
        std::span<int8_t>(conv.weight).subspan(oc * per_channel, per_channel);
    const float scale = choose_weight_scale(row);
    quantize_weights(row, scale, rounded);
    conv.weight_scale.push_back(scale);
    double shift = 0.0;
    double of_means = 0.0;
    for (size_t i = 0; i < per_channel; ++i) {
      const double error = double{scale} * rounded[i] - row[i];
      signal += double{row[i]} * row[i];
      noise += error * error;
      const size_t input = input_of(oc, i);
      if (pixels != nullptr) {
        of_means +=
            double{scale} * rounded[i] * double{pixels->mean[input]} * double{pixels->scale[0]};
      }
      if (input >= input_mean.size()) continue;
      const double factor = input_factor.empty() ? 1.0 : double{input_factor[input]};
      shift += error * input_mean[input] * factor;
    }
    conv.bias[oc] -= static_cast<float>(shift + of_means);
  }
  constexpr double kFloor = 1e-30;
  quantized.sqnr_db = 10.0 * std::log10((signal + kFloor) / (noise + kFloor));
  return quantized;
}

}  // namespace

QuantizedWeights quantize_convolution(const Graph& graph, const Node& node,
                                      std::span<const float> input_factor,
                                      std::span<const double> input_mean) {
  return quantize(graph, node, nullptr, input_factor, input_mean);
}

QuantizedWeights quantize_on_pixels(const Graph& graph, const Node& node, const PreprocessSpec& pre,
                                    std::span<const double> input_mean) {
  return quantize(graph, node, &pre, pixel_factors(pre), input_mean);
}

}  // namespace pawl::engine
