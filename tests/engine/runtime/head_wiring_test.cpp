// Proves that each field of an artifact's head reaches what it is for: the input that a session
// prepares is the one that the pre-processing it states gives, field by field.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/artifact/writer.h"
#include "engine/detect/preprocess.h"
#include "engine/runtime/session.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

constexpr int32_t kWidth = 50, kHeight = 31;

struct Field {
  const char* name;
  std::function<void(HeadRecord*)> in_record;
  std::function<void(PreprocessSpec*)> in_spec;
};

std::vector<Field> fields() {
  return {
      {"nothing", [](auto*) {}, [](auto*) {}},
      {"rgb", [](auto* h) { h->rgb = 0; }, [](auto* s) { s->rgb = false; }},
      {"top left", [](auto* h) { h->fit = 1; }, [](auto* s) { s->fit = Fit::kLetterboxTopLeft; }},
      {"stretch", [](auto* h) { h->fit = 2; }, [](auto* s) { s->fit = Fit::kStretch; }},
      {"pad", [](auto* h) { h->pad_value = 7; }, [](auto* s) { s->pad_value = 7; }},
      {"mean 0", [](auto* h) { h->mean[0] = 9.0F; }, [](auto* s) { s->mean[0] = 9.0F; }},
      {"mean 2", [](auto* h) { h->mean[2] = 9.0F; }, [](auto* s) { s->mean[2] = 9.0F; }},
      {"scale 1", [](auto* h) { h->scale[1] = 2.0F; }, [](auto* s) { s->scale[1] = 2.0F; }}};
}

TEST(HeadWiring, ThePreparedInputIsTheOneStated) {
  std::mt19937 random(8);
  std::vector<uint8_t> pixels(size_t{kWidth} * kHeight * 3);
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(random());
  platform::Frame frame;
  frame.width = kWidth;
  frame.height = kHeight;
  frame.stride = kWidth * 3;
  frame.data = pixels.data();
  std::vector<float> plain;
  for (const Field& field : fields()) {
    Plan plan = golden_plan();
    field.in_record(&plan.head);
    AlignedBytes file(write_artifact(plan).value());
    const auto artifact = Artifact::from_bytes(file.bytes(), "test");
    ASSERT_TRUE(artifact.ok()) << field.name;
    auto session = Session::create(artifact.value(), {.threads = 1});
    ASSERT_TRUE(session.ok()) << field.name;
    ASSERT_TRUE(session.value().preprocess(frame).ok());
    const std::vector<float> found(session.value().input().floats.begin(),
                                   session.value().input().floats.end());

    const HeadRecord golden = golden_plan().head;
    PreprocessSpec spec;
    spec.width = golden.width;
    spec.height = golden.height;
    std::copy(std::begin(golden.scale), std::end(golden.scale), spec.scale);
    field.in_spec(&spec);
    auto preprocessor = Preprocessor::create(spec);
    ASSERT_TRUE(preprocessor.ok());
    ASSERT_TRUE(preprocessor.value().prepare(frame).ok());
    std::vector<float> expected(found.size(), -1e9F);
    preprocessor.value().run(expected.data(), 0, 1);
    EXPECT_EQ(found, expected) << field.name;
    if (plain.empty()) {
      plain = found;
    } else {
      EXPECT_NE(found, plain) << field.name << " changes nothing";
    }
  }
}

}  // namespace
}  // namespace pawl::engine
