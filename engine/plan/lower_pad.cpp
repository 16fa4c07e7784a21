// Pad where no convolution or pool has taken it in (passes.h: fold_padding).
#include <algorithm>
#include <vector>

#include "engine/plan/dense_layout.h"
#include "engine/plan/lowering.h"

namespace pawl::engine {
namespace {

// Where a padded position comes from, reflected or held at the edge.
int64_t source_of(int64_t at, int64_t extent, const std::string& mode) {
  if (mode == "edge") return std::clamp<int64_t>(at, 0, extent - 1);
  if (mode == "wrap") return ((at % extent) + extent) % extent;
  if (at < 0) at = -at;
  return at >= extent ? 2 * (extent - 1) - at : at;
}

// Of every position along an axis of `node`.
std::vector<int32_t> sources(const Node& node, size_t axis, int64_t extent, int64_t padded) {
  const int64_t begin = node.integers("pads")[axis];
  std::vector<int32_t> table;
  for (int64_t i = 0; i < padded; ++i) {
    table.push_back(static_cast<int32_t>(source_of(i - begin, extent, node.text("mode"))));
  }
  return table;
}

}  // namespace

std::vector<int32_t> Lowering::pad_table(const Node& node) const {
  std::vector<int32_t> table;
  for (const size_t axis : {size_t{2}, size_t{3}}) {
    const std::vector<int32_t> along =
        sources(node, axis, shape(node.inputs[0])[axis], shape(node.outputs[0])[axis]);
    table.insert(table.end(), along.begin(), along.end());
  }
  return table;
}

PadFields Lowering::pad_fields(const Node& node) {
  const std::vector<int64_t>& pads = node.integers("pads");
  return PadFields{.pad_top = pads[2], .pad_left = pads[3]};
}

void Lowering::lower_image_pad(const Node& node) {
  const int32_t x = image(node.inputs[0]);
  if (node.text("mode") == "constant") {
    StepRecord& step = builder_.add_step(StepKind::kPad, node.name, {{x}, {output(node)}});
    step.alpha = node.real("value");
    set_step_fields(pad_fields(node), &step);
    return;
  }
  add_nearest(node, x, pad_table(node));
}

// Row-major, any axes. A constant: y filled with it, x copied into the middle. Other modes: a
// gather along one axis after the other.
void Lowering::lower_dense_pad(const Node& node) {
  const std::vector<int64_t>& pads = node.integers("pads");
  const Shape& in = shape(node.inputs[0]);
  const Shape& out = shape(node.outputs[0]);
  if (node.text("mode") == "constant") {
    const float value[] = {node.real("value")};
    const int32_t y = output(node);
    const int32_t filling = builder_.add_constant_dense(node.name + ".value", {1}, value);
    CopyFields fill{};
    place_extents({element_count(out)}, &fill);
    place_strides({1}, fill.y_stride);
    add_copy(node.name, filling, y, fill);
    CopyFields middle{};
    const std::vector<int64_t> y_strides = dense_strides(out);
    place_extents(in, &middle);
    place_strides(dense_strides(in), middle.x_stride);
    place_strides(y_strides, middle.y_stride);
    for (size_t d = 0; d < in.size(); ++d) middle.y_start += pads[d] * y_strides[d];
    if (element_count(in) > 0) add_copy(node.name, dense(node.inputs[0]), y, middle);
    return;
  }
  std::vector<size_t> axes;
  for (size_t d = 0; d < in.size(); ++d) {
    if (in[d] != out[d]) axes.push_back(d);
  }
  if (axes.empty()) axes.push_back(0);
  Shape now = in;
  int32_t x = dense(node.inputs[0]);
  for (const size_t axis : axes) {
    const OuterAxisInner parts = split_at(now, axis, axis);
    const std::vector<int32_t> from = sources(node, axis, in[axis], out[axis]);
    now[axis] = out[axis];
    const std::string name = node.name + ".axis" + std::to_string(axis);
    const int32_t y = axis == axes.back() ? output(node) : builder_.add_dense(name, now);
    const int32_t index = builder_.add_constant_dense(name + ".index", {out[axis]},
                                                      std::vector<float>(from.begin(), from.end()));
    StepRecord& step = builder_.add_step(StepKind::kDenseGather, node.name, {{x, index}, {y}});
    set_step_fields(DenseGatherFields{.elementwise = 0,
                                      .outer = parts.outer,
                                      .axis = parts.axis,
                                      .inner = parts.inner,
                                      .count = out[axis]},
                    &step);
    x = y;
  }
}

}  // namespace pawl::engine
