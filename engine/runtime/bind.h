// Step records -> kernels with pointers: done once, when a session is made.
//
// This is the second half of trusting an artifact: the reader has proved that every tensor and
// every data block lies inside its storage; bind_step proves that the step touches nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/runtime/block.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/conv_u8.h"
#include "kernels/depthwise.h"
#include "kernels/depthwise_u8.h"
#include "kernels/pad.h"
#include "kernels/pixelwise.h"
#include "kernels/pixelwise_u8.h"
#include "kernels/pool.h"
#include "kernels/rescale_u8.h"
#include "kernels/resize.h"
#include "kernels/rowmajor.h"
#include "kernels/winograd.h"
#include "kernels/winograd_u8.h"

namespace pawl::engine {

// A kernel and its parameters. Copyable; all pointers borrow the arena, the scratch or the weights.
class BoundStep {
 public:
  template <typename Params>
  BoundStep(void (*kernel)(const Params&, int32_t, int32_t), const Params& params)
      : kernel_(reinterpret_cast<void (*)()>(kernel)),
        call_([](const BoundStep& step, int32_t part, int32_t parts) {
          reinterpret_cast<void (*)(const Params&, int32_t, int32_t)>(step.kernel_)(
              *std::get_if<Params>(&step.params_), part, parts);
        }),
        params_(params) {}

  void run(int32_t part, int32_t parts) const { call_(*this, part, parts); }

 private:
  void (*kernel_)();
  void (*call_)(const BoundStep&, int32_t part, int32_t parts);
  std::variant<kernels::ConvParams, kernels::DepthwiseParams, kernels::PoolParams,
               kernels::ResizeParams, kernels::UnaryParams, kernels::BinaryParams,
               kernels::GatherParams, kernels::FocusParams, kernels::AttentionParams,
               kernels::StridedCopyParams, kernels::RowBinaryParams, kernels::RowUnaryParams,
               kernels::RowReduceParams, kernels::MatmulParams, kernels::TopKParams,
               kernels::RowGatherParams, kernels::ConvU8Params, kernels::DepthwiseU8Params,
               kernels::QuantizeParams, kernels::DequantizeParams, kernels::CopyU8Params,
               kernels::MaxPoolU8Params, kernels::NearestU8Params, kernels::BinaryU8Params,
               kernels::AveragePoolU8Params, kernels::TableU8Params, kernels::WinogradParams,
               kernels::WinogradU8Params, kernels::PadParams<float>, kernels::PadParams<uint8_t>>
      params_;
};

// Memory a session lends to its steps.
struct BindMemory {
  std::byte* arena;
  const float* zeros;            // zero_floats() of them
  std::byte* scratch;            // scratch_bytes() of them
  std::vector<Block>* prepared;  // grows by what steps make of their weights
  int32_t threads;
};

// Floats of zero padding and bytes of scratch that `artifact` needs with `threads` threads.
Result<size_t> zero_floats(const Artifact& artifact);
Result<size_t> scratch_bytes(const Artifact& artifact, int32_t threads);

// Errors: kCorrupt naming the step; kExhausted.
Result<BoundStep> bind_step(const Artifact& artifact, const StepRecord& step,
                            const BindMemory& memory);

}  // namespace pawl::engine
