#include "kernels/cpu/isa.h"

#include <cstdlib>
#include <cstring>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace pawl::kernels {
namespace {

struct IsaEntry {
  Isa isa;
  const char* name;
  Isa extends;
};

// Better sets of an architecture come later.
constexpr IsaEntry kIsas[] = {
    {Isa::kScalar, "scalar", Isa::kScalar},         {Isa::kAvx2, "avx2", Isa::kScalar},
    {Isa::kAvxVnni, "avxvnni", Isa::kAvx2},         {Isa::kAvx512, "avx512", Isa::kAvx2},
    {Isa::kAvx512Vnni, "avx512vnni", Isa::kAvx512}, {Isa::kNeon, "neon", Isa::kScalar},
    {Isa::kNeonDot, "neondot", Isa::kNeon},         {Isa::kNeonI8mm, "neoni8mm", Isa::kNeonDot},
};
constexpr int32_t kIsaCount = sizeof(kIsas) / sizeof(kIsas[0]);

const IsaEntry& entry_of(Isa isa) {
  for (const IsaEntry& entry : kIsas) {
    if (entry.isa == isa) return entry;
  }
  return kIsas[0];
}

#if defined(__x86_64__)

// CPUID leaf 7, subleaf 1, EAX bit 4; GCC 12 has no name for it in __builtin_cpu_supports.
bool cpuid_avx_vnni() {
  uint32_t eax = 7, ebx = 0, ecx = 1, edx = 0;
  __asm__ __volatile__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return (eax & 0x10U) != 0;
}

// __builtin_cpu_supports also asks the operating system whether it saves the wide registers.
bool detect(Isa isa) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  switch (isa) {
    case Isa::kScalar:
      return true;
    case Isa::kAvx2:
      return avx2;
    case Isa::kAvxVnni:
      return avx2 && cpuid_avx_vnni();
    case Isa::kAvx512:
      return avx512;
    case Isa::kAvx512Vnni:
      return avx512 && __builtin_cpu_supports("avx512vnni");
    default:
      return false;
  }
}

#elif defined(__aarch64__) && defined(__linux__)

bool detect(Isa isa) {
  constexpr unsigned long kDotProd = 1UL << 20;  // HWCAP_ASIMDDP
  constexpr unsigned long kI8mm = 1UL << 13;     // HWCAP2_I8MM
  const bool dot = (getauxval(AT_HWCAP) & kDotProd) != 0;
  switch (isa) {
    case Isa::kScalar:
    case Isa::kNeon:
      return true;
    case Isa::kNeonDot:
      return dot;
    case Isa::kNeonI8mm:
      return dot && (getauxval(AT_HWCAP2) & kI8mm) != 0;
    default:
      return false;
  }
}

#else

bool detect(Isa isa) {
  return isa == Isa::kScalar;
}

#endif

// Bit i: kIsas[i].
struct Sets {
  uint32_t hardware = 0, usable = 0;
};

int32_t index_of(Isa isa) {
  return static_cast<int32_t>(&entry_of(isa) - kIsas);
}

Sets find_sets() {
  Sets sets;
  for (int32_t i = 0; i < kIsaCount; ++i) {
    if (detect(kIsas[i].isa)) sets.hardware |= 1U << i;
  }
  sets.usable = sets.hardware;
  Isa wanted = Isa::kScalar;
  const char* name = std::getenv("PAWL_ISA");
  if (name == nullptr || !parse_isa(name, &wanted)) return sets;
  if ((sets.hardware & 1U << index_of(wanted)) == 0) return sets;
  for (int32_t i = 0; i < kIsaCount; ++i) {
    if (!includes(wanted, kIsas[i].isa)) sets.usable &= ~(1U << i);
  }
  return sets;
}

const Sets& sets() {
  static const Sets found = find_sets();
  return found;
}

}  // namespace

const char* isa_name(Isa isa) {
  return is_isa(static_cast<uint32_t>(isa)) ? entry_of(isa).name : "unknown";
}

bool parse_isa(const char* name, Isa* isa) {
  for (const IsaEntry& entry : kIsas) {
    if (std::strcmp(entry.name, name) != 0) continue;
    *isa = entry.isa;
    return true;
  }
  return false;
}

bool is_isa(uint32_t value) {
  for (const IsaEntry& entry : kIsas) {
    if (static_cast<uint32_t>(entry.isa) == value) return true;
  }
  return false;
}

bool includes(Isa have, Isa need) {
  while (have != need && have != Isa::kScalar) have = entry_of(have).extends;
  return have == need;
}

bool hardware_has(Isa isa) {
  return is_isa(static_cast<uint32_t>(isa)) && (sets().hardware & 1U << index_of(isa)) != 0;
}

Isa hardware_isa() {
  Isa best = Isa::kScalar;
  for (const IsaEntry& entry : kIsas) {
    if (hardware_has(entry.isa)) best = entry.isa;
  }
  return best;
}

bool usable(Isa isa) {
  return is_isa(static_cast<uint32_t>(isa)) && (sets().usable & 1U << index_of(isa)) != 0;
}

}  // namespace pawl::kernels
