// Small ONNX files for tests, built message by message.
#pragma once

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "engine/onnx/importer.h"
#include "engine/reference/reference.h"

namespace pawl::engine::test {

using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

// One node, with chainable attributes.
class NodeRef {
 public:
  explicit NodeRef(NodeProto* node) : node_(node) {}
  NodeRef& name(const std::string& text) {
    node_->set_name(text);
    return *this;
  }
  NodeRef& domain(const std::string& text) {
    node_->set_domain(text);
    return *this;
  }
  NodeRef& set(const std::string& key, int64_t value) {
    add(key, AttributeProto::INT)->set_i(value);
    return *this;
  }
  NodeRef& set(const std::string& key, float value) {
    add(key, AttributeProto::FLOAT)->set_f(value);
    return *this;
  }
  NodeRef& set(const std::string& key, const char* value) {
    add(key, AttributeProto::STRING)->set_s(value);
    return *this;
  }
  NodeRef& set(const std::string& key, const Ints& values) {
    auto* attribute = add(key, AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
    return *this;
  }
  NodeRef& set(const std::string& key, const Floats& values) {
    auto* attribute = add(key, AttributeProto::FLOATS);
    for (const float value : values) attribute->add_floats(value);
    return *this;
  }
  NodeRef& set(const std::string& key, const TensorProto& value) {
    *add(key, AttributeProto::TENSOR)->mutable_t() = value;
    return *this;
  }

 private:
  AttributeProto* add(const std::string& key, AttributeProto::AttributeType type) {
    auto* attribute = node_->add_attribute();
    attribute->set_name(key);
    attribute->set_type(type);
    return attribute;
  }
  NodeProto* node_;
};

inline TensorProto tensor_proto(const Ints& dims, const Floats& values) {
  TensorProto proto;
  proto.set_data_type(TensorProto::FLOAT);
  for (const int64_t dim : dims) proto.add_dims(dim);
  for (const float value : values) proto.add_float_data(value);
  return proto;
}

inline TensorProto tensor_proto(const Ints& dims, const Ints& values) {
  TensorProto proto;
  proto.set_data_type(TensorProto::INT64);
  for (const int64_t dim : dims) proto.add_dims(dim);
  for (const int64_t value : values) proto.add_int64_data(value);
  return proto;
}

class ModelBuilder {
 public:
  explicit ModelBuilder(int64_t opset) {
    model_.set_ir_version(8);
    auto* import = model_.add_opset_import();
    import->set_domain("");
    import->set_version(opset);
    model_.mutable_graph()->set_name("test");
  }

  // A dimension below 0 becomes the name "any".
  void input(const std::string& name, const Ints& dims, int type = TensorProto::FLOAT) {
    auto* value = model_.mutable_graph()->add_input();
    value->set_name(name);
    auto* tensor = value->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const int64_t dim : dims) {
      auto* dimension = tensor->mutable_shape()->add_dim();
      if (dim < 0) {
        dimension->set_dim_param("any");
      } else {
        dimension->set_dim_value(dim);
      }
    }
  }
  void constant(const std::string& name, TensorProto proto) {
    proto.set_name(name);
    *model_.mutable_graph()->add_initializer() = std::move(proto);
  }
  void constant(const std::string& name, const Ints& dims, const Floats& values) {
    constant(name, tensor_proto(dims, values));
  }
  void constant(const std::string& name, const Ints& dims, const Ints& values) {
    constant(name, tensor_proto(dims, values));
  }
  NodeRef node(const std::string& op, const std::vector<std::string>& inputs,
               const std::vector<std::string>& outputs) {
    auto* proto = model_.mutable_graph()->add_node();
    proto->set_op_type(op);
    proto->set_name("the_" + op);
    for (const std::string& value : inputs) proto->add_input(value);
    for (const std::string& value : outputs) proto->add_output(value);
    return NodeRef(proto);
  }
  void output(const std::string& name) { model_.mutable_graph()->add_output()->set_name(name); }

  ::onnx::ModelProto& model() { return model_; }
  std::string bytes() const { return model_.SerializeAsString(); }
  Result<Graph> import(const ImportOptions& options = {}) const {
    const std::string text = bytes();
    return import_onnx(std::as_bytes(std::span(text.data(), text.size())), "test.onnx", options);
  }

 private:
  ::onnx::ModelProto model_;
};

inline Tensor real_tensor(const Ints& dims, const Floats& values) {
  return Tensor::of<float>(dims, std::span(values));
}

inline Tensor integer_tensor(const Ints& dims, const Ints& values) {
  return Tensor::of<int64_t>(dims, std::span(values));
}

inline TensorProto proto_of(const Tensor& tensor) {
  TensorProto proto;
  switch (tensor.dtype()) {
    case DType::kFloat32:
      proto.set_data_type(TensorProto::FLOAT);
      break;
    case DType::kInt64:
      proto.set_data_type(TensorProto::INT64);
      break;
    case DType::kInt32:
      proto.set_data_type(TensorProto::INT32);
      break;
    case DType::kUint8:
      proto.set_data_type(TensorProto::UINT8);
      break;
    case DType::kInt8:
      proto.set_data_type(TensorProto::INT8);
      break;
    case DType::kBool:
      proto.set_data_type(TensorProto::BOOL);
      break;
  }
  for (const int64_t dim : tensor.shape()) proto.add_dims(dim);
  proto.set_raw_data(tensor.bytes().data(), tensor.bytes().size());
  return proto;
}

// One operator applied to tensors. `run()` imports it twice, with the data as graph inputs (so that
// the reference executor computes it) and as initialisers (so that folding does), requires both to
// agree bit by bit, and returns the outputs.
class SingleNode {
 public:
  SingleNode(const std::string& op, int64_t opset, std::vector<Tensor> data, size_t outputs = 1)
      : computed_(opset), folded_(opset), data_(std::move(data)) {
    std::vector<std::string> names;
    for (size_t i = 0; i < data_.size(); ++i) {
      names.push_back("x" + std::to_string(i));
      const TensorProto proto = proto_of(data_[i]);
      computed_.input(names.back(), data_[i].shape(), proto.data_type());
      folded_.constant(names.back(), proto);
    }
    std::vector<std::string> results;
    for (size_t i = 0; i < outputs; ++i) {
      results.push_back("y" + std::to_string(i));
      computed_.output(results.back());
      folded_.output(results.back());
    }
    computed_.node(op, names, results);
    folded_.node(op, names, results);
  }
  template <typename Value>
  SingleNode& set(const std::string& key, const Value& value) {
    for (ModelBuilder* builder : {&computed_, &folded_}) {
      NodeRef(builder->model().mutable_graph()->mutable_node(0)).set(key, value);
    }
    return *this;
  }
  // Appends an input that is a constant in both forms; an absent one if null.
  SingleNode& with(const TensorProto* proto) {
    for (ModelBuilder* builder : {&computed_, &folded_}) {
      auto* node = builder->model().mutable_graph()->mutable_node(0);
      const std::string name = "c" + std::to_string(node->input_size());
      node->add_input(proto == nullptr ? "" : name);
      if (proto != nullptr) builder->constant(name, *proto);
    }
    return *this;
  }
  SingleNode& with(const Ints& dims, const Ints& values) {
    const TensorProto proto = tensor_proto(dims, values);
    return with(&proto);
  }
  SingleNode& with(const Ints& dims, const Floats& values) {
    const TensorProto proto = tensor_proto(dims, values);
    return with(&proto);
  }
  SingleNode& absent() { return with(static_cast<const TensorProto*>(nullptr)); }

  Result<Graph> import() const { return computed_.import(); }

  std::vector<Tensor> run() const {
    auto graph = computed_.import();
    auto constant = folded_.import();
    if (!graph.ok() || !constant.ok()) {
      ADD_FAILURE() << (graph.ok() ? constant.error().message : graph.error().message);
      return {};
    }
    auto results = run_reference(graph.value(), data_);
    auto folded = run_reference(constant.value(), {});
    if (!results.ok() || !folded.ok()) {
      ADD_FAILURE() << (results.ok() ? folded.error().message : results.error().message);
      return {};
    }
    EXPECT_TRUE(constant.value().nodes.empty()) << "constants were not folded";
    for (size_t i = 0; i < results.value().size(); ++i) {
      const Tensor& a = results.value()[i];
      const Tensor& b = folded.value()[i];
      EXPECT_EQ(a.shape(), b.shape());
      EXPECT_TRUE(
          std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
    }
    return std::move(results).value();
  }

 private:
  ModelBuilder computed_;
  ModelBuilder folded_;
  std::vector<Tensor> data_;
};

inline void expect_real(const std::vector<Tensor>& results, const Ints& shape,
                        const Floats& expected, float tolerance = 1e-6F, size_t index = 0) {
  ASSERT_GT(results.size(), index);
  const Tensor& tensor = results[index];
  ASSERT_EQ(tensor.dtype(), DType::kFloat32);
  EXPECT_EQ(tensor.shape(), shape);
  const auto values = tensor.as<float>();
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << i;
}

inline void expect_integer(const std::vector<Tensor>& results, const Ints& shape,
                           const Ints& expected, size_t index = 0) {
  ASSERT_GT(results.size(), index);
  const Tensor& tensor = results[index];
  ASSERT_EQ(tensor.dtype(), DType::kInt64);
  EXPECT_EQ(tensor.shape(), shape);
  const auto values = tensor.as<int64_t>();
  EXPECT_EQ(Ints(values.begin(), values.end()), expected);
}

// 0, 1, 2, ...
inline Floats count(size_t n, float first = 0) {
  Floats values(n);
  for (size_t i = 0; i < n; ++i) values[i] = first + static_cast<float>(i);
  return values;
}

inline Tensor counted(const Ints& dims) {
  return real_tensor(dims, count(static_cast<size_t>(element_count(dims))));
}

inline bool mentions(const Error& error, const std::string& text) {
  return error.message.find(text) != std::string::npos;
}

inline void expect_refused(const Result<Graph>& graph, Code code,
                           const std::vector<std::string>& texts) {
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, code) << graph.error().message;
  EXPECT_EQ(graph.error().message.find('\n'), std::string::npos);
  for (const std::string& text : texts) {
    EXPECT_TRUE(mentions(graph.error(), text)) << text << " in " << graph.error().message;
  }
}

}  // namespace pawl::engine::test
