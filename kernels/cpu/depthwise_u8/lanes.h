// Depthwise u8 convolution over blocks of 16 channels. Include after the vectors it is written in:
//   kRowGroup                rows of the window that are multiplied and added at a time
//   Interleaved              16 channels of kRowGroup rows, those of one channel side by side where
//                            one instruction takes them together
//   interleave(rows, step)   from kRowGroup pointers, moved by a multiple of their steps; also of
//                            weights
//   Sums                     of 16 channels; load_sums, store_sums (aligned), add_products
//   start_of(p, c, start)    what the sums of channels [c, c + 16) start from: the bias, or what it
//                            leaves in `start`, 16 integers
//   kTileStoresU8            of tile_store_u8_<isa>.h
//
// A strip of columns is interleaved once over a group of rows of the window and then serves every
// tap of those rows: at stride 1 a column takes part in KW outputs.
#pragma once

#include <cstddef>

#include "kernels/cpu/depthwise_u8/entries.h"
#include "kernels/cpu/vec/tile_store_u8.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kStripColumns = 64;  // of x
constexpr int32_t kTileOutputs = 32;   // outputs of a strip at most
constexpr int32_t kTapsMax = 16;       // columns of the window in one pass
static_assert(kTileOutputs * kPanelChannels <= kTileIntegersMax);

// Outputs [ox, ox + count) of row oy, channels [c, c + 16).
struct Strip {
  int32_t oy, ox, count, c;
};

// The taps of one pass over a strip: rows [ky, ky + kRowGroup), columns [kx, kx + columns).
struct Pass {
  int32_t ky, kx, columns;
};

// Pointers to the rows of a pass; a row outside the image or the window stays on the spot.
struct Rows {
  const uint8_t* pointer[kRowGroup];
  ptrdiff_t step[kRowGroup];
};

void fill_columns(const DepthwiseU8Params& p, const Strip& s, const Pass& pass, const uint8_t* pad,
                  Interleaved* columns) {
  const int32_t ix = s.ox * p.stride_w - p.pad_left + pass.kx * p.dilation_w;
  const int32_t count = (s.count - 1) * p.stride_w + (pass.columns - 1) * p.dilation_w + 1;
  const int32_t begin = ix < 0 ? (-ix < count ? -ix : count) : 0;
  const int32_t inside = p.IW - ix < count ? p.IW - ix : count;
  const int32_t end = inside < begin ? begin : inside;
  const Rows nowhere = [pad] {
    Rows rows{};
    for (const uint8_t*& pointer : rows.pointer) pointer = pad;
    return rows;
  }();
  Rows rows = nowhere;
  for (int32_t j = 0; j < kRowGroup; ++j) {
    const int32_t iy = s.oy * p.stride_h - p.pad_top + (pass.ky + j) * p.dilation_h;
    if (pass.ky + j >= p.KH || iy < 0 || iy >= p.IH || begin == end) continue;
    const ptrdiff_t pixel = ptrdiff_t{iy} * p.IW + ix + begin;
    rows.pointer[j] = p.x + pixel * p.x_pixel_stride + s.c;
    rows.step[j] = p.x_pixel_stride;
  }
  if (begin > 0 || end < count) {
    const Interleaved outside = interleave(nowhere.pointer, nowhere.step, 0);
    for (int32_t i = 0; i < begin; ++i) columns[i] = outside;
    for (int32_t i = end; i < count; ++i) columns[i] = outside;
  }
  for (int32_t i = begin; i < end; ++i) {
    columns[i] = interleave(rows.pointer, rows.step, i - begin);
  }
}

void fill_weights(const DepthwiseU8Params& p, int32_t c, const Pass& pass, Interleaved* weights) {
  static constexpr int8_t kZeros[kPanelChannels] = {};
  const ptrdiff_t tap = (ptrdiff_t{p.C} + kPanelChannels - 1) / kPanelChannels * kPanelChannels;
  const int8_t* pointer[kRowGroup];
  ptrdiff_t step[kRowGroup];
  for (int32_t j = 0; j < kRowGroup; ++j) {
    const bool inside = pass.ky + j < p.KH;
    pointer[j] = inside ? p.weight + (ptrdiff_t{pass.ky + j} * p.KW + pass.kx) * tap + c : kZeros;
    step[j] = inside ? tap : 0;
  }
  for (int32_t k = 0; k < pass.columns; ++k) weights[k] = interleave(pointer, step, k);
}

// Adds a pass to the sums of a strip. kColumns: of the window where it is known, so that its
// weights stay in registers; 0 elsewhere.
template <int32_t kColumns>
void add_pass(int32_t count, int32_t columns, ptrdiff_t stride, ptrdiff_t dilation,
              const Interleaved* x, const Interleaved* weights, const int32_t* from,
              ptrdiff_t from_step, int32_t* tile) {
  Interleaved held[kColumns > 0 ? kColumns : 1];
#pragma GCC unroll 8
  for (int32_t k = 0; k < kColumns; ++k) held[k] = weights[k];
  for (int32_t i = 0; i < count; ++i) {
    Sums sums = load_sums(from + i * from_step);
    const Interleaved* at = x + i * stride;
    if constexpr (kColumns > 0) {
#pragma GCC unroll 8
      for (int32_t k = 0; k < kColumns; ++k) add_products(sums, at[k], held[k]);
    } else {
      for (int32_t k = 0; k < columns; ++k) add_products(sums, at[k * dilation], weights[k]);
    }
    store_sums(tile + i * kPanelChannels, sums);
  }
}

using AddPassFn = void (*)(int32_t count, int32_t columns, ptrdiff_t stride, ptrdiff_t dilation,
                           const Interleaved* x, const Interleaved* weights, const int32_t* from,
                           ptrdiff_t from_step, int32_t* tile);

AddPassFn add_pass_fn(int32_t columns, int32_t dilation) {
  if (dilation != 1) return add_pass<0>;
  switch (columns) {
    case 3:
      return add_pass<3>;
    case 5:
      return add_pass<5>;
    case 7:
      return add_pass<7>;
    default:
      return add_pass<0>;
  }
}

void store_strip(const DepthwiseU8Params& p, const Strip& s, const int32_t* tile) {
  const Epilogue& e = p.epilogue;
  const ptrdiff_t pixel = ptrdiff_t{s.oy} * p.OW + s.ox;
  const ptrdiff_t output = pixel * p.y_pixel_stride + s.c;
  kTileStoresU8[static_cast<int32_t>(e.activation.kind)](
      {.tile = tile,
       .tile_stride = kPanelChannels,
       .pixels = s.count,
       .channels = p.C - s.c < kPanelChannels ? p.C - s.c : kPanelChannels,
       .y = p.y == nullptr ? nullptr : p.y + output,
       .y_float = p.y_float == nullptr ? nullptr : p.y_float + output,
       .y_stride = p.y_pixel_stride,
       .residual =
           e.residual == nullptr ? nullptr : e.residual + pixel * e.residual_pixel_stride + s.c,
       .residual_stride = e.residual_pixel_stride,
       .scale = e.scale + s.c,
       .inverse_scale = p.y == nullptr ? nullptr : e.inverse_scale + s.c,
       .epilogue = &e});
}

// Columns of the window that fit one pass, and outputs that fit one strip.
struct Plan {
  int32_t columns, outputs;
};
Plan plan_of(const DepthwiseU8Params& p) {
  int32_t columns = (kStripColumns / 2 - 1) / p.dilation_w + 1;
  columns = columns < kTapsMax ? columns : kTapsMax;
  columns = columns < p.KW ? columns : p.KW;
  const int32_t outputs = (kStripColumns - 1 - (columns - 1) * p.dilation_w) / p.stride_w + 1;
  return {columns, outputs < kTileOutputs ? outputs : kTileOutputs};
}

// Outputs [ox_begin, ox_end) of row oy, channels [c, c + 16).
void run_block(const DepthwiseU8Params& p, int32_t oy, int32_t ox_begin, int32_t ox_end, int32_t c,
               const Plan& plan, const uint8_t* pad) {
  alignas(64) Interleaved columns[kStripColumns];
  alignas(64) Interleaved weights[kTapsMax];
  alignas(64) int32_t tile[kTileIntegersMax];
  int32_t start_buffer[kPanelChannels];
  const int32_t* start = start_of(p, c, start_buffer);
  const bool one_pass = p.KH <= kRowGroup && p.KW <= plan.columns;
  for (int32_t ox = ox_begin; ox < ox_end; ox += plan.outputs) {
    const int32_t left = ox_end - ox;
    const Strip strip{oy, ox, left < plan.outputs ? left : plan.outputs, c};
    const int32_t* from = start;
    ptrdiff_t from_step = 0;
    for (int32_t ky = 0; ky < p.KH; ky += kRowGroup) {
      for (int32_t kx = 0; kx < p.KW; kx += plan.columns) {
        const Pass pass{ky, kx, p.KW - kx < plan.columns ? p.KW - kx : plan.columns};
        if (!one_pass || ox == ox_begin) fill_weights(p, c, pass, weights);
        fill_columns(p, strip, pass, pad, columns);
        add_pass_fn(pass.columns, p.dilation_w)(strip.count, pass.columns, p.stride_w, p.dilation_w,
                                                columns, weights, from, from_step, tile);
        from = tile;
        from_step = kPanelChannels;
      }
    }
    store_strip(p, strip, tile);
  }
}

void depthwise_u8_pixels(const DepthwiseU8Params& p, int32_t part, int32_t parts) {
  uint8_t pad[kPanelChannels];
  for (uint8_t& byte : pad) byte = p.pad;
  const Plan plan = plan_of(p);
  const int64_t pixels = int64_t{p.OH} * p.OW;
  const int64_t end = pixels * (part + 1) / parts;
  for (int64_t pixel = pixels * part / parts; pixel < end;) {
    const int32_t oy = static_cast<int32_t>(pixel / p.OW);
    const int32_t ox = static_cast<int32_t>(pixel % p.OW);
    const int64_t left = end - pixel;
    const int32_t ox_end = left < p.OW - ox ? ox + static_cast<int32_t>(left) : p.OW;
    for (int32_t c = 0; c < p.C; c += kPanelChannels) run_block(p, oy, ox, ox_end, c, plan, pad);
    pixel += ox_end - ox;
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
