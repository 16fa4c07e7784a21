#include "engine/plan/target.h"

#include <array>
#include <string>

namespace pawl::engine {
namespace {

using kernels::Isa;
using platform::Code;
using platform::Error;
using platform::Result;

constexpr Target cuda_target(std::string_view name, int32_t capability) {
  return {.name = name,
          .isa = Isa::kScalar,
          .capability = capability,
          .real = Element::kFloat16,
          .channel_multiple = 8,
          .channel_multiple_u8 = 16,
          .winograd = false};
}

constexpr std::string_view kGeneric = "cpu-generic";

// Of an architecture the best first.
constexpr std::array kTargets = {
    Target{.name = "cpu-x86-64-v4", .isa = Isa::kAvx512},
    Target{.name = "cpu-x86-64-v3", .isa = Isa::kAvx2},
    Target{.name = "cpu-arm64", .isa = Isa::kNeon},
    Target{.name = kGeneric, .isa = Isa::kScalar},
    cuda_target("cuda-sm80", 80),
    cuda_target("cuda-sm86", 86),
    cuda_target("cuda-sm87", 87),
    cuda_target("cuda-sm89", 89),
    cuda_target("cuda-sm90", 90),
};

}  // namespace

Result<Target> find_target(std::string_view name) {
  for (const Target& target : kTargets) {
    if (name == target.name) return target;
    if (name == "native" && !target.cuda() && kernels::hardware_has(target.isa)) return target;
  }
  std::string known = "native";
  for (const Target& target : kTargets) known.append(", ").append(target.name);
  return Error{Code::kUnsupported,
               "target \"" + std::string(name) + "\" is not known; choose one of " + known};
}

Target portable_target() {
  return Target{.name = kGeneric, .isa = Isa::kScalar};
}

}  // namespace pawl::engine
