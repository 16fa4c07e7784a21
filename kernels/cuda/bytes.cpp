#include "kernels/cuda/bytes.h"

#include "kernels/cuda/grid.h"

namespace pawl::kernels::cuda {
namespace {

template <typename Params>
Launch pixels_launch(const char* kernel, const Params& p) {
  return channel_launch("bytes", kernel, p.P, p.C);
}
template <typename Params>
Launch window_launch(const char* kernel, const Params& p) {
  return channel_launch("bytes", kernel, int64_t{p.OH} * p.OW, p.C);
}

}  // namespace

Launch quantize_launch(const QuantizeParams& p) {
  return pixels_launch("quantize_f16", p);
}
Launch dequantize_launch(const DequantizeParams& p) {
  return pixels_launch("dequantize_f16", p);
}
Launch copy_u8_launch(const CopyU8Params& p) {
  if (p.index != nullptr) return element_launch("bytes", "gather_u8", p.P * p.C);
  return pixels_launch("copy_u8", p);
}
Launch max_pool_u8_launch(const MaxPoolU8Params& p) {
  return window_launch("max_pool_u8", p);
}
Launch nearest_u8_launch(const NearestU8Params& p) {
  return window_launch("nearest_u8", p);
}
Launch binary_u8_launch(const BinaryU8Params& p) {
  return pixels_launch("binary_u8", p);
}
Launch average_pool_u8_launch(const AveragePoolU8Params& p) {
  return window_launch("average_pool_u8", p);
}
Launch table_u8_launch(const TableU8Params& p) {
  return pixels_launch("table_u8", p);
}
Launch pad_u8_launch(const PadParams<uint8_t>& p) {
  return window_launch("pad_u8", p);
}
Launch depthwise_u8_launch(const DepthwiseU8Params& p) {
  return window_launch("depthwise_u8", p);
}

}  // namespace pawl::kernels::cuda
