#include <algorithm>
#include <array>

#include "engine/graph/inference.h"
#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

// strides, dilations, pads and kernel of a window over H and W, every default filled in.
struct WindowAttributes {
  std::array<int64_t, 2> kernel = {1, 1};
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 2> dilations = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};
  std::string auto_pad;

  Window window(size_t dimension) const {
    return {kernel[dimension], strides[dimension], dilations[dimension], pads[dimension],
            pads[dimension + 2]};
  }
  Attributes attributes() const {
    return {{"kernel", std::vector<int64_t>(kernel.begin(), kernel.end())},
            {"strides", std::vector<int64_t>(strides.begin(), strides.end())},
            {"dilations", std::vector<int64_t>(dilations.begin(), dilations.end())},
            {"pads", std::vector<int64_t>(pads.begin(), pads.end())}};
  }
};

template <size_t N>
Status read_array(NodeImport& in, const char* name, int64_t least, std::array<int64_t, N>* to) {
  if (!in.has_attribute(name)) return {};
  const std::vector<int64_t> values = PAWL_TRY(in.integers(name));
  bool fits = values.size() == N;
  for (const int64_t value : values) fits = fits && value >= least && value <= kWindowMax;
  if (!fits) {
    return in.malformed("attribute \"" + std::string(name) + "\" needs " + std::to_string(N) +
                        " values from " + std::to_string(least) + " to " +
                        std::to_string(kWindowMax));
  }
  std::copy(values.begin(), values.end(), to->begin());
  return {};
}

// `kernel` is what the attribute is to be if the weights say it already.
Result<WindowAttributes> read_window(NodeImport& in, ValueId x, const Shape* weight) {
  if (in.rank(x) != 4) {
    return in.unsupported("the input has the shape " + to_string(in.shape(x)) +
                          "; only two spatial dimensions are supported");
  }
  WindowAttributes window;
  PAWL_TRY(read_array(in, "strides", 1, &window.strides));
  PAWL_TRY(read_array(in, "dilations", 1, &window.dilations));
  PAWL_TRY(read_array(in, "pads", 0, &window.pads));
  if (weight != nullptr) {
    if (weight->size() != 4) {
      return in.malformed("the weights have the shape " + to_string(*weight));
    }
    window.kernel = {(*weight)[2], (*weight)[3]};
  } else if (!in.has_attribute("kernel_shape")) {
    return in.malformed("attribute \"kernel_shape\" is missing");
  }
  const std::array<int64_t, 2> implied = window.kernel;
  PAWL_TRY(read_array(in, "kernel_shape", 1, &window.kernel));
  if (weight != nullptr && window.kernel != implied) {
    return in.malformed("attribute \"kernel_shape\" differs from the weights of shape " +
                        to_string(*weight));
  }
  for (const int64_t extent : window.kernel) {
    if (extent < 1 || extent > kWindowMax) return in.malformed("the kernel is out of range");
  }
  window.auto_pad = PAWL_TRY(in.text("auto_pad", "NOTSET"));
  const auto& mode = window.auto_pad;
  if (mode != "NOTSET" && mode != "VALID" && mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    return in.attribute_unsupported("auto_pad", "\"" + mode + "\"");
  }
  if (mode != "NOTSET") window.pads = {0, 0, 0, 0};
  return window;
}

// Divides `total` over both sides; the odd one goes to the end, or to the begin of SAME_LOWER.
void divide_pads(WindowAttributes* window, size_t dimension, int64_t total) {
  const int64_t less = total / 2;
  const bool lower = window->auto_pad == "SAME_LOWER";
  window->pads[dimension] = lower ? total - less : less;
  window->pads[dimension + 2] = lower ? less : total - less;
}

// SAME_*: as many outputs as strides begin inside the input.
void resolve_same_pads(WindowAttributes* window, const Shape& x) {
  if (window->auto_pad != "SAME_UPPER" && window->auto_pad != "SAME_LOWER") return;
  for (const size_t d : {size_t{0}, size_t{1}}) {
    const int64_t extent = x[2 + d];
    const int64_t out = (extent + window->strides[d] - 1) / window->strides[d];
    const int64_t needed = (out - 1) * window->strides[d] + window->window(d).span() - extent;
    divide_pads(window, d, std::max<int64_t>(needed, 0));
  }
}

// ceil_mode: one more window where the stride does not come out even, provided that it begins
// inside the input or its leading pad. Expressed by pads at the end.
Result<bool> extend_for_ceil(WindowAttributes* window, const Shape& x) {
  bool extended = false;
  for (const size_t d : {size_t{0}, size_t{1}}) {
    const Window along = window->window(d);
    const int64_t positions = PAWL_TRY(window_positions(x[2 + d], along));
    const int64_t next = positions * along.stride;  // where one more window would begin
    const int64_t slack = next + along.span() - (x[2 + d] + along.pad_begin + along.pad_end);
    const bool uneven = slack < along.stride;
    if (uneven && next < x[2 + d] + along.pad_begin) {
      window->pads[d + 2] += slack;
      extended = true;
    }
  }
  return extended;
}

}  // namespace

Status import_conv(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const ValueId weight = PAWL_TRY(in.input(1));
  WindowAttributes window = PAWL_TRY(read_window(in, x, &in.shape(weight)));
  resolve_same_pads(&window, in.shape(x));
  Attributes attributes = window.attributes();
  attributes["group"] = PAWL_TRY(in.integer("group", 1));
  std::vector<ValueId> inputs = {x, weight};
  if (in.has(2)) inputs.push_back(PAWL_TRY(in.input(2)));
  return in.finish(Op::kConv, std::move(inputs), std::move(attributes));
}

Status import_conv_transpose(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const ValueId weight = PAWL_TRY(in.input(1));
  WindowAttributes window = PAWL_TRY(read_window(in, x, &in.shape(weight)));
  std::array<int64_t, 2> output_padding = {0, 0};
  PAWL_TRY(read_array(in, "output_padding", 0, &output_padding));
  std::array<int64_t, 2> output_shape = {0, 0};
  PAWL_TRY(read_array(in, "output_shape", 1, &output_shape));
  const bool same = window.auto_pad == "SAME_UPPER" || window.auto_pad == "SAME_LOWER";
  for (const size_t d : {size_t{0}, size_t{1}}) {
    const int64_t extent = in.shape(x)[2 + d];
    if (same && output_shape[d] == 0) output_shape[d] = extent * window.strides[d];
    if (output_shape[d] == 0) continue;
    // The stated extent decides the pads.
    const int64_t unpadded =
        (extent - 1) * window.strides[d] + output_padding[d] + window.window(d).span();
    const int64_t surplus = unpadded - output_shape[d];
    if (surplus < 0) {
      return in.unsupported("an output extent of " + std::to_string(output_shape[d]) +
                            " where the windows cover " + std::to_string(unpadded));
    }
    // Without SAME_UPPER the odd pad goes to the begin.
    if (window.auto_pad != "SAME_UPPER") window.auto_pad = "SAME_LOWER";
    divide_pads(&window, d, surplus);
  }
  Attributes attributes = window.attributes();
  attributes["group"] = PAWL_TRY(in.integer("group", 1));
  attributes["output_padding"] = std::vector<int64_t>(output_padding.begin(), output_padding.end());
  std::vector<ValueId> inputs = {x, weight};
  if (in.has(2)) inputs.push_back(PAWL_TRY(in.input(2)));
  return in.finish(Op::kConvTranspose, std::move(inputs), std::move(attributes));
}

Status import_batch_normalization(NodeImport& in) {
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < 5; ++i) inputs.push_back(PAWL_TRY(in.input(i)));
  const float epsilon = PAWL_TRY(in.real("epsilon", 1e-5F));
  in.ignore("momentum");
  const int64_t training = PAWL_TRY(in.integer("training_mode", 0));
  if (training != 0) return in.attribute_unsupported("training_mode", std::to_string(training));
  const int64_t spatial = PAWL_TRY(in.integer("spatial", 1));
  if (spatial != 1) return in.attribute_unsupported("spatial", std::to_string(spatial));
  return in.finish(Op::kBatchNormalization, std::move(inputs), {{"epsilon", epsilon}});
}

Status import_pool(NodeImport& in) {
  const bool average = in.op_type() == "AveragePool";
  ValueId x = PAWL_TRY(in.input(0));
  WindowAttributes window = PAWL_TRY(read_window(in, x, nullptr));
  resolve_same_pads(&window, in.shape(x));
  const std::array<int64_t, 4> stated_pads = window.pads;
  const int64_t include = average ? PAWL_TRY(in.integer("count_include_pad", 0)) : 0;
  bool counted = include != 0 && stated_pads != std::array<int64_t, 4>{};
  const int64_t ceil_mode = PAWL_TRY(in.integer("ceil_mode", 0));
  const bool same = window.auto_pad == "SAME_UPPER" || window.auto_pad == "SAME_LOWER";
  if (ceil_mode != 0 && !same) {
    const bool extended = PAWL_TRY(extend_for_ceil(&window, in.shape(x)).context(in.describe()));
    // The stated pads are counted and what ceil_mode adds is not: the former become data.
    if (extended && counted) {
      const auto& p = stated_pads;
      const std::vector<int64_t> pads = {0, 0, p[0], p[1], 0, 0, p[2], p[3]};
      x = PAWL_TRY(in.emit(Op::kPad, {x},
                           {{"pads", pads}, {"mode", std::string("constant")}, {"value", 0.0F}}));
      window.pads = {0, 0, window.pads[2] - p[2], window.pads[3] - p[3]};
      counted = false;
    }
  }
  in.ignore("storage_order");  // of the indices output, which is not supported
  Attributes attributes = window.attributes();
  if (average) attributes["count_include_pad"] = int64_t{counted};
  return in.finish(average ? Op::kAveragePool : Op::kMaxPool, {x}, std::move(attributes));
}

Status import_global_pool(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < in.rank(x); ++axis) axes.push_back(axis);
  if (axes.empty()) return in.malformed("the input has no spatial dimensions");
  const Op op = in.op_type() == "GlobalMaxPool" ? Op::kReduceMax : Op::kReduceMean;
  return in.finish(op, {x}, {{"axes", axes}, {"keepdims", int64_t{1}}});
}

}  // namespace pawl::engine::onnx
