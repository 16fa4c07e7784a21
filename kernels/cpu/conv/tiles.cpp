#include "kernels/cpu/conv/tiles.h"

#include <algorithm>

#include "kernels/cpu/conv/blocks.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

class FloatForm {
 public:
  using Params = ConvParams;
  using Microkernels = ConvMicrokernels;
  using TileKernel = cpu::TileKernel;
  using TileSum = cpu::TileSum;
  using Input = float;
  using Sum = float;
  static constexpr int32_t kStepChannels = 1;
  static constexpr ptrdiff_t kTileMax = kTileFloatsMax;
  static constexpr bool kTilesAlike = true;  // as activations round by it
  static constexpr bool kPadIsZero = true;

  FloatForm(const ConvParams& params, const ConvMicrokernels& microkernels)
      : p_(params), microkernels_(microkernels) {}

  const ConvParams& params() const { return p_; }
  const ConvMicrokernels& microkernels() const { return microkernels_; }
  const float* pad() const { return p_.zeros; }
  const float* bias(Range panels) const {
    return p_.bias + ptrdiff_t{panels.begin} * kPanelChannels;
  }

  // The rows of input that the next tile is the first to read: the last stride_h of its window.
  void plan_prefetch(const TilePlace& place, int32_t pixels, bool cold_input, TileSum& sum) const {
    const ptrdiff_t products = ptrdiff_t{p_.KH} * p_.KW * p_.IC;
    const ptrdiff_t tile_output = ptrdiff_t{pixels} * p_.y_pixel_stride;
    const float* y = p_.y + ptrdiff_t{place.first} * p_.y_pixel_stride +
                     ptrdiff_t{place.panels.begin} * kPanelChannels;
    sum.y = reinterpret_cast<const char*>(shifted(y, tile_output));
    sum.y_step = tile_output * ptrdiff_t{sizeof(float)} / products;
    sum.ahead = reinterpret_cast<const char*>(sum.x);
    sum.ahead_other = sum.ahead;
    if (!cold_input) return;
    const ptrdiff_t row = ptrdiff_t{p_.IW} * p_.x_pixel_stride;
    const ptrdiff_t tile_input = pixels * sum.pixel_step;
    const float* next = shifted(sum.x, ptrdiff_t{p_.KH - 1} * p_.dilation_h * row + tile_input);
    const float* other = next;
    ptrdiff_t floats = tile_input;
    if (p_.stride_h > 1) {
      other = shifted(next, -row);
      floats *= 2;
    } else if (sum.tap_count > 1) {
      other = shifted(next, tile_input / 2);
    }
    sum.ahead = reinterpret_cast<const char*>(next);
    sum.ahead_other = reinterpret_cast<const char*>(other);
    sum.ahead_step = floats * ptrdiff_t{sizeof(float)} / products;
  }

  void store(const float* tile, ptrdiff_t tile_stride, const TilePlace& place,
             int32_t pixels) const {
    const int32_t channel = place.panels.begin * kPanelChannels;
    const float* residual = p_.residual;
    if (residual != nullptr) {
      residual += ptrdiff_t{place.first} * p_.residual_pixel_stride + channel;
    }
    microkernels_.store[static_cast<int32_t>(p_.activation.kind)](
        {.tile = tile,
         .tile_stride = tile_stride,
         .pixels = pixels,
         .channels = std::min(place.panels.size() * kPanelChannels, p_.OC - channel),
         .y = p_.y + ptrdiff_t{place.first} * p_.y_pixel_stride + channel,
         .y_stride = p_.y_pixel_stride,
         .residual = residual,
         .residual_stride = p_.residual_pixel_stride,
         .alpha = p_.activation.alpha,
         .beta = p_.activation.beta});
  }

 private:
  const ConvParams& p_;
  const ConvMicrokernels& microkernels_;
};

}  // namespace

void conv_tiled(const ConvParams& params, int32_t part, int32_t parts,
                const ConvMicrokernels& microkernels) {
  FloatForm form(params, microkernels);
  ConvBlocks(form).run(part, parts);
}

}  // namespace pawl::kernels::cpu
