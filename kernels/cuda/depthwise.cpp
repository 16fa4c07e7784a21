#include "kernels/cuda/depthwise.h"

#include "kernels/cuda/grid.h"

namespace pawl::kernels::cuda {

Launch depthwise_f16_launch(const DepthwiseParams& p) {
  return channel_launch("depthwise", "depthwise_f16", int64_t{p.OH} * p.OW, p.C);
}

}  // namespace pawl::kernels::cuda
