// Proves that each option of a session reaches the engine as itself: set alone through the C
// interface it gives what the C++ session gives with it, and not what the defaults give.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/runtime/session.h"
#include "include/pawl/pawl.h"
#include "platform/frame.h"

namespace {

const std::string kGolden = std::string(PAWL_SOURCE_DIR) + "/tests/data/golden_v1.pawl";
constexpr int32_t kSide = 61;

struct Option {
  const char* name;
  std::function<void(pawl_session_options*)> in_c;
  std::function<void(pawl::engine::SessionOptions*)> in_cpp;
};

std::vector<Option> options() {
  return {
      {"confidence", [](auto* o) { o->confidence = 0.6F; }, [](auto* o) { o->confidence = 0.6F; }},
      {"detections_max", [](auto* o) { o->detections_max = 3; },
       [](auto* o) { o->detections_max = 3; }},
      {"multi_label", [](auto* o) { o->multi_label = 1; }, [](auto* o) { o->multi_label = true; }}};
}

using Found = std::vector<std::vector<float>>;

std::vector<uint8_t> noise() {
  std::mt19937 random(3);
  std::vector<uint8_t> pixels(size_t{kSide} * kSide * 3);
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(random());
  return pixels;
}

// `set`: beyond a low threshold.
Found through_c(const std::function<void(pawl_session_options*)>& set) {
  const std::vector<uint8_t> pixels = noise();
  pawl_artifact* artifact = nullptr;
  pawl_session* session = nullptr;
  EXPECT_EQ(pawl_artifact_open(kGolden.c_str(), &artifact), PAWL_OK);
  pawl_session_options options;
  pawl_session_options_init(&options, sizeof(options));
  options.threads = 1;
  options.confidence = 0.05F;
  set(&options);
  EXPECT_EQ(pawl_session_create(artifact, &options, &session), PAWL_OK) << pawl_last_error();
  pawl_frame frame;
  pawl_frame_init(&frame, sizeof(frame));
  frame.width = frame.height = kSide;
  frame.stride = kSide * 3;
  frame.data = pixels.data();
  const pawl_detection* detections = nullptr;
  size_t count = 0;
  EXPECT_EQ(pawl_session_detect(session, &frame, &detections, &count), PAWL_OK);
  Found found;
  for (size_t i = 0; i < count; ++i) {
    const pawl_detection& d = detections[i];
    found.push_back({static_cast<float>(d.class_id), d.score, d.x1, d.y1, d.x2, d.y2});
  }
  pawl_session_destroy(session);
  pawl_artifact_close(artifact);
  return found;
}

Found through_cpp(const std::function<void(pawl::engine::SessionOptions*)>& set) {
  const std::vector<uint8_t> pixels = noise();
  const auto artifact = pawl::engine::Artifact::open(kGolden);
  EXPECT_TRUE(artifact.ok());
  pawl::engine::SessionOptions options;
  options.threads = 1;
  options.confidence = 0.05F;
  set(&options);
  auto session = pawl::engine::Session::create(artifact.value(), options);
  EXPECT_TRUE(session.ok());
  pawl::platform::Frame frame;
  frame.width = frame.height = kSide;
  frame.stride = kSide * 3;
  frame.data = pixels.data();
  const auto detections = session.value().detect(frame);
  EXPECT_TRUE(detections.ok());
  Found found;
  for (const auto& d : detections.value()) {
    found.push_back({static_cast<float>(d.class_id), d.score, d.x1, d.y1, d.x2, d.y2});
  }
  return found;
}

TEST(CApiOptions, EachReachesTheEngineAsItself) {
  const Found plain = through_cpp([](auto*) {});
  EXPECT_EQ(through_c([](auto*) {}), plain);
  for (const Option& option : options()) {
    const Found expected = through_cpp(option.in_cpp);
    EXPECT_NE(expected, plain) << option.name << " changes nothing on this frame";
    EXPECT_EQ(through_c(option.in_c), expected) << option.name;
  }
  // Boxes of this frame do not overlap; that their bound arrives shows where it makes no sense.
  pawl_artifact* artifact = nullptr;
  ASSERT_EQ(pawl_artifact_open(kGolden.c_str(), &artifact), PAWL_OK);
  const std::pair<std::string, std::function<void(pawl_session_options*)>> senseless[] = {
      {"iou", [](auto* o) { o->iou = 7.0F; }},
      {"confidence", [](auto* o) { o->confidence = 7.0F; }},
      {"detections_max", [](auto* o) { o->detections_max = 0; }},
      {"threads", [](auto* o) { o->threads = -1; }}};
  for (const auto& [name, set] : senseless) {
    pawl_session_options bad;
    pawl_session_options_init(&bad, sizeof(bad));
    set(&bad);
    pawl_session* session = nullptr;
    EXPECT_EQ(pawl_session_create(artifact, &bad, &session), PAWL_INVALID_ARGUMENT) << name;
    EXPECT_EQ(session, nullptr);
    EXPECT_EQ(std::string(pawl_last_error()).rfind(name, 0), 0U) << pawl_last_error();
  }
  pawl_artifact_close(artifact);
  // What changes no result must not change one by way of another option.
  EXPECT_EQ(through_c([](auto* o) { o->pin = 1; }), plain);
  EXPECT_EQ(through_c([](auto* o) { o->threads = 2; }), plain);
}

}  // namespace
