#include "kernels/cpu/depthwise/tiles.h"

#include <algorithm>

namespace pawl::kernels::cpu {
namespace {

struct Range {
  int32_t begin, end;
};

// The taps of one axis that lie inside [0, extent) for a window starting at `first`.
Range taps_inside(int32_t first, int32_t taps, int32_t dilation, int32_t extent) {
  Range range{0, taps};
  while (range.begin < range.end && first + range.begin * dilation < 0) ++range.begin;
  while (range.end > range.begin && first + (range.end - 1) * dilation >= extent) --range.end;
  return range;
}

// `count` pixels from (oy, ox) on, whose taps inside the image are rows x columns.
void run_tile(const DepthwiseParams& p, int32_t oy, int32_t ox, int32_t count, Range rows,
              Range columns, DepthwiseSumFn sum_pixels, const DepthwiseMicrokernels& microkernels) {
  alignas(64) float tile[kTileFloatsMax];
  const ptrdiff_t stride = p.x_pixel_stride;
  const ptrdiff_t iy = oy * p.stride_h - p.pad_top + rows.begin * p.dilation_h;
  const ptrdiff_t ix = ox * p.stride_w - p.pad_left + columns.begin * p.dilation_w;
  const bool any = rows.begin < rows.end && columns.begin < columns.end;
  const float* x = any ? p.x + (iy * p.IW + ix) * stride : p.x;
  const float* weight =
      any ? p.weight + (ptrdiff_t{rows.begin} * p.KW + columns.begin) * p.C : p.weight;
  const ptrdiff_t pixel = ptrdiff_t{oy} * p.OW + ox;

  for (int32_t c = 0; c < p.C; c += kDepthwiseChannels) {
    const int32_t channels = std::min(kDepthwiseChannels, p.C - c);
    sum_pixels({.x = x + c,
                .pixel_step = p.stride_w * stride,
                .x_row_step = ptrdiff_t{p.dilation_h} * p.IW * stride,
                .x_tap_step = p.dilation_w * stride,
                .weight = weight + c,
                .weight_row_step = ptrdiff_t{p.KW} * p.C,
                .weight_tap_step = p.C,
                .rows = any ? rows.end - rows.begin : 0,
                .columns = columns.end - columns.begin,
                .bias = p.bias + c,
                .channels = channels,
                .tile = tile});
    const float* residual = p.residual;
    if (residual != nullptr) residual += pixel * p.residual_pixel_stride + c;
    microkernels.store[static_cast<int32_t>(p.activation.kind)](
        {.tile = tile,
         .tile_stride = kDepthwiseChannels,
         .pixels = count,
         .channels = channels,
         .y = p.y + pixel * p.y_pixel_stride + c,
         .y_stride = p.y_pixel_stride,
         .residual = residual,
         .residual_stride = p.residual_pixel_stride,
         .alpha = p.activation.alpha,
         .beta = p.activation.beta});
  }
}

// The tiles of row oy that begin in columns [span.begin, span.end): wide ones where the whole
// window is inside, single pixels elsewhere. A row is cut into the same tiles whatever the spans,
// because activations round by the pixels they are computed with: results must not depend on the
// parts.
void run_row(const DepthwiseParams& p, int32_t oy, Range span,
             const DepthwiseMicrokernels& microkernels) {
  const Range rows = taps_inside(oy * p.stride_h - p.pad_top, p.KH, p.dilation_h, p.IH);
  const int32_t reach = (p.KW - 1) * p.dilation_w;
  for (int32_t ox = 0; ox < span.end;) {
    const int32_t ix = ox * p.stride_w - p.pad_left;
    const bool inside = ix >= 0 && ix + reach < p.IW;
    const int32_t left = inside ? std::min((p.IW - 1 - reach - ix) / p.stride_w + 1, p.OW - ox) : 1;
    int32_t count = 1;
    DepthwiseSumFn sum = microkernels.sum_1;
    if (left >= 8) {
      count = 8, sum = microkernels.sum_8;
    } else if (left >= 4) {
      count = 4, sum = microkernels.sum_4;
    } else if (left >= 2) {
      count = 2, sum = microkernels.sum_2;
    }
    if (ox >= span.begin) {
      const Range columns = taps_inside(ix, p.KW, p.dilation_w, p.IW);
      run_tile(p, oy, ox, count, rows, columns, sum, microkernels);
    }
    ox += count;
  }
}

}  // namespace

void depthwise_tiled(const DepthwiseParams& p, int32_t part, int32_t parts,
                     const DepthwiseMicrokernels& microkernels) {
  const int64_t pixels = int64_t{p.OH} * p.OW;
  const int64_t end = pixels * (part + 1) / parts;
  for (int64_t pixel = pixels * part / parts; pixel < end;) {
    const int32_t oy = static_cast<int32_t>(pixel / p.OW);
    const int32_t ox = static_cast<int32_t>(pixel % p.OW);
    const int32_t ox_end = static_cast<int32_t>(std::min<int64_t>(p.OW, ox + (end - pixel)));
    run_row(p, oy, {ox, ox_end}, microkernels);
    pixel += ox_end - ox;
  }
}

}  // namespace pawl::kernels::cpu
