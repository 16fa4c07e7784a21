// One u8 convolution with all its operands, random and awkward, for tests of what computes it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/conv_u8.h"
#include "kernels/cpu/conv_u8/variants.h"
#include "tests/kernels/byte_image.h"
#include "tests/kernels/guarded_vector.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/quantized_problem.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {

inline size_t panel_channels(const QuantizedShape& shape) {
  return static_cast<size_t>((shape.OC + 15) / 16 * 16);
}

// One of the two is used.
struct ConvU8Output {
  ConvU8Output(const QuantizedShape& s, int32_t pixels)
      : bytes(pixels, s.OC, s.OC + s.y_gap), floats(pixels, s.OC, s.OC + s.y_gap) {
    bytes.fill(0xAB);
    floats.fill(kNaN);
  }
  ByteImage bytes;
  ImageBuffer floats;
};

// One convolution with all its operands.
class ConvU8Problem {
 public:
  ConvU8Problem(const QuantizedShape& shape, uint32_t seed)
      : shape_(shape),
        engine_(seed),
        x_(shape.IH * shape.IW, shape.IC, shape.IC + shape.x_gap),
        residual_(pixels(), shape.OC, shape.OC + 3),
        weight_(static_cast<size_t>(shape.OC * shape.IC * shape.KH * shape.KW)),
        packed_(packed_conv_u8_bytes(shape.OC, shape.IC, shape.KH, shape.KW), int8_t{0x55}),
        bias_(panel_channels(shape)),
        scale_(panel_channels(shape)),
        pad_(static_cast<size_t>((shape.IC + 3) / 4 * 4), static_cast<uint8_t>(shape.x_zero)) {
    x_.fill_random(engine_);
    residual_.fill_random(engine_);
    for (int8_t& w : weight_) w = static_cast<int8_t>(engine_());
    // Sums of a random walk of so many steps then have real values of a few units.
    const double steps = static_cast<double>(shape.IC * shape.KH * shape.KW);
    const double deviation = 147.0 * 74.0 * std::sqrt(steps);
    std::uniform_real_distribution<double> uniform(0.5, 5.0);
    for (size_t i = 0; i < static_cast<size_t>(shape.OC); ++i) {
      scale_[i] = static_cast<float>(uniform(engine_) / deviation);
      bias_[i] = static_cast<int32_t>((uniform(engine_) - 2.5) * deviation);
    }
    epilogue_.activation = {shape.activation, 0.25F, 0.75F};
    epilogue_.residual_quantization = {0.021F, static_cast<int32_t>(engine_() % 256)};
    inverse_scale_ = random_inverse_scales(engine_, shape.OC, panel_channels(shape));
    epilogue_.zero = shape.y_zero;
    pack();
  }

  int32_t pixels() const { return shape_.OH() * shape_.OW(); }
  const QuantizedShape& shape() const { return shape_; }
  ByteImage& x() { return x_; }
  std::vector<int8_t>& weight() { return weight_; }
  GuardedVector<int32_t>& bias() { return bias_; }
  GuardedVector<float>& scale() { return scale_; }
  GuardedVector<float>& inverse_scale() { return inverse_scale_; }
  ActivationParams& activation() { return epilogue_.activation; }
  void pack() {
    pack_conv_u8_weights(weight_.data(), shape_.OC, shape_.IC, shape_.KH, shape_.KW,
                         packed_.data());
  }

  std::unique_ptr<ConvU8Output> run(ConvU8Fn conv, int32_t parts) {
    return run([&](const ConvU8Params& p) { run_parts(conv, p, parts); });
  }

  // `compute` is given the parameters once.
  template <typename Compute>
  std::unique_ptr<ConvU8Output> run(const Compute& compute) {
    auto y = std::make_unique<ConvU8Output>(shape_, pixels());
    if (shape_.in_place) {
      for (size_t i = 0; i < y->bytes.pixels(); ++i) {
        for (size_t c = 0; c < y->bytes.channels(); ++c) y->bytes.at(i, c) = residual_.at(i, c);
      }
    }
    ConvU8Params p{};
    p.IH = shape_.IH, p.IW = shape_.IW, p.IC = shape_.IC;
    p.OH = shape_.OH(), p.OW = shape_.OW(), p.OC = shape_.OC;
    p.KH = shape_.KH, p.KW = shape_.KW;
    p.stride_h = shape_.stride_h, p.stride_w = shape_.stride_w;
    p.pad_top = shape_.pad_top, p.pad_left = shape_.pad_left;
    p.dilation_h = shape_.dilation_h, p.dilation_w = shape_.dilation_w;
    p.x_pixel_stride = shape_.IC + shape_.x_gap;
    p.y_pixel_stride = shape_.OC + shape_.y_gap;
    p.x = x_.data();
    p.weight = packed_.data();
    p.bias = bias_.data();
    p.pad = pad_.data();
    p.y = shape_.float_output ? nullptr : y->bytes.data();
    p.y_float = shape_.float_output ? y->floats.data() : nullptr;
    p.epilogue = epilogue_;
    p.epilogue.scale = scale_.data();
    p.epilogue.inverse_scale = shape_.float_output ? nullptr : inverse_scale_.data();
    if (shape_.residual) {
      p.epilogue.residual = shape_.in_place ? y->bytes.data() : residual_.data();
      p.epilogue.residual_pixel_stride = shape_.in_place ? p.y_pixel_stride : shape_.OC + 3;
    }
    compute(p);
    return y;
  }

  // The formula over the weights as they came.
  int64_t sum(int32_t oy, int32_t ox, int32_t oc) const {
    const QuantizedShape& s = shape_;
    int64_t result = bias_[static_cast<size_t>(oc)];
    for (int32_t ky = 0; ky < s.KH; ++ky) {
      for (int32_t kx = 0; kx < s.KW; ++kx) {
        const int32_t iy = oy * s.stride_h + ky * s.dilation_h - s.pad_top;
        const int32_t ix = ox * s.stride_w + kx * s.dilation_w - s.pad_left;
        const bool inside = iy >= 0 && iy < s.IH && ix >= 0 && ix < s.IW;
        for (int32_t ic = 0; ic < s.IC; ++ic) {
          const int64_t x =
              inside ? x_.at(static_cast<size_t>(iy * s.IW + ix), static_cast<size_t>(ic))
                     : s.x_zero;
          result += x * weight_[static_cast<size_t>(((oc * s.IC + ic) * s.KH + ky) * s.KW + kx)];
        }
      }
    }
    return result;
  }
  Expected expected(size_t pixel, size_t c) const {
    const int32_t i = static_cast<int32_t>(pixel);
    const uint8_t residual = residual_.at(pixel, c);
    return expected_value(sum(i / shape_.OW(), i % shape_.OW(), static_cast<int32_t>(c)), scale_[c],
                          shape_.residual ? &residual : nullptr, epilogue_);
  }

 private:
  QuantizedShape shape_;
  std::mt19937 engine_;
  ByteImage x_, residual_;
  std::vector<int8_t> weight_;
  GuardedVector<int8_t> packed_;
  GuardedVector<int32_t> bias_;
  GuardedVector<float> scale_, inverse_scale_;
  GuardedVector<uint8_t> pad_;
  Epilogue epilogue_{};
};

// Whole arrays, not single EXPECTs: an image has too many elements to report each.
inline void expect_equal(const QuantizedShape& shape, const ConvU8Output& y,
                         const ConvU8Output& reference, const std::string& what) {
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

}  // namespace pawl::kernels
