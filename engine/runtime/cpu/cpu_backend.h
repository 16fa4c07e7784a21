// Runs a plan on the processor: its steps one after the other, each in parts on a pool of threads.
#pragma once

#include <memory>

#include "engine/artifact/artifact.h"
#include "engine/detect/decode.h"
#include "engine/runtime/backend.h"
#include "engine/runtime/cpu/thread_pool.h"

namespace pawl::engine {

// Errors: kUnsupported (the plan's target does not run here), kInvalidArgument (options), kCorrupt
// (a plan that does not hold together), kExhausted (memory).
Result<std::unique_ptr<Backend>> make_cpu_backend(const Artifact& artifact,
                                                  const DecodeOptions& decode,
                                                  std::shared_ptr<ThreadPool> pool);

}  // namespace pawl::engine
