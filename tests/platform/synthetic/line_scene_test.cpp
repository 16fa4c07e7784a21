// Proves that frames of the synthetic line are a pure function of options and index (any order, any
// instance, the same on every machine), that labels are tight around exactly the pixels a fault
// changes, that parts move by the belt's speed, and that nothing is written outside the rows asked
// for.
#include "platform/synthetic/line_scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <vector>

namespace pawl::platform {
namespace {

struct Frame {
  int width, height;
  std::vector<uint8_t> pixels;
  std::vector<DefectLabel> labels;

  int grey(int x, int y) const {
    const size_t at =
        3 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x));
    return (pixels[at] + 2 * pixels[at + 1] + pixels[at + 2]) / 4;
  }
};

Frame render(LineScene* scene, int64_t index) {
  const int width = scene->options().width;
  const int height = scene->options().height;
  Frame frame = {width, height, {}, {}};
  frame.pixels.assign(3 * static_cast<size_t>(width) * static_cast<size_t>(height), 0xAB);
  frame.labels.push_back({99, 1.0f, 2.0f, 3.0f, 4.0f});  // must be replaced
  scene->render(index, frame.pixels.data(), 3 * width, &frame.labels);
  return frame;
}

// FNV-1a over the means of 8x8 blocks in steps of 8 grey levels: blind to a rounding here and
// there, not to a moved part.
uint64_t coarse_hash(const Frame& frame) {
  uint64_t hash = 1469598103934665603ull;
  for (int by = 0; by + 8 <= frame.height; by += 8) {
    for (int bx = 0; bx + 8 <= frame.width; bx += 8) {
      int sum = 0;
      for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 8; ++x) sum += frame.grey(bx + x, by + y);
      }
      hash = (hash ^ static_cast<uint64_t>(sum / 64 / 8)) * 1099511628211ull;
    }
  }
  return hash;
}

bool same_labels(const std::vector<DefectLabel>& a, const std::vector<DefectLabel>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const DefectLabel& p, const DefectLabel& q) {
                      return p.class_id == q.class_id && p.x1 == q.x1 && p.y1 == q.y1 &&
                             p.x2 == q.x2 && p.y2 == q.y2;
                    });
}

TEST(LineScene, AnyOrderAndAnyInstanceGiveTheSameBytes) {
  LineScene walking({.seed = 42, .width = 640, .height = 360});
  std::vector<Frame> walked;
  for (int64_t index = 0; index < 40; index += 3) walked.push_back(render(&walking, index));
  LineScene jumping({.seed = 42, .width = 640, .height = 360});
  for (const int pick : {13, 0, 7, 7, 2, 12}) {
    const Frame again = render(&jumping, pick * 3);
    const Frame& first = walked[static_cast<size_t>(pick)];
    EXPECT_EQ(again.pixels, first.pixels) << "frame " << pick * 3;
    EXPECT_TRUE(same_labels(again.labels, first.labels)) << "frame " << pick * 3;
  }
}

TEST(LineScene, FramesAreTheOnesEveryMachineRenders) {
  LineScene scene({.seed = 7});
  EXPECT_EQ(coarse_hash(render(&scene, 0)), 16243241020803771346u);
  EXPECT_EQ(coarse_hash(render(&scene, 1361)), 2741569976719957658u);
  EXPECT_EQ(coarse_hash(render(&scene, -90210)), 10450294470063492690u);
}

TEST(LineScene, SeedAndIndexMatter) {
  LineScene one({.seed = 1, .width = 640, .height = 360});
  LineScene two({.seed = 2, .width = 640, .height = 360});
  EXPECT_NE(coarse_hash(render(&one, 0)), coarse_hash(render(&two, 0)));
  EXPECT_NE(coarse_hash(render(&one, 0)), coarse_hash(render(&one, one.independent_stride())));
}

bool within(const DefectLabel& label, int x, int y, float margin) {
  const float fx = static_cast<float>(x) + 0.5f;
  const float fy = static_cast<float>(y) + 0.5f;
  return fx > label.x1 - margin && fx < label.x2 + margin && fy > label.y1 - margin &&
         fy < label.y2 + margin;
}

// The line without faults is otherwise pixel for pixel the same line, so the difference of two
// renderings is what the faults changed.
TEST(LineScene, BoxesHoldAllThatAFaultChangesAndNoMore) {
  LineScene faulty({.seed = 11, .noise = 0.0f, .defect_rate = 0.7f});
  LineScene faultless({.seed = 11, .noise = 0.0f, .defect_rate = 0.0f});
  constexpr int kVisible = 36;   // grey levels; a burr's shadow on the belt stays below
  constexpr float kSoft = 7.0f;  // strokes fade out, motion smears
  constexpr float kLip =
      13.0f;  // a dent's raised lip and a burr's feathered ends lie outside their boxes
  constexpr int kEdge = 130;  // faults cut by the frame's sides may be unlabelled
  std::array<int, synthetic::kDefectClasses> checked = {};
  for (int64_t i = 0; i < 6; ++i) {
    const int64_t index = i * faulty.independent_stride();
    const Frame bad = render(&faulty, index);
    const Frame good = render(&faultless, index);
    EXPECT_TRUE(good.labels.empty());
    ASSERT_FALSE(bad.labels.empty());
    int strays = 0;
    for (int y = 0; y < bad.height; ++y) {
      for (int x = kEdge; x < bad.width - kEdge; ++x) {
        if (std::abs(bad.grey(x, y) - good.grey(x, y)) < kVisible) continue;
        const bool boxed = std::any_of(bad.labels.begin(), bad.labels.end(),
                                       [&](const DefectLabel& l) { return within(l, x, y, kLip); });
        strays += boxed ? 0 : 1;
      }
    }
    EXPECT_EQ(strays, 0) << "frame " << index;

    for (const DefectLabel& label : bad.labels) {
      if (label.x1 < kEdge || label.x2 > static_cast<float>(bad.width - kEdge)) continue;
      int low_x = bad.width, low_y = bad.height, high_x = -1, high_y = -1;
      for (int y = static_cast<int>(label.y1); y < static_cast<int>(label.y2); ++y) {
        for (int x = static_cast<int>(label.x1); x < static_cast<int>(label.x2); ++x) {
          if (std::abs(bad.grey(x, y) - good.grey(x, y)) < 6) continue;
          low_x = std::min(low_x, x);
          low_y = std::min(low_y, y);
          high_x = std::max(high_x, x);
          high_y = std::max(high_y, y);
        }
      }
      EXPECT_LE(static_cast<float>(low_x) - label.x1, kSoft) << "class " << label.class_id;
      EXPECT_LE(static_cast<float>(low_y) - label.y1, kSoft) << "class " << label.class_id;
      EXPECT_LE(label.x2 - static_cast<float>(high_x), kSoft) << "class " << label.class_id;
      EXPECT_LE(label.y2 - static_cast<float>(high_y), kSoft) << "class " << label.class_id;
      ++checked[static_cast<size_t>(label.class_id)];
    }
  }
  for (size_t c = 0; c < checked.size(); ++c) EXPECT_GT(checked[c], 0) << kDefectNames[c];
}

TEST(LineScene, LabelsLieInTheFrameAndAreLargeEnoughToSee) {
  LineScene scene({.seed = 5});
  std::set<int> classes;
  size_t labels = 0;
  constexpr int kFrames = 12;
  for (int64_t i = 0; i < kFrames; ++i) {
    const Frame frame = render(&scene, i * scene.independent_stride());
    labels += frame.labels.size();
    for (const DefectLabel& label : frame.labels) {
      classes.insert(label.class_id);
      EXPECT_GE(label.x1, 0.0f);
      EXPECT_GE(label.y1, 0.0f);
      EXPECT_LE(label.x2, 1280.0f);
      EXPECT_LE(label.y2, 720.0f);
      EXPECT_LE(label.x2 - label.x1, 160.0f);
      EXPECT_LE(label.y2 - label.y1, 160.0f);
      const bool cut = label.x1 <= 0.0f || label.x2 >= 1280.0f;
      if (!cut) {
        EXPECT_GE(std::min(label.x2 - label.x1, label.y2 - label.y1), 12.0f)
            << "class " << label.class_id;
      }
    }
  }
  EXPECT_EQ(classes.size(), static_cast<size_t>(synthetic::kDefectClasses));
  // About seven parts a frame, 45 % of them with one to three faults.
  EXPECT_GT(labels, size_t{2} * kFrames);
  EXPECT_LT(labels, size_t{8} * kFrames);
}

TEST(LineScene, PartsMoveByTheSpeedOfTheBelt) {
  LineScene scene(
      {.seed = 3, .fps = 50.0f, .speed = 400.0f, .defect_rate = 1.0f});  // 8 pixels a frame
  const Frame before = render(&scene, 100);
  const Frame after = render(&scene, 105);
  int followed = 0;
  for (const DefectLabel& label : before.labels) {
    if (label.x1 <= 0.0f || label.x2 + 40.0f >= 1280.0f) continue;
    followed += static_cast<int>(
        std::count_if(after.labels.begin(), after.labels.end(), [&](const DefectLabel& l) {
          return l.class_id == label.class_id && l.x1 == label.x1 + 40.0f &&
                 l.x2 == label.x2 + 40.0f && l.y1 == label.y1 && l.y2 == label.y2;
        }));
  }
  EXPECT_GE(followed, 4);
  EXPECT_GE(scene.independent_stride() * 8, 1280);
}

TEST(LineScene, WritesOnlyTheRowsOfAnOddSizedFrame) {
  for (const auto& [width, height] :
       {std::pair{321, 181}, std::pair{160, 90}, std::pair{533, 301}}) {
    LineScene scene({.seed = 9, .width = width, .height = height});
    const ptrdiff_t stride = 3 * width + 29;
    const size_t bytes = static_cast<size_t>(stride) * static_cast<size_t>(height);
    std::vector<uint8_t> first(bytes + 64, 0xAB);
    std::vector<uint8_t> second(bytes + 64, 0x54);
    scene.render(-77, first.data() + 32, stride, nullptr);
    scene.render(-77, second.data() + 32, stride, nullptr);
    for (size_t i = 0; i < first.size(); ++i) {
      const bool pixel = i >= 32 && i < 32 + bytes &&
                         (i - 32) % static_cast<size_t>(stride) < static_cast<size_t>(3 * width);
      if (pixel) {
        ASSERT_EQ(first[i], second[i]) << "byte " << i;
      } else {
        ASSERT_EQ(first[i], 0xAB) << "byte " << i;
        ASSERT_EQ(second[i], 0x54) << "byte " << i;
      }
    }
  }
}

TEST(LineScene, OptionsOutOfRangeAreClamped) {
  LineScene scene({.width = -5,
                   .height = 1 << 20,
                   .fps = 0.0f,
                   .speed = -1.0f,
                   .drift = 9.0f,
                   .noise = 9.0f,
                   .blur = -9.0f,
                   .defect_rate = 9.0f});
  EXPECT_EQ(scene.options().width, 160);
  EXPECT_EQ(scene.options().height, 2160);
  EXPECT_EQ(scene.options().fps, 1.0f);
  EXPECT_EQ(scene.options().speed, 0.0f);
  EXPECT_EQ(scene.options().drift, 1.0f);
  EXPECT_EQ(scene.options().noise, 0.2f);
  EXPECT_EQ(scene.options().blur, 0.0f);
  EXPECT_EQ(scene.options().defect_rate, 1.0f);
  EXPECT_EQ(scene.independent_stride(), 1);
}

}  // namespace
}  // namespace pawl::platform
