// Prefix sum and sorting of 64-bit keys, upwards, by one CTA of 32 warps.
//   sort_few    a key a thread, bitonic: in registers within a warp, through shared memory across
//   sort_radix  any number in device memory, by their upper 32 bits, stable: 4 passes of 8 bits
#pragma once

#include <cstdint>

namespace pawl::kernels::cuda {

constexpr int kSortThreads = 1024;
constexpr int kSortWarps = kSortThreads / 32;
constexpr int kBins = 256;
constexpr uint32_t kAllLanes = 0xFFFFFFFFU;

// Sum of `value` over the threads before this one; *total over all. Begins with a barrier.
__device__ inline uint32_t exclusive_sum(uint32_t value, uint32_t* total) {
  __shared__ uint32_t warp_sums[kSortWarps];
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  uint32_t sum = value;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const uint32_t lower = __shfl_up_sync(kAllLanes, sum, step);
    if (lane >= step) sum += lower;
  }
  __syncthreads();
  if (lane == 31) warp_sums[warp] = sum;
  __syncthreads();
  // Every warp sums the warps again: cheaper than one that does and a barrier.
  uint32_t warps = warp_sums[lane];
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const uint32_t lower = __shfl_up_sync(kAllLanes, warps, step);
    if (lane >= step) warps += lower;
  }
  *total = __shfl_sync(kAllLanes, warps, 31);
  const uint32_t before = __shfl_sync(kAllLanes, warps, max(warp - 1, 0));
  return sum - value + (warp > 0 ? before : 0);
}

// The key of this thread's place among `n` of them, n <= kSortThreads; threads beyond give and get
// ~0. `exchange` holds kSortThreads keys.
__device__ inline uint64_t sort_few(uint64_t key, int n, uint64_t* exchange) {
  const int me = static_cast<int>(threadIdx.x);
  for (int size = 2; size / 2 < n; size *= 2) {
    for (int step = size / 2; step > 0; step /= 2) {
      uint64_t other;
      if (step < 32) {
        other = __shfl_xor_sync(kAllLanes, key, step);
      } else {
        __syncthreads();
        exchange[me] = key;
        __syncthreads();
        other = exchange[me ^ step];
      }
      // The lower of two places has the smaller key in an upward run.
      const bool smaller = ((me & step) == 0) == ((me & size) == 0);
      key = (other < key) == smaller ? other : key;
    }
  }
  return key;
}

// Lanes that have the same bin; `active` lanes have one.
__device__ inline uint32_t same_bin(int bin, bool active) {
  uint32_t peers = __ballot_sync(kAllLanes, active);
#pragma unroll
  for (int bit = 0; bit < 8; ++bit) {
    const bool set = (bin >> bit & 1) != 0;
    const uint32_t with = __ballot_sync(kAllLanes, set);
    peers &= set ? with : ~with;
  }
  return peers;
}

// One pass: from -> to by the 8 bits at `shift`. A warp takes a share of neighbours, so that equal
// bins stay in order. `bins` holds kSortWarps * kBins counts.
__device__ inline void radix_pass(const uint64_t* from, uint64_t* to, int n, int shift,
                                  uint32_t* bins) {
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  const int share = (n + kSortThreads - 1) / kSortThreads * 32;
  const int begin = min(warp * share, n), end = min(begin + share, n);
  uint32_t* mine = bins + warp * kBins;
  const auto bin_of = [&](int i) { return static_cast<int>(from[i] >> shift & (kBins - 1)); };

  for (int i = lane; i < kBins; i += 32) mine[i] = 0;
  __syncwarp();
  for (int i = begin + lane; i < end; i += 32) atomicAdd(&mine[bin_of(i)], 1U);
  __syncthreads();

  // Places in order of bin, then warp: a thread sums a quarter of a bin's warps.
  constexpr int kPart = kSortWarps * kBins / kSortThreads;
  const int bin = static_cast<int>(threadIdx.x) / (kSortWarps / kPart);
  const int first = static_cast<int>(threadIdx.x) % (kSortWarps / kPart) * kPart;
  uint32_t sum = 0, total;
#pragma unroll
  for (int w = first; w < first + kPart; ++w) sum += bins[w * kBins + bin];
  uint32_t place = exclusive_sum(sum, &total);
#pragma unroll
  for (int w = first; w < first + kPart; ++w) {
    const uint32_t count = bins[w * kBins + bin];
    bins[w * kBins + bin] = place;
    place += count;
  }
  __syncthreads();

  for (int i = begin; i < end; i += 32) {
    const bool active = i + lane < end;
    const uint64_t key = active ? from[i + lane] : 0;
    const int b = static_cast<int>(key >> shift & (kBins - 1));
    const uint32_t peers = same_bin(b, active);
    const int before = __popc(peers & ((1U << lane) - 1));
    if (active) to[mine[b] + before] = key;
    __syncwarp();
    if (active && before == 0) mine[b] += __popc(peers);
    __syncwarp();
  }
  __syncthreads();
}

// Sorts `keys` in place, with `scratch` of the same size.
__device__ inline void sort_radix(uint64_t* keys, uint64_t* scratch, int n, uint32_t* bins) {
  for (int shift = 32; shift < 64; shift += 16) {
    radix_pass(keys, scratch, n, shift, bins);
    radix_pass(scratch, keys, n, shift + 8, bins);
  }
}

}  // namespace pawl::kernels::cuda
