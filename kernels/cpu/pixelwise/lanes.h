// Pixelwise operations over vectors of channels; include after lanes_<isa>.h and
// activation_<isa>.h.
#pragma once

#include "kernels/cpu/pixelwise/entries.h"

namespace pawl::kernels::cpu {
namespace {

template <Activation kKind>
void activate_span(const float* x, float* y, int64_t n, const ActivationVectors& constants) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, activate<kKind>(load(x + i), constants));
  const auto rest = static_cast<int32_t>(n - i);
  if (rest > 0) store_first(y + i, activate<kKind>(load_first(x + i, rest), constants), rest);
}

using ActivateFn = void (*)(const float* x, float* y, int64_t n, const ActivationVectors&);

ActivateFn activate_fn(Activation kind) {
  switch (kind) {
    case Activation::kNone:
      return activate_span<Activation::kNone>;
    case Activation::kRelu:
      return activate_span<Activation::kRelu>;
    case Activation::kLeakyRelu:
      return activate_span<Activation::kLeakyRelu>;
    case Activation::kSigmoid:
      return activate_span<Activation::kSigmoid>;
    case Activation::kSilu:
      return activate_span<Activation::kSilu>;
    case Activation::kHardSwish:
      return activate_span<Activation::kHardSwish>;
    case Activation::kHardSigmoid:
      return activate_span<Activation::kHardSigmoid>;
    case Activation::kTanh:
      return activate_span<Activation::kTanh>;
    case Activation::kMish:
      return activate_span<Activation::kMish>;
    case Activation::kGelu:
      return activate_span<Activation::kGelu>;
    case Activation::kClip:
      return activate_span<Activation::kClip>;
  }
  return activate_span<Activation::kNone>;
}

template <BinaryOp kOp>
Lanes combine(Lanes a, Lanes b) {
  if constexpr (kOp == BinaryOp::kAdd) return add(a, b);
  if constexpr (kOp == BinaryOp::kSub) return subtract(a, b);
  if constexpr (kOp == BinaryOp::kMul) return multiply(a, b);
  if constexpr (kOp == BinaryOp::kDiv) return divide(a, b);
  if constexpr (kOp == BinaryOp::kMin) return minimum(a, b);
  if constexpr (kOp == BinaryOp::kMax) return maximum(a, b);
}

template <BinaryOp kOp>
void combine_span(const float* a, const float* b, float* y, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, combine<kOp>(load(a + i), load(b + i)));
  const auto rest = static_cast<int32_t>(n - i);
  if (rest > 0) {
    store_first(y + i, combine<kOp>(load_first(a + i, rest), load_first(b + i, rest)), rest);
  }
}

using CombineFn = void (*)(const float* a, const float* b, float* y, int64_t n);

CombineFn combine_fn(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return combine_span<BinaryOp::kAdd>;
    case BinaryOp::kSub:
      return combine_span<BinaryOp::kSub>;
    case BinaryOp::kMul:
      return combine_span<BinaryOp::kMul>;
    case BinaryOp::kDiv:
      return combine_span<BinaryOp::kDiv>;
    case BinaryOp::kMin:
      return combine_span<BinaryOp::kMin>;
    case BinaryOp::kMax:
      return combine_span<BinaryOp::kMax>;
  }
  return combine_span<BinaryOp::kAdd>;
}

ActivationVectors activation_constants(const ActivationParams& activation) {
  return {fill(activation.alpha), fill(activation.beta)};
}

// Dense views are one long pixel.
void unary_pixels(const UnaryParams& p, int32_t part, int32_t parts) {
  const int64_t begin = p.P * part / parts;
  const int64_t count = p.P * (part + 1) / parts - begin;
  const ActivateFn run = activate_fn(p.activation.kind);
  const ActivationVectors constants = activation_constants(p.activation);
  const float* x = p.x + begin * p.x_pixel_stride;
  float* y = p.y + begin * p.y_pixel_stride;
  if (p.x_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    run(x, y, count * p.C, constants);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    run(x + i * p.x_pixel_stride, y + i * p.y_pixel_stride, p.C, constants);
  }
}

// The activation is a second pass over what is still in the L1 cache: 6 + 11 loops, not 66.
void binary_span(const BinaryParams& p, const float* a, const float* b, float* y, int64_t n) {
  constexpr int64_t kChunk = 2048;
  const CombineFn combine_chunk = combine_fn(p.op);
  const ActivateFn activate_chunk = activate_fn(p.activation.kind);
  const ActivationVectors constants = activation_constants(p.activation);
  for (int64_t i = 0; i < n; i += kChunk) {
    const int64_t chunk = n - i < kChunk ? n - i : kChunk;
    combine_chunk(a + i, b + i, y + i, chunk);
    if (p.activation.kind != Activation::kNone) activate_chunk(y + i, y + i, chunk, constants);
  }
}

void binary_pixels(const BinaryParams& p, int32_t part, int32_t parts) {
  const int64_t begin = p.P * part / parts;
  const int64_t count = p.P * (part + 1) / parts - begin;
  const float* a = p.a + begin * p.a_pixel_stride;
  const float* b = p.b + begin * p.b_pixel_stride;
  float* y = p.y + begin * p.y_pixel_stride;
  if (p.a_pixel_stride == p.C && p.b_pixel_stride == p.C && p.y_pixel_stride == p.C) {
    binary_span(p, a, b, y, count * p.C);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    binary_span(p, a + i * p.a_pixel_stride, b + i * p.b_pixel_stride, y + i * p.y_pixel_stride,
                p.C);
  }
}

void gather_pixels(const GatherParams& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t pixel = p.P * part / parts; pixel < end; ++pixel) {
    const float* x = p.x + pixel * p.x_pixel_stride;
    float* y = p.y + pixel * p.y_pixel_stride;
    int32_t c = 0;
    for (; c + kLanes <= p.C; c += kLanes) store(y + c, gather(x, p.index + c));
    for (; c < p.C; ++c) y[c] = x[p.index[c]];
  }
}

// Masked to C lanes: C is 3 in every network that has this layer.
void focus_rows(const FocusParams& p, int32_t part, int32_t parts) {
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (auto oy = static_cast<int32_t>(int64_t{p.OH} * part / parts); oy < row_end; ++oy) {
    const float* x[4];
    for (int32_t g = 0; g < 4; ++g) {
      const ptrdiff_t pixel = ptrdiff_t{2 * oy + p.dy[g]} * (2 * p.OW) + p.dx[g];
      x[g] = p.x + pixel * p.x_pixel_stride;
    }
    float* y = p.y + ptrdiff_t{oy} * p.OW * p.y_pixel_stride;
    for (int32_t ox = 0; ox < p.OW; ++ox, y += p.y_pixel_stride) {
      const ptrdiff_t step = ptrdiff_t{2 * ox} * p.x_pixel_stride;
      for (int32_t g = 0; g < 4; ++g) {
        for (int32_t c = 0; c < p.C; c += kLanes) {
          const int32_t n = p.C - c < kLanes ? p.C - c : kLanes;
          store_first(y + g * p.C + c, load_first(x[g] + step + c, n), n);
        }
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels::cpu
