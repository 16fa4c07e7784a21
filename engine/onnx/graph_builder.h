// The graph while it is being imported: values by ONNX name, nodes appended in order, constants
// folded as they appear.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/onnx/encoding.h"
#include "engine/onnx/model.h"

namespace pawl::engine::onnx {

// Limits on folding. A node above them stays a node; nothing fails.
inline constexpr int64_t kFoldedTensorBytesMax = int64_t{256} << 20;
inline constexpr int64_t kFoldedBytesMax = int64_t{1} << 30;  // all together
inline constexpr double kFoldedNodeWorkMax = 0x1p31;          // multiplications, roughly
inline constexpr double kFoldedWorkMax = 0x1p32;              // all together

class GraphBuilder {
 public:
  // `opset` of the default domain. Names of `model` are reserved: added values avoid them.
  GraphBuilder(const OnnxModel& model, int64_t opset);

  Graph& graph() { return graph_; }
  const Value& value(ValueId id) const { return graph_.value(id); }

  // The value behind an ONNX name, or kNoValue.
  ValueId find(const std::string& name) const;
  void bind(const std::string& name, ValueId id);

  // The name holds codes in the file, and the value what they stand for.
  void bind_codes(const std::string& name, ValueId id, Encoding encoding);
  const Encoding* encoding(const std::string& name) const;  // null: no codes
  bool is_unsigned_16(const std::string& name) const { return unsigned_16_.count(name) > 0; }
  QuantizedDialects& dialects() { return dialects_; }

  // The node that computes a value; null for constants and inputs. Valid until the next append().
  const Node* producer(ValueId id) const;

  // A name that nothing in the file or the graph has.
  std::string fresh_name(const std::string& stem);

  // Infers the outputs' types, adds them as values under `output_names`, and appends the node, or
  // its result if all its inputs are constants. Returns the outputs. `extents` as infer_types().
  Result<std::vector<ValueId>> append(Node node, const std::vector<std::string>& output_names,
                                      const Shape* extents);

 private:
  bool may_fold(const Node& node) const;
  Status fold(const Node& node);

  Graph graph_;
  std::unordered_map<std::string, ValueId> by_name_;
  std::unordered_map<std::string, Encoding> encodings_;
  std::unordered_map<ValueId, size_t> producers_;
  std::set<std::string> unsigned_16_;
  QuantizedDialects dialects_;
  std::unordered_set<std::string> names_;
  int64_t folded_bytes_ = 0;
  double folded_work_ = 0;
};

}  // namespace pawl::engine::onnx
