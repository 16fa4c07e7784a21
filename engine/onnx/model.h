// An ONNX file as plain data: what proto_reader.cpp leaves of the protobuf message, checked.
//
// Only proto_reader.cpp sees protobuf; the importer works on this. Tensors are complete (element
// count and bytes agree) and in the dtypes of the graph: half, bfloat16 and double are float32,
// unsigned and 16-bit integers are widened.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine::onnx {

struct OnnxAttribute {
  enum class Kind : uint8_t { kInteger, kReal, kText, kTensor, kIntegers, kReals, kOther };
  Kind kind = Kind::kOther;
  int64_t integer = 0;
  float real = 0;
  std::string text;
  std::vector<int64_t> integers;
  std::vector<float> reals;
  Tensor tensor;
};

struct OnnxNode {
  std::string name;  // may be empty
  std::string op_type;
  std::string domain;                // "" is ONNX's own
  std::vector<std::string> inputs;   // "" where optional and absent
  std::vector<std::string> outputs;  // likewise
  std::map<std::string, OnnxAttribute, std::less<>> attributes;
};

struct OnnxInput {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<std::optional<int64_t>> shape;  // nullopt where dynamic
};

struct OnnxModel {
  std::string name;
  std::string producer;
  std::map<std::string, int64_t> opsets;  // domain -> version
  std::map<std::string, std::string> metadata;
  std::vector<OnnxInput> inputs;  // without initialisers
  std::vector<std::string> outputs;
  std::vector<std::pair<std::string, Tensor>> initialisers;
  std::set<std::string> unsigned_16;  // initialisers stored as UINT16, which are int32 here
  std::vector<OnnxNode> nodes;
};

// Errors: kCorrupt (not protobuf, or it contradicts itself), kUnsupported (external data, strings,
// sparse or complex tensors), kExhausted (a tensor above kTensorBytesMax).
Result<OnnxModel> parse_model(std::span<const std::byte> bytes);

// The graph's dtype for TensorProto.DataType `type`.
Result<DType> dtype_from_onnx(int64_t type);

}  // namespace pawl::engine::onnx
