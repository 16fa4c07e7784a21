#include <algorithm>
#include <numeric>

#include "engine/graph/inference.h"
#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

// One dimension of a slice in the terms of op.h.
struct Run {
  int64_t start;
  int64_t step;
  int64_t extent;
};

// ONNX: ends are exclusive, everything is clamped to the dimension, negatives count from its end.
Run clamp_run(int64_t start, int64_t end, int64_t step, int64_t dimension) {
  const auto from_front = [&](int64_t index) { return index < 0 ? index + dimension : index; };
  if (step > 0) {
    start = std::clamp<int64_t>(from_front(start), 0, dimension);
    end = std::clamp<int64_t>(from_front(end), 0, dimension);
  } else {
    start = std::clamp<int64_t>(from_front(start), 0, std::max<int64_t>(dimension - 1, 0));
    end = std::clamp<int64_t>(from_front(end), -1, std::max<int64_t>(dimension - 1, -1));
  }
  const int64_t distance = step > 0 ? end - start : start - end;
  // A step beyond the dimension is as good as the dimension itself; the clamp keeps -step defined.
  const int64_t bound = std::max<int64_t>(dimension, 1);
  const int64_t pace = std::clamp(step, -bound, bound);
  const int64_t length = pace > 0 ? pace : -pace;
  const int64_t extent = distance <= 0 || dimension == 0 ? 0 : (distance + length - 1) / length;
  if (extent <= 1) return {extent == 0 ? 0 : start, 1, extent};
  return {start, pace, extent};
}

}  // namespace

Status import_concat(NodeImport& in) {
  std::vector<ValueId> inputs = PAWL_TRY(in.all_inputs());
  const int64_t given = PAWL_TRY(in.integer("axis", 1));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(inputs[0])));
  if (inputs.size() == 1) return in.finish_as(inputs[0]);
  return in.finish(Op::kConcat, std::move(inputs), {{"axis", axis}});
}

Status import_split(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const int64_t given = PAWL_TRY(in.integer("axis", 0));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  const int64_t extent = in.shape(x)[static_cast<size_t>(axis)];
  const int64_t outputs = static_cast<int64_t>(in.output_count());
  const int64_t stated = PAWL_TRY(in.integer("num_outputs", outputs));
  if (stated != outputs || outputs == 0) {
    return in.malformed("num_outputs " + std::to_string(stated) + " differs from the " +
                        std::to_string(outputs) + " outputs");
  }
  std::vector<int64_t> parts;
  if (in.gives("split", 1)) {
    parts = PAWL_TRY(in.integers("split", 1));
  } else {
    // Equal parts; from opset 18 on the last may be smaller.
    const int64_t part = (extent + outputs - 1) / outputs;
    if (extent % outputs != 0 && !in.has_attribute("num_outputs")) {
      return in.malformed("an extent of " + std::to_string(extent) + " does not divide into " +
                          std::to_string(outputs) + " equal parts");
    }
    parts.assign(static_cast<size_t>(outputs), part);
    parts.back() = extent - part * (outputs - 1);
  }
  if (parts.size() != in.output_count()) {
    return in.malformed(std::to_string(parts.size()) + " extents for " + std::to_string(outputs) +
                        " outputs");
  }
  if (outputs == 1 && parts[0] == extent) return in.finish_as(x);
  return in.finish(Op::kSplit, {x}, {{"axis", axis}, {"split", parts}}, nullptr, in.output_count());
}

Status import_slice(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const std::vector<int64_t> starts = PAWL_TRY(in.integers("starts", 1));
  const std::vector<int64_t> ends = PAWL_TRY(in.integers("ends", 2));
  std::vector<int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), int64_t{0});
  if (in.gives("axes", 3)) axes = PAWL_TRY(in.integers("axes", 3));
  std::vector<int64_t> steps(starts.size(), 1);
  if (in.has(4)) steps = PAWL_TRY(in.constant_integers(4, "steps"));
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    return in.malformed("starts, ends, axes and steps differ in length");
  }
  Shape extents = in.shape(x);
  std::vector<int64_t> canonical_starts(extents.size(), 0);
  std::vector<int64_t> canonical_steps(extents.size(), 1);
  std::vector<bool> sliced(extents.size(), false);
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = static_cast<size_t>(PAWL_TRY(in.resolve_axis(axes[i], in.rank(x))));
    if (steps[i] == 0) return in.malformed("a step is 0");
    if (sliced[axis]) return in.malformed("axis " + std::to_string(axis) + " is listed twice");
    sliced[axis] = true;
    const Run run = clamp_run(starts[i], ends[i], steps[i], extents[axis]);
    canonical_starts[axis] = run.start;
    canonical_steps[axis] = run.step;
    extents[axis] = run.extent;
  }
  return in.finish(Op::kSlice, {x}, {{"starts", canonical_starts}, {"steps", canonical_steps}},
                   &extents);
}

Status import_transpose(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  // The default reverses the dimensions.
  std::vector<int64_t> perm(static_cast<size_t>(in.rank(x)));
  std::iota(perm.rbegin(), perm.rend(), int64_t{0});
  if (in.has_attribute("perm")) perm = PAWL_TRY(in.integers("perm"));
  for (int64_t& axis : perm) axis = PAWL_TRY(in.resolve_axis(axis, in.rank(x)));
  return in.finish(Op::kTranspose, {x}, {{"perm", perm}});
}

Status import_expand(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const Shape wanted = PAWL_TRY(in.constant_integers(1, "shape"));
  PAWL_TRY(check_type({in.dtype(x), wanted}).context(in.describe()));
  const Shape extents = PAWL_TRY(broadcast_shapes(in.shape(x), wanted).context(in.describe()));
  return in.finish(Op::kExpand, {x}, {}, &extents);
}

Status import_tile(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const std::vector<int64_t> repeats = PAWL_TRY(in.constant_integers(1, "repeats"));
  return in.finish(Op::kTile, {x}, {{"repeats", repeats}});
}

Status import_pad(NodeImport& in) {
  ValueId x = PAWL_TRY(in.input(0));
  const std::string mode = PAWL_TRY(in.text("mode", "constant"));
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    return in.attribute_unsupported("mode", "\"" + mode + "\"");
  }
  const std::vector<int64_t> given = PAWL_TRY(in.integers("pads", 1));
  float value = PAWL_TRY(in.real("value", 0.0F));
  if (in.has(2)) {
    const ValueId id = PAWL_TRY(in.input(2));
    if (in.dtype(id) == DType::kFloat32) {
      const std::vector<float> values = PAWL_TRY(in.constant_reals(2, "the pad value"));
      if (values.size() == 1) value = values[0];
    } else {
      const std::vector<int64_t> values = PAWL_TRY(in.constant_integers(2, "the pad value"));
      if (values.size() == 1) value = static_cast<float>(values[0]);
    }
  }
  const Encoding* codes = in.encoding(0);
  if (codes != nullptr && in.encoding(2) == nullptr) {
    value = (value - static_cast<float>(codes->zero[0])) * codes->scale[0];
  }
  const size_t rank = in.shape(x).size();
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), int64_t{0});
  if (in.has(3)) axes = PAWL_TRY(in.constant_integers(3, "axes"));
  if (given.size() != 2 * axes.size()) {
    return in.malformed(std::to_string(given.size()) + " pads for " + std::to_string(axes.size()) +
                        " dimensions");
  }
  std::vector<int64_t> pads(2 * rank, 0);
  std::vector<int64_t> starts(rank, 0);
  Shape cropped = in.shape(x);
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = static_cast<size_t>(PAWL_TRY(in.resolve_axis(axes[i], in.rank(x))));
    const int64_t begin = given[i];
    const int64_t end = given[i + axes.size()];
    if (begin < -kTensorBytesMax || end < -kTensorBytesMax) {
      return in.malformed("a pad is out of range");
    }
    pads[axis] = std::max<int64_t>(begin, 0);
    pads[axis + rank] = std::max<int64_t>(end, 0);
    // Negative pads crop.
    starts[axis] = std::max<int64_t>(-begin, 0);
    cropped[axis] -= starts[axis] + std::max<int64_t>(-end, 0);
    if (cropped[axis] < 0) return in.malformed("negative pads leave nothing");
  }
  if (cropped != in.shape(x)) {
    x = PAWL_TRY(in.emit(Op::kSlice, {x},
                         {{"starts", starts}, {"steps", std::vector<int64_t>(rank, 1)}}, &cropped));
  }
  return in.finish(Op::kPad, {x}, {{"pads", pads}, {"mode", mode}, {"value", value}});
}

Status import_gather(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  ValueId indices = PAWL_TRY(in.input(1));
  const int64_t given = PAWL_TRY(in.integer("axis", 0));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  const int64_t extent = in.shape(x)[static_cast<size_t>(axis)];
  // Known indices are left non-negative and are checked now.
  if (in.constant(indices) != nullptr && in.dtype(indices) == DType::kInt64) {
    Tensor resolved = *in.constant(indices);
    for (int64_t& index : resolved.as<int64_t>()) {
      if (index < -extent || index >= extent) {
        return in.malformed("index " + std::to_string(index) + " is outside the extent " +
                            std::to_string(extent));
      }
      if (index < 0) index += extent;
    }
    indices = in.emit_constant(std::move(resolved));
  }
  return in.finish(Op::kGather, {x, indices}, {{"axis", axis}});
}

Status import_gather_elements(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const ValueId indices = PAWL_TRY(in.input(1));
  const int64_t given = PAWL_TRY(in.integer("axis", 0));
  const int64_t axis = PAWL_TRY(in.resolve_axis(given, in.rank(x)));
  return in.finish(Op::kGatherElements, {x, indices}, {{"axis", axis}});
}

Status import_blocks(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const int64_t block = PAWL_TRY(in.integer("blocksize", 0));
  const std::string mode = PAWL_TRY(in.text("mode", "DCR"));
  const Op op = in.op_type() == "DepthToSpace" ? Op::kDepthToSpace : Op::kSpaceToDepth;
  return in.finish(op, {x}, {{"blocksize", block}, {"mode", mode}});
}

}  // namespace pawl::engine::onnx
