#include "kernels/cpu/conv_u8/tiles.h"

#include <algorithm>

#include "kernels/cpu/conv_u8/entries.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr ptrdiff_t kPointersMax = 1024;                 // of a tile at a time
constexpr int32_t kTilePixelsMax = 32;                   // P of the largest micro-kernel
constexpr int32_t kPanelsMax = 3;                        // panels_max of any microkernels
constexpr int32_t kOffsetsMax = 64;                      // taps of the strided form
constexpr ptrdiff_t kBlockBytes = ptrdiff_t{512} << 10;  // input that stays in L2 for all panels

int32_t ceil_div(int32_t a, int32_t b) {
  return (a + b - 1) / b;
}

struct Range {
  int32_t begin, end;
  int32_t size() const { return end - begin; }
};

// What one part computes: a range of pixels times a range of panels.
struct Share {
  Range pixels, panels;
};

// Splits pixels x panels over a grid of pixel_parts * panel_parts = parts, the one with the
// smallest largest share; between equals, the one that leaves the larger operand unshared.
Share share_of(const ConvU8Params& p, int32_t pixels, int32_t panels, int32_t tile_pixels,
               int32_t part, int32_t parts) {
  const int32_t tiles = ceil_div(pixels, tile_pixels);
  const bool weights_larger = ptrdiff_t{p.KH} * p.KW * p.OC > ptrdiff_t{p.IH} * p.IW;
  int32_t panel_parts = 1;
  int64_t least = INT64_MAX;
  for (int32_t candidate = 1; candidate <= std::min(parts, panels); ++candidate) {
    if (parts % candidate != 0) continue;
    const int64_t cost = int64_t{ceil_div(panels, candidate)} * ceil_div(tiles, parts / candidate);
    if (cost < least || (cost == least && weights_larger)) {
      least = cost;
      panel_parts = candidate;
    }
  }
  const auto slice = [](int32_t count, int64_t index, int64_t slices) {
    return Range{static_cast<int32_t>(count * index / slices),
                 static_cast<int32_t>(count * (index + 1) / slices)};
  };
  const int32_t pixel_parts = parts / panel_parts;
  const Range range = slice(tiles, part % pixel_parts, pixel_parts);
  return {{range.begin * tile_pixels, std::min(range.end * tile_pixels, pixels)},
          slice(panels, part / pixel_parts, panel_parts)};
}

// The smallest micro-kernel of `panels` that holds `pixels`, or else the largest.
const TileKernelU8& kernel_for(const ConvU8Microkernels& microkernels, int32_t panels,
                               int32_t pixels) {
  const TileKernelU8* best = nullptr;
  for (int32_t i = 0; i < microkernels.kernel_count; ++i) {
    const TileKernelU8& kernel = microkernels.kernels[i];
    if (kernel.panels != panels) continue;
    if (best == nullptr || kernel.pixels >= pixels) best = &kernel;
  }
  return *best;
}

// Integer arithmetic: the corner of a padded window may lie before the buffer.
const uint8_t* shifted(const uint8_t* x, ptrdiff_t bytes) {
  return reinterpret_cast<const uint8_t*>(reinterpret_cast<uintptr_t>(x) +
                                          static_cast<uintptr_t>(bytes));
}

struct Pixel {
  int32_t oy, ox;
};

// Where each tap of each pixel of a tile lies, for tiles that touch the border or span rows.
class TileTaps {
 public:
  TileTaps(const ConvU8Params& params, Pixel first, int32_t count, int32_t pixels)
      : p_(params), pixels_(pixels) {
    locate(first, count);
  }

  // Pointers of taps [begin, end), `pixels` a tap.
  void fill(ptrdiff_t begin, ptrdiff_t end, const uint8_t** out) const {
    int32_t ky = static_cast<int32_t>(begin / p_.KW);
    int32_t kx = static_cast<int32_t>(begin % p_.KW);
    for (ptrdiff_t tap = begin; tap < end; ++tap, out += pixels_) {
      const int32_t dy = ky * p_.dilation_h;
      const int32_t dx = kx * p_.dilation_w;
      const ptrdiff_t offset = (ptrdiff_t{dy} * p_.IW + dx) * p_.x_pixel_stride;
      for (int32_t i = 0; i < pixels_; ++i) out[i] = shifted(base_[i], offset);
      for (int32_t e = 0; e < edge_count_; ++e) {
        const int32_t iy = edge_[e].iy + dy;
        const int32_t ix = edge_[e].ix + dx;
        if (iy < 0 || iy >= p_.IH || ix < 0 || ix >= p_.IW) out[edge_[e].pixel] = p_.pad;
      }
      if (++kx == p_.KW) {
        kx = 0;
        ++ky;
      }
    }
  }

 private:
  struct Edge {
    int32_t pixel, iy, ix;
  };

  void locate(Pixel at, int32_t count) {
    const int32_t reach_h = (p_.KH - 1) * p_.dilation_h;
    const int32_t reach_w = (p_.KW - 1) * p_.dilation_w;
    const ptrdiff_t step = ptrdiff_t{p_.stride_w} * p_.x_pixel_stride;
    for (int32_t i = 0; i < count;) {
      const int32_t run = std::min(count - i, p_.OW - at.ox);
      const int32_t iy = at.oy * p_.stride_h - p_.pad_top;
      int32_t ix = at.ox * p_.stride_w - p_.pad_left;
      const bool row_inside = iy >= 0 && iy + reach_h < p_.IH;
      ptrdiff_t offset = (ptrdiff_t{iy} * p_.IW + ix) * p_.x_pixel_stride;
      for (const int32_t stop = i + run; i < stop; ++i) {
        base_[i] = shifted(p_.x, offset);
        if (!row_inside || ix < 0 || ix + reach_w >= p_.IW) edge_[edge_count_++] = {i, iy, ix};
        ix += p_.stride_w;
        offset += step;
      }
      at = {at.oy + 1, 0};
    }
    // A short tile computes its last pixel again and stores it once.
    for (int32_t i = count; i < pixels_; ++i) {
      base_[i] = base_[count - 1];
      if (edge_count_ > 0 && edge_[edge_count_ - 1].pixel == i - 1) {
        edge_[edge_count_] = edge_[edge_count_ - 1];
        edge_[edge_count_++].pixel = i;
      }
    }
  }

  const ConvU8Params& p_;
  int32_t pixels_;
  int32_t edge_count_ = 0;
  const uint8_t* base_[kTilePixelsMax];
  Edge edge_[kTilePixelsMax];
};

// One call: what all its tiles share, and the loops over them.
class TiledConvU8 {
 public:
  TiledConvU8(const ConvU8Params& params, const ConvU8Microkernels& microkernels)
      : p_(params), microkernels_(microkernels) {
    flatten();
    groups_ = ceil_div(p_.IC, kConvU8Group);
    taps_ = ptrdiff_t{p_.KH} * p_.KW;
    panel_bytes_ = taps_ * groups_ * kGroupBytes;
    plan_strided();
  }

  void run(int32_t part, int32_t parts) {
    const int32_t panels = ceil_div(p_.OC, kPanelChannels);
    const int32_t preferred = std::min(panels, microkernels_.panels_preferred);
    const int32_t tile_pixels = kernel_for(microkernels_, preferred, INT32_MAX).pixels;
    const Share share = share_of(p_, p_.OH * p_.OW, panels, tile_pixels, part, parts);

    const ptrdiff_t input_bytes = ptrdiff_t{p_.IC} * p_.stride_h * p_.stride_w;
    const ptrdiff_t block_tiles = std::max<ptrdiff_t>(1, kBlockBytes / (input_bytes * tile_pixels));
    const int32_t block =
        static_cast<int32_t>(std::min<ptrdiff_t>(block_tiles * tile_pixels, p_.OH * p_.OW));
    for (int32_t first = share.pixels.begin; first < share.pixels.end; first += block) {
      run_block({first, std::min(first + block, share.pixels.end)}, share.panels);
    }
  }

 private:
  // A 1x1 convolution that moves nothing sees the image as one row, so that no tile spans two.
  void flatten() {
    const bool pointwise = p_.KH == 1 && p_.KW == 1 && p_.stride_h == 1 && p_.stride_w == 1 &&
                           p_.pad_top == 0 && p_.pad_left == 0 && p_.OH == p_.IH && p_.OW == p_.IW;
    if (!pointwise) return;
    p_.OW = p_.OH * p_.OW;
    p_.IW = p_.OW;
    p_.OH = 1;
    p_.IH = 1;
  }

  // Output rows and columns whose window lies inside the image, and the offsets of its taps. Where
  // pixels are dense and made of whole groups a row of taps is one run of KW*IC bytes.
  void plan_strided() {
    const auto inside = [](int32_t pad, int32_t stride, int32_t extent, int32_t reach,
                           int32_t count) {
      const int32_t begin = ceil_div(std::max(pad, 0), stride);
      const int32_t last = extent - 1 - reach + pad;
      const int32_t end = last < 0 ? 0 : std::min(last / stride + 1, count);
      return Range{begin, end};
    };
    inside_rows_ = inside(p_.pad_top, p_.stride_h, p_.IH, (p_.KH - 1) * p_.dilation_h, p_.OH);
    inside_columns_ = inside(p_.pad_left, p_.stride_w, p_.IW, (p_.KW - 1) * p_.dilation_w, p_.OW);
    const bool row_runs =
        p_.dilation_w == 1 && p_.x_pixel_stride == p_.IC && p_.IC % kConvU8Group == 0;
    const int32_t columns = row_runs ? 1 : p_.KW;
    run_groups_ = groups_ * (row_runs ? p_.KW : 1);
    if (ptrdiff_t{p_.KH} * columns > kOffsetsMax) {
      inside_rows_ = {0, 0};
      return;
    }
    for (int32_t ky = 0; ky < p_.KH; ++ky) {
      for (int32_t kx = 0; kx < columns; ++kx) {
        offsets_[offset_count_++] =
            (ptrdiff_t{ky} * p_.dilation_h * p_.IW + ptrdiff_t{kx} * p_.dilation_w) *
            p_.x_pixel_stride;
      }
    }
  }

  void run_block(Range pixels, Range panels) {
    for (int32_t panel = panels.begin; panel < panels.end;) {
      const int32_t left = panels.end - panel;
      const bool take_odd =
          left % microkernels_.panels_preferred != 0 && left >= microkernels_.panels_max;
      const int32_t group =
          std::min(left, take_odd ? microkernels_.panels_max : microkernels_.panels_preferred);
      run_group(pixels, {panel, panel + group}, panel == panels.begin);
      panel += group;
    }
  }

  // The first group of a block is the one that finds its input outside L2.
  void run_group(Range pixels, Range panels, bool cold_input) {
    const TileKernelU8& full = kernel_for(microkernels_, panels.size(), INT32_MAX);
    start_sums(panels);
    Pixel at{pixels.begin / p_.OW, pixels.begin % p_.OW};
    for (int32_t first = pixels.begin; first < pixels.end; first += full.pixels) {
      const int32_t count = std::min(full.pixels, pixels.end - first);
      const bool strided = full.by_stride != nullptr && count == full.pixels &&
                           at.oy >= inside_rows_.begin && at.oy < inside_rows_.end &&
                           at.ox >= inside_columns_.begin && at.ox + count <= inside_columns_.end;
      if (strided) {
        run_strided(full, panels, first, at, cold_input);
      } else {
        run_by_pointer(kernel_for(microkernels_, panels.size(), count), panels, first, at, count);
      }
      for (at.ox += full.pixels; at.ox >= p_.OW; at.ox -= p_.OW) ++at.oy;
    }
  }

  void start_sums(Range panels) {
    bias_ = p_.bias + ptrdiff_t{panels.begin} * kPanelChannels;
    if (microkernels_.start == nullptr) return;
    const int8_t* weight = p_.weight + panels.begin * panel_bytes_;
    for (int32_t i = 0; i < panels.size(); ++i) {
      microkernels_.start(weight + i * panel_bytes_, taps_ * groups_, bias_ + i * kPanelChannels,
                          start_ + i * kPanelChannels);
    }
    bias_ = start_;
  }

  void run_strided(const TileKernelU8& kernel, Range panels, int32_t first, Pixel at,
                   bool cold_input) {
    alignas(64) int32_t tile[kTileIntegersMax];
    const ptrdiff_t iy = ptrdiff_t{at.oy} * p_.stride_h - p_.pad_top;
    const ptrdiff_t ix = ptrdiff_t{at.ox} * p_.stride_w - p_.pad_left;
    const uint8_t* x = p_.x + (iy * p_.IW + ix) * p_.x_pixel_stride;
    const ptrdiff_t sum_groups = taps_ * groups_;
    const ptrdiff_t pixel_step = ptrdiff_t{p_.stride_w} * p_.x_pixel_stride;
    TileSumU8 sum{.pointers = nullptr,
                  .x = x,
                  .offsets = offsets_,
                  .pixel_step = pixel_step,
                  .tap_count = offset_count_,
                  .groups = run_groups_,
                  .weight = p_.weight + panels.begin * panel_bytes_,
                  .panel_bytes = panel_bytes_,
                  .bias = bias_,
                  .resume = false,
                  .tile = tile,
                  .ahead = x,
                  .ahead_step = 0,
                  .y = x,
                  .y_step = 0};
    if (cold_input) {
      // What the next tile is the first to read: the last row of its window.
      const ptrdiff_t row = ptrdiff_t{p_.IW} * p_.x_pixel_stride;
      const ptrdiff_t tile_bytes = kernel.pixels * pixel_step;
      sum.ahead = shifted(x, ptrdiff_t{p_.KH - 1} * p_.dilation_h * row + tile_bytes);
      sum.ahead_step = (tile_bytes + sum_groups - 1) / sum_groups;
    }
    if (p_.y != nullptr) {
      const ptrdiff_t tile_output = ptrdiff_t{kernel.pixels} * p_.y_pixel_stride;
      const ptrdiff_t next = (ptrdiff_t{first} + kernel.pixels) * p_.y_pixel_stride;
      sum.y = shifted(p_.y, next + ptrdiff_t{panels.begin} * kPanelChannels);
      sum.y_step = (tile_output + sum_groups - 1) / sum_groups;
    }
    kernel.by_stride(sum);
    store(tile, kernel.panels, panels, first, kernel.pixels);
  }

  void run_by_pointer(const TileKernelU8& kernel, Range panels, int32_t first, Pixel at,
                      int32_t count) {
    alignas(64) int32_t tile[kTileIntegersMax];
    const uint8_t* pointers[kPointersMax];
    const TileTaps taps(p_, at, count, kernel.pixels);
    TileSumU8 sum{};
    sum.pointers = pointers;
    sum.groups = groups_;
    sum.weight = p_.weight + panels.begin * panel_bytes_;
    sum.panel_bytes = panel_bytes_;
    sum.bias = bias_;
    sum.tile = tile;
    const ptrdiff_t chunk = kPointersMax / kernel.pixels;
    for (ptrdiff_t begin = 0; begin < taps_;) {
      const ptrdiff_t end = std::min(begin + chunk, taps_);
      taps.fill(begin, end, pointers);
      sum.tap_count = end - begin;
      kernel.by_pointer(sum);
      sum.weight += sum.tap_count * groups_ * kGroupBytes;
      sum.resume = true;
      begin = end;
    }
    store(tile, kernel.panels, panels, first, count);
  }

  void store(const int32_t* tile, int32_t tile_panels, Range panels, int32_t first, int32_t count) {
    const Epilogue& epilogue = p_.epilogue;
    const ptrdiff_t channel = ptrdiff_t{panels.begin} * kPanelChannels;
    const ptrdiff_t output = ptrdiff_t{first} * p_.y_pixel_stride + channel;
    const uint8_t* residual = epilogue.residual;
    if (residual != nullptr) {
      residual += ptrdiff_t{first} * epilogue.residual_pixel_stride + channel;
    }
    microkernels_.store[static_cast<int32_t>(epilogue.activation.kind)](
        {.tile = tile,
         .tile_stride = ptrdiff_t{tile_panels} * kPanelChannels,
         .pixels = count,
         .channels = std::min(panels.end * kPanelChannels, p_.OC) - panels.begin * kPanelChannels,
         .y = p_.y == nullptr ? nullptr : p_.y + output,
         .y_float = p_.y_float == nullptr ? nullptr : p_.y_float + output,
         .y_stride = p_.y_pixel_stride,
         .residual = residual,
         .residual_stride = epilogue.residual_pixel_stride,
         .scale = epilogue.scale + channel,
         .inverse_scale = p_.y == nullptr ? nullptr : epilogue.inverse_scale + channel,
         .epilogue = &epilogue});
  }

  ConvU8Params p_;
  const ConvU8Microkernels& microkernels_;
  ptrdiff_t groups_ = 0;  // of a tap
  ptrdiff_t taps_ = 0;
  ptrdiff_t panel_bytes_ = 0;
  const int32_t* bias_ = nullptr;  // of the group of panels at hand
  int32_t start_[kPanelsMax * kPanelChannels];
  Range inside_rows_{0, 0}, inside_columns_{0, 0};
  ptrdiff_t run_groups_ = 0;  // of an offset
  ptrdiff_t offset_count_ = 0;
  ptrdiff_t offsets_[kOffsetsMax];
};

}  // namespace

void conv_u8_tiled(const ConvU8Params& params, int32_t part, int32_t parts,
                   const ConvU8Microkernels& microkernels) {
  TiledConvU8(params, microkernels).run(part, parts);
}

}  // namespace pawl::kernels::cpu
