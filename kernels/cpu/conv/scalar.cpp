// Dense convolution, the specification: one output at a time, double accumulator.
#include "kernels/cpu/conv/entries.h"
#include "kernels/cpu/vec/activation_scalar.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

double accumulate(const ConvParams& p, int32_t oy, int32_t ox, int32_t oc) {
  const ptrdiff_t panel_floats = ptrdiff_t{p.KH} * p.KW * p.IC * kPanelChannels;
  const float* weight = p.weight + oc / kPanelChannels * panel_floats + oc % kPanelChannels;
  double sum = static_cast<double>(p.bias[oc]);
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
    if (iy < 0 || iy >= p.IH) continue;
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      if (ix < 0 || ix >= p.IW) continue;
      const float* x = p.x + (ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride;
      const float* w = weight + (ptrdiff_t{ky} * p.KW + kx) * p.IC * kPanelChannels;
      for (int32_t ic = 0; ic < p.IC; ++ic) {
        sum += static_cast<double>(x[ic]) * static_cast<double>(w[ptrdiff_t{ic} * kPanelChannels]);
      }
    }
  }
  return sum;
}

}  // namespace

void conv_scalar(const ConvParams& p, int32_t part, int32_t parts) {
  const int64_t pixels = int64_t{p.OH} * p.OW;
  const int64_t end = pixels * (part + 1) / parts;
  for (int64_t pixel = pixels * part / parts; pixel < end; ++pixel) {
    const int32_t oy = static_cast<int32_t>(pixel / p.OW);
    const int32_t ox = static_cast<int32_t>(pixel % p.OW);
    for (int32_t oc = 0; oc < p.OC; ++oc) {
      double y = activate_scalar(accumulate(p, oy, ox, oc), p.activation);
      if (p.residual != nullptr) {
        y += static_cast<double>(p.residual[pixel * p.residual_pixel_stride + oc]);
      }
      p.y[pixel * p.y_pixel_stride + oc] = static_cast<float>(y);
    }
  }
}

}  // namespace pawl::kernels::cpu
