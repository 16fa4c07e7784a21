// Depthwise u8 convolution, the specification: one output at a time.
#include <cstddef>

#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/requantize_scalar.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

int32_t accumulate(const DepthwiseU8Params& p, int32_t oy, int32_t ox, int32_t c) {
  const int32_t row = (p.C + kPanelChannels - 1) / kPanelChannels * kPanelChannels;
  int32_t sum = p.bias[c];
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      const bool inside = iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW;
      const uint8_t x = inside ? p.x[(ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + c] : p.pad;
      sum += int32_t{x} * int32_t{p.weight[(ptrdiff_t{ky} * p.KW + kx) * row + c]};
    }
  }
  return sum;
}

}  // namespace

void depthwise_u8_scalar(const DepthwiseU8Params& p, int32_t part, int32_t parts) {
  const int64_t pixels = int64_t{p.OH} * p.OW;
  const int64_t end = pixels * (part + 1) / parts;
  const Epilogue& e = p.epilogue;
  for (int64_t pixel = pixels * part / parts; pixel < end; ++pixel) {
    const int32_t oy = static_cast<int32_t>(pixel / p.OW);
    const int32_t ox = static_cast<int32_t>(pixel % p.OW);
    for (int32_t c = 0; c < p.C; ++c) {
      const uint8_t* residual =
          e.residual == nullptr ? nullptr : e.residual + pixel * e.residual_pixel_stride + c;
      const float value = finish_scalar(accumulate(p, oy, ox, c), e.scale[c], residual, e);
      if (p.y_float != nullptr) {
        p.y_float[pixel * p.y_pixel_stride + c] = value;
      } else {
        p.y[pixel * p.y_pixel_stride + c] = quantize_scalar(value, e.inverse_scale[c], e.zero);
      }
    }
  }
}

}  // namespace pawl::kernels::cpu
