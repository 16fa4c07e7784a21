
#include <algorithm>

#include "engine/runtime/steps/readers.h"
#include "kernels/cuda/conv.h"
#include "kernels/panel.h"

namespace pawl::engine::steps {
namespace {

bool windows_fit(const ConvFields& f) {
  return all_within(1, kKernelWindowMax, f.KH, f.KW, f.stride_h, f.stride_w, f.dilation_h,
                    f.dilation_w) &&
         all_within(0, kKernelWindowMax, f.pad_top, f.pad_left);
}

// Sets the residual of a convolution, if it has one.
template <typename Params>
Status set_residual(const StepReader& reader, const Image& y, Params* params) {
  if (!reader.has_input(2)) return {};
  const Image residual = PAWL_TRY(reader.input_image(2));
  if (residual.H != y.H || residual.W != y.W || residual.C != y.C) {
    return reader.broken("the residual has another shape");
  }
  params->residual = residual.data;
  params->residual_pixel_stride = residual.pixel_stride;
  return {};
}

}  // namespace

Result<StepParams> read_conv(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<ConvFields>(reader.record());
  if (!windows_fit(f)) return reader.broken("a window is out of range");
  kernels::ConvParams params{};
  set_images(x, y, &params);
  set_window(f, &params);
  params.IC = x.C;
  params.OC = y.C;
  params.activation = reader.activation();
  const size_t weight_bytes =
      reader.cuda()
          ? kernels::cuda::packed_conv_f16_halves(y.C, x.C, params.KH, params.KW) * sizeof(uint16_t)
          : kernels::packed_conv_floats(y.C, x.C, params.KH, params.KW) * sizeof(float);
  params.weight =
      reinterpret_cast<const float*>(PAWL_TRY(reader.weights<std::byte>(0, weight_bytes)));
  const int32_t panels = (y.C + kernels::kPanelChannels - 1) / kernels::kPanelChannels;
  params.bias =
      PAWL_TRY(reader.weights<float>(1, static_cast<uint64_t>(panels) * kernels::kPanelChannels));
  const Status residual = set_residual(reader, y, &params);
  if (!residual.ok()) return residual.error();
  return StepParams(params);
}

Result<StepParams> read_winograd(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<WinogradFields>(reader.record());
  if (!all_within(0, 2, f.pad_top, f.pad_left)) return reader.broken("a pad is out of range");
  kernels::WinogradParams params{};
  set_images(x, y, &params);
  params.IC = x.C;
  params.OC = y.C;
  params.pad_top = static_cast<int32_t>(f.pad_top);
  params.pad_left = static_cast<int32_t>(f.pad_left);
  params.activation = reader.activation();
  PAWL_TRY(set_residual(reader, y, &params));
  params.weight =
      PAWL_TRY(reader.weights<float>(0, kernels::packed_winograd_floats(params.OC, params.IC)));
  const int32_t panels = (params.OC + kernels::kPanelChannels - 1) / kernels::kPanelChannels;
  params.bias =
      PAWL_TRY(reader.weights<float>(1, static_cast<uint64_t>(panels) * kernels::kPanelChannels));
  return StepParams(params);
}

Result<StepParams> read_depthwise(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<ConvFields>(reader.record());
  if (!windows_fit(f)) return reader.broken("a window is out of range");
  if (x.C != y.C) return reader.broken("channels differ");
  kernels::DepthwiseParams params{};
  set_images(x, y, &params);
  set_window(f, &params);
  params.C = x.C;
  params.activation = reader.activation();
  params.weight = PAWL_TRY(
      reader.weights<float>(0, static_cast<uint64_t>(x.C) * static_cast<uint64_t>(f.KH * f.KW)));
  params.bias = PAWL_TRY(reader.weights<float>(1, static_cast<uint64_t>(x.C)));
  const Status residual = set_residual(reader, y, &params);
  if (!residual.ok()) return residual.error();
  return StepParams(params);
}

Result<StepParams> read_pool(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<PoolFields>(reader.record());
  if (x.C != y.C) return reader.broken("channels differ");
  if (!all_within(0, 1, f.kind, f.count_padding) ||
      !all_within(1, kKernelWindowMax, f.KH, f.KW, f.stride_h, f.stride_w, f.dilation_h,
                  f.dilation_w) ||
      !all_within(0, kKernelWindowMax, f.pad_top, f.pad_left)) {
    return reader.broken("a window is out of range");
  }
  kernels::PoolParams params{};
  set_images(x, y, &params);
  set_window(f, &params);
  params.kind = static_cast<kernels::PoolKind>(f.kind);
  params.count_padding = f.count_padding != 0;
  params.C = x.C;
  return StepParams(params);
}

Result<StepParams> read_resize(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<ResizeFields>(reader.record());
  if (x.C != y.C) return reader.broken("channels differ");
  if (!all_within(0, 1, f.kind)) return reader.broken("an unknown resize");
  const int32_t* table = PAWL_TRY(
      reader.block<int32_t>(0, 3 * (static_cast<uint64_t>(y.H) + static_cast<uint64_t>(y.W))));
  if (!indices_within(table, 2 * y.H, x.H) || !indices_within(table + 3 * y.H, 2 * y.W, x.W)) {
    return reader.broken("a resize table points outside the image");
  }
  const int32_t* rows = reader.address(table);
  const int32_t* columns = rows + 3 * y.H;
  kernels::ResizeParams params{};
  set_images(x, y, &params);
  params.kind = static_cast<kernels::ResizeKind>(f.kind);
  params.C = x.C;
  params.row0 = rows;
  params.row1 = rows + y.H;
  params.row_t = reinterpret_cast<const float*>(rows + 2 * y.H);
  params.col0 = columns;
  params.col1 = columns + y.W;
  params.col_t = reinterpret_cast<const float*>(columns + 2 * y.W);
  return StepParams(params);
}

Result<StepParams> read_unary(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  if (x.C != y.C || x.H != y.H || x.W != y.W) return reader.broken("shapes differ");
  return StepParams(kernels::UnaryParams{.P = int64_t{y.H} * y.W,
                                         .C = y.C,
                                         .x_pixel_stride = x.pixel_stride,
                                         .y_pixel_stride = y.pixel_stride,
                                         .x = x.data,
                                         .y = y.data,
                                         .activation = reader.activation()});
}

Result<StepParams> read_binary(const StepReader& reader) {
  const Image a = PAWL_TRY(reader.input_image(0));
  const Image b = PAWL_TRY(reader.input_image(1));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<OpFields>(reader.record());
  const bool broadcast = b.H == 1 && b.W == 1 && (y.H != 1 || y.W != 1);
  if (a.C != y.C || a.H != y.H || a.W != y.W || b.C != y.C ||
      (!broadcast && (b.H != y.H || b.W != y.W))) {
    return reader.broken("shapes differ");
  }
  if (!all_within(0, 5, f.op)) return reader.broken("an unknown operator");
  return StepParams(kernels::BinaryParams{.P = int64_t{y.H} * y.W,
                                          .C = y.C,
                                          .op = static_cast<kernels::BinaryOp>(f.op),
                                          .a_pixel_stride = a.pixel_stride,
                                          .b_pixel_stride = broadcast ? 0 : b.pixel_stride,
                                          .y_pixel_stride = y.pixel_stride,
                                          .a = a.data,
                                          .b = b.data,
                                          .y = y.data,
                                          .activation = reader.activation()});
}

Result<StepParams> read_gather(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  if (x.H != y.H || x.W != y.W) return reader.broken("shapes differ");
  const int32_t* index = PAWL_TRY(reader.block<int32_t>(0, static_cast<uint64_t>(y.C)));
  if (!indices_within(index, y.C, x.C)) return reader.broken("a channel is out of range");
  return StepParams(kernels::GatherParams{.P = int64_t{y.H} * y.W,
                                          .C = y.C,
                                          .x_pixel_stride = x.pixel_stride,
                                          .y_pixel_stride = y.pixel_stride,
                                          .x = x.data,
                                          .index = reader.address(index),
                                          .y = y.data});
}

Result<StepParams> read_focus(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<FocusFields>(reader.record());
  if (x.H != 2 * y.H || x.W != 2 * y.W || y.C != 4 * x.C) return reader.broken("shapes differ");
  kernels::FocusParams params{};
  params.OH = y.H;
  params.OW = y.W;
  params.C = x.C;
  params.x_pixel_stride = x.pixel_stride;
  params.y_pixel_stride = y.pixel_stride;
  for (int g = 0; g < 4; ++g) {
    if (!all_within(0, 1, f.dy[g], f.dx[g])) return reader.broken("an offset is out of range");
    params.dy[g] = static_cast<int32_t>(f.dy[g]);
    params.dx[g] = static_cast<int32_t>(f.dx[g]);
  }
  params.x = x.data;
  params.y = y.data;
  return StepParams(params);
}

Result<StepParams> read_attention(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  const auto f = step_fields<AttentionFields>(reader.record());
  if (!all_within(1, kChannelsMax, f.heads, f.D, f.VD) ||
      !all_within(0, kChannelsMax, f.q_offset, f.k_offset, f.v_offset, f.head_stride)) {
    return reader.broken("attention is out of range");
  }
  const int64_t last = (f.heads - 1) * f.head_stride;
  if (x.H != y.H || x.W != y.W || f.heads * f.VD != y.C || last + f.q_offset + f.D > x.C ||
      last + f.k_offset + f.D > x.C || last + f.v_offset + f.VD > x.C) {
    return reader.broken("attention reads outside its input");
  }
  return StepParams(kernels::AttentionParams{.P = y.H * y.W,
                                             .heads = static_cast<int32_t>(f.heads),
                                             .D = static_cast<int32_t>(f.D),
                                             .VD = static_cast<int32_t>(f.VD),
                                             .x_pixel_stride = x.pixel_stride,
                                             .y_pixel_stride = y.pixel_stride,
                                             .q_offset = static_cast<int32_t>(f.q_offset),
                                             .k_offset = static_cast<int32_t>(f.k_offset),
                                             .v_offset = static_cast<int32_t>(f.v_offset),
                                             .head_stride = static_cast<int32_t>(f.head_stride),
                                             .scale = reader.record().alpha,
                                             .x = x.data,
                                             .y = y.data,
                                             .scratch = nullptr});
}

}  // namespace pawl::engine::steps
