// Step records -> the parameters of kernels: done once, when a session is made.
//
// This is the second half of trusting an artifact: the reader has proved that every tensor and
// every data block lies inside its storage; step_params() proves that the step touches nothing else.
#pragma once

#include <cstddef>
#include <variant>

#include "engine/artifact/artifact.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/conv_u8.h"
#include "kernels/dense.h"
#include "kernels/depthwise.h"
#include "kernels/depthwise_u8.h"
#include "kernels/pad.h"
#include "kernels/pixelwise.h"
#include "kernels/pixelwise_u8.h"
#include "kernels/pool.h"
#include "kernels/rescale_u8.h"
#include "kernels/resize.h"
#include "kernels/winograd.h"

namespace pawl::engine {

// What a step computes, on which memory. Scratch, and the zeros that CPU convolutions read outside
// an image, are left to the backend.
using StepParams =
    std::variant<kernels::ConvParams, kernels::DepthwiseParams, kernels::PoolParams,
                 kernels::ResizeParams, kernels::UnaryParams, kernels::BinaryParams,
                 kernels::GatherParams, kernels::FocusParams, kernels::AttentionParams,
                 kernels::StridedCopyParams, kernels::DenseBinaryParams, kernels::DenseUnaryParams,
                 kernels::DenseReduceParams, kernels::MatmulParams, kernels::TopKParams,
                 kernels::DenseGatherParams, kernels::ConvU8Params, kernels::DepthwiseU8Params,
                 kernels::QuantizeParams, kernels::DequantizeParams, kernels::CopyU8Params,
                 kernels::MaxPoolU8Params, kernels::NearestU8Params, kernels::BinaryU8Params,
                 kernels::AveragePoolU8Params, kernels::TableU8Params, kernels::WinogradParams,
                 kernels::PadParams<float>, kernels::PadParams<uint8_t>>;

// Where a backend keeps what a plan refers to by offsets. Addresses of a device are never
// dereferenced here.
struct AddressBases {
  std::byte* arena;
  const std::byte* weights;
};

// Errors: kCorrupt naming the step.
Result<StepParams> step_params(const Artifact& artifact, const StepRecord& step,
                               const AddressBases& bases);

}  // namespace pawl::engine
