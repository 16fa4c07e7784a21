// Resizes of NHWC images: tables of what each row and column of the output reads.
#include <cstring>
#include <vector>

#include "engine/graph/resampling.h"
#include "engine/plan/lowering.h"
#include "kernels/resize.h"

namespace pawl::engine {

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

}  // namespace pawl::engine
