#include "kernels/cpu/conv/tiles.h"

#include <algorithm>

#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr ptrdiff_t kPointersMax = 1024;                 // of a tile at a time
constexpr int32_t kTilePixelsMax = 32;                   // P of the largest micro-kernel
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
// Panels are shared in whole groups of `preferred`, `extra` more in the first: activations round by
// the pixels of their tile, so tiles must be the same whatever the parts.
Share share_of(const ConvParams& p, int32_t pixels, int32_t panels, int32_t preferred,
               int32_t extra, int32_t tile_pixels, int32_t part, int32_t parts) {
  const int32_t tiles = ceil_div(pixels, tile_pixels);
  const int32_t groups = ceil_div(panels - extra, preferred);
  const bool weights_larger = ptrdiff_t{p.KH} * p.KW * p.OC > ptrdiff_t{p.IH} * p.IW;
  int32_t panel_parts = 1;
  int64_t least = INT64_MAX;
  for (int32_t candidate = 1; candidate <= std::min(parts, groups); ++candidate) {
    if (parts % candidate != 0) continue;
    const int32_t most = std::min(panels, ceil_div(groups, candidate) * preferred + extra);
    const int64_t cost = int64_t{most} * ceil_div(tiles, parts / candidate);
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
  const Range group = slice(groups, part / pixel_parts, panel_parts);
  const auto panel = [&](int32_t g) {
    return g == 0 ? 0 : std::min(g * preferred + extra, panels);
  };
  return {{range.begin * tile_pixels, std::min(range.end * tile_pixels, pixels)},
          {panel(group.begin), panel(group.end)}};
}

// The smallest micro-kernel of `panels` that holds `pixels`, or else the largest.
const TileKernel& kernel_for(const ConvMicrokernels& microkernels, int32_t panels, int32_t pixels) {
  const TileKernel* best = nullptr;
  for (int32_t i = 0; i < microkernels.kernel_count; ++i) {
    const TileKernel& kernel = microkernels.kernels[i];
    if (kernel.panels != panels) continue;
    if (best == nullptr || kernel.pixels >= pixels) best = &kernel;
  }
  return *best;
}

// Integer arithmetic: the corner of a padded window may lie before the buffer.
const float* shifted(const float* x, ptrdiff_t floats) {
  return reinterpret_cast<const float*>(reinterpret_cast<uintptr_t>(x) +
                                        static_cast<uintptr_t>(floats) * sizeof(float));
}

struct Pixel {
  int32_t oy, ox;
};

// Where each tap of each pixel of a tile lies, for tiles that touch the border or span rows.
class TileTaps {
 public:
  TileTaps(const ConvParams& params, Pixel first, int32_t count, int32_t pixels)
      : p_(params), pixels_(pixels) {
    locate(first, count);
    limit_rows(first.oy);
    count_ = ptrdiff_t{row_end_ - row_begin_} * p_.KW;
  }

  ptrdiff_t count() const { return count_; }
  // Position of the first tap in the weights.
  ptrdiff_t weight_offset() const { return ptrdiff_t{row_begin_} * p_.KW * p_.IC * kPanelChannels; }

  // Pointers of taps [begin, end), `pixels` a tap.
  void fill(ptrdiff_t begin, ptrdiff_t end, const float** out) const {
    int32_t ky = row_begin_ + static_cast<int32_t>(begin / p_.KW);
    int32_t kx = static_cast<int32_t>(begin % p_.KW);
    for (ptrdiff_t tap = begin; tap < end; ++tap, out += pixels_) {
      const int32_t dy = ky * p_.dilation_h;
      const int32_t dx = kx * p_.dilation_w;
      const ptrdiff_t offset = (ptrdiff_t{dy} * p_.IW + dx) * p_.x_pixel_stride;
      for (int32_t i = 0; i < pixels_; ++i) out[i] = shifted(base_[i], offset);
      for (int32_t e = 0; e < edge_count_; ++e) {
        const int32_t iy = edge_[e].iy + dy;
        const int32_t ix = edge_[e].ix + dx;
        if (iy < 0 || iy >= p_.IH || ix < 0 || ix >= p_.IW) out[edge_[e].pixel] = p_.zeros;
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
      last_row_ = at.oy;
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

  // Rows of taps that are padding for the whole tile are not computed at all.
  void limit_rows(int32_t first_row) {
    row_begin_ = 0;
    row_end_ = p_.KH;
    const int32_t top = last_row_ * p_.stride_h - p_.pad_top;
    while (row_begin_ < row_end_ && top + row_begin_ * p_.dilation_h < 0) ++row_begin_;
    const int32_t bottom = first_row * p_.stride_h - p_.pad_top;
    while (row_end_ > row_begin_ && bottom + (row_end_ - 1) * p_.dilation_h >= p_.IH) --row_end_;
  }

  const ConvParams& p_;
  int32_t pixels_;
  int32_t last_row_ = 0;
  int32_t row_begin_ = 0, row_end_ = 0;
  ptrdiff_t count_ = 0;
  int32_t edge_count_ = 0;
  const float* base_[kTilePixelsMax];
  Edge edge_[kTilePixelsMax];
};

// One call: what all its tiles share, and the loops over them.
class TiledConv {
 public:
  TiledConv(const ConvParams& params, const ConvMicrokernels& microkernels)
      : p_(params), microkernels_(microkernels) {
    flatten();
    panel_floats_ = ptrdiff_t{p_.KH} * p_.KW * p_.IC * kPanelChannels;
    plan_strided();
  }

  void run(int32_t part, int32_t parts) {
    const int32_t panels = ceil_div(p_.OC, kPanelChannels);
    const int32_t preferred = std::min(panels, microkernels_.panels_preferred);
    const int32_t tile_pixels = kernel_for(microkernels_, preferred, INT32_MAX).pixels;
    const bool odd = panels % preferred != 0 && panels >= microkernels_.panels_max;
    const int32_t extra = odd ? microkernels_.panels_max - preferred : 0;
    const Share share =
        share_of(p_, p_.OH * p_.OW, panels, preferred, extra, tile_pixels, part, parts);

    const ptrdiff_t input_bytes =
        ptrdiff_t{p_.IC} * p_.stride_h * p_.stride_w * ptrdiff_t{sizeof(float)};
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
  // pixels are dense a row of taps is one run of KW*IC floats.
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
    const bool row_runs = p_.dilation_w == 1 && p_.x_pixel_stride == p_.IC;
    const int32_t columns = row_runs ? 1 : p_.KW;
    length_ = ptrdiff_t{p_.IC} * (row_runs ? p_.KW : 1);
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

  // The tiles that begin in `pixels`, of a grid that begins with the image.
  // The first group of a block is the one that finds its input outside L2.
  void run_group(Range pixels, Range panels, bool cold_input) {
    const TileKernel& full = kernel_for(microkernels_, panels.size(), INT32_MAX);
    const int32_t begin = ceil_div(pixels.begin, full.pixels) * full.pixels;
    Pixel at{begin / p_.OW, begin % p_.OW};
    for (int32_t first = begin; first < pixels.end; first += full.pixels) {
      const int32_t count = std::min(full.pixels, p_.OH * p_.OW - first);
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

  void run_strided(const TileKernel& kernel, Range panels, int32_t first, Pixel at,
                   bool cold_input) {
    alignas(64) float tile[kTileFloatsMax];
    const ptrdiff_t iy = ptrdiff_t{at.oy} * p_.stride_h - p_.pad_top;
    const ptrdiff_t ix = ptrdiff_t{at.ox} * p_.stride_w - p_.pad_left;
    const float* x = p_.x + (iy * p_.IW + ix) * p_.x_pixel_stride;
    const ptrdiff_t products = ptrdiff_t{p_.KH} * p_.KW * p_.IC;
    const ptrdiff_t pixel_step = ptrdiff_t{p_.stride_w} * p_.x_pixel_stride;
    const ptrdiff_t tile_output = ptrdiff_t{kernel.pixels} * p_.y_pixel_stride;
    const float* y =
        p_.y + ptrdiff_t{first} * p_.y_pixel_stride + ptrdiff_t{panels.begin} * kPanelChannels;
    TileSum sum{.pointers = nullptr,
                .x = x,
                .offsets = offsets_,
                .pixel_step = pixel_step,
                .tap_count = offset_count_,
                .length = length_,
                .weight = p_.weight + panels.begin * panel_floats_,
                .panel_floats = panel_floats_,
                .bias = p_.bias + ptrdiff_t{panels.begin} * kPanelChannels,
                .resume = false,
                .tile = tile,
                .ahead = reinterpret_cast<const char*>(x),
                .ahead_other = reinterpret_cast<const char*>(x),
                .ahead_step = 0,
                .y = reinterpret_cast<const char*>(shifted(y, tile_output)),
                .y_step = tile_output * ptrdiff_t{sizeof(float)} / products};
    if (cold_input) plan_prefetch(kernel.pixels * pixel_step, products, sum);
    kernel.by_stride(sum);
    store(tile, kernel.panels, panels, first, kernel.pixels);
  }

  // The rows of input that the next tile is the first to read: the last stride_h of its window.
  void plan_prefetch(ptrdiff_t tile_floats, ptrdiff_t products, TileSum& sum) const {
    const ptrdiff_t row = ptrdiff_t{p_.IW} * p_.x_pixel_stride;
    const ptrdiff_t bottom = ptrdiff_t{p_.KH - 1} * p_.dilation_h * row;
    const float* next = shifted(sum.x, bottom + tile_floats);
    ptrdiff_t floats = tile_floats;
    const float* other = next;
    if (p_.stride_h > 1) {
      other = shifted(next, -row);
      floats *= 2;
    } else if (sum.tap_count > 1) {
      other = shifted(next, tile_floats / 2);
    }
    sum.ahead = reinterpret_cast<const char*>(next);
    sum.ahead_other = reinterpret_cast<const char*>(other);
    sum.ahead_step = floats * ptrdiff_t{sizeof(float)} / products;
  }

  void run_by_pointer(const TileKernel& kernel, Range panels, int32_t first, Pixel at,
                      int32_t count) {
    alignas(64) float tile[kTileFloatsMax];
    const float* pointers[kPointersMax];
    const TileTaps taps(p_, at, count, kernel.pixels);
    TileSum sum{};
    sum.pointers = pointers;
    sum.length = p_.IC;
    sum.weight = p_.weight + panels.begin * panel_floats_ + taps.weight_offset();
    sum.panel_floats = panel_floats_;
    sum.bias = p_.bias + ptrdiff_t{panels.begin} * kPanelChannels;
    sum.tile = tile;
    const ptrdiff_t chunk = kPointersMax / kernel.pixels;
    ptrdiff_t begin = 0;
    do {
      const ptrdiff_t end = std::min(begin + chunk, taps.count());
      taps.fill(begin, end, pointers);
      sum.tap_count = end - begin;
      kernel.by_pointer(sum);
      sum.weight += sum.tap_count * sum.length * kPanelChannels;
      sum.resume = true;
      begin = end;
    } while (begin < taps.count());
    store(tile, kernel.panels, panels, first, count);
  }

  void store(const float* tile, int32_t tile_panels, Range panels, int32_t first, int32_t count) {
    const ptrdiff_t channel = ptrdiff_t{panels.begin} * kPanelChannels;
    const float* residual = p_.residual;
    if (residual != nullptr) residual += ptrdiff_t{first} * p_.residual_pixel_stride + channel;
    microkernels_.store[static_cast<int32_t>(p_.activation.kind)](
        {.tile = tile,
         .tile_stride = ptrdiff_t{tile_panels} * kPanelChannels,
         .pixels = count,
         .channels = std::min(panels.end * kPanelChannels, p_.OC) - panels.begin * kPanelChannels,
         .y = p_.y + ptrdiff_t{first} * p_.y_pixel_stride + channel,
         .y_stride = p_.y_pixel_stride,
         .residual = residual,
         .residual_stride = p_.residual_pixel_stride,
         .alpha = p_.activation.alpha,
         .beta = p_.activation.beta});
  }

  ConvParams p_;
  const ConvMicrokernels& microkernels_;
  ptrdiff_t panel_floats_ = 0;
  Range inside_rows_{0, 0}, inside_columns_{0, 0};
  ptrdiff_t length_ = 0;
  ptrdiff_t offset_count_ = 0;
  ptrdiff_t offsets_[kOffsetsMax];
};

}  // namespace

void conv_tiled(const ConvParams& params, int32_t part, int32_t parts,
                const ConvMicrokernels& microkernels) {
  TiledConv(params, microkernels).run(part, parts);
}

}  // namespace pawl::kernels::cpu
