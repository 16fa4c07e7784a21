#include "engine/runtime/tensor_view.h"

#include <algorithm>

namespace pawl::engine {

TensorView view_of(const Artifact& artifact, const TensorRecord& record, const std::byte* data) {
  const bool eight_bit = record.element == Element::kUint8;
  return TensorView{.name = artifact.text(record.name),
                    .nhwc = record.layout == Layout::kNhwc,
                    .extent = {record.extent, record.rank},
                    .pixel_stride = record.pixel_stride,
                    .data = eight_bit ? nullptr : reinterpret_cast<const float*>(data),
                    .data_u8 = eight_bit ? reinterpret_cast<const uint8_t*>(data) : nullptr,
                    .quantization = {record.scale, record.zero}};
}

TensorView output_view(const Artifact& artifact, const StepRecord& step, const std::byte* data) {
  const TensorRecord& record = artifact.tensors()[static_cast<size_t>(step.output[0])];
  TensorView output = view_of(artifact, record, data);
  const bool scales = step.kind == StepKind::kConvU8 || step.kind == StepKind::kDepthwiseU8;
  if (scales && output.data_u8 != nullptr) {
    // Behind the accumulator scales (engine/plan/lower_quantized.cpp), as step_params() checked.
    const int32_t padded = (output.extent[1] + 15) / 16 * 16;
    output.inverse_scale =
        reinterpret_cast<const float*>(artifact.weights().data() + step.data[2]) + padded;
  }
  return output;
}

void copy_elements(const TensorView& tensor, std::span<float> values) {
  if (!tensor.nhwc) {
    std::copy_n(tensor.data, values.size(), values.begin());
    return;
  }
  const auto channels = static_cast<size_t>(tensor.extent[1]);
  const size_t pixels = values.size() / channels;
  const auto stride = static_cast<size_t>(tensor.pixel_stride);
  for (size_t c = 0; c < channels; ++c) {
    const float scale = tensor.inverse_scale != nullptr ? 1.0F / tensor.inverse_scale[c]
                                                        : tensor.quantization.scale;
    for (size_t p = 0; p < pixels; ++p) {
      const size_t at = p * stride + c;
      values[c * pixels + p] =
          tensor.data != nullptr
              ? tensor.data[at]
              : static_cast<float>(tensor.data_u8[at] - tensor.quantization.zero) * scale;
    }
  }
}

}  // namespace pawl::engine
