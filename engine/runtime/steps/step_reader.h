// What reading a step needs to know, with every bound checked.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/artifact/artifact.h"
#include "engine/artifact/step.h"
#include "engine/runtime/steps/step_params.h"

namespace pawl::engine::steps {

// Bounds that keep every index computation of the kernels inside 32 bits.
inline constexpr int64_t kSideMax = 65536;  // H and W; a head seen as an image is wide
inline constexpr int64_t kChannelsMax = 65536;
inline constexpr int64_t kTensorFloatsMax = int64_t{1} << 31;

// An NHWC tensor of the plan and its address. In a plan for a CUDA device the elements are float16,
// and the pointer says where they lie, not what they are.
struct Image {
  int32_t H, W, C, pixel_stride;
  float* data;
};

struct ImageU8 {
  int32_t H, W, C, pixel_stride;
  uint8_t* data;
  kernels::Quantization quantization;
};

inline bool indices_within(const int32_t* index, int32_t count, int32_t limit) {
  return std::all_of(index, index + count, [limit](int32_t i) { return i >= 0 && i < limit; });
}

class StepReader {
 public:
  StepReader(const Artifact& artifact, const StepRecord& step, const AddressBases& bases)
      : artifact_(artifact), step_(step), bases_(bases) {}

  const StepRecord& record() const { return step_; }

  Error broken(std::string_view what) const;  // kCorrupt, naming the step

  // input[i] or output[i] as an image; an Error if it is not one.
  Result<Image> input_image(int i) const;
  Result<Image> output_image(int i) const;

  // As an 8-bit image.
  Result<ImageU8> input_u8(int i) const;
  Result<ImageU8> output_u8(int i) const;
  // For copies, which on a device too may go to any channel.
  Result<ImageU8> output_u8_anywhere(int i) const;

  // As a dense row-major tensor.
  Result<const TensorRecord*> input_dense(int i) const;
  Result<const TensorRecord*> output_dense(int i) const;

  bool cuda() const { return is_cuda(artifact_.plan()); }
  bool has_input(int i) const { return step_.input[i] >= 0; }
  const TensorRecord& tensor(int32_t index) const {
    return artifact_.tensors()[static_cast<size_t>(index)];
  }
  std::byte* bytes(const TensorRecord& tensor) const;
  float* data(const TensorRecord& tensor) const { return reinterpret_cast<float*>(bytes(tensor)); }
  static int64_t footprint(const TensorRecord& tensor);  // elements from its first to its last
  static int64_t count(const TensorRecord& tensor);

  // data[i] as `count` values in the file; 64-byte aligned.
  template <typename T>
  Result<const T*> block(int i, uint64_t count) const {
    const uint64_t offset = step_.data[i];
    const std::span<const std::byte> weights = artifact_.weights();
    if (offset == kNoData || offset % kSectionAlignment != 0 || offset > weights.size() ||
        count > (weights.size() - offset) / sizeof(T)) {
      return broken("a data block lies outside the weights");
    }
    return reinterpret_cast<const T*>(weights.data() + offset);
  }

  // The same where the backend keeps it.
  template <typename T>
  const T* address(const T* in_file) const {
    const auto* const byte = reinterpret_cast<const std::byte*>(in_file);
    return reinterpret_cast<const T*>(bases_.weights + (byte - artifact_.weights().data()));
  }

  // Numbers that kernels take as they come: the address alone.
  template <typename T>
  Result<const T*> weights(int i, uint64_t count) const {
    return address<T>(PAWL_TRY(block<T>(i, count)));
  }

  kernels::ActivationParams activation() const {
    return {.kind = static_cast<kernels::Activation>(step_.activation),
            .alpha = step_.alpha,
            .beta = step_.beta};
  }

 private:
  Status check_image(const TensorRecord& tensor) const;
  Status check_alignment(const TensorRecord& tensor) const;
  Result<Image> image(int32_t index) const;
  Result<ImageU8> image_u8(int32_t index) const;
  Result<const TensorRecord*> dense(int32_t index) const;

  const Artifact& artifact_;
  const StepRecord& step_;
  const AddressBases& bases_;
};

// True if every value is in [low, high].
template <typename... Values>
bool all_within(int64_t low, int64_t high, Values... values) {
  return ((values >= low && values <= high) && ...);
}

// What the parameters of every windowed kernel have in common.
template <typename Params, typename Fields>
void set_window(const Fields& f, Params* params) {
  params->KH = static_cast<int32_t>(f.KH);
  params->KW = static_cast<int32_t>(f.KW);
  params->stride_h = static_cast<int32_t>(f.stride_h);
  params->stride_w = static_cast<int32_t>(f.stride_w);
  params->pad_top = static_cast<int32_t>(f.pad_top);
  params->pad_left = static_cast<int32_t>(f.pad_left);
  params->dilation_h = static_cast<int32_t>(f.dilation_h);
  params->dilation_w = static_cast<int32_t>(f.dilation_w);
}

template <typename Params, typename Input, typename Output>
void set_images(const Input& x, const Output& y, Params* params) {
  params->IH = x.H;
  params->IW = x.W;
  params->OH = y.H;
  params->OW = y.W;
  params->x_pixel_stride = x.pixel_stride;
  params->y_pixel_stride = y.pixel_stride;
  params->x = x.data;
  params->y = y.data;
}

}  // namespace pawl::engine::steps
