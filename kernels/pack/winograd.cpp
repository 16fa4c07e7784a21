#include "kernels/winograd.h"

#include <cstring>

#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd/tiles.h"
#include "kernels/panel.h"

namespace pawl::kernels {
namespace {

constexpr size_t kTaps = 3;
constexpr size_t kWindow = cpu::kWinogradWindow;
constexpr size_t kPlanes = cpu::kWinogradPlanes;
constexpr size_t kBlock = kPanelChannels;

size_t panels_of(int32_t OC) {
  return (static_cast<size_t>(OC) + kBlock - 1) / kBlock;
}

// The kernel of three as a polynomial at each point, divided as points.h says.
void transform_weights(const double (&g)[kTaps], double (&at_point)[kWindow]) {
  constexpr double A = static_cast<double>(cpu::kPointA);
  constexpr double B = static_cast<double>(cpu::kPointB);
  constexpr double kPoints[kWindow - 1] = {0.0, A, -A, B, -B};
  for (size_t i = 0; i + 1 < kWindow; ++i) {
    const double p = kPoints[i];
    double divisor = 1.0;
    for (size_t j = 0; j + 1 < kWindow; ++j) divisor *= j == i ? 1.0 : p - kPoints[j];
    at_point[i] = (g[0] + p * (g[1] + p * g[2])) / divisor;
  }
  at_point[kWindow - 1] = g[2];
}

}  // namespace

size_t winograd_scratch_floats(const WinogradParams& params, int32_t parts) {
  return cpu::winograd_part_floats(params) * static_cast<size_t>(parts);
}

size_t packed_winograd_floats(int32_t OC, int32_t IC) {
  return panels_of(OC) * kPlanes * static_cast<size_t>(IC) * kBlock;
}

void pack_winograd_weights(const float* weight, int32_t OC, int32_t IC, float* packed) {
  const size_t ic_count = static_cast<size_t>(IC);
  std::memset(packed, 0, packed_winograd_floats(OC, IC) * sizeof(float));
  for (size_t oc = 0; oc < static_cast<size_t>(OC); ++oc) {
    float* panel = packed + oc / kBlock * kPlanes * ic_count * kBlock + oc % kBlock;
    for (size_t ic = 0; ic < ic_count; ++ic) {
      const float* source = weight + (oc * ic_count + ic) * kTaps * kTaps;
      double columns[kWindow][kTaps];  // transformed over ky
      for (size_t kx = 0; kx < kTaps; ++kx) {
        const double g[kTaps] = {static_cast<double>(source[kx]),
                                 static_cast<double>(source[kTaps + kx]),
                                 static_cast<double>(source[2 * kTaps + kx])};
        double column[kWindow];
        transform_weights(g, column);
        for (size_t i = 0; i < kWindow; ++i) columns[i][kx] = column[i];
      }
      for (size_t i = 0; i < kWindow; ++i) {
        double row[kWindow];
        transform_weights(columns[i], row);
        for (size_t j = 0; j < kWindow; ++j) {
          panel[((i * kWindow + j) * ic_count + ic) * kBlock] = static_cast<float>(row[j]);
        }
      }
    }
  }
}

}  // namespace pawl::kernels
