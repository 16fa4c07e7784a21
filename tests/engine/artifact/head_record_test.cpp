// Proves that what a head and its preprocessing say comes back from their record, field by field:
// no value here is a default, and no two fields of a type have the same one.
#include "engine/artifact/head_record.h"

#include <gtest/gtest.h>

#include <cstring>

namespace pawl::engine {
namespace {

HeadRecord poisoned() {
  HeadRecord record;
  std::memset(&record, 0xa5, sizeof record);
  return record;
}

PreprocessSpec spec(int32_t round) {
  PreprocessSpec pre{.width = 352 + round,
                     .height = 224 + round,
                     .channels = round % 2 == 0 ? 1 : 3,
                     .fit = static_cast<Fit>(round % 3),
                     .rgb = round % 2 == 0,
                     .pad_value = static_cast<uint8_t>(round * 85)};
  for (int c = 0; c < 3; ++c) {
    pre.mean[c] = 1.5F + static_cast<float>(c + round);
    pre.scale[c] = 0.25F / static_cast<float>(1 + c + round);
  }
  return pre;
}

TEST(HeadRecord, KeepsThePreprocessing) {
  for (int32_t round = 0; round < 4; ++round) {
    const PreprocessSpec wanted = spec(round);
    HeadRecord record = poisoned();
    set_preprocess(wanted, &record);
    EXPECT_EQ(record.pad_value, wanted.pad_value);  // all four bytes of it
    const PreprocessSpec found = preprocess_spec(record);
    EXPECT_EQ(found.width, wanted.width);
    EXPECT_EQ(found.height, wanted.height);
    EXPECT_EQ(found.channels, wanted.channels);
    EXPECT_EQ(found.fit, wanted.fit);
    EXPECT_EQ(found.rgb, wanted.rgb);
    EXPECT_EQ(found.pad_value, wanted.pad_value);
    for (int c = 0; c < 3; ++c) {
      EXPECT_EQ(found.mean[c], wanted.mean[c]) << c;
      EXPECT_EQ(found.scale[c], wanted.scale[c]) << c;
    }
  }
}

TEST(HeadRecord, KeepsTheHead) {
  for (int32_t round = 0; round < 8; ++round) {
    // The three flags in all eight combinations.
    const HeadSpec wanted{.layout = static_cast<OutputLayout>(round % 4),
                          .box = static_cast<BoxCode>(round % 6),
                          .classes = 17 + round,
                          .bins = 7 + round,
                          .cell_offset = 0.125F * static_cast<float>(round),
                          .objectness = (round & 1) != 0,
                          .scores_are_logits = (round & 2) != 0,
                          .nms = (round & 4) != 0};
    HeadRecord record = poisoned();
    set_head(wanted, &record);
    EXPECT_EQ(record.present, 1);
    const HeadSpec found = head_spec(record);
    EXPECT_EQ(found.layout, wanted.layout);
    EXPECT_EQ(found.box, wanted.box);
    EXPECT_EQ(found.classes, wanted.classes);
    EXPECT_EQ(found.bins, wanted.bins);
    EXPECT_EQ(found.cell_offset, wanted.cell_offset);
    EXPECT_EQ(found.objectness, wanted.objectness);
    EXPECT_EQ(found.scores_are_logits, wanted.scores_are_logits);
    EXPECT_EQ(found.nms, wanted.nms);
  }
}

TEST(HeadRecord, EachPartLeavesTheOthersAlone) {
  HeadRecord both = poisoned();
  set_preprocess(spec(1), &both);
  HeadRecord reversed = poisoned();
  const HeadSpec head{.layout = OutputLayout::kMaps, .classes = 5, .bins = 16};
  set_head(head, &both);
  set_head(head, &reversed);
  set_preprocess(spec(1), &reversed);
  EXPECT_EQ(std::memcmp(&both, &reversed, sizeof both), 0);
  EXPECT_EQ(preprocess_spec(both).width, 353);
  EXPECT_EQ(head_spec(reversed).classes, 5);
  EXPECT_EQ(both.family, poisoned().family);
  EXPECT_EQ(both.level_count, poisoned().level_count);
  EXPECT_EQ(both.reserved, poisoned().reserved);
}

}  // namespace
}  // namespace pawl::engine
