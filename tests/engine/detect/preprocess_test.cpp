// Proves: frames that make no sense are refused, good ones fill the whole network input with the
// colours, padding and normalisation asked for, the split into parts changes nothing, and a stream
// of frames of one geometry allocates nothing.
#include "engine/detect/preprocess.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "tests/engine/detect/allocation_count.h"

namespace pawl::engine {
namespace {

using platform::Frame;
using platform::PixelFormat;

constexpr float kPoison = -12345.0F;

PreprocessSpec spec_of(int32_t width, int32_t height) {
  PreprocessSpec spec;
  spec.width = width;
  spec.height = height;
  return spec;
}

Preprocessor made(const PreprocessSpec& spec, int32_t parts = 1) {
  auto result = Preprocessor::create(spec, parts);
  EXPECT_TRUE(result.ok());
  return std::move(result).value();
}

struct Image {
  int32_t width, height;
  std::vector<uint8_t> bytes;
  Frame frame(PixelFormat format = PixelFormat::kBgr8) const {
    Frame f;
    f.format = format;
    f.width = width;
    f.height = height;
    f.stride = width * 3;
    f.data = bytes.data();
    return f;
  }
};

Image noise(int32_t width, int32_t height, unsigned seed) {
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3)};
  std::mt19937 random(seed);
  for (uint8_t& byte : image.bytes) byte = static_cast<uint8_t>(random());
  return image;
}

std::vector<float> run(Preprocessor* pre, const Frame& frame, int32_t parts = 1) {
  EXPECT_TRUE(pre->prepare(frame).ok());
  const PreprocessSpec& spec = pre->spec();
  std::vector<float> y(static_cast<size_t>(spec.width) * spec.height * spec.channels, kPoison);
  for (int32_t part = 0; part < parts; ++part) pre->run(y.data(), part, parts);
  return y;
}

TEST(Preprocess, SameSizeIsNormalisationAlone) {
  const Image image = noise(37, 23, 1);
  for (const bool rgb : {true, false}) {
    PreprocessSpec spec = spec_of(37, 23);
    spec.rgb = rgb;
    const float mean[] = {103.53F, 116.28F, 123.675F};
    for (int c = 0; c < 3; ++c) {
      spec.mean[c] = mean[c];
      spec.scale[c] = 1.0F / (57.0F + static_cast<float>(c));
    }
    Preprocessor pre = made(spec);
    const std::vector<float> y = run(&pre, image.frame());
    for (size_t i = 0; i < y.size(); ++i) {
      const size_t c = i % 3;
      const float byte = image.bytes[i - c + (rgb ? 2 - c : c)];
      ASSERT_NEAR(y[i], (byte - spec.mean[c]) * spec.scale[c], 1e-5) << i;
    }
  }
}

// A frame of one colour stays that colour under any resize; the rest is padding.
TEST(Preprocess, FillsEveryPixelOfAnyGeometry) {
  std::mt19937 random(2);
  for (int i = 0; i < 150; ++i) {
    PreprocessSpec spec =
        spec_of(1 + static_cast<int32_t>(random() % 90), 1 + static_cast<int32_t>(random() % 90));
    spec.fit = static_cast<Fit>(i % 3);
    spec.pad_value = static_cast<uint8_t>(random() % 100);
    spec.scale[0] = spec.scale[1] = spec.scale[2] = 1.0F;
    Image image = noise(1 + static_cast<int32_t>(random() % 200),
                        1 + static_cast<int32_t>(random() % 200), 3);
    for (size_t b = 0; b < image.bytes.size(); ++b) {
      image.bytes[b] = static_cast<uint8_t>(200 + b % 3);
    }
    Preprocessor pre = made(spec);
    const std::vector<float> y = run(&pre, image.frame());
    const FittedFrame fitted = fit_frame(spec, image.width, image.height);
    for (int32_t row = 0; row < spec.height; ++row) {
      for (int32_t column = 0; column < spec.width; ++column) {
        const bool inside = row >= fitted.y && row < fitted.y + fitted.height &&
                            column >= fitted.x && column < fitted.x + fitted.width;
        for (int c = 0; c < 3; ++c) {
          const float wanted = inside ? static_cast<float>(202 - c) : spec.pad_value;
          const size_t at = static_cast<size_t>((row * spec.width + column) * 3 + c);
          ASSERT_EQ(y[at], wanted) << row << "," << column << "," << c;
        }
      }
    }
  }
}

TEST(Preprocess, PartsStridesAndOrdersAgree) {
  const Image image = noise(123, 77, 4);
  const PreprocessSpec spec = spec_of(64, 96);
  Preprocessor pre = made(spec, 7);
  const std::vector<float> whole = run(&pre, image.frame());
  for (int32_t parts = 2; parts <= 7; ++parts) EXPECT_EQ(run(&pre, image.frame(), parts), whole);

  // Padded rows, and rows upside down in memory.
  const ptrdiff_t row_bytes = 123 * 3;
  std::vector<uint8_t> padded(static_cast<size_t>((row_bytes + 5) * 77), 0xAB), flipped = padded;
  for (int32_t row = 0; row < 77; ++row) {
    std::copy_n(image.bytes.data() + row * row_bytes, row_bytes,
                padded.data() + row * (row_bytes + 5));
    std::copy_n(image.bytes.data() + row * row_bytes, row_bytes,
                flipped.data() + (76 - row) * (row_bytes + 5));
  }
  Frame frame = image.frame();
  frame.stride = row_bytes + 5;
  frame.data = padded.data();
  EXPECT_EQ(run(&pre, frame), whole);
  frame.stride = -(row_bytes + 5);
  frame.data = flipped.data() + 76 * (row_bytes + 5);
  EXPECT_EQ(run(&pre, frame), whole);

  Image swapped = image;
  for (size_t b = 0; b + 2 < swapped.bytes.size(); b += 3) {
    std::swap(swapped.bytes[b], swapped.bytes[b + 2]);
  }
  EXPECT_EQ(run(&pre, swapped.frame(PixelFormat::kRgb8)), whole);
}

TEST(Preprocess, RefusesFramesThatMakeNoSense) {
  const std::vector<uint8_t> bytes(64 * 64 * 3);
  Frame good;
  good.width = 64;
  good.height = 32;
  good.stride = 64 * 3;
  good.data = bytes.data();
  Frame nv12 = good;
  nv12.format = PixelFormat::kNv12;
  nv12.stride = 64;
  nv12.uv = bytes.data();
  nv12.uv_stride = 64;
  Preprocessor pre = made(spec_of(32, 32));
  EXPECT_TRUE(pre.prepare(good).ok());
  EXPECT_TRUE(pre.prepare(nv12).ok());

  struct Case {
    const char* says;
    Frame frame;
  };
  std::vector<Case> cases;
  const auto bad = [&](const char* says, Frame frame, auto change) {
    change(frame);
    cases.push_back({says, frame});
  };
  bad("no pixel data", good, [](Frame& f) { f.data = nullptr; });
  bad("size", good, [](Frame& f) { f.width = 0; });
  bad("size", good, [](Frame& f) { f.height = 0; });
  bad("size", good, [](Frame& f) { f.width = -5; });
  bad("size", good, [](Frame& f) { f.height = std::numeric_limits<int32_t>::min(); });
  bad("size", good, [](Frame& f) { f.width = 16385; });
  bad("size", good, [](Frame& f) { f.height = std::numeric_limits<int32_t>::max(); });
  bad("stride", good, [](Frame& f) { f.stride = 64 * 3 - 1; });
  bad("stride", good, [](Frame& f) { f.stride = -(64 * 3 - 1); });
  bad("stride", good, [](Frame& f) { f.stride = 0; });
  for (const ptrdiff_t hostile :
       {std::numeric_limits<ptrdiff_t>::min(), std::numeric_limits<ptrdiff_t>::min() + 1,
        std::numeric_limits<ptrdiff_t>::max(), ptrdiff_t{1} << 62, (ptrdiff_t{1} << 30) + 1,
        -(ptrdiff_t{1} << 30) - 1}) {
    bad("stride", good, [&](Frame& f) { f.stride = hostile; });
    bad("UV", nv12, [&](Frame& f) { f.uv_stride = hostile; });
  }
  bad("odd", nv12, [](Frame& f) { f.width = 63; });
  bad("odd", nv12, [](Frame& f) { f.height = 31; });
  bad("UV", nv12, [](Frame& f) { f.uv = nullptr; });
  bad("UV", nv12, [](Frame& f) { f.uv_stride = 63; });
  bad("format", good, [](Frame& f) { f.format = PixelFormat{9}; });
  for (const Case& c : cases) {
    const auto status = pre.prepare(c.frame);
    ASSERT_FALSE(status.ok()) << c.says;
    EXPECT_EQ(status.error().code, platform::Code::kInvalidArgument);
    EXPECT_NE(status.error().message.find(c.says), std::string::npos) << status.error().message;
  }
  EXPECT_TRUE(pre.prepare(good).ok());
}

TEST(Preprocess, RefusesSpecsThatMakeNoSense) {
  const auto refused = [](auto change) {
    PreprocessSpec spec = spec_of(32, 32);
    change(spec);
    return !Preprocessor::create(spec).ok();
  };
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.width = 0; }));
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.height = 16385; }));
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.channels = 2; }));
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.channels = 0; }));
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.fit = Fit{3}; }));
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.mean[1] = std::nanf(""); }));
  EXPECT_TRUE(refused([](PreprocessSpec& s) { s.scale[2] = INFINITY; }));
  EXPECT_FALSE(refused([](PreprocessSpec&) {}));
  EXPECT_FALSE(Preprocessor::create(spec_of(32, 32), 0).ok());
  EXPECT_FALSE(Preprocessor::create(spec_of(32, 32), 5000).ok());
}

TEST(Preprocess, SteadyStreamAllocatesNothing) {
  const Image a = noise(200, 120, 6), b = noise(90, 160, 7);
  Preprocessor pre = made(spec_of(64, 64), 2);
  std::vector<float> y(64 * 64 * 3, kPoison);
  ASSERT_TRUE(pre.prepare(a.frame()).ok());
  ASSERT_TRUE(pre.prepare(b.frame()).ok());
  ASSERT_TRUE(pre.prepare(a.frame()).ok());
  const int64_t before = test::allocation_count();
  for (int i = 0; i < 10; ++i) {
    const bool good = pre.prepare(i % 4 == 0 ? b.frame() : a.frame()).ok();
    pre.run(y.data(), 0, 2);
    pre.run(y.data(), 1, 2);
    if (!good) break;
  }
  EXPECT_EQ(test::allocation_count(), before);
}

}  // namespace
}  // namespace pawl::engine
