// See conv_u8.h.
#include <cstdint>

#include "kernels/cuda/conv_u8.h"
#include "kernels/cuda/device/implicit_gemm.cuh"
#include "kernels/cuda/device/requantize.cuh"

namespace pawl::kernels::cuda {
namespace {

struct U8 {
  using Params = ConvU8LaunchParams;
  using Element = uint8_t;
  using Sum = int;
  static constexpr int kChunk = 16;
  static constexpr int kOutsideBytes = 16;

  // Padding is the zero point. Behind the last step along K weights are zero, whatever x is.
  __device__ static const uint8_t* outside(const Params& p) { return p.pad; }
  __device__ static void multiply(int (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    multiply_add_u8(sum, a, b0, b1);
  }

  // 8 neighbouring channels of one pixel; those from `count` on are not there.
  __device__ static void finish(const Params& p, int pixel, int oc, int (&sums)[8]) {
    const Epilogue& e = p.epilogue;
    const int count = min(p.OC - oc, 8);
    int bias[8];
    float v[8], scale[8];
    load(p.bias + oc, bias);
    load(e.scale + oc, scale);
#pragma unroll
    for (int i = 0; i < 8; ++i) v[i] = __fmul_rn(__int2float_rn(sums[i] + bias[i]), scale[i]);
    activate_quantized(v, e.activation);
    if (e.residual != nullptr) {
      add_residual(e, e.residual + pixel * e.residual_pixel_stride + oc, count, v);
    }
    if (p.y_float != nullptr) {
      store(p.y_float + pixel * p.y_pixel_stride + oc, count, v);
    } else {
      uint32_t bytes[8];
      load(e.inverse_scale + oc, scale);
#pragma unroll
      for (int i = 0; i < 8; ++i) bytes[i] = quantize(v[i], scale[i], e.zero);
      store(p.y + pixel * p.y_pixel_stride + oc, count, bytes);
    }
  }

 private:
  // Of 8 channels; arrays are filled up to a multiple of that.
  template <typename T>
  __device__ static void load(const T* from, T (&to)[8]) {
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
      const uint4 four = *reinterpret_cast<const uint4*>(from + i);
      memcpy(to + i, &four, sizeof(four));
    }
  }
  __device__ static void add_residual(const Epilogue& e, const uint8_t* residual, int count,
                                      float (&v)[8]) {
    uint2 bytes = make_uint2(0, 0);
    if (count == 8) {
      bytes = *reinterpret_cast<const uint2*>(residual);
    } else {
#pragma unroll
      for (int i = 0; i < 7; ++i) {
        const uint32_t byte = i < count ? residual[i] : 0;
        (i < 4 ? bytes.x : bytes.y) |= byte << 8 * (i % 4);
      }
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int byte = (i < 4 ? bytes.x : bytes.y) >> 8 * (i % 4) & 255;
      const float addend = __int2float_rn(byte - e.residual_quantization.zero);
      v[i] = __fmaf_rn(addend, e.residual_quantization.scale, v[i]);
    }
  }

  __device__ static void store(float* y, int count, const float (&v)[8]) {
    if (count == 8) {
      reinterpret_cast<float4*>(y)[0] = make_float4(v[0], v[1], v[2], v[3]);
      reinterpret_cast<float4*>(y)[1] = make_float4(v[4], v[5], v[6], v[7]);
      return;
    }
#pragma unroll
    for (int i = 0; i < 7; ++i) {
      if (i < count) y[i] = v[i];
    }
  }
  __device__ static void store(uint8_t* y, int count, const uint32_t (&v)[8]) {
    if (count == 8) {
      *reinterpret_cast<uint2*>(y) = make_uint2(v[0] | v[1] << 8 | v[2] << 16 | v[3] << 24,
                                                v[4] | v[5] << 8 | v[6] << 16 | v[7] << 24);
      return;
    }
#pragma unroll
    for (int i = 0; i < 7; ++i) {
      if (i < count) y[i] = static_cast<uint8_t>(v[i]);
    }
  }
};

}  // namespace

extern "C" {
__global__ void __launch_bounds__(256) conv_u8_128x128(ConvU8LaunchParams p) {
  implicit_gemm<U8, 128, 128, 2, 3>(p);
}
__global__ void __launch_bounds__(256) conv_u8_128x64(ConvU8LaunchParams p) {
  implicit_gemm<U8, 128, 64, 4, 3>(p);
}
__global__ void __launch_bounds__(128) conv_u8_128x32(ConvU8LaunchParams p) {
  implicit_gemm<U8, 128, 32, 4, 4>(p);
}
__global__ void __launch_bounds__(128) conv_u8_64x64(ConvU8LaunchParams p) {
  implicit_gemm<U8, 64, 64, 2, 4>(p);
}
__global__ void __launch_bounds__(128) conv_u8_64x32(ConvU8LaunchParams p) {
  implicit_gemm<U8, 64, 32, 4, 4>(p);
}
__global__ void __launch_bounds__(64) conv_u8_32x32(ConvU8LaunchParams p) {
  implicit_gemm<U8, 32, 32, 2, 4>(p);
}
}

}  // namespace pawl::kernels::cuda
