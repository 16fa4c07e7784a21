// Proves: every quantized dialect is imported as the float network whose weights are the file's
// codes times their scales, with no node left over; the activations' scales are kept by value;
// what cannot be read is refused in one line.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/engine/onnx/quantized_builder.h"

namespace pawl::engine::test {
namespace {

constexpr int kU8 = TensorProto::UINT8, kS8 = TensorProto::INT8, kS32 = TensorProto::INT32;
constexpr int kU16 = TensorProto::UINT16, kS16 = TensorProto::INT16;

// Weights (2, 1, 2, 2), codes and what they stand for.
const Ints kWeightDims = {2, 1, 2, 2};
const Ints kWeightCodes = {-128, -3, 0, 127, 5, 64, -77, 1};
const Floats kScales = {0.01F, 0.25F};

Floats weights_by_channel() {
  Floats weights;
  for (size_t i = 0; i < 8; ++i) {
    weights.push_back(static_cast<float>(kWeightCodes[i]) * kScales[i / 4]);
  }
  return weights;
}

ModelBuilder float_conv(const Floats& weights, const Floats& bias) {
  ModelBuilder model(13);
  model.input("x", {1, 1, 5, 4});
  model.constant("w", kWeightDims, weights);
  model.constant("b", {2}, bias);
  model.node("Conv", {"x", "w", "b"}, {"y"}).set("pads", Ints{1, 0, 0, 1});
  model.output("y");
  return model;
}

// A convolution with everything around it quantized, as ONNX Runtime's quantizer writes it.
QuantizedBuilder qdq_conv() {
  QuantizedBuilder model;
  model.input("x", {1, 1, 5, 4});
  model.pair("x", "x_dq", 0.02F, 100);
  model.codes("w_q", kS8, kWeightDims, kWeightCodes);
  model.constant("w_s", {2}, kScales);
  model.codes("w_z", kS8, {2}, {0, 0});
  model.dequantize("w_q", "w", "w").set("axis", int64_t{0});
  model.codes("b_q", kS32, {2}, {1000, -7});
  model.constant("b_s", {2}, Floats{0.0002F, 0.005F});
  model.codes("b_z", kS32, {2}, {0, 0});
  model.dequantize("b_q", "b", "b").set("axis", int64_t{0});
  model.node("Conv", {"x_dq", "w", "b"}, {"c"}).set("pads", Ints{1, 0, 0, 1});
  model.pair("c", "y", 0.05F, 90);
  model.output("y");
  return model;
}

TEST(Qdq, ConvolutionByChannelWithBias) {
  const QuantizedBuilder model = qdq_conv();
  expect_equal(model, float_conv(weights_by_channel(), {0.2F, -0.035F}));
  const Graph graph = imported(model);
  EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kConv}));
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "y");
  EXPECT_EQ(graph.value(graph.outputs[0]).declared, (DeclaredScale{0.05F, 90}));
  EXPECT_EQ(graph.value(graph.inputs[0]).declared, (DeclaredScale{0.02F, 100}));
  ASSERT_EQ(graph.assumptions.size(), 1U);
  EXPECT_NE(graph.assumptions[0].find("QDQ, 2 pairs"), std::string::npos) << graph.assumptions[0];
  EXPECT_NE(graph.assumptions[0].find("--scales from-model"), std::string::npos);
  EXPECT_TRUE(graph.warnings.empty());
}

// A weight tensor stored in every way that its opsets give it.
TEST(Qdq, WeightsInEveryStorage) {
  struct Storage {
    int type;
    int64_t zero;
    bool vectors;  // scale and zero point as one-element vectors
  };
  for (const Storage& s : {Storage{kS8, 0, false}, Storage{kS8, -5, true}, Storage{kU8, 128, false},
                           Storage{kU8, 3, true}, Storage{kS16, -300, false},
                           Storage{kU16, 40000, true}, Storage{kS32, 0, false}}) {
    QuantizedBuilder model(21);
    model.input("x", {1, 1, 5, 4});
    Ints codes;
    Floats weights;
    for (const int64_t code : kWeightCodes) {
      const bool is_u8 = s.type == kU8;
      codes.push_back(is_u8 ? code + 128 : code + (s.type == kU16 ? 40000 : 0));
      weights.push_back(static_cast<float>(codes.back() - s.zero) * 0.125F);
    }
    model.codes("w_q", s.type, kWeightDims, codes);
    model.constant("w_s", s.vectors ? Ints{1} : Ints{}, Floats{0.125F});
    model.codes("w_z", s.type, s.vectors ? Ints{1} : Ints{}, {s.zero});
    model.dequantize("w_q", "w", "w");
    model.constant("b", {2}, Floats{0, 0});
    model.node("Conv", {"x", "w", "b"}, {"y"}).set("pads", Ints{1, 0, 0, 1});
    model.output("y");
    expect_equal(model, float_conv(weights, {0, 0}), 0.05F * 0.125F);
  }
}

TEST(Qdq, ZeroPointsMayBeMissingAndScalesHalfPrecision) {
  QuantizedBuilder model(19);
  model.input("x", {1, 1, 5, 4});
  TensorProto half;
  half.set_data_type(TensorProto::FLOAT16);
  half.add_int32_data(0x3000);  // 0.125
  model.constant("s", half);
  model.node("QuantizeLinear", {"x", "s"}, {"x_q"});
  model.node("DequantizeLinear", {"x_q", "s", ""}, {"x_dq"});
  model.codes("w_q", kS8, kWeightDims, kWeightCodes);
  model.node("DequantizeLinear", {"w_q", "s"}, {"w"});
  model.constant("b", {2}, Floats{0, 0});
  model.node("Conv", {"x_dq", "w", "b"}, {"y"}).set("pads", Ints{1, 0, 0, 1});
  model.output("y");
  Floats weights;
  for (const int64_t code : kWeightCodes) weights.push_back(static_cast<float>(code) * 0.125F);
  expect_equal(model, float_conv(weights, {0, 0}));
  const Graph graph = imported(model);
  EXPECT_EQ(graph.value(graph.inputs[0]).declared, (DeclaredScale{0.125F, 0}));
}

// Scales along other dimensions than the first, counted from either end.
TEST(Qdq, MatrixOperands) {
  for (const int64_t axis : {int64_t{1}, int64_t{-1}}) {
    QuantizedBuilder model;
    model.input("x", {3, 2});
    model.codes("w_q", kU8, {2, 3}, {0, 10, 20, 130, 140, 255});
    model.constant("w_s", {3}, Floats{1, 0.5F, 0.25F});
    model.codes("w_z", kU8, {3}, {128, 10, 0});
    model.dequantize("w_q", "w", "w").set("axis", axis);
    model.node("MatMul", {"x", "w"}, {"m"});
    model.pair("m", "m_dq", 1.0F, 128);
    model.node("Gemm", {"x", "w"}, {"g"});
    model.codes("a_q", kS8, {3}, {-4, 0, 4});
    model.encoding("a", 0.5F, -2, kS8);
    model.dequantize("a_q", "a", "a");
    model.node("Add", {"m_dq", "a"}, {"sum"});
    model.node("Concat", {"sum", "w", "g"}, {"y"}).set("axis", int64_t{0});
    model.output("y");

    ModelBuilder plain(13);
    plain.input("x", {3, 2});
    plain.constant("w", {2, 3}, Floats{-128, 0, 5, 2, 65, 63.75F});
    plain.constant("a", {3}, Floats{-1, 1, 3});
    plain.node("MatMul", {"x", "w"}, {"m"});
    plain.node("Add", {"m", "a"}, {"sum"});
    plain.node("Concat", {"sum", "w", "m"}, {"y"}).set("axis", int64_t{0});
    plain.output("y");
    expect_equal(model, plain, 1e-4F);
  }
}

// Weights that training left in float behind a pair: they are rounded, ties to even, and cut off.
TEST(Qdq, FloatWeightsAreRounded) {
  QuantizedBuilder model;
  model.input("x", {8});
  model.constant("w", {8}, Floats{0.25F, 0.75F, -0.25F, -0.75F, 1.2F, 100, -100, 62.9F});
  model.encoding("e", 0.5F, 1, kS8);
  model.quantize("w", "w_q", "e");
  model.dequantize("w_q", "w_dq", "e");
  model.node("Mul", {"x", "w_dq"}, {"y"});
  model.output("y");
  const Graph graph = imported(model);
  ASSERT_EQ(ops_of(graph), (std::vector<Op>{Op::kMul}));
  const Tensor* weights = graph.value(graph.nodes[0].inputs[1]).constant.get();
  ASSERT_NE(weights, nullptr);
  expect_real({*weights}, {8}, {0, 1, 0, -1, 1, 63, -64.5F, 63}, 0);
  EXPECT_TRUE(graph.assumptions.empty());  // no activation was quantized
}

TEST(Qdq, FloatWeightsByChannel) {
  QuantizedBuilder model;
  model.input("x", {2, 2});
  model.constant("w", {2, 2}, Floats{0.6F, 0.6F, -0.6F, 300});
  model.constant("e_s", {2}, Floats{1, 0.25F});
  model.codes("e_z", kS8, {2}, {0, 0});
  model.quantize("w", "w_q", "e").set("axis", int64_t{1});
  model.dequantize("w_q", "w_dq", "e").set("axis", int64_t{1});
  model.node("Mul", {"x", "w_dq"}, {"y"});
  model.output("y");
  const Graph graph = imported(model);
  ASSERT_EQ(graph.nodes.size(), 1U);
  expect_real({*graph.value(graph.nodes[0].inputs[1]).constant}, {2, 2}, {1, 0.5F, -1, 31.75F}, 0);
}

// Sigmoid and Mul read one value, as in a float export.
TEST(Qdq, NothingIsLeftBetweenActivations) {
  QuantizedBuilder model = qdq_conv();
  model.pair("y", "again", 0.05F, 90);
  model.node("Sigmoid", {"again"}, {"s"});
  model.pair("s", "s_dq", 1.0F / 255.0F, 0);
  model.node("Mul", {"again", "s_dq"}, {"m"});
  model.pair("m", "z", 0.03F, -120, kS8);
  model.output("z");
  const Graph graph = imported(model);
  EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kConv, Op::kSigmoid, Op::kMul}));
  EXPECT_EQ(graph.nodes[1].inputs[0], graph.nodes[0].outputs[0]);
  EXPECT_EQ(graph.nodes[2].inputs[0], graph.nodes[0].outputs[0]);
  // s8 with zero point -120 is u8 with 8.
  EXPECT_EQ(graph.value(graph.outputs[1]).declared, (DeclaredScale{0.03F, 8}));
}

TEST(Qdq, ScalesThatDisagreeAreArithmetic) {
  QuantizedBuilder model;
  model.input("x", {4});
  model.encoding("a", 0.5F, 10);
  model.encoding("b", 2.0F, 13);
  model.quantize("x", "q", "a");
  model.dequantize("q", "y", "b");
  model.output("y");
  ModelBuilder plain(13);
  plain.input("x", {4});
  plain.constant("four", {}, Floats{4});
  plain.constant("six", {}, Floats{6});
  plain.node("Mul", {"x", "four"}, {"m"});
  plain.node("Sub", {"m", "six"}, {"y"});
  plain.output("y");
  expect_equal(model, plain);
}

TEST(Qdq, OfMicrosoftsDomainAndSixteenBits) {
  QuantizedBuilder model;
  model.input("x", {4});
  model.encoding("e", 0.001F, 32768, kU16);
  model.quantize("x", "q", "e").domain("com.microsoft");
  model.dequantize("q", "d", "e").domain("com.microsoft");
  model.node("Neg", {"d"}, {"y"});
  model.output("y");
  const Graph graph = imported(model);
  EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kNeg}));
  EXPECT_FALSE(graph.value(graph.inputs[0]).declared.has_value());  // of no use to 8 bits
}

// Quantized convolutions between float operators.
TEST(Qdq, MixedFiles) {
  QuantizedBuilder model = qdq_conv();
  model.node("Relu", {"y"}, {"r"});
  model.node("MaxPool", {"r"}, {"p"}).set("kernel_shape", Ints{2, 2});
  model.node("Sub", {"c", "y"}, {"nought"});
  model.output("p");
  model.output("nought");
  const Graph graph = imported(model);
  EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kConv, Op::kRelu, Op::kMaxPool, Op::kSub}));
}

ModelBuilder conv_then(const char* activation, float limit) {
  ModelBuilder model = float_conv(weights_by_channel(), {0.2F, -0.035F});
  model.model().mutable_graph()->mutable_node(0)->set_output(0, "c");
  model.constant("low", {}, Floats{0});
  model.constant("high", {}, Floats{limit});
  const bool clip = std::string(activation) == "Clip";
  model.node(activation, clip ? Names{"c", "low", "high"} : Names{"c"}, {"y"});
  return model;
}

// ONNX Runtime's quantizer drops a ReLU whose cut is the end of the codes.
TEST(Qdq, ALevelThatEndsAtZeroIsTheReluThatWasLeftOut) {
  const auto rectifying = [](float scale, int64_t zero, int type) {
    QuantizedBuilder model = qdq_conv();
    model.model().mutable_graph()->clear_output();
    model.pair("c", "r", scale, zero, type);
    model.node("Identity", {"r"}, {"out"});
    model.output("out");
    return model;
  };
  expect_equal(rectifying(0.05F, 0, kU8), conv_then("Relu", 0));
  expect_equal(rectifying(0.05F, -128, kS8), conv_then("Relu", 0));
  expect_equal(rectifying(0.0002F, 0, kU16), conv_then("Relu", 0));
  expect_equal(rectifying(6.0F / 255.0F, 0, kU8), conv_then("Clip", 6));
  // Symmetric codes cut nothing.
  EXPECT_EQ(ops_of(imported(rectifying(0.05F, 0, kS8))), (std::vector<Op>{Op::kConv}));
  EXPECT_EQ(ops_of(imported(rectifying(0.0002F, 0, kS16))), (std::vector<Op>{Op::kConv}));
  // One ReLU for all that read it, and the user is told.
  QuantizedBuilder twice = rectifying(0.05F, 0, kU8);
  twice.pair("c", "r2", 0.05F, 0);
  twice.node("Add", {"r", "r2"}, {"sum"});
  twice.output("sum");
  const Graph graph = imported(twice);
  EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kConv, Op::kRelu, Op::kAdd}));
  ASSERT_EQ(graph.assumptions.size(), 2U);
  EXPECT_NE(graph.assumptions[1].find("ReLU"), std::string::npos);
}

TEST(Qdq, AScaleBehindAnActivationCutsNothing) {
  QuantizedBuilder model = qdq_conv();
  model.node("Sigmoid", {"y"}, {"s"});
  model.node("Mul", {"y", "s"}, {"m"});
  model.pair("m", "z", 0.9F, 0);  // -0.278 is no code
  model.output("z");
  EXPECT_EQ(ops_of(imported(model)), (std::vector<Op>{Op::kConv, Op::kSigmoid, Op::kMul}));
}

// quantize_dynamic: scales computed from each image.
TEST(Dynamic, ConvInteger) {
  for (const int64_t zero : {int64_t{0}, int64_t{7}}) {
    QuantizedBuilder model(12);
    model.input("x", {1, 1, 5, 4});
    model.node("DynamicQuantizeLinear", {"x"}, {"x_q", "x_s", "x_z"});
    model.codes("w_q", kS8, kWeightDims, kWeightCodes);
    model.constant("w_s", {}, Floats{0.125F});
    model.codes("w_z", kS8, {}, {zero});
    model.node("ConvInteger", {"x_q", "w_q", "x_z", "w_z"}, {"i"}).set("pads", Ints{1, 0, 0, 1});
    model.node("Cast", {"i"}, {"f"}).set("to", int64_t{TensorProto::FLOAT});
    model.node("Mul", {"x_s", "w_s"}, {"s"});
    model.node("Mul", {"f", "s"}, {"m"});
    model.constant("b", {1, 2, 1, 1}, Floats{0.5F, -0.25F});
    model.node("Add", {"m", "b"}, {"y"});
    model.output("y");
    Floats weights;
    for (const int64_t code : kWeightCodes) {
      weights.push_back(static_cast<float>(code - zero) * 0.125F);
    }
    expect_equal(model, float_conv(weights, {0.5F, -0.25F}));
    const Graph graph = imported(model);
    EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kConv, Op::kMul, Op::kAdd}));
    ASSERT_EQ(graph.assumptions.size(), 1U);
    EXPECT_NE(graph.assumptions[0].find("holds no activation scales"), std::string::npos);
  }
}

TEST(Dynamic, MatMulIntegerByColumn) {
  QuantizedBuilder model(12);
  model.input("x", {3, 2});
  model.node("DynamicQuantizeLinear", {"x"}, {"x_q", "x_s", "x_z"});
  model.codes("w_q", kU8, {2, 2}, {0, 255, 130, 9});
  model.constant("w_s", {2}, Floats{0.5F, 0.25F});
  model.codes("w_z", kU8, {2}, {128, 9});
  model.node("MatMulInteger", {"x_q", "w_q", "x_z", "w_z"}, {"i"});
  model.node("Cast", {"i"}, {"f"}).set("to", int64_t{TensorProto::FLOAT});
  model.node("Mul", {"x_s", "w_s"}, {"s"});
  model.node("Mul", {"f", "s"}, {"y"});
  model.output("y");
  ModelBuilder plain(13);
  plain.input("x", {3, 2});
  plain.constant("w", {2, 2}, Floats{-64, 61.5F, 1, 0});
  plain.node("MatMul", {"x", "w"}, {"y"});
  plain.output("y");
  expect_equal(model, plain, 1e-4F);
}

// A static scale in front of an integer operator.
TEST(Dynamic, ConvIntegerOfAStaticScale) {
  QuantizedBuilder model(12);
  model.input("x", {1, 1, 5, 4});
  model.encoding("x", 0.5F, 20);
  model.quantize("x", "x_q", "x");
  model.codes("w_q", kS8, kWeightDims, kWeightCodes);
  model.node("ConvInteger", {"x_q", "w_q", "x_z"}, {"i"}).set("pads", Ints{1, 0, 0, 1});
  model.node("Cast", {"i"}, {"f"}).set("to", int64_t{TensorProto::FLOAT});
  model.node("Mul", {"f", "x_s"}, {"y"});
  model.output("y");
  Floats weights;
  for (const int64_t code : kWeightCodes) weights.push_back(static_cast<float>(code));
  expect_equal(model, float_conv(weights, {0, 0}), 1e-3F);
}

TEST(QLinear, Conv) {
  QuantizedBuilder model;
  model.input("x", {1, 1, 5, 4});
  model.encoding("x", 0.02F, 100);
  model.encoding("y", 0.05F, 90);
  model.quantize("x", "x_q", "x");
  model.codes("w_q", kS8, kWeightDims, kWeightCodes);
  model.constant("w_s", {2}, kScales);
  model.codes("w_z", kS8, {2}, {0, 0});
  model.codes("b_q", kS32, {2}, {1000, -7});
  model
      .node("QLinearConv", {"x_q", "x_s", "x_z", "w_q", "w_s", "w_z", "y_s", "y_z", "b_q"}, {"y_q"})
      .set("pads", Ints{1, 0, 0, 1});
  model.dequantize("y_q", "y", "y");
  model.output("y");
  expect_equal(model, float_conv(weights_by_channel(), {0.2F, -0.035F}));
  const Graph graph = imported(model);
  EXPECT_EQ(ops_of(graph), (std::vector<Op>{Op::kConv}));
  EXPECT_EQ(graph.value(graph.outputs[0]).declared, (DeclaredScale{0.05F, 90}));
  EXPECT_NE(graph.assumptions[0].find("QLinear, 1 operator)"), std::string::npos);
}

// A quantized bias that the convolution does not take itself, as exporters write it.
enum class Bias { kBytes, kQuantizedConstant, kSharedByChannel, kWithoutAxis, kMovedLevels };

TEST(QLinear, ABiasThatReachesAnAddOnItsOwn) {
  for (const Bias bias : {Bias::kBytes, Bias::kQuantizedConstant, Bias::kSharedByChannel,
                          Bias::kWithoutAxis, Bias::kMovedLevels}) {
    SCOPED_TRACE(static_cast<int>(bias));
    const bool bytes = bias == Bias::kBytes || bias == Bias::kQuantizedConstant;
    QuantizedBuilder model;
    model.input("x", {1, 1, 5, 4});
    model.encoding("x", 0.02F, 100);
    model.encoding("c", 0.05F, 90);
    model.quantize("x", "x_q", "x");
    model.codes("w_q", kS8, kWeightDims, kWeightCodes);
    model.constant("w_s", {2}, kScales);
    model.codes("w_z", kS8, {2}, {0, 0});
    model.constant("by_channel", {4}, Ints{1, 2, 1, 1});
    Names inputs = {"x_q", "x_s", "x_z", "w_q", "w_s", "w_z", "c_s", "c_z"};
    // 0.2 and -0.035, of the scales of input and weights together; the convolution adds it too.
    if (!bytes) {
      model.codes("b_q", kS32, {2}, {1000, -7});
      model.constant("b_s", {2}, Floats{0.0002F, 0.005F});
      inputs.push_back("b_q");
    }
    model.node("QLinearConv", inputs, {"c_q"}).set("pads", Ints{1, 0, 0, 1});
    if (bytes) {
      model.encoding("b", 0.005F, 120);
      if (bias == Bias::kBytes) {
        model.codes("b_q", kU8, {2, 1, 1}, {160, 113});
      } else {
        model.constant("b", {1, 2, 1, 1}, Floats{0.2F, -0.035F});
        model.quantize("b", "b_q", "b");
      }
      model.node("QLinearAdd", {"b_q", "b_s", "b_z", "c_q", "c_s", "c_z", "c_s", "c_z"}, {"y_q"})
          .domain("com.microsoft");
      model.dequantize("y_q", "y", "c");
    } else {
      model.dequantize("c_q", "c", "c");
      if (bias == Bias::kMovedLevels) {
        model.node("Reshape", {"b_q", "by_channel"}, {"wide_q"});
        model.node("DequantizeLinear", {"wide_q", "b_s"}, {"wide"}).set("axis", int64_t{1});
      } else {
        NodeRef node = model.node("DequantizeLinear", {"b_q", "b_s"}, {"b"});
        if (bias == Bias::kSharedByChannel) node.set("axis", int64_t{0});
        model.node("Reshape", {"b", "by_channel"}, {"wide"});
      }
      model.node("Add", {"c", "wide"}, {"y"});
    }
    model.output("y");
    const Floats once = {0.2F, -0.035F};
    expect_equal(model, float_conv(weights_by_channel(), bytes ? once : Floats{0.4F, -0.07F}));
  }
}

// Added to the sums themselves, as whole numbers, on either side.
TEST(Dynamic, WholeNumbersAddedToIntegerSums) {
  for (const bool first : {true, false}) {
    QuantizedBuilder model(12);
    model.input("x", {1, 1, 5, 4});
    model.encoding("x", 0.5F, 20);
    model.quantize("x", "x_q", "x");
    model.codes("w_q", kS8, kWeightDims, kWeightCodes);
    model.node("ConvInteger", {"x_q", "w_q", "x_z"}, {"i"}).set("pads", Ints{1, 0, 0, 1});
    model.codes("b_q", kS32, {2, 1, 1}, {30, -7});
    model.node("Add", first ? Names{"b_q", "i"} : Names{"i", "b_q"}, {"s"});
    model.node("Cast", {"s"}, {"f"}).set("to", int64_t{TensorProto::FLOAT});
    model.node("Mul", {"f", "x_s"}, {"y"});
    model.output("y");
    Floats weights;
    for (const int64_t code : kWeightCodes) weights.push_back(static_cast<float>(code));
    expect_equal(model, float_conv(weights, {15.0F, -3.5F}), 1e-3F);
  }
}

TEST(QLinear, MatMulByColumn) {
  QuantizedBuilder model;
  model.input("x", {3, 2});
  model.encoding("x", 0.02F, 100);
  model.encoding("y", 0.5F, 100);
  model.quantize("x", "x_q", "x");
  model.codes("w_q", kU8, {2, 2}, {0, 255, 130, 9});
  model.constant("w_s", {2}, Floats{0.5F, 0.25F});
  model.codes("w_z", kU8, {2}, {128, 9});
  model.node("QLinearMatMul", {"x_q", "x_s", "x_z", "w_q", "w_s", "w_z", "y_s", "y_z"}, {"y_q"});
  model.dequantize("y_q", "y", "y");
  model.output("y");
  ModelBuilder plain(13);
  plain.input("x", {3, 2});
  plain.constant("w", {2, 2}, Floats{-64, 61.5F, 1, 0});
  plain.node("MatMul", {"x", "w"}, {"y"});
  plain.output("y");
  expect_equal(model, plain, 1e-4F);
}

// One operator of com.microsoft on x (1, 2, 4, 4) and, if binary, its negation.
struct Elementwise {
  const char* quantized;
  const char* plain;
  bool binary;
  const char* attribute;
  float value;
};

TEST(QLinear, OperatorsOfMicrosoftsDomain) {
  for (const Elementwise& e :
       {Elementwise{"QLinearAdd", "Add", true, nullptr, 0},
        Elementwise{"QLinearMul", "Mul", true, nullptr, 0},
        Elementwise{"QLinearSigmoid", "Sigmoid", false, nullptr, 0},
        Elementwise{"QLinearLeakyRelu", "LeakyRelu", false, "alpha", 0.1F},
        Elementwise{"QLinearGlobalAveragePool", "GlobalAveragePool", false, nullptr, 0}}) {
    QuantizedBuilder model;
    ModelBuilder plain(13);
    for (ModelBuilder* m : {static_cast<ModelBuilder*>(&model), &plain}) {
      m->input("x", {1, 2, 4, 4});
      m->node("Neg", {"x"}, {"n"});
    }
    model.encoding("x", 0.02F, 100);
    model.encoding("n", 0.03F, 90, kU8);
    model.encoding("y", 0.1F, 77);
    model.quantize("x", "x_q", "x");
    model.quantize("n", "n_q", "n");
    Names inputs = {"x_q", "x_s", "x_z"};
    if (e.binary) inputs.insert(inputs.end(), {"n_q", "n_s", "n_z"});
    inputs.insert(inputs.end(), {"y_s", "y_z"});
    NodeRef made = model.node(e.quantized, inputs, {"y_q"}).domain("com.microsoft");
    model.dequantize("y_q", "y", "y");
    model.output("y");
    NodeRef wanted = plain.node(e.plain, e.binary ? Names{"x", "n"} : Names{"x"}, {"y"});
    plain.output("y");
    if (e.attribute != nullptr) {
      made.set(e.attribute, e.value);
      wanted.set(e.attribute, e.value);
    }
    expect_equal(model, plain);
    const Graph graph = imported(model);
    EXPECT_EQ(graph.nodes.size(), e.binary ? 2U : 1U) << e.quantized;
    EXPECT_EQ(graph.value(graph.outputs[0]).declared, (DeclaredScale{0.1F, 77}));
  }
}

TEST(QLinear, ConcatAveragePoolSoftmaxAndConstants) {
  QuantizedBuilder model;
  model.input("x", {1, 2, 4, 4});
  model.encoding("x", 0.02F, 100);
  model.encoding("c", 0.03F, 60);
  model.quantize("x", "x_q", "x");
  model.codes("k_q", kU8, {1, 1, 4, 4}, Ints(16, 110));
  model.node("QLinearConcat", {"c_s", "c_z", "x_q", "x_s", "x_z", "k_q", "x_s", "x_z"}, {"c_q"})
      .domain("com.microsoft")
      .set("axis", int64_t{1});
  model.node("QLinearAveragePool", {"c_q", "c_s", "c_z", "x_s", "x_z"}, {"p_q"})
      .domain("com.microsoft")
      .set("kernel_shape", Ints{2, 2})
      .set("channels_last", int64_t{0});
  model.encoding("s", 1.0F / 256.0F, 0);
  model.node("QLinearSoftmax", {"p_q", "x_s", "x_z", "s_s", "s_z"}, {"s_q"})
      .domain("com.microsoft")
      .set("axis", int64_t{1})
      .set("opset", int64_t{13});
  // Zero points may be left out of the operators of this domain.
  model.codes("half_q", kU8, {}, {5});
  model.constant("tenth", {}, Floats{0.1F});
  model.node("QLinearMul", {"s_q", "s_s", "s_z", "half_q", "tenth", "", "s_s", "s_z"}, {"m_q"})
      .domain("com.microsoft");
  model.dequantize("m_q", "y", "s");
  model.output("y");

  ModelBuilder plain(13);
  plain.input("x", {1, 2, 4, 4});
  plain.constant("k", {1, 1, 4, 4}, Floats(16, 0.2F));
  plain.constant("half", {}, Floats{0.5F});
  plain.node("Concat", {"x", "k"}, {"c"}).set("axis", int64_t{1});
  plain.node("AveragePool", {"c"}, {"p"}).set("kernel_shape", Ints{2, 2});
  plain.node("Softmax", {"p"}, {"s"}).set("axis", int64_t{1});
  plain.node("Mul", {"s", "half"}, {"y"});
  plain.output("y");
  expect_equal(model, plain);
}

// Operators that only move numbers stand between Q and DQ, on codes.
TEST(Levels, AreMovedAsTheNumbersTheyStandFor) {
  QuantizedBuilder model;
  ModelBuilder plain(13);
  for (ModelBuilder* m : {static_cast<ModelBuilder*>(&model), &plain}) {
    m->input("x", {1, 4, 4, 4});
    m->constant("pads", {8}, Ints{0, 0, 1, 1, 0, 0, 0, 0});
    m->constant("shape", {3}, Ints{1, 2, -1});
    m->constant("scales", {4}, Floats{1, 1, 2, 2});
  }
  model.encoding("e", 0.02F, 100);
  model.quantize("x", "x_q", "e");
  plain.node("Identity", {"x"}, {"x_q"});
  for (ModelBuilder* m : {static_cast<ModelBuilder*>(&model), &plain}) {
    m->node("MaxPool", {"x_q"}, {"p"}).set("kernel_shape", Ints{2, 2});
    m->node("Split", {"p"}, {"a", "b"}).set("axis", int64_t{1});
    m->node("Concat", {"b", "a"}, {"j"}).set("axis", int64_t{1});
    // The zero point is the code of 0.
    m->node("Pad", m == &plain ? Names{"j", "pads"} : Names{"j", "pads", "e_z"}, {"padded"});
    m->node("Resize", {"padded", "", "scales"}, {"r"})
        .set("coordinate_transformation_mode", "asymmetric")
        .set("nearest_mode", "floor");
    m->node("Reshape", {"r", "shape"}, {"f"});
    m->node("Transpose", {"f"}, {"t"}).set("perm", Ints{0, 2, 1});
    m->output("y");
  }
  model.dequantize("t", "y", "e");
  plain.node("Identity", {"t"}, {"y"});
  expect_equal(model, plain);
}

TEST(Levels, PadsOfALevelAreItsNumber) {
  QuantizedBuilder model;
  model.input("x", {2});
  model.constant("pads", {2}, Ints{1, 0});
  model.encoding("e", 0.5F, 10);
  model.codes("code", kU8, {}, {14});
  model.quantize("x", "q", "e");
  model.node("Pad", {"q", "pads", "code"}, {"p"});
  model.node("Pad", {"p", "pads"}, {"p2"});  // code 0
  model.dequantize("p2", "y", "e");
  model.output("y");
  const Tensor x[] = {real_tensor({2}, {3, 4})};
  const auto y = run_reference(imported(model), x);
  ASSERT_TRUE(y.ok());
  expect_real(y.value(), {4}, {-5, 2, 3, 4});
}

TEST(Levels, AreNoNumbersForOtherOperators) {
  QuantizedBuilder model;
  model.input("x", {2});
  model.encoding("e", 0.5F, 10);
  model.encoding("f", 0.25F, 10);
  model.quantize("x", "q", "e");
  model.quantize("x", "r", "f");
  model.node("Abs", {"q"}, {"y"});
  model.output("y");
  expect_refused(model.import(), Code::kUnsupported, {"the_Abs", "\"q\" holds quantized numbers"});
  auto* node = model.model().mutable_graph()->mutable_node(2);
  node->set_op_type("Concat");
  node->add_input("r");
  NodeRef(node).set("axis", int64_t{0});
  expect_refused(model.import(), Code::kUnsupported, {"\"q\" and \"r\" are quantized differently"});
}

// A network output that the file leaves as codes is given as real numbers.
TEST(Levels, AtTheEndAreRealNumbers) {
  QuantizedBuilder model;
  model.input("x", {2});
  model.encoding("e", 0.5F, 10);
  model.node("Neg", {"x"}, {"n"});
  model.quantize("n", "y", "e");
  model.output("y");
  const Tensor x[] = {real_tensor({2}, {3, -4})};
  const Graph graph = imported(model);
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "y");
  const auto y = run_reference(graph, x);
  ASSERT_TRUE(y.ok());
  expect_real(y.value(), {2}, {-3, 4});
}

// x through one pair with this scale and zero point; `at` changes what the test is about.
QuantizedBuilder one_pair(const TensorProto& scale, const TensorProto& zero, int64_t opset = 13) {
  QuantizedBuilder model(opset);
  model.input("x", {1, 3, 4, 4});
  model.constant("e_s", scale);
  model.constant("e_z", zero);
  model.quantize("x", "q", "e");
  model.dequantize("q", "d", "e");
  model.node("Neg", {"d"}, {"y"});
  model.output("y");
  return model;
}

TEST(HostileScales, AreRefusedInOneLine) {
  const TensorProto zero = levels_proto(kU8, {}, {3});
  for (const float scale : {0.0F, -0.5F, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
    expect_refused(one_pair(tensor_proto({}, Floats{scale}), zero).import(), Code::kCorrupt,
                   {"the_QuantizeLinear", "\"e_s\"", "positive and finite"});
  }
  const TensorProto good = tensor_proto({}, Floats{0.5F});
  const auto refused = [](const QuantizedBuilder& model, Code code, const Names& texts) {
    expect_refused(model.import(), code, texts);
  };
  refused(one_pair(tensor_proto({2}, Floats{1, 1}), zero), Code::kCorrupt,
          {"\"e_s\" has 2 elements for an extent of 3"});
  refused(one_pair(tensor_proto({3}, Floats{1, 1, 1}), levels_proto(kU8, {2}, {1, 2})),
          Code::kCorrupt, {"\"e_z\" has 2 elements for an extent of 3"});
  refused(one_pair(tensor_proto({1, 3, 2, 4}, Floats(24, 1.0F)), zero, 21), Code::kUnsupported,
          {"blocked quantization", "1x3x2x4"});
  refused(one_pair(good, levels_proto(kU8, {1, 1}, {1})), Code::kUnsupported, {"\"e_z\"", "1x1"});
  refused(one_pair(good, tensor_proto({}, Floats{0})), Code::kCorrupt,
          {"\"e_z\" is float32 instead of"});
  refused(one_pair(good, levels_proto(kU8, {}, {300})), Code::kCorrupt,
          {"e_z", "300", "outside its type"});
  refused(one_pair(good, levels_proto(kU16, {}, {70000})), Code::kCorrupt, {"e_z", "70000"});
  refused(one_pair(good, levels_proto(kS32, {}, {70000})), Code::kCorrupt, {"zero point 70000"});
  refused(one_pair(good, levels_proto(17, {}, {0}), 19), Code::kUnsupported,
          {"e_z", "element type 17"});
  refused(one_pair(tensor_proto({}, Ints{1}), zero), Code::kCorrupt, {"scale is not a vector of"});
  {
    QuantizedBuilder model = one_pair(tensor_proto({3}, Floats{1, 2, 3}), zero);
    NodeRef(model.model().mutable_graph()->mutable_node(0)).set("axis", int64_t{4});
    refused(model, Code::kCorrupt, {"axis 4 is not one of the 4 dimensions"});
  }
  {
    QuantizedBuilder model = one_pair(good, zero, 21);
    NodeRef(model.model().mutable_graph()->mutable_node(0)).set("block_size", int64_t{2});
    refused(model, Code::kUnsupported, {"\"block_size\" = 2", "by tensor or channel"});
  }
  {
    QuantizedBuilder model = one_pair(good, zero, 21);
    auto* node = model.model().mutable_graph()->mutable_node(0);
    node->mutable_input()->RemoveLast();
    NodeRef(node).set("output_dtype", int64_t{22});
    refused(model, Code::kUnsupported, {"element type 22", "8 and 16 bits"});
  }
}

TEST(HostileScales, ThatDependOnTheImage) {
  QuantizedBuilder model;
  model.input("x", {4});
  model.encoding("e", 1.0F, 0);
  model.node("ReduceMax", {"x"}, {"s"}).set("keepdims", int64_t{0});
  model.node("QuantizeLinear", {"x", "s", "e_z"}, {"q"});
  model.dequantize("q", "y", "e");
  model.output("y");
  expect_refused(model.import(), Code::kUnsupported, {"scale (input \"s\") depends on the image"});
  model.model().mutable_graph()->mutable_node(1)->set_input(1, "e_s");
  model.node("Cast", {"s"}, {"z"}).set("to", int64_t{kU8});
  model.model().mutable_graph()->mutable_node(1)->set_input(2, "z");
  expect_refused(model.import(), Code::kUnsupported, {"zero point \"z\" depends on the image"});
}

TEST(HostileScales, OfWeights) {
  QuantizedBuilder model;
  model.input("x", {2});
  model.codes("w_q", kS8, {2}, {1, 2});
  model.encoding("e", 1.0F, 0, kU8);
  model.dequantize("w_q", "w", "e");
  model.node("Mul", {"x", "w"}, {"y"});
  model.output("y");
  expect_refused(model.import(), Code::kCorrupt, {"\"e_z\" is uint8 and \"w_q\" int8"});
}

TEST(HostileScales, OfOperators) {
  const auto concat = [](const Names& inputs) {
    QuantizedBuilder model;
    model.input("x", {2});
    model.encoding("e", 1.0F, 0);
    model.quantize("x", "q", "e");
    model.node("QLinearConcat", inputs, {"y"})
        .domain("com.microsoft")
        .set("axis", int64_t{0})
        .name("joined");
    model.output("y");
    return model.import();
  };
  EXPECT_TRUE(concat({"e_s", "e_z", "q", "e_s", "e_z"}).ok());
  expect_refused(concat({"e_s", "e_z", "q"}), Code::kCorrupt, {"QLinearConcat", "joined"});
  expect_refused(concat({"e_s", "e_z"}), Code::kCorrupt, {"QLinearConcat", "joined"});
  expect_refused(concat({"", "", "q", "e_s", "e_z"}), Code::kCorrupt, {"QLinearConcat", "joined"});
  for (const char* op : {"QGemm", "QAttention", "QLinearWhere", "MatMulIntegerToFloat"}) {
    QuantizedBuilder model;
    model.input("x", {2});
    model.node(op, {"x"}, {"y"}).domain("com.microsoft");
    model.output("y");
    expect_refused(model.import(), Code::kUnsupported, {op, "export the model in float32"});
  }
  QuantizedBuilder model;
  model.input("x", {1, 2, 4, 4});
  model.encoding("e", 1.0F, 0);
  model.quantize("x", "q", "e");
  model.node("QLinearGlobalAveragePool", {"q", "e_s", "e_z", "e_s", "e_z"}, {"y"})
      .domain("com.microsoft")
      .set("channels_last", int64_t{1});
  model.output("y");
  expect_refused(model.import(), Code::kUnsupported, {"channels_last"});
}

// Boxes in pixels and scores of 0 to 1 under one scale.
TEST(CoarseScores, AreAWarning) {
  const auto warnings = [](float scale) {
    QuantizedBuilder model;
    model.input("boxes", {1, 4, 6});
    model.input("classes", {1, 2, 6});
    model.node("Sigmoid", {"classes"}, {"s"});
    model.pair("s", "s_dq", 1.0F / 255.0F, 0);
    model.node("Concat", {"boxes", "s_dq"}, {"out"}).set("axis", int64_t{1});
    model.pair("out", "y", scale, 0);
    model.output("y");
    const Graph graph = imported(model);
    EXPECT_EQ(graph.value(graph.outputs[0]).declared.has_value(), graph.warnings.empty());
    return graph.warnings;
  };
  EXPECT_TRUE(warnings(1.0F / 255.0F).empty());
  EXPECT_TRUE(warnings(0.05F).empty());
  ASSERT_EQ(warnings(2.59F).size(), 1U);
  EXPECT_NE(warnings(2.59F)[0].find("\"y\" the scale 2.59"), std::string::npos);
  EXPECT_NE(warnings(2.59F)[0].find("all of them round to 0"), std::string::npos);
  EXPECT_NE(warnings(0.6F)[0].find("those below 0.3 round to 0"), std::string::npos);
}

}  // namespace
}  // namespace pawl::engine::test
