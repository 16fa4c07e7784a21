#include "engine/plan/target.h"

#include <array>
#include <string>

namespace pawl::engine {
namespace {

using kernels::Isa;
using platform::Code;
using platform::Error;
using platform::Result;

// Of an architecture the best first.
constexpr std::array<Target, 4> kTargets = {{
    {"cpu-x86-64-v4", Isa::kAvx512},
    {"cpu-x86-64-v3", Isa::kAvx2},
    {"cpu-arm64", Isa::kNeon},
    {"cpu-generic", Isa::kScalar},
}};

}  // namespace

Result<Target> find_target(std::string_view name) {
  for (const Target& target : kTargets) {
    if (name == target.name) return target;
    if (name == "native" && kernels::hardware_has(target.isa)) return target;
  }
  std::string known = "native";
  for (const Target& target : kTargets) known.append(", ").append(target.name);
  return Error{Code::kUnsupported,
               "target \"" + std::string(name) + "\" is not known; choose one of " + known};
}

}  // namespace pawl::engine
