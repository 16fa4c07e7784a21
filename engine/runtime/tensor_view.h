// A tensor of a plan, as it lies in memory that the host reads.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/artifact/artifact.h"
#include "kernels/quantized.h"

namespace pawl::engine {

struct TensorView {
  std::string_view name;            // of the value in the model file
  bool nhwc = false;                // else row-major in the logical order
  std::span<const int32_t> extent;  // logical dimensions, as in the model: (N,C,H,W) for images
  int32_t pixel_stride = 0;         // nhwc: floats from one pixel to the next
  const float* data = nullptr;      // null where the elements are 8-bit
  const uint8_t* data_u8 = nullptr;
  kernels::Quantization quantization{};  // of data_u8
  const float* inverse_scale = nullptr;  // of data_u8, a channel each where they differ; else null
};

// A view of `record` whose first element is at `data`.
TensorView view_of(const Artifact& artifact, const TensorRecord& record, const std::byte* data);

// The output of a step, with the scales of its channels where they differ.
TensorView output_view(const Artifact& artifact, const StepRecord& step, const std::byte* data);

// The tensor's elements as real numbers in row-major logical order. `values` holds as many.
void copy_elements(const TensorView& tensor, std::span<float> values);

}  // namespace pawl::engine
