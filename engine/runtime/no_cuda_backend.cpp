// Stands in for engine/runtime/cuda/cuda_backend.cpp where a build has no device code.
#include "engine/runtime/cuda/cuda_backend.h"

namespace pawl::engine {

Result<std::unique_ptr<Backend>> make_cuda_backend(const Artifact& artifact, const DecodeOptions&,
                                                   const std::string&) {
  return Error{Code::kUnsupported, artifact.name() + ": compiled for " +
                                       std::string(artifact.target()) +
                                       ", this build of pawl has no CUDA device code"};
}

}  // namespace pawl::engine
