// The graph between importer and plan: values, nodes in execution order, static shapes.
//
// Plain data with value semantics: copy it to keep the graph before a pass. Not thread-safe.
// Invariants, checked by validate(): nodes are topologically sorted; every value has a shape and
// at most one producer; a constant has no producer; names of values are unique and not empty.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/graph/op.h"
#include "engine/graph/tensor.h"
#include "platform/result.h"

namespace pawl::engine {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

using ValueId = int32_t;                 // index into Graph::values
inline constexpr ValueId kNoValue = -1;  // an optional input that is absent

// How a quantized model file stores a value in 8 bits: real = (level - zero) * scale, levels 0 to
// 255.
struct DeclaredScale {
  float scale = 1.0F;
  int32_t zero = 0;

  bool operator==(const DeclaredScale&) const = default;
};

struct Value {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::shared_ptr<const Tensor> constant;  // null unless the value is known; shared, never mutated
  std::optional<DeclaredScale> declared;   // none in a float file
};

using Attribute =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>>;

struct Node {
  Op op = Op::kIdentity;
  std::string name;             // as in the model file; for messages and `pawl diff`
  std::vector<ValueId> inputs;  // kNoValue where optional and absent
  std::vector<ValueId> outputs;
  std::map<std::string, Attribute, std::less<>> attributes;

  // Attribute access. The canonical form (op.h) guarantees presence and type; a miss is our bug.
  int64_t integer(std::string_view key) const;
  float real(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  const std::vector<int64_t>& integers(std::string_view key) const;
  const std::vector<float>& reals(std::string_view key) const;
  bool has(std::string_view key) const { return attributes.find(key) != attributes.end(); }
};

struct InputSize {
  int64_t width = 0;
  int64_t height = 0;
};

struct Graph {
  std::string name;
  int64_t opset = 0;     // of the default domain, as imported
  std::string producer;  // "pytorch 2.1"
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;  // without initialisers
  std::vector<ValueId> outputs;
  std::map<std::string, std::string> metadata;  // names, stride, imgsz, task, ...
  bool rounded_constants = false;               // as in a quantized file, anchors too
  std::vector<std::string> assumptions;         // of the importer, one line each
  std::vector<std::string> warnings;            // likewise

  ValueId add_value(std::string value_name, DType dtype, Shape shape);
  ValueId add_constant(std::string value_name, Tensor tensor);
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
};

// Where each value comes from and goes to. Computed when needed, stale after any change.
struct Uses {
  std::vector<int32_t> producer;                // node index, or -1
  std::vector<std::vector<int32_t>> consumers;  // node indices, ascending, once per node
  std::vector<bool> is_output;                  // of the graph
};
Uses compute_uses(const Graph& graph);

// The invariants above; an Error names the first broken one.
Status validate(const Graph& graph);

// Drops nodes whose outputs nobody reads, then values nobody names; ids are renumbered.
void remove_dead_nodes(Graph* graph);

// Stable topological order of the nodes; an Error if there is a cycle.
Status sort_topologically(Graph* graph);

}  // namespace pawl::engine
