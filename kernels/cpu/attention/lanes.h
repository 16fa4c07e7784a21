// Attention over vectors of keys, then of values; include after lanes_<isa>.h and
// activation_<isa>.h (exp2_vector).
// The keys of a head are transposed into scratch once; blocks of kAttentionRows queries then run
// two small matrix products, query x keys and weights x values, each with its sums in registers.
#pragma once

#include "kernels/cpu/attention/entries.h"

namespace pawl::kernels::cpu {
namespace {

constexpr int32_t kRows = kAttentionRows;

struct Head {
  const float* q;  // of pixel 0
  const float* k;
  const float* v;
  float* y;
  float* keys;    // (D, columns): k transposed; columns past P are 0
  float* scores;  // (kRows, columns)
  ptrdiff_t columns;
};

void transpose_keys(const AttentionParams& p, const Head& head) {
  for (int32_t d = 0; d < p.D; ++d) {
    for (ptrdiff_t j = p.P; j < head.columns; ++j) head.keys[d * head.columns + j] = 0.0F;
  }
  for (int32_t j = 0; j < p.P; ++j) {
    const float* k = head.k + ptrdiff_t{j} * p.x_pixel_stride;
    for (int32_t d = 0; d < p.D; ++d) head.keys[d * head.columns + j] = k[d];
  }
}

// Past the last query of a block its last one is repeated: the results are not stored.
int32_t row_of(int32_t first, int32_t rows, int32_t r) {
  return first + (r < rows ? r : rows - 1);
}

// Scores as powers of two, so that the softmax needs exp2 only. `kVectors` vectors of keys at j.
template <int32_t kVectors>
void score_block(const AttentionParams& p, const Head& head, const float* const* q, ptrdiff_t j) {
  Lanes sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int32_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) sum[r][v] = fill(0.0F);
  }
  const float* keys = head.keys + j;
  for (int32_t d = 0; d < p.D; ++d, keys += head.columns) {
    Lanes k[kVectors];
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) k[v] = load(keys + v * kLanes);
#pragma GCC unroll 8
    for (int32_t r = 0; r < kRows; ++r) {
      const Lanes query = fill(q[r][d]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < kVectors; ++v) sum[r][v] = multiply_add(query, k[v], sum[r][v]);
    }
  }
  const Lanes scale = fill(p.scale * kLog2E);
#pragma GCC unroll 8
  for (int32_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) {
      store(head.scores + r * head.columns + j + v * kLanes, multiply(sum[r][v], scale));
    }
  }
}

// Scores to weights 2^(score - largest); returns the reciprocal of their sum.
float weigh(const AttentionParams& p, const Head& head, float* scores) {
  for (ptrdiff_t j = p.P; j < head.columns; ++j) scores[j] = -__builtin_inff();
  Lanes largest = load(scores);
  for (ptrdiff_t j = kLanes; j < head.columns; j += kLanes) {
    largest = maximum(largest, load(scores + j));
  }
  const Lanes shift = fill(largest_lane(largest));
  Lanes sum = fill(0.0F);
  for (ptrdiff_t j = 0; j < head.columns; j += kLanes) {
    const Lanes exponent = maximum(subtract(load(scores + j), shift), fill(-125.0F));
    const Lanes weight = exp2_vector(exponent);
    store(scores + j, weight);
    sum = add(sum, weight);
  }
  return 1.0F / sum_of_lanes(sum);
}

// Values e.. of all rows; the last vector has `last` lanes (a constant kLanes where it is full).
template <int32_t kVectors>
void value_block(const AttentionParams& p, const Head& head, const float* reciprocal, int32_t first,
                 int32_t rows, int32_t e, int32_t last) {
  Lanes sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int32_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) sum[r][v] = fill(0.0F);
  }
  const float* value = head.v + e;
  for (int32_t j = 0; j < p.P; ++j, value += p.x_pixel_stride) {
    Lanes x[kVectors];
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) {
      x[v] = v + 1 < kVectors || last == kLanes ? load(value + v * kLanes)
                                                : load_first(value + v * kLanes, last);
    }
#pragma GCC unroll 8
    for (int32_t r = 0; r < kRows; ++r) {
      const Lanes weight = fill(head.scores[r * head.columns + j]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < kVectors; ++v) sum[r][v] = multiply_add(weight, x[v], sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int32_t r = 0; r < kRows; ++r) {
    if (r >= rows) break;
    float* y = head.y + ptrdiff_t{first + r} * p.y_pixel_stride + e;
#pragma GCC unroll 2
    for (int32_t v = 0; v < kVectors; ++v) {
      const Lanes result = multiply(sum[r][v], fill(reciprocal[r]));
      if (v + 1 < kVectors || last == kLanes) {
        store(y + v * kLanes, result);
      } else {
        store_first(y + v * kLanes, result, last);
      }
    }
  }
}

// Queries [first, first + rows), at most kRows.
void attend(const AttentionParams& p, const Head& head, int32_t first, int32_t rows) {
  const float* q[kRows];
  for (int32_t r = 0; r < kRows; ++r) {
    q[r] = head.q + ptrdiff_t{row_of(first, rows, r)} * p.x_pixel_stride;
  }
  ptrdiff_t j = 0;
  for (; j + 2 * kLanes <= head.columns; j += 2 * kLanes) score_block<2>(p, head, q, j);
  for (; j < head.columns; j += kLanes) score_block<1>(p, head, q, j);
  float reciprocal[kRows];
  for (int32_t r = 0; r < kRows; ++r) {
    reciprocal[r] = weigh(p, head, head.scores + r * head.columns);
  }
  int32_t e = 0;
  for (; e + 2 * kLanes <= p.VD; e += 2 * kLanes) {
    value_block<2>(p, head, reciprocal, first, rows, e, kLanes);
  }
  for (; e < p.VD; e += kLanes) {
    const int32_t last = p.VD - e < kLanes ? p.VD - e : kLanes;
    value_block<1>(p, head, reciprocal, first, rows, e, last);
  }
}

void attend_rows(const AttentionParams& p, int32_t part, int32_t parts) {
  const int64_t rows = int64_t{p.heads} * p.P;
  const int64_t row_end = rows * (part + 1) / parts;
  float* scratch = p.scratch + attention_scratch_floats(p) * static_cast<size_t>(part);
  const ptrdiff_t columns = (ptrdiff_t{p.P} + 15) / 16 * 16;
  for (int64_t row = rows * part / parts; row < row_end;) {
    const auto h = static_cast<int32_t>(row / p.P);
    const int64_t head_end = int64_t{h + 1} * p.P < row_end ? int64_t{h + 1} * p.P : row_end;
    const ptrdiff_t channel = ptrdiff_t{h} * p.head_stride;
    const Head head = {p.x + p.q_offset + channel,
                       p.x + p.k_offset + channel,
                       p.x + p.v_offset + channel,
                       p.y + ptrdiff_t{h} * p.VD,
                       scratch,
                       scratch + p.D * columns,
                       columns};
    transpose_keys(p, head);
    for (; row < head_end; row += kRows) {
      const int64_t left = head_end - row;
      attend(p, head, static_cast<int32_t>(row % p.P),
             static_cast<int32_t>(left < kRows ? left : kRows));
    }
    row = head_end;
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
