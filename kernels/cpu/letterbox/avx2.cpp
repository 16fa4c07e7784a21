// Letterbox, AVX2. A source row is resized once into a line of 16-bit sums and kept: neighbouring
// rows of y share it. A line holds four channels a pixel (the fourth is 0), so that one shuffle
// picks both taps of a pixel in y's channel order and one multiply-add weighs them. NV12, and
// colour for a one-channel y, is converted a source row at a time before that.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/cpu/letterbox/entries.h"

namespace pawl::kernels::cpu {
namespace {

// A part's scratch (letterbox_scratch_bytes) and what does not change from row to row.
struct Plan {
  int32_t pixel_bytes;   // of the row that is resized: 3 camera, 4 converted from NV12, 1 gray
  int32_t safe_columns;  // columns whose vector load stays inside the row
  int32_t lane;          // 16-bit sums a pixel of a line: 4 or 1
  bool swap;             // channel 0 of y is byte 2 of a pixel
  int32_t* offset;       // (fit_w) bytes to the left tap; the right one is the next pixel
  int16_t* weight;       // (fit_w) left, right; repeated four times if lane == 4
  int16_t* line[2];
  int32_t line_row[2];  // source row in line[]; -1 none
  uint8_t* pixels;      // (IW, 4) converted from NV12
  uint8_t* gray;        // (IW)
};

int32_t min_of(int32_t a, int32_t b) {
  return a < b ? a : b;
}
int32_t max_of(int32_t a, int32_t b) {
  return a > b ? a : b;
}
uint8_t saturate(int32_t value) {
  return static_cast<uint8_t>(min_of(max_of(value, 0), 255));
}

template <typename T>
T* take(uint8_t** cursor, size_t bytes) {
  T* taken = reinterpret_cast<T*>(*cursor);
  *cursor += (bytes + 32 + 63) / 64 * 64;
  return taken;
}

bool converts_to_gray(const LetterboxParams& p) {
  return p.channels == 1 && p.layout != PixelLayout::kGray8;
}

// Columns left of the first pixel and right of the last become weights 1 and 0, so that both taps
// exist. (With one pixel the right tap has weight 0 and is not read.)
void plan_columns(const LetterboxParams& p, Plan* plan) {
  const int32_t copies = plan->lane == 4 ? 4 : 1;
  for (int32_t fx = 0; fx < p.fit_w; ++fx) {
    int32_t left = p.col_index[fx];
    int32_t right_weight = p.col_weight[fx];
    if (left < 0) {
      left = 0;
      right_weight = 0;
    } else if (left >= p.IW - 1) {
      left = max_of(p.IW - 2, 0);
      right_weight = p.IW > 1 ? 2048 : 0;
    }
    plan->offset[fx] = left * plan->pixel_bytes;
    for (int32_t copy = 0; copy < copies; ++copy) {
      int16_t* pair = plan->weight + 2 * (ptrdiff_t{fx} * copies + copy);
      pair[0] = static_cast<int16_t>(2048 - right_weight);
      pair[1] = static_cast<int16_t>(right_weight);
    }
  }
  const bool converted = p.layout == PixelLayout::kNv12 || converts_to_gray(p);
  const int32_t load_bytes = plan->lane == 4 ? 16 : 4;
  const int32_t row_bytes = p.IW * plan->pixel_bytes + (converted ? 32 : 0);
  plan->safe_columns = p.fit_w;
  while (plan->safe_columns > 0 && plan->offset[plan->safe_columns - 1] + load_bytes > row_bytes) {
    --plan->safe_columns;
  }
}

Plan make_plan(const LetterboxParams& p, uint8_t* scratch) {
  Plan plan;
  const bool gray = p.layout == PixelLayout::kGray8 || converts_to_gray(p);
  plan.pixel_bytes = gray ? 1 : (p.layout == PixelLayout::kNv12 ? 4 : 3);
  plan.lane = gray ? 1 : 4;
  plan.swap = (p.layout == PixelLayout::kRgb8) != p.rgb;
  const auto fit_w = static_cast<size_t>(p.fit_w);
  const auto source_w = static_cast<size_t>(p.IW);
  plan.offset = take<int32_t>(&scratch, fit_w * 4);
  plan.weight = take<int16_t>(&scratch, fit_w * 16);
  for (int16_t*& line : plan.line) line = take<int16_t>(&scratch, fit_w * 8);
  plan.pixels = take<uint8_t>(&scratch, source_w * 4);
  plan.gray = take<uint8_t>(&scratch, source_w);
  plan.line_row[0] = plan.line_row[1] = -1;
  plan_columns(p, &plan);
  return plan;
}

// BT.601 as in letterbox/scalar.cpp.
constexpr int32_t kLuma = 1220542;
constexpr int32_t kBlueU = 2116026;
constexpr int32_t kGreenU = -409993;
constexpr int32_t kGreenV = -852492;
constexpr int32_t kRedV = 1673527;
constexpr int32_t kHalf = 1 << 19;

// Eight pixels as bytes blue, green, red, 0. The arguments hold the chroma term of each pixel.
void store_nv12(const uint8_t* luma, __m256i blue, __m256i green, __m256i red, uint8_t* out) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(luma));
  // Bytes saturate at 0, as the rule does.
  const __m256i above_black = _mm256_cvtepu8_epi32(_mm_subs_epu8(bytes, _mm_set1_epi8(16)));
  const __m256i y = _mm256_mullo_epi32(above_black, _mm256_set1_epi32(kLuma));
  const __m256i b = _mm256_srai_epi32(_mm256_add_epi32(y, blue), 20);
  const __m256i g = _mm256_srai_epi32(_mm256_add_epi32(y, green), 20);
  const __m256i r = _mm256_srai_epi32(_mm256_add_epi32(y, red), 20);
  const __m256i packed = _mm256_packus_epi16(_mm256_packus_epi32(b, g),
                                             _mm256_packus_epi32(r, _mm256_setzero_si256()));
  const __m256i interleave = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_shuffle_epi8(packed, interleave));
}

// Eight chroma pairs make sixteen pixels.
void convert_nv12_16(const uint8_t* luma, const uint8_t* chroma, uint8_t* out) {
  const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(chroma));
  const __m256i words = _mm256_cvtepu8_epi16(pairs);
  const __m256i centre = _mm256_set1_epi32(128);
  const __m256i u = _mm256_sub_epi32(_mm256_and_si256(words, _mm256_set1_epi32(0xffff)), centre);
  const __m256i v = _mm256_sub_epi32(_mm256_srli_epi32(words, 16), centre);
  const __m256i half = _mm256_set1_epi32(kHalf);
  const __m256i blue = _mm256_add_epi32(_mm256_mullo_epi32(u, _mm256_set1_epi32(kBlueU)), half);
  const __m256i red = _mm256_add_epi32(_mm256_mullo_epi32(v, _mm256_set1_epi32(kRedV)), half);
  const __m256i green =
      _mm256_add_epi32(_mm256_add_epi32(_mm256_mullo_epi32(u, _mm256_set1_epi32(kGreenU)),
                                        _mm256_mullo_epi32(v, _mm256_set1_epi32(kGreenV))),
                       half);
  const __m256i first = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
  const __m256i second = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);
  store_nv12(luma, _mm256_permutevar8x32_epi32(blue, first),
             _mm256_permutevar8x32_epi32(green, first), _mm256_permutevar8x32_epi32(red, first),
             out);
  store_nv12(luma + 8, _mm256_permutevar8x32_epi32(blue, second),
             _mm256_permutevar8x32_epi32(green, second), _mm256_permutevar8x32_epi32(red, second),
             out + 32);
}

void convert_nv12_row(const LetterboxParams& p, int32_t iy, uint8_t* out) {
  const uint8_t* luma = p.data + p.stride * iy;
  const uint8_t* chroma = p.uv + p.uv_stride * (iy / 2);
  int32_t ix = 0;
  for (; ix + 16 <= p.IW; ix += 16) convert_nv12_16(luma + ix, chroma + ix, out + 4 * ix);
  for (; ix < p.IW; ++ix) {
    const int32_t y = max_of(luma[ix] - 16, 0) * kLuma + kHalf;
    const int32_t u = chroma[ix / 2 * 2] - 128;
    const int32_t v = chroma[ix / 2 * 2 + 1] - 128;
    out[4 * ix] = saturate((y + kBlueU * u) >> 20);
    out[4 * ix + 1] = saturate((y + kGreenU * u + kGreenV * v) >> 20);
    out[4 * ix + 2] = saturate((y + kRedV * v) >> 20);
    out[4 * ix + 3] = 0;
  }
}

void convert_gray_row(const uint8_t* row, int32_t IW, int32_t pixel_bytes, bool red_first,
                      uint8_t* out) {
  const int32_t blue_at = red_first ? 2 : 0;
  for (int32_t ix = 0; ix < IW; ++ix, row += pixel_bytes) {
    out[ix] = static_cast<uint8_t>(
        (row[blue_at] * 3735 + row[1] * 19235 + row[2 - blue_at] * 9798 + 16384) >> 15);
  }
}

const uint8_t* source_row(const LetterboxParams& p, const Plan& plan, int32_t iy) {
  const uint8_t* row = p.data + p.stride * iy;
  if (p.layout == PixelLayout::kNv12) {
    convert_nv12_row(p, iy, plan.pixels);
    row = plan.pixels;
  }
  if (!converts_to_gray(p)) return row;
  convert_gray_row(row, p.IW, p.layout == PixelLayout::kNv12 ? 4 : 3,
                   p.layout == PixelLayout::kRgb8, plan.gray);
  return plan.gray;
}

__m128i load_taps(const uint8_t* row, int32_t offset) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + offset));
}

// Two pixels of a line as 32-bit sums: columns fx and fx + 1.
__m256i resize_pair(const uint8_t* row, const Plan& plan, int32_t fx, __m256i pick) {
  const __m256i taps =
      _mm256_inserti128_si256(_mm256_castsi128_si256(load_taps(row, plan.offset[fx])),
                              load_taps(row, plan.offset[fx + 1]), 1);
  const __m256i weight =
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plan.weight + 8 * ptrdiff_t{fx}));
  return _mm256_srai_epi32(_mm256_madd_epi16(_mm256_shuffle_epi8(taps, pick), weight), 4);
}

// The left and right tap of channels 0, 1, 2 as 16-bit words; 0x80 writes a zero.
__m256i tap_shuffle(const Plan& plan) {
  alignas(16) int8_t pick[16];
  for (int8_t& byte : pick) byte = -128;
  for (int32_t c = 0; c < 3; ++c) {
    const int32_t left = plan.swap ? 2 - c : c;
    pick[4 * c] = static_cast<int8_t>(left);
    pick[4 * c + 2] = static_cast<int8_t>(left + plan.pixel_bytes);
  }
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(pick)));
}

void resize_colour_row(const LetterboxParams& p, const Plan& plan, const uint8_t* row,
                       int16_t* line) {
  const __m256i pick = tap_shuffle(plan);
  int32_t fx = 0;
  for (; fx + 4 <= plan.safe_columns; fx += 4) {
    const __m256i packed =
        _mm256_packs_epi32(resize_pair(row, plan, fx, pick), resize_pair(row, plan, fx + 2, pick));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(line + 4 * ptrdiff_t{fx}),
                        _mm256_permute4x64_epi64(packed, 0xd8));
  }
  for (; fx < p.fit_w; ++fx) {
    const int16_t* weight = plan.weight + 8 * ptrdiff_t{fx};
    for (int32_t c = 0; c < 3; ++c) {
      const uint8_t* tap = row + plan.offset[fx] + (plan.swap ? 2 - c : c);
      int32_t sum = tap[0] * weight[0];
      if (weight[1] != 0) sum += tap[plan.pixel_bytes] * weight[1];
      line[4 * fx + c] = static_cast<int16_t>(sum >> 4);
    }
    line[4 * fx + 3] = 0;
  }
}

void resize_gray_row(const LetterboxParams& p, const Plan& plan, const uint8_t* row,
                     int16_t* line) {
  const __m256i pick = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, -128, 1, -128, 4, -128, 5, -128, 8, -128, 9, -128, 12, -128, 13, -128));
  int32_t fx = 0;
  for (; fx + 8 <= plan.safe_columns; fx += 8) {
    const __m256i offset = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plan.offset + fx));
    const __m256i taps = _mm256_i32gather_epi32(reinterpret_cast<const int*>(row), offset, 1);
    const __m256i weight =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plan.weight + 2 * ptrdiff_t{fx}));
    const __m256i sum =
        _mm256_srai_epi32(_mm256_madd_epi16(_mm256_shuffle_epi8(taps, pick), weight), 4);
    const __m128i packed =
        _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(line + fx), packed);
  }
  for (; fx < p.fit_w; ++fx) {
    const int16_t* weight = plan.weight + 2 * ptrdiff_t{fx};
    const uint8_t* tap = row + plan.offset[fx];
    int32_t sum = tap[0] * weight[0];
    if (weight[1] != 0) sum += tap[1] * weight[1];
    line[fx] = static_cast<int16_t>(sum >> 4);
  }
}

// Makes line[0] the resized source row `upper` and line[1] the row `lower`.
void fetch_lines(const LetterboxParams& p, Plan* plan, int32_t upper, int32_t lower) {
  if (plan->line_row[1] == upper) {
    int16_t* line = plan->line[0];
    plan->line[0] = plan->line[1];
    plan->line[1] = line;
    const int32_t row = plan->line_row[0];
    plan->line_row[0] = plan->line_row[1];
    plan->line_row[1] = row;
  }
  const int32_t wanted[2] = {upper, lower};
  for (int32_t i = 0; i < 2; ++i) {
    if (plan->line_row[i] == wanted[i]) continue;
    const uint8_t* row = source_row(p, *plan, wanted[i]);
    if (plan->lane == 4) {
      resize_colour_row(p, *plan, row, plan->line[i]);
    } else {
      resize_gray_row(p, *plan, row, plan->line[i]);
    }
    plan->line_row[i] = wanted[i];
  }
}

// An element of y: normalised, or the byte itself.
void put(const LetterboxParams& p, int32_t value, int32_t c, float* y) {
  *y = (static_cast<float>(value) - p.mean[c]) * p.scale[c];
}
void put(const LetterboxParams&, int32_t value, int32_t, uint8_t* y) {
  *y = static_cast<uint8_t>(value);
}

__m256i blend_lines(const int16_t* upper, const int16_t* lower, __m256i weights[2]) {
  const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(upper));
  const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lower));
  const __m256i sum =
      _mm256_add_epi16(_mm256_mulhi_epi16(a, weights[0]), _mm256_mulhi_epi16(b, weights[1]));
  return _mm256_srli_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(2)), 2);
}

int32_t blend_one(int32_t upper, int32_t lower, int32_t lower_weight) {
  return (((2048 - lower_weight) * upper >> 16) + (lower_weight * lower >> 16) + 2) >> 2;
}

// Two pixels of four words to six floats; the store writes two more.
void store_pair(__m128i words, __m256 mean, __m256 scale, float* y) {
  const __m256 values = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(words));
  const __m256 result = _mm256_mul_ps(_mm256_sub_ps(values, mean), scale);
  const __m256i compact = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
  _mm256_storeu_ps(y, _mm256_permutevar8x32_ps(result, compact));
}

// Four pixels of four words each. The store writes past them: two floats, or four bytes.
void store_four(const LetterboxParams& p, __m256i words, float* y) {
  const __m256 mean =
      _mm256_setr_ps(p.mean[0], p.mean[1], p.mean[2], 0.0F, p.mean[0], p.mean[1], p.mean[2], 0.0F);
  const __m256 scale = _mm256_setr_ps(p.scale[0], p.scale[1], p.scale[2], 0.0F, p.scale[0],
                                      p.scale[1], p.scale[2], 0.0F);
  store_pair(_mm256_castsi256_si128(words), mean, scale, y);
  store_pair(_mm256_extracti128_si256(words, 1), mean, scale, y + 6);
}
void store_four(const LetterboxParams&, __m256i words, uint8_t* y) {
  const __m128i bytes =
      _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  const __m128i compact = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 14, 14, 14, 14);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm_shuffle_epi8(bytes, compact));
}

template <typename T>
void blend_colour(const LetterboxParams& p, const Plan& plan, int32_t lower_weight, T* y) {
  __m256i weights[2] = {_mm256_set1_epi16(static_cast<int16_t>(2048 - lower_weight)),
                        _mm256_set1_epi16(static_cast<int16_t>(lower_weight))};
  int32_t fx = 0;
  // Not the last two pixels: what a store writes past its four must be this row's own.
  for (; fx + 6 <= p.fit_w; fx += 4) {
    store_four(p, blend_lines(plan.line[0] + 4 * fx, plan.line[1] + 4 * fx, weights), y + 3 * fx);
  }
  for (; fx < p.fit_w; ++fx) {
    for (int32_t c = 0; c < 3; ++c) {
      const int32_t value =
          blend_one(plan.line[0][4 * fx + c], plan.line[1][4 * fx + c], lower_weight);
      put(p, value, c, y + 3 * fx + c);
    }
  }
}

// A line of one channel, written once or (Gray8 to three channels) three times.
void store_sixteen(const LetterboxParams& p, __m256i words, float* y) {
  const __m256 mean = _mm256_set1_ps(p.mean[0]);
  const __m256 scale = _mm256_set1_ps(p.scale[0]);
  const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(words)));
  const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(words, 1)));
  _mm256_storeu_ps(y, _mm256_mul_ps(_mm256_sub_ps(low, mean), scale));
  _mm256_storeu_ps(y + 8, _mm256_mul_ps(_mm256_sub_ps(high, mean), scale));
}
void store_sixteen(const LetterboxParams&, __m256i words, uint8_t* y) {
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(y),
      _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

template <typename T>
void blend_gray(const LetterboxParams& p, const Plan& plan, int32_t lower_weight, T* y) {
  int32_t fx = 0;
  if (p.channels == 1) {
    __m256i weights[2] = {_mm256_set1_epi16(static_cast<int16_t>(2048 - lower_weight)),
                          _mm256_set1_epi16(static_cast<int16_t>(lower_weight))};
    for (; fx + 16 <= p.fit_w; fx += 16) {
      store_sixteen(p, blend_lines(plan.line[0] + fx, plan.line[1] + fx, weights), y + fx);
    }
  }
  for (; fx < p.fit_w; ++fx) {
    const int32_t value = blend_one(plan.line[0][fx], plan.line[1][fx], lower_weight);
    for (int32_t c = 0; c < p.channels; ++c) put(p, value, c, y + p.channels * fx + c);
  }
}

// `pixels` of the padding colour.
void fill_padding(const LetterboxParams& p, int32_t pixels, uint8_t* y) {
  __builtin_memset(y, p.pad_value, static_cast<size_t>(pixels * p.channels));
}

// 24 floats repeat it for one channel and for three.
void fill_padding(const LetterboxParams& p, int32_t pixels, float* y) {
  if (pixels == 0) return;
  alignas(32) float pattern[24];
  for (int32_t i = 0; i < 24; ++i) put(p, p.pad_value, i % p.channels, pattern + i);
  const int32_t count = pixels * p.channels;
  int32_t i = 0;
  for (; i + 24 <= count; i += 24) {
    for (int32_t v = 0; v < 24; v += 8) _mm256_storeu_ps(y + i + v, _mm256_load_ps(pattern + v));
  }
  for (int32_t k = 0; i < count; ++i, ++k) y[i] = pattern[k];
}

template <typename T>
void write_rows(const LetterboxParams& p, T* image, int32_t part, int32_t parts) {
  const auto row_begin = static_cast<int32_t>(int64_t{p.OH} * part / parts);
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  Plan plan = make_plan(p, p.scratch + letterbox_scratch_bytes(p) * static_cast<size_t>(part));
  for (int32_t oy = row_begin; oy < row_end; ++oy) {
    T* y = image + ptrdiff_t{oy} * p.OW * p.channels;
    const int32_t fy = oy - p.fit_y;
    if (fy < 0 || fy >= p.fit_h) {
      fill_padding(p, p.OW, y);
      continue;
    }
    const int32_t first = p.row_index[fy];
    fetch_lines(p, &plan, max_of(first, 0), min_of(first + 1, p.IH - 1));
    fill_padding(p, p.fit_x, y);
    T* fitted = y + ptrdiff_t{p.fit_x} * p.channels;
    if (plan.lane == 4) {
      blend_colour(p, plan, p.row_weight[fy], fitted);
    } else {
      blend_gray(p, plan, p.row_weight[fy], fitted);
    }
    const int32_t fit_end = p.fit_x + p.fit_w;
    fill_padding(p, p.OW - fit_end, y + ptrdiff_t{fit_end} * p.channels);
  }
}

}  // namespace

void letterbox_avx2(const LetterboxParams& p, int32_t part, int32_t parts) {
  if (p.y_u8 != nullptr) {
    write_rows(p, p.y_u8, part, parts);
  } else {
    write_rows(p, p.y, part, parts);
  }
}

}  // namespace pawl::kernels::cpu
