#include "kernels/letterbox.h"

#include <algorithm>
#include <cmath>

namespace pawl::kernels {
namespace {

constexpr size_t round_up(size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

}  // namespace

// The AVX2 variant's: per fitted column an offset and eight weights; two resized rows of four
// 16-bit channels a pixel; one source row as four bytes a pixel, and one as gray. 32 bytes of slack
// each for whole-vector loads and stores.
size_t letterbox_scratch_bytes(const LetterboxParams& params) {
  const auto fit_w = static_cast<size_t>(std::max(params.fit_w, 0));
  const auto source_w = static_cast<size_t>(std::max(params.IW, 0));
  return round_up(fit_w * 4 + 32) + round_up(fit_w * 16 + 32) + 2 * round_up(fit_w * 8 + 32) +
         round_up(source_w * 4 + 32) + round_up(source_w + 32);
}

void make_resize_table(int32_t in, int32_t out, int32_t* index, int32_t* weight) {
  // The reciprocal of the inverse, as OpenCV: it may differ from in/out in the last bit.
  const double scale = 1.0 / (static_cast<double>(out) / static_cast<double>(in));
  for (int32_t o = 0; o < out; ++o) {
    const auto source = static_cast<float>((o + 0.5) * scale - 0.5);
    const float first = std::floor(source);
    const auto clamped = static_cast<int32_t>(std::clamp(first, -1.0F, static_cast<float>(in - 1)));
    index[o] = clamped;
    weight[o] = static_cast<int32_t>(std::lrint((source - first) * 2048.0F));
  }
}

}  // namespace pawl::kernels
