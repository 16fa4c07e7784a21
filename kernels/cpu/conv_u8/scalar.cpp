// Dense u8 convolution, the specification: one output at a time.
#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/cpu/vec/requantize_scalar.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

int32_t accumulate(const ConvU8Params& p, int32_t oy, int32_t ox, int32_t oc) {
  const ptrdiff_t tap_bytes =
      ptrdiff_t{(p.IC + kConvU8Group - 1) / kConvU8Group} * kPanelChannels * kConvU8Group;
  const ptrdiff_t panel_bytes = ptrdiff_t{p.KH} * p.KW * tap_bytes;
  const int8_t* panel =
      p.weight + oc / kPanelChannels * panel_bytes + ptrdiff_t{oc % kPanelChannels} * kConvU8Group;
  int32_t sum = p.bias[oc];
  for (int32_t ky = 0; ky < p.KH; ++ky) {
    for (int32_t kx = 0; kx < p.KW; ++kx) {
      const int32_t iy = oy * p.stride_h + ky * p.dilation_h - p.pad_top;
      const int32_t ix = ox * p.stride_w + kx * p.dilation_w - p.pad_left;
      const bool inside = iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW;
      const uint8_t* x = inside ? p.x + (ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride : p.pad;
      const int8_t* w = panel + (ptrdiff_t{ky} * p.KW + kx) * tap_bytes;
      for (int32_t ic = 0; ic < p.IC; ++ic) {
        const int32_t group = ic / kConvU8Group * kPanelChannels * kConvU8Group;
        sum += int32_t{x[ic]} * int32_t{w[group + ic % kConvU8Group]};
      }
    }
  }
  return sum;
}

}  // namespace

void conv_u8_scalar(const ConvU8Params& p, int32_t part, int32_t parts) {
  const int64_t pixels = int64_t{p.OH} * p.OW;
  const int64_t end = pixels * (part + 1) / parts;
  const Epilogue& e = p.epilogue;
  for (int64_t pixel = pixels * part / parts; pixel < end; ++pixel) {
    const int32_t oy = static_cast<int32_t>(pixel / p.OW);
    const int32_t ox = static_cast<int32_t>(pixel % p.OW);
    for (int32_t oc = 0; oc < p.OC; ++oc) {
      const uint8_t* residual =
          e.residual == nullptr ? nullptr : e.residual + pixel * e.residual_pixel_stride + oc;
      const float value = finish_scalar(accumulate(p, oy, ox, oc), e.scale[oc], residual, e);
      if (p.y_float != nullptr) {
        p.y_float[pixel * p.y_pixel_stride + oc] = value;
      } else {
        p.y[pixel * p.y_pixel_stride + oc] = quantize_scalar(value, e.inverse_scale[oc], e.zero);
      }
    }
  }
}

}  // namespace pawl::kernels::cpu
