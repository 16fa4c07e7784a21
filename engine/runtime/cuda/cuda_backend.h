// Runs a plan on a CUDA device: a frame is one copy, one graph and one copy back.
#pragma once

#include <memory>
#include <string>

#include "engine/artifact/artifact.h"
#include "engine/detect/decode.h"
#include "engine/runtime/backend.h"

namespace pawl::engine {

// Errors: kUnsupported (no driver or device, one that the plan was not compiled for, a build
// without device code), kExhausted (memory of the device), kIo (the driver fails), kCorrupt.
Result<std::unique_ptr<Backend>> make_cuda_backend(const Artifact& artifact,
                                                   const DecodeOptions& decode,
                                                   const std::string& driver_library);

}  // namespace pawl::engine
