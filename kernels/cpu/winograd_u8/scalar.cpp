// Exact Winograd convolution, one tile and one channel at a time, in unsigned integers: they wrap.
#include "kernels/cpu/vec/requantize_scalar.h"
#include "kernels/cpu/winograd/integers.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd_u8/entries.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kTile = kWinogradTile;
constexpr int32_t kWindow = kWinogradWindow;

// As matrices: point by input, output by point.
constexpr int32_t kIn[kWindow][kWindow] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0},
                                           {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
                                           {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
constexpr int32_t kOut[kTile][kWindow] = {
    {1, 4, 4, 1, 1, 0}, {0, 2, -2, 1, -1, 0}, {0, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 1}};

// to = matrix * from * transposed matrix.
template <int32_t kRows>
void transform(const int32_t (&matrix)[kRows][kWindow], const uint32_t (&from)[kWindow][kWindow],
               uint32_t (&to)[kRows][kRows]) {
  uint32_t columns[kRows][kWindow];
  for (int32_t i = 0; i < kRows; ++i) {
    for (int32_t j = 0; j < kWindow; ++j) {
      columns[i][j] = 0;
      for (int32_t k = 0; k < kWindow; ++k) {
        columns[i][j] += static_cast<uint32_t>(matrix[i][k]) * from[k][j];
      }
    }
  }
  for (int32_t i = 0; i < kRows; ++i) {
    for (int32_t j = 0; j < kRows; ++j) {
      to[i][j] = 0;
      for (int32_t k = 0; k < kWindow; ++k) {
        to[i][j] += static_cast<uint32_t>(matrix[j][k]) * columns[i][k];
      }
    }
  }
}

struct Place {
  int32_t oy, ox;  // of the tile's first output
  int32_t panel;
};

using Products = uint32_t[kPanelChannels][kWindow][kWindow];

// Half a word of prepared weights.
uint32_t weight_of(int32_t pair, int32_t half) {
  const auto bits = static_cast<uint32_t>(pair) >> (16 * half);
  return static_cast<uint32_t>(static_cast<int16_t>(bits & 0xFFFFU));
}

void multiply(const WinogradU8Params& w, const Place& at, Products& products) {
  const ConvU8Params& p = w.conv;
  for (auto& channel : products) {
    for (auto& row : channel) {
      for (uint32_t& product : row) product = 0;
    }
  }
  const ptrdiff_t plane = ptrdiff_t{(p.IC + 1) / 2} * kPanelChannels;
  for (int32_t ic = 0; ic < p.IC; ++ic) {
    uint32_t window[kWindow][kWindow];
    for (int32_t i = 0; i < kWindow; ++i) {
      for (int32_t j = 0; j < kWindow; ++j) {
        const int32_t iy = at.oy + i - p.pad_top;
        const int32_t ix = at.ox + j - p.pad_left;
        const bool inside = iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW;
        const ptrdiff_t pixel = ptrdiff_t{iy} * p.IW + ix;
        window[i][j] =
            inside ? p.x[pixel * p.x_pixel_stride + ic] - static_cast<uint32_t>(w.zero) : 0U;
      }
    }
    uint32_t points[kWindow][kWindow];
    transform(kIn, window, points);
    const int32_t* weight =
        w.weight + at.panel * kWinogradPlanes * plane + ptrdiff_t{ic / 2} * kPanelChannels;
    for (int32_t i = 0; i < kWindow; ++i) {
      for (int32_t j = 0; j < kWindow; ++j, weight += plane) {
        for (int32_t c = 0; c < kPanelChannels; ++c) {
          products[c][i][j] += points[i][j] * weight_of(weight[c], ic % 2);
        }
      }
    }
  }
}

void store(const WinogradU8Params& w, const Place& at, const Products& products) {
  const ConvU8Params& p = w.conv;
  const Epilogue& e = p.epilogue;
  for (int32_t c = 0; c < kPanelChannels; ++c) {
    const int32_t oc = at.panel * kPanelChannels + c;
    if (oc >= p.OC) return;
    uint32_t tile[kTile][kTile];
    transform(kOut, products[c], tile);
    for (int32_t i = 0; i < kTile && at.oy + i < p.OH; ++i) {
      for (int32_t j = 0; j < kTile && at.ox + j < p.OW; ++j) {
        const uint32_t ninth = tile[i][j] * static_cast<uint32_t>(kInverseOfNine);
        const int32_t sum = static_cast<int32_t>(ninth) >> (kShift[i] + kShift[j]);
        const uint32_t acc = static_cast<uint32_t>(sum) + static_cast<uint32_t>(w.bias[oc]);
        const ptrdiff_t pixel = ptrdiff_t{at.oy + i} * p.OW + at.ox + j;
        const uint8_t* residual =
            e.residual == nullptr ? nullptr : e.residual + pixel * e.residual_pixel_stride + oc;
        const float value = finish_scalar(static_cast<int32_t>(acc), e.scale[oc], residual, e);
        if (p.y_float != nullptr) {
          p.y_float[pixel * p.y_pixel_stride + oc] = value;
        } else {
          p.y[pixel * p.y_pixel_stride + oc] = quantize_scalar(value, e.inverse_scale[oc], e.zero);
        }
      }
    }
  }
}

}  // namespace

void winograd_u8_scalar(const WinogradU8Params& w, int32_t part, int32_t parts) {
  const ConvU8Params& p = w.conv;
  const int32_t tiles_wide = (p.OW + kTile - 1) / kTile;
  const int64_t tiles = int64_t{(p.OH + kTile - 1) / kTile} * tiles_wide;
  const int64_t end = tiles * (part + 1) / parts;
  for (int64_t tile = tiles * part / parts; tile < end; ++tile) {
    const int32_t oy = static_cast<int32_t>(tile / tiles_wide) * kTile;
    const int32_t ox = static_cast<int32_t>(tile % tiles_wide) * kTile;
    for (int32_t panel = 0; panel * kPanelChannels < p.OC; ++panel) {
      Products products;
      multiply(w, {oy, ox, panel}, products);
      store(w, {oy, ox, panel}, products);
    }
  }
}

}  // namespace pawl::kernels::cpu
