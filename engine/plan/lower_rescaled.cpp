// Nodes on 8-bit images whose output has a scale of its own.
#include <array>
#include <numeric>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/lowering.h"
#include "kernels/cpu/pixelwise/variants.h"
#include "kernels/cpu/pixelwise_u8/variants.h"
#include "kernels/pixelwise.h"
#include "kernels/pixelwise_u8.h"

namespace pawl::engine {
namespace {

constexpr size_t kBytes = 256;
using Reals = std::array<float, kBytes>;

// The operand of a node with one constant number.
ValueId data_input(const Graph& graph, const Node& node) {
  const bool first = graph.value(node.inputs[0]).constant == nullptr;
  return node.inputs[first ? 0 : 1];
}

// What the node makes of `x`, by the float kernels.
Reals computed(const Graph& graph, const Node& node, const Reals& x) {
  const kernels::PixelwiseVariant& scalar = kernels::pixelwise_variants().back();
  Reals y{};
  if (node.inputs.size() == 1) {
    scalar.unary({.P = kBytes,
                  .C = 1,
                  .x_pixel_stride = 1,
                  .y_pixel_stride = 1,
                  .x = x.data(),
                  .y = y.data(),
                  .activation = *activation_of(node)},
                 0, 1);
    return y;
  }
  const ValueId data = data_input(graph, node);
  const float number = constant_floats(graph, node.inputs[data == node.inputs[0] ? 1 : 0])[0];
  scalar.binary({.P = kBytes,
                 .C = 1,
                 .op = *pixelwise_op(node.op),
                 .a_pixel_stride = 1,
                 .b_pixel_stride = 0,
                 .y_pixel_stride = 1,
                 .a = x.data(),
                 .b = &number,
                 .y = y.data(),
                 .activation = {}},
                0, 1);
  return y;
}

}  // namespace

// A function of one number, as its value for each byte.
Status Lowering::lower_table_u8(const Node& node) {
  const int32_t x = PAWL_TRY(image_u8(node, data_input(graph_, node)));
  const int32_t y = output(node);
  const TensorRecord& from = builder_.tensor(x);
  const TensorRecord& to = builder_.tensor(y);
  std::array<uint8_t, kBytes> table{};
  std::iota(table.begin(), table.end(), uint8_t{0});
  Reals real{};
  const kernels::PixelwiseU8Variant& scalar = kernels::pixelwise_u8_variants().back();
  scalar.dequantize({.P = kBytes,
                     .C = 1,
                     .x_pixel_stride = 1,
                     .y_pixel_stride = 1,
                     .x = table.data(),
                     .y = real.data(),
                     .quantization = {from.scale, from.zero}},
                    0, 1);
  real = computed(graph_, node, real);
  scalar.quantize({.P = kBytes,
                   .C = 1,
                   .x_pixel_stride = 1,
                   .y_pixel_stride = 1,
                   .x = real.data(),
                   .y = table.data(),
                   .inverse_scale = 1.0F / to.scale,
                   .zero = to.zero},
                  0, 1);
  StepRecord& step = builder_.add_step(StepKind::kTableU8, node.name, {{x}, {y}});
  step.data[0] = builder_.add_weights(std::as_bytes(std::span<const uint8_t>(table)));
  return {};
}

Status Lowering::lower_binary_u8(const Node& node) {
  // The operand that is not a full image goes second: one number a channel.
  const bool swap = shape(node.inputs[0]) != shape(node.outputs[0]);
  const int32_t a = PAWL_TRY(image_u8(node, node.inputs[swap ? 1 : 0]));
  const int32_t b = PAWL_TRY(image_u8(node, node.inputs[swap ? 0 : 1]));
  StepRecord& step = builder_.add_step(StepKind::kBinaryU8, node.name, {{a, b}, {output(node)}});
  set_step_fields(OpFields{static_cast<int64_t>(*pixelwise_op(node.op))}, &step);
  return {};
}

Status Lowering::lower_average_pool_u8(const Node& node) {
  if (node.op == Op::kAveragePool && !window_fits(node)) {
    return unsupported(node, kWindowTooLarge);
  }
  const int32_t x = PAWL_TRY(image_u8(node, node.inputs[0]));
  StepRecord& step = builder_.add_step(StepKind::kAveragePoolU8, node.name, {{x}, {output(node)}});
  set_step_fields(pool_fields(node), &step);
  return {};
}

Status Lowering::lower_rescaled(const Node& node, StepKind kind) {
  switch (kind) {
    case StepKind::kTableU8:
      return lower_table_u8(node);
    case StepKind::kBinaryU8:
      return lower_binary_u8(node);
    default:
      return lower_average_pool_u8(node);
  }
}

}  // namespace pawl::engine
