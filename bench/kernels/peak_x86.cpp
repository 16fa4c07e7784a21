#include <immintrin.h>

#include "bench/kernels/peak.h"

namespace pawl::kernels {
namespace {

__attribute__((target("avx2,fma"))) void float_avx2() {
  __m256 sum[kPeakChains];
  for (__m256& s : sum) s = _mm256_set1_ps(0.5F);
  __m256 factor = _mm256_set1_ps(0.999F);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+x"(factor));
#pragma GCC unroll 12
    for (__m256& s : sum) s = _mm256_fmadd_ps(s, factor, factor);
  }
  for (__m256& s : sum) asm volatile("" : : "x"(s));
}

__attribute__((target("avx512f"))) void float_avx512() {
  __m512 sum[kPeakChains];
  for (__m512& s : sum) s = _mm512_set1_ps(0.5F);
  __m512 factor = _mm512_set1_ps(0.999F);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 12
    for (__m512& s : sum) s = _mm512_fmadd_ps(s, factor, factor);
  }
  for (__m512& s : sum) asm volatile("" : : "v"(s));
}

// vpmaddwd on widened bytes and the addition that must follow it.
__attribute__((target("avx2"))) void bytes_avx2() {
  __m256i sum[kPeakChains];
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  __m256i factor = _mm256_set1_epi16(1);
  for (int i = 0; i < kPeakSteps; ++i) {
#pragma GCC unroll 12
    for (__m256i& s : sum) {
      asm volatile("" : "+x"(factor));
      s = _mm256_add_epi32(s, _mm256_madd_epi16(factor, factor));
    }
  }
  for (__m256i& s : sum) asm volatile("" : : "x"(s));
}

__attribute__((target("avxvnni"))) void bytes_avxvnni() {
  __m256i sum[kPeakChains];
  for (__m256i& s : sum) s = _mm256_setzero_si256();
  __m256i factor = _mm256_set1_epi8(1);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+x"(factor));
#pragma GCC unroll 12
    for (__m256i& s : sum) s = _mm256_dpbusd_avx_epi32(s, factor, factor);
  }
  for (__m256i& s : sum) asm volatile("" : : "x"(s));
}

__attribute__((target("avx512f,avx512vnni"))) void bytes_avx512vnni() {
  __m512i sum[kPeakChains];
  for (__m512i& s : sum) s = _mm512_setzero_si512();
  __m512i factor = _mm512_set1_epi8(1);
  for (int i = 0; i < kPeakSteps; ++i) {
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 12
    for (__m512i& s : sum) s = _mm512_dpbusd_epi32(s, factor, factor);
  }
  for (__m512i& s : sum) asm volatile("" : : "v"(s));
}

constexpr Peak kFloatPeaks[] = {
    {"float32_avx512", Isa::kAvx512, 32.0, 64.0, float_avx512},
    {"float32_avx2", Isa::kAvx2, 16.0, 32.0, float_avx2},
};

// One and a half pairs of vpmaddwd and vpaddd start in a cycle.
constexpr Peak kU8Peaks[] = {
    {"u8_avx512vnni", Isa::kAvx512Vnni, 128.0, 256.0, bytes_avx512vnni},
    {"u8_avxvnni", Isa::kAvxVnni, 64.0, 128.0, bytes_avxvnni},
    {"u8_avx2", Isa::kAvx2, 32.0, 48.0, bytes_avx2},
};

}  // namespace

std::span<const Peak> float_peaks() {
  return kFloatPeaks;
}

std::span<const Peak> u8_peaks() {
  return kU8Peaks;
}

}  // namespace pawl::kernels
