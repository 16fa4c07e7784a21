// The specification of pixelwise.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/cpu/pixelwise/entries.h"
#include "kernels/cpu/vec/activation_scalar.h"

namespace pawl::kernels::cpu {
namespace {

float activated(float x, const ActivationParams& activation) {
  return static_cast<float>(activate_scalar(static_cast<double>(x), activation));
}

float combine(BinaryOp op, float a, float b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMin:
      return std::min(a, b);
    case BinaryOp::kMax:
      return std::max(a, b);
  }
  return a;
}

}  // namespace

void unary_scalar(const UnaryParams& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t pixel = p.P * part / parts; pixel < end; ++pixel) {
    const float* x = p.x + pixel * p.x_pixel_stride;
    float* y = p.y + pixel * p.y_pixel_stride;
    for (int32_t c = 0; c < p.C; ++c) y[c] = activated(x[c], p.activation);
  }
}

void binary_scalar(const BinaryParams& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t pixel = p.P * part / parts; pixel < end; ++pixel) {
    const float* a = p.a + pixel * p.a_pixel_stride;
    const float* b = p.b + pixel * p.b_pixel_stride;
    float* y = p.y + pixel * p.y_pixel_stride;
    for (int32_t c = 0; c < p.C; ++c) y[c] = activated(combine(p.op, a[c], b[c]), p.activation);
  }
}

void gather_scalar(const GatherParams& p, int32_t part, int32_t parts) {
  const int64_t end = p.P * (part + 1) / parts;
  for (int64_t pixel = p.P * part / parts; pixel < end; ++pixel) {
    const float* x = p.x + pixel * p.x_pixel_stride;
    float* y = p.y + pixel * p.y_pixel_stride;
    for (int32_t c = 0; c < p.C; ++c) y[c] = x[p.index[c]];
  }
}

void focus_scalar(const FocusParams& p, int32_t part, int32_t parts) {
  const auto row_end = static_cast<int32_t>(int64_t{p.OH} * (part + 1) / parts);
  for (auto oy = static_cast<int32_t>(int64_t{p.OH} * part / parts); oy < row_end; ++oy) {
    for (int32_t ox = 0; ox < p.OW; ++ox) {
      float* y = p.y + (ptrdiff_t{oy} * p.OW + ox) * p.y_pixel_stride;
      for (int32_t g = 0; g < 4; ++g) {
        const ptrdiff_t pixel = ptrdiff_t{2 * oy + p.dy[g]} * (2 * p.OW) + 2 * ox + p.dx[g];
        for (int32_t c = 0; c < p.C; ++c) y[g * p.C + c] = p.x[pixel * p.x_pixel_stride + c];
      }
    }
  }
}

}  // namespace pawl::kernels::cpu
