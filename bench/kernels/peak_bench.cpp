// The roof of the roofline: multiply-adds a second of one core in registers, for float32 (FMA) and
// for u8 x s8 products, one benchmark for each instruction set that this CPU has. "GOP/s" counts a
// multiply-add as two operations. bench/peers/layers.py runs it beside `pawl bench --layers`, which
// clocks that wander make necessary.
#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <cstdint>

namespace pawl::kernels {
namespace {

constexpr int32_t kChains = 12;  // independent: two ports times five cycles, and some more
constexpr int64_t kSteps = 100'000;

__attribute__((target("avx2,fma"))) void float_avx2() {
  __m256 sum[kChains];
  for (__m256& s : sum) s = _mm256_set1_ps(0.5F);
  __m256 factor = _mm256_set1_ps(0.999F);
  for (int64_t i = 0; i < kSteps; ++i) {
    asm volatile("" : "+x"(factor));
#pragma GCC unroll 12
    for (__m256& s : sum) s = _mm256_fmadd_ps(s, factor, factor);
  }
  for (__m256& s : sum) asm volatile("" : : "x"(s));
}

__attribute__((target("avx512f"))) void float_avx512() {
  __m512 sum[kChains];
  for (__m512& s : sum) s = _mm512_set1_ps(0.5F);
  __m512 factor = _mm512_set1_ps(0.999F);
  for (int64_t i = 0; i < kSteps; ++i) {
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_fmadd_ps(s, factor, factor);
  }
  for (__m512& s : sum) asm volatile("" : : "v"(s));
}

// vpmaddwd on widened bytes and the addition that must follow it.
__attribute__((target("avx2"))) void bytes_avx2() {
  __m256i sum[kChains];
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  __m256i factor = _mm256_set1_epi16(1);
  for (int64_t i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (__m256i& s : sum) {
      asm volatile("" : "+x"(factor));
      s = _mm256_add_epi32(s, _mm256_madd_epi16(factor, factor));
    }
  }
  for (__m256i& s : sum) asm volatile("" : : "x"(s));
}

__attribute__((target("avx512f,avx512vnni"))) void bytes_avx512vnni() {
  __m512i sum[kChains];
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  __m512i factor = _mm512_set1_epi8(1);
  for (int64_t i = 0; i < kSteps; ++i) {
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 12
    for (__m512i& s : sum) s = _mm512_dpbusd_epi32(s, factor, factor);
  }
  for (__m512i& s : sum) asm volatile("" : : "v"(s));
}

// `products` of one instruction.
void run(benchmark::State& state, void (*chains)(), bool runs_here, double products) {
  if (!runs_here) {
    state.SkipWithError("not on this CPU");
    return;
  }
  for (auto _ : state) chains();
  state.counters["GOP/s"] =
      benchmark::Counter(2e-9 * products * kChains * static_cast<double>(kSteps),
                         benchmark::Counter::kIsIterationInvariantRate);
}

// The builtin takes nothing but literals.
BENCHMARK_CAPTURE(run, float32_avx2, float_avx2, __builtin_cpu_supports("fma") != 0, 8.0);
BENCHMARK_CAPTURE(run, float32_avx512, float_avx512, __builtin_cpu_supports("avx512f") != 0, 16.0);
BENCHMARK_CAPTURE(run, u8_avx2, bytes_avx2, __builtin_cpu_supports("avx2") != 0, 16.0);
BENCHMARK_CAPTURE(run, u8_avx512vnni, bytes_avx512vnni, __builtin_cpu_supports("avx512vnni") != 0,
                  64.0);

}  // namespace
}  // namespace pawl::kernels
