#include "engine/runtime/steps/readers.h"

namespace pawl::engine::steps {

using kernels::BinaryOp;

Result<StepParams> read_binary_u8(const StepReader& reader) {
  const ImageU8 a = PAWL_TRY(reader.input_u8(0));
  const ImageU8 b = PAWL_TRY(reader.input_u8(1));
  const ImageU8 y = PAWL_TRY(reader.output_u8(0));
  const auto f = step_fields<OpFields>(reader.record());
  const bool broadcast = b.H == 1 && b.W == 1 && (y.H != 1 || y.W != 1);
  if (a.C != y.C || a.H != y.H || a.W != y.W || b.C != y.C ||
      (!broadcast && (b.H != y.H || b.W != y.W))) {
    return reader.broken("shapes differ");
  }
  const bool multiply = f.op == static_cast<int64_t>(BinaryOp::kMul);
  if (!multiply && f.op != static_cast<int64_t>(BinaryOp::kAdd)) {
    return reader.broken("an operator without an 8-bit kernel");
  }
  const float scale = y.quantization.scale;
  const float a_scale = a.quantization.scale;
  const float b_scale = b.quantization.scale;
  return StepParams(
      kernels::BinaryU8Params{.P = int64_t{y.H} * y.W,
                              .C = y.C,
                              .op = multiply ? BinaryOp::kMul : BinaryOp::kAdd,
                              .a_pixel_stride = a.pixel_stride,
                              .b_pixel_stride = broadcast ? 0 : b.pixel_stride,
                              .y_pixel_stride = y.pixel_stride,
                              .a = a.data,
                              .b = b.data,
                              .y = y.data,
                              .a_zero = a.quantization.zero,
                              .b_zero = b.quantization.zero,
                              .zero = y.quantization.zero,
                              .a_factor = multiply ? a_scale * b_scale / scale : a_scale / scale,
                              .b_factor = b_scale / scale});
}

Result<StepParams> read_average_pool_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const ImageU8 y = PAWL_TRY(reader.output_u8(0));
  const auto f = step_fields<PoolFields>(reader.record());
  if (x.C != y.C) return reader.broken("channels differ");
  if (f.kind != static_cast<int64_t>(kernels::PoolKind::kAverage) ||
      !all_within(0, 1, f.count_padding) ||
      !all_within(1, kKernelWindowMax, f.KH, f.KW, f.stride_h, f.stride_w, f.dilation_h,
                  f.dilation_w) ||
      !all_within(0, kKernelWindowMax, f.pad_top, f.pad_left)) {
    return reader.broken("a window is out of range");
  }
  kernels::AveragePoolU8Params params{};
  set_images(x, y, &params);
  set_window(f, &params);
  params.C = x.C;
  params.count_padding = f.count_padding != 0;
  params.x_zero = x.quantization.zero;
  params.zero = y.quantization.zero;
  params.factor = x.quantization.scale / y.quantization.scale;
  return StepParams(params);
}

Result<StepParams> read_table_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const ImageU8 y = PAWL_TRY(reader.output_u8(0));
  if (x.H != y.H || x.W != y.W || x.C != y.C) return reader.broken("shapes differ");
  const uint8_t* table = PAWL_TRY(reader.weights<uint8_t>(0, 256));
  return StepParams(kernels::TableU8Params{.P = int64_t{y.H} * y.W,
                                           .C = y.C,
                                           .x_pixel_stride = x.pixel_stride,
                                           .y_pixel_stride = y.pixel_stride,
                                           .x = x.data,
                                           .y = y.data,
                                           .table = table});
}

}  // namespace pawl::engine::steps
