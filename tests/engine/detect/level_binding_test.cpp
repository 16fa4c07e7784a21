// Proves: bindings that would read outside an output are refused (against a check of every element
// they touch), and bound levels point where the bindings say.
#include "engine/detect/level_binding.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace pawl::engine {
namespace {

HeadSpec rows_head(int32_t classes) {
  HeadSpec head;
  head.layout = OutputLayout::kRows;
  head.classes = classes;
  head.objectness = true;
  return head;
}

bool touches_only(const OutputSlice& s, int64_t count, int64_t channels,
                  const std::vector<int64_t>& floats) {
  if (s.output < 0 || s.output >= static_cast<int32_t>(floats.size())) return false;
  for (int64_t p = 0; p < count; ++p) {
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = s.offset + p * s.pixel + c * s.channel;
      if (at < 0 || at >= floats[static_cast<size_t>(s.output)]) return false;
    }
  }
  // Strides past the output are refused even where they are never taken.
  const int64_t size = floats[static_cast<size_t>(s.output)];
  return s.pixel >= 0 && s.channel >= 0 && s.offset >= 0 && s.pixel <= size && s.channel <= size;
}

TEST(LevelBinding, AgreesWithTouchingEveryElement) {
  std::mt19937 random(21);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int accepted = 0;
  for (int i = 0; i < 100000; ++i) {
    const HeadSpec head = rows_head(static_cast<int32_t>(pick(1, 4)));
    const std::vector<int64_t> floats = {pick(1, 60), pick(1, 60)};
    const auto slice = [&] {
      return OutputSlice{static_cast<int32_t>(pick(-1, 2)), pick(-1, 12), pick(-1, 10),
                         pick(-1, 6)};
    };
    LevelBinding level;
    level.count = static_cast<int32_t>(pick(0, 6));
    level.box = slice();
    level.scores = slice();
    level.objectness = slice();
    const bool wanted = level.count > 0 && touches_only(level.box, level.count, 4, floats) &&
                        touches_only(level.scores, level.count, head.classes, floats) &&
                        touches_only(level.objectness, level.count, 1, floats);
    ASSERT_EQ(check_levels(head, {&level, 1}, floats).ok(), wanted) << i;
    accepted += wanted ? 1 : 0;
  }
  EXPECT_GT(accepted, 100);
}

TEST(LevelBinding, RefusesNumbersThatOverflow) {
  const HeadSpec head = rows_head(2);
  const std::vector<int64_t> floats = {70};
  LevelBinding good;
  good.count = 10;
  good.box = {0, 0, 7, 1};
  good.objectness = {0, 4, 7, 1};
  good.scores = {0, 5, 7, 1};
  ASSERT_TRUE(check_levels(head, {&good, 1}, floats).ok());
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  for (int64_t OutputSlice::*field :
       {&OutputSlice::offset, &OutputSlice::pixel, &OutputSlice::channel}) {
    for (const int64_t value : {kHuge, kHuge / 2, -kHuge, int64_t{1} << 40}) {
      LevelBinding bad = good;
      bad.scores.*field = value;
      EXPECT_FALSE(check_levels(head, {&bad, 1}, floats).ok()) << value;
      const std::vector<int64_t> huge = {kHuge};
      EXPECT_FALSE(check_levels(head, {&bad, 1}, huge).ok()) << value;
    }
  }
  LevelBinding many = good;
  many.count = std::numeric_limits<int32_t>::max();
  EXPECT_FALSE(check_levels(head, {&many, 1}, floats).ok());
  EXPECT_FALSE(check_levels(head, {}, floats).ok());
}

TEST(LevelBinding, GridCodesNeedAGrid) {
  HeadSpec head;
  head.layout = OutputLayout::kMaps;
  head.box = BoxCode::kDfl;
  head.bins = 2;
  head.classes = 1;
  const std::vector<int64_t> floats = {90};
  LevelBinding level;
  level.count = 10;
  level.box = {0, 0, 9, 1};
  level.scores = {0, 8, 9, 1};
  EXPECT_FALSE(check_levels(head, {&level, 1}, floats).ok());
  level.grid_width = 5;
  level.stride = 8.0F;
  EXPECT_TRUE(check_levels(head, {&level, 1}, floats).ok());
  level.stride = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(check_levels(head, {&level, 1}, floats).ok());
  level.stride = 8.0F;
  head.bins = 3;  // 12 channels no longer fit before the end
  EXPECT_FALSE(check_levels(head, {&level, 1}, floats).ok());
}

TEST(LevelBinding, BadHeadsAreRefused) {
  for (const int32_t classes : {0, -1, kMaxClasses + 1}) {
    EXPECT_FALSE(check_head(rows_head(classes)).ok()) << classes;
  }
  HeadSpec head = rows_head(1);
  EXPECT_TRUE(check_head(head).ok());
  head.box = BoxCode{17};
  EXPECT_FALSE(check_head(head).ok());
  head.box = BoxCode::kDfl;
  for (const int32_t bins : {0, -4, kMaxBins + 1}) {
    head.bins = bins;
    EXPECT_FALSE(check_head(head).ok()) << bins;
  }
  head = rows_head(1);
  head.layout = OutputLayout{9};
  EXPECT_FALSE(check_head(head).ok());
}

TEST(LevelBinding, BindsWhereItSays) {
  const std::vector<float> a(100), b(50);
  const float* outputs[] = {a.data(), b.data()};
  LevelBinding binding;
  binding.count = 4;
  binding.grid_width = 2;
  binding.stride = 16.0F;
  binding.anchor_w = 3.0F;
  binding.anchor_h = 5.0F;
  binding.box = {1, 7, 6, 2};
  binding.scores = {0, 9, 1, 10};
  HeadLevel level;
  bind_levels({&binding, 1}, outputs, {&level, 1});
  EXPECT_EQ(level.count, 4);
  EXPECT_EQ(level.grid_width, 2);
  EXPECT_EQ(level.stride, 16.0F);
  EXPECT_EQ(level.anchor_w, 3.0F);
  EXPECT_EQ(level.anchor_h, 5.0F);
  EXPECT_EQ(level.box.data, b.data() + 7);
  EXPECT_EQ(level.box.pixel, 6);
  EXPECT_EQ(level.box.channel, 2);
  EXPECT_EQ(level.scores.data, a.data() + 9);
  EXPECT_EQ(level.scores.channel, 10);
  EXPECT_EQ(level.objectness.data, nullptr);
  EXPECT_EQ(head_pixels({&binding, 1}), 4);
}

}  // namespace
}  // namespace pawl::engine
