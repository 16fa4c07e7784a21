// Nodes on NHWC images.
#include <algorithm>
#include <vector>

#include "engine/graph/resampling.h"
#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"
#include "kernels/conv.h"
#include "kernels/depthwise.h"
#include "kernels/pool.h"
#include "kernels/resize.h"
#include "kernels/winograd.h"

namespace pawl::engine {
namespace {

void set_activation(const kernels::ActivationParams& activation, StepRecord* step) {
  step->activation = static_cast<uint8_t>(activation.kind);
  step->alpha = activation.alpha;
  step->beta = activation.beta;
}

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

constexpr const char* kWindowTooLarge = "a window, stride or pad of more than 256";

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

Status Lowering::lower_on_images(const Node& node) {
  switch (node.op) {
    case Op::kConv:
      return lower_conv(node);
    case Op::kConvTranspose:
      return lower_conv_transpose(node);
    case Op::kMaxPool:
    case Op::kAveragePool:
    case Op::kReduceMean:
      return lower_pool(node);
    case Op::kResize:
      return lower_resize(node);
    case Op::kPad:
      lower_image_pad(node);
      return {};
    case Op::kSlice:
    case Op::kSplit:
      return lower_image_slice(node);
    case Op::kConcat:
      lower_image_concat(node);
      return {};
    case Op::kGather:
      lower_channel_gather(node);
      return {};
    case Op::kFocus:
      lower_focus(node);
      return {};
    case Op::kDepthToSpace:
    case Op::kSpaceToDepth:
      lower_blocks(node, image(node.inputs[0]));
      return {};
    case Op::kAttention:
      lower_attention(node);
      return {};
    default:
      break;
  }
  if (node.inputs.size() == 1) {
    lower_image_unary(node);
  } else {
    lower_image_binary(node);
  }
  return {};
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
  if (groups == 1 && runs_as_winograd(graph_, node)) {
    lower_winograd(node, x, y, residual);
    return {};
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
  std::vector<float> packed(kernels::packed_conv_floats(oc, ic, kh, kw));
  kernels::pack_conv_weights(weight.data() + group * OC * w[1] * w[2] * w[3], oc, ic, kh, kw,
                             packed.data());
  StepRecord& step = builder_.add_step(StepKind::kConv, node.name, {{x, -1, residual}, {y}});
  set_activation(*activation_of(node), &step);
  step.data[0] = builder_.add_weights(std::span<const float>(packed));
  const std::vector<float> bias =
      bias_of(graph_, node, group * OC, OC, rounded_up(OC, kernels::kConvBlock));
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
      bias_of(graph_, node, 0, w[0], rounded_up(w[0], kernels::kWinogradBlock));
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
// then every pixel's channels are dealt out to a k x k block.
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
  std::vector<float> bias(static_cast<size_t>(rounded_up(wide, kernels::kConvBlock)), 0.0F);
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
  std::vector<float> packed(
      kernels::packed_conv_floats(static_cast<int32_t>(wide), static_cast<int32_t>(IC), 1, 1));
  kernels::pack_conv_weights(turned.data(), static_cast<int32_t>(wide), static_cast<int32_t>(IC), 1,
                             1, packed.data());
  const int32_t x = image(node.inputs[0]);
  const int32_t y = output(node);
  const int32_t blocks = builder_.add_image(node.name + ".blocks", wide, H, W,
                                            builder_.add_buffer(H * W * wide), 0, wide);
  StepRecord& step = builder_.add_step(StepKind::kConv, node.name, {{x}, {blocks}});
  step.data[0] = builder_.add_weights(std::span<const float>(packed));
  step.data[1] = builder_.add_weights(std::span<const float>(bias));
  set_step_fields(ConvFields{1, 1, 1, 1, 0, 0, 1, 1}, &step);
  builder_.add_multiply_adds(H * W * wide * IC);
  const int64_t pixel = builder_.tensor(y).pixel_stride;
  add_copy(node.name, blocks, y,
           CopyFields{.extent = {1, H, KH, W, KW, OC},
                      .x_stride = {0, W * wide, KW * OC, wide, OC, 1},
                      .y_stride = {0, KH * W * KW * pixel, W * KW * pixel, KW * pixel, pixel, 1},
                      .x_start = 0,
                      .y_start = 0});
  return {};
}

// Of MaxPool and AveragePool, and of ReduceMean over all pixels.
PoolFields Lowering::pool_fields(const Node& node) const {
  PoolFields fields{};
  fields.kind = static_cast<int64_t>(node.op == Op::kMaxPool ? kernels::PoolKind::kMax
                                                             : kernels::PoolKind::kAverage);
  if (node.op == Op::kReduceMean) {
    const Shape& in = shape(node.inputs[0]);
    fields.KH = in[2];
    fields.KW = in[3];
    fields.stride_h = fields.stride_w = 1;
    fields.dilation_h = fields.dilation_w = 1;
    return fields;
  }
  const ConvFields window = conv_fields(node);
  fields.count_padding = node.op == Op::kAveragePool ? node.integer("count_include_pad") : 0;
  fields.KH = window.KH;
  fields.KW = window.KW;
  fields.stride_h = window.stride_h;
  fields.stride_w = window.stride_w;
  fields.pad_top = window.pad_top;
  fields.pad_left = window.pad_left;
  fields.dilation_h = window.dilation_h;
  fields.dilation_w = window.dilation_w;
  return fields;
}

Status Lowering::lower_pool(const Node& node) {
  if (shape(node.inputs[0]).size() != 4) return unsupported(node, "only 2-D pooling");
  if (node.op != Op::kReduceMean && !window_fits(node)) return unsupported(node, kWindowTooLarge);
  StepRecord& step =
      builder_.add_step(StepKind::kPool, node.name, {{image(node.inputs[0])}, {output(node)}});
  set_step_fields(pool_fields(node), &step);
  return {};
}

Status Lowering::lower_resize(const Node& node) {
  const Shape& in = shape(node.inputs[0]);
  const Shape& out = shape(node.outputs[0]);
  const std::vector<float>& scales = node.reals("scales");
  const bool linear = node.text("mode") == "linear";
  Coordinate coordinate{};
  Nearest nearest{};
  if (!parse_coordinate(node.text("coordinate"), &coordinate) ||
      (!linear && !parse_nearest(node.text("nearest"), &nearest)) ||
      (!linear && node.text("mode") != "nearest")) {
    return unsupported(node,
                       "mode " + node.text("mode") + ", coordinates " + node.text("coordinate"));
  }
  std::vector<int32_t> table;
  for (const size_t axis : {size_t{2}, size_t{3}}) {
    const ResampledAxis along{in[axis], out[axis], scales[axis], coordinate};
    std::vector<int32_t> low, high, blend;
    for (int64_t i = 0; i < out[axis]; ++i) {
      if (linear) {
        const LinearTap tap = linear_tap(along, i);
        low.push_back(static_cast<int32_t>(tap.low));
        high.push_back(static_cast<int32_t>(tap.high));
        int32_t bits = 0;
        std::memcpy(&bits, &tap.weight, sizeof(bits));
        blend.push_back(bits);
      } else {
        low.push_back(static_cast<int32_t>(nearest_index(along, nearest, i)));
        high.push_back(low.back());
        blend.push_back(0);
      }
    }
    for (const std::vector<int32_t>* part : {&low, &high, &blend}) {
      table.insert(table.end(), part->begin(), part->end());
    }
  }
  StepRecord& step =
      builder_.add_step(StepKind::kResize, node.name, {{image(node.inputs[0])}, {output(node)}});
  step.data[0] = builder_.add_weights(std::span<const int32_t>(table));
  set_step_fields(ResizeFields{static_cast<int64_t>(linear ? kernels::ResizeKind::kLinear
                                                           : kernels::ResizeKind::kNearest)},
                  &step);
  return {};
}

// A resize step that copies pixels: y[oy,ox] = x[row[oy],col[ox]].
void Lowering::add_nearest(const Node& node, int32_t x,
                           const std::vector<int32_t>& rows_and_columns) {
  const auto rows = static_cast<size_t>(shape(node.outputs[0])[2]);
  const auto columns = rows_and_columns.begin() + static_cast<ptrdiff_t>(rows);
  std::vector<int32_t> table;
  for (const auto& [begin, end] :
       {std::pair(rows_and_columns.begin(), columns), std::pair(columns, rows_and_columns.end())}) {
    table.insert(table.end(), begin, end);
    table.insert(table.end(), begin, end);
    table.insert(table.end(), static_cast<size_t>(end - begin), 0);  // no blending
  }
  StepRecord& step = builder_.add_step(StepKind::kResize, node.name, {{x}, {output(node)}});
  step.data[0] = builder_.add_weights(std::span<const int32_t>(table));
  set_step_fields(ResizeFields{static_cast<int64_t>(kernels::ResizeKind::kNearest)}, &step);
}

Result<std::vector<int32_t>> Lowering::nearest_table(const Node& node) const {
  const Shape& in = shape(node.inputs[0]);
  const Shape& out = shape(node.outputs[0]);
  Coordinate coordinate{};
  Nearest nearest{};
  if (node.text("mode") != "nearest" || !parse_coordinate(node.text("coordinate"), &coordinate) ||
      !parse_nearest(node.text("nearest"), &nearest)) {
    return unsupported(node, "it has no 8-bit form");
  }
  std::vector<int32_t> table;
  for (const size_t axis : {size_t{2}, size_t{3}}) {
    const ResampledAxis along{in[axis], out[axis], node.reals("scales")[axis], coordinate};
    for (int64_t i = 0; i < out[axis]; ++i) {
      table.push_back(static_cast<int32_t>(nearest_index(along, nearest, i)));
    }
  }
  return table;
}

// Channel ranges are views and cost nothing; any other slice or split is a copy.
Status Lowering::lower_image_slice(const Node& node) {
  if (is_channel_range(graph_, node)) {
    for (size_t i = 0; i < node.outputs.size(); ++i) output(node, i);
    return {};
  }
  const int32_t x = image(node.inputs[0]);
  const int64_t x_pixel = builder_.tensor(x).pixel_stride;
  const int64_t width = shape(node.inputs[0])[3];
  int64_t start = 0;  // of a split, along its axis
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Shape& out = shape(node.outputs[i]);
    const int32_t y = output(node, i);
    const int64_t y_pixel = builder_.tensor(y).pixel_stride;
    std::vector<int64_t> starts(4, 0);
    std::vector<int64_t> steps(4, 1);
    if (node.op == Op::kSlice) {
      starts = node.integers("starts");
      steps = node.integers("steps");
    } else {
      const auto axis = static_cast<size_t>(node.integer("axis"));
      starts[axis] = start;
      start += out[axis];
    }
    add_copy(
        node.name, x, y,
        CopyFields{.extent = {1, 1, 1, out[2], out[3], out[1]},
                   .x_stride = {0, 0, 0, steps[2] * width * x_pixel, steps[3] * x_pixel, steps[1]},
                   .y_stride = {0, 0, 0, out[3] * y_pixel, y_pixel, 1},
                   .x_start = (starts[2] * width + starts[3]) * x_pixel + starts[1],
                   .y_start = 0});
  }
  return {};
}

void Lowering::lower_image_concat(const Node& node) {
  const int64_t axis = node.integer("axis");
  const int32_t y = output(node);
  const int64_t y_pixel = builder_.tensor(y).pixel_stride;
  const int64_t width = shape(node.outputs[0])[3];
  const ValueView& whole = views_[static_cast<size_t>(node.outputs[0])];
  int64_t offset = 0;
  for (const ValueId input : node.inputs) {
    const Shape& in = shape(input);
    const ValueView& part = views_[static_cast<size_t>(input)];
    const bool in_place =
        axis == 1 && part.nhwc && part.root == whole.root && part.channel == whole.channel + offset;
    if (!in_place) {
      const int32_t x = image(input);
      const int64_t x_pixel = builder_.tensor(x).pixel_stride;
      const int64_t start[4] = {0, offset, offset * width * y_pixel, offset * y_pixel};
      add_copy(node.name, x, y,
               CopyFields{.extent = {1, 1, 1, in[2], in[3], in[1]},
                          .x_stride = {0, 0, 0, in[3] * x_pixel, x_pixel, 1},
                          .y_stride = {0, 0, 0, width * y_pixel, y_pixel, 1},
                          .x_start = 0,
                          .y_start = start[axis]});
    }
    offset += in[static_cast<size_t>(axis)];
  }
}

std::vector<int32_t> Lowering::gather_index(const Node& node) const {
  const std::span<const int64_t> indices = graph_.value(node.inputs[1]).constant->as<int64_t>();
  const int64_t channels = shape(node.inputs[0])[1];
  std::vector<int32_t> index;
  for (const int64_t i : indices) index.push_back(static_cast<int32_t>(i < 0 ? i + channels : i));
  return index;
}

void Lowering::lower_channel_gather(const Node& node) {
  const std::vector<int32_t> index = gather_index(node);
  StepRecord& step =
      builder_.add_step(StepKind::kGather, node.name, {{image(node.inputs[0])}, {output(node)}});
  step.data[0] = builder_.add_weights(std::span<const int32_t>(index));
  ++copies_;
}

void Lowering::lower_focus(const Node& node) {
  const std::vector<int64_t>& order = node.integers("order");
  StepRecord& step =
      builder_.add_step(StepKind::kFocus, node.name, {{image(node.inputs[0])}, {output(node)}});
  FocusFields fields{};
  for (size_t g = 0; g < 4; ++g) {
    fields.dy[g] = order[2 * g];
    fields.dx[g] = order[2 * g + 1];
  }
  set_step_fields(fields, &step);
}

void Lowering::lower_image_unary(const Node& node) {
  StepRecord& step =
      builder_.add_step(StepKind::kUnary, node.name, {{image(node.inputs[0])}, {output(node)}});
  set_activation(*activation_of(node), &step);
}

void Lowering::lower_image_binary(const Node& node) {
  const Shape& out = shape(node.outputs[0]);
  // The operand that is not a full image goes second: one number a channel.
  const bool swap = shape(node.inputs[0]) != out;
  const ValueId a = node.inputs[swap ? 1 : 0];
  const ValueId b = node.inputs[swap ? 0 : 1];
  int32_t operand = -1;
  if (graph_.value(b).constant) {
    const std::vector<float> channels = per_channel(graph_, b, out[1], out.size());
    operand = builder_.add_constant_pixel(graph_.value(b).name, channels);
  } else {
    operand = image(b);
  }
  StepRecord& step =
      builder_.add_step(StepKind::kBinary, node.name, {{image(a), operand}, {output(node)}});
  set_step_fields(OpFields{static_cast<int64_t>(*pixelwise_op(node.op))}, &step);
}

}  // namespace pawl::engine
