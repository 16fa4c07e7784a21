// Device code that was built in, loaded for the device at hand.
#pragma once

#include <cstdint>

#include "engine/runtime/cuda/driver.h"
#include "platform/result.h"

namespace pawl::cuda {

// The module of kernels/cuda/<family>.cu in the current context, for a device of capability `sm` (87
// for sm_87): machine code of the device's own architecture or of an older one of its generation, so
// that nothing is compiled on a device the build knew; else, or where the driver refuses that, PTX.
// Errors: kUnsupported where nothing built in runs there.
platform::Result<CUmodule> load_device_code(const Driver& driver, int32_t sm, const char* family);

}  // namespace pawl::cuda
