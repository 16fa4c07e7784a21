// Targets: what an artifact can be compiled for, on any machine. A target names what the machine
// that runs the artifact has at least, and states the rules by which a graph is lowered for it.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/artifact/format.h"
#include "kernels/cpu/isa.h"
#include "platform/result.h"

namespace pawl::engine {

struct Target {
  std::string_view name;             // "cpu-x86-64-v4", "cuda-sm87"
  kernels::Isa isa;                  // of a CPU: at least this on the machine that runs it
  int32_t capability = 0;            // of a CUDA device: 87 for sm_87; 0: a CPU
  Element real = Element::kFloat32;  // what images hold that are not quantized
  // Pixel strides of images, and the first channels of views into them, are multiples of these:
  // channels that a kernel moves at once.
  int32_t channel_multiple = 1, channel_multiple_u8 = 1;
  bool winograd = true;  // large 3x3 convolutions run by Winograd's form

  bool cuda() const { return capability != 0; }
  uint32_t recorded_isa() const {  // PlanHeader::isa
    return cuda() ? kCudaIsa + static_cast<uint32_t>(capability) : static_cast<uint32_t>(isa);
  }
};

// By name; "native" is the best CPU target of this machine. Error kUnsupported lists the names.
platform::Result<Target> find_target(std::string_view name);

// The CPU target that every machine runs: plans for calibration and comparison.
Target portable_target();

}  // namespace pawl::engine
