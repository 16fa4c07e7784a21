// Proves: each table check refuses the value just outside its range, names the record, and accepts
// the value just inside. One change to the golden plan at a time, written with right checksums.
#include "engine/artifact/validate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "engine/artifact/artifact.h"
#include "engine/artifact/writer.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

using Change = std::function<void(Plan&)>;

Status read_changed(const Change& change) {
  Plan plan = golden_plan();
  change(plan);
  auto written = write_artifact(plan);
  if (!written.ok()) return written.error();
  AlignedBytes file(written.value());
  auto artifact = Artifact::from_bytes(file.bytes(), "changed");
  return artifact.ok() ? Status() : Status(artifact.error());
}

void expect_accepted(const Change& change) {
  const Status status = read_changed(change);
  EXPECT_TRUE(status.ok()) << status.error().message;
}

void expect_refused(const char* message, const Change& change, Code code = Code::kCorrupt) {
  const Status status = read_changed(change);
  ASSERT_FALSE(status.ok()) << "accepted, expected: " << message;
  EXPECT_EQ(status.error().code, code);
  EXPECT_NE(status.error().message.find(message), std::string::npos) << status.error().message;
  EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
}

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr size_t kRows = 14;  // first row-major tensor: "dense", (1, 3, 256)

uint64_t dense_bytes(const Plan& plan) {
  EXPECT_EQ(plan.tensors[kRows].layout, Layout::kRowMajor);
  return 3 * 256 * sizeof(float);
}

TEST(ValidatePlan, TheGoldenPlanPasses) {
  expect_accepted([](Plan&) {});
}

TEST(ValidatePlan, Header) {
  expect_refused("arena of", [](Plan& p) { p.header.arena_bytes = kStorageBytesMax + 1; });
  expect_accepted([](Plan& p) { p.header.arena_bytes = kStorageBytesMax; });
  expect_refused("target name",
                 [](Plan& p) { p.header.target_name = static_cast<uint32_t>(p.names.size()); });
  expect_refused("reserved", [](Plan& p) { p.header.reserved[3] = 1; });
  expect_refused(
      "update pawl", [](Plan& p) { p.header.isa = 5; }, Code::kUnsupported);
  for (const int32_t input : {-1, kMax, std::numeric_limits<int32_t>::min()}) {
    expect_refused("plan: input", [=](Plan& p) { p.header.input_tensor = input; });
  }
}

TEST(ValidatePlan, Names) {
  expect_refused("does not end with a zero", [](Plan& p) { p.names.back() = 'x'; });
  expect_refused("does not end with a zero", [](Plan& p) { p.names.clear(); });
  expect_refused("tensor 0 \"\": name",
                 [](Plan& p) { p.tensors[0].name = static_cast<uint32_t>(p.names.size()); });
  expect_refused("step 0 \"\": name", [](Plan& p) { p.steps[0].name = ~0U; });
}

TEST(ValidatePlan, TensorFields) {
  expect_refused("unknown layout", [](Plan& p) { p.tensors[1].layout = static_cast<Layout>(2); });
  expect_refused("unknown storage",
                 [](Plan& p) { p.tensors[1].storage = static_cast<Storage>(2); });
  expect_refused("unknown flags", [](Plan& p) { p.tensors[1].flags = 2; });
  expect_refused("output number", [](Plan& p) { p.tensors[1].output_number = 1; });
  expect_refused("output number is out of range", [](Plan& p) {
    p.tensors[1].flags = kTensorIsOutput;
    p.tensors[1].output_number = kOutputsMax;
  });
  expect_accepted([](Plan& p) {
    p.tensors[1].flags = kTensorIsOutput;
    p.tensors[1].output_number = kOutputsMax - 1;
  });
  expect_refused("rank", [](Plan& p) { p.tensors[kRows].rank = 0; });
  expect_refused("rank", [](Plan& p) { p.tensors[kRows].rank = 7; });
  expect_refused("extent", [](Plan& p) { p.tensors[kRows].extent[1] = 0; });
  expect_refused("extent", [](Plan& p) { p.tensors[1].extent[3] = -5; });
  expect_refused("NHWC", [](Plan& p) { p.tensors[1].rank = 3; });
  expect_refused("NHWC", [](Plan& p) { p.tensors[1].extent[0] = 2; });
  expect_refused("pixel stride", [](Plan& p) { p.tensors[1].pixel_stride = 15; });
  expect_refused("tensor 1 \"stem\": offset", [](Plan& p) { p.tensors[1].offset += 2; });
}

TensorRecord& quantized(Plan& plan) {
  for (TensorRecord& t : plan.tensors) {
    if (t.element == Element::kUint8) return t;
  }
  std::abort();
}

TEST(ValidatePlan, Elements) {
  expect_refused("unknown element",
                 [](Plan& p) { p.tensors[1].element = static_cast<Element>(3); });
  expect_refused("float16 in a plan for a CPU",
                 [](Plan& p) { p.tensors[1].element = Element::kFloat16; });
  expect_accepted([](Plan& p) {  // but not in one for a device, whose number has bounds
    p.header.isa = kCudaIsa + 87;
    p.tensors[1].element = Element::kFloat16;
  });
  expect_refused("float16 outside an image", [](Plan& p) {
    p.header.isa = kCudaIsa + 87;
    p.tensors[kRows].element = Element::kFloat16;
  });
  for (const uint32_t isa : {kCudaIsa, kCudaIsa + 201, kCudaIsa - 1}) {
    expect_refused(
        "update pawl", [=](Plan& p) { p.header.isa = isa; }, Code::kUnsupported);
  }
  expect_refused("reserved", [](Plan& p) { p.tensors[1].reserved = 1; });
  expect_refused("without 8-bit", [](Plan& p) { p.tensors[1].zero = 1; });
  expect_refused("without 8-bit", [](Plan& p) { p.tensors[1].scale = 1.0F; });
  expect_refused("8-bit elements outside an image",
                 [](Plan& p) { p.tensors[kRows].element = Element::kUint8; });
  expect_refused("8-bit elements outside the arena", [](Plan& p) {
    quantized(p).storage = Storage::kWeights;
    quantized(p).offset = 0;
  });
  for (const float scale : {0.0F, -1.0F, NAN, INFINITY, 1e-9F}) {
    expect_refused("scale", [=](Plan& p) { quantized(p).scale = scale; });
  }
  expect_accepted([](Plan& p) { quantized(p).scale = 1.0F / (1 << 24); });
  expect_accepted([](Plan& p) { quantized(p).offset += 1; });  // bytes need no alignment
  expect_refused("outside the arena", [](Plan& p) { quantized(p).offset = p.header.arena_bytes; });
  expect_refused("boxes reach outside", [](Plan& p) {  // heads read floats
    const TensorRecord& t = quantized(p);
    p.levels[0].box.tensor = static_cast<int32_t>(&t - p.tensors.data());
  });
}

TEST(ValidatePlan, TensorsStayInsideTheArena) {
  const auto at_end = [](Plan& p) {
    p.tensors[kRows].offset = p.header.arena_bytes - dense_bytes(p);
  };
  expect_accepted(at_end);
  expect_refused("outside the arena", [&](Plan& p) {
    at_end(p);
    p.tensors[kRows].offset += 4;
  });
  expect_refused("outside the arena", [](Plan& p) { p.tensors[kRows].offset = ~uint64_t{3}; });
  // The last pixel of an image needs its channels only, not its whole stride.
  const auto image_at_end = [](Plan& p) {
    p.tensors[1].pixel_stride = 20;
    p.tensors[1].offset = p.header.arena_bytes - (255 * 20 + 16) * sizeof(float);
  };
  expect_accepted(image_at_end);
  expect_refused("outside the arena", [&](Plan& p) {
    image_at_end(p);
    p.tensors[1].offset += 4;
  });
}

TEST(ValidatePlan, TensorsStayInsideTheWeights) {
  const auto constant = [](Plan& p) -> TensorRecord& {
    for (TensorRecord& t : p.tensors) {
      if (t.storage == Storage::kWeights) return t;
    }
    std::abort();
  };
  expect_refused("outside the weights", [&](Plan& p) { constant(p).offset = p.weights.size(); });
  expect_refused("outside the weights", [&](Plan& p) { p.weights.resize(constant(p).offset); });
}

TEST(ValidatePlan, HugeExtentsDoNotWrapAround) {
  expect_refused("16 GiB", [](Plan& p) {
    p.tensors[kRows].rank = 6;
    for (int32_t& extent : p.tensors[kRows].extent) extent = kMax;
  });
  expect_refused("16 GiB", [](Plan& p) {  // the product is 2^64: zero when it wraps
    p.tensors[kRows].rank = 4;
    for (int32_t i = 0; i < 4; ++i) p.tensors[kRows].extent[i] = 1 << 16;
  });
  expect_refused("16 GiB", [](Plan& p) {
    p.tensors[1].extent[1] = p.tensors[1].extent[2] = p.tensors[1].extent[3] = kMax;
    p.tensors[1].pixel_stride = kMax;
  });
  expect_refused("16 GiB", [](Plan& p) { p.tensors[1].pixel_stride = kMax; });
}

TEST(ValidatePlan, Steps) {
  const auto tensors = static_cast<int32_t>(golden_plan().tensors.size());
  const uint64_t weights = golden_plan().weights.size();
  expect_refused("unknown kind", [](Plan& p) { p.steps[2].kind = static_cast<StepKind>(12); });
  expect_refused("unknown kind", [](Plan& p) { p.steps[2].kind = static_cast<StepKind>(0); });
  expect_refused("activation", [](Plan& p) { p.steps[2].activation = 11; });
  expect_refused("reserved", [](Plan& p) { p.steps[2].reserved0 = 1; });
  expect_refused("reserved", [](Plan& p) { p.steps[2].reserved1 = 1; });
  expect_refused("input", [=](Plan& p) { p.steps[0].input[2] = tensors; });
  expect_refused("input", [](Plan& p) { p.steps[0].input[0] = -2; });
  expect_accepted([=](Plan& p) { p.steps[0].input[2] = tensors - 1; });
  expect_refused("output", [](Plan& p) { p.steps[0].output[0] = -1; });
  expect_refused("output", [=](Plan& p) { p.steps[0].output[0] = tensors; });
  expect_refused("second output", [=](Plan& p) { p.steps[0].output[1] = tensors; });
  expect_refused("second output", [](Plan& p) { p.steps[0].output[1] = -2; });
  expect_refused("output", [=](Plan& p) {  // weights are mapped read-only
    for (int32_t i = 0; i < tensors; ++i) {
      if (p.tensors[static_cast<size_t>(i)].storage == Storage::kWeights) p.steps[0].output[0] = i;
    }
  });
  expect_refused("data block", [=](Plan& p) { p.steps[0].data[2] = weights; });
  expect_refused("data block", [](Plan& p) { p.steps[0].data[0] += 2; });
}

TEST(ValidateHead, Fields) {
  expect_refused("yes-or-no", [](Plan& p) { p.head.present = 2; });
  expect_refused("yes-or-no", [](Plan& p) { p.head.nms = 2; });
  expect_refused("yes-or-no", [](Plan& p) { p.head.rgb = 9; });
  expect_refused("fit", [](Plan& p) { p.head.fit = 3; });
  expect_refused("layout", [](Plan& p) { p.head.layout = 4; });
  expect_refused("box code", [](Plan& p) { p.head.box = 6; });
  expect_refused("classes", [](Plan& p) { p.head.classes = 0; });
  expect_refused("classes", [](Plan& p) { p.head.classes = 65537; });
  expect_refused("bins", [](Plan& p) { p.head.bins = 65; });
  expect_refused("bins", [](Plan& p) { p.head.bins = 0; });
  expect_refused("pad value", [](Plan& p) { p.head.pad_value = 256; });
  expect_refused("family", [](Plan& p) { p.head.family = ~0U; });
  expect_refused("reserved", [](Plan& p) { p.head.reserved = 1; });
  expect_refused("not finite", [](Plan& p) { p.head.mean[2] = std::nanf(""); });
  expect_refused("not finite", [](Plan& p) { p.head.scale[0] = INFINITY; });
  expect_refused("not finite", [](Plan& p) { p.head.cell_offset = -INFINITY; });
}

TEST(ValidateHead, InputIsTheImage) {
  expect_refused("input of 0x32", [](Plan& p) { p.head.width = 0; });
  expect_refused("input of 32x16385", [](Plan& p) { p.head.height = 16385; });
  expect_refused("32x32x2", [](Plan& p) { p.head.channels = 2; });
  expect_refused("not the image", [](Plan& p) { p.head.width = 31; });
  expect_refused("not the image", [](Plan& p) { p.head.channels = 1; });
  expect_refused("not the image", [](Plan& p) { p.header.input_tensor = kRows; });
}

TEST(ValidateHead, Levels) {
  expect_refused("0 levels", [](Plan& p) { p.levels.clear(); });
  expect_refused("1025 levels", [](Plan& p) { p.levels.resize(1025, p.levels[0]); });
  expect_accepted([](Plan& p) { p.levels.resize(1024, p.levels[0]); });
  expect_refused("levels without a head", [](Plan& p) { p.head.present = 0; });
  expect_refused("0 pixels", [](Plan& p) { p.levels[0].count = 0; });
  expect_refused("-1 pixels", [](Plan& p) { p.levels[0].count = -1; });
  expect_refused("grid", [](Plan& p) { p.levels[0].grid_width = 0; });
  expect_refused("grid", [](Plan& p) { p.levels[0].grid_width = -4; });
  expect_refused("stride", [](Plan& p) { p.levels[0].stride = NAN; });
  expect_refused("anchor", [](Plan& p) { p.levels[0].anchor_w = INFINITY; });
  expect_refused("reserved", [](Plan& p) { p.levels[0].reserved = 1; });
  expect_refused("channel counts", [](Plan& p) { p.levels[0].box.channels = 5; });
  expect_refused("channel counts", [](Plan& p) { p.levels[0].scores.channels = 2; });
  expect_refused("does not use", [](Plan& p) { p.levels[0].objectness = p.levels[0].box; });
  expect_refused("channel counts", [](Plan& p) { p.head.objectness = 1; });
}

TEST(ValidateHead, MapsStayInsideTheirTensors) {
  const auto tensors = static_cast<int32_t>(golden_plan().tensors.size());
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].count += 1; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.offset = 1; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.offset = -1; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.pixel = 5; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.pixel = -4; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.pixel = kHuge; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.channel = kHuge; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.offset = kHuge; });
  expect_refused("boxes reach outside", [](Plan& p) { p.levels[0].box.tensor = -1; });
  expect_refused("scores reach outside", [=](Plan& p) { p.levels[0].scores.tensor = tensors; });
  expect_refused("scores reach outside", [](Plan& p) { p.levels[0].scores.channel = 2; });
  // Fewer pixels make room for an offset.
  expect_accepted([](Plan& p) {
    p.levels[0].count -= 1;
    p.levels[0].box.offset = 4;
    p.levels[0].scores.offset = 3;
  });
}

TEST(ValidateTexts, CountsAreLimited) {
  expect_accepted([](Plan& p) { p.labels.assign(kLabelsMax, "x"); });
  expect_refused("labels: more than", [](Plan& p) { p.labels.assign(kLabelsMax + 1, "x"); });
  expect_refused("provenance: more than", [](Plan& p) {
    p.provenance.assign(kProvenanceMax + 1, {"key", "value"});
  });
}

TEST(ValidateTexts, TextsAreClosed) {
  const char open_label[] = {'a', '\0', 'b'};
  EXPECT_FALSE(split_labels(std::as_bytes(std::span(open_label))).ok());
  const char lone_key[] = {'k', '\0'};
  const auto lone = split_provenance(std::as_bytes(std::span(lone_key)));
  ASSERT_FALSE(lone.ok());
  EXPECT_NE(lone.error().message.find("without a value"), std::string::npos);
  const char empty_texts[] = {'\0', '\0'};
  EXPECT_EQ(split_labels(std::as_bytes(std::span(empty_texts))).value().size(), 2U);
}

}  // namespace
}  // namespace pawl::engine
