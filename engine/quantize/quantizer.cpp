#include "engine/quantize/quantizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/views.h"
#include "engine/quantize/clip.h"
#include "engine/quantize/declared_scales.h"
#include "kernels/conv_u8.h"

namespace pawl::engine {
namespace {

using kernels::Quantization;

constexpr size_t kFramesAdvised = 32;

// Why a convolution cannot run on 8 bits; empty if it can.
std::string refusal(const Graph& graph, const Uses& uses, const Node& node,
                    const QuantizeOptions& options) {
  const std::vector<std::string>& named = options.float_nodes;
  if (std::find(named.begin(), named.end(), node.name) != named.end()) return "kept by request";
  if (uses.is_output[static_cast<size_t>(node.outputs[0])]) return "an output of the network";
  const auto activation = activation_of(node);
  if (!activation || !kernels::epilogue_supports(activation->kind)) {
    return "its activation has no 8-bit form";
  }
  if (!is_image(graph.value(node.inputs[0]).shape)) return "not an image";
  if (constant_floats(graph, node.inputs[1]).empty()) return "its weights are not constant";
  const Shape& w = graph.value(node.inputs[1]).shape;
  if (w[1] * w[2] * w[3] > kernels::kConvU8DepthMax) return "too many products for 32-bit sums";
  return {};
}

// Nodes whose outputs are their inputs' numbers, moved or chosen among.
bool keeps_scale(const Graph& graph, const Node& node) {
  if (!is_image(graph.value(node.outputs[0]).shape) ||
      !is_image(graph.value(node.inputs[0]).shape)) {
    return false;
  }
  switch (node.op) {
    case Op::kConcat:
      return node.integer("axis") == 1;
    case Op::kSplit:
    case Op::kSlice:
      return is_channel_range(graph, node);
    case Op::kMaxPool:
      return true;
    case Op::kResize:
      return node.text("mode") == "nearest";
    case Op::kGather:
      return is_channel_gather(graph, node);
    default:
      return false;
  }
}

class Quantizer {
 public:
  Quantizer(const Graph& graph, const PreprocessSpec& pre, const QuantizeOptions& options)
      : graph_(graph), pre_(pre), options_(options), uses_(compute_uses(graph)) {}

  Result<GraphQuantization> run(CalibrationFrames& frames, QuantizeReport* report);

 private:
  void choose_convolutions();
  void join_values();
  void choose_values();
  std::vector<ValueId> evenable_values() const;
  std::vector<float> even_out(ValueId id, const std::vector<float>& magnitude) const;
  Status check_weights() const;
  int32_t find(int32_t value) {
    while (parent_[static_cast<size_t>(value)] != value) {
      value = parent_[static_cast<size_t>(value)];
    }
    return value;
  }
  bool is_declared(size_t group) const {
    return group < declared_.groups.size() && declared_.groups[group].has_value();
  }
  bool takes_pixels(const Node& node) const;
  std::vector<float> pixel_factors() const;
  void count_groups(const GraphQuantization& result, QuantizeReport* report) const;
  QuantizedConv quantize_conv(const Node& node, const Calibration& calibration,
                              QuantizedLayer* layer) const;
  void report_layer(const Calibration& calibration, const GraphQuantization& result, size_t index,
                    QuantizeReport* report);

  const Graph& graph_;
  const PreprocessSpec& pre_;
  const QuantizeOptions& options_;
  const Uses uses_;
  std::vector<std::string> refusals_;  // by node; meaningful for convolutions
  std::vector<bool> int8_;             // by node
  std::vector<int32_t> parent_;        // union-find over values
  std::vector<int32_t> group_;         // by value, dense numbers
  std::vector<bool> u8_;               // by group
  DeclaredScales declared_;            // empty unless the options ask for them
};

void Quantizer::choose_convolutions() {
  refusals_.resize(graph_.nodes.size());
  int8_.assign(graph_.nodes.size(), false);
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    if (node.op != Op::kConv) continue;
    refusals_[i] = refusal(graph_, uses_, node, options_);
    const bool stem = node.inputs[0] == graph_.inputs[0];
    if (refusals_[i].empty() && stem && !takes_pixels(node)) {
      refusals_[i] = "pixels are not scaled as 8 bits allow";
    }
    int8_[i] = refusals_[i].empty();
  }
}

void Quantizer::join_values() {
  parent_.resize(graph_.values.size());
  std::iota(parent_.begin(), parent_.end(), 0);
  for (const Node& node : graph_.nodes) {
    if (!keeps_scale(graph_, node)) continue;
    const int32_t root = find(node.outputs[0]);
    const size_t data_inputs = node.op == Op::kConcat ? node.inputs.size() : 1;
    for (size_t i = 0; i < data_inputs; ++i)
      parent_[static_cast<size_t>(find(node.inputs[i]))] = root;
    for (const ValueId output : node.outputs) parent_[static_cast<size_t>(find(output))] = root;
  }
  group_.assign(graph_.values.size(), -1);
  int32_t groups = 0;
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    if (graph_.values[v].constant) continue;
    int32_t& number = group_[static_cast<size_t>(find(static_cast<int32_t>(v)))];
    if (number < 0) number = groups++;
    group_[v] = number;
  }
  u8_.assign(static_cast<size_t>(groups), true);
}

// Whether a convolution can read the camera's bytes: its weights take the channels' scales, its
// bias the means, and where it pads stand the means themselves, rounded.
bool Quantizer::takes_pixels(const Node& node) const {
  for (size_t c = 0; c < static_cast<size_t>(pre_.channels); ++c) {
    const bool byte = pre_.mean[c] >= 0.0F && pre_.mean[c] <= 255.0F;
    if (!byte || !(pre_.scale[c] > 0.0F) || !std::isfinite(pre_.scale[c])) return false;
    if (pre_.mean[c] != 0.0F && node.integer("group") != 1) return false;
  }
  return true;
}

// A group is u8 when everything that writes it can: INT8 convolutions, operators on 8 bits that
// read 8 bits, and the network input where the camera's bytes are its values.
void Quantizer::choose_values() {
  const auto reject = [this](ValueId id) {
    const int32_t group = group_[static_cast<size_t>(id)];
    if (group >= 0) u8_[static_cast<size_t>(group)] = false;
  };
  for (const ValueId id : graph_.outputs) reject(id);
  for (const ValueId id : graph_.inputs) {
    const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(id)];
    const bool all_int8 = std::all_of(readers.begin(), readers.end(), [this, id](int32_t reader) {
      const std::vector<ValueId>& read = graph_.nodes[static_cast<size_t>(reader)].inputs;
      return int8_[static_cast<size_t>(reader)] && (read.size() < 4 || read[3] != id);
    });
    if (!all_int8) reject(id);
  }
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    if (int8_[i] || keeps_scale(graph_, node) || rescaling_step(graph_, node)) continue;
    for (const ValueId id : node.outputs) reject(id);
  }
  const auto is_u8 = [this](ValueId id) {
    const int32_t group = group_[static_cast<size_t>(id)];
    return group < 0 || u8_[static_cast<size_t>(group)];  // a constant goes with either
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const Node& node : graph_.nodes) {
      if (!is_u8(node.outputs[0]) || !rescaling_step(graph_, node)) continue;
      if (std::all_of(node.inputs.begin(), node.inputs.end(), is_u8)) continue;
      reject(node.outputs[0]);
      changed = true;
    }
  }
}

Status Quantizer::check_weights() const {
  for (const Node& node : graph_.nodes) {
    if (node.op != Op::kConv) continue;
    for (size_t input = 1; input < std::min<size_t>(node.inputs.size(), 3); ++input) {
      for (const float w : constant_floats(graph_, node.inputs[input])) {
        if (std::isfinite(w)) continue;
        return Error{Code::kInvalidArgument, "node \"" + node.name +
                                                 "\" (Conv): a weight is not finite; the model "
                                                 "file is damaged or training diverged"};
      }
    }
  }
  return {};
}

// Values between INT8 convolutions alone: what one multiplies, the others can divide away.
std::vector<ValueId> Quantizer::evenable_values() const {
  std::vector<int32_t> members(u8_.size(), 0);
  for (const int32_t group : group_) {
    if (group >= 0) ++members[static_cast<size_t>(group)];
  }
  std::vector<ValueId> values;
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (!int8_[i]) continue;
    const ValueId id = graph_.nodes[i].outputs[0];
    const auto group = static_cast<size_t>(group_[static_cast<size_t>(id)]);
    if (!u8_[group] || members[group] != 1 || is_declared(group)) continue;
    const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(id)];
    const bool multiplied_only = std::all_of(readers.begin(), readers.end(), [&](int32_t reader) {
      const Node& node = graph_.nodes[static_cast<size_t>(reader)];
      return int8_[static_cast<size_t>(reader)] && node.inputs[0] == id &&
             (node.inputs.size() < 4 || node.inputs[3] != id);
    });
    if (multiplied_only) values.push_back(id);
  }
  return values;
}

// A depthwise reader scales its weights channel by channel, so channels may become equal; a dense
// one shares a weight scale among them, and the square root splits the loss between both sides.
std::vector<float> Quantizer::even_out(ValueId id, const std::vector<float>& magnitude) const {
  constexpr float kFactorMax = 64.0F;
  const std::vector<int32_t>& readers = uses_.consumers[static_cast<size_t>(id)];
  const bool depthwise = std::all_of(readers.begin(), readers.end(), [this](int32_t reader) {
    return graph_.nodes[static_cast<size_t>(reader)].integer("group") > 1;
  });
  const float largest = *std::max_element(magnitude.begin(), magnitude.end());
  std::vector<float> factor;
  for (const float m : magnitude) {
    const float ratio = std::min(largest / std::max(m, largest * 1e-6F), kFactorMax * kFactorMax);
    const float chosen = depthwise ? ratio : std::sqrt(ratio);
    factor.push_back(largest > 0.0F ? std::min(chosen, kFactorMax) : 1.0F);
  }
  return factor;
}

// A byte times the value's scale, which is the first channel's, is real * factor + mean * scale.
std::vector<float> Quantizer::pixel_factors() const {
  std::vector<float> factors;
  for (size_t c = 0; c < static_cast<size_t>(pre_.channels); ++c) {
    factors.push_back(pre_.scale[0] / pre_.scale[c]);
  }
  return factors;
}

QuantizedConv Quantizer::quantize_conv(const Node& node, const Calibration& calibration,
                                       QuantizedLayer* layer) const {
  const auto input_value = static_cast<size_t>(node.inputs[0]);
  const std::vector<double>& input_mean = calibration.channel_mean[input_value];
  const bool pixels =
      node.inputs[0] == graph_.inputs[0] && u8_[static_cast<size_t>(group_[input_value])];
  const std::vector<float> input_factor =
      pixels ? pixel_factors() : calibration.factor[input_value];
  std::vector<float> weight(constant_floats(graph_, node.inputs[1]).begin(),
                            constant_floats(graph_, node.inputs[1]).end());
  const Shape& w = graph_.value(node.inputs[1]).shape;
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
  QuantizedConv conv;
  conv.output_factor = calibration.factor[static_cast<size_t>(node.outputs[0])];
  conv.weight.resize(weight.size());
  conv.bias.assign(channels, 0.0F);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    const std::span<const float> bias = constant_floats(graph_, node.inputs[2]);
    std::copy(bias.begin(), bias.end(), conv.bias.begin());
  }
  for (size_t c = 0; pixels && c < static_cast<size_t>(pre_.channels); ++c) {
    conv.pad.push_back(static_cast<uint8_t>(std::lround(pre_.mean[c])));
  }
  double signal = 0.0;
  double noise = 0.0;
  for (size_t oc = 0; oc < channels; ++oc) {
    const std::span<const float> row =
        std::span<const float>(weight).subspan(oc * per_channel, per_channel);
    const std::span<int8_t> quantized =
        std::span<int8_t>(conv.weight).subspan(oc * per_channel, per_channel);
    const float scale = choose_weight_scale(row);
    quantize_weights(row, scale, quantized);
    conv.weight_scale.push_back(scale);
    double shift = 0.0;
    double of_means = 0.0;
    for (size_t i = 0; i < per_channel; ++i) {
      const double error = double{scale} * quantized[i] - row[i];
      signal += double{row[i]} * row[i];
      noise += error * error;
      const size_t input = input_of(oc, i);
      if (pixels) {
        of_means += double{scale} * quantized[i] * double{pre_.mean[input]} * double{pre_.scale[0]};
      }
      if (input >= input_mean.size()) continue;
      const double factor = input_factor.empty() ? 1.0 : double{input_factor[input]};
      shift += error * input_mean[input] * factor;
    }
    if (!options_.bias_correction) shift = 0.0;
    conv.bias[oc] -= static_cast<float>(shift + of_means);
  }
  constexpr double kFloor = 1e-30;
  layer->weight_sqnr_db = 10.0 * std::log10((signal + kFloor) / (noise + kFloor));
  return conv;
}

void Quantizer::report_layer(const Calibration& calibration, const GraphQuantization& result,
                             size_t index, QuantizeReport* report) {
  const Node& node = graph_.nodes[index];
  QuantizedLayer& layer = report->layers.back();
  layer.node = node.name;
  layer.int8 = int8_[index];
  layer.reason = refusals_[index];
  const Shape& w = graph_.value(node.inputs[1]).shape;
  layer.multiply_adds = element_count(graph_.value(node.outputs[0]).shape) * w[1] * w[2] * w[3];
  const auto output = static_cast<size_t>(node.outputs[0]);
  const Histogram& histogram = calibration.groups[static_cast<size_t>(group_[output])];
  layer.low = histogram.low;
  layer.high = histogram.high;
  if (const auto& q = result.values[output]) {
    layer.clip_low = -static_cast<float>(q->zero) * q->scale;
    layer.clip_high = static_cast<float>(255 - q->zero) * q->scale;
  }
}

Result<GraphQuantization> Quantizer::run(CalibrationFrames& frames, QuantizeReport* report) {
  PAWL_TRY(check_weights());
  choose_convolutions();
  join_values();
  choose_values();
  if (options_.scales == ScaleSource::kModel) {
    declared_ = PAWL_TRY(declared_scales(graph_, group_));
  }
  const Calibration calibration = PAWL_TRY(calibrate(
      graph_, pre_, frames, group_, evenable_values(),
      [this](ValueId id, const std::vector<float>& magnitude) { return even_out(id, magnitude); },
      options_.progress));
  report->frames = calibration.frames;
  if (calibration.frames < kFramesAdvised) {
    report->warnings.push_back("only " + std::to_string(calibration.frames) +
                               " calibration images; use 32 or more of what the camera will see");
  }

  std::vector<Quantization> chosen;
  for (const Histogram& histogram : calibration.groups) {
    const size_t group = chosen.size();
    chosen.push_back(is_declared(group) ? *declared_.groups[group] : choose_activation(histogram));
  }
  GraphQuantization result;
  result.values.resize(graph_.values.size());
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    const int32_t group = group_[v];
    if (group >= 0 && u8_[static_cast<size_t>(group)]) {
      result.values[v] = chosen[static_cast<size_t>(group)];
    }
  }
  const Quantization pixels{pre_.scale[0], 0};
  for (const ValueId id : graph_.inputs) {
    const int32_t group = group_[static_cast<size_t>(id)];
    if (!u8_[static_cast<size_t>(group)]) continue;
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      if (group_[v] == group) result.values[v] = pixels;
    }
  }
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    if (node.op != Op::kConv) continue;
    report->layers.emplace_back();
    if (int8_[i]) {
      result.convs[static_cast<int32_t>(i)] =
          quantize_conv(node, calibration, &report->layers.back());
      for (const size_t operand : {size_t{0}, size_t{3}}) {
        if (operand >= node.inputs.size() || node.inputs[operand] == kNoValue) continue;
        const auto v = static_cast<size_t>(node.inputs[operand]);
        if (!result.values[v]) {
          result.crossings[node.inputs[operand]] = chosen[static_cast<size_t>(group_[v])];
        }
      }
    }
    report_layer(calibration, result, i, report);
  }
  if (options_.scales == ScaleSource::kModel) count_groups(result, report);
  return result;
}

void Quantizer::count_groups(const GraphQuantization& result, QuantizeReport* report) const {
  std::vector<bool> counted(u8_.size(), false);
  for (const ValueId id : graph_.inputs) {  // pixels keep their own scale
    counted[static_cast<size_t>(group_[static_cast<size_t>(id)])] = true;
  }
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    const bool used = result.values[v] || result.crossings.count(static_cast<ValueId>(v)) > 0;
    if (!used || counted[static_cast<size_t>(group_[v])]) continue;
    const auto group = static_cast<size_t>(group_[v]);
    counted[group] = true;
    ++(is_declared(group) ? report->groups_declared : report->groups_calibrated);
    if (declared_.differing[group]) ++report->groups_differing;
  }
}

}  // namespace

Result<GraphQuantization> quantize(const Graph& graph, const PreprocessSpec& pre,
                                   CalibrationFrames& frames, const QuantizeOptions& options,
                                   QuantizeReport* report) {
  return Quantizer(graph, pre, options).run(frames, report);
}

}  // namespace pawl::engine
