#include <algorithm>
#include <iterator>
#include <limits>

#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

struct Same {
  std::string_view op_type;
  Op op;
};

constexpr Same kUnary[] = {{"Abs", Op::kAbs},
                           {"Ceil", Op::kCeil},
                           {"Cos", Op::kCos},
                           {"Erf", Op::kErf},
                           {"Exp", Op::kExp},
                           {"Floor", Op::kFloor},
                           {"HardSwish", Op::kHardSwish},
                           {"Log", Op::kLog},
                           {"Mish", Op::kMish},
                           {"Neg", Op::kNeg},
                           {"Not", Op::kNot},
                           {"Reciprocal", Op::kReciprocal},
                           {"Relu", Op::kRelu},
                           {"Sigmoid", Op::kSigmoid},
                           {"Sin", Op::kSin},
                           {"Softplus", Op::kSoftplus},
                           {"Sqrt", Op::kSqrt},
                           {"Tanh", Op::kTanh}};

constexpr Same kBinary[] = {{"Add", Op::kAdd},     {"And", Op::kAnd},         {"Div", Op::kDiv},
                            {"Equal", Op::kEqual}, {"Greater", Op::kGreater}, {"Less", Op::kLess},
                            {"Mod", Op::kMod},     {"Mul", Op::kMul},         {"Or", Op::kOr},
                            {"Sub", Op::kSub}};

template <size_t N>
Op same_op(const Same (&table)[N], std::string_view op_type) {
  const Same* found = std::find_if(std::begin(table), std::end(table),
                                   [&](const Same& row) { return row.op_type == op_type; });
  PAWL_CHECK(found != std::end(table));
  return found->op;
}

// Operand `index`. The sums of integer convolutions and products are real numbers here
// (expand_quantized.h): what the file adds to them as whole numbers, a quantized bias, is too.
Result<ValueId> operand(NodeImport& in, size_t index) {
  const ValueId id = PAWL_TRY(in.input(index));
  const ValueId other = PAWL_TRY(in.input(1 - index));
  const bool meets_reals = in.dtype(id) == DType::kInt32 && in.dtype(other) == DType::kFloat32;
  if (!meets_reals) return id;
  return in.emit(Op::kCast, {id}, {{"to", std::string(dtype_name(DType::kFloat32))}});
}

}  // namespace

Status import_unary(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  return in.finish(same_op(kUnary, in.op_type()), {x});
}

Status import_unary_with_parameters(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  if (in.op_type() == "LeakyRelu") {
    const float alpha = PAWL_TRY(in.real("alpha", 0.01F));
    return in.finish(Op::kLeakyRelu, {x}, {{"alpha", alpha}});
  }
  if (in.op_type() == "Elu") {
    const float alpha = PAWL_TRY(in.real("alpha", 1.0F));
    return in.finish(Op::kElu, {x}, {{"alpha", alpha}});
  }
  if (in.op_type() == "HardSigmoid") {
    const float alpha = PAWL_TRY(in.real("alpha", 0.2F));
    const float beta = PAWL_TRY(in.real("beta", 0.5F));
    return in.finish(Op::kHardSigmoid, {x}, {{"alpha", alpha}, {"beta", beta}});
  }
  const std::string approximate = PAWL_TRY(in.text("approximate", "none"));
  if (approximate != "none" && approximate != "tanh") {
    return in.attribute_unsupported("approximate", "\"" + approximate + "\"");
  }
  return in.finish(Op::kGelu, {x}, {{"approximate", approximate}});
}

// The bounds are attributes before opset 11, optional inputs since.
Status import_clip(NodeImport& in) {
  ValueId x = PAWL_TRY(in.input(0));
  const bool real = in.dtype(x) == DType::kFloat32;
  bool known = real;
  for (size_t i = 1; i < 3; ++i) {
    if (in.has(i)) known = known && in.constant(PAWL_TRY(in.input(i))) != nullptr;
  }
  if (known) {
    float bounds[] = {PAWL_TRY(in.real("min", std::numeric_limits<float>::lowest())),
                      PAWL_TRY(in.real("max", std::numeric_limits<float>::max()))};
    for (size_t i = 1; i < 3; ++i) {
      if (!in.has(i)) continue;
      const std::vector<float> bound = PAWL_TRY(in.constant_reals(i, "a bound"));
      if (bound.size() != 1) return in.malformed("a bound is not a scalar");
      bounds[i - 1] = bound[0];
    }
    return in.finish(Op::kClip, {x}, {{"min", bounds[0]}, {"max", bounds[1]}});
  }
  // Integers and bounds that are computed: Max, then Min.
  if (in.has(1)) {
    const ValueId low = PAWL_TRY(in.input(1));
    if (!in.has(2)) return in.finish(Op::kMax, {x, low});
    x = PAWL_TRY(in.emit(Op::kMax, {x, low}));
  }
  if (!in.has(2)) return in.finish_as(x);
  return in.finish(Op::kMin, {x, PAWL_TRY(in.input(2))});
}

// Casts among the float types do nothing: half precision is computed in float32.
Status import_cast(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  DType to = DType::kFloat32;
  if (in.op_type() == "CastLike") {
    to = in.dtype(PAWL_TRY(in.input(1)));
  } else {
    const int64_t type = PAWL_TRY(in.integer("to", 0));
    to = PAWL_TRY(dtype_from_onnx(type).context(in.describe()));
  }
  in.ignore("saturate");  // of the 8-bit floats, which are not supported
  in.ignore("round_mode");
  if (in.dtype(x) == to) return in.finish_as(x);
  return in.finish(Op::kCast, {x}, {{"to", std::string(dtype_name(to))}});
}

// relu(x) - slope * relu(-x)
Status import_prelu(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const ValueId slope = PAWL_TRY(in.input(1));
  const Tensor* known = in.constant(slope);
  if (known != nullptr && known->dtype() == DType::kFloat32 && known->count() == 1) {
    return in.finish(Op::kLeakyRelu, {x}, {{"alpha", known->as<float>()[0]}});
  }
  const ValueId positive = PAWL_TRY(in.emit(Op::kRelu, {x}));
  const ValueId negated = PAWL_TRY(in.emit(Op::kNeg, {x}));
  const ValueId negative = PAWL_TRY(in.emit(Op::kRelu, {negated}));
  const ValueId scaled = PAWL_TRY(in.emit(Op::kMul, {negative, slope}));
  return in.finish(Op::kSub, {positive, scaled});
}

// x / (1 + |x|)
Status import_softsign(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const ValueId magnitude = PAWL_TRY(in.emit(Op::kAbs, {x}));
  const ValueId divisor = PAWL_TRY(in.emit(Op::kAdd, {magnitude, in.emit_scalar(1.0F)}));
  return in.finish(Op::kDiv, {x, divisor});
}

// gamma * elu(x)
Status import_selu(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const float alpha = PAWL_TRY(in.real("alpha", 1.67326319F));
  const float gamma = PAWL_TRY(in.real("gamma", 1.05070102F));
  const ValueId elu = PAWL_TRY(in.emit(Op::kElu, {x}, {{"alpha", alpha}}));
  return in.finish(Op::kMul, {elu, in.emit_scalar(gamma)});
}

Status import_binary(NodeImport& in) {
  const ValueId a = PAWL_TRY(operand(in, 0));
  const ValueId b = PAWL_TRY(operand(in, 1));
  const Op op = same_op(kBinary, in.op_type());
  if (op != Op::kMod) return in.finish(op, {a, b});
  const int64_t fmod = PAWL_TRY(in.integer("fmod", 0));
  return in.finish(op, {a, b}, {{"fmod", int64_t{fmod != 0}}});
}

// a <= b as a < b or a == b, which is false for NaN, as it should be.
Status import_composed_comparison(NodeImport& in) {
  const ValueId a = PAWL_TRY(in.input(0));
  const ValueId b = PAWL_TRY(in.input(1));
  const ValueId equal = PAWL_TRY(in.emit(Op::kEqual, {a, b}));
  if (in.op_type() == "Xor") return in.finish(Op::kNot, {equal});
  const Op op = in.op_type() == "LessOrEqual" ? Op::kLess : Op::kGreater;
  const ValueId strict = PAWL_TRY(in.emit(op, {a, b}));
  return in.finish(Op::kOr, {strict, equal});
}

// The exponent may be of another type than the base, which is that of the result.
Status import_pow(NodeImport& in) {
  const ValueId base = PAWL_TRY(in.input(0));
  ValueId exponent = PAWL_TRY(in.input(1));
  if (in.dtype(exponent) != in.dtype(base)) {
    if (in.dtype(exponent) == DType::kFloat32) {
      return in.unsupported("an integer base with a float exponent");
    }
    exponent =
        PAWL_TRY(in.emit(Op::kCast, {exponent}, {{"to", std::string(dtype_name(in.dtype(base)))}}));
  }
  return in.finish(Op::kPow, {base, exponent});
}

// Sum, Mean, Min and Max of any number of inputs: a chain of binary ones.
Status import_variadic(NodeImport& in) {
  const std::vector<ValueId> inputs = PAWL_TRY(in.all_inputs());
  if (inputs.size() == 1) return in.finish_as(inputs[0]);
  const bool mean = in.op_type() == "Mean";
  const Op op = in.op_type() == "Min" ? Op::kMin : in.op_type() == "Max" ? Op::kMax : Op::kAdd;
  ValueId chain = inputs[0];
  for (size_t i = 1; i + 1 < inputs.size(); ++i) {
    chain = PAWL_TRY(in.emit(op, {chain, inputs[i]}));
  }
  if (!mean) return in.finish(op, {chain, inputs.back()});
  const ValueId sum = PAWL_TRY(in.emit(op, {chain, inputs.back()}));
  return in.finish(Op::kDiv, {sum, in.emit_scalar(static_cast<float>(inputs.size()))});
}

Status import_where(NodeImport& in) {
  const ValueId condition = PAWL_TRY(in.input(0));
  const ValueId x = PAWL_TRY(in.input(1));
  const ValueId y = PAWL_TRY(in.input(2));
  return in.finish(Op::kWhere, {condition, x, y});
}

}  // namespace pawl::engine::onnx
