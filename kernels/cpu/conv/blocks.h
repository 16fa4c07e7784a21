// Dense convolution as tiles of P output pixels x V weight panels, whatever the numbers are: which
// tile comes when, and where its input lies. Included by conv/tiles.cpp and conv_u8/tiles.cpp, which
// say what a sum is made of and how a tile is stored.
//
// Output pixels are numbered oy*OW+ox and a tile may span rows. Nothing is copied: for each tap the
// tile holds P pointers to input pixels, padding points at one pixel of zeros or zero points (an
// indirection buffer after Dukhan, "The Indirect Convolution Algorithm", arXiv:1907.02129, but built
// per tile on the stack, so that it costs no memory and follows any pixel stride).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

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

struct Pixel {
  int32_t oy, ox;
};

// Where a tile lies: its first pixel, and its panels.
struct TilePlace {
  int32_t first;
  Range panels;
};

// What one part computes: a range of pixels times a range of panels.
struct Share {
  Range pixels, panels;
};

// Parts share panels in whole groups: `first` of them in the first one, `next` in each other.
struct PanelGroups {
  int32_t first, next;
};

// Splits pixels x panels over a grid of pixel_parts * panel_parts = parts, the one with the
// smallest largest share; between equals, the one that leaves the larger operand unshared.
template <typename Params>
Share share_of(const Params& p, int32_t pixels, int32_t panels, PanelGroups split,
               int32_t tile_pixels, int32_t part, int32_t parts) {
  const int32_t extra = split.first - split.next;
  const int32_t tiles = ceil_div(pixels, tile_pixels);
  const int32_t groups = ceil_div(panels - extra, split.next);
  const bool weights_larger = ptrdiff_t{p.KH} * p.KW * p.OC > ptrdiff_t{p.IH} * p.IW;
  int32_t panel_parts = 1;
  int64_t least = INT64_MAX;
  for (int32_t candidate = 1; candidate <= std::min(parts, groups); ++candidate) {
    if (parts % candidate != 0) continue;
    const int32_t most = std::min(panels, ceil_div(groups, candidate) * split.next + extra);
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
    return g == 0 ? 0 : std::min(g * split.next + extra, panels);
  };
  return {{range.begin * tile_pixels, std::min(range.end * tile_pixels, pixels)},
          {panel(group.begin), panel(group.end)}};
}

// Integer arithmetic: the corner of a padded window may lie before the buffer.
template <typename T>
const T* shifted(const T* x, ptrdiff_t elements) {
  return reinterpret_cast<const T*>(reinterpret_cast<uintptr_t>(x) +
                                    static_cast<uintptr_t>(elements) * sizeof(T));
}

// Where each tap of each pixel of a tile lies, for tiles that touch the border or span rows.
template <typename Form>
class TileTaps {
  using Params = typename Form::Params;
  using Input = typename Form::Input;

 public:
  TileTaps(const Params& params, Pixel first, int32_t count, int32_t pixels)
      : p_(params), pixels_(pixels), row_end_(params.KH) {
    locate(first, count);
    if constexpr (Form::kPadIsZero) leave_out_rows(first.oy);
    count_ = ptrdiff_t{row_end_ - row_begin_} * p_.KW;
  }

  // Of the window's taps [first, first + count) are summed.
  ptrdiff_t first() const { return ptrdiff_t{row_begin_} * p_.KW; }
  ptrdiff_t count() const { return count_; }

  // Pointers of those taps from `begin` to `end`, `pixels` a tap.
  void fill(ptrdiff_t begin, ptrdiff_t end, const Input* pad, const Input** out) const {
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
        if (iy < 0 || iy >= p_.IH || ix < 0 || ix >= p_.IW) out[edge_[e].pixel] = pad;
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

  // Rows of taps that are zeros for the whole tile are not computed at all.
  void leave_out_rows(int32_t first_row) {
    const int32_t top = last_row_ * p_.stride_h - p_.pad_top;
    while (row_begin_ < row_end_ && top + row_begin_ * p_.dilation_h < 0) ++row_begin_;
    const int32_t bottom = first_row * p_.stride_h - p_.pad_top;
    while (row_end_ > row_begin_ && bottom + (row_end_ - 1) * p_.dilation_h >= p_.IH) --row_end_;
  }

  const Params& p_;
  int32_t pixels_;
  int32_t last_row_ = 0;
  int32_t row_begin_ = 0, row_end_;
  ptrdiff_t count_ = 0;
  int32_t edge_count_ = 0;
  const Input* base_[kTilePixelsMax];
  Edge edge_[kTilePixelsMax];
};

// One call: what all its tiles share, and the loops over them. A sum goes in steps, each of
// kStepChannels input channels of a pixel; the last of a tap may be short of channels, and has zeros
// for weights there. A Form has
//   using Params, Microkernels, TileKernel, TileSum
//   using Input, Sum                      the types of a pixel's channels and of a tile's elements
//   static constexpr int32_t kStepChannels
//   static constexpr ptrdiff_t kTileMax   elements of the largest tile
//   static constexpr bool kTilesAlike     outputs round by the pixels of their tile, so that tiles
//                                         must be the same whatever the parts
//   static constexpr bool kPadIsZero      what lies outside the image adds nothing
//   const Params& params() const; const Microkernels& microkernels() const
//   const Input* pad() const              a pixel outside the image
//   const Sum* bias(Range panels)         where their sums start; valid until the next call
//   void plan_prefetch(const TilePlace&, int32_t pixels, bool cold_input, TileSum&) const
//   void store(const Sum* tile, ptrdiff_t tile_stride, const TilePlace&, int32_t pixels) const
template <typename Form>
class ConvBlocks {
  using Input = typename Form::Input;
  using Sum = typename Form::Sum;
  using TileKernel = typename Form::TileKernel;

 public:
  explicit ConvBlocks(Form& form)
      : form_(form),
        p_(form.params()),
        microkernels_(form.microkernels()),
        tap_length_(ceil_div(p_.IC, Form::kStepChannels)),
        panel_weights_(ptrdiff_t{p_.KH} * p_.KW * tap_length_ * kStepWeights) {
    flatten();
    plan_strided();
  }

  void run(int32_t part, int32_t parts) {
    const int32_t panels = ceil_div(p_.OC, kPanelChannels);
    const int32_t preferred = std::min(panels, microkernels_.panels_preferred);
    const int32_t tile_pixels = kernel_for(preferred, INT32_MAX).pixels;
    const Share share =
        share_of(p_, p_.OH * p_.OW, panels, groups_of(panels, preferred), tile_pixels, part, parts);

    const ptrdiff_t input_bytes =
        ptrdiff_t{p_.IC} * p_.stride_h * p_.stride_w * ptrdiff_t{sizeof(Input)};
    const ptrdiff_t block_tiles = std::max<ptrdiff_t>(1, kBlockBytes / (input_bytes * tile_pixels));
    const int32_t block =
        static_cast<int32_t>(std::min<ptrdiff_t>(block_tiles * tile_pixels, p_.OH * p_.OW));
    for (int32_t first = share.pixels.begin; first < share.pixels.end; first += block) {
      run_block({first, std::min(first + block, share.pixels.end)}, share.panels);
    }
  }

 private:
  static constexpr ptrdiff_t kStepWeights = ptrdiff_t{kPanelChannels} * Form::kStepChannels;

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
  // pixels are dense and made of whole steps a row of taps is one run.
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
        p_.dilation_w == 1 && p_.x_pixel_stride == p_.IC && p_.IC % Form::kStepChannels == 0;
    const int32_t columns = row_runs ? 1 : p_.KW;
    run_length_ = tap_length_ * (row_runs ? p_.KW : 1);
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

  // The smallest micro-kernel of `panels` that holds `pixels`, or else the largest.
  const TileKernel& kernel_for(int32_t panels, int32_t pixels) const {
    const TileKernel* best = nullptr;
    for (int32_t i = 0; i < microkernels_.kernel_count; ++i) {
      const TileKernel& kernel = microkernels_.kernels[i];
      if (kernel.panels != panels) continue;
      if (best == nullptr || kernel.pixels >= pixels) best = &kernel;
    }
    return *best;
  }

  // What parts share panels by.
  PanelGroups groups_of(int32_t panels, int32_t preferred) const {
    if constexpr (!Form::kTilesAlike) return {1, 1};
    const bool odd = panels % preferred != 0 && panels >= microkernels_.panels_max;
    return {odd ? microkernels_.panels_max : preferred, preferred};
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
    const TileKernel& full = kernel_for(panels.size(), INT32_MAX);
    const int32_t begin = ceil_div(pixels.begin, full.pixels) * full.pixels;
    Pixel at{begin / p_.OW, begin % p_.OW};
    bias_ = form_.bias(panels);
    for (int32_t first = begin; first < pixels.end; first += full.pixels) {
      const int32_t count = std::min(full.pixels, p_.OH * p_.OW - first);
      const bool strided = full.by_stride != nullptr && count == full.pixels &&
                           at.oy >= inside_rows_.begin && at.oy < inside_rows_.end &&
                           at.ox >= inside_columns_.begin && at.ox + count <= inside_columns_.end;
      if (strided) {
        run_strided(full, {first, panels}, at, cold_input);
      } else {
        run_by_pointer(kernel_for(panels.size(), count), {first, panels}, at, count);
      }
      for (at.ox += full.pixels; at.ox >= p_.OW; at.ox -= p_.OW) ++at.oy;
    }
  }

  void run_strided(const TileKernel& kernel, TilePlace place, Pixel at, bool cold_input) {
    alignas(64) Sum tile[Form::kTileMax];
    const ptrdiff_t iy = ptrdiff_t{at.oy} * p_.stride_h - p_.pad_top;
    const ptrdiff_t ix = ptrdiff_t{at.ox} * p_.stride_w - p_.pad_left;
    typename Form::TileSum sum{};
    sum.x = p_.x + (iy * p_.IW + ix) * p_.x_pixel_stride;
    sum.offsets = offsets_;
    sum.pixel_step = ptrdiff_t{p_.stride_w} * p_.x_pixel_stride;
    sum.tap_count = offset_count_;
    sum.length = run_length_;
    sum.weight = p_.weight + place.panels.begin * panel_weights_;
    sum.panel_weights = panel_weights_;
    sum.bias = bias_;
    sum.tile = tile;
    form_.plan_prefetch(place, kernel.pixels, cold_input, sum);
    kernel.by_stride(sum);
    form_.store(tile, ptrdiff_t{kernel.panels} * kPanelChannels, place, kernel.pixels);
  }

  void run_by_pointer(const TileKernel& kernel, TilePlace place, Pixel at, int32_t count) {
    alignas(64) Sum tile[Form::kTileMax];
    const Input* pointers[kPointersMax];
    const TileTaps<Form> taps(p_, at, count, kernel.pixels);
    typename Form::TileSum sum{};
    sum.pointers = pointers;
    sum.length = tap_length_;
    sum.weight =
        p_.weight + place.panels.begin * panel_weights_ + taps.first() * tap_length_ * kStepWeights;
    sum.panel_weights = panel_weights_;
    sum.bias = bias_;
    sum.tile = tile;
    const ptrdiff_t chunk = kPointersMax / kernel.pixels;
    ptrdiff_t begin = 0;
    do {
      const ptrdiff_t end = std::min(begin + chunk, taps.count());
      taps.fill(begin, end, form_.pad(), pointers);
      sum.tap_count = end - begin;
      kernel.by_pointer(sum);
      sum.weight += sum.tap_count * tap_length_ * kStepWeights;
      sum.resume = true;
      begin = end;
    } while (begin < taps.count());
    form_.store(tile, ptrdiff_t{kernel.panels} * kPanelChannels, place, count);
  }

  Form& form_;
  typename Form::Params p_;
  const typename Form::Microkernels& microkernels_;
  const ptrdiff_t tap_length_;
  const ptrdiff_t panel_weights_;
  const Sum* bias_ = nullptr;  // of the group of panels at hand
  Range inside_rows_{0, 0}, inside_columns_{0, 0};
  ptrdiff_t run_length_ = 0;  // of an offset
  ptrdiff_t offset_count_ = 0;
  ptrdiff_t offsets_[kOffsetsMax];
};

}  // namespace
}  // namespace pawl::kernels::cpu
