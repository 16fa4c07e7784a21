// Winograd convolution in double precision throughout, one tile and one panel at a time.
#include "kernels/cpu/vec/activation_scalar.h"
#include "kernels/cpu/winograd/entries.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/panel.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kTile = kWinogradTile;
constexpr int32_t kWindow = kWinogradWindow;
constexpr double A = static_cast<double>(kPointA);
constexpr double B = static_cast<double>(kPointB);
constexpr double kSum2 = A * A + B * B;
constexpr double kProduct2 = A * A * B * B;

// As matrices: point by input, output by point.
constexpr double kIn[kWindow][kWindow] = {
    {kProduct2, 0, -kSum2, 0, 1, 0}, {0, -A* B* B, -B* B, A, 1, 0}, {0, A* B* B, -B* B, -A, 1, 0},
    {0, -B* A* A, -A* A, B, 1, 0},   {0, B* A* A, -A* A, -B, 1, 0}, {0, kProduct2, 0, -kSum2, 0, 1},
};
constexpr double kOut[kTile][kWindow] = {
    {1, 1, 1, 1, 1, 0},
    {0, A, -A, B, -B, 0},
    {0, A* A, A* A, B* B, B* B, 0},
    {0, A* A* A, -A* A* A, B* B* B, -B* B* B, 1},
};

// to = matrix * from * transposed matrix.
template <int32_t kRows>
void transform(const double (&matrix)[kRows][kWindow], const double (&from)[kWindow][kWindow],
               double (&to)[kRows][kRows]) {
  double columns[kRows][kWindow];
  for (int32_t i = 0; i < kRows; ++i) {
    for (int32_t j = 0; j < kWindow; ++j) {
      columns[i][j] = 0.0;
      for (int32_t k = 0; k < kWindow; ++k) columns[i][j] += matrix[i][k] * from[k][j];
    }
  }
  for (int32_t i = 0; i < kRows; ++i) {
    for (int32_t j = 0; j < kRows; ++j) {
      to[i][j] = 0.0;
      for (int32_t k = 0; k < kWindow; ++k) to[i][j] += matrix[j][k] * columns[i][k];
    }
  }
}

struct Place {
  int32_t oy, ox;  // of the tile's first output
  int32_t panel;
};

using Products = double[kPanelChannels][kWindow][kWindow];

void multiply(const WinogradParams& p, const Place& at, Products& products) {
  for (auto& channel : products) {
    for (auto& row : channel) {
      for (double& product : row) product = 0.0;
    }
  }
  const ptrdiff_t plane = ptrdiff_t{p.IC} * kPanelChannels;
  for (int32_t ic = 0; ic < p.IC; ++ic) {
    double window[kWindow][kWindow];
    for (int32_t i = 0; i < kWindow; ++i) {
      for (int32_t j = 0; j < kWindow; ++j) {
        const int32_t iy = at.oy + i - p.pad_top;
        const int32_t ix = at.ox + j - p.pad_left;
        const bool inside = iy >= 0 && iy < p.IH && ix >= 0 && ix < p.IW;
        window[i][j] =
            inside ? static_cast<double>(p.x[(ptrdiff_t{iy} * p.IW + ix) * p.x_pixel_stride + ic])
                   : 0.0;
      }
    }
    double points[kWindow][kWindow];
    transform(kIn, window, points);
    const float* weight =
        p.weight + at.panel * kWinogradPlanes * plane + ptrdiff_t{ic} * kPanelChannels;
    for (int32_t i = 0; i < kWindow; ++i) {
      for (int32_t j = 0; j < kWindow; ++j, weight += plane) {
        for (int32_t c = 0; c < kPanelChannels; ++c) {
          products[c][i][j] += points[i][j] * static_cast<double>(weight[c]);
        }
      }
    }
  }
}

void store(const WinogradParams& p, const Place& at, const Products& products) {
  for (int32_t c = 0; c < kPanelChannels; ++c) {
    const int32_t oc = at.panel * kPanelChannels + c;
    if (oc >= p.OC) return;
    double tile[kTile][kTile];
    transform(kOut, products[c], tile);
    for (int32_t i = 0; i < kTile && at.oy + i < p.OH; ++i) {
      for (int32_t j = 0; j < kTile && at.ox + j < p.OW; ++j) {
        const ptrdiff_t pixel = ptrdiff_t{at.oy + i} * p.OW + at.ox + j;
        double y = activate_scalar(tile[i][j] + static_cast<double>(p.bias[oc]), p.activation);
        if (p.residual != nullptr) {
          y += static_cast<double>(p.residual[pixel * p.residual_pixel_stride + oc]);
        }
        p.y[pixel * p.y_pixel_stride + oc] = static_cast<float>(y);
      }
    }
  }
}

}  // namespace

void winograd_scalar(const WinogradParams& p, int32_t part, int32_t parts) {
  const int32_t tiles_wide = (p.OW + kTile - 1) / kTile;
  const int64_t tiles = int64_t{(p.OH + kTile - 1) / kTile} * tiles_wide;
  const int64_t end = tiles * (part + 1) / parts;
  for (int64_t tile = tiles * part / parts; tile < end; ++tile) {
    const int32_t oy = static_cast<int32_t>(tile / tiles_wide) * kTile;
    const int32_t ox = static_cast<int32_t>(tile % tiles_wide) * kTile;
    for (int32_t panel = 0; panel * kPanelChannels < p.OC; ++panel) {
      Products products;
      multiply(p, {oy, ox, panel}, products);
      store(p, {oy, ox, panel}, products);
    }
  }
}

}  // namespace pawl::kernels::cpu
