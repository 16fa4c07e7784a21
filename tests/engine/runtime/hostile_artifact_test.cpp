// Proves: whatever bytes stand in an artifact, with checksums that fit them, the reader and the
// session either refuse it or run it without touching memory outside arena, weights and scratch. A
// sanitizer build is the judge of the second part; any build shows that nothing crashes or hangs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/artifact/step.h"
#include "engine/artifact/writer.h"
#include "engine/runtime/session.h"
#include "kernels/quantized.h"
#include "platform/frame.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

// What is not run: the plan may ask for more memory or work than a test should spend.
constexpr uint64_t kArenaBytesMax = uint64_t{64} << 20;

struct Tally {
  int refused_by_reader = 0, refused_by_session = 0, ran = 0;
};

std::vector<uint8_t> noise_pixels(int32_t width, int32_t height) {
  std::mt19937 random(5);
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(random());
  return pixels;
}

void try_file(std::span<const std::byte> bytes, Tally& tally) {
  constexpr int32_t kWidth = 53, kHeight = 41;
  static const std::vector<uint8_t> pixels = noise_pixels(kWidth, kHeight);
  AlignedBytes file(bytes);
  const auto artifact = Artifact::from_bytes(file.bytes(), "hostile");
  if (!artifact.ok()) {
    ++tally.refused_by_reader;
    return;
  }
  if (artifact.value().plan().arena_bytes > kArenaBytesMax) return;
  auto session = Session::create(artifact.value(), {.threads = 1, .confidence = 0.01F});
  if (!session.ok()) {
    ++tally.refused_by_session;
    return;
  }
  platform::Frame frame;
  frame.width = kWidth;
  frame.height = kHeight;
  frame.stride = kWidth * 3;
  frame.data = pixels.data();
  const auto detections = session.value().detect(frame);
  if (detections.ok()) {
    for (const Detection& d : detections.value()) {
      ASSERT_TRUE(d.x1 >= 0.0F && d.x2 <= static_cast<float>(kWidth));
    }
  }
  const auto views = session.value().outputs().value();
  for (const TensorView& view : views) {
    size_t count = 1;
    for (const int32_t extent : view.extent) count *= static_cast<size_t>(extent);
    std::vector<float> values(count);
    copy_elements(view, values);  // reads every element
  }
  ++tally.ran;
}

TEST(HostileArtifact, TheGoldenFileRuns) {
  Tally tally;
  try_file(golden_bytes(), tally);
  EXPECT_EQ(tally.ran, 1);
}

// Integer biases on and beyond the bound that keeps 32-bit sums exact.
TEST(HostileArtifact, BiasesThatWouldOverflow) {
  const Plan golden = golden_plan();
  int convolutions = 0;
  for (size_t s = 0; s < golden.steps.size(); ++s) {
    const StepRecord& step = golden.steps[s];
    if (step.kind != StepKind::kConvU8 && step.kind != StepKind::kDepthwiseU8) continue;
    ++convolutions;
    const auto f = step_fields<ConvFields>(step);
    const TensorRecord& x = golden.tensors[static_cast<size_t>(step.input[0])];
    const int64_t channels = step.kind == StepKind::kConvU8 ? x.extent[1] : 1;
    const int64_t limit = kernels::bias_limit(f.KH * f.KW * channels);
    for (const int64_t bias :
         {limit, -limit, limit + 1, -limit - 1, int64_t{INT32_MAX}, int64_t{INT32_MIN}}) {
      Plan plan = golden;
      const auto value = static_cast<int32_t>(bias);
      std::memcpy(plan.weights.data() + step.data[1], &value, sizeof(value));
      Tally tally;
      try_file(write_artifact(plan).value(), tally);
      EXPECT_EQ(tally.ran, bias >= -limit && bias <= limit ? 1 : 0) << "step " << s << " " << bias;
    }
  }
  EXPECT_GE(convolutions, 2);
}

// Operators that the float step has and the 8-bit step has not.
TEST(HostileArtifact, OperatorsWithoutAnEightBitKernel) {
  const Plan golden = golden_plan();
  int steps = 0;
  for (size_t s = 0; s < golden.steps.size(); ++s) {
    const StepKind kind = golden.steps[s].kind;
    if (kind != StepKind::kBinaryU8 && kind != StepKind::kAveragePoolU8) continue;
    ++steps;
    for (int64_t op = -1; op < 7; ++op) {  // of a binary; of a pool, maximum or average
      Plan plan = golden;
      plan.steps[s].integer[0] = op;
      Tally tally;
      try_file(write_artifact(plan).value(), tally);
      const bool known = kind == StepKind::kBinaryU8 ? op == 0 || op == 2 : op == 1;
      EXPECT_EQ(tally.ran, known ? 1 : 0) << "step " << s << " " << op;
    }
  }
  EXPECT_EQ(steps, 3);
}

// Bytes anywhere behind the header.
TEST(HostileArtifact, RandomBytes) {
  const auto whole = golden_bytes();
  std::mt19937 random(11);
  Tally tally;
  for (int round = 0; round < 6000; ++round) {
    auto file = whole;
    const uint32_t flips = round % 2 == 0 ? 1 : 1 + random() % 4;
    for (uint32_t i = 0; i < flips; ++i) {
      const size_t at = sizeof(ArtifactHeader) + random() % (file.size() - sizeof(ArtifactHeader));
      file[at] ^= static_cast<std::byte>(1 + random() % 255);
    }
    repair_checksums(file);
    try_file(file, tally);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(tally.refused_by_reader, 500);
  EXPECT_GT(tally.refused_by_session, 100);
  EXPECT_GT(tally.ran, 500);
}

// A value near the edge of some check.
int64_t awkward(int64_t current, std::mt19937_64& random) {
  constexpr int64_t kEdges[] = {0,  1,    2,     3,          4,          15,         16,
                                17, 255,  256,   257,        65535,      65536,      -1,
                                -2, -256, 16384, 2147483647, 2147483648, 4294967295, -2147483648};
  switch (random() % 4) {
    case 0:
      return kEdges[random() % std::size(kEdges)];
    case 1:
      return current + static_cast<int64_t>(random() % 5) - 2;
    case 2:
      return static_cast<int64_t>(static_cast<uint64_t>(current) * 2);
    default:
      return static_cast<int64_t>(random() >> (random() % 64));
  }
}

template <typename Integer>
void disturb(Integer& field, std::mt19937_64& random) {
  field = static_cast<Integer>(awkward(static_cast<int64_t>(field), random));
}

void disturb_step(Plan& plan, std::mt19937_64& random) {
  StepRecord& step = plan.steps[random() % plan.steps.size()];
  const auto any_tensor = static_cast<int32_t>(random() % plan.tensors.size());
  switch (random() % 6) {
    case 0:
    case 1:
      return disturb(step.integer[random() % 10], random);  // what most kinds use
    case 2:
      return disturb(step.integer[random() % 20], random);
    case 3:
      step.input[random() % 3] = any_tensor;
      return;
    case 4:
      step.output[random() % 2] = any_tensor;
      return;
    default:
      step.data[random() % 3] = random() % (plan.weights.size() / 64 + 1) * 64;
      return;
  }
}

void disturb_tensor(Plan& plan, std::mt19937_64& random) {
  TensorRecord& tensor = plan.tensors[random() % plan.tensors.size()];
  switch (random() % 6) {
    case 0:
      return disturb(tensor.pixel_stride, random);
    case 1:
      tensor.offset = random() % (plan.header.arena_bytes + 64);
      return;
    case 2:
      tensor.element = static_cast<Element>(random() % 2);
      tensor.scale = tensor.element == Element::kUint8 ? 0.5F : 0.0F;
      return;
    case 3:
      tensor.zero = static_cast<uint8_t>(random());
      return;
    default:
      return disturb(tensor.extent[random() % 6], random);
  }
}

void disturb_level(Plan& plan, std::mt19937_64& random) {
  LevelRecord& level = plan.levels[0];
  MapRecord& map = random() % 2 == 0 ? level.box : level.scores;
  int64_t* const fields[] = {&map.offset, &map.pixel, &map.channel};
  disturb(*fields[random() % 3], random);
}

// Whole fields of the tables set to values that sit on the edges of checks.
TEST(HostileArtifact, AwkwardFields) {
  const Plan golden = golden_plan();
  std::mt19937_64 random(12);
  Tally tally;
  for (int round = 0; round < 6000; ++round) {
    Plan plan = golden;
    const uint64_t changes = 1 + random() % 2;
    for (uint64_t i = 0; i < changes; ++i) {
      const uint64_t kind = random() % 9;
      if (kind < 6) {
        disturb_step(plan, random);
      } else if (kind < 8) {
        disturb_tensor(plan, random);
      } else {
        disturb_level(plan, random);
      }
    }
    try_file(write_artifact(plan).value(), tally);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(tally.refused_by_reader, 500);
  EXPECT_GT(tally.refused_by_session, 500);
  EXPECT_GT(tally.ran, 500);
}

}  // namespace
}  // namespace pawl::engine
