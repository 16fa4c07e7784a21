// Proves: no bytes make the importer crash, hang or allocate without bound; what it accepts is a
// valid graph. Truncations, byte flips, and operators whose numbers make no sense.
#include <gtest/gtest.h>

#include <random>

#include "tests/engine/onnx/quantized_builder.h"

namespace pawl::engine::test {
namespace {

// A bit of everything, so that flips reach most handlers.
std::string rich_model() {
  ModelBuilder model(12);
  model.input("images", {1, 3, 8, 8});
  Floats weights(8 * 3 * 3 * 3);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3.0F;
  model.constant("w", {8, 3, 3, 3}, weights);
  model.constant("b", {8}, Floats(8, 0.5F));
  model.constant("shape", {3}, Ints{0, 8, -1});
  model.constant("scales", {4}, Floats{1, 1, 2, 2});
  model.constant("starts", {1}, Ints{1});
  model.constant("ends", {1}, Ints{-1});
  model.constant("k", {1}, Ints{3});
  model.constant("a", {2, 3}, Floats{1, 2, 3, 4, 5, 6});
  model.constant("index", {2}, Ints{0, -1});
  model.node("Conv", {"images", "w", "b"}, {"c"})
      .set("kernel_shape", Ints{3, 3})
      .set("pads", Ints{1, 1, 1, 1})
      .set("strides", Ints{2, 2})
      .set("group", int64_t{1});
  model.node("Sigmoid", {"c"}, {"s"});
  model.node("Mul", {"c", "s"}, {"m"});
  model.node("MaxPool", {"m"}, {"p"}).set("kernel_shape", Ints{2, 2}).set("ceil_mode", int64_t{1});
  model.node("Resize", {"p", "", "scales"}, {"r"})
      .set("mode", "nearest")
      .set("coordinate_transformation_mode", "asymmetric")
      .set("nearest_mode", "floor");
  model.node("Split", {"r"}, {"r0", "r1"}).set("axis", int64_t{1}).set("split", Ints{3, 5});
  model.node("Concat", {"r1", "r0"}, {"j"}).set("axis", int64_t{1});
  model.node("Slice", {"j", "starts", "ends"}, {"sl"});
  model.node("Reshape", {"j", "shape"}, {"f"});
  model.node("Transpose", {"f"}, {"t"}).set("perm", Ints{0, 2, 1});
  model.node("Softmax", {"t"}, {"sm"}).set("axis", int64_t{2});
  model.node("ReduceMax", {"sm"}, {"rm"}).set("axes", Ints{-1}).set("keepdims", int64_t{0});
  model.node("TopK", {"rm", "k"}, {"values", "indices"}).set("axis", int64_t{-1});
  model.node("Gather", {"a", "index"}, {"g"}).set("axis", int64_t{1});
  model.node("Transpose", {"g"}, {"gt"});
  model.node("MatMul", {"g", "gt"}, {"gg"});
  model.node("ReduceSum", {"gg"}, {"sum"}).set("keepdims", int64_t{0});
  model.node("Add", {"values", "sum"}, {"y"});
  model.output("y");
  model.output("indices");
  return model.bytes();
}

// The same for the quantized dialects.
std::string quantized_model() {
  QuantizedBuilder model(13);
  model.input("images", {1, 2, 6, 6});
  model.codes("w_q", TensorProto::INT8, {2, 2, 1, 1}, {1, -128, 127, 5});
  model.constant("w_s", {2}, Floats{0.5F, 0.25F});
  model.codes("w_z", TensorProto::INT8, {2}, {0, 0});
  model.codes("b_q", TensorProto::INT32, {2}, {100, -100});
  model.encoding("e", 0.02F, 0);
  model.quantize("images", "x_q", "e");
  model.node("QLinearConv", {"x_q", "e_s", "e_z", "w_q", "w_s", "w_z", "e_s", "e_z", "b_q"}, {"c"});
  model.node("MaxPool", {"c"}, {"p"}).set("kernel_shape", Ints{2, 2});
  model.node("QLinearConcat", {"e_s", "e_z", "p", "e_s", "e_z", "p", "e_s", "e_z"}, {"j"})
      .domain("com.microsoft")
      .set("axis", int64_t{1});
  model.dequantize("j", "d", "e");
  model.dequantize("w_q", "w", "w").set("axis", int64_t{0});
  model.node("DynamicQuantizeLinear", {"d"}, {"q", "s", "z"});
  model.codes("v_q", TensorProto::UINT8, {1, 4, 1, 1}, {1, 255, 128, 5});
  model.node("ConvInteger", {"q", "v_q", "z"}, {"i"});
  model.node("Cast", {"i"}, {"f"}).set("to", int64_t{TensorProto::FLOAT});
  model.node("Mul", {"f", "s"}, {"m"});
  model.pair("m", "r", 0.1F, 0);
  model.node("Sigmoid", {"r"}, {"y"});
  model.node("ReduceSum", {"w"}, {"sum"});
  model.output("y");
  model.output("sum");
  return model.bytes();
}

Result<Graph> import(const std::string& bytes) {
  return import_onnx(std::as_bytes(std::span(bytes.data(), bytes.size())), "hostile");
}

// Either a valid graph, or an error of one line.
void expect_sound(const std::string& bytes) {
  const auto graph = import(bytes);
  if (graph.ok()) {
    const Status valid = validate(graph.value());
    EXPECT_TRUE(valid.ok()) << valid.error().message;
  } else {
    EXPECT_FALSE(graph.error().message.empty());
  }
}

TEST(Hostile, TheModelsAreGood) {
  for (const std::string& bytes : {rich_model(), quantized_model()}) {
    const auto graph = import(bytes);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    Tensor x(DType::kFloat32, graph.value().value(graph.value().inputs[0]).shape);
    const auto y = run_reference(graph.value(), std::span(&x, 1));
    ASSERT_TRUE(y.ok()) << y.error().message;
  }
}

class HostileBytes : public testing::TestWithParam<std::string (*)()> {};
INSTANTIATE_TEST_SUITE_P(Models, HostileBytes, testing::Values(rich_model, quantized_model));

TEST_P(HostileBytes, EveryTruncation) {
  const std::string whole = GetParam()();
  for (size_t length = 0; length < whole.size(); ++length) expect_sound(whole.substr(0, length));
}

TEST_P(HostileBytes, Random) {
  const std::string whole = GetParam()();
  std::mt19937 random(20250101);
  const auto below = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random);
  };
  int accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = whole;
    const size_t flips = 1 + below(3);
    for (size_t i = 0; i < flips; ++i) bytes[below(bytes.size())] = static_cast<char>(below(256));
    if (below(8) == 0) bytes.erase(below(bytes.size()), 1 + below(16));
    const auto graph = import(bytes);
    if (!graph.ok()) continue;
    ++accepted;
    ASSERT_TRUE(validate(graph.value()).ok());
    // What was accepted can be executed, where that is a matter of moments.
    int64_t elements = 0;
    bool small = true;
    for (const Value& value : graph.value().values) {
      elements += element_count(value.shape);
      small = small && elements < 50000;
    }
    if (!small) continue;
    std::vector<Tensor> inputs;
    for (const ValueId id : graph.value().inputs) {
      inputs.emplace_back(graph.value().value(id).dtype, graph.value().value(id).shape);
    }
    (void)run_reference(graph.value(), inputs);
  }
  EXPECT_GT(accepted, 100);  // Weights and names may be anything: the test is not vacuous.
}

// One node that must be refused, by a message that names it and says `text`.
class Refused {
 public:
  explicit Refused(const std::string& op, int64_t opset = 13) : model_(opset), op_(op) {}
  Refused& x(const Ints& dims, int type = TensorProto::FLOAT) {
    names_.push_back("x" + std::to_string(names_.size()));
    model_.input(names_.back(), dims, type);
    return *this;
  }
  Refused& c(const Ints& dims, const Ints& values) {
    names_.push_back("c" + std::to_string(names_.size()));
    model_.constant(names_.back(), dims, values);
    return *this;
  }
  Refused& c(const Ints& dims, const Floats& values) {
    names_.push_back("c" + std::to_string(names_.size()));
    model_.constant(names_.back(), dims, values);
    return *this;
  }
  Refused& none() {
    names_.emplace_back();
    return *this;
  }
  template <typename Value>
  Refused& set(const std::string& key, const Value& value) {
    NodeRef(&attributes_).set(key, value);
    return *this;
  }
  void because(const std::string& text, size_t outputs = 1) {
    std::vector<std::string> results;
    for (size_t i = 0; i < outputs; ++i) {
      results.push_back("y" + std::to_string(i));
      model_.output(results.back());
    }
    model_.node(op_, names_, results);
    *model_.model().mutable_graph()->mutable_node(0)->mutable_attribute() = attributes_.attribute();
    const auto graph = model_.import();
    ASSERT_FALSE(graph.ok()) << op_ << " was accepted: " << text;
    const std::string& message = graph.error().message;
    EXPECT_NE(message.find("the_" + op_), std::string::npos) << message;
    EXPECT_NE(message.find(text), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

 private:
  ModelBuilder model_;
  std::string op_;
  std::vector<std::string> names_;
  NodeProto attributes_;
};

constexpr int64_t kHuge = int64_t{1} << 62;

TEST(Hostile, Convolutions) {
  const Ints w = {4, 3, 3, 3};
  Refused("Conv").x({1, 3, 2, 2}).x(w).because("does not fit the padded input");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("strides", Ints{0, 1}).because("strides");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("strides", Ints{1}).because("2 values");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("pads", Ints{0, -1, 0, 0}).because("pads");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("pads", Ints{kHuge, 0, 0, 0}).because("pads");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("dilations", Ints{0, 0}).because("dilations");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("dilations", Ints{9, 9}).because("does not fit");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("group", int64_t{3}).because("group 3 does not divide");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("group", int64_t{0}).because("group 0");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("group", -kHuge).because("group");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("group", int64_t{2}).because("does not fit the weights");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("kernel_shape", Ints{5, 5}).because("kernel_shape");
  Refused("Conv").x({1, 3, 9, 9}).x(w).set("auto_pad", "SAME").because("auto_pad");
  Refused("Conv").x({1, 3, 9, 9}).x(w).x({3}).because("instead of 4");
  Refused("Conv").x({1, 3, 9}).x({4, 3, 3}).because("two spatial dimensions");
  Refused("Conv").x({1, 3, 9, 9}).x({4, 3, 3}).because("weights have the shape");
  Refused("Conv").x({1, 3, 9, 9}).because("input 1 is missing");
  Refused("Conv").x({1, 3, 9, 9}, TensorProto::INT64).x(w).because("int64 instead of float32");
  Refused("Conv")
      .x({1, 3, 1 << 13, 1 << 13})
      .x(w)
      .set("pads", Ints{1 << 20, 1 << 20, 1 << 20, 1 << 20})
      .because("limit");
  Refused("ConvTranspose").x({1, 2, 3, 3}).x(w).because("does not fit the weights");
  Refused("ConvTranspose")
      .x({1, 4, 3, 3})
      .x(w)
      .set("pads", Ints{9, 9, 9, 9})
      .because("leave nothing");
  Refused("ConvTranspose")
      .x({1, 4, 3, 3})
      .x(w)
      .set("output_padding", Ints{1, 0})
      .because("output_padding");
  Refused("ConvTranspose")
      .x({1, 4, 3, 3})
      .x(w)
      .set("output_shape", Ints{900, 9})
      .because("output extent");
  Refused("BatchNormalization").x({1, 3, 2, 2}).x({3}).x({3}).x({3}).x({2}).because("instead of 3");
}

TEST(Hostile, Windows) {
  Refused("MaxPool").x({1, 1, 4, 4}).because("kernel_shape");
  Refused("MaxPool").x({1, 1, 4, 4}).set("kernel_shape", Ints{0, 1}).because("kernel_shape");
  Refused("MaxPool").x({1, 1, 4, 4}).set("kernel_shape", Ints{5, 5}).because("does not fit");
  Refused("MaxPool")
      .x({1, 1, 4, 4})
      .set("kernel_shape", Ints{2, 2})
      .set("pads", Ints{2, 0, 0, 0})
      .because("nothing but padding");
  Refused("AveragePool")
      .x({1, 1, 4, 4})
      .set("kernel_shape", Ints{2, 2})
      .set("count_include_pad", 1.0F)
      .because("wrong type");
  Refused("Resize").x({1, 1, 4, 4}).none().c({4}, Floats{1, 1, -1, 1}).because("out of range");
  Refused("Resize").x({1, 1, 4, 4}).none().c({4}, Floats{1, 1, NAN, 1}).because("out of range");
  Refused("Resize").x({1, 1, 4, 4}).none().c({4}, Floats{1, 1, 1e30F, 1}).because("out of range");
  Refused("Resize").x({1, 1, 4, 4}).none().c({4}, Floats{1, 1, 4e6F, 4e6F}).because("limit");
  Refused("Resize").x({1, 1, 4, 4}).none().c({3}, Floats{1, 1, 2}).because("3 scales");
  Refused("Resize").x({1, 1, 4, 4}).because("neither scales nor sizes");
  Refused("Resize").x({1, 1, 4, 4}).none().none().c({4}, Ints{1, 1, 0, 1}).because("size 0");
  Refused("Resize").x({1, 1, 4, 4}).none().x({4}).because("depends on the image");
}

TEST(Hostile, Movement) {
  Refused("Concat").x({1, 2}).x({2, 2}).set("axis", int64_t{1}).because("cannot be joined");
  Refused("Concat").x({1, 2}).x({1, 2}).set("axis", int64_t{2}).because("axis 2");
  Refused("Concat").x({1, 2}).x({1, 2}).set("axis", -kHuge).because("axis");
  Refused("Split").x({1, 7}).set("axis", int64_t{1}).because("equal parts", 2);
  Refused("Split").x({7}).c({2}, Ints{8, -1}).because("do not add up", 2);
  Refused("Split").x({7}).c({2}, Ints{kHuge, kHuge}).because("do not add up", 2);
  Refused("Split").x({7}).c({3}, Ints{2, 2, 3}).because("3 extents for 2", 2);
  Refused("Slice").x({4}).c({1}, Ints{0}).because("\"ends\" is missing");
  Refused("Slice").x({4}).c({1}, Ints{0}).c({2}, Ints{1, 2}).because("differ in length");
  Refused("Slice")
      .x({4})
      .c({1}, Ints{0})
      .c({1}, Ints{4})
      .c({1}, Ints{0})
      .c({1}, Ints{0})
      .because("step is 0");
  Refused("Slice").x({4}).c({1}, Ints{3}).c({1}, Ints{1}).because("is empty");
  Refused("Slice").x({4}).c({1}, Ints{0}).c({1}, Ints{1}).c({1}, Ints{kHuge}).because("axis");
  Refused("Transpose").x({2, 3}).set("perm", Ints{0, 0}).because("not a permutation");
  Refused("Transpose").x({2, 3}).set("perm", Ints{0}).because("not a permutation");
  Refused("Transpose").x({2, 3}).set("perm", Ints{0, 2}).because("axis 2");
  Refused("Expand").x({2, 3}).c({2}, Ints{2, 4}).because("do not broadcast");
  Refused("Expand").x({1}).c({2}, Ints{kHuge, kHuge}).because("limit");
  Refused("Expand").x({1}).c({2}, Ints{-1, 2}).because("negative");
  Refused("Tile").x({2, 3}).c({1}, Ints{2}).because("one repeat a dimension");
  Refused("Tile").x({2, 3}).c({2}, Ints{1 << 29, 2}).because("limit");
  Refused("Tile").x({2, 3}).c({2}, Ints{-1, 2}).because("out of range");
  Refused("Tile").x({2, 3}).c({2}, Ints{0, 2}).because("is empty");
  Refused("Pad").x({2}).c({2}, Ints{kHuge, 0}).because("out of range");
  Refused("Pad").x({2}).c({2}, Ints{-kHuge, 0}).because("out of range");
  Refused("Pad").x({2}).c({2}, Ints{-2, -1}).because("leave nothing");
  Refused("Pad").x({2}).c({3}, Ints{1, 1, 1}).because("3 pads");
  Refused("Pad").x({2}).c({2}, Ints{2, 0}).set("mode", "reflect").because("below the extent");
  Refused("Pad").x({2}).c({2}, Ints{1, 0}).set("mode", "tile").because("tile");
  Refused("Gather").x({3, 2}).c({1}, Ints{3}).because("index 3");
  Refused("Gather").x({3, 2}).c({1}, Ints{-4}).because("index -4");
  Refused("Gather").x({3, 2}).c({1}, Floats{1}).because("indices are float32");
  Refused("GatherElements").x({3, 2}).x({3, 3}, TensorProto::INT64).because("do not address");
  Refused("DepthToSpace").x({1, 6, 2, 2}).set("blocksize", int64_t{2}).because("does not divide");
  Refused("DepthToSpace").x({1, 6, 2, 2}).because("blocksize 0");
  Refused("DepthToSpace").x({1, 4, 2, 2}).set("blocksize", kHuge).because("blocksize");
  Refused("SpaceToDepth").x({1, 4, 3, 2}).set("blocksize", int64_t{2}).because("does not divide");
}

TEST(Hostile, Shapes) {
  Refused("Reshape").x({2, 3}).c({2}, Ints{4, -1}).because("does not reshape");
  Refused("Reshape").x({2, 3}).c({2}, Ints{-1, -1}).because("two dimensions");
  Refused("Reshape").x({2, 3}).c({2}, Ints{5, 1}).because("does not reshape");
  Refused("Reshape").x({2, 3}).c({2}, Ints{kHuge, kHuge}).because("out of range");
  Refused("Reshape").x({2, 3}).c({2}, Ints{1 << 20, 1 << 20}).because("out of range");
  Refused("Reshape").x({2, 3}).c({2}, Ints{-2, 3}).because("out of range");
  Refused("Reshape").x({2, 3}).c({3}, Ints{2, 3, 0}).because("0 stands for");
  Refused("Reshape").x({2, 3}).c({2}, Ints{0, -1}).set("allowzero", int64_t{1}).because("reshape");
  Refused("Reshape").x({2, 3}).x({2}, TensorProto::INT64).because("depends on the image");
  Refused("Reshape").x({2}).c({9}, Ints{1, 1, 1, 1, 1, 1, 1, 1, 2}).because("9 dimensions");
  Refused("Squeeze").x({2, 1}).c({1}, Ints{0}).because("is not 1");
  Refused("Squeeze").x({2, 1}).c({2}, Ints{1, -1}).because("listed twice");
  Refused("Unsqueeze").x({2}).c({1}, Ints{2}).because("axis 2");
  Refused("Unsqueeze").x({2}).because("\"axes\" is missing");
  Refused("Unsqueeze").x({2}).c({9}, Ints{0, 1, 2, 3, 4, 5, 6, 7, 8}).because("too many");
  Refused("Flatten").x({2, 3}).set("axis", int64_t{3}).because("axis 3");
  Refused("ConstantOfShape").c({2}, Ints{kHuge, kHuge}).because("limit");
  Refused("ConstantOfShape").c({1}, Ints{-1}).because("negative");
  Refused("Range").c({}, Ints{0}).c({}, Ints{10}).c({}, Ints{0}).because("step is 0");
  Refused("Range").c({}, Ints{0}).c({}, Ints{int64_t{1} << 50}).c({}, Ints{1}).because("too long");
  Refused("Range").c({}, Ints{-kHuge}).c({}, Ints{kHuge}).c({}, Ints{1}).because("out of range");
  Refused("Range").c({}, Floats{0}).c({}, Floats{NAN}).c({}, Floats{1}).because("too long");
  Refused("Constant").set("value_string", "x").because("only a tensor");
}

TEST(Hostile, Arithmetic) {
  Refused("Add").x({2, 3}).x({4}).because("do not broadcast");
  Refused("Add").x({2}).x({2}, TensorProto::INT64).because("int64 instead of float32");
  Refused("Add").x({2}, TensorProto::UINT8).x({2}, TensorProto::UINT8).because("uint8");
  Refused("Add").x({1 << 20, 1}).x({1, 1 << 20}).because("limit");
  Refused("Add").x({2}).because("input 1 is missing");
  Refused("And").x({2}).x({2}).because("instead of bool");
  Refused("Where").x({2}).x({2}).x({2}).because("instead of bool");
  Refused("Sqrt").x({2}, TensorProto::INT64).because("int64 instead of float32");
  Refused("Cast").x({2}).set("to", int64_t{8}).because("element type 8");
  Refused("Cast").x({2}).because("element type 0");
  Refused("Clip").x({2}).c({2}, Floats{0, 1}).because("not a scalar");
  Refused("Div").c({1}, Ints{4}).c({1}, Ints{0}).because("divided by zero");
  Refused("Mod").c({1}, Ints{4}).c({1}, Ints{0}).because("divided by zero");
  Refused("MatMul").x({2, 3}).x({2, 3}).because("cannot be multiplied");
  Refused("MatMul").x({2, 3}).x({}).because("scalar");
  Refused("Gemm").x({2, 3}).x({3, 4}).x({5}).because("do not broadcast");
  Refused("Gemm").x({2, 3}).x({3, 4}).x({7, 2, 4}).because("does not broadcast");
  Refused("Softmax").x({2, 3}).set("axis", int64_t{2}).because("axis 2");
  Refused("ReduceMax").x({2, 3}).set("axes", Ints{2}).because("axis 2");
  Refused("ReduceMax").x({2, 3}).set("axes", Ints{0, -2}).because("listed twice");
  Refused("ArgMax").x({2, 3}).set("axis", kHuge).because("axis");
  Refused("TopK").x({2, 3}).c({1}, Ints{4}).because("k = 4", 2);
  Refused("TopK").x({2, 3}).c({1}, Ints{0}).because("k = 0", 2);
  Refused("TopK").x({2, 3}).c({1}, Ints{-1}).because("k = -1", 2);
  Refused("LayerNormalization", 17).x({2, 3}).x({4}).because("do not broadcast");
  Refused("InstanceNormalization").x({2, 3}).x({3}).x({3}).because("no spatial");
}

}  // namespace
}  // namespace pawl::engine::test
