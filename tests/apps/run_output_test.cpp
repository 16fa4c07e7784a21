// Proves what a line of `run --json` holds: scores to six digits, boxes to three, times to four,
// names of classes, each field from its own source.
#include "apps/pawl/run_output.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/artifact/golden_plan.h"

namespace pawl::program {
namespace {

class RunOutput : public ::testing::Test {
 protected:
  RunOutput()
      : file_(engine::golden_bytes()),
        artifact_(engine::Artifact::from_bytes(file_.bytes(), "golden")) {}

  Json line(std::span<const engine::Detection> detections, const engine::StageTimes& times) const {
    platform::Frame frame;
    frame.width = 641;
    frame.height = 479;
    frame.sequence = 12;
    return detections_json(artifact_.value(), "camera:1", frame, detections, times);
  }

  engine::AlignedBytes file_;
  engine::Result<engine::Artifact> artifact_;
};

TEST_F(RunOutput, NumbersKeepTheirDigits) {
  engine::Detection d{};
  d.class_id = 1;
  d.score = 0.123456789F;
  d.x1 = 1.23456F, d.y1 = 20.98765F, d.x2 = 300.00049F, d.y2 = 400.4996F;
  const engine::Detection detections[] = {d};
  const Json json =
      line(detections, {.preprocess = 1'234'567, .infer = 23'456'789, .postprocess = 345'678});
  EXPECT_EQ(json["source"], "camera:1");
  EXPECT_EQ(json["frame"], 12);
  EXPECT_EQ(json["width"], 641);
  EXPECT_EQ(json["height"], 479);
  ASSERT_EQ(json["detections"].size(), 1U);
  const auto& one = json["detections"][0];
  EXPECT_EQ(one["class_id"], 1);
  EXPECT_EQ(one["class"], "dent");
  EXPECT_EQ(one["score"].dump(), "0.123457");
  EXPECT_EQ(one["box"].dump(), "[1.235,20.988,300.0,400.5]");
  EXPECT_EQ(json["ms"].dump(), R"({"pre":1.2346,"infer":23.4568,"post":0.3457,"total":25.037})");
}

// Scores that a threshold parts must not become equal.
TEST_F(RunOutput, CloseScoresStayApart) {
  std::vector<engine::Detection> detections(3);
  detections[0].score = 0.9999990F;
  detections[1].score = 0.9999970F;
  detections[2].score = 0.0000021F;
  const Json json = line(detections, {});
  EXPECT_EQ(json["detections"][0]["score"].dump(), "0.999999");
  EXPECT_EQ(json["detections"][1]["score"].dump(), "0.999997");
  EXPECT_NEAR(json["detections"][2]["score"].get<double>(), 2e-6, 1e-12);
}

TEST_F(RunOutput, ClassesWithoutANameAreNumbered) {
  ASSERT_EQ(artifact_.value().labels().size(), 3U);
  EXPECT_EQ(class_name(artifact_.value(), 0), "scratch");
  EXPECT_EQ(class_name(artifact_.value(), 2), "st\xc3\xa4in");
  EXPECT_EQ(class_name(artifact_.value(), 3), "class 3");
  EXPECT_EQ(class_name(artifact_.value(), -1), "class -1");
}

TEST_F(RunOutput, FramesAreNamedByTheirNumberAndImagesByTheirFile) {
  EXPECT_EQ(frame_name("folder.of/part.7.png", true, 3), "part.7.png");
  EXPECT_EQ(frame_name("/dev/video0", false, 3), "frame_000003");
  EXPECT_EQ(frame_name("/dev/video0", false, 12345678), "frame_12345678");
}

}  // namespace
}  // namespace pawl::program
