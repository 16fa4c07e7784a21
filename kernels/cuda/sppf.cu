// See sppf.h.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/sppf.h"

namespace pawl::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 8;  // pixels of a side
constexpr int kHalo = 6;  // three times the reach of a 5x5 window
constexpr int kRegion = kTile + 2 * kHalo;
constexpr int kChunk = 16;  // bytes that a thread moves
constexpr int kChunks = 2;  // of a pixel in a CTA: a sector

struct F16 {
  static constexpr uint32_t kLowest = 0xFC00FC00U;  // -inf, twice
  __device__ static uint32_t largest(uint32_t a, uint32_t b) {
    const __half2 y = __hmax2(*reinterpret_cast<__half2*>(&a), *reinterpret_cast<__half2*>(&b));
    return *reinterpret_cast<const uint32_t*>(&y);
  }
};

struct U8 {
  static constexpr uint32_t kLowest = 0;
  __device__ static uint32_t largest(uint32_t a, uint32_t b) { return __vmaxu4(a, b); }
};

// `v` by value: its members through a reference would be loads of 4 bytes, 16 apart, in 4 passes.
template <typename Form>
__device__ inline void raise(uint4* best, uint4 v) {
  best->x = Form::largest(best->x, v.x), best->y = Form::largest(best->y, v.y);
  best->z = Form::largest(best->z, v.z), best->w = Form::largest(best->w, v.w);
}

// `count` of 16 bytes; the others stay as they are.
__device__ inline void load_bytes(const uint8_t* from, int count, uint4* v) {
  if (count >= kChunk) {
    *v = *reinterpret_cast<const uint4*>(from);
    return;
  }
  uint32_t words[4] = {v->x, v->y, v->z, v->w};
#pragma unroll
  for (int i = 0; i < kChunk; ++i) {
    const int shift = 8 * (i % 4);
    if (i < count) words[i / 4] = (words[i / 4] & ~(255U << shift)) | uint32_t{from[i]} << shift;
  }
  *v = make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ inline void store_bytes(uint8_t* to, int count, const uint4& v) {
  if (count >= kChunk) {
    *reinterpret_cast<uint4*>(to) = v;
    return;
  }
  const uint32_t words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (int i = 0; i < kChunk; ++i) {
    if (i < count) to[i] = static_cast<uint8_t>(words[i / 4] >> 8 * (i % 4));
  }
}

template <typename Form>
__device__ inline void sppf(const SppfParams& p) {
  __shared__ uint4 x[kRegion][kRegion][kChunks];
  __shared__ uint4 rows[3][kRegion][kTile][kChunks];  // the largest of 5, 9, 13 along a row
  const int top = static_cast<int>(blockIdx.y) * kTile, left = static_cast<int>(blockIdx.x) * kTile;
  const int first = static_cast<int>(blockIdx.z) * kChunks * kChunk;
  const uint4 lowest = make_uint4(Form::kLowest, Form::kLowest, Form::kLowest, Form::kLowest);

  for (int i = static_cast<int>(threadIdx.x); i < kRegion * kRegion * kChunks; i += kThreads) {
    const int chunk = i % kChunks, column = i / kChunks % kRegion, row = i / kChunks / kRegion;
    const int iy = top + row - kHalo, ix = left + column - kHalo;
    uint4 v = lowest;
    if (iy >= 0 && iy < p.H && ix >= 0 && ix < p.W) {
      const int byte = first + chunk * kChunk;
      load_bytes(p.x + static_cast<size_t>(iy * p.W + ix) * p.x_pixel_bytes + byte,
                 p.channel_bytes - byte, &v);
    }
    x[row][column][chunk] = v;
  }
  __syncthreads();

  for (int i = static_cast<int>(threadIdx.x); i < kRegion * kTile * kChunks; i += kThreads) {
    const int chunk = i % kChunks, column = i / kChunks % kTile, row = i / kChunks / kTile;
    const int centre = column + kHalo;
    uint4 best = x[row][centre][chunk];
#pragma unroll
    for (int reach = 1; reach <= kHalo; ++reach) {
      raise<Form>(&best, x[row][centre - reach][chunk]);
      raise<Form>(&best, x[row][centre + reach][chunk]);
      if (reach % 2 == 0) rows[reach / 2 - 1][row][column][chunk] = best;
    }
  }
  __syncthreads();

  for (int i = static_cast<int>(threadIdx.x); i < 3 * kTile * kTile * kChunks; i += kThreads) {
    const int chunk = i % kChunks, column = i / kChunks % kTile;
    const int row = i / kChunks / kTile % kTile, output = i / kChunks / kTile / kTile;
    const int oy = top + row, ox = left + column, byte = first + chunk * kChunk;
    if (oy >= p.H || ox >= p.W) continue;
    const int centre = row + kHalo, reach = 2 * output + 2;
    uint4 best = rows[output][centre][column][chunk];
    for (int d = 1; d <= reach; ++d) {
      raise<Form>(&best, rows[output][centre - d][column][chunk]);
      raise<Form>(&best, rows[output][centre + d][column][chunk]);
    }
    uint8_t* y = output == 0 ? p.y[0] : output == 1 ? p.y[1] : p.y[2];
    store_bytes(y + static_cast<size_t>(oy * p.W + ox) * p.y_pixel_bytes + byte,
                p.channel_bytes - byte, best);
  }
}

}  // namespace

extern "C" {
__global__ void __launch_bounds__(kThreads) sppf_f16(SppfParams p) {
  sppf<F16>(p);
}
__global__ void __launch_bounds__(kThreads) sppf_u8(SppfParams p) {
  sppf<U8>(p);
}
}

}  // namespace pawl::kernels::cuda
