#include "kernels/cuda/pixelwise.h"

#include "kernels/cuda/grid.h"

namespace pawl::kernels::cuda {

Launch unary_f16_launch(const UnaryParams& p) {
  return channel_launch("pixelwise", "unary_f16", p.P, p.C);
}
Launch binary_f16_launch(const BinaryParams& p) {
  return channel_launch("pixelwise", "binary_f16", p.P, p.C);
}
Launch gather_f16_launch(const GatherParams& p) {
  return element_launch("pixelwise", "gather_f16", p.P * p.C);
}
Launch focus_f16_launch(const FocusParams& p) {
  return element_launch("pixelwise", "focus_f16", int64_t{p.OH} * p.OW * 4 * p.C);
}
Launch pad_f16_launch(const PadParams<float>& p) {
  return channel_launch("pixelwise", "pad_f16", int64_t{p.OH} * p.OW, p.C);
}

}  // namespace pawl::kernels::cuda
