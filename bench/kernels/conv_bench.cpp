// Dense convolution over the layer shapes of YOLOv8n at 640x640: GFLOP/s, and the share of the FMA
// peak of the variant's instruction set, measured beside each layer because clocks wander.
// Single thread. Run as: taskset -c 1 kernels.conv_bench [--benchmark_filter=avx512]
#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "kernels/conv.h"

namespace pawl::kernels {
namespace {

struct Layer {
  const char* name;
  int32_t IC, OC, kernel, stride, OH;
};

constexpr Layer kLayers[] = {
    {"stem_3_16_s2", 3, 16, 3, 2, 320},     {"16_32_s2_160", 16, 32, 3, 2, 160},
    {"16_16_160", 16, 16, 3, 1, 160},       {"32_32_1x1_160", 32, 32, 1, 1, 160},
    {"48_32_1x1_160", 48, 32, 1, 1, 160},   {"32_64_s2_80", 32, 64, 3, 2, 80},
    {"32_32_80", 32, 32, 3, 1, 80},         {"64_64_80", 64, 64, 3, 1, 80},
    {"64_80_80", 64, 80, 3, 1, 80},         {"80_80_80", 80, 80, 3, 1, 80},
    {"64_64_1x1_80", 64, 64, 1, 1, 80},     {"80_80_1x1_80", 80, 80, 1, 1, 80},
    {"64_128_s2_40", 64, 128, 3, 2, 40},    {"64_64_40", 64, 64, 3, 1, 40},
    {"128_128_1x1_40", 128, 128, 1, 1, 40}, {"192_128_1x1_40", 192, 128, 1, 1, 40},
    {"384_128_1x1_40", 384, 128, 1, 1, 40}, {"128_256_s2_20", 128, 256, 3, 2, 20},
    {"128_128_20", 128, 128, 3, 1, 20},     {"512_256_1x1_20", 512, 256, 1, 1, 20},
};

// Of this thread alone: what others run on the same core meanwhile is not ours.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

constexpr int32_t kChains = 12;  // independent: two ports times four cycles, and some more
constexpr int64_t kPeakSteps = 100'000;

__attribute__((target("avx512f"))) void fma_chains_avx512() {
  __m512 sum[kChains];
  for (__m512& s : sum) s = _mm512_set1_ps(0.5F);
  __m512 factor = _mm512_set1_ps(0.999F);
  for (int64_t i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 12
    for (int32_t c = 0; c < kChains; ++c) sum[c] = _mm512_fmadd_ps(sum[c], factor, factor);
  }
  for (__m512& s : sum) asm volatile("" : : "v"(s));
}

__attribute__((target("avx2,fma"))) void fma_chains_avx2() {
  __m256 sum[kChains];
  for (__m256& s : sum) s = _mm256_set1_ps(0.5F);
  __m256 factor = _mm256_set1_ps(0.999F);
  for (int64_t i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+x"(factor));
#pragma GCC unroll 12
    for (int32_t c = 0; c < kChains; ++c) sum[c] = _mm256_fmadd_ps(sum[c], factor, factor);
  }
  for (__m256& s : sum) asm volatile("" : : "x"(s));
}

double peak_flops(Isa isa) {
  const double lanes = isa >= Isa::kAvx512 ? 16.0 : 8.0;
  const double start = cpu_seconds();
  isa >= Isa::kAvx512 ? fma_chains_avx512() : fma_chains_avx2();
  return 2.0 * lanes * kChains * static_cast<double>(kPeakSteps) / (cpu_seconds() - start);
}

struct Free {
  void operator()(float* data) const { std::free(data); }
};
using Floats = std::unique_ptr<float, Free>;

Floats filled(size_t count, float low, float high) {
  Floats floats(
      static_cast<float*>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64)));
  uint32_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    floats.get()[i] = low + (high - low) * static_cast<float>(state >> 8) / 16777216.0F;
  }
  return floats;
}

double median(std::vector<double>& values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void run_layer(benchmark::State& state, const ConvVariant& variant, const Layer& layer) {
  const int32_t pad = layer.kernel / 2;
  ConvParams p{};
  p.OH = p.OW = layer.OH;
  p.IH = p.IW = layer.OH * layer.stride;
  p.IC = layer.IC;
  p.OC = layer.OC;
  p.KH = p.KW = layer.kernel;
  p.stride_h = p.stride_w = layer.stride;
  p.pad_top = p.pad_left = pad;
  p.dilation_h = p.dilation_w = 1;
  p.x_pixel_stride = p.IC;
  p.y_pixel_stride = p.OC;
  const size_t pixels = static_cast<size_t>(p.OH) * static_cast<size_t>(p.OW);
  const size_t taps = static_cast<size_t>(p.KH) * static_cast<size_t>(p.KW);
  const size_t IC = static_cast<size_t>(p.IC);
  const size_t OC = static_cast<size_t>(p.OC);
  const Floats x = filled(static_cast<size_t>(p.IH) * static_cast<size_t>(p.IW) * IC, -1, 1);
  const Floats weight = filled(OC * IC * taps, -0.1F, 0.1F);
  const Floats packed = filled(packed_conv_floats(p.OC, p.IC, p.KH, p.KW), 0, 0);
  pack_conv_weights(weight.get(), p.OC, p.IC, p.KH, p.KW, packed.get());
  const Floats bias = filled((OC + 15) / 16 * 16, 0, 0);
  const Floats zeros = filled(IC, 0, 0);
  const Floats y = filled(pixels * OC, 0, 0);
  p.x = x.get();
  p.weight = packed.get();
  p.bias = bias.get();
  p.zeros = zeros.get();
  p.y = y.get();
  p.activation.kind = Activation::kSilu;

  const double flops = 2.0 * static_cast<double>(pixels * OC * IC * taps);
  std::vector<double> rates, peaks;
  for (auto _ : state) {
    const double start = cpu_seconds();
    variant.run(p, 0, 1);
    const double seconds = cpu_seconds() - start;
    state.SetIterationTime(seconds);
    rates.push_back(flops / seconds);
    // Interleaved with the layer, so that a change of clock meets both.
    peaks.push_back(peak_flops(variant.isa));
  }
  const double rate = median(rates);
  state.counters["GFLOP/s"] = 1e-9 * rate;
  state.counters["peak%"] = 100.0 * rate / median(peaks);
}

bool register_layers() {
  for (const ConvVariant& variant : conv_variants()) {
    if (variant.isa == Isa::kScalar || !usable(variant.isa)) continue;
    for (const Layer& layer : kLayers) {
      const std::string name = std::string(variant.name) + '/' + layer.name;
      benchmark::RegisterBenchmark(
          name.c_str(),
          [&variant, &layer](benchmark::State& state) { run_layer(state, variant, layer); })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_layers();

}  // namespace
}  // namespace pawl::kernels
