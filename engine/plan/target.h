// Targets: what an artifact can be compiled for, on any machine. A target names what the machine
// that runs the artifact has at least; which kernels run is decided there. The plan and the weights
// are the same for all of them.
#pragma once

#include <string_view>

#include "kernels/isa.h"
#include "platform/result.h"

namespace pawl::engine {

struct Target {
  std::string_view name;  // "cpu-x86-64-v4"
  kernels::Isa isa;       // at least this on the machine that runs it
};

// By name; "native" is the best target of this machine. Error kUnsupported lists the names.
platform::Result<Target> find_target(std::string_view name);

}  // namespace pawl::engine
