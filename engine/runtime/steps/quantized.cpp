#include <algorithm>

#include "engine/runtime/steps/readers.h"
#include "kernels/cuda/conv_u8.h"

namespace pawl::engine::steps {
namespace {

using kernels::Epilogue;

int64_t rounded_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// `tables`: scales, then inverse output scales, `channels` of each. Also checks the residual
// against y.
Result<Epilogue> epilogue(const StepReader& reader, const ImageU8& shape, const float* tables,
                          uint64_t channels) {
  Epilogue end{};
  end.scale = tables;
  end.inverse_scale = tables + channels;
  end.activation = reader.activation();
  if (!kernels::epilogue_supports(end.activation.kind)) {
    return reader.broken("an activation without an 8-bit kernel");
  }
  end.zero = shape.quantization.zero;
  if (!reader.has_input(2)) return end;
  const ImageU8 residual = PAWL_TRY(reader.input_u8(2));
  if (residual.H != shape.H || residual.W != shape.W || residual.C != shape.C) {
    return reader.broken("the residual has another shape");
  }
  end.residual = residual.data;
  end.residual_pixel_stride = residual.pixel_stride;
  end.residual_quantization = residual.quantization;
  return end;
}

// y as either kind: 8 bits, or float where the tensor is float.
struct Output {
  ImageU8 shape;  // data null for a float output
  float* y_float = nullptr;
};

Result<Output> output_of(const StepReader& reader) {
  if (reader.tensor(reader.record().output[0]).element == Element::kUint8) {
    return Output{PAWL_TRY(reader.output_u8(0)), nullptr};
  }
  const Image image = PAWL_TRY(reader.output_image(0));
  return Output{ImageU8{.H = image.H,
                        .W = image.W,
                        .C = image.C,
                        .pixel_stride = image.pixel_stride,
                        .data = nullptr,
                        .quantization = {}},
                image.data};
}

// data[1], when no sum of `depth` products on top of it leaves 32 bits.
Result<const int32_t*> bias_of(const StepReader& reader, uint64_t count, int64_t depth) {
  const int32_t* bias = PAWL_TRY(reader.block<int32_t>(1, count));
  const int64_t limit = kernels::bias_limit(depth);
  if (!std::all_of(bias, bias + count, [=](int32_t b) { return all_within(-limit, limit, b); })) {
    return reader.broken("a bias is too large for 32-bit sums");
  }
  return reader.address(bias);
}

Result<ConvFields> window(const StepReader& reader) {
  const auto f = step_fields<ConvFields>(reader.record());
  if (!all_within(1, kKernelWindowMax, f.KH, f.KW, f.stride_h, f.stride_w, f.dilation_h,
                  f.dilation_w) ||
      !all_within(0, kKernelWindowMax, f.pad_top, f.pad_left)) {
    return reader.broken("a window is out of range");
  }
  return f;
}

}  // namespace

Result<StepParams> read_conv_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const Output y = PAWL_TRY(output_of(reader));
  const ConvFields f = PAWL_TRY(window(reader));
  if (f.KH * f.KW * x.C > kernels::kConvU8DepthMax) {
    return reader.broken("a convolution is too deep for 32-bit sums");
  }
  kernels::ConvU8Params params{};
  set_images(x, y.shape, &params);
  set_window(f, &params);
  params.y_float = y.y_float;
  params.IC = x.C;
  params.OC = y.shape.C;
  const auto padded = static_cast<uint64_t>(rounded_up(params.OC, 16));
  const auto padded_inputs = static_cast<uint64_t>(rounded_up(params.IC, 64));
  const auto packed_bytes =
      reader.cuda() ? kernels::cuda::packed_conv_u8_row_bytes : kernels::packed_conv_u8_bytes;
  params.weight =
      PAWL_TRY(reader.weights<int8_t>(0, packed_bytes(params.OC, params.IC, params.KH, params.KW)));
  params.bias = PAWL_TRY(bias_of(reader, padded, int64_t{params.KH} * params.KW * params.IC));
  const uint64_t table_bytes = 2 * padded * sizeof(float);
  const uint8_t* table = PAWL_TRY(reader.weights<uint8_t>(2, table_bytes + padded_inputs));
  params.pad = table + table_bytes;
  params.epilogue =
      PAWL_TRY(epilogue(reader, y.shape, reinterpret_cast<const float*>(table), padded));
  return StepParams(params);
}

Result<StepParams> read_depthwise_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const Output y = PAWL_TRY(output_of(reader));
  const ConvFields f = PAWL_TRY(window(reader));
  if (x.C != y.shape.C) return reader.broken("channels differ");
  kernels::DepthwiseU8Params params{};
  set_images(x, y.shape, &params);
  set_window(f, &params);
  params.y_float = y.y_float;
  params.C = x.C;
  const auto padded = static_cast<uint64_t>(rounded_up(x.C, 16));
  params.weight = PAWL_TRY(reader.weights<int8_t>(0, padded * static_cast<uint64_t>(f.KH * f.KW)));
  params.bias = PAWL_TRY(bias_of(reader, padded, f.KH * f.KW));
  const float* tables = PAWL_TRY(reader.weights<float>(2, 2 * padded));
  params.pad = static_cast<uint8_t>(x.quantization.zero);
  params.epilogue = PAWL_TRY(epilogue(reader, y.shape, tables, padded));
  return StepParams(params);
}

Result<StepParams> read_quantize(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const ImageU8 y = PAWL_TRY(reader.output_u8(0));
  if (x.H != y.H || x.W != y.W || x.C != y.C) return reader.broken("shapes differ");
  return StepParams(kernels::QuantizeParams{.P = int64_t{y.H} * y.W,
                                            .C = y.C,
                                            .x_pixel_stride = x.pixel_stride,
                                            .y_pixel_stride = y.pixel_stride,
                                            .x = x.data,
                                            .y = y.data,
                                            .inverse_scale = 1.0F / y.quantization.scale,
                                            .zero = y.quantization.zero});
}

Result<StepParams> read_dequantize(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  if (x.H != y.H || x.W != y.W || x.C != y.C) return reader.broken("shapes differ");
  return StepParams(kernels::DequantizeParams{.P = int64_t{y.H} * y.W,
                                              .C = y.C,
                                              .x_pixel_stride = x.pixel_stride,
                                              .y_pixel_stride = y.pixel_stride,
                                              .x = x.data,
                                              .y = y.data,
                                              .quantization = x.quantization});
}

Result<StepParams> read_copy_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const ImageU8 y = PAWL_TRY(reader.output_u8_anywhere(0));
  if (x.H != y.H || x.W != y.W) return reader.broken("shapes differ");
  const int32_t* index = nullptr;
  if (reader.record().data[0] != kNoData) {
    index = PAWL_TRY(reader.block<int32_t>(0, static_cast<uint64_t>(y.C)));
    if (!indices_within(index, y.C, x.C)) return reader.broken("a channel is out of range");
    index = reader.address(index);
  } else if (x.C != y.C) {
    return reader.broken("channels differ");
  }
  return StepParams(kernels::CopyU8Params{.P = int64_t{y.H} * y.W,
                                          .C = y.C,
                                          .x_pixel_stride = x.pixel_stride,
                                          .y_pixel_stride = y.pixel_stride,
                                          .x = x.data,
                                          .index = index,
                                          .y = y.data});
}

Result<StepParams> read_max_pool_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const Output y = PAWL_TRY(output_of(reader));
  const ConvFields f = PAWL_TRY(window(reader));
  if (x.C != y.shape.C || y.shape.data == nullptr) return reader.broken("channels differ");
  kernels::MaxPoolU8Params params{};
  set_images(x, y.shape, &params);
  set_window(f, &params);
  params.C = x.C;
  return StepParams(params);
}

Result<StepParams> read_nearest_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const ImageU8 y = PAWL_TRY(reader.output_u8(0));
  if (x.C != y.C) return reader.broken("channels differ");
  const auto rows = static_cast<uint64_t>(y.H);
  const int32_t* row = PAWL_TRY(reader.block<int32_t>(0, rows + static_cast<uint64_t>(y.W)));
  const int32_t* col = row + rows;
  if (!indices_within(row, y.H, x.H) || !indices_within(col, y.W, x.W)) {
    return reader.broken("a resize table points outside the image");
  }
  return StepParams(kernels::NearestU8Params{.IH = x.H,
                                             .IW = x.W,
                                             .C = x.C,
                                             .OH = y.H,
                                             .OW = y.W,
                                             .x_pixel_stride = x.pixel_stride,
                                             .y_pixel_stride = y.pixel_stride,
                                             .x = x.data,
                                             .y = y.data,
                                             .row = reader.address(row),
                                             .col = reader.address(col)});
}

}  // namespace pawl::engine::steps
