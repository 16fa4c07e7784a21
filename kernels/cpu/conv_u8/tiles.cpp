#include "kernels/cpu/conv_u8/tiles.h"

#include <algorithm>

#include "kernels/cpu/conv/blocks.h"
#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kPanelsMax = 3;  // panels_max of any microkernels

class IntegerForm {
 public:
  using Params = ConvU8Params;
  using Microkernels = ConvU8Microkernels;
  using TileKernel = TileKernelU8;
  using TileSum = TileSumU8;
  using Input = uint8_t;
  using Sum = int32_t;
  static constexpr int32_t kStepChannels = kConvU8Group;
  static constexpr ptrdiff_t kTileMax = kTileIntegersMax;
  static constexpr bool kTilesAlike = false;
  static constexpr bool kPadIsZero = false;  // but the zero point, which the bias takes back

  IntegerForm(const ConvU8Params& params, const ConvU8Microkernels& microkernels)
      : p_(params),
        microkernels_(microkernels),
        panel_groups_(ptrdiff_t{p_.KH} * p_.KW * ceil_div(p_.IC, kConvU8Group)) {}

  const ConvU8Params& params() const { return p_; }
  const ConvU8Microkernels& microkernels() const { return microkernels_; }
  const uint8_t* pad() const { return p_.pad; }

  const int32_t* bias(Range panels) {
    const int32_t* bias = p_.bias + ptrdiff_t{panels.begin} * kPanelChannels;
    if (microkernels_.start == nullptr) return bias;
    for (int32_t i = 0; i < panels.size(); ++i) {
      microkernels_.start(p_.weight + (panels.begin + i) * panel_groups_ * kGroupBytes,
                          panel_groups_, bias + i * kPanelChannels, start_ + i * kPanelChannels);
    }
    return start_;
  }

  // What the next tile is the first to read: the last row of its window.
  void plan_prefetch(const TilePlace& place, int32_t pixels, bool cold_input,
                     TileSumU8& sum) const {
    sum.ahead = sum.x;
    sum.y = sum.x;
    if (cold_input) {
      const ptrdiff_t row = ptrdiff_t{p_.IW} * p_.x_pixel_stride;
      const ptrdiff_t tile_input = pixels * sum.pixel_step;
      sum.ahead = shifted(sum.x, ptrdiff_t{p_.KH - 1} * p_.dilation_h * row + tile_input);
      sum.ahead_step = (tile_input + panel_groups_ - 1) / panel_groups_;
    }
    if (p_.y != nullptr) {
      const ptrdiff_t tile_output = ptrdiff_t{pixels} * p_.y_pixel_stride;
      const ptrdiff_t next = (ptrdiff_t{place.first} + pixels) * p_.y_pixel_stride;
      sum.y = shifted(p_.y, next + ptrdiff_t{place.panels.begin} * kPanelChannels);
      sum.y_step = (tile_output + panel_groups_ - 1) / panel_groups_;
    }
  }

  void store(const int32_t* tile, ptrdiff_t tile_stride, const TilePlace& place,
             int32_t pixels) const {
    const Epilogue& epilogue = p_.epilogue;
    const int32_t channel = place.panels.begin * kPanelChannels;
    const ptrdiff_t output = ptrdiff_t{place.first} * p_.y_pixel_stride + channel;
    const uint8_t* residual = epilogue.residual;
    if (residual != nullptr) {
      residual += ptrdiff_t{place.first} * epilogue.residual_pixel_stride + channel;
    }
    microkernels_.store[static_cast<int32_t>(epilogue.activation.kind)](
        {.tile = tile,
         .tile_stride = tile_stride,
         .pixels = pixels,
         .channels = std::min(place.panels.size() * kPanelChannels, p_.OC - channel),
         .y = p_.y == nullptr ? nullptr : p_.y + output,
         .y_float = p_.y_float == nullptr ? nullptr : p_.y_float + output,
         .y_stride = p_.y_pixel_stride,
         .residual = residual,
         .residual_stride = epilogue.residual_pixel_stride,
         .scale = epilogue.scale + channel,
         .inverse_scale = p_.y == nullptr ? nullptr : epilogue.inverse_scale + channel,
         .epilogue = &epilogue});
  }

 private:
  const ConvU8Params& p_;
  const ConvU8Microkernels& microkernels_;
  const ptrdiff_t panel_groups_;  // groups of input channels, of all taps
  int32_t start_[kPanelsMax * kPanelChannels];
};

}  // namespace

void conv_u8_tiled(const ConvU8Params& params, int32_t part, int32_t parts,
                   const ConvU8Microkernels& microkernels) {
  IntegerForm form(params, microkernels);
  ConvBlocks(form).run(part, parts);
}

}  // namespace pawl::kernels::cpu
