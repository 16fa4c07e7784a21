// Winograd against direct convolution over the 3x3 layers of YOLOv8n at 640x640, interleaved run by
// run so that clocks and neighbours meet both: CPU time of each, their ratio (above 1 Winograd
// wins), and the share of the FMA peak that the products Winograd does not skip come to.
// Single thread. Run as: taskset -c 1 kernels.winograd_bench [--benchmark_filter=avx512]
#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "kernels/conv.h"
#include "kernels/winograd.h"

namespace pawl::kernels {
namespace {

struct Layer {
  int32_t IC, OC, OH;
};

constexpr Layer kLayers[] = {
    {8, 16, 160},   {16, 16, 160}, {16, 16, 80},  {16, 32, 80},   {32, 32, 80},   {64, 64, 80},
    {64, 80, 80},   {80, 80, 80},  {32, 32, 40},  {64, 64, 40},   {64, 80, 40},   {80, 80, 40},
    {128, 128, 40}, {64, 64, 20},  {64, 80, 20},  {80, 80, 20},   {128, 64, 40},  {128, 80, 40},
    {128, 128, 20}, {256, 64, 20}, {256, 80, 20}, {256, 256, 20}, {128, 128, 10}, {64, 64, 10},
};

// Of this thread alone: what others run on the same core meanwhile is not ours.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

constexpr int32_t kChains = 12;  // independent: two ports times four cycles, and some more
constexpr int64_t kPeakSteps = 20'000;

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

// A layer with the operands of both forms.
class Problem {
 public:
  explicit Problem(const Layer& layer)
      : pixels_(static_cast<size_t>(layer.OH) * static_cast<size_t>(layer.OH)),
        IC_(static_cast<size_t>(layer.IC)),
        OC_(static_cast<size_t>(layer.OC)),
        x_(filled(pixels_ * IC_, -1, 1)),
        bias_(filled((OC_ + 15) / 16 * 16, 0, 0)),
        zeros_(filled(IC_, 0, 0)),
        y_(filled(pixels_ * OC_, 0, 0)),
        direct_weight_(filled(packed_conv_floats(layer.OC, layer.IC, 3, 3), 0, 0)),
        weight_(filled(packed_winograd_floats(layer.OC, layer.IC), 0, 0)) {
    const Floats source = filled(OC_ * IC_ * 9, -0.1F, 0.1F);
    pack_conv_weights(source.get(), layer.OC, layer.IC, 3, 3, direct_weight_.get());
    pack_winograd_weights(source.get(), layer.OC, layer.IC, weight_.get());
    direct.IH = direct.IW = direct.OH = direct.OW = layer.OH;
    direct.IC = layer.IC, direct.OC = layer.OC;
    direct.KH = direct.KW = 3;
    direct.stride_h = direct.stride_w = direct.dilation_h = direct.dilation_w = 1;
    direct.pad_top = direct.pad_left = 1;
    direct.x_pixel_stride = layer.IC, direct.y_pixel_stride = layer.OC;
    direct.x = x_.get(), direct.y = y_.get();
    direct.bias = bias_.get(), direct.zeros = zeros_.get();
    direct.weight = direct_weight_.get();
    direct.activation.kind = Activation::kSilu;
    winograd.IH = winograd.IW = winograd.OH = winograd.OW = layer.OH;
    winograd.IC = layer.IC, winograd.OC = layer.OC;
    winograd.pad_top = winograd.pad_left = 1;
    winograd.x_pixel_stride = layer.IC, winograd.y_pixel_stride = layer.OC;
    winograd.x = x_.get(), winograd.y = y_.get(), winograd.bias = bias_.get();
    winograd.weight = weight_.get();
    winograd.activation.kind = Activation::kSilu;
    scratch_ = filled(winograd_scratch_floats(winograd, 1), 0, 0);
    winograd.scratch = scratch_.get();
  }
  double product_flops() const { return 2.0 * 2.25 * static_cast<double>(pixels_ * IC_ * OC_); }

  ConvParams direct{};
  WinogradParams winograd{};

 private:
  size_t pixels_, IC_, OC_;
  Floats x_, bias_, zeros_, y_, direct_weight_, weight_, scratch_;
};

void run_layer(benchmark::State& state, const ConvVariant& direct, const WinogradVariant& variant,
               const Layer& layer) {
  const Problem problem(layer);
  std::vector<double> direct_seconds, seconds, ratios, shares;
  for (auto _ : state) {
    const double start = cpu_seconds();
    direct.run(problem.direct, 0, 1);
    const double middle = cpu_seconds();
    variant.run(problem.winograd, 0, 1);
    const double end = cpu_seconds();
    state.SetIterationTime(end - middle);
    direct_seconds.push_back(middle - start);
    seconds.push_back(end - middle);
    ratios.push_back((middle - start) / (end - middle));
    shares.push_back(problem.product_flops() / (end - middle) / peak_flops(variant.isa));
  }
  state.counters["direct_us"] = 1e6 * median(direct_seconds);
  state.counters["winograd_us"] = 1e6 * median(seconds);
  state.counters["ratio"] = median(ratios);
  state.counters["peak%"] = 100.0 * median(shares);
}

bool register_layers() {
  for (const WinogradVariant& variant : winograd_variants()) {
    if (variant.isa == Isa::kScalar || !usable(variant.isa)) continue;
    for (const ConvVariant& direct : conv_variants()) {
      if (direct.isa != variant.isa) continue;
      for (const Layer& layer : kLayers) {
        const std::string name = std::string(variant.name) + '/' + std::to_string(layer.IC) + '_' +
                                 std::to_string(layer.OC) + '_' + std::to_string(layer.OH);
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&](benchmark::State& state) { run_layer(state, direct, variant, layer); })
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_layers();

}  // namespace
}  // namespace pawl::kernels
