// Collects tensors, steps and weights while a graph is lowered, then packs the arena.
//
// A tensor is a region of a buffer; a buffer lives from the first step that writes one of its
// tensors to the last step that reads one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/artifact/plan.h"
#include "engine/artifact/step.h"
#include "engine/graph/tensor.h"
#include "engine/plan/target.h"
#include "kernels/quantized.h"

namespace pawl::engine {

class PlanBuilder {
 public:
  explicit PlanBuilder(const Target& target) : target_(target) {}

  // A buffer for images of this many channels, or for parts of them; for 8-bit images with spare
  // bytes behind them that kernels may read. Returns its index.
  int32_t add_image_buffer(int64_t C, int64_t H, int64_t W);
  int32_t add_image_buffer_u8(int64_t C, int64_t H, int64_t W);

  // Images of shape (1, C, H, W): channels from `first` on in a buffer of `buffer_channels`. The
  // elements are the target's. Return the tensor's index.
  int32_t add_image(std::string_view name, const Shape& shape, int32_t buffer, int64_t first,
                    int64_t buffer_channels);
  int32_t add_image_u8(std::string_view name, const Shape& shape, int32_t buffer, int64_t first,
                       int64_t buffer_channels, const kernels::Quantization& quantization);
  // The same with a buffer of their own; row-major tensors are always floats.
  int32_t add_image(std::string_view name, const Shape& shape);
  int32_t add_image_u8(std::string_view name, const Shape& shape,
                       const kernels::Quantization& quantization);
  int32_t add_dense(std::string_view name, const Shape& shape);
  // Constants, stored with the weights.
  int32_t add_constant_dense(std::string_view name, const Shape& shape,
                             std::span<const float> values);
  int32_t add_constant_pixel(std::string_view name, std::span<const float> channels);  // (1,C,1,1)

  const TensorRecord& tensor(int32_t index) const {
    return plan_.tensors[static_cast<size_t>(index)];
  }
  // A channel range of an image tensor.
  int32_t add_channel_range(int32_t image, int64_t first, int64_t count);
  // Pixels [first, first + count) of an image tensor, row-major, as one row.
  int32_t add_pixel_range(int32_t image, int64_t first, int64_t count);

  struct Operands {
    std::vector<int32_t> inputs;  // tensor indices, in StepRecord order; -1 for none
    std::vector<int32_t> outputs;
  };
  // Appends a step; the caller fills the rest of the record it returns (valid until the next step).
  StepRecord& add_step(StepKind kind, std::string_view name, const Operands& operands);

  uint64_t add_weights(std::span<const float> values);
  uint64_t add_weights(std::span<const int32_t> values);
  uint64_t add_weights(std::span<const std::byte> values);

  void mark_input(int32_t tensor);
  void mark_output(int32_t tensor, uint32_t number);  // alive to the end
  void add_multiply_adds(int64_t count) {
    plan_.header.multiply_adds += static_cast<uint64_t>(count);
  }

  // Packs the arena, resolves tensor offsets and gives up the plan.
  Plan finish();

  Plan& plan() { return plan_; }

 private:
  struct Buffer {
    int64_t bytes;
    int32_t first, last;
  };
  void touch(int32_t tensor, int32_t step);
  int32_t add_buffer(int64_t bytes);
  int32_t add_tensor(const TensorRecord& record, int32_t buffer);
  int64_t pixel_stride(int64_t channels) const;
  int64_t pixel_stride_u8(int64_t channels) const;

  const Target target_;
  Plan plan_;
  std::vector<Buffer> buffers_;
  std::vector<int32_t> buffer_of_;  // of each tensor; -1 for constants
};

}  // namespace pawl::engine
