// Winograd convolution in blocks of tiles, whatever the numbers are: the windows of a block are
// transformed, multiplied plane by plane with the weights and transformed back while all of it lies
// in L2. Included by winograd/tiles.cpp and winograd_u8/tiles.cpp, which say what a tile is.
//
// A word is 4 bytes: a float, or two 16-bit integers of neighbouring input channels. Scratch of a
// part, T tiles a block, in words:
//   window    [36][ceil(words/16)][T][16]  transformed input: 16 words of neighbouring tiles are
//                                          neighbouring lines, so that a micro-kernel addresses all
//                                          its tiles from one register
//   products  [36][4][T][16]               of a group of up to 4 panels
// One line more follows each plane: an odd step in lines keeps 36 planes out of one set of L1.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/winograd/points.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {

inline constexpr int32_t kProductPanelsMax = 4;  // panels of a group
inline constexpr int32_t kKernelPanelsMax = 3;   // panels of a micro-kernel, V

// product[v][i][c] = sum over k < words of window[k/16][i][k%16] * weight[v][k*16 + c],
// i < P tiles, v < V panels, c < 16. Sums run over k in order: P and V change no bit.
template <typename Word>
struct TileProducts {
  const Word* window;
  ptrdiff_t chunk_words;
  int32_t words;
  const Word* weight;
  ptrdiff_t panel_words;
  Word* product;
  ptrdiff_t product_panel_words;
};

// by_tiles[P - 1] multiplies P tiles with V panels.
template <typename Word>
struct ProductKernels {
  void (*const* by_tiles)(const TileProducts<Word>&);
  int32_t tiles_max;
};

template <typename Word>
struct WinogradProducts {
  ProductKernels<Word> kernels[kKernelPanelsMax];  // [V - 1]
  int32_t panels_preferred;                        // V while enough panels are left
  int32_t panels_max;                              // V that takes in an odd last panel
};

// What a block is cut from.
struct WinogradShape {
  int32_t OH, OW, OC;
  int32_t words;  // of a pixel's input channels
};

// Where a window lies, and where its planes go.
template <typename Word>
struct WindowPlace {
  int32_t top, left;  // in the image; outside it is zero
  Word* to;           // to[plane][chunk]
  ptrdiff_t plane_words, chunk_words;
};

// Tiles side by side, of one panel: where their outputs go and the products they are made from.
template <typename Word>
struct TileRun {
  int32_t oy, ox, tiles, panel;
  const Word* products;  // neighbouring tiles 16 words apart
  ptrdiff_t plane_words;
};

inline constexpr int32_t kRunTiles = 8;  // of a TileRun at most

namespace {

constexpr ptrdiff_t kWordBytes = 4;
constexpr ptrdiff_t kBlockBytes = ptrdiff_t{512} << 10;  // scratch that shares L2 with the weights
constexpr int32_t kBlockTilesMin = 14;                   // fewer would read the weights too often,
constexpr int32_t kBlockTilesMinDeep = 28;               // above all where there are many
constexpr int32_t kDeepChannels = 128;

int32_t ceil_div(int32_t a, int32_t b) {
  return (a + b - 1) / b;
}

struct Range {
  int32_t begin, end;
  int32_t size() const { return end - begin; }
};

Range slice(int32_t count, int64_t index, int64_t slices) {
  return {static_cast<int32_t>(count * index / slices),
          static_cast<int32_t>(count * (index + 1) / slices)};
}

// How tiles lie in the image and in the scratch.
struct BlockPlan {
  explicit BlockPlan(const WinogradShape& p)
      : tiles_wide(ceil_div(p.OW, kWinogradTile)),
        tiles(ceil_div(p.OH, kWinogradTile) * tiles_wide),
        chunks(ceil_div(p.words, kPanelChannels)) {
    const int32_t group = std::min(ceil_div(p.OC, kPanelChannels), kProductPanelsMax);
    const ptrdiff_t tile_bytes =
        ptrdiff_t{kWinogradPlanes} * (chunks + group) * kPanelChannels * kWordBytes;
    const int32_t least = p.OC > kDeepChannels ? kBlockTilesMinDeep : kBlockTilesMin;
    const ptrdiff_t fitting = std::max<ptrdiff_t>(kBlockBytes / tile_bytes, least);
    block_tiles = static_cast<int32_t>(std::min<ptrdiff_t>(fitting, tiles));
    window_plane = plane_words(chunks);
    product_plane = plane_words(group);
  }
  ptrdiff_t line_words() const { return ptrdiff_t{block_tiles} * kPanelChannels; }
  ptrdiff_t window_words() const { return kWinogradPlanes * window_plane; }
  ptrdiff_t words() const { return window_words() + kWinogradPlanes * product_plane; }

  int32_t tiles_wide, tiles;
  int32_t chunks;
  int32_t block_tiles;
  ptrdiff_t window_plane, product_plane;

 private:
  ptrdiff_t plane_words(int32_t lines) const {
    const ptrdiff_t count = ptrdiff_t{lines} * block_tiles;
    return (count | 1) * kPanelChannels;
  }
};

// What one part computes: a range of tiles times a range of panels.
struct Share {
  Range tiles, panels;
};

// Splits tiles x panels over a grid of tile_parts * panel_parts = parts, the one with the least
// work, in cycles: splitting panels repeats the transforms of the input, splitting tiles repeats
// the reading of weights.
Share share_of(const WinogradShape& p, int32_t tiles, int32_t part, int32_t parts) {
  const int32_t panels = ceil_div(p.OC, kPanelChannels);
  int32_t panel_parts = 1;
  int64_t least = INT64_MAX;
  for (int32_t candidate = 1; candidate <= std::min(parts, panels); ++candidate) {
    if (parts % candidate != 0) continue;
    const int64_t part_panels = ceil_div(panels, candidate);
    const int64_t part_tiles = ceil_div(tiles, parts / candidate);
    const int64_t cost = part_tiles * (8 * p.words + part_panels * (18 * p.words + 200)) +
                         part_panels * 288 * p.words;
    if (cost >= least) continue;
    least = cost;
    panel_parts = candidate;
  }
  const int32_t tile_parts = parts / panel_parts;
  return {slice(tiles, part % tile_parts, tile_parts),
          slice(panels, part / tile_parts, panel_parts)};
}

// One call: what all its tiles share, and the loops over them. A Form has
//   using Word
//   WinogradShape shape() const; int32_t pad_top() const, pad_left() const
//   const Word* weight() const                          [panel][36][words][16]
//   const WinogradProducts<Word>& products() const
//   void transform(const WindowPlace<Word>&) const
//   void store(const TileRun<Word>&) const
template <typename Form>
class WinogradBlocks {
  using Word = typename Form::Word;

 public:
  WinogradBlocks(const Form& form, Word* scratch, int32_t part)
      : form_(form),
        shape_(form.shape()),
        plan_(shape_),
        window_(scratch + part * plan_.words()),
        products_(window_ + plan_.window_words()),
        panel_words_(ptrdiff_t{kWinogradPlanes} * shape_.words * kPanelChannels) {}

  void run(int32_t part, int32_t parts) {
    const Share share = share_of(shape_, plan_.tiles, part, parts);
    if (share.panels.size() == 0) return;
    const int32_t blocks = ceil_div(share.tiles.size(), plan_.block_tiles);
    for (int32_t block = 0; block < blocks; ++block) {
      const Range range = slice(share.tiles.size(), block, blocks);
      run_block({share.tiles.begin + range.begin, share.tiles.begin + range.end}, share.panels);
    }
  }

 private:
  void run_block(Range tiles, Range panels) {
    transform_windows(tiles);
    const int32_t groups = ceil_div(panels.size(), kProductPanelsMax);
    for (int32_t group = 0; group < groups; ++group) {
      const Range range = slice(panels.size(), group, groups);
      const int32_t first = panels.begin + range.begin;
      multiply(tiles.size(), first, range.size());
      for (int32_t i = 0; i < range.size(); ++i) {
        store_panel(tiles, first + i, products_ + i * plan_.line_words());
      }
    }
  }

  void transform_windows(Range tiles) {
    WindowPlace<Word> place{.top = 0,
                            .left = 0,
                            .to = window_,
                            .plane_words = plan_.window_plane,
                            .chunk_words = plan_.line_words()};
    for (int32_t tile = tiles.begin; tile < tiles.end; ++tile, place.to += kPanelChannels) {
      place.top = tile / plan_.tiles_wide * kWinogradTile - form_.pad_top();
      place.left = tile % plan_.tiles_wide * kWinogradTile - form_.pad_left();
      form_.transform(place);
    }
  }

  // Plane by plane, so that its windows stay in L1 for all panels of the group and its weights for
  // all tiles of the block.
  void multiply(int32_t tiles, int32_t first_panel, int32_t panels) {
    const WinogradProducts<Word>& products = form_.products();
    TileProducts<Word> product{};
    product.chunk_words = plan_.line_words();
    product.words = shape_.words;
    product.panel_words = panel_words_;
    product.product_panel_words = plan_.line_words();
    for (int32_t plane = 0; plane < kWinogradPlanes; ++plane) {
      const Word* weight = form_.weight() + first_panel * panel_words_ +
                           ptrdiff_t{plane} * shape_.words * kPanelChannels;
      const Word* window = window_ + plane * plan_.window_plane;
      Word* to = products_ + plane * plan_.product_plane;
      for (int32_t panel = 0; panel < panels;) {
        const int32_t left = panels - panel;
        const int32_t step =
            left == products.panels_max ? left : std::min(left, products.panels_preferred);
        product.weight = weight + panel * panel_words_;
        multiply_plane(products.kernels[step - 1], tiles, window, to + panel * plan_.line_words(),
                       product);
        panel += step;
      }
    }
  }

  // Runs of nearly equal length: a short last one would wait for its own sums.
  void multiply_plane(const ProductKernels<Word>& kernels, int32_t tiles, const Word* window,
                      Word* to, TileProducts<Word>& product) {
    const int32_t runs = ceil_div(tiles, kernels.tiles_max);
    for (int32_t run = 0; run < runs; ++run) {
      const Range range = slice(tiles, run, runs);
      const ptrdiff_t first = ptrdiff_t{range.begin} * kPanelChannels;
      product.window = window + first;
      product.product = to + first;
      kernels.by_tiles[range.size() - 1](product);
    }
  }

  void store_panel(Range tiles, int32_t panel, const Word* products) {
    for (int32_t tile = tiles.begin; tile < tiles.end;) {
      const int32_t row = tile / plan_.tiles_wide;
      const int32_t column = tile % plan_.tiles_wide;
      const int32_t count = std::min({kRunTiles, tiles.end - tile, plan_.tiles_wide - column});
      form_.store({.oy = row * kWinogradTile,
                   .ox = column * kWinogradTile,
                   .tiles = count,
                   .panel = panel,
                   .products = products,
                   .plane_words = plan_.product_plane});
      products += ptrdiff_t{count} * kPanelChannels;
      tile += count;
    }
  }

  const Form& form_;
  const WinogradShape shape_;
  const BlockPlan plan_;
  Word* const window_;
  Word* const products_;
  const ptrdiff_t panel_words_;
};

}  // namespace
}  // namespace pawl::kernels::cpu
