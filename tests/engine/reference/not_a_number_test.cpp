// Proves what the reference executor makes of NaN, infinities and zeros of either sign where an
// operator chooses among numbers: a NaN is never lost and never chosen over by accident, as ONNX
// Runtime has it.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/reference/reference.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<std::vector<float>> run(const Graph& graph, const std::vector<float>& x) {
  const Tensor input =
      Tensor::of<float>(graph.value(graph.inputs[0]).shape, std::span<const float>(x));
  const auto results = run_reference(graph, std::span(&input, 1));
  EXPECT_TRUE(results.ok());
  std::vector<std::vector<float>> outputs;
  for (const Tensor& tensor : results.value()) outputs.push_back(test::floats_of(tensor));
  return outputs;
}

void expect_same(float value, float expected, const char* what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(value)) << what << " gave " << value;
  } else {
    EXPECT_EQ(value, expected) << what;
  }
}

TEST(NotANumber, SurvivesMinimumAndMaximumOnEitherSide) {
  const std::vector<float> a = {kNan, 1.0F, kNan, kInf, -kInf, 2.0F, kNan};
  const std::vector<float> b = {1.0F, kNan, kNan, 3.0F, 3.0F, -2.0F, kInf};
  const float minimum[] = {kNan, kNan, kNan, 3.0F, -kInf, -2.0F, kNan};
  const float maximum[] = {kNan, kNan, kNan, kInf, 3.0F, 2.0F, kNan};
  for (const Op op : {Op::kMin, Op::kMax}) {
    GraphBuilder builder(1);
    const ValueId x = builder.input({7});
    const Graph graph = builder.finish({builder.binary(op, x, builder.constant({7}, b))});
    const std::vector<float> y = run(graph, a)[0];
    for (size_t i = 0; i < 7; ++i) {
      expect_same(y[i], op == Op::kMin ? minimum[i] : maximum[i], op == Op::kMin ? "min" : "max");
    }
  }
}

TEST(NotANumber, SurvivesReductionsWhereverItStands) {
  for (const Op op : {Op::kReduceMax, Op::kReduceMin, Op::kReduceSum, Op::kReduceMean}) {
    for (size_t at = 0; at < 5; ++at) {
      GraphBuilder builder(1);
      const ValueId x = builder.input({2, 5});
      const Graph graph = builder.finish({builder.reduce(op, x, {1}, false)});
      std::vector<float> values = {1.0F, -2.0F, 3.0F, 0.5F, 2.0F, 1.0F, -2.0F, 3.0F, 0.5F, 2.0F};
      values[at] = kNan;
      const std::vector<float> y = run(graph, values)[0];
      EXPECT_TRUE(std::isnan(y[0])) << op_name(op) << " with a NaN at " << at;
      EXPECT_FALSE(std::isnan(y[1])) << op_name(op);
    }
  }
}

TEST(NotANumber, SurvivesPoolingWhereverItStands) {
  for (const Op op : {Op::kMaxPool, Op::kAveragePool}) {
    for (size_t at = 0; at < 4; ++at) {
      GraphBuilder builder(1);
      const ValueId x = builder.input({1, 1, 2, 4});
      test::ConvOptions o;
      o.kernel_h = o.kernel_w = 2;
      o.strides = {2, 2};
      const Graph graph = builder.finish({builder.pool(op, x, o)});
      std::vector<float> values = {1.0F, 5.0F, 2.0F, 3.0F, -1.0F, 0.0F, 4.0F, 2.0F};
      values[at / 2 * 4 + at % 2] = kNan;
      const std::vector<float> y = run(graph, values)[0];
      EXPECT_TRUE(std::isnan(y[0])) << op_name(op) << " with a NaN at " << at;
      EXPECT_FALSE(std::isnan(y[1])) << op_name(op);
    }
  }
}

// A NaN ranks above all, equal ones by index; infinities rank as numbers.
TEST(NotANumber, RanksFirstAmongTheLargest) {
  const std::vector<float> x = {1.0F, kNan, kInf, -kInf, kNan, 1.0F, -0.0F, 0.0F};
  for (const bool largest : {true, false}) {
    GraphBuilder builder(1);
    const auto outputs = builder.top_k(builder.input({8}), 0, 8, largest);
    const auto results = run(builder.finish({outputs[0], outputs[1]}), x);
    const std::vector<float> expected = largest ? std::vector<float>{1, 4, 2, 0, 5, 6, 7, 3}
                                                : std::vector<float>{3, 6, 7, 0, 5, 2, 1, 4};
    EXPECT_EQ(results[1], expected) << "largest " << largest;
    for (size_t i = 0; i < x.size(); ++i) {
      expect_same(results[0][i], x[static_cast<size_t>(expected[i])], "top-k");
    }
  }
}

}  // namespace
}  // namespace pawl::engine
