// Convolution as a matrix product on tensor cores, what conv.cu and conv_u8.cu share. A CTA makes
// kPixels x kChannels of y with warps of (kPixels / kWarpsM) x 32.
//
// Shared memory holds kStages steps along K: kPixels rows of x and kChannels rows of weights, 64
// bytes each in 4 chunks. Chunk j of row r lies at place j ^ (r / 2 % 4): the 8 rows that a phase of
// ldmatrix reads then cover all 32 banks once.
//
// A Form says what an element is:
//   Params                      a launch's parameters, with the geometry of conv.h
//   Element, Sum, kChunk        of x and weights; of the accumulator; elements in 16 bytes
//   outside(p), kOutsideBytes   what a pixel outside the image is copied from, and how much of it;
//                               the rest is zero
//   multiply(sum, a, b0, b1)    16x8 products of 32 bytes along K (matrix.cuh)
//   finish(p, pixel, oc, sums)  stores 8 neighbouring channels of a pixel
#pragma once

#include <cstdint>

#include "kernels/cuda/device/copy_async.cuh"
#include "kernels/cuda/device/matrix.cuh"

namespace pawl::kernels::cuda {

constexpr int kStepChunks = 4;  // of 16 bytes, along K in one step
constexpr int kRowBytes = 64;   // of one step
constexpr int kWarpChannels = 32;
constexpr int kSlabSums = 16 * kWarpChannels;  // what a warp hands to its epilogue at a time
constexpr int kFar = -(1 << 28);               // a row outside every image

__device__ inline int swizzled(int row, int chunk) {
  return row * kRowBytes + ((chunk ^ (row >> 1 & 3)) << 4);
}

// Where one thread is along K: a chunk of 16 bytes of one tap.
struct Depth {
  int chunk, ky, kx;  // chunk within the tap
  int linear;         // chunk within the row of weights

  __device__ void advance(int chunks, int chunks_per_tap, int KW) {
    chunk += chunks;
    linear += chunks;
    while (chunk >= chunks_per_tap) {
      chunk -= chunks_per_tap;
      if (++kx == KW) {
        kx = 0;
        ++ky;
      }
    }
  }
};

// Copies of one thread: chunk `column` of every kRowStep-th row.
template <typename Form, int kPixels, int kChannels, int kThreads>
class Loader {
  using Params = typename Form::Params;
  static constexpr int kElementBytes = sizeof(typename Form::Element);
  static constexpr int kRowStep = kThreads / kStepChunks;
  static constexpr int kRowsX = kPixels / kRowStep, kRowsW = kChannels / kRowStep;
  static_assert(kRowStep % 8 == 0 && kPixels % kRowStep == 0 && kChannels % kRowStep == 0,
                "rows of a thread share a swizzle");

 public:
  __device__ Loader(const Params& p, int first_pixel, int first_channel)
      : p_(p), chunks_per_tap_((p.IC + Form::kChunk - 1) / Form::kChunk) {
    const int column = threadIdx.x % kStepChunks, row = threadIdx.x / kStepChunks;
    place_ = swizzled(row, column);
    depth_ = {0, 0, 0, 0};
    depth_.advance(column, chunks_per_tap_, p.KW);
#pragma unroll
    for (int i = 0; i < kRowsX; ++i) {
      const int pixel = first_pixel + row + i * kRowStep;
      const int oy = pixel / p.OW, ox = pixel % p.OW;
      y_[i] = pixel < p.OH * p.OW ? oy * p.stride_h - p.pad_top : kFar;
      x_[i] = ox * p.stride_w - p.pad_left;
    }
    channel_ = first_channel + row;
  }

  // Starts the copies of the next step into `stage`: rows of x, then of weights.
  __device__ void start(uint32_t stage) {
    const bool inside_k = depth_.ky < p_.KH;
    const int channels = min(p_.IC - depth_.chunk * Form::kChunk, Form::kChunk);
#pragma unroll
    for (int i = 0; i < kRowsX; ++i) {
      const int iy = y_[i] + depth_.ky * p_.dilation_h, ix = x_[i] + depth_.kx * p_.dilation_w;
      const bool inside = inside_k && static_cast<unsigned>(iy) < static_cast<unsigned>(p_.IH) &&
                          static_cast<unsigned>(ix) < static_cast<unsigned>(p_.IW);
      // Wraps where it is not used.
      const uint32_t at = (static_cast<uint32_t>(iy) * p_.IW + ix) * p_.x_pixel_stride +
                          depth_.chunk * Form::kChunk;
      copy_async_16(stage + place_ + i * kRowStep * kRowBytes,
                    inside ? p_.x + at : Form::outside(p_),
                    inside ? channels * kElementBytes : Form::kOutsideBytes);
    }
    const int row_chunks = p_.KH * p_.KW * chunks_per_tap_;
#pragma unroll
    for (int i = 0; i < kRowsW; ++i) {
      const int oc = channel_ + i * kRowStep;
      const bool inside = inside_k && oc < p_.OC;
      const int at = (oc * row_chunks + depth_.linear) * Form::kChunk;
      copy_async_16(stage + kPixels * kRowBytes + place_ + i * kRowStep * kRowBytes,
                    p_.weight + (inside ? at : 0), inside ? 16 : 0);
    }
    depth_.advance(kStepChunks, chunks_per_tap_, p_.KW);
  }

  __device__ int steps() const {
    return (p_.KH * p_.KW * chunks_per_tap_ + kStepChunks - 1) / kStepChunks;
  }

 private:
  const Params& p_;
  int chunks_per_tap_;
  int place_;
  int channel_;
  int y_[kRowsX], x_[kRowsX];
  Depth depth_;
};

// sums += x rows * weight rows of one stage, from the warp's first row of each.
template <typename Form, int kTilesM, int kTilesN>
__device__ inline void multiply_stage(typename Form::Sum (&sums)[kTilesM][kTilesN][4],
                                      uint32_t stage, int x_row, int w_row) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int k = 0; k < kStepChunks; k += 2) {
    uint32_t a[kTilesM][4];
#pragma unroll
    for (int m = 0; m < kTilesM; ++m) {
      load_matrices(a[m], stage + swizzled(x_row + 16 * m + lane % 16, k + lane / 16));
    }
#pragma unroll
    for (int n = 0; n < kTilesN; n += 2) {
      uint32_t b[4];
      load_matrices(b,
                    stage + swizzled(w_row + 8 * n + lane / 16 * 8 + lane % 8, k + lane / 8 % 2));
#pragma unroll
      for (int m = 0; m < kTilesM; ++m) {
        Form::multiply(sums[m][n], a[m], b[0], b[1]);
        Form::multiply(sums[m][n + 1], a[m], b[2], b[3]);
      }
    }
  }
}

// Chunks of 4 sums of a 16 x 32 slab: rows 0 to 3 of a write, and neighbouring rows of a read, lie
// in different banks.
__device__ inline int slab_place(int row, int chunk) {
  return row * kWarpChannels + ((chunk ^ ((row & 3) << 1 | (row & 1))) << 2);
}

// A warp's sums go through its own slab, 16 pixels at a time, so that a lane gets 8 neighbouring
// channels and stores them at once.
template <typename Form, int kTilesM, int kTilesN>
__device__ inline void store(const typename Form::Params& p,
                             const typename Form::Sum (&sums)[kTilesM][kTilesN][4],
                             typename Form::Sum* slab, int first_pixel, int first_channel) {
  struct __align__(8) Pair {
    typename Form::Sum x, y;
  };
  struct __align__(16) Four {
    typename Form::Sum v[4];
  };
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
    __syncwarp();
#pragma unroll
    for (int n = 0; n < kTilesN; ++n) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = lane / 4 + 8 * half, chunk = 2 * n + lane % 4 / 2;
        // Indexed as pairs: from a sum of addresses nvcc makes two stores of 4 bytes.
        reinterpret_cast<Pair*>(slab)[slab_place(row, chunk) / 2 + lane % 2] = {
            sums[m][n][2 * half], sums[m][n][2 * half + 1]};
      }
    }
    __syncwarp();
#pragma unroll 1
    for (int row = lane / 4; row < 16; row += 8) {
      const int pixel = first_pixel + 16 * m + row, oc = first_channel + lane % 4 * 8;
      const Four low = *reinterpret_cast<const Four*>(slab + slab_place(row, lane % 4 * 2));
      const Four high = *reinterpret_cast<const Four*>(slab + slab_place(row, lane % 4 * 2 + 1));
      typename Form::Sum v[8] = {low.v[0],  low.v[1],  low.v[2],  low.v[3],
                                 high.v[0], high.v[1], high.v[2], high.v[3]};
      if (pixel < p.OH * p.OW && oc < p.OC) Form::finish(p, pixel, oc, v);
    }
  }
}

template <typename Form, int kPixels, int kChannels, int kWarpsM, int kStages>
__device__ inline void implicit_gemm(const typename Form::Params& p) {
  using Sum = typename Form::Sum;
  constexpr int kWarpsN = kChannels / kWarpChannels, kThreads = 32 * kWarpsM * kWarpsN;
  constexpr int kTilesM = kPixels / kWarpsM / 16, kTilesN = kWarpChannels / 8;
  constexpr int kStageBytes = (kPixels + kChannels) * kRowBytes;
  static_assert(kStages * kStageBytes <= 48 * 1024, "static shared memory");
  static_assert(kWarpsM * kWarpsN * kSlabSums * 4 <= kStages * kStageBytes, "slabs fit");
  __shared__ __align__(128) unsigned char shared[kStages * kStageBytes];

  const int warp = threadIdx.x / 32;
  const int x_row = warp / kWarpsN * (kPixels / kWarpsM), w_row = warp % kWarpsN * kWarpChannels;
  const int first_pixel = blockIdx.x * kPixels, first_channel = blockIdx.y * kChannels;
  Loader<Form, kPixels, kChannels, kThreads> loader(p, first_pixel, first_channel);
  const int steps = loader.steps();
  const uint32_t stages = shared_address(shared);
  Sum sums[kTilesM][kTilesN][4] = {};

  // A group is committed each time, empty or not, so that the count of groups is the step's.
#pragma unroll
  for (int s = 0; s < kStages - 1; ++s) {
    if (s < steps) loader.start(stages + s * kStageBytes);
    copy_async_commit();
  }
  int filling = kStages - 1, reading = 0;
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    copy_async_wait<kStages - 2>();
    // Shows this step's copies, and that all warps have read what is overwritten next.
    __syncthreads();
    if (step + kStages - 1 < steps) loader.start(stages + filling * kStageBytes);
    copy_async_commit();
    multiply_stage<Form>(sums, stages + reading * kStageBytes, x_row, kPixels + w_row);
    filling = filling + 1 == kStages ? 0 : filling + 1;
    reading = reading + 1 == kStages ? 0 : reading + 1;
  }
  // The slabs lie where the stages were.
  __syncthreads();
  store<Form>(p, sums, reinterpret_cast<Sum*>(shared) + warp * kSlabSums, first_pixel + x_row,
              first_channel + w_row);
}

}  // namespace pawl::kernels::cuda
