// What tests of passes ask of a rewritten graph.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/reference/reference.h"
#include "tests/engine/graph_builder.h"

namespace pawl::test {

inline int64_t count_of(const Graph& graph, Op op) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                       [op](const Node& node) { return node.op == op; });
}

inline std::vector<std::string> output_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const ValueId id : graph.outputs) names.push_back(graph.value(id).name);
  return names;
}

// Valid, with the same outputs by name, which hold the same numbers.
inline void expect_equivalent(const Graph& before, const Graph& after) {
  const engine::Status valid = validate(after);
  ASSERT_TRUE(valid.ok()) << valid.error().message;
  EXPECT_EQ(output_names(before), output_names(after));
  const std::vector<Tensor> inputs = random_inputs(before, 99);
  const auto expected = run_reference(before, inputs);
  const auto got = run_reference(after, inputs);
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  ASSERT_TRUE(got.ok()) << got.error().message;
  ASSERT_EQ(expected.value().size(), got.value().size());
  for (size_t i = 0; i < got.value().size(); ++i) {
    EXPECT_EQ(expected.value()[i].shape(), got.value()[i].shape());
    EXPECT_LE(relative_error(floats_of(got.value()[i]), floats_of(expected.value()[i])), 1e-5)
        << "output " << i;
  }
}

}  // namespace pawl::test
