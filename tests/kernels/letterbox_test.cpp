// Proven here: every letterbox variant, in every split, gives bit for bit what OpenCV's cvtColor
// and resize (INTER_LINEAR), padding and float arithmetic give, for every layout, awkward sizes,
// row strides padded and negative; nothing outside y is written and no byte outside the frame is
// read. Built without OpenCV, the scalar variant stands in for it (letterbox_expected.h).
#include "kernels/letterbox.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "kernels/cpu/letterbox/variants.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/letterbox_expected.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

struct Size {
  int32_t w, h;
};

// How the fitted image lies in the canvas.
struct Canvas {
  Size fit;
  int32_t left, top, right, bottom;
};

enum class Rows { kDense, kPadded, kBottomUp };

int32_t chroma_width(Size size) {
  return (size.w + 1) / 2 * 2;
}

// The pixels of a frame on the heap, no byte more than it has: what lies past them is the address
// sanitizer's. Planes are apart, so that NV12 may have odd sizes.
class FramePixels {
 public:
  FramePixels(PixelLayout layout, Size size, Rows rows, std::mt19937& random)
      : layout_(layout), size_(size) {
    const bool three = layout == PixelLayout::kBgr8 || layout == PixelLayout::kRgb8;
    data_ = plane(size.w * (three ? 3 : 1), size.h, rows, random, &first_, &stride_);
    if (layout == PixelLayout::kNv12) {
      uv_ = plane(chroma_width(size), (size.h + 1) / 2, rows, random, &uv_first_, &uv_stride_);
    }
  }

  void describe(LetterboxParams* p) const {
    p->layout = layout_;
    p->IW = size_.w;
    p->IH = size_.h;
    p->stride = stride_;
    p->data = first_;
    p->uv = uv_first_;
    p->uv_stride = uv_stride_;
  }

 private:
  static std::unique_ptr<uint8_t[]> plane(int32_t row_bytes, int32_t height, Rows rows,
                                          std::mt19937& random, const uint8_t** first,
                                          ptrdiff_t* stride) {
    const ptrdiff_t step = row_bytes + (rows == Rows::kPadded ? 13 : 0);
    const auto bytes = static_cast<size_t>(step * (height - 1) + row_bytes);
    auto data = std::make_unique<uint8_t[]>(bytes);
    for (size_t i = 0; i < bytes; ++i) data[i] = static_cast<uint8_t>(random());
    *first = data.get() + (rows == Rows::kBottomUp ? step * (height - 1) : 0);
    *stride = rows == Rows::kBottomUp ? -step : step;
    return data;
  }

  PixelLayout layout_;
  Size size_;
  std::unique_ptr<uint8_t[]> data_, uv_;
  const uint8_t* first_ = nullptr;
  const uint8_t* uv_first_ = nullptr;
  ptrdiff_t stride_ = 0, uv_stride_ = 0;
};

struct Tables {
  Tables(int32_t in, int32_t out)
      : index(static_cast<size_t>(out), -99), weight(static_cast<size_t>(out), -99) {
    make_resize_table(in, out, index.data(), weight.data());
  }
  std::vector<int32_t> index, weight;
};

void check(PixelLayout layout, Size size, const Canvas& canvas, int32_t channels, Rows rows,
           bool rgb, std::mt19937& random) {
  SCOPED_TRACE(testing::Message() << "layout " << static_cast<int>(layout) << " " << size.w << "x"
                                  << size.h << " to " << canvas.fit.w << "x" << canvas.fit.h
                                  << " channels " << channels << " rows " << static_cast<int>(rows)
                                  << " rgb " << rgb);
  const FramePixels frame(layout, size, rows, random);
  const Tables columns(size.w, canvas.fit.w);
  const Tables lines(size.h, canvas.fit.h);
  LetterboxParams p{};
  frame.describe(&p);
  p.OW = canvas.left + canvas.fit.w + canvas.right;
  p.OH = canvas.top + canvas.fit.h + canvas.bottom;
  p.channels = channels;
  p.fit_x = canvas.left;
  p.fit_y = canvas.top;
  p.fit_w = canvas.fit.w;
  p.fit_h = canvas.fit.h;
  p.rgb = rgb;
  p.pad_value = 114;
  for (int32_t c = 0; c < 3; ++c) {
    p.mean[c] = 103.5F + 7.1F * static_cast<float>(c);
    p.scale[c] = 1.0F / (57.3F + static_cast<float>(c));
  }
  p.col_index = columns.index.data();
  p.col_weight = columns.weight.data();
  p.row_index = lines.index.data();
  p.row_weight = lines.weight.data();
  const std::vector<float> expected = expected_letterbox(p);
  const bool large = expected.size() > 100000;
  for (const LetterboxVariant& variant : runnable(letterbox_variants())) {
    for (const int32_t parts : kSplits) {
      if (large && parts != 1 && (variant.isa == Isa::kScalar || parts != 3)) continue;
      const LetterboxScratch scratch(letterbox_scratch_bytes(p) * static_cast<size_t>(parts));
      ImageBuffer y(static_cast<int32_t>(expected.size()) + 8, 1, 1);
      p.y = y.data();
      p.scratch = scratch.data.get();
      run_parts(variant.run, p, parts);
      size_t wrong = 0;
      for (size_t i = 0; i < expected.size(); ++i) wrong += y.at(i, 0) == expected[i] ? 0 : 1;
      ASSERT_EQ(wrong, 0U) << variant.name << " in " << parts << " parts, of " << expected.size();
      for (size_t i = expected.size(); i < y.pixels(); ++i) ASSERT_TRUE(std::isnan(y.at(i, 0)));
      ASSERT_TRUE(y.gaps_untouched());
    }
  }
}

constexpr PixelLayout kLayouts[] = {PixelLayout::kBgr8, PixelLayout::kRgb8, PixelLayout::kGray8,
                                    PixelLayout::kNv12};

TEST(Letterbox, AwkwardSizes) {
  std::mt19937 random(1);
  const struct {
    Size from, to;
  } pairs[] = {{{1, 1}, {1, 1}},   {{1, 1}, {9, 4}},      {{7, 5}, {13, 9}},    {{13, 9}, {7, 5}},
               {{2, 3}, {40, 31}}, {{33, 17}, {33, 17}},  {{64, 48}, {32, 24}}, {{3, 40}, {4, 7}},
               {{40, 3}, {7, 4}},  {{101, 53}, {50, 26}}, {{31, 2}, {1, 1}},    {{18, 6}, {17, 5}},
               {{5, 5}, {64, 64}}};
  int32_t turn = 0;
  for (const auto& pair : pairs) {
    for (const PixelLayout layout : kLayouts) {
      for (const int32_t channels : {3, 1}) {
        ++turn;
        const Canvas canvas = {pair.to, turn % 4, turn % 3, turn % 5, turn % 2};
        check(layout, pair.from, canvas, channels, static_cast<Rows>(turn % 3), turn % 7 < 3,
              random);
      }
    }
  }
}

TEST(Letterbox, RandomSizes) {
  std::mt19937 random(2);
  const auto pick = [&random](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int32_t i = 0; i < 300; ++i) {
    const Size from = {pick(1, 90), pick(1, 70)};
    const Canvas canvas = {
        {pick(1, 80), pick(1, 60)}, pick(0, 9), pick(0, 3), pick(0, 9), pick(0, 3)};
    check(kLayouts[i % 4], from, canvas, i % 5 == 0 ? 1 : 3, static_cast<Rows>(pick(0, 2)),
          pick(0, 1) == 1, random);
  }
}

TEST(Letterbox, CameraSizes) {
  std::mt19937 random(3);
  check(PixelLayout::kBgr8, {1280, 720}, {{640, 360}, 0, 12, 0, 12}, 3, Rows::kDense, true, random);
  check(PixelLayout::kNv12, {1280, 720}, {{640, 360}, 0, 12, 0, 12}, 3, Rows::kDense, true, random);
  check(PixelLayout::kRgb8, {1920, 1080}, {{416, 234}, 0, 91, 0, 91}, 3, Rows::kDense, true,
        random);
  check(PixelLayout::kBgr8, {500, 333}, {{640, 426}, 0, 3, 0, 3}, 3, Rows::kPadded, false, random);
  check(PixelLayout::kNv12, {640, 480}, {{320, 240}, 0, 0, 0, 80}, 1, Rows::kDense, false, random);
  check(PixelLayout::kBgr8, {4000, 3000}, {{640, 480}, 0, 0, 0, 0}, 3, Rows::kDense, false, random);
}

// The kernels derive the weight of the first source pixel as 2048 minus that of the next; OpenCV
// rounds both. They agree: checked where the rounding could differ, near the first pixel, and for
// whole axes.
TEST(Letterbox, WeightsOfATableAddUp) {
  for (int32_t in = 1; in <= 2200; in += 7) {
    for (int32_t out = 1; out <= 1300; out += 13) {
      const Tables table(in, out);
      const double scale = 1.0 / (static_cast<double>(out) / static_cast<double>(in));
      for (int32_t o = 0; o < out; ++o) {
        const auto source = static_cast<float>((o + 0.5) * scale - 0.5);
        const float t = source - std::floor(source);
        const auto i = static_cast<size_t>(o);
        ASSERT_EQ(2048 - table.weight[i], std::lrint((1.0F - t) * 2048.0F)) << in << " " << out;
        ASSERT_TRUE(table.index[i] >= -1 && table.index[i] < in);
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
