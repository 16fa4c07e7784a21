#include "engine/onnx/node_import.h"

#include <utility>

#include "engine/graph/inference.h"

namespace pawl::engine::onnx {

Result<ValueId> NodeImport::input(size_t index) const {
  if (has(index) && !carried_ && encoding(index) != nullptr) {
    return unsupported("input \"" + node_.inputs[index] +
                       "\" holds quantized numbers, which this operator cannot read; only "
                       "DequantizeLinear and operators that move numbers can");
  }
  return codes(index);
}

Result<ValueId> NodeImport::codes(size_t index) const {
  if (!has(index)) return malformed("input " + std::to_string(index) + " is missing");
  const ValueId id = builder_.find(node_.inputs[index]);
  if (id == kNoValue) {
    // The order of the nodes guarantees a producer, so it is an output that no handler makes.
    return unsupported("input \"" + node_.inputs[index] +
                       "\" is an optional output of another node, which is not supported");
  }
  return id;
}

Result<std::vector<ValueId>> NodeImport::all_inputs() const {
  std::vector<ValueId> ids;
  for (size_t i = 0; i < std::max<size_t>(input_count(), 1); ++i) {
    ids.push_back(PAWL_TRY(input(i)));
  }
  return ids;
}

Result<std::vector<int64_t>> NodeImport::constant_integers(size_t index, const char* what) const {
  const ValueId id = PAWL_TRY(input(index));
  const Tensor* tensor = constant(id);
  if (tensor == nullptr) {
    return unsupported(std::string(what) + " (input \"" + node_.inputs[index] +
                       "\") depends on the image; only constants are supported");
  }
  if (tensor->shape().size() > 1) return malformed(std::string(what) + " is not a vector");
  if (tensor->dtype() == DType::kInt64) {
    const auto values = tensor->as<int64_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (tensor->dtype() == DType::kInt32) {
    const auto values = tensor->as<int32_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (tensor->dtype() == DType::kUint8) {
    const auto values = tensor->as<uint8_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (tensor->dtype() == DType::kInt8) {
    const auto values = tensor->as<int8_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  return malformed(std::string(what) + " is " + dtype_name(tensor->dtype()) +
                   " instead of an integer");
}

Result<std::vector<float>> NodeImport::constant_reals(size_t index, const char* what) const {
  const ValueId id = PAWL_TRY(input(index));
  const Tensor* tensor = constant(id);
  if (tensor == nullptr) {
    return unsupported(std::string(what) + " (input \"" + node_.inputs[index] +
                       "\") depends on the image; only constants are supported");
  }
  if (tensor->dtype() != DType::kFloat32 || tensor->shape().size() > 1) {
    return malformed(std::string(what) + " is not a vector of floats");
  }
  const auto values = tensor->as<float>();
  return std::vector<float>(values.begin(), values.end());
}

const Encoding* NodeImport::encoding(size_t index) const {
  return has(index) ? builder_.encoding(node_.inputs[index]) : nullptr;
}

Status NodeImport::carry_codes(size_t data_inputs) {
  const Encoding* first = encoding(0);
  for (size_t i = 1; i < data_inputs; ++i) {
    const Encoding* other = encoding(i);
    if (first == other || (first != nullptr && other != nullptr && *first == *other)) continue;
    return unsupported("inputs \"" + node_.inputs[0] + "\" and \"" + node_.inputs[i] +
                       "\" are quantized differently");
  }
  if (first == nullptr) return {};
  if (!first->per_tensor()) {
    return unsupported("input \"" + node_.inputs[0] +
                       "\" is quantized channel by channel; only DequantizeLinear can read it");
  }
  carried_ = *first;
  return {};
}

void NodeImport::declare_scale(ValueId id, const DeclaredScale& declared) {
  Value& value = builder_.graph().value(id);
  if (!value.declared) value.declared = declared;
}

bool NodeImport::has_attribute(std::string_view name) const {
  return node_.attributes.find(name) != node_.attributes.end();
}

const OnnxAttribute* NodeImport::attribute(std::string_view name) {
  const auto found = node_.attributes.find(name);
  if (found == node_.attributes.end()) return nullptr;
  read_.emplace(name);
  return &found->second;
}

Result<const OnnxAttribute*> NodeImport::attribute(std::string_view name,
                                                   OnnxAttribute::Kind kind) {
  const OnnxAttribute* found = attribute(name);
  if (found != nullptr && found->kind != kind) {
    return malformed("attribute \"" + std::string(name) + "\" has the wrong type");
  }
  return found;
}

Result<int64_t> NodeImport::integer(std::string_view name, int64_t otherwise) {
  const auto* found = PAWL_TRY(attribute(name, OnnxAttribute::Kind::kInteger));
  return found == nullptr ? otherwise : found->integer;
}

Result<float> NodeImport::real(std::string_view name, float otherwise) {
  const auto* found = PAWL_TRY(attribute(name, OnnxAttribute::Kind::kReal));
  return found == nullptr ? otherwise : found->real;
}

Result<std::string> NodeImport::text(std::string_view name, std::string_view otherwise) {
  const auto* found = PAWL_TRY(attribute(name, OnnxAttribute::Kind::kText));
  return found == nullptr ? std::string(otherwise) : found->text;
}

Result<std::vector<int64_t>> NodeImport::integers(std::string_view name) {
  const auto* found = PAWL_TRY(attribute(name, OnnxAttribute::Kind::kIntegers));
  if (found == nullptr) return missing(name);
  return found->integers;
}

Result<std::vector<float>> NodeImport::reals(std::string_view name) {
  const auto* found = PAWL_TRY(attribute(name, OnnxAttribute::Kind::kReals));
  if (found == nullptr) return missing(name);
  return found->reals;
}

Result<Tensor> NodeImport::tensor(std::string_view name) {
  const auto* found = PAWL_TRY(attribute(name, OnnxAttribute::Kind::kTensor));
  if (found == nullptr) return missing(name);
  return found->tensor;
}

Result<std::vector<int64_t>> NodeImport::integers(std::string_view name, size_t index) {
  if (has_attribute(name) || !has(index)) return integers(name);
  return constant_integers(index, std::string(name).c_str());
}

Error NodeImport::missing(std::string_view name) const {
  return malformed("\"" + std::string(name) + "\" is missing");
}

void NodeImport::ignore(std::string_view name) {
  read_.emplace(name);
}

Status NodeImport::refuse_unread_attributes() const {
  for (const auto& [name, attribute] : node_.attributes) {
    if (read_.find(name) != read_.end()) continue;
    return unsupported("attribute \"" + name + "\" is not known");
  }
  return {};
}

Result<int64_t> NodeImport::resolve_axis(int64_t axis, int64_t rank) const {
  const int64_t resolved = axis < 0 ? axis + rank : axis;
  if (resolved >= 0 && resolved < rank) return resolved;
  return malformed("axis " + std::to_string(axis) + " is not one of the " + std::to_string(rank) +
                   " dimensions");
}

Result<ValueId> NodeImport::emit(Op op, std::vector<ValueId> inputs, Attributes attributes,
                                 const Shape* extents) {
  const std::string name = builder_.fresh_name(stem() + "/" + std::string(op_name(op)));
  Node node{op, name, std::move(inputs), {}, std::move(attributes)};
  const auto outputs =
      PAWL_TRY(builder_.append(std::move(node), {name}, extents).context(describe()));
  return outputs[0];
}

ValueId NodeImport::emit_constant(Tensor tensor) {
  return builder_.graph().add_constant(builder_.fresh_name(stem() + "/constant"),
                                       std::move(tensor));
}

ValueId NodeImport::emit_scalar(float value) {
  return emit_constant(Tensor::of<float>({}, std::span(&value, 1)));
}

Status NodeImport::finish(Op op, std::vector<ValueId> inputs, Attributes attributes,
                          const Shape* extents, size_t outputs) {
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs; ++i) {
    const bool named = i < node_.outputs.size() && !node_.outputs[i].empty();
    names.push_back(named ? node_.outputs[i]
                          : builder_.fresh_name(stem() + "/output" + std::to_string(i)));
  }
  Node node{
      op, node_.name.empty() ? stem() : node_.name, std::move(inputs), {}, std::move(attributes)};
  const auto ids = PAWL_TRY(builder_.append(std::move(node), names, extents).context(describe()));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (carried_) {
      builder_.bind_codes(names[i], ids[i], *carried_);
    } else {
      builder_.bind(names[i], ids[i]);
    }
  }
  return {};
}

Status NodeImport::finish_as(ValueId id) {
  if (node_.outputs.empty()) return {};
  if (carried_) return finish_codes(id, *carried_);
  builder_.bind(node_.outputs[0], id);
  return {};
}

Status NodeImport::finish_codes(ValueId id, Encoding encoding) {
  if (!node_.outputs.empty()) builder_.bind_codes(node_.outputs[0], id, std::move(encoding));
  return {};
}

void NodeImport::bind_output(size_t index, ValueId id) {
  if (index < node_.outputs.size() && !node_.outputs[index].empty()) {
    builder_.bind(node_.outputs[index], id);
  }
}

Status NodeImport::finish_constant(Tensor tensor) {
  if (node_.outputs.empty()) return {};
  builder_.bind(node_.outputs[0],
                builder_.graph().add_constant(node_.outputs[0], std::move(tensor)));
  return {};
}

Error NodeImport::unsupported(const std::string& message) const {
  return {Code::kUnsupported, describe() + ": " + message};
}

Error NodeImport::malformed(const std::string& message) const {
  return {Code::kCorrupt, describe() + ": " + message};
}

Error NodeImport::attribute_unsupported(std::string_view name, const std::string& value) const {
  return unsupported("attribute \"" + std::string(name) + "\" = " + value + " is not supported");
}

std::string NodeImport::describe() const {
  const std::string domain = node_.domain.empty() ? "" : node_.domain + ".";
  return "node \"" + (node_.name.empty() ? stem() : node_.name) + "\" (operator " + domain +
         node_.op_type + ", opset " + std::to_string(opset_) + ")";
}

std::string NodeImport::stem() const {
  for (const std::string& output : node_.outputs) {
    if (!output.empty()) return output;
  }
  return node_.op_type;
}

}  // namespace pawl::engine::onnx
