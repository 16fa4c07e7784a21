// Proves: every storage that ONNX has for a tensor is read, half precision exactly; a tensor whose
// bytes are not what it says is refused before anything of its size is allocated.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

TEST(Tensors, ReadsEveryElementType) {
  struct Case {
    int type;
    DType dtype;
    std::string raw;
  };
  const auto raw = [](auto... values) {
    std::string bytes;
    (bytes.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
    return bytes;
  };
  const Case cases[] = {
      {TensorProto::FLOAT, DType::kFloat32, raw(1.0F, 100.0F)},
      {TensorProto::DOUBLE, DType::kFloat32, raw(1.0, 100.0)},
      {TensorProto::FLOAT16, DType::kFloat32, raw(uint16_t{0x3C00}, uint16_t{0x5640})},
      {TensorProto::BFLOAT16, DType::kFloat32, raw(uint16_t{0x3F80}, uint16_t{0x42C8})},
      {TensorProto::INT64, DType::kInt64, raw(int64_t{1}, int64_t{100})},
      {TensorProto::UINT32, DType::kInt64, raw(uint32_t{1}, uint32_t{100})},
      {TensorProto::INT32, DType::kInt32, raw(int32_t{1}, int32_t{100})},
      {TensorProto::INT16, DType::kInt32, raw(int16_t{1}, int16_t{100})},
      {TensorProto::UINT16, DType::kInt32, raw(uint16_t{1}, uint16_t{100})},
      {TensorProto::UINT8, DType::kUint8, raw(uint8_t{1}, uint8_t{100})},
      {TensorProto::INT8, DType::kInt8, raw(int8_t{1}, int8_t{100})},
  };
  for (const Case& c : cases) {
    for (const bool typed_fields : {false, true}) {
      TensorProto proto;
      proto.set_data_type(c.type);
      proto.add_dims(2);
      if (!typed_fields) {
        proto.set_raw_data(c.raw);
      } else {
        for (const int number : {1, 100}) {
          if (c.type == TensorProto::FLOAT) {
            proto.add_float_data(static_cast<float>(number));
          } else if (c.type == TensorProto::DOUBLE) {
            proto.add_double_data(number);
          } else if (c.type == TensorProto::INT64) {
            proto.add_int64_data(number);
          } else if (c.type == TensorProto::UINT32) {
            proto.add_uint64_data(static_cast<uint64_t>(number));
          } else if (c.type == TensorProto::FLOAT16) {
            proto.add_int32_data(number == 1 ? 0x3C00 : 0x5640);
          } else if (c.type == TensorProto::BFLOAT16) {
            proto.add_int32_data(number == 1 ? 0x3F80 : 0x42C8);
          } else {
            proto.add_int32_data(number);
          }
        }
      }
      ModelBuilder model(13);
      model.constant("w", proto);
      model.node("Cast", {"w"}, {"y"}).set("to", int64_t{TensorProto::INT64});
      model.node("Identity", {"w"}, {"same"});
      model.output("y");
      model.output("same");
      const auto graph = model.import();
      ASSERT_TRUE(graph.ok()) << c.type << ": " << graph.error().message;
      EXPECT_EQ(graph.value().value(graph.value().outputs[1]).dtype, c.dtype);
      const auto y = run_reference(graph.value(), {});
      ASSERT_TRUE(y.ok());
      expect_integer(y.value(), {2}, {1, 100});
    }
  }
}

TEST(Tensors, HalfPrecisionIsExactAtItsEdges) {
  const std::pair<uint16_t, float> cases[] = {
      {0x0000, 0.0F},     {0x8000, -0.0F},    {0x0001, 0x1p-24F},  {0x83FF, -1023 * 0x1p-24F},
      {0x0400, 0x1p-14F}, {0x7BFF, 65504.0F}, {0xFBFF, -65504.0F}, {0x3555, 0.333251953125F},
      {0x7C00, INFINITY}, {0xFC00, -INFINITY}};
  for (const auto& [bits, value] : cases) {
    TensorProto proto;
    proto.set_data_type(TensorProto::FLOAT16);
    proto.set_raw_data(&bits, sizeof(bits));
    ModelBuilder model(13);
    model.constant("w", proto);
    model.node("Identity", {"w"}, {"y"});
    model.output("y");
    const auto graph = model.import();
    ASSERT_TRUE(graph.ok());
    const auto& constant = graph.value().value(graph.value().outputs[0]).constant;
    ASSERT_NE(constant, nullptr);
    EXPECT_EQ(std::bit_cast<uint32_t>(constant->as<float>()[0]), std::bit_cast<uint32_t>(value));
  }
}

TEST(Tensors, RefusesTensorsThatAreNotWhatTheySay) {
  const auto with = [](const TensorProto& proto) {
    ModelBuilder model(13);
    model.input("x", {2});
    model.constant("w", proto);
    model.node("Add", {"x", "w"}, {"y"});
    model.output("y");
    return model.import();
  };
  TensorProto proto = tensor_proto({2}, Floats{1, 2});
  EXPECT_TRUE(with(proto).ok());
  proto.add_float_data(3);
  expect_refused(with(proto), Code::kCorrupt, {"\"w\"", "3 elements instead of 2"});
  proto = tensor_proto({2}, Floats{1});
  expect_refused(with(proto), Code::kCorrupt, {"only 1 elements"});
  proto = tensor_proto({2}, Floats{});
  proto.set_raw_data("1234567");
  expect_refused(with(proto), Code::kCorrupt, {"7 bytes"});
  proto = tensor_proto({-2}, Floats{});
  expect_refused(with(proto), Code::kExhausted, {"-2"});
  proto = tensor_proto({int64_t{1} << 40, int64_t{1} << 40}, Floats{1});
  expect_refused(with(proto), Code::kExhausted, {"limit"});
  proto = tensor_proto({0, int64_t{1} << 62}, Floats{});
  expect_refused(with(proto), Code::kExhausted, {"limit"});
  // Within the limit, but the bytes are not there: nothing of the size is allocated.
  proto = tensor_proto({1 << 28}, Floats{1});
  expect_refused(with(proto), Code::kCorrupt, {"only 1 elements"});
  proto = tensor_proto({2}, Floats{1, 2});
  proto.set_data_location(TensorProto::EXTERNAL);
  expect_refused(with(proto), Code::kUnsupported, {"another file"});
  proto = tensor_proto({2}, Floats{1, 2});
  proto.set_data_type(TensorProto::STRING);
  expect_refused(with(proto), Code::kUnsupported, {"element type 8"});
  proto = tensor_proto({1, 1, 1, 1, 1, 1, 1, 1, 2}, Floats{1, 2});
  expect_refused(with(proto), Code::kUnsupported, {"9 dimensions"});
}

}  // namespace
}  // namespace pawl::engine::test
