// Convolutions on NHWC images, float32.
#include <algorithm>
#include <vector>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"
#include "engine/plan/packing.h"
#include "kernels/conv.h"
#include "kernels/depthwise.h"
#include "kernels/panel.h"
#include "kernels/winograd.h"

namespace pawl::engine {
namespace {

// The bias of a convolution, or zeros, for outputs [first, first + count), padded to `padded`.
std::vector<float> bias_of(const Graph& graph, const Node& node, int64_t first, int64_t count,
                           int64_t padded) {
  std::vector<float> bias(static_cast<size_t>(padded), 0.0F);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    const std::span<const float> values = constant_floats(graph, node.inputs[2]);
    std::copy_n(values.begin() + first, count, bias.begin());
  }
  return bias;
}

// A 3x3 convolution of stride 1, large enough that fewer products pay for the transforms.
bool runs_as_winograd(const Graph& graph, const Node& node) {
  const std::vector<int64_t> ones = {1, 1};
  const std::vector<int64_t>& pads = node.integers("pads");
  if (node.integers("kernel") != std::vector<int64_t>{3, 3} || node.integers("strides") != ones ||
      node.integers("dilations") != ones || pads[0] > 2 || pads[1] > 2) {
    return false;
  }
  const Shape& out = graph.value(node.outputs[0]).shape;
  const Shape& in = graph.value(node.inputs[0]).shape;
  return kernels::winograd_wins(static_cast<int32_t>(out[1]), static_cast<int32_t>(in[1]),
                                static_cast<int32_t>(out[2]), static_cast<int32_t>(out[3]));
}

int64_t rounded_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

ConvFields conv_fields(const Node& node) {
  const std::vector<int64_t>& kernel = node.integers("kernel");
  const std::vector<int64_t>& strides = node.integers("strides");
  const std::vector<int64_t>& pads = node.integers("pads");
  const std::vector<int64_t>& dilations = node.integers("dilations");
  return ConvFields{.KH = kernel[0],
                    .KW = kernel[1],
                    .stride_h = strides[0],
                    .stride_w = strides[1],
                    .pad_top = pads[0],
                    .pad_left = pads[1],
                    .dilation_h = dilations[0],
                    .dilation_w = dilations[1]};
}

Status Lowering::lower_conv(const Node& node) {
  if (shape(node.inputs[0]).size() != 4) return unsupported(node, "only 2-D convolutions");
  if (constant_floats(graph_, node.inputs[1]).empty()) {
    return unsupported(node, "its weights are not constant");
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue &&
      constant_floats(graph_, node.inputs[2]).empty()) {
    return unsupported(node, "its bias is not constant");
  }
  if (!activation_of(node)) return unsupported(node, "its activation has no kernel");
  if (!window_fits(node)) return unsupported(node, kWindowTooLarge);
  const int32_t x = image(node.inputs[0]);
  const int32_t residual = node.inputs.size() > 3 ? image(node.inputs[3]) : -1;
  const int32_t y = output(node);
  const int64_t IC = shape(node.inputs[0])[1];
  const int64_t OC = shape(node.outputs[0])[1];
  const int64_t groups = node.integer("group");
  const Shape& w = shape(node.inputs[1]);
  builder_.add_multiply_adds(element_count(shape(node.outputs[0])) * w[1] * w[2] * w[3]);
  if (groups > 1 && groups == IC && groups == OC) {
    lower_depthwise(node, x, y, residual);
    return {};
  }
  if (groups == 1 && target_.winograd && runs_as_winograd(graph_, node)) {
    lower_winograd(node, x, y, residual);
    return {};
  }
  if (groups > 1 && !(channels_fit(IC / groups) && channels_fit(OC / groups))) {
    return unsupported(node, kGroupsUneven);
  }
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t ic = IC / groups;
    const int64_t oc = OC / groups;
    if (groups == 1) {
      lower_dense_conv(node, x, y, residual, 0, 1);
      break;
    }
    const int32_t part_residual =
        residual < 0 ? -1 : builder_.add_channel_range(residual, group * oc, oc);
    lower_dense_conv(node, builder_.add_channel_range(x, group * ic, ic),
                     builder_.add_channel_range(y, group * oc, oc), part_residual, group, groups);
  }
  return {};
}

void Lowering::lower_dense_conv(const Node& node, int32_t x, int32_t y, int32_t residual,
                                int64_t group, int64_t groups) {
  const Shape& w = shape(node.inputs[1]);
  const int64_t OC = w[0] / groups;
  const auto oc = static_cast<int32_t>(OC);
  const auto ic = static_cast<int32_t>(w[1]);
  const auto kh = static_cast<int32_t>(w[2]);
  const auto kw = static_cast<int32_t>(w[3]);
  const std::span<const float> weight = constant_floats(graph_, node.inputs[1]);
  const std::vector<std::byte> packed =
      pack_conv(target_, weight.data() + group * OC * w[1] * w[2] * w[3], {oc, ic, kh, kw});
  StepRecord& step = builder_.add_step(StepKind::kConv, node.name, {{x, -1, residual}, {y}});
  set_activation(*activation_of(node), &step);
  step.data[0] = builder_.add_weights(std::span<const std::byte>(packed));
  const std::vector<float> bias =
      bias_of(graph_, node, group * OC, OC, rounded_up(OC, kernels::kPanelChannels));
  step.data[1] = builder_.add_weights(std::span<const float>(bias));
  set_step_fields(conv_fields(node), &step);
}

void Lowering::lower_winograd(const Node& node, int32_t x, int32_t y, int32_t residual) {
  const Shape& w = shape(node.inputs[1]);
  const auto oc = static_cast<int32_t>(w[0]);
  const auto ic = static_cast<int32_t>(w[1]);
  std::vector<float> packed(kernels::packed_winograd_floats(oc, ic));
  kernels::pack_winograd_weights(constant_floats(graph_, node.inputs[1]).data(), oc, ic,
                                 packed.data());
  StepRecord& step = builder_.add_step(StepKind::kWinograd, node.name, {{x, -1, residual}, {y}});
  set_activation(*activation_of(node), &step);
  step.data[0] = builder_.add_weights(std::span<const float>(packed));
  const std::vector<float> bias =
      bias_of(graph_, node, 0, w[0], rounded_up(w[0], kernels::kPanelChannels));
  step.data[1] = builder_.add_weights(std::span<const float>(bias));
  const std::vector<int64_t>& pads = node.integers("pads");
  set_step_fields(WinogradFields{.pad_top = pads[0], .pad_left = pads[1]}, &step);
}

void Lowering::lower_depthwise(const Node& node, int32_t x, int32_t y, int32_t residual) {
  const Shape& w = shape(node.inputs[1]);
  const std::span<const float> weight = constant_floats(graph_, node.inputs[1]);
  std::vector<float> packed(weight.size());
  kernels::pack_depthwise_weights(weight.data(), static_cast<int32_t>(w[0]),
                                  static_cast<int32_t>(w[2]), static_cast<int32_t>(w[3]),
                                  packed.data());
  StepRecord& step = builder_.add_step(StepKind::kDepthwise, node.name, {{x, -1, residual}, {y}});
  set_activation(*activation_of(node), &step);
  step.data[0] = builder_.add_weights(std::span<const float>(packed));
  const std::vector<float> bias = bias_of(graph_, node, 0, w[0], w[0]);
  step.data[1] = builder_.add_weights(std::span<const float>(bias));
  set_step_fields(conv_fields(node), &step);
}

// Kernel equal to stride and no padding (YOLOv6, YOLO-NAS): a 1x1 convolution to k*k*OC channels,
// then every pixel's channels become a k x k block.
Status Lowering::lower_conv_transpose(const Node& node) {
  const std::vector<int64_t>& kernel = node.integers("kernel");
  const std::vector<int64_t>& pads = node.integers("pads");
  const std::vector<int64_t>& extra = node.integers("output_padding");
  const std::vector<int64_t>& spread = node.integers("dilations");
  const bool zero = std::all_of(pads.begin(), pads.end(), [](int64_t p) { return p == 0; }) &&
                    std::all_of(extra.begin(), extra.end(), [](int64_t p) { return p == 0; }) &&
                    std::all_of(spread.begin(), spread.end(), [](int64_t d) { return d == 1; });
  const std::span<const float> weight = constant_floats(graph_, node.inputs[1]);
  if (kernel != node.integers("strides") || !zero || node.integer("group") != 1 || weight.empty()) {
    return unsupported(node, "only kernel == stride, no padding or dilation, one group");
  }
  const Shape& in = shape(node.inputs[0]);
  const int64_t IC = in[1];
  const int64_t H = in[2];
  const int64_t W = in[3];
  const int64_t OC = shape(node.outputs[0])[1];
  const int64_t KH = kernel[0];
  const int64_t KW = kernel[1];
  const int64_t wide = KH * KW * OC;
  // (IC, OC, KH, KW) -> output channel (ky, kx, oc) by input channel.
  std::vector<float> turned(static_cast<size_t>(wide * IC));
  std::vector<float> bias(static_cast<size_t>(rounded_up(wide, kernels::kPanelChannels)), 0.0F);
  const std::vector<float> one = bias_of(graph_, node, 0, OC, OC);
  for (int64_t k = 0; k < KH * KW; ++k) {
    for (int64_t oc = 0; oc < OC; ++oc) {
      bias[static_cast<size_t>(k * OC + oc)] = one[static_cast<size_t>(oc)];
      for (int64_t ic = 0; ic < IC; ++ic) {
        turned[static_cast<size_t>((k * OC + oc) * IC + ic)] =
            weight[static_cast<size_t>((ic * OC + oc) * KH * KW + k)];
      }
    }
  }
  const std::vector<std::byte> packed = pack_conv(
      target_, turned.data(), {static_cast<int32_t>(wide), static_cast<int32_t>(IC), 1, 1});
  const int32_t x = image(node.inputs[0]);
  const int32_t y = output(node);
  const int32_t blocks = builder_.add_image(node.name + ".blocks", {1, wide, H, W});
  const int64_t block_pixel = builder_.tensor(blocks).pixel_stride;
  StepRecord& step = builder_.add_step(StepKind::kConv, node.name, {{x}, {blocks}});
  step.data[0] = builder_.add_weights(std::span<const std::byte>(packed));
  step.data[1] = builder_.add_weights(std::span<const float>(bias));
  set_step_fields(ConvFields{1, 1, 1, 1, 0, 0, 1, 1}, &step);
  builder_.add_multiply_adds(H * W * wide * IC);
  const int64_t pixel = builder_.tensor(y).pixel_stride;
  add_copy(node.name, blocks, y,
           CopyFields{.extent = {1, H, KH, W, KW, OC},
                      .x_stride = {0, W * block_pixel, KW * OC, block_pixel, OC, 1},
                      .y_stride = {0, KH * W * KW * pixel, W * KW * pixel, KW * pixel, pixel, 1},
                      .x_start = 0,
                      .y_start = 0});
  return {};
}

}  // namespace pawl::engine
