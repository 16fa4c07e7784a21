// The float reference executor: what every operator of op.h means, written to be read.
//
// Plain loops, one function an operator, double accumulators, float32 stored between nodes. It
// executes graphs before and after the passes, so it also knows the operators and the attributes
// of Conv that passes make. Everything faster is tested against it. Slow: some seconds a frame.
// Stateless; graphs may be executed from several threads at once.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

// Called for each output of each node, in execution order; the tensor lives only for the call.
using ValueObserver = std::function<void(ValueId, const Tensor&)>;

// `inputs` in the order of graph.inputs; types and shapes must be those of the values.
// Returns the tensors of graph.outputs. Requires validate(graph) to hold. Intermediate tensors are
// freed after their last reader. Errors: inputs that do not fit; data that an operator refuses (an
// index out of range, an integer division by zero).
Result<std::vector<Tensor>> run_reference(const Graph& graph, std::span<const Tensor> inputs,
                                          const ValueObserver& observer = nullptr);

// One node. `inputs` as node.inputs, null where absent. The outputs' types are those of the values
// that node.outputs name, as infer_types() gave them.
Result<std::vector<Tensor>> evaluate_node(const Graph& graph, const Node& node,
                                          std::span<const Tensor* const> inputs);

}  // namespace pawl::engine
