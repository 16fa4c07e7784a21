#include <algorithm>
#include <cmath>

#include "engine/graph/inference_rules.h"
#include "engine/graph/resampling.h"

namespace pawl::engine {

Result<int64_t> window_positions(int64_t in, const Window& window) {
  const auto out_of_range = [](int64_t number, int64_t least) {
    return number < least || number > kWindowMax;
  };
  if (out_of_range(window.kernel, 1)) {
    return inference::refused("kernel extent " + std::to_string(window.kernel) +
                              " is out of range");
  }
  if (out_of_range(window.stride, 1)) {
    return inference::refused("stride " + std::to_string(window.stride) + " is out of range");
  }
  if (out_of_range(window.dilation, 1)) {
    return inference::refused("dilation " + std::to_string(window.dilation) + " is out of range");
  }
  if (out_of_range(window.pad_begin, 0) || out_of_range(window.pad_end, 0)) {
    return inference::refused("pads " + std::to_string(window.pad_begin) + ", " +
                              std::to_string(window.pad_end) + " are out of range");
  }
  const int64_t padded = in + window.pad_begin + window.pad_end;
  if (in < 1 || window.span() > padded) {
    return inference::refused("a kernel spanning " + std::to_string(window.span()) +
                              " does not fit the padded input extent " + std::to_string(padded));
  }
  return (padded - window.span()) / window.stride + 1;
}

namespace inference {
namespace {

// The windows over H and W of a node with kernel, strides, pads and dilations.
struct Windows {
  Window h;
  Window w;
};

Result<Windows> windows_of(const Node& node) {
  const auto& kernel = node.integers("kernel");
  const auto& strides = node.integers("strides");
  const auto& pads = node.integers("pads");
  const auto& dilations = node.integers("dilations");
  if (kernel.size() != 2 || strides.size() != 2 || pads.size() != 4 || dilations.size() != 2) {
    return refused("kernel, strides, pads and dilations must be those of two dimensions");
  }
  return Windows{{kernel[0], strides[0], dilations[0], pads[0], pads[2]},
                 {kernel[1], strides[1], dilations[1], pads[1], pads[3]}};
}

Status require_rank_4(const Subject& subject, size_t index) {
  if (subject.rank(index) == 4) return {};
  return Error{Code::kUnsupported, "input " + std::to_string(index) + " has the shape " +
                                       to_string(subject.shape(index)) +
                                       "; only four dimensions are supported"};
}

Status require_vector(const Subject& subject, size_t index, int64_t length) {
  PAWL_TRY(require_dtype(subject, index, DType::kFloat32));
  if (subject.shape(index) == Shape{length}) return {};
  return refused("input " + std::to_string(index) + " has the shape " +
                 to_string(subject.shape(index)) + " instead of " + std::to_string(length));
}

// Weights and input of a convolution, up to the channel counts.
Status check_convolution(const Subject& subject) {
  for (const size_t index : {size_t{0}, size_t{1}}) {
    PAWL_TRY(require_dtype(subject, index, DType::kFloat32));
    PAWL_TRY(require_rank_4(subject, index));
    PAWL_TRY(require_not_empty(subject, index));
  }
  const Shape& weight = subject.shape(1);
  const auto& kernel = subject.node.integers("kernel");
  if (kernel.size() != 2 || kernel[0] != weight[2] || kernel[1] != weight[3]) {
    return refused("the kernel shape differs from the weights of shape " + to_string(weight));
  }
  const int64_t group = subject.node.integer("group");
  if (group < 1 || group > weight[0] || weight[0] % group != 0) {
    return refused("group " + std::to_string(group) + " does not divide the weights of shape " +
                   to_string(weight));
  }
  return {};
}

}  // namespace

Types conv(const Subject& subject) {
  PAWL_TRY(check_convolution(subject));
  const Shape& x = subject.shape(0);
  const Shape& weight = subject.shape(1);
  if (x[1] != weight[1] * subject.node.integer("group")) {
    return refused("input of shape " + to_string(x) + " does not fit the weights of shape " +
                   to_string(weight) + " in " + std::to_string(subject.node.integer("group")) +
                   " groups");
  }
  if (subject.has(2)) PAWL_TRY(require_vector(subject, 2, weight[0]));
  const Windows windows = PAWL_TRY(windows_of(subject.node));
  const int64_t oh = PAWL_TRY(window_positions(x[2], windows.h));
  const int64_t ow = PAWL_TRY(window_positions(x[3], windows.w));
  const Shape y = {x[0], weight[0], oh, ow};
  if (subject.has(3) && subject.shape(3) != y) {
    return refused("the residual of shape " + to_string(subject.shape(3)) +
                   " differs from the output of shape " + to_string(y));
  }
  return std::vector<ValueType>{{DType::kFloat32, y}};
}

Types conv_transpose(const Subject& subject) {
  PAWL_TRY(check_convolution(subject));
  const Shape& x = subject.shape(0);
  const Shape& weight = subject.shape(1);
  if (x[1] != weight[0]) {
    return refused("input of shape " + to_string(x) + " does not fit the weights of shape " +
                   to_string(weight));
  }
  const int64_t group = subject.node.integer("group");
  if (weight[1] > kTensorBytesMax / group) return refused("too many output channels");
  const int64_t channels = weight[1] * group;
  if (subject.has(2)) PAWL_TRY(require_vector(subject, 2, channels));
  const Windows windows = PAWL_TRY(windows_of(subject.node));
  const auto& output_padding = subject.node.integers("output_padding");
  if (output_padding.size() != 2) return refused("output_padding must have two values");
  Shape y = {x[0], channels, 0, 0};
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const Window& window = i == 0 ? windows.h : windows.w;
    // Only the ranges are of interest here: any extent fits this input.
    PAWL_TRY(window_positions(kTensorBytesMax * 2048, window));
    if (output_padding[i] < 0 || output_padding[i] >= std::max(window.stride, window.dilation)) {
      return refused("output_padding " + std::to_string(output_padding[i]) +
                     " must be below the stride");
    }
    y[2 + i] = (x[2 + i] - 1) * window.stride + window.span() + output_padding[i] -
               window.pad_begin - window.pad_end;
    if (y[2 + i] < 1) return refused("the pads leave nothing of the output");
  }
  return std::vector<ValueType>{{DType::kFloat32, y}};
}

Types batch_normalization(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  if (subject.rank(0) < 2) return refused("the input has no channel dimension");
  for (size_t i = 1; i < 5; ++i) PAWL_TRY(require_vector(subject, i, subject.shape(0)[1]));
  return std::vector<ValueType>{{DType::kFloat32, subject.shape(0)}};
}

Types pool(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_rank_4(subject, 0));
  const Windows windows = PAWL_TRY(windows_of(subject.node));
  const Shape& x = subject.shape(0);
  Shape y = x;
  y[2] = PAWL_TRY(window_positions(x[2], windows.h));
  y[3] = PAWL_TRY(window_positions(x[3], windows.w));
  for (const Window& window : {windows.h, windows.w}) {
    if (window.pad_begin >= window.span() || window.pad_end >= window.span()) {
      return refused("pads of the extent of the kernel make windows of nothing but padding");
    }
  }
  return std::vector<ValueType>{{DType::kFloat32, y}};
}

Types resize(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_not_empty(subject, 0));
  PAWL_CHECK(subject.extents != nullptr);
  const Shape& x = subject.shape(0);
  const Shape& y = *subject.extents;
  const auto& scales = subject.node.reals("scales");
  if (scales.size() != x.size() || y.size() != x.size()) {
    return refused("one scale a dimension is needed, and " + std::to_string(scales.size()) +
                   " are given");
  }
  const std::string& mode = subject.node.text("mode");
  if (mode != "nearest" && mode != "linear") return refused("unknown mode \"" + mode + "\"");
  Coordinate coordinate;
  Nearest nearest;
  if (!parse_coordinate(subject.node.text("coordinate"), &coordinate) ||
      !parse_nearest(subject.node.text("nearest"), &nearest)) {
    return refused("unknown coordinate or rounding mode");
  }
  for (size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(scales[i]) || scales[i] <= 0 || y[i] < 1) {
      return refused("scale " + std::to_string(scales[i]) + " leaves nothing of extent " +
                     std::to_string(x[i]));
    }
    if (mode == "linear" && i + 2 < x.size() && y[i] != x[i]) {
      return Error{Code::kUnsupported,
                   "linear interpolation is supported over the last two dimensions only"};
    }
  }
  return std::vector<ValueType>{{DType::kFloat32, y}};
}

Types focus(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_rank_4(subject, 0));
  const Shape& x = subject.shape(0);
  const auto& order = subject.node.integers("order");
  const bool offsets = std::all_of(order.begin(), order.end(),
                                   [](int64_t offset) { return offset == 0 || offset == 1; });
  if (order.size() != 8 || !offsets) return refused("order must be four pairs of 0 and 1");
  if (x[2] % 2 != 0 || x[3] % 2 != 0) {
    return refused("the extents of " + to_string(x) + " are not even");
  }
  return std::vector<ValueType>{{DType::kFloat32, {x[0], x[1] * 4, x[2] / 2, x[3] / 2}}};
}

Types attention(const Subject& subject) {
  PAWL_TRY(require_dtype(subject, 0, DType::kFloat32));
  PAWL_TRY(require_rank_4(subject, 0));
  const Shape& x = subject.shape(0);
  const int64_t heads = subject.node.integer("heads");
  const int64_t areas = subject.node.integer("areas");
  const int64_t key = subject.node.integer("key");
  const int64_t value = subject.node.integer("value");
  const auto& first = subject.node.integers("first");
  const auto& step = subject.node.integers("step");
  const auto in_range = [&x](int64_t number, int64_t least) {
    return number >= least && number <= x[1];
  };
  if (!in_range(heads, 1) || !in_range(key, 1) || !in_range(value, 1) || first.size() != 3 ||
      step.size() != 3) {
    return refused("heads, key and value must be those of " + std::to_string(x[1]) + " channels");
  }
  for (const size_t i : {size_t{0}, size_t{1}, size_t{2}}) {
    const int64_t extent = i == 2 ? value : key;
    if (!in_range(first[i], 0) || !in_range(step[i], 0) ||
        first[i] + (heads - 1) * step[i] + extent > x[1]) {
      return refused("a head reads more than the " + std::to_string(x[1]) + " channels");
    }
  }
  if (areas < 1 || x[2] * x[3] % areas != 0) {
    return refused(std::to_string(areas) + " areas do not divide the pixels of " + to_string(x));
  }
  return std::vector<ValueType>{{DType::kFloat32, {x[0], heads * value, x[2], x[3]}}};
}

}  // namespace inference
}  // namespace pawl::engine
