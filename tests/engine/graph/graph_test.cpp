// Proves: the graph's own functions hold its invariants: dead code goes and ids follow, sorting is
// stable and finds cycles, validate() names each kind of breach, counts never overflow.
#include "engine/graph/graph.h"

#include <gtest/gtest.h>

#include "engine/graph/inference.h"

namespace pawl::engine {
namespace {

Node unary(Op op, ValueId from, ValueId to) {
  return {op, std::string(op_name(op)), {from}, {to}, {}};
}

// x -> Relu -> a -> Neg -> y, and x -> Exp -> dead.
Graph small_graph() {
  Graph graph;
  const ValueId x = graph.add_value("x", DType::kFloat32, {2});
  const ValueId dead = graph.add_value("dead", DType::kFloat32, {2});
  const ValueId a = graph.add_value("a", DType::kFloat32, {2});
  graph.add_constant("unused", Tensor(DType::kFloat32, {3}));
  const ValueId y = graph.add_value("y", DType::kFloat32, {2});
  graph.nodes = {unary(Op::kExp, x, dead), unary(Op::kRelu, x, a), unary(Op::kNeg, a, y)};
  graph.inputs = {x};
  graph.outputs = {y};
  return graph;
}

TEST(Graph, RemovesWhatNobodyReads) {
  Graph graph = small_graph();
  remove_dead_nodes(&graph);
  ASSERT_EQ(graph.nodes.size(), 2U);
  ASSERT_EQ(graph.values.size(), 3U);
  EXPECT_EQ(graph.value(graph.inputs[0]).name, "x");
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "y");
  EXPECT_EQ(graph.value(graph.nodes[1].inputs[0]).name, "a");
  EXPECT_TRUE(validate(graph).ok());
}

TEST(Graph, UsesListEachReaderOnce) {
  Graph graph = small_graph();
  graph.nodes[2] = {Op::kMul, "square", {2, 2}, {4}, {}};
  const Uses uses = compute_uses(graph);
  EXPECT_EQ(uses.producer[0], -1);
  EXPECT_EQ(uses.producer[2], 1);
  EXPECT_EQ(uses.consumers[2], (std::vector<int32_t>{2}));
  EXPECT_EQ(uses.consumers[0], (std::vector<int32_t>{0, 1}));
  EXPECT_TRUE(uses.is_output[4]);
  EXPECT_FALSE(uses.is_output[2]);
}

TEST(Graph, SortsStablyAndFindsCycles) {
  Graph graph = small_graph();
  std::swap(graph.nodes[1], graph.nodes[2]);
  EXPECT_FALSE(validate(graph).ok());
  ASSERT_TRUE(sort_topologically(&graph).ok());
  EXPECT_EQ(graph.nodes[0].op, Op::kExp);
  EXPECT_EQ(graph.nodes[1].op, Op::kRelu);
  EXPECT_EQ(graph.nodes[2].op, Op::kNeg);
  EXPECT_TRUE(validate(graph).ok());
  graph.nodes[1].inputs[0] = graph.outputs[0];
  const Status cycle = sort_topologically(&graph);
  ASSERT_FALSE(cycle.ok());
  EXPECT_NE(cycle.error().message.find("cycle"), std::string::npos);
  EXPECT_EQ(graph.nodes.size(), 3U);  // as it was
}

TEST(Graph, ValidateNamesTheBreach) {
  const auto broken = [](void (*breach)(Graph*), const char* text) {
    Graph graph = small_graph();
    ASSERT_TRUE(validate(graph).ok());
    breach(&graph);
    const Status status = validate(graph);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_NE(status.error().message.find(text), std::string::npos) << status.error().message;
  };
  broken([](Graph* g) { g->values[1].name = "x"; }, "two values");
  broken([](Graph* g) { g->values[1].name.clear(); }, "no name");
  broken([](Graph* g) { g->values[1].shape = {-1}; }, "shape");
  broken([](Graph* g) { g->values[3].shape = {4}; }, "\"unused\"");
  broken([](Graph* g) { g->nodes[1].outputs[0] = 1; }, "producer already");
  broken([](Graph* g) { g->nodes[1].outputs[0] = 3; }, "producer already");
  broken([](Graph* g) { g->nodes[1].inputs[0] = 99; }, "does not exist");
  broken([](Graph* g) { std::swap(g->nodes[1], g->nodes[2]); }, "before it is produced");
  broken([](Graph* g) { g->outputs.clear(); }, "no output");
  broken([](Graph* g) { g->nodes.pop_back(); }, "never produced");
  broken([](Graph* g) { g->inputs.push_back(3); }, "is a constant");
}

TEST(Tensor, CountsAreBounded) {
  int64_t count = 0;
  EXPECT_TRUE(checked_count({2, 3}, 6, &count));
  EXPECT_EQ(count, 6);
  EXPECT_FALSE(checked_count({2, 3}, 5, &count));
  EXPECT_FALSE(checked_count({-1}, 5, &count));
  EXPECT_FALSE(checked_count({int64_t{1} << 33, int64_t{1} << 33}, INT64_MAX, &count));
  EXPECT_TRUE(checked_count({}, 1, &count));
  EXPECT_EQ(count, 1);
  EXPECT_TRUE(checked_count({0, 4}, 5, &count));
  EXPECT_EQ(count, 0);
  EXPECT_FALSE(checked_count({0, 100}, 5, &count));
  EXPECT_EQ(to_string(Shape{1, 3, 8, 8}), "1x3x8x8");
  EXPECT_EQ(to_string(Shape{}), "scalar");
}

TEST(Inference, Broadcasting) {
  const auto shape = broadcast_shapes({3, 1, 5}, {4, 1});
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape.value(), (Shape{3, 4, 5}));
  EXPECT_FALSE(broadcast_shapes({2}, {3}).ok());
  EXPECT_EQ(broadcast_shapes({}, {2}).value(), (Shape{2}));
  EXPECT_EQ(broadcast_shapes({0}, {1}).value(), (Shape{0}));
}

TEST(Inference, WindowPositions) {
  EXPECT_EQ(window_positions(7, {3, 2, 1, 1, 1}).value(), 4);
  EXPECT_EQ(window_positions(7, {3, 2, 2, 0, 0}).value(), 2);
  EXPECT_FALSE(window_positions(2, {3, 1, 1, 0, 0}).ok());
  EXPECT_FALSE(window_positions(2, {1, 0, 1, 0, 0}).ok());
  EXPECT_FALSE(window_positions(2, {1, 1, 1, -1, 0}).ok());
  EXPECT_FALSE(window_positions(2, {int64_t{1} << 40, 1, int64_t{1} << 40, 0, 0}).ok());
}

}  // namespace
}  // namespace pawl::engine
