#include "kernels/cpu/winograd_u8/tiles.h"

#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

WinogradShape shape_of(const ConvU8Params& p) {
  return {.OH = p.OH, .OW = p.OW, .OC = p.OC, .words = (p.IC + 1) / 2};
}

class IntegerForm {
 public:
  using Word = int32_t;

  IntegerForm(const WinogradU8Params& params, const WinogradU8Microkernels& microkernels)
      : w_(params), p_(params.conv), microkernels_(microkernels) {}

  WinogradShape shape() const { return shape_of(p_); }
  int32_t pad_top() const { return p_.pad_top; }
  int32_t pad_left() const { return p_.pad_left; }
  const int32_t* weight() const { return w_.weight; }
  const WinogradProducts<int32_t>& products() const { return microkernels_.products; }

  void transform(const WindowPlace<int32_t>& place) const {
    microkernels_.transform_window({.x = p_.x,
                                    .row_stride = ptrdiff_t{p_.IW} * p_.x_pixel_stride,
                                    .pixel_stride = p_.x_pixel_stride,
                                    .IH = p_.IH,
                                    .IW = p_.IW,
                                    .channels = p_.IC,
                                    .zero = w_.zero,
                                    .place = place});
  }

  // Their four rows of outputs, as far as they lie inside y.
  void store(const TileRun<int32_t>& run) const {
    constexpr ptrdiff_t kRowWords = ptrdiff_t{kRunTiles} * kWinogradTile * kPanelChannels;
    alignas(64) int32_t rows[kWinogradTile * kRowWords];
    const ptrdiff_t channel = ptrdiff_t{run.panel} * kPanelChannels;
    microkernels_.transform_output({.product = run.products,
                                    .plane_words = run.plane_words,
                                    .tiles = run.tiles,
                                    .bias = w_.bias + channel,
                                    .to = rows,
                                    .row_words = kRowWords});
    const Epilogue& epilogue = p_.epilogue;
    const int32_t row_count = std::min(kWinogradTile, p_.OH - run.oy);
    for (int32_t i = 0; i < row_count; ++i) {
      const ptrdiff_t pixel = ptrdiff_t{run.oy + i} * p_.OW + run.ox;
      const ptrdiff_t output = pixel * p_.y_pixel_stride + channel;
      const uint8_t* residual = epilogue.residual;
      if (residual != nullptr) residual += pixel * epilogue.residual_pixel_stride + channel;
      microkernels_.store[static_cast<int32_t>(epilogue.activation.kind)](
          {.tile = rows + i * kRowWords,
           .tile_stride = kPanelChannels,
           .pixels = std::min(run.tiles * kWinogradTile, p_.OW - run.ox),
           .channels = std::min(kPanelChannels, p_.OC - run.panel * kPanelChannels),
           .y = p_.y == nullptr ? nullptr : p_.y + output,
           .y_float = p_.y_float == nullptr ? nullptr : p_.y_float + output,
           .y_stride = p_.y_pixel_stride,
           .residual = residual,
           .residual_stride = epilogue.residual_pixel_stride,
           .scale = epilogue.scale + channel,
           .inverse_scale = p_.y == nullptr ? nullptr : epilogue.inverse_scale + channel,
           .epilogue = &epilogue});
    }
  }

 private:
  const WinogradU8Params& w_;
  const ConvU8Params& p_;
  const WinogradU8Microkernels& microkernels_;
};

}  // namespace

size_t winograd_u8_part_words(const ConvU8Params& params) {
  return static_cast<size_t>(BlockPlan(shape_of(params)).words());
}

void winograd_u8_tiled(const WinogradU8Params& params, int32_t part, int32_t parts,
                       const WinogradU8Microkernels& microkernels) {
  const IntegerForm form(params, microkernels);
  WinogradBlocks(form, params.scratch, part).run(part, parts);
}

}  // namespace pawl::kernels::cpu
