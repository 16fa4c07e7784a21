// Proves: the scalar u8 depthwise convolution computes the formula of depthwise_u8.h and
// quantized.h (against int64 sums over unpacked weights and a double-precision epilogue), and every
// other variant this CPU runs gives the same bits, for awkward channels, sizes, windows, strides,
// pads, dilations, pixel strides, any number of parts, u8 and float outputs, a residual that is its
// own output, and without touching a byte it does not own.
#include "kernels/depthwise_u8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/depthwise_u8/variants.h"
#include "tests/kernels/byte_image.h"
#include "tests/kernels/guarded_vector.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/quantized_problem.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

using Shape = QuantizedShape;  // IC == OC == C

size_t block_channels(const Shape& shape) {
  return static_cast<size_t>((shape.OC + 15) / 16 * 16);
}

// One of the two is used.
struct Output {
  Output(const Shape& s, int32_t pixels)
      : bytes(pixels, s.OC, s.OC + s.y_gap), floats(pixels, s.OC, s.OC + s.y_gap) {
    bytes.fill(0xAB);
    floats.fill(kNaN);
  }
  ByteImage bytes;
  ImageBuffer floats;
};

class Problem {
 public:
  Problem(const Shape& shape, uint32_t seed)
      : shape_(shape),
        engine_(seed),
        x_(shape.IH * shape.IW, shape.OC, shape.OC + shape.x_gap),
        residual_(pixels(), shape.OC, shape.OC + 3),
        weight_(static_cast<size_t>(shape.OC * shape.KH * shape.KW)),
        packed_(block_channels(shape) * static_cast<size_t>(shape.KH * shape.KW), int8_t{0x55}),
        bias_(block_channels(shape)),
        scale_(block_channels(shape)) {
    x_.fill_random(engine_);
    residual_.fill_random(engine_);
    for (int8_t& w : weight_) w = static_cast<int8_t>(engine_());
    const double deviation = 147.0 * 74.0 * std::sqrt(static_cast<double>(shape.KH * shape.KW));
    std::uniform_real_distribution<double> uniform(0.5, 5.0);
    for (size_t i = 0; i < static_cast<size_t>(shape.OC); ++i) {
      scale_[i] = static_cast<float>(uniform(engine_) / deviation);
      bias_[i] = static_cast<int32_t>((uniform(engine_) - 2.5) * deviation);
    }
    epilogue_.activation = {shape.activation, 0.25F, 0.75F};
    epilogue_.residual_quantization = {0.021F, static_cast<int32_t>(engine_() % 256)};
    inverse_scale_ = random_inverse_scales(engine_, shape.OC, block_channels(shape));
    epilogue_.zero = shape.y_zero;
    pack();
  }

  int32_t pixels() const { return shape_.OH() * shape_.OW(); }
  const Shape& shape() const { return shape_; }
  const GuardedVector<float>& inverse_scale() const { return inverse_scale_; }
  ByteImage& x() { return x_; }
  std::vector<int8_t>& weight() { return weight_; }
  void pack() {
    pack_depthwise_u8_weights(weight_.data(), shape_.OC, shape_.KH, shape_.KW, packed_.data());
  }

  std::unique_ptr<Output> run(DepthwiseU8Fn conv, int32_t parts) {
    auto y = std::make_unique<Output>(shape_, pixels());
    if (shape_.in_place) {
      for (size_t i = 0; i < y->bytes.pixels(); ++i) {
        for (size_t c = 0; c < y->bytes.channels(); ++c) y->bytes.at(i, c) = residual_.at(i, c);
      }
    }
    DepthwiseU8Params p{};
    p.IH = shape_.IH, p.IW = shape_.IW, p.C = shape_.OC;
    p.OH = shape_.OH(), p.OW = shape_.OW();
    p.KH = shape_.KH, p.KW = shape_.KW;
    p.stride_h = shape_.stride_h, p.stride_w = shape_.stride_w;
    p.pad_top = shape_.pad_top, p.pad_left = shape_.pad_left;
    p.dilation_h = shape_.dilation_h, p.dilation_w = shape_.dilation_w;
    p.x_pixel_stride = shape_.OC + shape_.x_gap;
    p.y_pixel_stride = shape_.OC + shape_.y_gap;
    p.x = x_.data();
    p.weight = packed_.data();
    p.bias = bias_.data();
    p.pad = static_cast<uint8_t>(shape_.x_zero);
    p.y = shape_.float_output ? nullptr : y->bytes.data();
    p.y_float = shape_.float_output ? y->floats.data() : nullptr;
    p.epilogue = epilogue_;
    p.epilogue.scale = scale_.data();
    p.epilogue.inverse_scale = shape_.float_output ? nullptr : inverse_scale_.data();
    if (shape_.residual) {
      p.epilogue.residual = shape_.in_place ? y->bytes.data() : residual_.data();
      p.epilogue.residual_pixel_stride = shape_.in_place ? p.y_pixel_stride : shape_.OC + 3;
    }
    run_parts(conv, p, parts);
    return y;
  }

  Expected expected(size_t pixel, size_t c) const {
    const Shape& s = shape_;
    const int32_t oy = static_cast<int32_t>(pixel) / s.OW();
    const int32_t ox = static_cast<int32_t>(pixel) % s.OW();
    int64_t sum = bias_[c];
    for (int32_t ky = 0; ky < s.KH; ++ky) {
      for (int32_t kx = 0; kx < s.KW; ++kx) {
        const int32_t iy = oy * s.stride_h + ky * s.dilation_h - s.pad_top;
        const int32_t ix = ox * s.stride_w + kx * s.dilation_w - s.pad_left;
        const bool inside = iy >= 0 && iy < s.IH && ix >= 0 && ix < s.IW;
        const int64_t x = inside ? x_.at(static_cast<size_t>(iy * s.IW + ix), c) : s.x_zero;
        const size_t tap = static_cast<size_t>(ky * s.KW + kx);
        sum += x * weight_[c * static_cast<size_t>(s.KH * s.KW) + tap];
      }
    }
    const uint8_t residual = residual_.at(pixel, c);
    return expected_value(sum, scale_[c], s.residual ? &residual : nullptr, epilogue_);
  }

 private:
  Shape shape_;
  std::mt19937 engine_;
  ByteImage x_, residual_;
  std::vector<int8_t> weight_;
  GuardedVector<int8_t> packed_;
  GuardedVector<int32_t> bias_;
  GuardedVector<float> scale_, inverse_scale_;
  Epilogue epilogue_{};
};

void expect_equal(const Shape& shape, const Output& y, const Output& reference,
                  const std::string& what) {
  ASSERT_TRUE(y.bytes.gaps_untouched()) << what;
  ASSERT_TRUE(y.floats.gaps_untouched()) << what;
  for (size_t i = 0; i < y.bytes.pixels(); ++i) {
    for (size_t c = 0; c < y.bytes.channels(); ++c) {
      if (shape.float_output) {
        const float actual = y.floats.at(i, c);
        const float expected = reference.floats.at(i, c);
        ASSERT_EQ(std::memcmp(&actual, &expected, sizeof(actual)), 0)
            << what << " pixel " << i << " channel " << c << ": " << actual << " != " << expected;
      } else {
        ASSERT_EQ(y.bytes.at(i, c), reference.bytes.at(i, c))
            << what << " pixel " << i << " channel " << c;
      }
    }
  }
}

void check_variants(Problem& problem, const std::vector<int32_t>& splits) {
  const std::span<const DepthwiseU8Variant> variants = depthwise_u8_variants();
  const auto reference = problem.run(variants.back().run, 1);
  for (const DepthwiseU8Variant& variant : runnable(variants)) {
    for (const int32_t parts : splits) {
      expect_equal(problem.shape(), *problem.run(variant.run, parts), *reference,
                   std::string(variant.name) + " shape " + problem.shape().name() + "parts " +
                       std::to_string(parts));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

void check_shape(const Shape& shape, uint32_t seed) {
  Problem problem(shape, seed);
  check_variants(problem, {1, kSplits[seed % std::size(kSplits)]});
}

void check_specification(Problem& problem, int32_t parts) {
  const Shape& shape = problem.shape();
  const auto y = problem.run(depthwise_u8_variants().back().run, parts);
  ASSERT_TRUE(y->bytes.gaps_untouched() && y->floats.gaps_untouched());
  for (size_t i = 0; i < y->bytes.pixels(); ++i) {
    for (size_t c = 0; c < y->bytes.channels(); ++c) {
      const Expected expected = problem.expected(i, c);
      if (shape.float_output) {
        ASSERT_TRUE(is_near(y->floats.at(i, c), expected.value, expected.tolerance))
            << shape.name() << " pixel " << i << " channel " << c;
      } else {
        const ByteRange range = expected_bytes(expected, problem.inverse_scale()[c], shape.y_zero);
        const int64_t actual = y->bytes.at(i, c);
        ASSERT_TRUE(actual >= range.low && actual <= range.high)
            << shape.name() << " pixel " << i << " channel " << c << ": " << actual << " not in ["
            << range.low << ", " << range.high << "]";
      }
    }
  }
}

constexpr int32_t kChannels[] = {1, 3, 4, 5, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65, 80, 85};

Shape random_shape(std::mt19937& engine) {
  Shape s = random_quantized_shape(engine);
  s.IC = s.OC = pick(engine, kChannels);
  return s;
}

TEST(DepthwiseU8, ScalarComputesTheFormula) {
  std::mt19937 engine(1);
  for (int32_t done = 0; done < 100;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid()) continue;
    ++done;
    Problem problem(shape, static_cast<uint32_t>(done));
    check_specification(problem, 1 + done % 5);
    if (HasFatalFailure()) return;
  }
}

TEST(DepthwiseU8, VariantsGiveTheSameBits) {
  std::mt19937 engine(2);
  for (uint32_t done = 0; done < 300;) {
    const Shape shape = random_shape(engine);
    if (!shape.valid()) continue;
    check_shape(shape, ++done);
    if (HasFatalFailure()) return;
  }
}

// The layers of mobile networks, wide enough for several strips of a row.
TEST(DepthwiseU8, UsualWindows) {
  for (const int32_t window : {3, 5, 7}) {
    for (const int32_t stride : {1, 2}) {
      Shape shape{.IH = 12, .IW = 101, .IC = 40, .OC = 40, .KH = window, .KW = window};
      shape.stride_h = shape.stride_w = stride;
      shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = window / 2;
      shape.activation = Activation::kSilu;
      check_shape(shape, static_cast<uint32_t>(window * 10 + stride));
      if (HasFatalFailure()) return;
    }
  }
}

// Windows of several passes; columns further apart than a strip is wide; outside altogether.
TEST(DepthwiseU8, LargeWindows) {
  Shape shape{.IH = 30, .IW = 45, .IC = 20, .OC = 20, .KH = 19, .KW = 21};
  shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 9;
  check_shape(shape, 1);
  shape = {.IH = 4, .IW = 150, .IC = 17, .OC = 17, .KH = 2, .KW = 3};
  shape.dilation_w = 40;
  shape.pad_left = 30;
  shape.pad_right = 30;
  shape.stride_w = 70;
  check_shape(shape, 2);
  shape = {.IH = 2, .IW = 2, .IC = 4, .OC = 4, .KH = 2, .KW = 2};
  shape.dilation_h = shape.dilation_w = 6;
  shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 9;
  check_shape(shape, 3);
}

TEST(DepthwiseU8, ExtremeOperands) {
  for (const int32_t weight : {-128, 127}) {
    for (const int32_t zero : {0, 128, 255}) {
      Shape shape{.IH = 9, .IW = 11, .IC = 33, .OC = 33, .KH = 7, .KW = 7};
      shape.pad_top = shape.pad_left = 3;
      shape.x_zero = shape.y_zero = zero;
      shape.float_output = weight > 0;
      Problem problem(shape, 5);
      problem.x().fill(255);
      std::fill(problem.weight().begin(), problem.weight().end(), static_cast<int8_t>(weight));
      problem.pack();
      check_variants(problem, {1, 3});
      check_specification(problem, 1);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
