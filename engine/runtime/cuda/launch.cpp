#include "engine/runtime/cuda/launch.h"

#include <cmath>
#include <string>
#include <utility>

#include "engine/artifact/step_kind.h"
#include "kernels/cuda/attention.h"
#include "kernels/cuda/bytes.h"
#include "kernels/cuda/conv.h"
#include "kernels/cuda/conv_u8.h"
#include "kernels/cuda/dense.h"
#include "kernels/cuda/depthwise.h"
#include "kernels/cuda/pixelwise.h"
#include "kernels/cuda/pool.h"
#include "kernels/cuda/resize.h"

namespace pawl::engine {
namespace {

using namespace kernels;  // NOLINT(google-build-using-namespace): an overload a kernel family

// Images of a CUDA plan hold float16: the pointers of StepParams are addresses alone.
const uint16_t* halves(const float* address) {
  return reinterpret_cast<const uint16_t*>(address);
}
uint16_t* halves(float* address) {
  return reinterpret_cast<uint16_t*>(address);
}

// Copies the fields that both have.
template <typename To, typename From>
void set_window_of(const From& from, To* to) {
  to->IH = from.IH, to->IW = from.IW, to->OH = from.OH, to->OW = from.OW;
  to->KH = from.KH, to->KW = from.KW;
  to->stride_h = from.stride_h, to->stride_w = from.stride_w;
  to->pad_top = from.pad_top, to->pad_left = from.pad_left;
  to->dilation_h = from.dilation_h, to->dilation_w = from.dilation_w;
  to->x_pixel_stride = from.x_pixel_stride, to->y_pixel_stride = from.y_pixel_stride;
}

// About how long a tile shape takes: CTAs come in waves over the multiprocessors, and small tiles
// read more for a product. Relative; products a nanosecond of a full multiprocessor cancel out.
template <typename Variant, typename Grid>
double tile_cost(const Variant& variant, const Grid& grid, int32_t multiprocessors) {
  const double area = double{1} * variant.tile_pixels * variant.tile_channels;
  const double perimeter = double{1} * variant.tile_pixels + variant.tile_channels;
  const double waves = std::ceil(double{1} * grid.x * grid.y / multiprocessors);
  return waves * (area + 24.0 * perimeter);
}

struct Choice {
  const Artifact& artifact;
  const StepRecord& step;
  const DeviceTraits& device;

  // The tile shape of least cost, and its grid.
  template <typename Variant, size_t kCount, typename Params, typename Grid>
  std::pair<const Variant*, Grid> best_tile(const Variant (&variants)[kCount], const Params& params,
                                            Grid (*grid_of)(const Variant&, const Params&)) const {
    std::pair<const Variant*, Grid> best{nullptr, {}};
    double least = 0.0;
    for (const Variant& variant : variants) {
      const Grid grid = grid_of(variant, params);
      const double cost = tile_cost(variant, grid, device.multiprocessors);
      if (best.first == nullptr || cost < least) best = {&variant, grid}, least = cost;
    }
    return best;
  }

  template <typename Params>
  Result<DeviceStep> operator()(const Params&) const {
    return Error{Code::kUnsupported, artifact.name() + ": step \"" +
                                         std::string(artifact.text(step.name)) +
                                         "\": no kernel for " + step_kind_name(step.kind) +
                                         " on CUDA devices; compile for a CPU target"};
  }

  Result<DeviceStep> operator()(const ConvParams& p) const {
    cuda::ConvF16Params to{};
    set_window_of(p, &to);
    to.IC = p.IC, to.OC = p.OC;
    to.residual_pixel_stride = p.residual_pixel_stride;
    to.x = halves(p.x), to.weight = halves(p.weight), to.bias = p.bias;
    to.residual = halves(p.residual), to.y = halves(p.y);
    to.activation = p.activation;
    const auto& [variant, grid] = best_tile(cuda::kConvF16Variants, to, cuda::conv_f16_grid);
    return DeviceStep(
        {"conv", variant->kernel, {grid.x, grid.y, 1}, static_cast<uint32_t>(variant->threads)},
        to);
  }

  Result<DeviceStep> operator()(const ConvU8Params& p) const {
    cuda::ConvU8LaunchParams to{};
    set_window_of(p, &to);
    to.IC = p.IC, to.OC = p.OC;
    to.x = p.x, to.weight = p.weight, to.bias = p.bias, to.pad = p.pad;
    to.y = p.y, to.y_half = halves(p.y_float);
    to.epilogue = p.epilogue;
    const auto& [variant, grid] = best_tile(cuda::kConvU8Variants, to, cuda::conv_u8_grid);
    return DeviceStep(
        {"conv_u8", variant->kernel, {grid.x, grid.y, 1}, static_cast<uint32_t>(variant->threads)},
        to);
  }
  Result<DeviceStep> operator()(const DepthwiseU8Params& p) const {
    return DeviceStep(cuda::depthwise_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const QuantizeParams& p) const {
    return DeviceStep(cuda::quantize_launch(p), p);
  }
  Result<DeviceStep> operator()(const DequantizeParams& p) const {
    return DeviceStep(cuda::dequantize_launch(p), p);
  }
  Result<DeviceStep> operator()(const CopyU8Params& p) const {
    return DeviceStep(cuda::copy_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const MaxPoolU8Params& p) const {
    return DeviceStep(cuda::max_pool_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const NearestU8Params& p) const {
    return DeviceStep(cuda::nearest_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const BinaryU8Params& p) const {
    return DeviceStep(cuda::binary_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const AveragePoolU8Params& p) const {
    return DeviceStep(cuda::average_pool_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const TableU8Params& p) const {
    return DeviceStep(cuda::table_u8_launch(p), p);
  }
  Result<DeviceStep> operator()(const PadParams<uint8_t>& p) const {
    return DeviceStep(cuda::pad_u8_launch(p), p);
  }

  Result<DeviceStep> operator()(const DepthwiseParams& p) const {
    return DeviceStep(cuda::depthwise_f16_launch(p), p);
  }
  Result<DeviceStep> operator()(const UnaryParams& p) const {
    return DeviceStep(cuda::unary_f16_launch(p), p);
  }
  Result<DeviceStep> operator()(const BinaryParams& p) const {
    return DeviceStep(cuda::binary_f16_launch(p), p);
  }
  Result<DeviceStep> operator()(const GatherParams& p) const {
    return DeviceStep(cuda::gather_f16_launch(p), p);
  }
  Result<DeviceStep> operator()(const FocusParams& p) const {
    return DeviceStep(cuda::focus_f16_launch(p), p);
  }
  Result<DeviceStep> operator()(const PadParams<float>& p) const {
    return DeviceStep(cuda::pad_f16_launch(p), p);
  }
  Result<DeviceStep> operator()(const AttentionParams& p) const {
    return DeviceStep(cuda::attention_f16_launch(p), p);
  }

  Result<DeviceStep> operator()(const StridedCopyParams& p) const {
    const auto half = [this](int32_t tensor) {
      return artifact.tensors()[static_cast<size_t>(tensor)].element == Element::kFloat16;
    };
    const cuda::CopyLaunchParams to{p, half(step.input[0]), half(step.output[0])};
    return DeviceStep(copy_launch(to), to);
  }
  Result<DeviceStep> operator()(const DenseBinaryParams& p) const {
    return DeviceStep(cuda::dense_binary_launch(p), p);
  }
  Result<DeviceStep> operator()(const DenseUnaryParams& p) const {
    return DeviceStep(cuda::dense_unary_launch(p), p);
  }
  Result<DeviceStep> operator()(const DenseReduceParams& p) const {
    return DeviceStep(cuda::dense_reduce_launch(p), p);
  }
  Result<DeviceStep> operator()(const MatmulParams& p) const {
    return DeviceStep(cuda::matmul_launch(p), p);
  }
  Result<DeviceStep> operator()(const TopKParams& p) const {
    return DeviceStep(cuda::topk_launch(p), p);
  }
  Result<DeviceStep> operator()(const DenseGatherParams& p) const {
    return DeviceStep(cuda::dense_gather_launch(p), p);
  }

  Result<DeviceStep> operator()(const PoolParams& p) const {
    cuda::PoolF16Params to{};
    set_window_of(p, &to);
    to.average = p.kind == PoolKind::kAverage, to.count_padding = p.count_padding;
    to.C = p.C, to.x = halves(p.x), to.y = halves(p.y);
    return DeviceStep(pool_f16_launch(to), to);
  }

  Result<DeviceStep> operator()(const ResizeParams& p) const {
    const cuda::ResizeF16Params to{.linear = p.kind == ResizeKind::kLinear,
                                   .IH = p.IH,
                                   .IW = p.IW,
                                   .C = p.C,
                                   .OH = p.OH,
                                   .OW = p.OW,
                                   .x_pixel_stride = p.x_pixel_stride,
                                   .y_pixel_stride = p.y_pixel_stride,
                                   .x = halves(p.x),
                                   .y = halves(p.y),
                                   .row0 = p.row0,
                                   .row1 = p.row1,
                                   .row_t = p.row_t,
                                   .col0 = p.col0,
                                   .col1 = p.col1,
                                   .col_t = p.col_t};
    return DeviceStep(resize_f16_launch(to), to);
  }
};

}  // namespace

Result<DeviceStep> device_step(const Artifact& artifact, const StepRecord& step,
                               const StepParams& params, const DeviceTraits& device) {
  return std::visit(Choice{artifact, step, device}, params);
}

}  // namespace pawl::engine
