#include <algorithm>

#include "kernels/cpu/winograd/integers.h"
#include "kernels/cpu/winograd/points.h"
#include "kernels/cpu/winograd_u8/tiles.h"
#include "kernels/cpu/winograd_u8/variants.h"
#include "kernels/panel.h"
#include "kernels/winograd_u8.h"

namespace pawl::kernels {
namespace {

constexpr int64_t kTilesMin = 9;  // fewer read all weights for little work

constexpr int32_t kTaps = 3;
constexpr int32_t kWindow = cpu::kWinogradWindow;

int32_t panels_of(int32_t OC) {
  return (OC + kPanelChannels - 1) / kPanelChannels;
}

using PanelRow = int32_t[kPanelChannels];

// The weights of an input channel for a panel of output channels, as [tap][oc]. Past IC: zeros.
struct PanelTaps {
  PanelTaps(const ConvU8Params& p, int32_t panel, int32_t ic) {
    const ptrdiff_t groups = (p.IC + kConvU8Group - 1) / kConvU8Group;
    const bool inside = ic < p.IC;
    for (int32_t tap = 0; tap < kTaps * kTaps; ++tap) {
      const ptrdiff_t group = (ptrdiff_t{panel} * kTaps * kTaps + tap) * groups + ic / kConvU8Group;
      const int8_t* from = p.weight + group * kPanelChannels * kConvU8Group + ic % kConvU8Group;
      for (int32_t c = 0; c < kPanelChannels; ++c) w[tap][c] = inside ? from[c * kConvU8Group] : 0;
    }
  }
  PanelRow w[kTaps * kTaps];
};

// Kernels of three at every point: from[kTaps] -> to[kWindow], rows `stride` apart in `from`.
void transform_weights(const PanelRow* from, int32_t stride, PanelRow (&to)[kWindow]) {
  const PanelRow& g0 = from[0];
  const PanelRow& g1 = from[stride];
  const PanelRow& g2 = from[2 * stride];
  for (int32_t c = 0; c < kPanelChannels; ++c) {
    to[0][c] = 6 * g0[c];
    to[1][c] = -(g0[c] + g1[c] + g2[c]);
    to[2][c] = -(g0[c] - g1[c] + g2[c]);
    to[3][c] = g0[c] + 2 * g1[c] + 4 * g2[c];
    to[4][c] = g0[c] - 2 * g1[c] + 4 * g2[c];
    to[5][c] = 6 * g2[c];
  }
}

using Planes = PanelRow[kWindow][kWindow];

void transform_taps(const PanelTaps& taps, Planes& planes) {
  PanelRow columns[kWindow][kTaps];  // transformed over ky
  for (int32_t kx = 0; kx < kTaps; ++kx) {
    PanelRow column[kWindow];
    transform_weights(taps.w + kx, kTaps, column);
    for (int32_t i = 0; i < kWindow; ++i) std::copy_n(column[i], kPanelChannels, columns[i][kx]);
  }
  for (int32_t i = 0; i < kWindow; ++i) transform_weights(columns[i], 1, planes[i]);
}

// Positive and negative weights of a panel's output channels, each added up: 2^15 of them at most.
struct PanelSums {
  PanelRow positive{}, negative{};

  void add(const PanelTaps& taps) {
    for (const PanelRow& row : taps.w) {
      for (int32_t c = 0; c < kPanelChannels; ++c) {
        positive[c] += std::max(row[c], 0);
        negative[c] += std::min(row[c], 0);
      }
    }
  }
};

}  // namespace

size_t winograd_u8_scratch_words(const ConvU8Params& params, int32_t parts) {
  return cpu::winograd_u8_part_words(params) * static_cast<size_t>(parts);
}

bool winograd_u8_exact(const ConvU8Params& p, int32_t zero) {
  if (p.KH != kTaps || p.KW != kTaps || p.stride_h != 1 || p.stride_w != 1 || p.dilation_h != 1 ||
      p.dilation_w != 1) {
    return false;
  }
  for (int32_t panel = 0; panel < panels_of(p.OC); ++panel) {
    PanelSums sums;
    for (int32_t ic = 0; ic < p.IC; ++ic) sums.add(PanelTaps(p, panel, ic));
    for (int32_t c = 0; c < kPanelChannels; ++c) {
      // Inputs less their zero point lie in [-zero, 255 - zero].
      const int64_t up = sums.positive[c];
      const int64_t down = sums.negative[c];
      const int64_t highest = up * (255 - zero) - down * zero;
      const int64_t lowest = down * (255 - zero) - up * zero;
      if (highest > cpu::kExactSumMax || lowest < -cpu::kExactSumMax) return false;
    }
  }
  return true;
}

size_t prepared_winograd_u8_words(int32_t OC, int32_t IC) {
  return static_cast<size_t>(panels_of(OC)) * cpu::kWinogradPlanes *
         static_cast<size_t>((IC + 1) / 2) * kPanelChannels;
}

void prepare_winograd_u8(const ConvU8Params& p, int32_t zero, int32_t* weight, int32_t* bias) {
  const ptrdiff_t plane = ptrdiff_t{(p.IC + 1) / 2} * kPanelChannels;
  for (int32_t panel = 0; panel < panels_of(p.OC); ++panel) {
    PanelSums sums;
    for (int32_t ic = 0; ic < p.IC; ic += 2) {
      const PanelTaps taps[2] = {PanelTaps(p, panel, ic), PanelTaps(p, panel, ic + 1)};
      Planes planes[2];
      for (int32_t half = 0; half < 2; ++half) {
        sums.add(taps[half]);
        transform_taps(taps[half], planes[half]);
      }
      int32_t* to = weight + panel * cpu::kWinogradPlanes * plane + ic / 2 * kPanelChannels;
      for (int32_t i = 0; i < cpu::kWinogradPlanes; ++i, to += plane) {
        const PanelRow& low = planes[0][i / kWindow][i % kWindow];
        const PanelRow& high = planes[1][i / kWindow][i % kWindow];
        for (int32_t c = 0; c < kPanelChannels; ++c) {
          to[c] = static_cast<int32_t>((static_cast<uint32_t>(low[c]) & 0xFFFFU) |
                                       static_cast<uint32_t>(high[c]) << 16);
        }
      }
    }
    for (int32_t c = 0; c < kPanelChannels; ++c) {
      // The direct form's bias holds -zero * sum of the weights; here x comes less its zero point.
      const int64_t sum = int64_t{sums.positive[c]} + sums.negative[c];
      const int32_t oc = panel * kPanelChannels + c;
      bias[oc] = static_cast<int32_t>(p.bias[oc] + zero * sum);
    }
  }
}

bool winograd_u8_wins(const ConvU8Params& p) {
  const int64_t tiles = (int64_t{p.OH} + 3) / 4 * ((int64_t{p.OW} + 3) / 4);
  const bool filled = tiles >= kTilesMin && int64_t{p.OH} * p.OW * 5 >= tiles * 16 * 3;
  return filled && p.IC >= best_usable(winograd_u8_variants()).channels_min;
}

}  // namespace pawl::kernels
