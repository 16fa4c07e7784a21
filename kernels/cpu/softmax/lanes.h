// Softmax in vectors; include after lanes_<isa>.h and activation_<isa>.h (exp2_vector). Along the
// last axis a vector holds neighbours of one slice, along others a place of neighbouring slices:
// memory is read in order either way.
#pragma once

#include "kernels/cpu/softmax/entries.h"

namespace pawl::kernels::cpu {
namespace {

constexpr float kExponentMin = -125.0F;  // what exp2_vector takes
constexpr int64_t kTerms = 16;           // added up in float; their sums are added in double

// e^(x - largest), and 0 below 2^kExponentMin. A NaN passes: it is maximum's second operand.
[[gnu::always_inline]] inline Lanes softmax_weight(Lanes x, Lanes largest, Lanes vanishing) {
  const Lanes exponent = multiply(subtract(x, largest), fill(kLog2E));
  return subtract(exp2_vector(maximum(fill(kExponentMin), exponent)), vanishing);
}

// The last n < kLanes elements of a slice, and nothing (-inf, of weight 0) behind them.
[[gnu::always_inline]] inline Lanes load_tail(const float* x, int32_t n) {
  float padded[kLanes];
  for (int32_t i = 0; i < kLanes; ++i) padded[i] = i < n ? x[i] : -__builtin_inff();
  return load(padded);
}

void softmax_slice(const SoftmaxParams& p, const float* x, float* y) {
  const Lanes vanishing = exp2_vector(fill(kExponentMin));
  const int64_t whole = p.axis / kLanes * kLanes;
  const auto rest = static_cast<int32_t>(p.axis - whole);
  const Lanes tail = load_tail(x + whole, rest);
  Lanes largest = tail;
  for (int64_t i = 0; i < whole; i += kLanes) largest = maximum(largest, load(x + i));
  largest = fill(largest_lane(largest));
  const Lanes last = softmax_weight(tail, largest, vanishing);
  double total = rest > 0 ? double{sum_of_lanes(last)} : 0.0;
  for (int64_t i = 0; i < whole;) {
    const int64_t stop = whole - i > kTerms * kLanes ? i + kTerms * kLanes : whole;
    Lanes sum = fill(0.0F);
    for (; i < stop; i += kLanes) {
      const Lanes weight = softmax_weight(load(x + i), largest, vanishing);
      store(y + i, weight);
      sum = add(sum, weight);
    }
    total += double{sum_of_lanes(sum)};
  }
  const Lanes divisor = fill(static_cast<float>(total));
  for (int64_t i = 0; i < whole; i += kLanes) store(y + i, divide(load(y + i), divisor));
  if (rest > 0) store_first(y + whole, divide(last, divisor), rest);
}

// `n` neighbouring slices, at most kLanes.
template <bool kWhole>
void softmax_slices(const SoftmaxParams& p, const float* x, float* y, int32_t n) {
  const auto read = [n](const float* from) { return kWhole ? load(from) : load_first(from, n); };
  const auto write = [n](float* to, Lanes v) { kWhole ? store(to, v) : store_first(to, v, n); };
  const Lanes vanishing = exp2_vector(fill(kExponentMin));
  Lanes largest = read(x);
  for (int64_t i = 1; i < p.axis; ++i) largest = maximum(largest, read(x + i * p.inner));
  DoubleLanes total = zero_doubles();
  for (int64_t i = 0; i < p.axis;) {
    const int64_t stop = p.axis - i > kTerms ? i + kTerms : p.axis;
    Lanes sum = fill(0.0F);
    for (; i < stop; ++i) {
      const Lanes weight = softmax_weight(read(x + i * p.inner), largest, vanishing);
      write(y + i * p.inner, weight);
      sum = add(sum, weight);
    }
    total = add(total, sum);
  }
  const Lanes divisor = divide(total, 1.0);
  for (int64_t i = 0; i < p.axis; ++i) {
    float* to = y + i * p.inner;
    write(to, divide(read(to), divisor));
  }
}

void softmax_part(const SoftmaxParams& p, int32_t part, int32_t parts) {
  const int64_t slices = p.outer * p.inner;
  const int64_t end = slices * (part + 1) / parts;
  for (int64_t slice = slices * part / parts; slice < end;) {
    const int64_t column = slice % p.inner;
    const int64_t first = (slice - column) * p.axis + column;
    if (p.inner == 1) {
      softmax_slice(p, p.x + first, p.y + first);
      ++slice;
      continue;
    }
    int64_t n = p.inner - column < end - slice ? p.inner - column : end - slice;
    if (n >= kLanes) {
      n = kLanes;
      softmax_slices<true>(p, p.x + first, p.y + first, kLanes);
    } else {
      softmax_slices<false>(p, p.x + first, p.y + first, static_cast<int32_t>(n));
    }
    slice += n;
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
