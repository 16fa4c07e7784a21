// See attention.h. blockIdx: four queries, a head, 256 values.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/attention.h"

namespace pawl::kernels::cuda {
namespace {

constexpr int kLanes = 32;
constexpr int kValues = 8;  // of a lane, 32 apart
constexpr unsigned kAll = 0xFFFFFFFFU;

__device__ inline float largest(float v) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    v = fmaxf(v, __shfl_xor_sync(kAll, v, distance));
  }
  return v;
}

__device__ inline float sum(float v) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    v += __shfl_xor_sync(kAll, v, distance);
  }
  return v;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(128) attention_f16(AttentionParams p) {
  const int lane = static_cast<int>(threadIdx.x) % kLanes;
  const int query = static_cast<int>(blockIdx.x * (blockDim.x / kLanes) + threadIdx.x / kLanes);
  if (query >= p.P) return;  // the whole warp
  const int head = static_cast<int>(blockIdx.y) * p.head_stride;
  const int first = static_cast<int>(blockIdx.z) * kLanes * kValues;
  const __half* x = reinterpret_cast<const __half*>(p.x);
  const __half* q = x + static_cast<size_t>(query) * p.x_pixel_stride + p.q_offset + head;
  const __half* values = x + p.v_offset + head + first;
  float best = -__int_as_float(0x7F800000), total = 0.0F;
  float y[kValues] = {};
  for (int key = 0; key < p.P; key += kLanes) {
    const bool inside = key + lane < p.P;
    float score = -__int_as_float(0x7F800000);
    if (inside) {
      const __half* k = x + static_cast<size_t>(key + lane) * p.x_pixel_stride + p.k_offset + head;
      float dot = 0.0F;
      for (int d = 0; d < p.D; ++d) dot += __half2float(q[d]) * __half2float(k[d]);
      score = dot * p.scale;
    }
    const float top = fmaxf(best, largest(score));
    const float shrink = __expf(best - top);
    const float weight = inside ? __expf(score - top) : 0.0F;
    best = top;
    total = total * shrink + sum(weight);
#pragma unroll
    for (float& one : y) one *= shrink;
    const int keys = min(kLanes, p.P - key);
    for (int j = 0; j < keys; ++j) {
      const float share = __shfl_sync(kAll, weight, j);
      const __half* v = values + static_cast<size_t>(key + j) * p.x_pixel_stride;
#pragma unroll
      for (int i = 0; i < kValues; ++i) {
        const int e = i * kLanes + lane;
        if (first + e < p.VD) y[i] += share * __half2float(v[e]);
      }
    }
  }
  __half* out = reinterpret_cast<__half*>(p.y) + static_cast<size_t>(query) * p.y_pixel_stride +
                static_cast<int>(blockIdx.y) * p.VD + first;
#pragma unroll
  for (int i = 0; i < kValues; ++i) {
    const int e = i * kLanes + lane;
    if (first + e < p.VD) out[e] = __float2half_rn(y[i] / total);
  }
}

}  // namespace pawl::kernels::cuda
