#include "engine/graph/op.h"

#include <array>
#include <cstddef>

namespace pawl::engine {
namespace {

// In the order of enum Op.
constexpr std::array<std::string_view, static_cast<size_t>(Op::kAttention) + 1> kNames = {
    "Conv", "ConvTranspose", "BatchNormalization", "MaxPool", "AveragePool", "Resize",
    //
    "Concat", "Split", "Slice", "Reshape", "Transpose", "Expand", "Tile", "Pad", "Gather",
    "GatherElements", "DepthToSpace", "SpaceToDepth",
    //
    "Identity", "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus",
    "Mish", "Exp", "Log", "Sqrt", "Erf", "Neg", "Abs", "Floor", "Ceil", "Reciprocal", "Sin", "Cos",
    "Not", "Clip", "Cast", "Elu", "Gelu",
    //
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max", "Equal", "Less", "Greater", "And", "Or",
    "Where",
    //
    "Softmax", "MatMul", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceSum", "ReduceProd",
    "ArgMax", "TopK", "LayerNormalization",
    //
    "Silu", "Focus", "Attention"};

static_assert(kNames[static_cast<size_t>(Op::kSpaceToDepth)] == "SpaceToDepth");
static_assert(kNames[static_cast<size_t>(Op::kGelu)] == "Gelu");
static_assert(kNames[static_cast<size_t>(Op::kWhere)] == "Where");
static_assert(kNames[static_cast<size_t>(Op::kLayerNormalization)] == "LayerNormalization");
static_assert(kNames[static_cast<size_t>(Op::kAttention)] == "Attention");

}  // namespace

std::string_view op_name(Op op) {
  return kNames[static_cast<size_t>(op)];
}

}  // namespace pawl::engine
