// See conv.h.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/conv.h"
#include "kernels/cuda/device/activation.cuh"
#include "kernels/cuda/device/implicit_gemm.cuh"

namespace pawl::kernels::cuda {
namespace {

struct F16 {
  using Params = ConvF16Params;
  using Element = uint16_t;
  using Sum = float;
  static constexpr int kChunk = 8;
  static constexpr int kOutsideBytes = 0;

  __device__ static const uint16_t* outside(const Params& p) { return p.x; }
  __device__ static void multiply(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0,
                                  uint32_t b1) {
    multiply_add_f16(sum, a, b0, b1);
  }

  // The end of 8 neighbouring channels of one pixel.
  __device__ static void finish(const Params& p, int pixel, int oc, float (&v)[8]) {
    const float4 low = *reinterpret_cast<const float4*>(p.bias + oc);
    const float4 high = *reinterpret_cast<const float4*>(p.bias + oc + 4);
    v[0] += low.x, v[1] += low.y, v[2] += low.z, v[3] += low.w;
    v[4] += high.x, v[5] += high.y, v[6] += high.z, v[7] += high.w;
    activate(v, p.activation);
    __half* y = reinterpret_cast<__half*>(p.y) + pixel * p.y_pixel_stride + oc;
    const __half* residual =
        reinterpret_cast<const __half*>(p.residual) + pixel * p.residual_pixel_stride + oc;
    if (oc + 8 <= p.OC) {
      if (p.residual != nullptr) {
        const uint4 packed = *reinterpret_cast<const uint4*>(residual);
        const __half* r = reinterpret_cast<const __half*>(&packed);
#pragma unroll
        for (int i = 0; i < 8; ++i) v[i] += __half2float(r[i]);
      }
      uint4 packed;
      __half2* out = reinterpret_cast<__half2*>(&packed);
#pragma unroll
      for (int i = 0; i < 4; ++i) out[i] = __floats2half2_rn(v[2 * i], v[2 * i + 1]);
      *reinterpret_cast<uint4*>(y) = packed;
      return;
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (oc + i >= p.OC) break;
      if (p.residual != nullptr) v[i] += __half2float(residual[i]);
      y[i] = __float2half_rn(v[i]);
    }
  }
};

}  // namespace

extern "C" {
__global__ void __launch_bounds__(256) conv_f16_128x128(ConvF16Params p) {
  implicit_gemm<F16, 128, 128, 2, 3>(p);
}
__global__ void __launch_bounds__(256) conv_f16_128x64(ConvF16Params p) {
  implicit_gemm<F16, 128, 64, 4, 3>(p);
}
__global__ void __launch_bounds__(128) conv_f16_128x32(ConvF16Params p) {
  implicit_gemm<F16, 128, 32, 4, 4>(p);
}
__global__ void __launch_bounds__(128) conv_f16_64x64(ConvF16Params p) {
  implicit_gemm<F16, 64, 64, 2, 4>(p);
}
__global__ void __launch_bounds__(128) conv_f16_64x32(ConvF16Params p) {
  implicit_gemm<F16, 64, 32, 4, 4>(p);
}
__global__ void __launch_bounds__(64) conv_f16_32x32(ConvF16Params p) {
  implicit_gemm<F16, 32, 32, 2, 4>(p);
}
}

}  // namespace pawl::kernels::cuda
