#include "kernels/cpu/winograd/tiles.h"

#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

WinogradShape shape_of(const WinogradParams& p) {
  return {.OH = p.OH, .OW = p.OW, .OC = p.OC, .words = p.IC};
}

class FloatForm {
 public:
  using Word = float;

  FloatForm(const WinogradParams& params, const WinogradMicrokernels& microkernels)
      : p_(params), microkernels_(microkernels) {}

  WinogradShape shape() const { return shape_of(p_); }
  int32_t pad_top() const { return p_.pad_top; }
  int32_t pad_left() const { return p_.pad_left; }
  const float* weight() const { return p_.weight; }
  const WinogradProducts<float>& products() const { return microkernels_.products; }

  void transform(const WindowPlace<float>& place) const {
    microkernels_.transform_window({.x = p_.x,
                                    .row_stride = ptrdiff_t{p_.IW} * p_.x_pixel_stride,
                                    .pixel_stride = p_.x_pixel_stride,
                                    .IH = p_.IH,
                                    .IW = p_.IW,
                                    .channels = p_.IC,
                                    .place = place});
  }

  // Their four rows of outputs, as far as they lie inside y.
  void store(const TileRun<float>& run) const {
    constexpr ptrdiff_t kRowFloats = ptrdiff_t{kRunTiles} * kWinogradTile * kPanelChannels;
    alignas(64) float rows[kWinogradTile * kRowFloats];
    const ptrdiff_t channel = ptrdiff_t{run.panel} * kPanelChannels;
    microkernels_.transform_output({.product = run.products,
                                    .plane_floats = run.plane_words,
                                    .tiles = run.tiles,
                                    .bias = p_.bias + channel,
                                    .to = rows,
                                    .row_floats = kRowFloats});
    const int32_t row_count = std::min(kWinogradTile, p_.OH - run.oy);
    for (int32_t i = 0; i < row_count; ++i) {
      const ptrdiff_t pixel = ptrdiff_t{run.oy + i} * p_.OW + run.ox;
      const float* residual = p_.residual;
      if (residual != nullptr) residual += pixel * p_.residual_pixel_stride + channel;
      microkernels_.store[static_cast<int32_t>(p_.activation.kind)](
          {.tile = rows + i * kRowFloats,
           .tile_stride = kPanelChannels,
           .pixels = std::min(run.tiles * kWinogradTile, p_.OW - run.ox),
           .channels = std::min(kPanelChannels, p_.OC - run.panel * kPanelChannels),
           .y = p_.y + pixel * p_.y_pixel_stride + channel,
           .y_stride = p_.y_pixel_stride,
           .residual = residual,
           .residual_stride = p_.residual_pixel_stride,
           .alpha = p_.activation.alpha,
           .beta = p_.activation.beta});
    }
  }

 private:
  const WinogradParams& p_;
  const WinogradMicrokernels& microkernels_;
};

}  // namespace

size_t winograd_part_floats(const WinogradParams& params) {
  return static_cast<size_t>(BlockPlan(shape_of(params)).words());
}

void winograd_tiled(const WinogradParams& params, int32_t part, int32_t parts,
                    const WinogradMicrokernels& microkernels) {
  const FloatForm form(params, microkernels);
  WinogradBlocks(form, params.scratch, part).run(part, parts);
}

}  // namespace pawl::kernels::cpu
