#include "engine/compile/pixel_use.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "engine/graph/inference.h"
#include "engine/reference/reference.h"

namespace pawl::engine {
namespace {

// Nodes in front of the first that looks at more than one pixel, on an image of one pixel.
class FirstNodes {
 public:
  explicit FirstNodes(const Graph& graph)
      : graph_(graph), of_pixel_(graph.values.size(), kNoValue) {}

  // The graph of one pixel, with one output; none if nothing is done to it, or not by itself.
  std::optional<Graph> cut() {
    const ValueId image = graph_.inputs[0];
    const int64_t channels = shape(image)[1];
    of_pixel(image) =
        pixel_.add_value(graph_.value(image).name, DType::kFloat32, {1, channels, 1, 1});
    pixel_.inputs = {of_pixel(image)};
    std::vector<bool> inside(graph_.nodes.size(), false);
    for (size_t i = 0; i < graph_.nodes.size(); ++i) inside[i] = add(graph_.nodes[i]);
    const Uses uses = compute_uses(graph_);
    std::vector<ValueId> leaving;
    for (size_t id = 0; id < of_pixel_.size(); ++id) {
      if (of_pixel_[id] == kNoValue || graph_.values[id].constant) continue;
      const bool read =
          std::any_of(uses.consumers[id].begin(), uses.consumers[id].end(),
                      [&](int32_t node) { return !inside[static_cast<size_t>(node)]; });
      if (read || uses.is_output[id]) leaving.push_back(static_cast<ValueId>(id));
    }
    if (leaving.size() != 1 || leaving[0] == image) return std::nullopt;
    pixel_.outputs = {of_pixel(leaving[0])};
    remove_dead_nodes(&pixel_);
    return std::move(pixel_);
  }

 private:
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  ValueId& of_pixel(ValueId id) { return of_pixel_[static_cast<size_t>(id)]; }

  bool pixelwise(const Node& node) const {
    const Shape& out = shape(node.outputs[0]);
    if (out.size() != 4) return false;
    switch (node.op) {
      case Op::kIdentity:
      case Op::kNeg:
      case Op::kClip:
      case Op::kBatchNormalization:
      case Op::kAdd:
      case Op::kSub:
      case Op::kMul:
      case Op::kDiv:
        return true;
      case Op::kConcat:
      case Op::kSplit:
      case Op::kGather:
        return node.integer("axis") == 1;
      case Op::kSlice: {
        const Shape& in = shape(node.inputs[0]);
        return in[2] == out[2] && in[3] == out[3] && node.integers("steps")[2] == 1 &&
               node.integers("steps")[3] == 1;
      }
      default:
        return false;
    }
  }

  bool add(const Node& node) {
    if (!pixelwise(node)) return false;
    bool reached = false;
    Node copy = node;
    for (ValueId& input : copy.inputs) {
      if (input == kNoValue) return false;
      const Value& value = graph_.value(input);
      if (of_pixel(input) == kNoValue) {
        if (value.constant == nullptr) return false;
        of_pixel(input) = pixel_.add_constant(value.name, *value.constant);
      }
      reached = reached || value.constant == nullptr;
      input = of_pixel(input);
    }
    if (!reached) return false;
    const Shape extents = {1, shape(node.outputs[0])[1], 1, 1};
    const auto types = infer_types(pixel_, copy, &extents);
    if (!types.ok()) return false;
    for (const ValueType& type : types.value()) {  // a constant that varies over pixels
      if (type.shape.size() != 4 || type.shape[2] != 1 || type.shape[3] != 1) return false;
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueType& type = types.value()[i];
      of_pixel(node.outputs[i]) = copy.outputs[i] =
          pixel_.add_value(graph_.value(node.outputs[i]).name, type.dtype, type.shape);
    }
    pixel_.nodes.push_back(std::move(copy));
    return true;
  }

  const Graph& graph_;
  Graph pixel_;
  std::vector<ValueId> of_pixel_;
};

// y[c] = gain[c] * x[source[c]] + offset[c]; where source[c] is none of the channels, of grey x.
struct ChannelArithmetic {
  std::vector<double> gain, offset;
  std::vector<size_t> source;
};

std::optional<std::vector<double>> run(const Graph& pixel, const std::vector<float>& x) {
  const Tensor input = Tensor::of<float>(pixel.value(pixel.inputs[0]).shape, std::span(x));
  const auto outputs = run_reference(pixel, std::span(&input, 1));
  if (!outputs.ok() || outputs.value()[0].dtype() != DType::kFloat32) return std::nullopt;
  const std::span<const float> y = outputs.value()[0].as<float>();
  return std::vector<double>(y.begin(), y.end());
}

// By what each channel answers to a one in each channel of the image.
std::optional<ChannelArithmetic> arithmetic_of(const Graph& pixel) {
  const auto channels = static_cast<size_t>(pixel.value(pixel.inputs[0]).shape[1]);
  const auto black = run(pixel, std::vector<float>(channels, 0.0F));
  if (!black) return std::nullopt;
  ChannelArithmetic found{.gain = std::vector<double>(black->size(), 0.0),
                          .offset = *black,
                          .source = std::vector<size_t>(black->size(), 0)};
  for (size_t c = 0; c < channels; ++c) {
    std::vector<float> x(channels, 0.0F);
    x[c] = 1.0F;
    const auto y = run(pixel, x);
    if (!y) return std::nullopt;
    for (size_t k = 0; k < y->size(); ++k) {
      const double gain = (*y)[k] - (*black)[k];
      if (gain == 0.0) continue;
      // Channels that are mixed have no order, and the gain of grey.
      found.source[k] = found.gain[k] == 0.0 ? c : channels;
      found.gain[k] += gain;
    }
  }
  const bool blind = std::any_of(found.gain.begin(), found.gain.end(),
                                 [](double gain) { return gain == 0.0 || !std::isfinite(gain); });
  if (blind) return std::nullopt;
  return found;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

std::string listed(const std::vector<double>& values) {
  const bool same = std::all_of(values.begin(), values.end(), [&](double value) {
    return std::abs(value - values[0]) <= 1e-4 * std::abs(values[0]);
  });
  std::string text;
  for (size_t i = 0; i < (same ? 1 : values.size()); ++i) {
    text += (i == 0 ? "" : ":") + number(values[i]);
  }
  return text;
}

PixelUse described(const ChannelArithmetic& found) {
  // Numbers of 0..255 come out between about -3 and 3, or lose a mean in their own units; numbers
  // of 0..1 lose a mean below 1, or are made bytes of first.
  constexpr double kByteGainMost = 0.1, kUnitGainLeast = 50.0, kUnitMeanMost = 2.0;
  PixelUse use;
  std::vector<double> means, divisors;
  bool small = true, large = true, offset = false, byte_mean = false;
  for (size_t k = 0; k < found.gain.size(); ++k) {
    const double gain = found.gain[k];
    const double mean = found.offset[k] == 0.0 ? 0.0 : -found.offset[k] / gain;
    means.push_back(mean);
    divisors.push_back(1.0 / gain);
    small = small && std::abs(gain) <= kByteGainMost;
    large = large && std::abs(gain) >= kUnitGainLeast;
    offset = offset || mean != 0.0;
    byte_mean = byte_mean || std::abs(mean) > kUnitMeanMost;
  }
  if (small || byte_mean) {
    use.range = PixelUse::Range::kBytes;
  } else if (large || offset) {
    use.range = PixelUse::Range::kUnit;
  }
  use.words = "the network " +
              (offset ? "takes " + listed(means) + " from them and " : std::string()) +
              "divides them by " + listed(divisors) + " itself";
  use.reversed = found.source == std::vector<size_t>{2, 1, 0};
  return use;
}

}  // namespace

PixelUse pixel_use(const Graph& graph) {
  PixelUse use;
  if (graph.inputs.size() != 1 || graph.value(graph.inputs[0]).shape.size() != 4) return use;
  const Value& image = graph.value(graph.inputs[0]);
  if (image.dtype != DType::kFloat32) return use;
  if (const std::optional<Graph> pixel = FirstNodes(graph).cut()) {
    if (const auto found = arithmetic_of(*pixel)) use = described(*found);
  }
  if (image.declared && image.declared->scale >= 0.5F) {
    if (use.range != PixelUse::Range::kBytes) use.words = "the network's input is whole numbers";
    use.range = PixelUse::Range::kBytes;
  }
  return use;
}

}  // namespace pawl::engine
