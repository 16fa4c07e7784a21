// See candidates.h. A CTA: its pixels are scanned by all threads, then a warp takes a pixel that
// passed: its class, its box, how many keys it has; then keys go where the sum of counts says.
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/candidates.h"
#include "kernels/cuda/device/head_map.cuh"

namespace pawl::kernels::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / 32;
constexpr uint32_t kAll = 0xFFFFFFFFU;

struct Box {
  float x1, y1, x2, y2;
};

__device__ inline float infinity() {
  return __int_as_float(0x7F800000);
}

__device__ inline bool finite(float value) {
  return fabsf(value) < infinity();
}

__device__ inline float sigmoid(float x) {
  return 1.0F / (1.0F + expf(-x));
}

__device__ inline float probability(const CandidatesParams& p, float raw) {
  return p.logits ? sigmoid(raw) : raw;
}

__device__ inline uint64_t key_of(float score, uint32_t number) {
  return static_cast<uint64_t>(~__float_as_uint(score)) << 32 | number;
}

// The mean of the bin numbers under the softmax of their logits, summed in order.
__device__ inline float expected_distance(const DeviceMap& map, int pixel, int side, int bins) {
  const int first = side * bins;
  float top = -infinity();
  for (int b = 0; b < bins; ++b) {
    const float value = at(map, pixel, first + b);
    top = top < value ? value : top;
  }
  float total = 0.0F, weighted = 0.0F;
  for (int b = 0; b < bins; ++b) {
    const float weight = expf(at(map, pixel, first + b) - top);
    total += weight;
    weighted = __fadd_rn(weighted, __fmul_rn(weight, static_cast<float>(b)));
  }
  return weighted / total;
}

__device__ inline Box around(float cx, float cy, float width, float height) {
  return {cx - width / 2.0F, cy - height / 2.0F, cx + width / 2.0F, cy + height / 2.0F};
}

// By a whole warp: of kDfl, four lanes have a side each.
__device__ inline Box decode_box(const CandidatesParams& p, const CandidateLevel& level,
                                 int pixel) {
  const int grid_width = max(level.grid_width, 1);
  const float column = static_cast<float>(pixel % grid_width);
  const float row = static_cast<float>(pixel / grid_width);
  float v[4];
  if (p.box == BoxForm::kDfl) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    const float mine = lane < 4 ? expected_distance(level.box, pixel, lane, p.bins) : 0.0F;
#pragma unroll
    for (int s = 0; s < 4; ++s) v[s] = __shfl_sync(kAll, mine, s);
  } else {
#pragma unroll
    for (int s = 0; s < 4; ++s) v[s] = at(level.box, pixel, s);
  }
  switch (p.box) {
    case BoxForm::kCxcywh:
      return around(v[0], v[1], v[2], v[3]);
    case BoxForm::kXyxy:
      return {v[0], v[1], v[2], v[3]};
    case BoxForm::kDfl:
    case BoxForm::kLtrb: {
      const float x = column + p.cell_offset, y = row + p.cell_offset;
      return {(x - v[0]) * level.stride, (y - v[1]) * level.stride, (x + v[2]) * level.stride,
              (y + v[3]) * level.stride};
    }
    case BoxForm::kYolox:
      return around((v[0] + column) * level.stride, (v[1] + row) * level.stride,
                    expf(v[2]) * level.stride, expf(v[3]) * level.stride);
    default: {
      const float w = 2.0F * sigmoid(v[2]), h = 2.0F * sigmoid(v[3]);
      return around((2.0F * sigmoid(v[0]) - 0.5F + column) * level.stride,
                    (2.0F * sigmoid(v[1]) - 0.5F + row) * level.stride, w * w * level.anchor_w,
                    h * h * level.anchor_h);
    }
  }
}

// Finite, not empty, and not wholly in the padding. Each comparison is false for NaN.
__device__ inline bool useful(const Box& b, const FramePlacement& f) {
  const float x2 = __fadd_rn(f.offset_x, static_cast<float>(f.frame_width) / f.scale_x);
  const float y2 = __fadd_rn(f.offset_y, static_cast<float>(f.frame_height) / f.scale_y);
  return finite(b.x1) && finite(b.y1) && finite(b.x2) && finite(b.y2) &&
         finite((b.x2 - b.x1) * (b.y2 - b.y1)) && b.x1 < b.x2 && b.y1 < b.y2 && b.x1 < x2 &&
         b.x2 > f.offset_x && b.y1 < y2 && b.y2 > f.offset_y;
}

struct Label {
  float value;
  int class_id;
};

// The best class of a pixel, by a whole warp; the first of equals.
__device__ inline Label best_class(const CandidatesParams& p, const CandidateLevel& level,
                                   int pixel) {
  Label best = {-infinity(), 0};
  for (int c = static_cast<int>(threadIdx.x % 32); c < p.classes; c += 32) {
    const float value = at(level.scores, pixel, c);
    if (value > best.value) best = {value, c};
  }
#pragma unroll
  for (int step = 16; step > 0; step /= 2) {
    const Label other = {__shfl_xor_sync(kAll, best.value, step),
                         __shfl_xor_sync(kAll, best.class_id, step)};
    if (other.value > best.value || (other.value == best.value && other.class_id < best.class_id)) {
      best = other;
    }
  }
  return best;
}

// Calls f(class, score, whether it is a candidate), 32 classes at a time, lanes without a class too.
template <typename F>
__device__ inline void each_class(const CandidatesParams& p, const CandidateLevel& level, int pixel,
                                  float object, F f) {
  for (int first = 0; first < p.classes; first += 32) {
    const int c = first + static_cast<int>(threadIdx.x % 32);
    const float value = c < p.classes ? at(level.scores, pixel, c) : -infinity();
    const float score = object * probability(p, value);
    f(c, score, value > p.raw_threshold && score > p.confidence);
  }
}

// What a warp finds out about a pixel: how many keys, and the key where it has one at most.
struct Finding {
  uint32_t count;
  uint64_t key;
};

__device__ inline Finding examine(const CandidatesParams& p, const CandidateLevel& level,
                                  int pixel) {
  const int index = level.first_pixel + pixel;
  const uint32_t number = static_cast<uint32_t>(index) * static_cast<uint32_t>(p.classes);
  Finding found = {0, 0};
  if (p.scores == ScoreForm::kEndToEnd) {
    const float score = probability(p, at(level.scores, pixel, 0));
    const float label = at(level.scores, pixel, 1);
    if (score > p.confidence && label > -0.5F && label < static_cast<float>(p.classes) - 0.5F) {
      found = {1, key_of(score, number + static_cast<uint32_t>(lroundf(label)))};
    }
  } else {
    const float object =
        p.scores == ScoreForm::kObjectness ? probability(p, at(level.objectness, pixel, 0)) : 1.0F;
    if (p.multi_label) {
      each_class(p, level, pixel, object, [&](int, float, bool passes) {
        found.count += static_cast<uint32_t>(__popc(__ballot_sync(kAll, passes)));
      });
    } else {
      const Label best = best_class(p, level, pixel);
      const float score = object * probability(p, best.value);
      if (score > p.confidence) {
        found = {1, key_of(score, number + static_cast<uint32_t>(best.class_id))};
      }
    }
  }
  if (found.count == 0) return found;
  const Box box = decode_box(p, level, pixel);
  if (!useful(box, *p.placement)) return {0, 0};
  if (threadIdx.x % 32 == 0) {
    reinterpret_cast<float4*>(p.boxes)[index] = make_float4(box.x1, box.y1, box.x2, box.y2);
  }
  return found;
}

static_assert(kTilePixels == 64, "bits in two words, two pixels a lane");

// Counts to where each begins, by one warp, two neighbours a lane. Returns the sum.
__device__ inline uint32_t exclusive_sum(uint32_t* counts) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  uint2* mine = reinterpret_cast<uint2*>(counts) + lane;
  const uint32_t first = mine->x, both = first + mine->y;
  uint32_t sum = both;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const uint32_t lower = __shfl_up_sync(kAll, sum, step);
    if (lane >= step) sum += lower;
  }
  *mine = make_uint2(sum - both, sum - both + first);
  return __shfl_sync(kAll, sum, 31);
}

__device__ inline const CandidateLevel& level_of(const CandidatesParams& p, int tile) {
  int i = p.level_count - 1;
  while (i > 0 && p.levels[i].first_tile > tile) --i;
  return p.levels[i];
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads) candidates(CandidatesParams p) {
  __shared__ uint32_t passing[kTilePixels / 32];
  __shared__ alignas(8) uint32_t counts[kTilePixels];  // of keys; then where a pixel's begin
  __shared__ uint64_t single[kTilePixels];             // the key of a pixel that has one at most

  const int tile = static_cast<int>(blockIdx.x);
  const int warp = static_cast<int>(threadIdx.x / 32), lane = static_cast<int>(threadIdx.x % 32);
  const CandidateLevel& level = level_of(p, tile);
  const int first = (tile - level.first_tile) * kTilePixels;
  const int n = min(kTilePixels, level.count - first);

  if (threadIdx.x < kTilePixels / 32) passing[threadIdx.x] = 0;
  if (threadIdx.x < kTilePixels) counts[threadIdx.x] = 0;
  __syncthreads();
  if (p.scores == ScoreForm::kEndToEnd) {
    if (static_cast<int>(threadIdx.x) < n) {
      atomicOr(&passing[threadIdx.x / 32], 1U << threadIdx.x % 32);
    }
  } else {
    const bool object = p.scores == ScoreForm::kObjectness;
    const DeviceMap& map = object ? level.objectness : level.scores;
    const int channels = object ? 1 : p.classes;
    if (map.half) {
      mark_above<__half>(map, first, n, channels, p.raw_threshold, passing);
    } else {
      mark_above<float>(map, first, n, channels, p.raw_threshold, passing);
    }
  }
  __syncthreads();

  // Most tiles of a frame end here.
  if ((passing[0] | passing[1]) == 0) {
    if (threadIdx.x == 0) p.tile_counts[tile] = 0;
    return;
  }
  for (int pixel = warp; pixel < n; pixel += kWarps) {
    if ((passing[pixel / 32] >> pixel % 32 & 1) == 0) continue;
    const Finding found = examine(p, level, first + pixel);
    if (lane == 0) {
      counts[pixel] = found.count;
      single[pixel] = found.key;
    }
  }
  __syncthreads();

  // Each pixel's keys begin where those of the pixels before it end.
  uint64_t* run = p.keys + static_cast<size_t>(tile) * p.tile_capacity;
  __shared__ uint32_t total;
  uint32_t count = 0;
  if (threadIdx.x < kTilePixels) count = counts[threadIdx.x];
  __syncthreads();
  if (warp == 0) {
    const uint32_t sum = exclusive_sum(counts);
    if (lane == 0) {
      total = sum;
      p.tile_counts[tile] = sum;
    }
  }
  __syncthreads();
  if (total == 0) return;
  if (!p.multi_label) {
    if (count != 0) run[counts[threadIdx.x]] = single[threadIdx.x];
    return;
  }
  for (int pixel = warp; pixel < n; pixel += kWarps) {
    const uint32_t begin = counts[pixel];
    const uint32_t end = pixel + 1 < kTilePixels ? counts[pixel + 1] : total;
    if (begin == end) continue;
    const float object = p.scores == ScoreForm::kObjectness
                             ? probability(p, at(level.objectness, first + pixel, 0))
                             : 1.0F;
    const uint32_t number =
        static_cast<uint32_t>(level.first_pixel + first + pixel) * static_cast<uint32_t>(p.classes);
    uint64_t* to = run + begin;
    each_class(p, level, first + pixel, object, [&](int c, float score, bool passes) {
      const uint32_t here = __ballot_sync(kAll, passes);
      if (passes) {
        to[__popc(here & ((1U << lane) - 1))] = key_of(score, number + static_cast<uint32_t>(c));
      }
      to += __popc(here);
    });
  }
}

}  // namespace pawl::kernels::cuda
