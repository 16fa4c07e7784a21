// A detector's head on the device: from its maps to detections, of which only these cross to the
// host (kernels/cuda/candidates.h, suppress.h).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/detect/decode.h"
#include "engine/detect/detection.h"
#include "engine/runtime/cuda/device.h"
#include "engine/runtime/cuda/launch.h"
#include "kernels/cuda/candidates.h"
#include "kernels/cuda/suppress.h"

namespace pawl::engine {

class DeviceHead {
 public:
  // Maps lie in `arena` or `weights`, where the artifact's offsets say. The device must outlive it.
  // Errors: kExhausted, kIo, kInvalidArgument (options).
  static Result<DeviceHead> create(const Artifact& artifact, const DecodeOptions& options,
                                   const cuda::Device& device, cuda::CUdeviceptr arena,
                                   cuda::CUdeviceptr weights);

  // The two kernels; `placement` is where the frame's lies in device memory.
  std::vector<DeviceStep> steps(cuda::CUdeviceptr placement) const;

  // The block that the second one writes, and its place on the host.
  cuda::CUdeviceptr block() const { return block_.address(); }
  const cuda::PinnedMemory& host_block() const { return host_block_; }

  // What the block holds once it is copied; valid until the next call.
  std::span<const Detection> detections();

 private:
  kernels::cuda::CandidatesParams candidates_{};
  kernels::cuda::SuppressParams suppress_{};
  cuda::DeviceMemory levels_, tile_counts_, keys_, boxes_, sorted_, kept_, block_;
  cuda::PinnedMemory host_block_;
  std::vector<Detection> detections_;
};

}  // namespace pawl::engine
