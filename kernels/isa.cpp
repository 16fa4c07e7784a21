#include "kernels/isa.h"

#include <cstdlib>
#include <cstring>

namespace pawl::kernels {
namespace {

struct IsaName {
  Isa isa;
  const char* name;
};

constexpr IsaName kIsaNames[] = {
    {Isa::kScalar, "scalar"},
    {Isa::kAvx2, "avx2"},
    {Isa::kAvx512, "avx512"},
    {Isa::kAvx512Vnni, "avx512vnni"},
};

// __builtin_cpu_supports also asks the operating system whether it saves the wide registers.
Isa detect_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::kScalar;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return Isa::kAvx2;
  }
  return __builtin_cpu_supports("avx512vnni") ? Isa::kAvx512Vnni : Isa::kAvx512;
#else
  return Isa::kScalar;
#endif
}

Isa lowered_isa() {
  const Isa detected = hardware_isa();
  Isa wanted = detected;
  const char* name = std::getenv("PAWL_ISA");
  if (name == nullptr || !parse_isa(name, &wanted)) return detected;
  return wanted < detected ? wanted : detected;
}

}  // namespace

const char* isa_name(Isa isa) {
  for (const IsaName& entry : kIsaNames) {
    if (entry.isa == isa) return entry.name;
  }
  return "unknown";
}

Isa hardware_isa() {
  static const Isa isa = detect_isa();
  return isa;
}

Isa best_isa() {
  static const Isa isa = lowered_isa();
  return isa;
}

bool parse_isa(const char* name, Isa* isa) {
  for (const IsaName& entry : kIsaNames) {
    if (std::strcmp(entry.name, name) == 0) {
      *isa = entry.isa;
      return true;
    }
  }
  return false;
}

}  // namespace pawl::kernels
