// See suppress.h. The tiles' keys become one array, that is sorted, and a key a thread goes through
// suppression: kSortThreads candidates at a time, each against those kept before, then the first that
// is left is kept and the others are compared with it, until none is left.
#include <cstdint>

#include "kernels/cuda/device/sort.cuh"
#include "kernels/cuda/suppress.h"

namespace pawl::kernels::cuda {
namespace {

static_assert(kFewCandidates == kSortThreads, "a key a thread");

struct Box {
  float x1, y1, x2, y2;
};

// No two of them are needed at once.
union Shared {
  uint32_t tiles[kSortThreads];  // where each tile's keys go
  uint32_t bins[kSortWarps * kBins];
  uint64_t exchange[kSortThreads];
  struct {
    float4 boxes[kSortThreads];
    int classes[kSortThreads];
    uint32_t alive[2][kSortWarps];
  } candidates;
};

__device__ inline float area(const Box& b) {
  return __fmul_rn(b.x2 - b.x1, b.y2 - b.y1);
}

// Operation by operation as engine/detect/nms.cpp: the compiler must not fuse any.
__device__ inline bool overlaps(const Box& a, const Box& b, float iou) {
  const float width = fminf(a.x2, b.x2) - fmaxf(a.x1, b.x1);
  const float height = fminf(a.y2, b.y2) - fmaxf(a.y1, b.y1);
  if (width <= 0.0F || height <= 0.0F) return false;
  const float common = __fmul_rn(width, height);
  return common > __fmul_rn(iou, __fsub_rn(__fadd_rn(area(a), area(b)), common));
}

// The tiles' runs one after the other, in p.sorted. Returns how many keys.
__device__ inline int gather(const SuppressParams& p, uint32_t* begins) {
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  uint32_t n = 0;
  for (int first = 0; first < p.tiles; first += kSortThreads) {
    const int tile = first + static_cast<int>(threadIdx.x);
    const uint32_t mine = tile < p.tiles ? p.tile_counts[tile] : 0;
    uint32_t sum;
    const uint32_t begin = exclusive_sum(mine, &sum);
    begins[threadIdx.x] = begin;
    __syncthreads();
    for (int t = warp; t < min(kSortThreads, p.tiles - first); t += kSortWarps) {
      const uint32_t end = t + 1 < kSortThreads ? begins[t + 1] : sum;
      const uint32_t count = end - begins[t];
      const uint64_t* run = p.keys + static_cast<size_t>(first + t) * p.tile_capacity;
      for (uint32_t i = lane; i < count; i += 32) p.sorted[n + begins[t] + i] = run[i];
    }
    n += sum;
    __syncthreads();
  }
  return static_cast<int>(n);
}

__device__ inline KeptBox kept_box(const SuppressParams& p, uint64_t key) {
  const uint32_t number = static_cast<uint32_t>(key);
  const uint32_t classes = static_cast<uint32_t>(p.classes);
  const float4 box = reinterpret_cast<const float4*>(p.boxes)[number / classes];
  return {box.x,
          box.y,
          box.z,
          box.w,
          __uint_as_float(~static_cast<uint32_t>(key >> 32)),
          static_cast<int32_t>(number % classes),
          {0, 0}};
}

// One candidate a thread, after `kept` others. Returns how many there are then.
__device__ inline int suppress_some(const SuppressParams& p, const KeptBox& mine, bool alive,
                                    int kept, Shared* shared) {
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  const Box box = {mine.x1, mine.y1, mine.x2, mine.y2};
  for (int k = 0; k < kept && alive; ++k) {
    if (p.class_aware && p.kept[k].class_id != mine.class_id) continue;
    const float4 other = *reinterpret_cast<const float4*>(&p.kept[k]);
    alive = !overlaps({other.x, other.y, other.z, other.w}, box, p.iou);
  }
  auto& candidates = shared->candidates;
  candidates.boxes[threadIdx.x] = make_float4(box.x1, box.y1, box.x2, box.y2);
  candidates.classes[threadIdx.x] = mine.class_id;
  for (int round = 0; kept < p.detections_max; ++round) {
    uint32_t* words = candidates.alive[round % 2];
    const uint32_t word = __ballot_sync(kAllLanes, alive);
    if (lane == 0) words[warp] = word;
    __syncthreads();
    const uint32_t left = words[lane];
    const uint32_t warps = __ballot_sync(kAllLanes, left != 0);
    if (warps == 0) break;
    const int best_warp = __ffs(static_cast<int>(warps)) - 1;
    const int best_lane = __ffs(__shfl_sync(kAllLanes, static_cast<int>(left), best_warp)) - 1;
    const int best = best_warp * 32 + best_lane;
    if (best == static_cast<int>(threadIdx.x)) {
      p.kept[kept] = mine;
      alive = false;
    }
    ++kept;
    if (alive && (!p.class_aware || candidates.classes[best] == mine.class_id)) {
      const float4 other = candidates.boxes[best];
      alive = !overlaps({other.x, other.y, other.z, other.w}, box, p.iou);
    }
  }
  __syncthreads();
  return kept;
}

__device__ inline float placed(float value, float offset, float scale, int size) {
  const float moved = (value - offset) * scale;
  return fminf(fmaxf(moved, 0.0F), static_cast<float>(size));
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kSortThreads, 1) suppress(SuppressParams p) {
  __shared__ Shared shared;
  const int me = static_cast<int>(threadIdx.x);
  const int found = gather(p, shared.tiles);
  const bool few = found <= kFewCandidates;
  uint64_t key = ~0ULL;
  if (few) {
    if (me < found) key = p.sorted[me];
    key = sort_few(key, found, shared.exchange);
    __syncthreads();
  } else {
    sort_radix(p.sorted, p.keys, found, shared.bins);
  }

  const int n = min(found, p.candidates_max);
  int kept = 0;
  for (int first = 0; first < n && kept < p.detections_max; first += kSortThreads) {
    const int i = first + me;
    if (!few && i < n) key = p.sorted[i];
    KeptBox mine = {};
    if (i < n) mine = kept_box(p, key);
    if (p.nms) {
      kept = suppress_some(p, mine, i < n, kept, &shared);
    } else {
      if (i < min(n, p.detections_max)) p.kept[i] = mine;
      kept = min(min(n, p.detections_max), first + kSortThreads);
    }
  }
  __syncthreads();

  const FramePlacement f = *p.placement;
  DeviceDetection* detections = reinterpret_cast<DeviceDetection*>(p.block + 1);
  if (me == 0) p.block->count = kept;
  for (int i = me; i < kept; i += kSortThreads) {
    const KeptBox b = p.kept[i];
    detections[i] = {b.class_id,
                     fminf(b.score, 1.0F),
                     placed(b.x1, f.offset_x, f.scale_x, f.frame_width),
                     placed(b.y1, f.offset_y, f.scale_y, f.frame_height),
                     placed(b.x2, f.offset_x, f.scale_x, f.frame_width),
                     placed(b.y2, f.offset_y, f.scale_y, f.frame_height)};
  }
}

}  // namespace pawl::kernels::cuda
