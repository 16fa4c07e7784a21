// See conv_u8.h.
#include <cstdint>

#include "kernels/cuda/conv_u8.h"
#include "kernels/cuda/device/epilogue_u8.cuh"
#include "kernels/cuda/device/implicit_gemm.cuh"

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

  __device__ static void finish(const Params& p, int pixel, int oc, int (&sums)[8]) {
    int bias[8];
    load_eight(p.bias + oc, bias);
#pragma unroll
    for (int i = 0; i < 8; ++i) sums[i] += bias[i];
    finish_u8(p.epilogue, {p.y, p.y_half, p.y_pixel_stride, p.OC}, pixel, oc, sums);
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
