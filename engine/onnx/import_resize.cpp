#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/graph/inference.h"
#include "engine/graph/resampling.h"
#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

// Scales and output extents of all dimensions.
struct Target {
  std::vector<float> scales;
  Shape extents;
};

Result<int64_t> scaled_extent(const NodeImport& in, int64_t extent, float scale) {
  const double scaled = std::floor(static_cast<double>(extent) * static_cast<double>(scale));
  if (!std::isfinite(scaled) || scaled < 1 || scaled > static_cast<double>(kTensorBytesMax)) {
    return in.malformed("scale " + std::to_string(scale) + " of extent " + std::to_string(extent) +
                        " is out of range");
  }
  return static_cast<int64_t>(scaled);
}

// Upsample and the Resize of opset 10 name no rounding. Runtimes took floor when enlarging and ceil
// when shrinking.
Result<std::string> first_rounding(const NodeImport& in, const Target& target) {
  const auto [least, most] = std::minmax_element(target.scales.begin(), target.scales.end());
  if (least == target.scales.end() || *least >= 1) return std::string("floor");
  if (*most <= 1) return std::string("ceil");
  return in.unsupported("scales below and above 1 together, before opset 11");
}

// `axes` are the dimensions that `scales` are of; the others do not change.
Result<Target> target_from_scales(const NodeImport& in, const Shape& x,
                                  const std::vector<int64_t>& axes,
                                  const std::vector<float>& scales) {
  if (scales.size() != axes.size()) {
    return in.malformed(std::to_string(scales.size()) + " scales for " +
                        std::to_string(axes.size()) + " dimensions");
  }
  Target target{std::vector<float>(x.size(), 1.0F), x};
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t d = static_cast<size_t>(axes[i]);
    target.scales[d] = scales[i];
    target.extents[d] = PAWL_TRY(scaled_extent(in, x[d], scales[i]));
  }
  return target;
}

Result<Target> target_from_sizes(const NodeImport& in, const Shape& x,
                                 const std::vector<int64_t>& axes,
                                 const std::vector<int64_t>& sizes, const std::string& policy) {
  if (sizes.size() != axes.size()) {
    return in.malformed(std::to_string(sizes.size()) + " sizes for " + std::to_string(axes.size()) +
                        " dimensions");
  }
  Target target{std::vector<float>(x.size(), 1.0F), x};
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t d = static_cast<size_t>(axes[i]);
    if (sizes[i] < 1 || sizes[i] > kTensorBytesMax || x[d] < 1) {
      return in.malformed("size " + std::to_string(sizes[i]) + " is out of range");
    }
    target.extents[d] = sizes[i];
    target.scales[d] = static_cast<float>(sizes[i]) / static_cast<float>(x[d]);
  }
  if (policy == "stretch" || axes.empty()) return target;
  // One scale for all the dimensions: the least or the largest of them.
  float scale = target.scales[static_cast<size_t>(axes[0])];
  for (const int64_t axis : axes) {
    const float other = target.scales[static_cast<size_t>(axis)];
    scale = policy == "not_larger" ? std::min(scale, other) : std::max(scale, other);
  }
  for (const int64_t axis : axes) {
    const size_t d = static_cast<size_t>(axis);
    target.scales[d] = scale;
    target.extents[d] = std::max<int64_t>(1, std::lround(scale * static_cast<float>(x[d])));
  }
  return target;
}

bool exact(const Target& target, const Shape& x) {
  for (size_t d = 0; d < x.size(); ++d) {
    if (target.scales[d] * static_cast<float>(x[d]) != static_cast<float>(target.extents[d])) {
      return false;
    }
  }
  return true;
}

Status finish_resize(NodeImport& in, ValueId x, const Target& target, const std::string& mode,
                     const std::string& coordinate, const std::string& nearest) {
  return in.finish(
      Op::kResize, {x},
      {{"scales", target.scales}, {"mode", mode}, {"coordinate", coordinate}, {"nearest", nearest}},
      &target.extents);
}

Result<std::vector<int64_t>> read_axes(NodeImport& in, ValueId x) {
  std::vector<int64_t> axes(static_cast<size_t>(in.rank(x)));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  if (in.has_attribute("axes")) axes = PAWL_TRY(in.integers("axes"));
  for (int64_t& axis : axes) axis = PAWL_TRY(in.resolve_axis(axis, in.rank(x)));
  return axes;
}

Result<Target> read_target(NodeImport& in, ValueId x) {
  const std::vector<int64_t> axes = PAWL_TRY(read_axes(in, x));
  const std::string policy = PAWL_TRY(in.text("keep_aspect_ratio_policy", "stretch"));
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller") {
    return in.attribute_unsupported("keep_aspect_ratio_policy", "\"" + policy + "\"");
  }
  // Opset 10 has (x, scales); from 11 on it is (x, roi, scales, sizes). Exporters leave an unused
  // one out, nameless, or empty.
  const size_t scales_at = in.opset() < 11 ? 1 : 2;
  if (in.has(scales_at)) {
    const std::vector<float> scales = PAWL_TRY(in.constant_reals(scales_at, "scales"));
    if (!scales.empty()) return target_from_scales(in, in.shape(x), axes, scales);
  }
  if (in.opset() < 11 || !in.has(3)) return in.malformed("neither scales nor sizes are given");
  const std::vector<int64_t> sizes = PAWL_TRY(in.constant_integers(3, "sizes"));
  return target_from_sizes(in, in.shape(x), axes, sizes, policy);
}

}  // namespace

Status import_resize(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const std::string mode = PAWL_TRY(in.text("mode", "nearest"));
  if (mode != "nearest" && mode != "linear") {
    return in.attribute_unsupported("mode", "\"" + mode + "\"");
  }
  const bool first_form = in.opset() < 11;
  std::string coordinate =
      PAWL_TRY(in.text("coordinate_transformation_mode", first_form ? "asymmetric" : "half_pixel"));
  std::string nearest = PAWL_TRY(in.text("nearest_mode", "round_prefer_floor"));
  in.ignore("cubic_coeff_a");
  in.ignore("extrapolation_value");  // of tf_crop_and_resize
  const Target target = PAWL_TRY(read_target(in, x));
  if (first_form) nearest = PAWL_TRY(first_rounding(in, target));

  // The symmetric form differs only where the extent was rounded.
  if (coordinate == "half_pixel_symmetric" && exact(target, in.shape(x))) coordinate = "half_pixel";
  Coordinate parsed;
  if (!parse_coordinate(coordinate, &parsed)) {
    return in.attribute_unsupported("coordinate_transformation_mode", "\"" + coordinate + "\"");
  }
  Nearest rounding;
  if (!parse_nearest(nearest, &rounding)) {
    return in.attribute_unsupported("nearest_mode", "\"" + nearest + "\"");
  }
  const int64_t outside = PAWL_TRY(in.integer("exclude_outside", 0));
  if (outside != 0 && mode != "nearest") return in.attribute_unsupported("exclude_outside", "1");
  const int64_t antialias = PAWL_TRY(in.integer("antialias", 0));
  const bool shrinks = std::any_of(target.scales.begin(), target.scales.end(),
                                   [](float scale) { return scale < 1; });
  if (antialias != 0 && shrinks) return in.attribute_unsupported("antialias", "1");
  return finish_resize(in, x, target, mode, coordinate, nearest);
}

// Deprecated since opset 10: asymmetric.
Status import_upsample(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const std::string mode = PAWL_TRY(in.text("mode", "nearest"));
  if (mode != "nearest" && mode != "linear") {
    return in.attribute_unsupported("mode", "\"" + mode + "\"");
  }
  const std::vector<float> scales = in.has_attribute("scales")
                                        ? PAWL_TRY(in.reals("scales"))
                                        : PAWL_TRY(in.constant_reals(1, "scales"));
  std::vector<int64_t> axes(static_cast<size_t>(in.rank(x)));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  const Target target = PAWL_TRY(target_from_scales(in, in.shape(x), axes, scales));
  const std::string nearest = PAWL_TRY(first_rounding(in, target));
  return finish_resize(in, x, target, mode, "asymmetric", nearest);
}

}  // namespace pawl::engine::onnx
