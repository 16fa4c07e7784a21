#include "kernels/cpu/winograd_tiles.h"

#include <algorithm>

#include "kernels/cpu/winograd_points.h"

namespace pawl::kernels::cpu {
namespace {

constexpr ptrdiff_t kBlockBytes = ptrdiff_t{512} << 10;  // scratch that shares L2 with the weights
constexpr int32_t kBlockTilesMin = 14;                   // fewer would read the weights too often,
constexpr int32_t kBlockTilesMinDeep = 28;               // above all where there are many
constexpr int32_t kDeepChannels = 128;
constexpr int32_t kRunTiles = 8;  // tiles that are stored at a time

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
struct Plan {
  explicit Plan(const WinogradParams& p)
      : tiles_wide(ceil_div(p.OW, kWinogradTile)),
        tiles(ceil_div(p.OH, kWinogradTile) * tiles_wide),
        chunks(ceil_div(p.IC, kWinogradBlock)) {
    const int32_t group = std::min(ceil_div(p.OC, kWinogradBlock), kProductPanelsMax);
    const ptrdiff_t tile_bytes =
        ptrdiff_t{kWinogradPlanes} * (chunks + group) * kWinogradBlock * ptrdiff_t{sizeof(float)};
    const int32_t least = p.OC > kDeepChannels ? kBlockTilesMinDeep : kBlockTilesMin;
    const ptrdiff_t fitting = std::max<ptrdiff_t>(kBlockBytes / tile_bytes, least);
    block_tiles = static_cast<int32_t>(std::min<ptrdiff_t>(fitting, tiles));
    window_plane = plane_floats(chunks);
    product_plane = plane_floats(group);
  }
  ptrdiff_t line_floats() const { return ptrdiff_t{block_tiles} * kWinogradBlock; }
  ptrdiff_t window_floats() const { return kWinogradPlanes * window_plane; }
  ptrdiff_t floats() const { return window_floats() + kWinogradPlanes * product_plane; }

  int32_t tiles_wide, tiles;
  int32_t chunks;
  int32_t block_tiles;
  ptrdiff_t window_plane, product_plane;

 private:
  ptrdiff_t plane_floats(int32_t lines) const {
    const ptrdiff_t count = ptrdiff_t{lines} * block_tiles;
    return (count | 1) * kWinogradBlock;
  }
};

// What one part computes: a range of tiles times a range of panels.
struct Share {
  Range tiles, panels;
};

// Splits tiles x panels over a grid of tile_parts * panel_parts = parts, the one with the least
// work, in cycles: splitting panels repeats the transforms of the input, splitting tiles repeats
// the reading of weights.
Share share_of(const WinogradParams& p, int32_t tiles, int32_t part, int32_t parts) {
  const int32_t panels = ceil_div(p.OC, kWinogradBlock);
  int32_t panel_parts = 1;
  int64_t least = INT64_MAX;
  for (int32_t candidate = 1; candidate <= std::min(parts, panels); ++candidate) {
    if (parts % candidate != 0) continue;
    const int64_t part_panels = ceil_div(panels, candidate);
    const int64_t part_tiles = ceil_div(tiles, parts / candidate);
    const int64_t cost =
        part_tiles * (8 * p.IC + part_panels * (18 * p.IC + 200)) + part_panels * 288 * p.IC;
    if (cost >= least) continue;
    least = cost;
    panel_parts = candidate;
  }
  const int32_t tile_parts = parts / panel_parts;
  return {slice(tiles, part % tile_parts, tile_parts),
          slice(panels, part / tile_parts, panel_parts)};
}

// One call: what all its tiles share, and the loops over them.
class TiledWinograd {
 public:
  TiledWinograd(const WinogradParams& params, int32_t part, const WinogradBackend& backend)
      : p_(params),
        backend_(backend),
        plan_(params),
        window_(params.scratch + part * plan_.floats()),
        products_(window_ + plan_.window_floats()),
        panel_floats_(ptrdiff_t{kWinogradPlanes} * params.IC * kWinogradBlock) {}

  void run(int32_t part, int32_t parts) {
    const Share share = share_of(p_, plan_.tiles, part, parts);
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
        store_panel(tiles, first + i, products_ + i * plan_.line_floats());
      }
    }
  }

  void transform_windows(Range tiles) {
    WindowTransform window{.x = p_.x,
                           .row_stride = ptrdiff_t{p_.IW} * p_.x_pixel_stride,
                           .pixel_stride = p_.x_pixel_stride,
                           .IH = p_.IH,
                           .IW = p_.IW,
                           .top = 0,
                           .left = 0,
                           .channels = p_.IC,
                           .to = window_,
                           .plane_floats = plan_.window_plane,
                           .chunk_floats = plan_.line_floats()};
    for (int32_t tile = tiles.begin; tile < tiles.end; ++tile, window.to += kWinogradBlock) {
      window.top = tile / plan_.tiles_wide * kWinogradTile - p_.pad_top;
      window.left = tile % plan_.tiles_wide * kWinogradTile - p_.pad_left;
      backend_.transform_window(window);
    }
  }

  // Plane by plane, so that its windows stay in L1 for all panels of the group and its weights for
  // all tiles of the block.
  void multiply(int32_t tiles, int32_t first_panel, int32_t panels) {
    TileProducts product{};
    product.chunk_floats = plan_.line_floats();
    product.channels = p_.IC;
    product.panel_floats = panel_floats_;
    product.product_panel_floats = plan_.line_floats();
    for (int32_t plane = 0; plane < kWinogradPlanes; ++plane) {
      const float* weight =
          p_.weight + first_panel * panel_floats_ + ptrdiff_t{plane} * p_.IC * kWinogradBlock;
      const float* window = window_ + plane * plan_.window_plane;
      float* to = products_ + plane * plan_.product_plane;
      for (int32_t panel = 0; panel < panels;) {
        const int32_t left = panels - panel;
        const int32_t step =
            left == backend_.panels_max ? left : std::min(left, backend_.panels_preferred);
        product.weight = weight + panel * panel_floats_;
        multiply_plane(tiles, step, window, to + panel * plan_.line_floats(), product);
        panel += step;
      }
    }
  }

  // Runs of nearly equal length: a short last one would wait for its own sums.
  void multiply_plane(int32_t tiles, int32_t panels, const float* window, float* to,
                      TileProducts& product) {
    const ProductKernels& kernels = backend_.products[panels - 1];
    const int32_t runs = ceil_div(tiles, kernels.tiles_max);
    for (int32_t run = 0; run < runs; ++run) {
      const Range range = slice(tiles, run, runs);
      const ptrdiff_t first = ptrdiff_t{range.begin} * kWinogradBlock;
      product.window = window + first;
      product.product = to + first;
      kernels.by_tiles[range.size() - 1](product);
    }
  }

  void store_panel(Range tiles, int32_t panel, const float* products) {
    for (int32_t tile = tiles.begin; tile < tiles.end;) {
      const int32_t row = tile / plan_.tiles_wide;
      const int32_t column = tile % plan_.tiles_wide;
      const int32_t count = std::min({kRunTiles, tiles.end - tile, plan_.tiles_wide - column});
      store_run(row * kWinogradTile, column * kWinogradTile, count, panel, products);
      products += ptrdiff_t{count} * kWinogradBlock;
      tile += count;
    }
  }

  // Tiles side by side: their four rows of outputs, as far as they lie inside y.
  void store_run(int32_t oy, int32_t ox, int32_t tiles, int32_t panel, const float* products) {
    constexpr ptrdiff_t kRowFloats = ptrdiff_t{kRunTiles} * kWinogradTile * kWinogradBlock;
    alignas(64) float rows[kWinogradTile * kRowFloats];
    const ptrdiff_t channel = ptrdiff_t{panel} * kWinogradBlock;
    backend_.transform_output({.product = products,
                               .plane_floats = plan_.product_plane,
                               .tiles = tiles,
                               .bias = p_.bias + channel,
                               .to = rows,
                               .row_floats = kRowFloats});
    const int32_t row_count = std::min(kWinogradTile, p_.OH - oy);
    for (int32_t i = 0; i < row_count; ++i) {
      const ptrdiff_t pixel = ptrdiff_t{oy + i} * p_.OW + ox;
      const float* residual = p_.residual;
      if (residual != nullptr) residual += pixel * p_.residual_pixel_stride + channel;
      backend_.store[static_cast<int32_t>(p_.activation.kind)](
          {.tile = rows + i * kRowFloats,
           .tile_stride = kWinogradBlock,
           .pixels = std::min(tiles * kWinogradTile, p_.OW - ox),
           .channels = std::min(kWinogradBlock, p_.OC - panel * kWinogradBlock),
           .y = p_.y + pixel * p_.y_pixel_stride + channel,
           .y_stride = p_.y_pixel_stride,
           .residual = residual,
           .residual_stride = p_.residual_pixel_stride,
           .alpha = p_.activation.alpha,
           .beta = p_.activation.beta});
    }
  }

  const WinogradParams& p_;
  const WinogradBackend& backend_;
  const Plan plan_;
  float* const window_;
  float* const products_;
  const ptrdiff_t panel_floats_;
};

}  // namespace

size_t winograd_part_floats(const WinogradParams& params) {
  return static_cast<size_t>(Plan(params).floats());
}

void winograd_tiled(const WinogradParams& params, int32_t part, int32_t parts,
                    const WinogradBackend& backend) {
  TiledWinograd(params, part, backend).run(part, parts);
}

}  // namespace pawl::kernels::cpu
