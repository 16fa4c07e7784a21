#include "engine/quantize/quantizer.h"

#include <algorithm>
#include <cmath>

#include "engine/passes/rewrite.h"
#include "engine/quantize/clip.h"

namespace pawl::engine {
namespace {

using kernels::Quantization;

constexpr size_t kFramesAdvised = 32;

}  // namespace

Quantizer::Quantizer(const Graph& graph, const PreprocessSpec& pre, const QuantizeOptions& options)
    : graph_(graph),
      pre_(pre),
      bias_correction_(options.bias_correction),
      source_(options.scales),
      rules_(graph, pre, options.float_nodes) {}

Result<Quantizer> Quantizer::calibrate(const Graph& graph, const PreprocessSpec& pre,
                                       CalibrationFrames& frames, const QuantizeOptions& options) {
  Quantizer quantizer(graph, pre, options);
  PAWL_TRY(quantizer.check_weights());
  if (options.scales == ScaleSource::kModel) {
    quantizer.declared_ = PAWL_TRY(declared_scales(graph, quantizer.rules_.group()));
    std::vector<bool> given;
    for (const auto& scale : quantizer.declared_.groups) given.push_back(scale.has_value());
    quantizer.rules_.keep_scales(std::move(given));
  }
  // Keeping layers in float only takes values out of the equalized ones, so these are all.
  const Precision most = quantizer.rules_.choose({});
  std::vector<ValueId> equalized;
  for (size_t v = 0; v < most.equalized.size(); ++v) {
    if (most.equalized[v]) equalized.push_back(static_cast<ValueId>(v));
  }
  quantizer.calibration_ = PAWL_TRY(engine::calibrate(
      graph, pre, frames, quantizer.rules_.group(), equalized,
      [&quantizer](ValueId id, const std::vector<float>& magnitude) {
        return quantizer.equalize(id, magnitude);
      },
      options.progress));
  quantizer.choose_scales();
  return quantizer;
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

// A depthwise reader scales its weights channel by channel, so channels may become equal; a dense
// one shares a weight scale among them, and the square root splits the loss between both sides.
std::vector<float> Quantizer::equalize(ValueId id, const std::vector<float>& magnitude) const {
  constexpr float kFactorMax = 64.0F;
  const bool depthwise = rules_.read_by_groups(id);
  const float largest = *std::max_element(magnitude.begin(), magnitude.end());
  std::vector<float> factor;
  for (const float m : magnitude) {
    const float ratio = std::min(largest / std::max(m, largest * 1e-6F), kFactorMax * kFactorMax);
    const float chosen = depthwise ? ratio : std::sqrt(ratio);
    factor.push_back(largest > 0.0F ? std::min(chosen, kFactorMax) : 1.0F);
  }
  return factor;
}

void Quantizer::choose_scales() {
  for (const Histogram& histogram : calibration_.groups) {
    const size_t group = group_scale_.size();
    group_scale_.push_back(is_declared(group) ? *declared_.groups[group]
                                              : choose_activation(histogram));
  }
  for (const auto& [id, equalized] : calibration_.equalized) {
    equalized_scale_[id] = choose_activation(equalized.histogram);
  }
}

std::vector<int32_t> Quantizer::candidates() const {
  std::vector<int32_t> nodes;
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    const auto index = static_cast<int32_t>(i);
    if (graph_.nodes[i].op == Op::kConv && rules_.refused().count(index) == 0) {
      nodes.push_back(index);
    }
  }
  return nodes;
}

Quantization Quantizer::scale_of(ValueId id, const Precision& precision) const {
  if (precision.equalized[static_cast<size_t>(id)]) return equalized_scale_.at(id);
  return group_scale_[static_cast<size_t>(rules_.group()[static_cast<size_t>(id)])];
}

const QuantizedWeights& Quantizer::weights_of(int32_t index, const Precision& precision) {
  const Node& node = graph_.nodes[static_cast<size_t>(index)];
  const auto input = static_cast<size_t>(node.inputs[0]);
  Input form = precision.equalized[input] ? Input::kEqualized : Input::kPlain;
  if (node.inputs[0] == graph_.inputs[0] && precision.u8[input]) form = Input::kPixels;
  const auto known = weights_.find({index, form});
  if (known != weights_.end()) return known->second;
  std::span<const float> factor;
  std::span<const double> mean;
  if (form == Input::kEqualized) factor = calibration_.equalized.at(node.inputs[0]).factor;
  if (bias_correction_) mean = calibration_.channel_mean[input];
  return weights_[{index, form}] = form == Input::kPixels
                                       ? quantize_on_pixels(graph_, node, pre_, mean)
                                       : quantize_convolution(graph_, node, factor, mean);
}

GraphQuantization Quantizer::decide(const KeptFloat& kept) {
  const Precision precision = rules_.choose(kept);
  GraphQuantization result;
  result.values.resize(graph_.values.size());
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    if (precision.u8[v]) result.values[v] = scale_of(static_cast<ValueId>(v), precision);
  }
  const Quantization pixels{pre_.scale[0], 0};
  for (const ValueId id : graph_.inputs) {
    if (!precision.u8[static_cast<size_t>(id)]) continue;
    const int32_t group = rules_.group()[static_cast<size_t>(id)];
    for (size_t v = 0; v < graph_.values.size(); ++v) {
      if (rules_.group()[v] == group) result.values[v] = pixels;
    }
  }
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (!precision.int8[i]) continue;
    const Node& node = graph_.nodes[i];
    const ValueId output = node.outputs[0];
    QuantizedConv& conv = result.convs[static_cast<int32_t>(i)];
    conv = weights_of(static_cast<int32_t>(i), precision).conv;
    if (precision.equalized[static_cast<size_t>(output)]) {
      conv.output_factor = calibration_.equalized.at(output).factor;
    }
    for (const size_t operand : {size_t{0}, size_t{3}}) {
      if (operand >= node.inputs.size() || node.inputs[operand] == kNoValue) continue;
      const ValueId read = node.inputs[operand];
      if (!precision.u8[static_cast<size_t>(read)]) {
        result.boundaries[read] = scale_of(read, precision);
      }
    }
  }
  return result;
}

QuantizedLayer Quantizer::describe(int32_t index, const KeptFloat& kept,
                                   const Precision& precision) {
  const Node& node = graph_.nodes[static_cast<size_t>(index)];
  const ValueId output = node.outputs[0];
  const auto out = static_cast<size_t>(output);
  const Shape& w = graph_.value(node.inputs[1]).shape;
  QuantizedLayer layer;
  layer.node = node.name;
  layer.output = graph_.value(output).name;
  layer.int8 = precision.int8[static_cast<size_t>(index)];
  layer.u8 = precision.u8[out];
  layer.equalized = precision.equalized[out];
  layer.multiply_adds = element_count(graph_.value(output).shape) * w[1] * w[2] * w[3];
  layer.seen = layer.equalized ? calibration_.equalized.at(output).histogram
                               : calibration_.groups[static_cast<size_t>(rules_.group()[out])];
  layer.clip_low = layer.seen.low;
  layer.clip_high = layer.seen.high;
  if (layer.u8) {
    const Quantization q = scale_of(output, precision);
    layer.clip_low = -static_cast<float>(q.zero) * q.scale;
    layer.clip_high = static_cast<float>(255 - q.zero) * q.scale;
  }
  if (layer.int8) {
    layer.weight_sqnr_db = weights_of(index, precision).sqnr_db;
    return layer;
  }
  const auto refused = rules_.refused().find(index);
  layer.reason = refused != rules_.refused().end() ? refused->second : kept.at(index);
  return layer;
}

void Quantizer::count_groups(const GraphQuantization& quantization, QuantizeReport* report) const {
  const std::vector<int32_t>& group_of = rules_.group();
  std::vector<bool> counted(static_cast<size_t>(rules_.group_count()), false);
  for (const ValueId id : graph_.inputs) {  // pixels keep their own scale
    counted[static_cast<size_t>(group_of[static_cast<size_t>(id)])] = true;
  }
  for (size_t v = 0; v < graph_.values.size(); ++v) {
    const bool used =
        quantization.values[v] || quantization.boundaries.count(static_cast<ValueId>(v)) > 0;
    if (!used || counted[static_cast<size_t>(group_of[v])]) continue;
    const auto group = static_cast<size_t>(group_of[v]);
    counted[group] = true;
    ++(is_declared(group) ? report->groups_declared : report->groups_calibrated);
    if (declared_.differing[group]) ++report->groups_differing;
  }
}

QuantizeReport Quantizer::report(const KeptFloat& kept) {
  const Precision precision = rules_.choose(kept);
  QuantizeReport report;
  report.frames = calibration_.frames;
  report.warnings = calibration_.warnings;
  if (calibration_.frames < kFramesAdvised) {
    report.warnings.push_back("only " + std::to_string(calibration_.frames) +
                              " calibration images; use 32 or more of what the camera will see");
  }
  if (source_ == ScaleSource::kModel) count_groups(decide(kept), &report);
  int32_t silent = 0;
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    if (graph_.nodes[i].op != Op::kConv) continue;
    report.layers.push_back(describe(static_cast<int32_t>(i), kept, precision));
    if (report.layers.back().silent()) ++silent;
  }
  if (silent > 0) {
    report.warnings.push_back(std::to_string(silent) +
                              " layers give nothing but 0 on the calibration images: the model is "
                              "damaged there, or the images do not show what it was trained for");
  }
  return report;
}

Result<GraphQuantization> quantize(const Graph& graph, const PreprocessSpec& pre,
                                   CalibrationFrames& frames, const QuantizeOptions& options,
                                   QuantizeReport* report) {
  Quantizer quantizer = PAWL_TRY(Quantizer::calibrate(graph, pre, frames, options));
  *report = quantizer.report({});
  return quantizer.decide({});
}

}  // namespace pawl::engine
