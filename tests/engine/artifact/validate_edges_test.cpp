// Proves that every reference in an artifact's tables is held to the last thing it may name: the
// one is accepted, the next refused. Offsets into names and weights, numbers of tensors, flags.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/artifact/artifact.h"
#include "engine/artifact/writer.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

bool accepted(const Plan& plan) {
  const auto written = write_artifact(plan);
  if (!written.ok()) return false;
  AlignedBytes file(written.value());
  return Artifact::from_bytes(file.bytes(), "bent").ok();
}

// `set` writes a number into one field; `last` is the last that fits.
void expect_last(const std::string& what, const std::function<void(Plan&, int64_t)>& set,
                 int64_t last, int64_t least = 0) {
  for (const int64_t fits : {least, last}) {
    Plan plan = golden_plan();
    set(plan, fits);
    EXPECT_TRUE(accepted(plan)) << what << " = " << fits;
  }
  for (const int64_t refused : {least - 1, last + 1, last + 1000, int64_t{INT32_MAX}}) {
    Plan plan = golden_plan();
    set(plan, refused);
    EXPECT_FALSE(accepted(plan)) << what << " = " << refused;
  }
}

TEST(ValidateEdges, NamesEndWithTheTable) {
  const auto last = static_cast<int64_t>(golden_plan().names.size()) - 1;
  expect_last(
      "target", [](Plan& p, int64_t n) { p.header.target_name = static_cast<uint32_t>(n); }, last);
  expect_last(
      "family", [](Plan& p, int64_t n) { p.head.family = static_cast<uint32_t>(n); }, last);
  for (size_t i = 0; i < golden_plan().tensors.size(); ++i) {
    expect_last(
        "tensor " + std::to_string(i),
        [i](Plan& p, int64_t n) { p.tensors[i].name = static_cast<uint32_t>(n); }, last);
  }
  for (size_t i = 0; i < golden_plan().steps.size(); ++i) {
    expect_last(
        "step " + std::to_string(i),
        [i](Plan& p, int64_t n) { p.steps[i].name = static_cast<uint32_t>(n); }, last);
  }
}

TEST(ValidateEdges, TensorsOfStepsEndWithTheTable) {
  const auto last = static_cast<int64_t>(golden_plan().tensors.size()) - 1;
  for (size_t s = 0; s < golden_plan().steps.size(); ++s) {
    const std::string step = "step " + std::to_string(s);
    // A residual may be absent; of the rest the golden plan has what its kinds need.
    const StepRecord golden = golden_plan().steps[s];
    for (size_t i = 0; i < 3; ++i) {
      expect_last(
          step + " input",
          [=](Plan& p, int64_t n) { p.steps[s].input[i] = static_cast<int32_t>(n); }, last,
          i < 2 && golden.input[i] >= 0 ? 0 : -1);
    }
    expect_last(
        step + " output",
        [=](Plan& p, int64_t n) { p.steps[s].output[0] = static_cast<int32_t>(n); }, last);
    expect_last(
        step + " second output",
        [=](Plan& p, int64_t n) { p.steps[s].output[1] = static_cast<int32_t>(n); }, last,
        golden.output[1] >= 0 ? 0 : -1);
  }
}

// Each map has the channels that the head needs, no fewer and no more.
TEST(ValidateEdges, MapsHaveTheChannelsOfTheHead) {
  const auto with = [](const std::function<void(LevelRecord*)>& change, bool objectness) {
    Plan plan = golden_plan();
    plan.head.objectness = objectness ? 1 : 0;
    LevelRecord& level = plan.levels[0];
    level.objectness = level.scores;  // one of its channels
    level.objectness.channels = 1;
    if (!objectness) level.objectness.tensor = -1;
    change(&level);
    return accepted(plan);
  };
  for (const bool objectness : {false, true}) {
    EXPECT_TRUE(with([](LevelRecord*) {}, objectness));
    for (const int32_t more : {-1, 1}) {
      EXPECT_FALSE(with([=](LevelRecord* l) { l->box.channels += more; }, objectness));
      EXPECT_FALSE(with([=](LevelRecord* l) { l->scores.channels += more; }, objectness));
      if (objectness) {
        EXPECT_FALSE(with([=](LevelRecord* l) { l->objectness.channels += more; }, objectness));
      }
    }
  }
  EXPECT_FALSE(with([](LevelRecord* l) { l->objectness.tensor = l->scores.tensor; }, false));
  EXPECT_FALSE(with([](LevelRecord* l) { l->objectness.tensor = -1; }, true));
}

TEST(ValidateEdges, NothingIsWrittenIntoWeights) {
  const Plan golden = golden_plan();
  int32_t constant = -1;
  for (size_t t = 0; t < golden.tensors.size(); ++t) {
    if (golden.tensors[t].storage == Storage::kWeights) constant = static_cast<int32_t>(t);
  }
  ASSERT_GE(constant, 0);
  for (const int output : {0, 1}) {
    Plan plan = golden;
    plan.steps[0].output[output] = constant;
    EXPECT_FALSE(accepted(plan)) << "output " << output;
  }
  Plan plan = golden;
  plan.header.input_tensor = constant;
  EXPECT_FALSE(accepted(plan));
}

TEST(ValidateEdges, DataBlocksBeginInTheWeights) {
  const Plan golden = golden_plan();
  for (size_t s = 0; s < golden.steps.size(); ++s) {
    for (size_t i = 0; i < 3; ++i) {
      const auto with = [&](uint64_t at) {
        Plan plan = golden;
        plan.steps[s].data[i] = at;
        return accepted(plan);
      };
      EXPECT_TRUE(with(kNoData));
      EXPECT_TRUE(with(golden.weights.size() - 4));
      EXPECT_FALSE(with(golden.weights.size()));
      EXPECT_FALSE(with(kNoData - 3));
      EXPECT_FALSE(with(2));
    }
  }
}

}  // namespace
}  // namespace pawl::engine
