// Proves: the writer gives the bytes of tests/data/golden_v1.pawl, the reader gives back every
// field of the plan behind it, and both stay so: the file is the promise made to artifacts in the
// field.
//
// A deliberate change of the format (a new major version) gets a new golden file; within version 1
// PAWL_REGENERATE_GOLDEN=1 in the environment rewrites it, for a change of golden_plan() alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "engine/artifact/artifact.h"
#include "engine/artifact/writer.h"
#include "platform/files.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(PAWL_SOURCE_DIR) / "tests/data/golden_v1.pawl";

TEST(Golden, WriterGivesTheStoredBytes) {
  const auto written = golden_bytes();
  if (std::getenv("PAWL_REGENERATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(platform::replace_file(kGolden, std::span<const std::byte>(written)).ok());
  }
  const auto stored = platform::read_file(kGolden, size_t{1} << 20);
  ASSERT_TRUE(stored.ok()) << stored.error().message;
  EXPECT_LT(stored.value().size(), 60000U);
  EXPECT_TRUE(stored.value() == written)
      << "stored " << stored.value().size() << " bytes, written " << written.size();
}

TEST(Golden, TwoWritesAreEqual) {
  EXPECT_TRUE(golden_bytes() == golden_bytes());
}

TEST(Golden, ReaderGivesBackThePlan) {
  const auto opened = Artifact::open(kGolden);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const Artifact& artifact = opened.value();
  const Plan plan = golden_plan();

  EXPECT_EQ(artifact.name(), kGolden.string());
  EXPECT_EQ(artifact.file_bytes(), std::filesystem::file_size(kGolden));
  EXPECT_EQ(artifact.target(), "cpu-generic");
  EXPECT_EQ(artifact.plan().arena_bytes, plan.header.arena_bytes);
  EXPECT_EQ(artifact.plan().multiply_adds, 123456U);
  EXPECT_EQ(artifact.plan().input_tensor, plan.header.input_tensor);
  ASSERT_EQ(artifact.tensors().size(), plan.tensors.size());
  EXPECT_EQ(0, std::memcmp(artifact.tensors().data(), plan.tensors.data(),
                           artifact.tensors().size_bytes()));
  ASSERT_EQ(artifact.steps().size(), plan.steps.size());
  EXPECT_EQ(0,
            std::memcmp(artifact.steps().data(), plan.steps.data(), artifact.steps().size_bytes()));
  ASSERT_EQ(artifact.weights().size(), plan.weights.size());
  EXPECT_EQ(0, std::memcmp(artifact.weights().data(), plan.weights.data(), plan.weights.size()));
  ASSERT_EQ(artifact.levels().size(), plan.levels.size());
  EXPECT_EQ(
      0, std::memcmp(artifact.levels().data(), plan.levels.data(), artifact.levels().size_bytes()));
  EXPECT_EQ(artifact.head().level_count, 1U);
  EXPECT_EQ(artifact.text(artifact.head().family), "golden");
  EXPECT_EQ(artifact.text(artifact.steps()[0].name), "stem");
  EXPECT_EQ(artifact.text(0), "");
  EXPECT_EQ(artifact.text(~0U), "");
}

TEST(Golden, ReaderGivesBackTheTexts) {
  const auto opened = Artifact::open(kGolden);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const Artifact& artifact = opened.value();
  const Plan plan = golden_plan();
  ASSERT_EQ(artifact.labels().size(), plan.labels.size());
  for (size_t i = 0; i < plan.labels.size(); ++i) EXPECT_EQ(artifact.labels()[i], plan.labels[i]);
  ASSERT_EQ(artifact.provenance().size(), plan.provenance.size());
  EXPECT_EQ(artifact.provenance("model.name"), "golden");
  EXPECT_EQ(artifact.provenance("empty"), "");
  EXPECT_EQ(artifact.provenance("absent"), "");
}

TEST(Golden, DigestCoversTheWholeFile) {
  const auto opened = Artifact::open(kGolden);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_TRUE(opened.value().verify_digest().ok());
  EXPECT_EQ(opened.value().digest_hex().size(), 64U);

  // What no checksum covers: the minor version and the digest itself.
  for (const size_t at : {offsetof(ArtifactHeader, minor), offsetof(ArtifactHeader, sha256)}) {
    AlignedBytes file(golden_bytes());
    file.bytes()[at] ^= std::byte{4};
    const auto damaged = Artifact::from_bytes(file.bytes(), "damaged");
    ASSERT_TRUE(damaged.ok()) << damaged.error().message;
    ASSERT_FALSE(damaged.value().verify_digest().ok());
    EXPECT_EQ(damaged.value().verify_digest().error().code, Code::kCorrupt);
  }
}

TEST(Golden, CopiesOutliveTheOriginal) {
  auto opened = Artifact::open(kGolden);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  auto copy = std::make_unique<Artifact>(opened.value());
  opened = Error{Code::kIo, "gone"};
  EXPECT_EQ(copy->target(), "cpu-generic");
  EXPECT_TRUE(copy->verify_digest().ok());
}

TEST(Golden, WeightBlocksStartOnCacheLines) {
  Plan plan;
  const uint8_t bytes[3] = {1, 2, 3};
  EXPECT_EQ(plan.add_weights(bytes, 3), 0U);
  EXPECT_EQ(plan.add_weights(bytes, 1), 64U);
  EXPECT_EQ(plan.add_weights(nullptr, 0), 128U);
  EXPECT_EQ(plan.add_weights(bytes, 2), 128U);
  EXPECT_EQ(plan.weights.size(), 130U);
  EXPECT_EQ(plan.weights[1], std::byte{2});
  EXPECT_EQ(plan.weights[3], std::byte{0});
}

TEST(Golden, WriterRefusesTextsThatWouldSplit) {
  Plan label = golden_plan();
  label.labels[1] = std::string("de\0nt", 5);
  EXPECT_EQ(write_artifact(label).error().code, Code::kInvalidArgument);
  Plan key = golden_plan();
  key.provenance[0].first = std::string("a\0b", 3);
  EXPECT_EQ(write_artifact(key).error().code, Code::kInvalidArgument);
}

TEST(Golden, PlanWithoutTextsOrHead) {
  Plan plan = golden_plan();
  plan.labels.clear();
  plan.provenance.clear();
  plan.levels.clear();
  plan.head.present = 0;
  plan.head.classes = 0;
  AlignedBytes file(write_artifact(plan).value());
  const auto artifact = Artifact::from_bytes(file.bytes(), "bare");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  EXPECT_TRUE(artifact.value().labels().empty());
  EXPECT_TRUE(artifact.value().provenance().empty());
}

}  // namespace
}  // namespace pawl::engine
