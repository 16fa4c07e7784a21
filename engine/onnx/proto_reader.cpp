#include <onnx/onnx_pb.h>

#include <climits>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "engine/graph/inference.h"
#include "engine/onnx/half.h"
#include "engine/onnx/model.h"

namespace pawl::engine::onnx {
namespace {

using ::onnx::AttributeProto;
using ::onnx::ModelProto;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

// How a TensorProto stores its elements, and what they become.
struct Storage {
  int32_t type;
  DType dtype;
  size_t raw_bytes;  // of one element in raw_data
};
constexpr Storage kStorages[] = {
    {TensorProto::FLOAT, DType::kFloat32, 4},   {TensorProto::UINT8, DType::kUint8, 1},
    {TensorProto::INT8, DType::kInt8, 1},       {TensorProto::UINT16, DType::kInt32, 2},
    {TensorProto::INT16, DType::kInt32, 2},     {TensorProto::INT32, DType::kInt32, 4},
    {TensorProto::INT64, DType::kInt64, 8},     {TensorProto::BOOL, DType::kBool, 1},
    {TensorProto::FLOAT16, DType::kFloat32, 2}, {TensorProto::DOUBLE, DType::kFloat32, 8},
    {TensorProto::UINT32, DType::kInt64, 4},    {TensorProto::BFLOAT16, DType::kFloat32, 2},
};

Result<Storage> storage_of(int64_t type) {
  for (const Storage& storage : kStorages) {
    if (storage.type == type) return storage;
  }
  return Error{Code::kUnsupported, "tensor element type " + std::to_string(type) +
                                       " (TensorProto.DataType) is not supported"};
}

template <typename From, typename To, typename Convert>
void convert_raw(const std::string& raw, std::span<To> to, Convert convert) {
  for (size_t i = 0; i < to.size(); ++i) {
    From from;
    std::memcpy(&from, raw.data() + i * sizeof(From), sizeof(From));
    to[i] = convert(from);
  }
}

// Requires raw.size() to be the elements of `tensor` times the storage's bytes. Both are
// little-endian, as all machines that Pawl knows.
void fill_from_raw(const std::string& raw, int32_t type, Tensor* tensor) {
  const auto same = [](auto value) { return value; };
  switch (type) {
    case TensorProto::FLOAT16:
      return convert_raw<uint16_t>(raw, tensor->as<float>(), float_from_half);
    case TensorProto::BFLOAT16:
      return convert_raw<uint16_t>(raw, tensor->as<float>(), float_from_bfloat16);
    case TensorProto::DOUBLE:
      return convert_raw<double>(raw, tensor->as<float>(), float_from_double);
    case TensorProto::UINT16:
      return convert_raw<uint16_t>(raw, tensor->as<int32_t>(), same);
    case TensorProto::INT16:
      return convert_raw<int16_t>(raw, tensor->as<int32_t>(), same);
    case TensorProto::UINT32:
      return convert_raw<uint32_t>(raw, tensor->as<int64_t>(), same);
    case TensorProto::BOOL:
      return convert_raw<uint8_t>(raw, tensor->as<uint8_t>(),
                                  [](uint8_t value) { return static_cast<uint8_t>(value != 0); });
    default:
      if (!raw.empty()) std::memcpy(tensor->bytes().data(), raw.data(), raw.size());
  }
}

template <typename Field, typename To, typename Convert>
Status convert_field(const Field& field, std::span<To> to, Convert convert) {
  if (static_cast<size_t>(field.size()) != to.size()) {
    return Error{Code::kCorrupt, "holds " + std::to_string(field.size()) + " elements instead of " +
                                     std::to_string(to.size())};
  }
  for (size_t i = 0; i < to.size(); ++i) to[i] = convert(field[static_cast<int>(i)]);
  return {};
}

// Whole numbers of `bits`, whichever way their sign is stored.
template <typename Field>
Status check_low_bits(const Field& field, int bits) {
  const int32_t limit = int32_t{1} << bits;
  for (const int32_t value : field) {
    if (value >= -limit / 2 && value < limit) continue;
    return Error{Code::kCorrupt, "holds " + std::to_string(value) + ", which is outside its type"};
  }
  return {};
}

Status fill_from_fields(const TensorProto& proto, Tensor* tensor) {
  // The schema stores narrow types in the low bits of int32_data.
  const auto low_16 = [](int32_t value) { return static_cast<uint16_t>(value & 0xFFFF); };
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return convert_field(proto.float_data(), tensor->as<float>(), [](float v) { return v; });
    case TensorProto::DOUBLE:
      return convert_field(proto.double_data(), tensor->as<float>(), float_from_double);
    case TensorProto::FLOAT16:
      return convert_field(proto.int32_data(), tensor->as<float>(),
                           [&](int32_t v) { return float_from_half(low_16(v)); });
    case TensorProto::BFLOAT16:
      return convert_field(proto.int32_data(), tensor->as<float>(),
                           [&](int32_t v) { return float_from_bfloat16(low_16(v)); });
    case TensorProto::INT64:
      return convert_field(proto.int64_data(), tensor->as<int64_t>(), [](int64_t v) { return v; });
    case TensorProto::UINT32:
      return convert_field(proto.uint64_data(), tensor->as<int64_t>(),
                           [](uint64_t v) { return static_cast<int64_t>(v & UINT32_MAX); });
    case TensorProto::BOOL:
      return convert_field(proto.int32_data(), tensor->as<uint8_t>(),
                           [](int32_t v) { return static_cast<uint8_t>(v != 0); });
    case TensorProto::UINT8:
      PAWL_TRY(check_low_bits(proto.int32_data(), 8));
      return convert_field(proto.int32_data(), tensor->as<uint8_t>(),
                           [](int32_t v) { return static_cast<uint8_t>(v & 0xFF); });
    case TensorProto::INT8:
      PAWL_TRY(check_low_bits(proto.int32_data(), 8));
      return convert_field(proto.int32_data(), tensor->as<int8_t>(),
                           [](int32_t v) { return static_cast<int8_t>(v); });
    case TensorProto::INT16:
    case TensorProto::UINT16:
      PAWL_TRY(check_low_bits(proto.int32_data(), 16));
      [[fallthrough]];
    default:  // INT32
      return convert_field(proto.int32_data(), tensor->as<int32_t>(), [](int32_t v) { return v; });
  }
}

Result<Tensor> read_tensor(const TensorProto& proto) {
  if (proto.data_location() == TensorProto::EXTERNAL) {
    return Error{Code::kUnsupported,
                 "keeps its data in another file; save the model as one file "
                 "(onnx.save with save_as_external_data=False)"};
  }
  const Storage storage = PAWL_TRY(storage_of(proto.data_type()));
  const Shape shape(proto.dims().begin(), proto.dims().end());
  PAWL_TRY(check_type({storage.dtype, shape}));
  const size_t count = static_cast<size_t>(element_count(shape));
  // Bytes on hand bound the allocation: a short file cannot ask for a large tensor.
  if (proto.has_raw_data()) {
    if (proto.raw_data().size() != count * storage.raw_bytes) {
      return Error{Code::kCorrupt, "has the shape " + to_string(shape) + " but " +
                                       std::to_string(proto.raw_data().size()) + " bytes of data"};
    }
    Tensor tensor(storage.dtype, shape);
    fill_from_raw(proto.raw_data(), proto.data_type(), &tensor);
    return tensor;
  }
  const size_t held =
      static_cast<size_t>(proto.float_data_size()) + static_cast<size_t>(proto.int32_data_size()) +
      static_cast<size_t>(proto.int64_data_size()) + static_cast<size_t>(proto.double_data_size()) +
      static_cast<size_t>(proto.uint64_data_size());
  if (held < count) {
    return Error{Code::kCorrupt, "has the shape " + to_string(shape) + " but only " +
                                     std::to_string(held) + " elements"};
  }
  Tensor tensor(storage.dtype, shape);
  PAWL_TRY(fill_from_fields(proto, &tensor));
  return tensor;
}

Result<OnnxAttribute> read_attribute(const AttributeProto& proto) {
  OnnxAttribute attribute;
  using Kind = OnnxAttribute::Kind;
  switch (proto.type()) {
    case AttributeProto::INT:
      attribute.kind = Kind::kInteger;
      attribute.integer = proto.i();
      break;
    case AttributeProto::FLOAT:
      attribute.kind = Kind::kReal;
      attribute.real = proto.f();
      break;
    case AttributeProto::STRING:
      attribute.kind = Kind::kText;
      attribute.text = proto.s();
      break;
    case AttributeProto::INTS:
      attribute.kind = Kind::kIntegers;
      attribute.integers.assign(proto.ints().begin(), proto.ints().end());
      break;
    case AttributeProto::FLOATS:
      attribute.kind = Kind::kReals;
      attribute.reals.assign(proto.floats().begin(), proto.floats().end());
      break;
    case AttributeProto::TENSOR:
      attribute.kind = Kind::kTensor;
      attribute.tensor = PAWL_TRY(read_tensor(proto.t()));
      break;
    default:  // graphs (control flow), sparse tensors, strings: the operators that use them are not
      break;  // supported, and say so
  }
  return attribute;
}

Result<OnnxNode> read_node(const ::onnx::NodeProto& proto) {
  OnnxNode node;
  node.name = proto.name();
  node.op_type = proto.op_type();
  node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (const AttributeProto& attribute : proto.attribute()) {
    const std::string where = "node \"" + (node.name.empty() ? node.op_type : node.name) +
                              "\" attribute \"" + attribute.name() + "\"";
    auto read = PAWL_TRY(read_attribute(attribute).context(where));
    if (!node.attributes.emplace(attribute.name(), std::move(read)).second) {
      return Error{Code::kCorrupt, where + " is listed twice"};
    }
  }
  return node;
}

Result<OnnxInput> read_input(const ValueInfoProto& proto) {
  if (!proto.type().has_tensor_type()) {
    return Error{Code::kUnsupported, "input \"" + proto.name() + "\" is not a tensor"};
  }
  const auto& type = proto.type().tensor_type();
  OnnxInput input;
  input.name = proto.name();
  const Storage storage =
      PAWL_TRY(storage_of(type.elem_type()).context("input \"" + proto.name() + "\""));
  input.dtype = storage.dtype;
  for (const auto& dimension : type.shape().dim()) {
    // Exporters write 0 and -1 as well as names for "any".
    const bool fixed = dimension.has_dim_value() && dimension.dim_value() > 0;
    input.shape.push_back(fixed ? std::optional<int64_t>(dimension.dim_value()) : std::nullopt);
  }
  return input;
}

Status read_graph(const ::onnx::GraphProto& proto, OnnxModel* model) {
  model->name = proto.name();
  if (proto.sparse_initializer_size() > 0) {
    return Error{Code::kUnsupported, "sparse initialisers are not supported"};
  }
  std::unordered_set<std::string> initialised;
  for (const TensorProto& initialiser : proto.initializer()) {
    const std::string where = "initialiser \"" + initialiser.name() + "\"";
    Tensor tensor = PAWL_TRY(read_tensor(initialiser).context(where));
    if (initialiser.name().empty() || !initialised.insert(initialiser.name()).second) {
      return Error{Code::kCorrupt, where + " is listed twice or has no name"};
    }
    if (initialiser.data_type() == TensorProto::UINT16) {
      model->unsigned_16.insert(initialiser.name());
    }
    model->initialisers.emplace_back(initialiser.name(), std::move(tensor));
  }
  for (const ValueInfoProto& input : proto.input()) {
    // Files of IR version 3 list every initialiser as an input too.
    if (initialised.count(input.name()) > 0) continue;
    model->inputs.push_back(PAWL_TRY(read_input(input)));
  }
  for (const ValueInfoProto& output : proto.output()) model->outputs.push_back(output.name());
  for (const auto& node : proto.node()) model->nodes.push_back(PAWL_TRY(read_node(node)));
  return {};
}

}  // namespace

Result<DType> dtype_from_onnx(int64_t type) {
  const Storage storage = PAWL_TRY(storage_of(type));
  return storage.dtype;
}

Result<OnnxModel> parse_model(std::span<const std::byte> bytes) {
  if (bytes.size() > INT_MAX) {
    return Error{Code::kExhausted, "an ONNX file of more than 2 GiB cannot be read"};
  }
  ModelProto proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !proto.has_graph()) {
    return Error{Code::kCorrupt, "not an ONNX model, or cut short"};
  }
  OnnxModel model;
  model.producer = proto.producer_name();
  if (!proto.producer_version().empty()) model.producer += " " + proto.producer_version();
  for (const auto& opset : proto.opset_import()) {
    model.opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = opset.version();
  }
  for (const auto& entry : proto.metadata_props()) model.metadata[entry.key()] = entry.value();
  PAWL_TRY(read_graph(proto.graph(), &model));
  return model;
}

}  // namespace pawl::engine::onnx
