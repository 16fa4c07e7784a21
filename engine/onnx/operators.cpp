#include "engine/onnx/operators.h"

#include <algorithm>
#include <iterator>

namespace pawl::engine::onnx {
namespace {

struct Row {
  std::string_view op_type;
  Handler handler;
};

// Alphabetical.
constexpr Row kHandlers[] = {
    {"Abs", import_unary},
    {"Add", import_binary},
    {"And", import_binary},
    {"ArgMax", import_arg},
    {"ArgMin", import_arg},
    {"AveragePool", import_pool},
    {"BatchNormalization", import_batch_normalization},
    {"Cast", import_cast},
    {"CastLike", import_cast},
    {"Ceil", import_unary},
    {"Clip", import_clip},
    {"Concat", import_concat},
    {"Constant", import_constant},
    {"ConstantOfShape", import_constant_of_shape},
    {"Conv", import_conv},
    {"ConvTranspose", import_conv_transpose},
    {"Cos", import_unary},
    {"DepthToSpace", import_blocks},
    {"DequantizeLinear", import_dequantize_linear},
    {"Div", import_binary},
    {"Dropout", import_identity},
    {"DynamicQuantizeLinear", import_dynamic_quantize_linear},
    {"Elu", import_unary_with_parameters},
    {"Equal", import_binary},
    {"Erf", import_unary},
    {"Exp", import_unary},
    {"Expand", import_expand},
    {"Flatten", import_flatten},
    {"Floor", import_unary},
    {"Gather", import_gather},
    {"GatherElements", import_gather_elements},
    {"Gelu", import_unary_with_parameters},
    {"Gemm", import_gemm},
    {"GlobalAveragePool", import_global_pool},
    {"GlobalMaxPool", import_global_pool},
    {"Greater", import_binary},
    {"GreaterOrEqual", import_composed_comparison},
    {"GroupNormalization", import_group_normalization},
    {"HardSigmoid", import_unary_with_parameters},
    {"HardSwish", import_unary},
    {"Identity", import_identity},
    {"InstanceNormalization", import_instance_normalization},
    {"LayerNormalization", import_layer_normalization},
    {"LeakyRelu", import_unary_with_parameters},
    {"Less", import_binary},
    {"LessOrEqual", import_composed_comparison},
    {"Log", import_unary},
    {"LogSoftmax", import_softmax},
    {"MatMul", import_matmul},
    {"Max", import_variadic},
    {"MaxPool", import_pool},
    {"Mean", import_variadic},
    {"Min", import_variadic},
    {"Mish", import_unary},
    {"Mod", import_binary},
    {"Mul", import_binary},
    {"Neg", import_unary},
    {"Not", import_unary},
    {"Or", import_binary},
    {"PRelu", import_prelu},
    {"Pad", import_pad},
    {"Pow", import_pow},
    {"QuantizeLinear", import_quantize_linear},
    {"Range", import_range},
    {"Reciprocal", import_unary},
    {"ReduceL1", import_reduce},
    {"ReduceL2", import_reduce},
    {"ReduceMax", import_reduce},
    {"ReduceMean", import_reduce},
    {"ReduceMin", import_reduce},
    {"ReduceProd", import_reduce},
    {"ReduceSum", import_reduce},
    {"ReduceSumSquare", import_reduce},
    {"Relu", import_unary},
    {"Reshape", import_reshape},
    {"Resize", import_resize},
    {"Selu", import_selu},
    {"Shape", import_shape},
    {"Sigmoid", import_unary},
    {"Sin", import_unary},
    {"Size", import_size},
    {"Slice", import_slice},
    {"Softmax", import_softmax},
    {"Softplus", import_unary},
    {"Softsign", import_softsign},
    {"SpaceToDepth", import_blocks},
    {"Split", import_split},
    {"Sqrt", import_unary},
    {"Squeeze", import_squeeze},
    {"Sub", import_binary},
    {"Sum", import_variadic},
    {"Tanh", import_unary},
    {"Tile", import_tile},
    {"TopK", import_top_k},
    {"Transpose", import_transpose},
    {"Unsqueeze", import_unsqueeze},
    {"Upsample", import_upsample},
    {"Where", import_where},
    {"Xor", import_composed_comparison},
};

constexpr bool sorted() {
  for (size_t i = 1; i < std::size(kHandlers); ++i) {
    if (!(kHandlers[i - 1].op_type < kHandlers[i].op_type)) return false;
  }
  return true;
}
static_assert(sorted());

}  // namespace

Handler find_handler(std::string_view op_type) {
  const auto* found =
      std::lower_bound(std::begin(kHandlers), std::end(kHandlers), op_type,
                       [](const Row& row, std::string_view key) { return row.op_type < key; });
  return found != std::end(kHandlers) && found->op_type == op_type ? found->handler : nullptr;
}

std::vector<std::string_view> operator_types() {
  std::vector<std::string_view> types;
  for (const Row& row : kHandlers) types.push_back(row.op_type);
  return types;
}

bool moves_numbers(std::string_view op_type) {
  constexpr std::string_view kMovers[] = {
      "Concat",   "DepthToSpace", "Dropout", "Expand",    "Flatten",   "Gather",  "GatherElements",
      "Identity", "MaxPool",      "Pad",     "Reshape",   "Resize",    "Slice",   "SpaceToDepth",
      "Split",    "Squeeze",      "Tile",    "Transpose", "Unsqueeze", "Upsample"};
  return std::find(std::begin(kMovers), std::end(kMovers), op_type) != std::end(kMovers);
}

bool is_quantized_operator(std::string_view op_type) {
  constexpr std::string_view kMarks[] = {"QLinear", "uantizeLinear", "Integer",        "QAttention",
                                         "QGemm",   "MatMulNBits",   "DynamicQuantize"};
  return std::any_of(std::begin(kMarks), std::end(kMarks), [&](std::string_view mark) {
    return op_type.find(mark) != std::string_view::npos;
  });
}

}  // namespace pawl::engine::onnx
