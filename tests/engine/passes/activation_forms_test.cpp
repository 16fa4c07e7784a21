// Proves which gates are recognised as which activation, and which look alike and are not: each
// number, each wire and each reader of the forms that exporters write, bent one at a time. What is
// recognised computes the same; what is not stays as it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "engine/passes/passes.h"
#include "engine/reference/reference.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;

int64_t count_of(const Graph& graph, Op op) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(),
                       [op](const Node& node) { return node.op == op; });
}

// Values far enough out that every piece of every activation is met.
std::vector<float> outputs_of(const Graph& graph) {
  std::vector<Tensor> inputs = test::random_inputs(graph, 3);
  for (Tensor& input : inputs) {
    for (float& value : input.as<float>()) value *= 4.0F;
  }
  const auto outputs = run_reference(graph, inputs);
  EXPECT_TRUE(outputs.ok());
  std::vector<float> all;
  for (const Tensor& output : outputs.value()) {
    const std::vector<float> values = test::floats_of(output);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// `becomes`: the activation that stands there afterwards; none if the gate is to stay.
void expect_form(const std::string& what, std::optional<Op> becomes,
                 const std::function<std::vector<ValueId>(GraphBuilder*, ValueId)>& build) {
  GraphBuilder b(17);
  const ValueId x = b.input({1, 5, 6, 7});
  const Graph before = b.finish(build(&b, x));
  Graph after = before;
  EXPECT_EQ(recognise_activations(&after), becomes ? 1 : 0) << what;
  for (const Op op : {Op::kSilu, Op::kHardSwish, Op::kMish}) {
    EXPECT_EQ(count_of(after, op), becomes == op ? 1 : 0) << what << " " << op_name(op);
  }
  EXPECT_LE(test::relative_error(outputs_of(after), outputs_of(before)), 1e-6) << what;
}

ValueId hard_sigmoid(GraphBuilder* b, ValueId x, float alpha, float beta) {
  return b->node(Op::kHardSigmoid, {x}, {{"alpha", alpha}, {"beta", beta}});
}

constexpr float kSixth = 1.0F / 6.0F;

TEST(ActivationForms, HardSwishIsOneSlopeAndOneShift) {
  const auto with = [](float alpha, float beta) {
    return [=](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
      return {b->binary(Op::kMul, x, hard_sigmoid(b, x, alpha, beta))};
    };
  };
  expect_form("1/6, 1/2", Op::kHardSwish, with(kSixth, 0.5F));
  expect_form("0.166667, 1/2", Op::kHardSwish, with(0.166667F, 0.5F));
  expect_form("0.1666667, 1/2", Op::kHardSwish, with(0.1666667F, 0.5F));
  for (const float beta : {0.0F, 0.4F, 0.49F, 0.51F, 0.6F, 1.0F, -0.5F}) {
    expect_form("1/6, " + std::to_string(beta), std::nullopt, with(kSixth, beta));
  }
  for (const float alpha : {0.2F, 0.17F, 0.1675F, 0.166F, 0.16F, 0.1F, 0.0F, 1.0F, -kSixth}) {
    expect_form(std::to_string(alpha) + ", 1/2", std::nullopt, with(alpha, 0.5F));
  }
}

TEST(ActivationForms, TheGateMayStandOnEitherSide) {
  for (const bool first : {false, true}) {
    const auto product = [first](GraphBuilder* b, ValueId x, ValueId gate) -> std::vector<ValueId> {
      return {first ? b->binary(Op::kMul, gate, x) : b->binary(Op::kMul, x, gate)};
    };
    expect_form("silu", Op::kSilu, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, b->unary(Op::kSigmoid, x));
    });
    expect_form("hard swish", Op::kHardSwish, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, hard_sigmoid(b, x, kSixth, 0.5F));
    });
    expect_form("mish", Op::kMish, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, b->unary(Op::kTanh, b->unary(Op::kSoftplus, x)));
    });
  }
}

// The gate of another value, however it is made.
TEST(ActivationForms, AGateOfAnotherValueIsNone) {
  for (const bool first : {false, true}) {
    const auto product = [first](GraphBuilder* b, ValueId x, ValueId gate) -> std::vector<ValueId> {
      return {first ? b->binary(Op::kMul, gate, x) : b->binary(Op::kMul, x, gate)};
    };
    expect_form("sigmoid of another", std::nullopt, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, b->unary(Op::kSigmoid, b->unary(Op::kAbs, x)));
    });
    expect_form("hard sigmoid of another", std::nullopt, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, hard_sigmoid(b, b->unary(Op::kAbs, x), kSixth, 0.5F));
    });
    expect_form("softplus of another", std::nullopt, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, b->unary(Op::kTanh, b->unary(Op::kSoftplus, b->unary(Op::kAbs, x))));
    });
    expect_form("tanh alone", std::nullopt,
                [&](GraphBuilder* b, ValueId x) { return product(b, x, b->unary(Op::kTanh, x)); });
    expect_form("tanh of a sigmoid", std::nullopt, [&](GraphBuilder* b, ValueId x) {
      return product(b, x, b->unary(Op::kTanh, b->unary(Op::kSigmoid, x)));
    });
  }
}

// A gate, or what it is made from, that somebody else reads must stay.
TEST(ActivationForms, AGateWithAnotherReaderStays) {
  expect_form("sigmoid", std::nullopt, [](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
    const ValueId gate = b->unary(Op::kSigmoid, x);
    return {b->binary(Op::kMul, x, gate), b->unary(Op::kNeg, gate)};
  });
  expect_form("sigmoid, an output", std::nullopt,
              [](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
                const ValueId gate = b->unary(Op::kSigmoid, x);
                return {b->binary(Op::kMul, x, gate), gate};
              });
  expect_form("hard sigmoid", std::nullopt, [](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
    const ValueId gate = hard_sigmoid(b, x, kSixth, 0.5F);
    return {b->binary(Op::kMul, x, gate), b->unary(Op::kNeg, gate)};
  });
  expect_form("softplus", std::nullopt, [](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
    const ValueId plus = b->unary(Op::kSoftplus, x);
    return {b->binary(Op::kMul, x, b->unary(Op::kTanh, plus)), b->unary(Op::kNeg, plus)};
  });
  expect_form("tanh", std::nullopt, [](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
    const ValueId gate = b->unary(Op::kTanh, b->unary(Op::kSoftplus, x));
    return {b->binary(Op::kMul, x, gate), b->unary(Op::kNeg, gate)};
  });
}

// Only a product is a gate.
TEST(ActivationForms, OtherOperatorsAreNoGates) {
  for (const Op op : {Op::kAdd, Op::kSub, Op::kMax}) {
    expect_form(std::string(op_name(op)), std::nullopt,
                [op](GraphBuilder* b, ValueId x) -> std::vector<ValueId> {
                  return {b->binary(op, x, b->unary(Op::kSigmoid, x))};
                });
  }
}

// A convolution takes the activation behind it with its numbers, whichever it is, and leaves those
// it has no kernel for.
TEST(ActivationForms, AConvolutionTakesAnActivationWithItsNumbers) {
  struct Form {
    Op op;
    test::Attributes attributes;
    const char* fused;  // null: stays
    float alpha, beta;
  };
  const Form forms[] = {
      {Op::kRelu, {}, "relu", 0.0F, 0.0F},
      {Op::kLeakyRelu, {{"alpha", 0.13F}}, "leaky_relu", 0.13F, 0.0F},
      {Op::kSigmoid, {}, "sigmoid", 0.0F, 0.0F},
      {Op::kSilu, {}, "silu", 0.0F, 0.0F},
      {Op::kHardSwish, {}, "hard_swish", 0.0F, 0.0F},
      {Op::kHardSigmoid, {{"alpha", 0.3F}, {"beta", 0.4F}}, "hard_sigmoid", 0.3F, 0.4F},
      {Op::kTanh, {}, "tanh", 0.0F, 0.0F},
      {Op::kMish, {}, "mish", 0.0F, 0.0F},
      {Op::kClip, {{"min", -0.2F}, {"max", 0.7F}}, "clip", -0.2F, 0.7F},
      {Op::kNeg, {}, nullptr, 0.0F, 0.0F},
      {Op::kSoftplus, {}, nullptr, 0.0F, 0.0F},
      {Op::kExp, {}, nullptr, 0.0F, 0.0F},
  };
  for (const Form& form : forms) {
    GraphBuilder b(5);
    const ValueId conv = b.conv(b.input({1, 3, 6, 7}), 4, test::square(3));
    const ValueId y = b.node(form.op, {conv}, form.attributes);
    const Graph before = b.finish({y});
    Graph after = before;
    EXPECT_EQ(fuse_activations(&after), form.fused != nullptr ? 1 : 0) << op_name(form.op);
    EXPECT_LE(test::relative_error(outputs_of(after), outputs_of(before)), 1e-6)
        << op_name(form.op);
    ASSERT_EQ(after.nodes.size(), form.fused != nullptr ? 1U : 2U) << op_name(form.op);
    if (form.fused == nullptr) continue;
    const Node& node = after.nodes[0];
    EXPECT_EQ(node.text("activation"), form.fused);
    EXPECT_EQ(after.value(node.outputs[0]).name, b.name(y));
    if (form.alpha != 0.0F) {
      EXPECT_EQ(node.real("alpha"), form.alpha);
    }
    if (form.beta != 0.0F) {
      EXPECT_EQ(node.real("beta"), form.beta);
    }
  }
}

// What follows an activation is not part of the product before it.
TEST(ActivationForms, NothingIsFoldedThroughAnActivation) {
  for (const bool active : {false, true}) {
    GraphBuilder b(6);
    const ValueId conv = b.conv(b.input({1, 3, 6, 7}), 4, test::square(3));
    const ValueId scaled = b.binary(Op::kMul, conv, b.random_constant({1, 4, 1, 1}, -2.0F, -1.0F));
    Graph before = b.finish({b.binary(Op::kAdd, scaled, b.scalar(0.5F))});
    if (active) before.nodes[0].attributes["activation"] = std::string("relu");
    Graph after = before;
    EXPECT_EQ(fold_into_convolutions(&after), active ? 0 : 2);
    EXPECT_LE(test::relative_error(outputs_of(after), outputs_of(before)), 1e-5);
  }
}

}  // namespace
}  // namespace pawl::engine
