// Nodes on 8-bit images, and the boundaries between 8 bits and float.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"
#include "engine/plan/packing.h"
#include "kernels/conv.h"
#include "kernels/depthwise_u8.h"
#include "kernels/panel.h"

namespace pawl::engine {
namespace {

using kernels::Quantization;

int64_t rounded_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// What a quantized convolution's channels [first, first + count) need beside packed weights.
struct ChannelTables {
  std::vector<int32_t> bias;  // padded to whole panels, as the others
  std::vector<float> scale;
  std::vector<float> inverse;  // of the output's scale
};

// acc * scale + real bias must come out of bias + sum x_u8 * w_s8: the input's zero point and the
// real bias both move into the integer bias.
ChannelTables channel_tables(const QuantizedConv& conv, const Quantization& input,
                             const TensorRecord& output, int64_t first, int64_t count) {
  const size_t padded = static_cast<size_t>(rounded_up(count, kernels::kPanelChannels));
  ChannelTables tables{std::vector<int32_t>(padded, 0), std::vector<float>(padded, 1.0F),
                       std::vector<float>(padded, 1.0F)};
  const size_t per_channel = conv.weight.size() / conv.weight_scale.size();
  for (size_t c = 0; c < static_cast<size_t>(count); ++c) {
    const size_t channel = static_cast<size_t>(first) + c;
    int64_t sum = 0;
    for (size_t i = 0; i < per_channel; ++i) sum += conv.weight[channel * per_channel + i];
    const double scale = double{input.scale} * conv.weight_scale[channel];
    const double bias =
        std::nearbyint(conv.bias[channel] / scale) - static_cast<double>(input.zero * sum);
    const auto limit = static_cast<double>(kernels::bias_limit(static_cast<int64_t>(per_channel)));
    tables.scale[c] = static_cast<float>(scale);
    if (output.element == Element::kUint8) {
      const float factor = conv.output_factor.empty() ? 1.0F : conv.output_factor[channel];
      tables.inverse[c] = factor / output.scale;
    }
    tables.bias[c] = static_cast<int32_t>(std::clamp(bias, -limit, limit));
  }
  return tables;
}

}  // namespace

bool Lowering::is_u8(ValueId id) const {
  return quantization_ != nullptr && id != kNoValue &&
         quantization_->values[static_cast<size_t>(id)].has_value();
}

const QuantizedConv* Lowering::quantized_conv(const Node& node) const {
  if (quantization_ == nullptr) return nullptr;
  const auto at = quantization_->convs.find(static_cast<int32_t>(&node - graph_.nodes.data()));
  return at == quantization_->convs.end() ? nullptr : &at->second;
}

// `id` as an 8-bit image: itself, or quantized on the way in.
Result<int32_t> Lowering::image_u8(const Node& node, ValueId id) {
  if (id == kNoValue) return -1;
  if (is_u8(id)) return native_tensor(id);
  int32_t& tensor = at_boundary_[static_cast<size_t>(id)];
  if (tensor >= 0) return tensor;
  const auto boundary = quantization_->boundaries.find(id);
  if (boundary == quantization_->boundaries.end()) {
    return unsupported(node, "its input \"" + graph_.value(id).name + "\" has no quantization");
  }
  const int32_t x = image(id);
  tensor = builder_.add_image_u8(graph_.value(id).name + ".u8", shape(id), boundary->second);
  builder_.add_step(StepKind::kQuantize, node.name, {{x}, {tensor}});
  return tensor;
}

// A u8 value as a float image, for a reader that has no 8-bit kernel.
int32_t Lowering::dequantized(ValueId id) {
  int32_t& tensor = at_boundary_[static_cast<size_t>(id)];
  if (tensor >= 0) return tensor;
  const int32_t x = native_tensor(id);
  tensor = builder_.add_image(graph_.value(id).name + ".f32", shape(id));
  builder_.add_step(StepKind::kDequantize, graph_.value(id).name, {{x}, {tensor}});
  return tensor;
}

Status Lowering::lower_conv_u8(const Node& node, const QuantizedConv& conv) {
  if (!window_fits(node)) return unsupported(node, kWindowTooLarge);
  const int32_t x = PAWL_TRY(image_u8(node, node.inputs[0]));
  const int32_t residual =
      node.inputs.size() > 3 ? PAWL_TRY(image_u8(node, node.inputs[3])) : int32_t{-1};
  const int32_t y = output(node);
  const Shape& w = shape(node.inputs[1]);
  const int64_t IC = shape(node.inputs[0])[1];
  const int64_t OC = w[0];
  const int64_t groups = node.integer("group");
  builder_.add_multiply_adds(element_count(shape(node.outputs[0])) * w[1] * w[2] * w[3]);
  if (groups > 1 && groups == IC && groups == OC) {
    add_quantized_step(node, conv, {x, y, residual}, 0, OC, /*depthwise=*/true);
    return {};
  }
  if (groups > 1 && !(channels_fit(IC / groups) && channels_fit(OC / groups))) {
    return unsupported(node, kGroupsUneven);
  }
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t ic = IC / groups;
    const int64_t oc = OC / groups;
    Operands part{x, y, residual};
    if (groups > 1) {
      part.x = builder_.add_channel_range(x, group * ic, ic);
      part.y = builder_.add_channel_range(y, group * oc, oc);
      if (residual >= 0) part.residual = builder_.add_channel_range(residual, group * oc, oc);
    }
    add_quantized_step(node, conv, part, group * oc, oc, /*depthwise=*/false);
  }
  return {};
}

// One step for output channels [first, first + count). data[0] packed weights, data[1] bias,
// data[2] scales, inverse output scales and, behind them, a pixel of the input's zero point.
void Lowering::add_quantized_step(const Node& node, const QuantizedConv& conv,
                                  const Operands& operands, int64_t first, int64_t count,
                                  bool depthwise) {
  const Shape& w = shape(node.inputs[1]);
  const auto ic = static_cast<int32_t>(w[1]);
  const auto oc = static_cast<int32_t>(count);
  const auto kh = static_cast<int32_t>(w[2]);
  const auto kw = static_cast<int32_t>(w[3]);
  const int8_t* weight = conv.weight.data() + first * w[1] * w[2] * w[3];
  std::vector<std::byte> packed;
  if (depthwise) {
    packed.resize(static_cast<size_t>(rounded_up(oc, 16) * kh * kw));
    kernels::pack_depthwise_u8_weights(weight, oc, kh, kw,
                                       reinterpret_cast<int8_t*>(packed.data()));
  } else {
    packed = pack_conv_u8(target_, weight, {oc, ic, kh, kw});
  }
  const TensorRecord& input = builder_.tensor(operands.x);
  const Quantization quantization{input.scale, input.zero};
  const ChannelTables tables =
      channel_tables(conv, quantization, builder_.tensor(operands.y), first, count);
  const size_t table_bytes = tables.scale.size() * sizeof(float);
  std::vector<std::byte> scales_and_pad(2 * table_bytes + static_cast<size_t>(rounded_up(ic, 64)),
                                        static_cast<std::byte>(input.zero));
  std::memcpy(scales_and_pad.data(), tables.scale.data(), table_bytes);
  std::memcpy(scales_and_pad.data() + table_bytes, tables.inverse.data(), table_bytes);
  if (!conv.pad.empty() && !depthwise) {
    std::memcpy(scales_and_pad.data() + 2 * table_bytes, conv.pad.data(), static_cast<size_t>(ic));
  }

  StepRecord& step =
      builder_.add_step(depthwise ? StepKind::kDepthwiseU8 : StepKind::kConvU8, node.name,
                        {{operands.x, -1, operands.residual}, {operands.y}});
  const kernels::ActivationParams activation = *activation_of(node);
  step.activation = static_cast<uint8_t>(activation.kind);
  step.alpha = activation.alpha;
  step.beta = activation.beta;
  step.data[0] = builder_.add_weights(std::span<const std::byte>(packed));
  step.data[1] = builder_.add_weights(std::span<const int32_t>(tables.bias));
  step.data[2] = builder_.add_weights(std::span<const std::byte>(scales_and_pad));
  set_step_fields(conv_fields(node), &step);
}

// Views where they may start there, else copies.
void Lowering::lower_channel_range_u8(const Node& node) {
  const bool views = outputs_are_views(node);
  int64_t first = node.op == Op::kSlice ? node.integers("starts")[1] : 0;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const int32_t y = output(node, i);
    const int64_t channels = shape(node.outputs[i])[1];
    if (!views) {
      std::vector<int32_t> index(static_cast<size_t>(channels));
      std::iota(index.begin(), index.end(), static_cast<int32_t>(first));
      StepRecord& step =
          builder_.add_step(StepKind::kCopyU8, node.name, {{native_tensor(node.inputs[0])}, {y}});
      step.data[0] = builder_.add_weights(std::span<const int32_t>(index));
      ++copies_;
    }
    first += channels;
  }
}

// Operators that keep the scale: concat of unplaced inputs, pooling, nearest resize, shuffles.
Status Lowering::lower_on_u8(const Node& node) {
  switch (node.op) {
    case Op::kSlice:
    case Op::kSplit:
      if (!is_channel_range(graph_, node)) break;
      lower_channel_range_u8(node);
      return {};
    case Op::kConcat: {
      if (node.integer("axis") != 1) break;
      const ValueView& whole = views_[static_cast<size_t>(node.outputs[0])];
      int64_t offset = 0;
      for (const ValueId input : node.inputs) {
        const int64_t channels = shape(input)[1];
        const ValueView& part = views_[static_cast<size_t>(input)];
        if (part.root != whole.root || part.channel != whole.channel + offset) {
          const int32_t x = PAWL_TRY(image_u8(node, input));
          const int32_t y = builder_.add_channel_range(output(node), offset, channels);
          builder_.add_step(StepKind::kCopyU8, node.name, {{x}, {y}});
          ++copies_;
        }
        offset += channels;
      }
      output(node);
      return {};
    }
    case Op::kGather: {
      const std::vector<int32_t> index = gather_index(node);
      StepRecord& step = builder_.add_step(StepKind::kCopyU8, node.name,
                                           {{native_tensor(node.inputs[0])}, {output(node)}});
      step.data[0] = builder_.add_weights(std::span<const int32_t>(index));
      ++copies_;
      return {};
    }
    case Op::kMaxPool: {
      StepRecord& step = builder_.add_step(StepKind::kMaxPoolU8, node.name,
                                           {{native_tensor(node.inputs[0])}, {output(node)}});
      set_step_fields(conv_fields(node), &step);
      return {};
    }
    case Op::kPad:
      if (node.text("mode") == "constant") {
        StepRecord& step = builder_.add_step(StepKind::kPadU8, node.name,
                                             {{native_tensor(node.inputs[0])}, {output(node)}});
        set_step_fields(pad_fields(node), &step);
        return {};
      }
      [[fallthrough]];
    case Op::kResize: {
      const std::vector<int32_t> table =
          node.op == Op::kPad ? pad_table(node) : PAWL_TRY(nearest_table(node));
      StepRecord& step = builder_.add_step(StepKind::kNearestU8, node.name,
                                           {{native_tensor(node.inputs[0])}, {output(node)}});
      step.data[0] = builder_.add_weights(std::span<const int32_t>(table));
      return {};
    }
    default:
      break;
  }
  if (const auto kind = rescaling_step(graph_, node)) return lower_rescaled(node, *kind);
  return unsupported(node, "it has no 8-bit form");
}

}  // namespace pawl::engine
