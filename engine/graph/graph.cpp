#include "engine/graph/graph.h"

#include <functional>
#include <queue>
#include <unordered_set>
#include <utility>

namespace pawl::engine {
namespace {

template <typename T>
const T& attribute(const Node& node, std::string_view key) {
  const auto found = node.attributes.find(key);
  PAWL_CHECK(found != node.attributes.end());
  const T* typed = std::get_if<T>(&found->second);
  PAWL_CHECK(typed != nullptr);
  return *typed;
}

std::string describe(const Node& node) {
  return "node \"" + node.name + "\" (" + std::string(op_name(node.op)) + ")";
}

Error broken(std::string message) {
  return Error{Code::kCorrupt, std::move(message)};
}

// Values: names, shapes, constants.
Status validate_values(const Graph& graph) {
  std::unordered_set<std::string_view> names;
  for (const Value& value : graph.values) {
    if (value.name.empty()) return broken("a value has no name");
    if (!names.insert(value.name).second) {
      return broken("two values are named \"" + value.name + "\"");
    }
    for (const int64_t extent : value.shape) {
      if (extent < 0) {
        return broken("value \"" + value.name + "\" has the shape " + to_string(value.shape));
      }
    }
    if (value.constant != nullptr &&
        (value.constant->dtype() != value.dtype || value.constant->shape() != value.shape)) {
      return broken("constant \"" + value.name + "\" does not have the type of its value");
    }
  }
  return {};
}

}  // namespace

int64_t Node::integer(std::string_view key) const {
  return attribute<int64_t>(*this, key);
}
float Node::real(std::string_view key) const {
  return attribute<float>(*this, key);
}
const std::string& Node::text(std::string_view key) const {
  return attribute<std::string>(*this, key);
}
const std::vector<int64_t>& Node::integers(std::string_view key) const {
  return attribute<std::vector<int64_t>>(*this, key);
}
const std::vector<float>& Node::reals(std::string_view key) const {
  return attribute<std::vector<float>>(*this, key);
}

ValueId Graph::add_value(std::string value_name, DType dtype, Shape shape) {
  values.push_back({std::move(value_name), dtype, std::move(shape), nullptr, std::nullopt});
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(std::string value_name, Tensor tensor) {
  const ValueId id = add_value(std::move(value_name), tensor.dtype(), tensor.shape());
  values.back().constant = std::make_shared<const Tensor>(std::move(tensor));
  return id;
}

Uses compute_uses(const Graph& graph) {
  Uses uses;
  uses.producer.assign(graph.values.size(), -1);
  uses.consumers.resize(graph.values.size());
  uses.is_output.assign(graph.values.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const int32_t index = static_cast<int32_t>(i);
    for (const ValueId id : graph.nodes[i].inputs) {
      if (id == kNoValue) continue;
      auto& consumers = uses.consumers[static_cast<size_t>(id)];
      if (consumers.empty() || consumers.back() != index) consumers.push_back(index);
    }
    for (const ValueId id : graph.nodes[i].outputs) {
      if (id != kNoValue) uses.producer[static_cast<size_t>(id)] = index;
    }
  }
  for (const ValueId id : graph.outputs) uses.is_output[static_cast<size_t>(id)] = true;
  return uses;
}

Status validate(const Graph& graph) {
  PAWL_TRY(validate_values(graph));
  const auto in_range = [&](ValueId id) {
    return id >= 0 && static_cast<size_t>(id) < graph.values.size();
  };
  std::vector<bool> defined(graph.values.size(), false);
  for (size_t i = 0; i < graph.values.size(); ++i) {
    defined[i] = graph.values[i].constant != nullptr;
  }
  for (const ValueId id : graph.inputs) {
    if (!in_range(id)) return broken("a graph input names no value");
    if (defined[static_cast<size_t>(id)]) {
      return broken("graph input \"" + graph.value(id).name + "\" is a constant or listed twice");
    }
    defined[static_cast<size_t>(id)] = true;
  }
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      if (!in_range(id)) return broken(describe(node) + " reads a value that does not exist");
      if (!defined[static_cast<size_t>(id)]) {
        return broken(describe(node) + " reads \"" + graph.value(id).name +
                      "\" before it is produced");
      }
    }
    for (const ValueId id : node.outputs) {
      if (id == kNoValue) continue;
      if (!in_range(id)) return broken(describe(node) + " writes a value that does not exist");
      if (defined[static_cast<size_t>(id)]) {
        return broken(describe(node) + " writes \"" + graph.value(id).name +
                      "\", which has a producer already");
      }
      defined[static_cast<size_t>(id)] = true;
    }
  }
  if (graph.outputs.empty()) return broken("the graph has no output");
  for (const ValueId id : graph.outputs) {
    if (!in_range(id)) return broken("a graph output names no value");
    if (!defined[static_cast<size_t>(id)]) {
      return broken("graph output \"" + graph.value(id).name + "\" is never produced");
    }
  }
  return {};
}

void remove_dead_nodes(Graph* graph) {
  std::vector<bool> live(graph->values.size(), false);
  for (const ValueId id : graph->outputs) live[static_cast<size_t>(id)] = true;
  // Nodes are in execution order, so one walk from the end sees every reader before its source.
  std::vector<bool> keep(graph->nodes.size(), false);
  for (size_t i = graph->nodes.size(); i-- > 0;) {
    const Node& node = graph->nodes[i];
    for (const ValueId id : node.outputs) {
      if (id != kNoValue && live[static_cast<size_t>(id)]) keep[i] = true;
    }
    if (!keep[i]) continue;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) live[static_cast<size_t>(id)] = true;
    }
    // A kept node writes all its outputs, read or not.
    for (const ValueId id : node.outputs) {
      if (id != kNoValue) live[static_cast<size_t>(id)] = true;
    }
  }
  for (const ValueId id : graph->inputs) live[static_cast<size_t>(id)] = true;

  std::vector<ValueId> renumbered(graph->values.size(), kNoValue);
  std::vector<Value> values;
  for (size_t i = 0; i < graph->values.size(); ++i) {
    if (!live[i]) continue;
    renumbered[i] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph->values[i]));
  }
  std::vector<Node> nodes;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    if (keep[i]) nodes.push_back(std::move(graph->nodes[i]));
  }
  const auto renumber = [&](std::vector<ValueId>* ids) {
    for (ValueId& id : *ids) {
      if (id != kNoValue) id = renumbered[static_cast<size_t>(id)];
    }
  };
  for (Node& node : nodes) {
    renumber(&node.inputs);
    renumber(&node.outputs);
  }
  renumber(&graph->inputs);
  renumber(&graph->outputs);
  graph->values = std::move(values);
  graph->nodes = std::move(nodes);
}

Status sort_topologically(Graph* graph) {
  const Uses uses = compute_uses(*graph);
  std::vector<int32_t> waiting(graph->nodes.size(), 0);  // distinct values not yet produced
  for (size_t value = 0; value < graph->values.size(); ++value) {
    if (uses.producer[value] < 0) continue;
    for (const int32_t consumer : uses.consumers[value]) ++waiting[static_cast<size_t>(consumer)];
  }
  // Lowest index first keeps the order of nodes that do not depend on each other.
  std::priority_queue<int32_t, std::vector<int32_t>, std::greater<>> ready;
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i] == 0) ready.push(static_cast<int32_t>(i));
  }
  std::vector<Node> sorted;
  sorted.reserve(graph->nodes.size());
  while (!ready.empty()) {
    Node node = graph->nodes[static_cast<size_t>(ready.top())];
    ready.pop();
    for (const ValueId id : node.outputs) {
      if (id == kNoValue) continue;
      for (const int32_t consumer : uses.consumers[static_cast<size_t>(id)]) {
        if (--waiting[static_cast<size_t>(consumer)] == 0) ready.push(consumer);
      }
    }
    sorted.push_back(std::move(node));
  }
  if (sorted.size() != graph->nodes.size()) {
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i] > 0) return broken(describe(graph->nodes[i]) + " is part of a cycle");
    }
  }
  graph->nodes = std::move(sorted);
  return {};
}

}  // namespace pawl::engine
