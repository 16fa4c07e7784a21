// One ONNX node while it is translated: what a handler (operators.h) reads and writes.
//
// Every attribute that a handler reads is marked; one that nobody read is an error, so that nothing
// in a file is silently ignored.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/onnx/graph_builder.h"

namespace pawl::engine::onnx {

using Attributes = std::map<std::string, Attribute, std::less<>>;

class NodeImport {
 public:
  NodeImport(GraphBuilder* builder, const OnnxNode& node, int64_t opset)
      : builder_(*builder), node_(node), opset_(opset) {}

  int64_t opset() const { return opset_; }  // of the node's domain
  const std::string& op_type() const { return node_.op_type; }

  // Inputs. Optional ones may be missing or have an empty name.
  size_t input_count() const { return node_.inputs.size(); }
  bool has(size_t index) const {
    return index < node_.inputs.size() && !node_.inputs[index].empty();
  }
  Result<ValueId> input(size_t index) const;  // refuses codes (encoding.h), unless carried
  const std::string& input_name(size_t index) const { return node_.inputs[index]; }
  Result<std::vector<ValueId>> all_inputs() const;  // at least one
  const Shape& shape(ValueId id) const { return builder_.value(id).shape; }
  int64_t rank(ValueId id) const { return static_cast<int64_t>(shape(id).size()); }
  DType dtype(ValueId id) const { return builder_.value(id).dtype; }
  const Tensor* constant(ValueId id) const { return builder_.value(id).constant.get(); }

  // Input `index` as numbers known now. `what` names it in the error.
  Result<std::vector<int64_t>> constant_integers(size_t index, const char* what) const;
  Result<std::vector<float>> constant_reals(size_t index, const char* what) const;

  // Codes. carry_codes(): the operator moves numbers about, so that it works on codes as on what
  // they stand for: its outputs have the encoding of its data inputs.
  Result<ValueId> codes(size_t index) const;
  const Encoding* encoding(size_t index) const;  // null: plain numbers
  Status carry_codes(size_t data_inputs);
  bool is_unsigned_16(size_t index) const { return builder_.is_unsigned_16(node_.inputs[index]); }
  QuantizedDialects& dialects() { return builder_.dialects(); }
  const Node* producer(ValueId id) const { return builder_.producer(id); }
  void declare_scale(ValueId id, const DeclaredScale& declared);  // the first one counts

  // Attributes; absent ones give the default, and are an error where there is none.
  bool has_attribute(std::string_view name) const;
  Result<int64_t> integer(std::string_view name, int64_t otherwise);
  Result<float> real(std::string_view name, float otherwise);
  Result<std::string> text(std::string_view name, std::string_view otherwise);
  Result<std::vector<int64_t>> integers(std::string_view name);
  Result<std::vector<float>> reals(std::string_view name);
  Result<Tensor> tensor(std::string_view name);
  void ignore(std::string_view name);  // of no consequence to inference

  // Integers that older opsets keep in an attribute and newer ones in a constant input.
  bool gives(std::string_view name, size_t index) const {
    return has_attribute(name) || has(index);
  }
  Result<std::vector<int64_t>> integers(std::string_view name, size_t index);

  Status refuse_unread_attributes() const;

  // An axis counted from the end if negative; an error if it is none of `rank`.
  Result<int64_t> resolve_axis(int64_t axis, int64_t rank) const;

  // An intermediate node with one output; `extents` as in infer_types().
  Result<ValueId> emit(Op op, std::vector<ValueId> inputs, Attributes attributes = {},
                       const Shape* extents = nullptr);
  ValueId emit_constant(Tensor tensor);
  ValueId emit_scalar(float value);

  // The node whose outputs are those of the ONNX node.
  size_t output_count() const { return node_.outputs.size(); }
  Status finish(Op op, std::vector<ValueId> inputs, Attributes attributes = {},
                const Shape* extents = nullptr, size_t outputs = 1);
  Status finish_as(ValueId id);  // the ONNX node does nothing: its output is that value
  Status finish_constant(Tensor tensor);
  Status finish_codes(ValueId id, Encoding encoding);
  void bind_output(size_t index, ValueId id);  // of a node with several

  // 'node "x" (operator Y, opset n): ' and the message.
  Error unsupported(const std::string& message) const;
  Error malformed(const std::string& message) const;
  Error attribute_unsupported(std::string_view name, const std::string& value) const;
  std::string describe() const;

 private:
  const OnnxAttribute* attribute(std::string_view name);
  Result<const OnnxAttribute*> attribute(std::string_view name, OnnxAttribute::Kind kind);
  Error missing(std::string_view name) const;
  std::string stem() const;

  GraphBuilder& builder_;
  const OnnxNode& node_;
  int64_t opset_;
  std::set<std::string, std::less<>> read_;
  std::optional<Encoding> carried_;
};

}  // namespace pawl::engine::onnx
