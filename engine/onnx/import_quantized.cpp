// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear, without the rounding of activations.
#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/graph/inference.h"
#include "engine/onnx/operators.h"

namespace pawl::engine::onnx {
namespace {

// TensorProto.DataType of attribute output_dtype.
constexpr int64_t kUnstated = 0, kUint8 = 2, kInt8 = 3, kUint16 = 4, kInt16 = 5;

struct Codes {
  int32_t lowest, highest;
};

Result<Codes> codes_of(const NodeImport& in, int64_t onnx_type) {
  switch (onnx_type) {
    case kUnstated:
    case kUint8:
      return Codes{0, 255};
    case kInt8:
      return Codes{-128, 127};
    case kUint16:
      return Codes{0, 65535};
    case kInt16:
      return Codes{-32768, 32767};
    default:
      return in.unsupported("its numbers are of element type " + std::to_string(onnx_type) +
                            " (TensorProto.DataType); 8 and 16 bits are supported");
  }
}

std::string label(const NodeImport& in, size_t index) {
  return "\"" + in.input_name(index) + "\"";
}

// One number, or one an index of `axis`.
Status check_count(const NodeImport& in, const char* what, size_t index, size_t count,
                   const Shape& x, int64_t axis) {
  if (count == 1) return {};
  const auto extent = static_cast<size_t>(x.empty() ? 1 : x[static_cast<size_t>(axis)]);
  if (count == extent) return {};
  return in.malformed(std::string(what) + " " + label(in, index) + " has " + std::to_string(count) +
                      " elements for an extent of " + std::to_string(extent));
}

Result<std::vector<float>> read_scales(const NodeImport& in) {
  const ValueId id = PAWL_TRY(in.input(1));
  if (in.rank(id) > 1) {
    return in.unsupported("scale " + label(in, 1) + " has the shape " + to_string(in.shape(id)) +
                          ": blocked quantization is not supported; quantize by tensor or channel");
  }
  std::vector<float> scales = PAWL_TRY(in.constant_reals(1, "scale"));
  for (const float scale : scales) {
    if (scale > 0.0F && std::isfinite(scale)) continue;
    return in.malformed("scale " + label(in, 1) + " holds " + std::to_string(scale) +
                        "; scales are positive and finite");
  }
  return scales;
}

template <typename T>
std::vector<int32_t> whole_numbers(const Tensor& tensor) {
  return {tensor.as<T>().begin(), tensor.as<T>().end()};
}

struct ZeroPoints {
  std::vector<int32_t> values;
  std::optional<DType> dtype;  // none where the input is absent
};

Result<ZeroPoints> read_zero_points(const NodeImport& in) {
  if (!in.has(2)) return ZeroPoints{{0}, std::nullopt};
  const ValueId id = PAWL_TRY(in.input(2));
  const Tensor* tensor = in.constant(id);
  if (tensor == nullptr) {
    return in.unsupported("zero point " + label(in, 2) +
                          " depends on the image; only constants are supported");
  }
  if (in.rank(id) > 1) {
    return in.unsupported("zero point " + label(in, 2) + " has the shape " +
                          to_string(in.shape(id)) + ": blocked quantization is not supported");
  }
  switch (tensor->dtype()) {
    case DType::kUint8:
      return ZeroPoints{whole_numbers<uint8_t>(*tensor), DType::kUint8};
    case DType::kInt8:
      return ZeroPoints{whole_numbers<int8_t>(*tensor), DType::kInt8};
    case DType::kInt32:
      return ZeroPoints{whole_numbers<int32_t>(*tensor), DType::kInt32};
    default:
      return in.malformed("zero point " + label(in, 2) + " is " + dtype_name(tensor->dtype()) +
                          " instead of a whole number of 8 or 16 bits");
  }
}

Status refuse_blocks(NodeImport& in) {
  const int64_t block = PAWL_TRY(in.integer("block_size", 0));
  if (block == 0) return {};
  return in.unsupported("attribute \"block_size\" = " + std::to_string(block) +
                        ": blocked quantization is not supported; quantize by tensor or channel");
}

// Scale and zero point, inputs 1 and 2, of numbers of shape `x`.
Result<Encoding> read_encoding(NodeImport& in, const Shape& x, const ZeroPoints& zero) {
  Encoding encoding;
  encoding.scale = PAWL_TRY(read_scales(in));
  encoding.zero = zero.values;
  // A bias has one dimension, which its scales can only be along.
  const int64_t otherwise = x.size() == 1 ? 0 : 1;
  const int64_t given = PAWL_TRY(in.integer("axis", otherwise));
  const size_t count = std::max(encoding.scale.size(), encoding.zero.size());
  if (count != 1) {
    encoding.axis = PAWL_TRY(in.resolve_axis(given, static_cast<int64_t>(x.size())));
  }
  PAWL_TRY(check_count(in, "scale", 1, encoding.scale.size(), x, encoding.axis));
  PAWL_TRY(check_count(in, "zero point", 2, encoding.zero.size(), x, encoding.axis));
  if (encoding.scale.size() == 1) encoding.scale.resize(count, encoding.scale[0]);
  if (encoding.zero.size() == 1) encoding.zero.resize(count, encoding.zero[0]);
  return encoding;
}

// A constant that broadcasts along the encoding's axis to a value of `rank` dimensions.
template <typename Number>
ValueId along_axis(NodeImport& in, const Encoding& encoding, size_t rank, Number number) {
  std::vector<float> values;
  for (size_t i = 0; i < encoding.scale.size(); ++i) values.push_back(number(i));
  if (encoding.per_tensor()) return in.emit_scalar(values[0]);
  Shape shape(rank - static_cast<size_t>(encoding.axis), 1);
  shape[0] = static_cast<int64_t>(values.size());
  return in.emit_constant(Tensor::of<float>(shape, std::span<const float>(values)));
}

// A zero point at the lowest code behind a convolution, or behind a sum with one, is a ReLU:
// quantizers leave that out, because the codes end where it would cut. At 6 it is a ReLU6.
bool ends_a_linear_step(const NodeImport& in, ValueId x) {
  const auto linear = [&](ValueId id) {
    const Node* made_by = in.producer(id);
    return made_by != nullptr &&
           (made_by->op == Op::kConv || made_by->op == Op::kConvTranspose ||
            made_by->op == Op::kMatMul || made_by->op == Op::kBatchNormalization);
  };
  const Node* made_by = in.producer(x);
  if (made_by != nullptr && made_by->op == Op::kAdd) {
    return linear(made_by->inputs[0]) || linear(made_by->inputs[1]);
  }
  return linear(x);
}

Result<ValueId> rectified(NodeImport& in, ValueId x, const Encoding& encoding) {
  if (!encoding.per_tensor() || encoding.zero[0] != encoding.lowest || !ends_a_linear_step(in, x)) {
    return x;
  }
  constexpr float kSix = 6.0F, kTolerance = 2e-3F;
  const auto codes = static_cast<float>(encoding.highest - encoding.lowest);
  const bool six = std::abs(encoding.scale[0] * codes - kSix) < kTolerance;
  ValueId& made = in.dialects().rectified.try_emplace(x, kNoValue).first->second;
  if (made == kNoValue && six)
    made = PAWL_TRY(in.emit(Op::kClip, {x}, {{"min", 0.0F}, {"max", kSix}}));
  if (made == kNoValue) made = PAWL_TRY(in.emit(Op::kRelu, {x}));
  return made;
}

// Known numbers are rounded as the file says: those are its weights.
Result<ValueId> rounded(NodeImport& in, ValueId x, const Encoding& encoding) {
  // Adding and taking away 1.5 * 2^23 leaves a float of that size no fraction: ties go to even.
  constexpr float kWhole = 12582912.0F;
  const auto rank = in.shape(x).size();
  const ValueId scale = along_axis(in, encoding, rank, [&](size_t i) { return encoding.scale[i]; });
  const ValueId lowest = along_axis(in, encoding, rank, [&](size_t i) {
    return static_cast<float>(encoding.lowest - encoding.zero[i]);
  });
  const ValueId highest = along_axis(in, encoding, rank, [&](size_t i) {
    return static_cast<float>(encoding.highest - encoding.zero[i]);
  });
  ValueId code = PAWL_TRY(in.emit(Op::kDiv, {x, scale}));
  code = PAWL_TRY(in.emit(Op::kMax, {code, lowest}));
  code = PAWL_TRY(in.emit(Op::kMin, {code, highest}));
  code = PAWL_TRY(in.emit(Op::kAdd, {code, in.emit_scalar(kWhole)}));
  code = PAWL_TRY(in.emit(Op::kSub, {code, in.emit_scalar(kWhole)}));
  return in.emit(Op::kMul, {code, scale});
}

// Whole numbers that are known, or that the caller passes in.
Status dequantize(NodeImport& in, ValueId x, const Encoding& encoding) {
  const auto rank = in.shape(x).size();
  if (in.dtype(x) != DType::kFloat32) {
    x = PAWL_TRY(in.emit(Op::kCast, {x}, {{"to", std::string(dtype_name(DType::kFloat32))}}));
  }
  const bool shifted = std::any_of(encoding.zero.begin(), encoding.zero.end(),
                                   [](int32_t zero) { return zero != 0; });
  if (shifted) {
    const ValueId zero = along_axis(in, encoding, rank,
                                    [&](size_t i) { return static_cast<float>(encoding.zero[i]); });
    x = PAWL_TRY(in.emit(Op::kSub, {x, zero}));
  }
  const ValueId scale = along_axis(in, encoding, rank, [&](size_t i) { return encoding.scale[i]; });
  return in.finish(Op::kMul, {x, scale});
}

// The file reads numbers of one encoding as if they had another.
Status reinterpret(NodeImport& in, ValueId x, const Encoding& from, const Encoding& to) {
  if (!from.per_tensor() || !to.per_tensor()) {
    return in.unsupported(label(in, 0) + " was quantized by other scales, channel by channel");
  }
  const float factor = to.scale[0] / from.scale[0];
  const float shift = static_cast<float>(from.zero[0] - to.zero[0]) * to.scale[0];
  if (!(factor > 0.0F) || !std::isfinite(factor) || !std::isfinite(shift)) {
    return in.malformed(label(in, 0) + " was quantized by a scale that does not compare with " +
                        label(in, 1));
  }
  const ValueId scaled = PAWL_TRY(in.emit(Op::kMul, {x, in.emit_scalar(factor)}));
  return in.finish(Op::kAdd, {scaled, in.emit_scalar(shift)});
}

}  // namespace

Status import_quantize_linear(NodeImport& in) {
  ValueId x = PAWL_TRY(in.input(0));
  PAWL_TRY(refuse_blocks(in));
  const ZeroPoints zero = PAWL_TRY(read_zero_points(in));
  Encoding encoding = PAWL_TRY(read_encoding(in, in.shape(x), zero));
  int64_t type = PAWL_TRY(in.integer("output_dtype", kUnstated));
  in.ignore("saturate");  // of the 8-bit floats, which are not supported
  in.ignore("precision");
  if (zero.dtype == DType::kUint8) type = kUint8;
  if (zero.dtype == DType::kInt8) type = kInt8;
  if (zero.dtype == DType::kInt32) type = in.is_unsigned_16(2) ? kUint16 : kInt16;
  const Codes codes = PAWL_TRY(codes_of(in, type));
  encoding.lowest = codes.lowest;
  encoding.highest = codes.highest;
  for (const int32_t code : encoding.zero) {
    if (code >= codes.lowest && code <= codes.highest) continue;
    return in.malformed("zero point " + std::to_string(code) + " is not one of the codes " +
                        std::to_string(codes.lowest) + " to " + std::to_string(codes.highest));
  }
  if (in.dtype(x) != DType::kFloat32) {
    x = PAWL_TRY(in.emit(Op::kCast, {x}, {{"to", std::string(dtype_name(DType::kFloat32))}}));
  }
  if (in.constant(x) != nullptr) {
    x = PAWL_TRY(rounded(in, x, encoding));
  } else {
    x = PAWL_TRY(rectified(in, x, encoding));
    if (encoding.per_tensor() && encoding.highest - encoding.lowest == 255) {
      in.declare_scale(x, {encoding.scale[0], encoding.zero[0] - encoding.lowest});
    }
    ++in.dialects().pairs;
  }
  return in.finish_codes(x, std::move(encoding));
}

Status import_dequantize_linear(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.codes(0));
  PAWL_TRY(refuse_blocks(in));
  in.ignore("output_dtype");  // a float type
  const ZeroPoints zero = PAWL_TRY(read_zero_points(in));
  Encoding encoding = PAWL_TRY(read_encoding(in, in.shape(x), zero));
  const Encoding* made_with = in.encoding(0);
  if (made_with == nullptr) {
    const DType dtype = in.dtype(x);
    if (zero.dtype && *zero.dtype != dtype) {
      return in.malformed("zero point " + label(in, 2) + " is " + dtype_name(*zero.dtype) +
                          " and " + label(in, 0) + " " + dtype_name(dtype));
    }
    return dequantize(in, x, encoding);
  }
  encoding.lowest = made_with->lowest;
  encoding.highest = made_with->highest;
  if (encoding.per_tensor()) encoding.axis = made_with->axis;
  if (encoding == *made_with) return in.finish_as(x);
  return reinterpret(in, x, *made_with, encoding);
}

// Scale and zero point are computed from each image in the file. What they are makes no difference
// to a network that does not round: 1 and 0.
Status import_dynamic_quantize_linear(NodeImport& in) {
  const ValueId x = PAWL_TRY(in.input(0));
  const float one = 1.0F;
  const uint8_t nought = 0;
  in.bind_output(1, in.emit_constant(Tensor::of<float>({}, std::span(&one, 1))));
  in.bind_output(2, in.emit_constant(Tensor::of<uint8_t>({}, std::span(&nought, 1))));
  return in.finish_codes(x, Encoding{.scale = {one}, .zero = {nought}});
}

}  // namespace pawl::engine::onnx
