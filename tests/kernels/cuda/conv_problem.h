// One float16 convolution with all its operands on the software GPU, random and awkward.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/conv.h"
#include "kernels/cpu/conv/variants.h"
#include "kernels/cuda/conv.h"
#include "kernels/half.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::kernels::cuda {

struct ConvShape {
  int32_t IH, IW, IC, OC, KH, KW;
  int32_t stride_h = 1, stride_w = 1;
  int32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t x_gap = 0, y_gap = 0;  // elements between pixels beyond the multiple of 8
  Activation activation = Activation::kNone;
  bool residual = false;
  bool in_place = false;  // residual == y

  int32_t OH() const {
    return (IH + pad_top + pad_bottom - (KH - 1) * dilation_h - 1) / stride_h + 1;
  }
  int32_t OW() const {
    return (IW + pad_left + pad_right - (KW - 1) * dilation_w - 1) / stride_w + 1;
  }
  bool valid() const {
    return IH + pad_top + pad_bottom > (KH - 1) * dilation_h &&
           IW + pad_left + pad_right > (KW - 1) * dilation_w;
  }
  int64_t products() const { return int64_t{OH()} * OW() * OC * IC * KH * KW; }
  int32_t x_stride() const { return (IC + 7) / 8 * 8 + x_gap; }
  int32_t y_stride() const { return (OC + 7) / 8 * 8 + y_gap; }
  std::string name() const {
    std::string text;
    for (const int32_t n :
         {IH, IW, IC, OC, KH, KW, stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right,
          dilation_h, dilation_w, x_gap, y_gap, static_cast<int32_t>(activation), int32_t{residual},
          int32_t{in_place}}) {
      text += std::to_string(n) + ' ';
    }
    return text;
  }
};

class ConvProblem {
 public:
  ConvProblem(const ConvShape& shape, uint32_t seed) : shape_(shape) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    const auto fill = [&](std::vector<float>& values, int64_t count) {
      values.resize(static_cast<size_t>(count));
      for (float& v : values) v = half_value(half_bits(uniform(random)));
    };
    fill(x_, int64_t{shape.IH} * shape.IW * shape.IC);
    fill(weight_, int64_t{shape.OC} * shape.IC * shape.KH * shape.KW);
    fill(residual_, pixels() * shape.OC);
    fill(bias_, shape.OC);
    // By the specification, and the magnitudes that bound the error of a sum.
    reference_ = run_scalar(x_, weight_, bias_, {shape.activation, 0.25F, 0.75F},
                            shape.residual || shape.in_place);
    magnitude_ = run_scalar(absolute(x_), absolute(weight_), absolute(bias_), {}, false);
  }

  int64_t pixels() const { return int64_t{shape_.OH()} * shape_.OW(); }

  // What is wrong with the result of `function` for a variant; empty: nothing. Launch errors and
  // findings of the device come first.
  std::string run(const softgpu::SoftGpu& gpu, pawl::cuda::CUfunction function,
                  const ConvF16Variant& variant) const {
    softgpu::control().clear_findings();
    const auto& d = gpu.driver;
    const ConvShape& s = shape_;
    const auto x = upload_pixels(gpu, x_, int64_t{s.IH} * s.IW, s.IC, s.x_stride());
    std::vector<uint16_t> packed(packed_conv_f16_halves(s.OC, s.IC, s.KH, s.KW), 0x7E00);
    pack_conv_f16_weights(weight_.data(), s.OC, s.IC, s.KH, s.KW, packed.data());
    const auto weight = gpu.upload(packed);
    std::vector<float> bias = bias_;
    bias.resize((bias.size() + 7) / 8 * 8);
    const auto bias_at = gpu.upload(bias);
    const auto residual = upload_pixels(gpu, residual_, pixels(), s.OC, s.y_stride());
    const auto y = s.in_place ? upload_pixels(gpu, residual_, pixels(), s.OC, s.y_stride())
                              : gpu.allocate(bytes(pixels(), s.OC, s.y_stride()));
    ConvF16Params p{};
    p.IH = s.IH, p.IW = s.IW, p.IC = s.IC, p.OH = s.OH(), p.OW = s.OW(), p.OC = s.OC, p.KH = s.KH,
    p.KW = s.KW;
    p.stride_h = s.stride_h, p.stride_w = s.stride_w, p.pad_top = s.pad_top,
    p.pad_left = s.pad_left;
    p.dilation_h = s.dilation_h, p.dilation_w = s.dilation_w;
    p.x_pixel_stride = s.x_stride(), p.y_pixel_stride = p.residual_pixel_stride = s.y_stride();
    p.x = reinterpret_cast<const uint16_t*>(x),
    p.weight = reinterpret_cast<const uint16_t*>(weight);
    p.bias = reinterpret_cast<const float*>(bias_at), p.y = reinterpret_cast<uint16_t*>(y);
    p.residual = s.in_place   ? p.y
                 : s.residual ? reinterpret_cast<const uint16_t*>(residual)
                              : nullptr;
    p.activation = {s.activation, 0.25F, 0.75F};

    const ConvF16Grid grid = conv_f16_grid(variant, p);
    void* parameters[] = {&p};
    auto result =
        d.cuLaunchKernel(function, grid.x, grid.y, 1, static_cast<unsigned>(variant.threads), 1, 1,
                         0, nullptr, parameters, nullptr);
    if (result == pawl::cuda::CUDA_SUCCESS) result = d.cuCtxSynchronize();
    if (result != pawl::cuda::CUDA_SUCCESS)
      return d.check(result, "launch").error().message + " " + gpu.findings();
    std::string wrong = gpu.findings();
    if (wrong.empty()) wrong = compare(gpu, y);
    for (const auto address : {x, weight, bias_at, residual, y}) d.cuMemFree(address);
    return wrong;
  }

 private:
  static std::vector<float> absolute(std::vector<float> values) {
    for (float& v : values) v = std::abs(v);
    return values;
  }
  static size_t bytes(int64_t pixels, int32_t channels, int32_t stride) {
    return static_cast<size_t>((pixels - 1) * stride + channels) * 2;
  }

  std::vector<float> run_scalar(const std::vector<float>& x, const std::vector<float>& weight,
                                std::vector<float> bias, ActivationParams activation,
                                bool residual) const {
    const ConvShape& s = shape_;
    std::vector<float> packed(packed_conv_floats(s.OC, s.IC, s.KH, s.KW)),
        zeros(static_cast<size_t>(s.IC));
    pack_conv_weights(weight.data(), s.OC, s.IC, s.KH, s.KW, packed.data());
    bias.resize((bias.size() + 15) / 16 * 16);
    std::vector<float> y(static_cast<size_t>(pixels() * s.OC));
    ConvParams p{};
    p.IH = s.IH, p.IW = s.IW, p.IC = s.IC, p.OH = s.OH(), p.OW = s.OW(), p.OC = s.OC, p.KH = s.KH,
    p.KW = s.KW;
    p.stride_h = s.stride_h, p.stride_w = s.stride_w, p.pad_top = s.pad_top,
    p.pad_left = s.pad_left;
    p.dilation_h = s.dilation_h, p.dilation_w = s.dilation_w;
    p.x_pixel_stride = s.IC, p.y_pixel_stride = s.OC, p.residual_pixel_stride = s.OC;
    p.x = x.data(), p.weight = packed.data(), p.bias = bias.data(), p.zeros = zeros.data(),
    p.y = y.data();
    p.residual = residual ? residual_.data() : nullptr;
    p.activation = activation;
    conv_variants().back().run(p, 0, 1);
    return y;
  }

  // Pixel by pixel, so that to the device the gaps between them were never written.
  static pawl::cuda::CUdeviceptr upload_pixels(const softgpu::SoftGpu& gpu,
                                               const std::vector<float>& values, int64_t pixels,
                                               int32_t channels, int32_t stride) {
    const auto address = gpu.allocate(bytes(pixels, channels, stride));
    std::vector<uint16_t> halves(static_cast<size_t>(channels));
    for (int64_t i = 0; i < pixels; ++i) {
      for (int32_t c = 0; c < channels; ++c)
        halves[static_cast<size_t>(c)] = half_bits(values[static_cast<size_t>(i * channels + c)]);
      gpu.driver.cuMemcpyHtoD(address + static_cast<uint64_t>(i * stride) * 2, halves.data(),
                              halves.size() * 2);
    }
    return address;
  }

  // Of every output channel, which the device must have written, and the gaps, which it must not.
  std::string compare(const softgpu::SoftGpu& gpu, pawl::cuda::CUdeviceptr y) const {
    const size_t stride = static_cast<size_t>(shape_.y_stride()),
                 channels = static_cast<size_t>(shape_.OC);
    std::vector<uint16_t> row(channels);
    for (size_t pixel = 0; pixel < static_cast<size_t>(pixels()); ++pixel) {
      gpu.driver.cuMemcpyDtoH(row.data(), y + pixel * stride * 2, channels * 2);
      for (size_t c = 0; c < channels; ++c) {
        const double expected = static_cast<double>(reference_[pixel * channels + c]);
        const double actual = static_cast<double>(half_value(row[c]));
        if (std::abs(actual - expected) <= bound(pixel * channels + c)) continue;
        return "pixel " + std::to_string(pixel) + " channel " + std::to_string(c) + ": " +
               std::to_string(actual) + ", expected " + std::to_string(expected);
      }
    }
    std::string wrong = gpu.findings();
    const size_t gap = stride - channels;
    if (wrong.empty() && gap > 0 && pixels() > 1) {
      std::vector<uint16_t> between(gap);
      for (size_t pixel = 0; pixel + 1 < static_cast<size_t>(pixels()); ++pixel) {
        gpu.driver.cuMemcpyDtoH(between.data(), y + (pixel * stride + channels) * 2, gap * 2);
        if (std::all_of(between.begin(), between.end(), [](uint16_t v) { return v == 0xCBCB; }))
          continue;
        wrong = "gap behind pixel " + std::to_string(pixel) + " was written";
      }
      softgpu::control().clear_findings();  // of the reads of the gaps just now
    }
    return wrong;
  }

  // conv.h. No activation is steeper than 1.2.
  double bound(size_t element) const {
    const double K = static_cast<double>(shape_.IC) * shape_.KH * shape_.KW;
    const double sum = (K / 16 + 16) * 0x1p-23 * static_cast<double>(magnitude_[element]);
    const double y = std::abs(static_cast<double>(reference_[element]));
    const double activation =
        shape_.activation == Activation::kNone ? 0.0 : 1e-5 * std::max(1.0, y + 1.0);
    return 1.2 * sum + activation + 0x1p-11 * y + 0x1p-25;
  }

  ConvShape shape_;
  std::vector<float> x_, weight_, residual_, bias_, reference_, magnitude_;
};

inline ConvShape random_conv_shape(std::mt19937& random, int64_t products_max) {
  const auto pick = [&](std::initializer_list<int32_t> of) {
    return of.begin()[random() % of.size()];
  };
  for (;;) {
    ConvShape s{};
    s.IH = static_cast<int32_t>(1 + random() % 19), s.IW = static_cast<int32_t>(1 + random() % 19);
    s.IC = pick({1, 3, 7, 8, 9, 16, 24, 31, 40, 64, 72}),
    s.OC = pick({1, 7, 8, 16, 31, 33, 64, 65, 80, 130});
    s.KH = pick({1, 1, 2, 3, 3, 5}), s.KW = pick({1, 1, 2, 3, 3, 5});
    s.stride_h = pick({1, 1, 2, 3}), s.stride_w = pick({1, 1, 2, 3});
    s.pad_top = pick({0, 1, 2}), s.pad_left = pick({0, 1, 2}), s.pad_bottom = pick({0, 1, 2}),
    s.pad_right = pick({0, 1, 2});
    s.dilation_h = pick({1, 1, 2}), s.dilation_w = pick({1, 1, 2});
    s.x_gap = pick({0, 8, 24}), s.y_gap = pick({0, 8, 16});
    s.activation = static_cast<Activation>(random() % 11);
    s.residual = random() % 2 == 0;
    s.in_place = random() % 4 == 0;
    if (s.valid() && s.products() <= products_max) return s;
  }
}

}  // namespace pawl::kernels::cuda
