// Proves: --head and --pre are read as documented; a bad one changes nothing and its message names
// the bad key or value and the valid ones.
#include "engine/head/overrides.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/head/head_table.h"

namespace pawl::engine {
namespace {

PreprocessSpec applied(std::string_view text) {
  HeadOverrides overrides;
  const auto status = parse_pre(text, &overrides);
  EXPECT_TRUE(status.ok()) << text << ": " << (status.ok() ? "" : status.error().message);
  PreprocessSpec spec;
  apply_overrides(overrides, &spec);
  return spec;
}

TEST(Overrides, ReadsEveryKey) {
  EXPECT_FALSE(applied("color=bgr").rgb);
  EXPECT_TRUE(applied("color=bgr,color=rgb").rgb);
  EXPECT_EQ(applied("fit=topleft").fit, Fit::kLetterboxTopLeft);
  EXPECT_EQ(applied("fit=stretch").fit, Fit::kStretch);
  EXPECT_EQ(applied("fit=letterbox").fit, Fit::kLetterboxCentred);
  EXPECT_EQ(applied("pad=0").pad_value, 0);
  EXPECT_EQ(applied("pad=255").pad_value, 255);
  EXPECT_EQ(applied("scale=1/255").scale[2], 1.0F / 255.0F);
  EXPECT_EQ(applied("scale=1").scale[0], 1.0F);

  const PreprocessSpec spec = applied("mean=103.53:116.28:-1e2,std=2:4:1/2,color=bgr,pad=7");
  EXPECT_EQ(spec.mean[0], 103.53F);
  EXPECT_EQ(spec.mean[1], 116.28F);
  EXPECT_EQ(spec.mean[2], -100.0F);
  EXPECT_EQ(spec.scale[0], 0.5F);
  EXPECT_EQ(spec.scale[1], 0.25F);
  EXPECT_EQ(spec.scale[2], 2.0F);
  EXPECT_EQ(spec.pad_value, 7);

  // Nothing said, nothing changed.
  const PreprocessSpec untouched = applied("");
  EXPECT_TRUE(untouched.rgb);
  EXPECT_EQ(untouched.pad_value, 114);
  EXPECT_EQ(untouched.scale[0], 1.0F / 255.0F);
}

TEST(Overrides, BadOnesAreNamedAndChangeNothing) {
  struct Case {
    const char* text;
    const char* names;
  };
  const Case cases[] = {
      {"colr=rgb", "'colr'"},
      {"color", "'color' is not KEY=VALUE"},
      {"color=rbg", "'rbg'"},
      {"fit=center", "'center'"},
      {"pad=256", "'256'"},
      {"pad=-1", "'-1'"},
      {"pad=", "''"},
      {"pad=1.5", "'1.5'"},
      {"scale=", "''"},
      {"scale=0", "zero"},
      {"scale=1/0", "'1/0'"},
      {"scale=nan", "'nan'"},
      {"scale=inf", "'inf'"},
      {"scale=1e30", "'1e30'"},
      {"scale=1e-30/1e30", "'1e"},
      {"scale=1:2", "'1:2'"},
      {"scale=1:2:3:4", "'1:2"},
      {"scale=1:2:", "'1:2:'"},
      {"std=1:0:1", "zero"},
      {"std=1/255x", "'1/255x'"},
      {"mean=1;2;3", "'1;2;3'"},
      {"scale=2,std=2", "exclude"},
      {"color=rgb,,fit=stretch", "''"},
      {"=rgb", "''"},
      {"pad=0x10", "'0x10'"},
      {"a\nb=1", "'a?b'"},
  };
  for (const Case& c : cases) {
    HeadOverrides overrides;
    overrides.pad_value = 9;
    const auto status = parse_pre(std::string("color=bgr,") + c.text, &overrides);
    ASSERT_FALSE(status.ok()) << c.text;
    EXPECT_NE(status.error().message.find(c.names), std::string::npos) << status.error().message;
    EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
    EXPECT_FALSE(overrides.rgb.has_value()) << c.text;
    EXPECT_EQ(overrides.pad_value, 9);
  }
  HeadOverrides overrides;
  const auto unknown = parse_pre("size=3", &overrides);
  ASSERT_FALSE(unknown.ok());
  for (const char* key : {"color=", "fit=", "pad=", "scale=", "mean=", "std="}) {
    EXPECT_NE(unknown.error().message.find(key), std::string::npos) << key;
  }
}

TEST(Overrides, HeadsByEveryName) {
  for (const HeadFamily& family : head_families()) {
    HeadOverrides overrides;
    ASSERT_TRUE(parse_head(family.name, &overrides).ok());
    EXPECT_EQ(overrides.head, family.name);
  }
  HeadOverrides overrides;
  ASSERT_TRUE(parse_head("yolo11", &overrides).ok());
  EXPECT_EQ(overrides.head, "yolov8");
  ASSERT_TRUE(parse_head("yolo26", &overrides).ok());
  EXPECT_EQ(overrides.head, "end2end");
  ASSERT_TRUE(parse_head("auto", &overrides).ok());
  EXPECT_EQ(overrides.head, "auto");
  for (const char* bad :
       {"", " ", "yolo", "YOLOV8", "yolov8 ", "yolo11 yolo12", "yolov5u yolov9"}) {
    const auto status = parse_head(bad, &overrides);
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_NE(status.error().message.find("yolov8, yolov5"), std::string::npos);
    EXPECT_EQ(overrides.head, "auto");
  }
}

TEST(Overrides, SurviveNoise) {
  std::mt19937 random(5);
  const std::string alphabet = "colrfitpadscemnx=,:/.0123456789-e\n\0";
  for (int i = 0; i < 50000; ++i) {
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) text += alphabet[random() % alphabet.size()];
    HeadOverrides overrides;
    const auto status = parse_pre(text, &overrides);
    if (status.ok() && !text.empty()) {
      EXPECT_NE(text.find('='), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace pawl::engine
