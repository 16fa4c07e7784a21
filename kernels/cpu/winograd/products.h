// The products between Winograd's transforms; include after the definition of
//   Word, Vector              kLanes words of a panel
//   zero_sums(), load_words(p), store_words(p, v), broadcast_word(p)
//   add_products(sum, x, w)   sum + x * w, a word each
#pragma once

#include "kernels/cpu/winograd/blocks.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

// P tiles x V panels of 16 channels, each panel kVectors = 16 / kLanes vectors.
template <int32_t P, int32_t V>
void multiply_tiles(const TileProducts<Word>& t) {
  constexpr int32_t kVectors = kPanelChannels / kLanes;
  Vector sum[P][V * kVectors];
#pragma GCC unroll 16
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < V * kVectors; ++v) sum[i][v] = zero_sums();
  }
  const Word* weight = t.weight;
  const Word* chunk = t.window;
  const ptrdiff_t next_plane = ptrdiff_t{t.words} * kPanelChannels;
  for (int32_t left = t.words; left > 0; left -= kPanelChannels, chunk += t.chunk_words) {
    const Word* const end = chunk + (left < kPanelChannels ? left : kPanelChannels);
    for (const Word* x = chunk; x != end; ++x, weight += kPanelChannels) {
      Vector w[V * kVectors];
#pragma GCC unroll 4
      for (int32_t v = 0; v < V * kVectors; ++v) {
        w[v] = load_words(weight + v / kVectors * t.panel_words + v % kVectors * kLanes);
      }
#pragma GCC unroll 4
      for (int32_t v = 0; v < V; ++v) __builtin_prefetch(weight + v * t.panel_words + next_plane);
#pragma GCC unroll 16
      for (int32_t i = 0; i < P; ++i) {
        const Vector word = broadcast_word(x + i * kPanelChannels);
#pragma GCC unroll 4
        for (int32_t v = 0; v < V * kVectors; ++v) sum[i][v] = add_products(sum[i][v], word, w[v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int32_t i = 0; i < P; ++i) {
#pragma GCC unroll 4
    for (int32_t v = 0; v < V * kVectors; ++v) {
      store_words(t.product + v / kVectors * t.product_panel_words + i * kPanelChannels +
                      v % kVectors * kLanes,
                  sum[i][v]);
    }
  }
}

template <int32_t V, int32_t... P>
constexpr void (*kByTiles[])(const TileProducts<Word>&) = {multiply_tiles<P, V>...};

// Templates so that a file instantiates the one it names. 32 registers: 14 tiles x 2 panels keep 28
// sums, 2 weights and a broadcast; 9 x 3 serve an odd last panel. 16 registers: 6 tiles x 1 panel.
template <int32_t = 0>
constexpr WinogradProducts<Word> kProducts14x2{
    .kernels = {{kByTiles<1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14>, 14},
                {kByTiles<2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14>, 14},
                {kByTiles<3, 1, 2, 3, 4, 5, 6, 7, 8, 9>, 9}},
    .panels_preferred = 2,
    .panels_max = 3};

template <int32_t = 0>
constexpr WinogradProducts<Word> kProducts6x1{
    .kernels = {{kByTiles<1, 1, 2, 3, 4, 5, 6>, 6}, {nullptr, 0}, {nullptr, 0}},
    .panels_preferred = 1,
    .panels_max = 1};

}  // namespace
}  // namespace pawl::kernels::cpu
