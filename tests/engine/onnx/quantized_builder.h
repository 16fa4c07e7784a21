// Quantized ONNX files for tests: codes, scales and zero points on top of model_builder.h.
#pragma once

#include <random>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {

using Names = std::vector<std::string>;

// Whole numbers in the storage of `type` (TensorProto.DataType).
inline TensorProto levels_proto(int type, const Ints& dims, const Ints& values) {
  TensorProto proto;
  proto.set_data_type(type);
  for (const int64_t dim : dims) proto.add_dims(dim);
  for (const int64_t value : values) proto.add_int32_data(static_cast<int32_t>(value));
  return proto;
}

class QuantizedBuilder : public ModelBuilder {
 public:
  explicit QuantizedBuilder(int64_t opset = 13) : ModelBuilder(opset) {
    auto* import = model().add_opset_import();
    import->set_domain("com.microsoft");
    import->set_version(1);
  }
  void codes(const std::string& name, int type, const Ints& dims, const Ints& values) {
    constant(name, levels_proto(type, dims, values));
  }
  // Scale and zero point of a tensor: constants `name`_s and `name`_z.
  void encoding(const std::string& name, float scale, int64_t zero, int type = TensorProto::UINT8) {
    constant(name + "_s", {}, Floats{scale});
    codes(name + "_z", type, {}, {zero});
  }
  NodeRef quantize(const std::string& x, const std::string& y, const std::string& encoding) {
    return node("QuantizeLinear", {x, encoding + "_s", encoding + "_z"}, {y});
  }
  NodeRef dequantize(const std::string& x, const std::string& y, const std::string& encoding) {
    return node("DequantizeLinear", {x, encoding + "_s", encoding + "_z"}, {y});
  }
  // `x` through codes and back.
  void pair(const std::string& x, const std::string& y, float scale, int64_t zero,
            int type = TensorProto::UINT8) {
    encoding(y, scale, zero, type);
    quantize(x, y + "_q", y);
    dequantize(y + "_q", y, y);
  }
};

// The graph of a model that must import.
inline Graph imported(const ModelBuilder& model) {
  auto graph = model.import();
  if (!graph.ok()) {
    ADD_FAILURE() << graph.error().message;
    return {};
  }
  return std::move(graph).value();
}

inline std::vector<Op> ops_of(const Graph& graph) {
  std::vector<Op> ops;
  for (const Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

// Both models compute the same from random inputs.
inline void expect_equal(const ModelBuilder& a, const ModelBuilder& b, float tolerance = 1e-5F) {
  const Graph graphs[] = {imported(a), imported(b)};
  std::mt19937 random(4);
  std::uniform_real_distribution<float> uniform(-2.0F, 2.0F);
  std::vector<Tensor> inputs;
  for (const ValueId id : graphs[1].inputs) {
    inputs.emplace_back(DType::kFloat32, graphs[1].value(id).shape);
    for (float& value : inputs.back().as<float>()) value = uniform(random);
  }
  const auto x = run_reference(graphs[0], inputs);
  const auto y = run_reference(graphs[1], inputs);
  ASSERT_TRUE(x.ok()) << x.error().message;
  ASSERT_TRUE(y.ok()) << y.error().message;
  ASSERT_EQ(x.value().size(), y.value().size());
  for (size_t o = 0; o < y.value().size(); ++o) {
    ASSERT_EQ(x.value()[o].shape(), y.value()[o].shape());
    const auto p = x.value()[o].as<float>();
    const auto q = y.value()[o].as<float>();
    for (size_t i = 0; i < q.size(); ++i) ASSERT_NEAR(p[i], q[i], tolerance) << o << " " << i;
  }
}

}  // namespace pawl::engine::test
