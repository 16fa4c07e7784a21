// Depthwise convolution, the specification: one output at a time, double accumulator.
#include <cstddef>

#include "kernels/cpu/depthwise/entries.h"
#include "kernels/cpu/vec/activation_scalar.h"

namespace pawl::kernels::cpu {
namespace {

double accumulate(const DepthwiseParams& p, int32_t oy, int32_t ox, int32_t c) {
  double sum = static_cast<double>(p.bias[c]);
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      const float x = p.x[(ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + c];
      const float w = p.weight[(ptrdiff_t{ky} * p.KW + kx) * p.C + c];
      sum += static_cast<double>(x) * static_cast<double>(w);
    }
  }
  return sum;
}

}  // namespace

void depthwise_scalar(const DepthwiseParams& p, int32_t part, int32_t parts) {
  const int64_t pixels = int64_t{p.OH} * p.OW;
  const int64_t end = pixels * (part + 1) / parts;
  for (int64_t pixel = pixels * part / parts; pixel < end; ++pixel) {
    const int32_t oy = static_cast<int32_t>(pixel / p.OW);
    const int32_t ox = static_cast<int32_t>(pixel % p.OW);
    for (int32_t c = 0; c < p.C; ++c) {
      double y = activate_scalar(accumulate(p, oy, ox, c), p.activation);
      if (p.residual != nullptr) {
        y += static_cast<double>(p.residual[pixel * p.residual_pixel_stride + c]);
      }
      p.y[pixel * p.y_pixel_stride + c] = static_cast<float>(y);
    }
  }
}

}  // namespace pawl::kernels::cpu
