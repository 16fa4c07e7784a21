#include "kernels/cuda/resize.h"

#include "kernels/cuda/grid.h"

namespace pawl::kernels::cuda {

Launch resize_f16_launch(const ResizeF16Params& params) {
  return channel_launch("resize", params.linear ? "resize_linear_f16" : "resize_nearest_f16",
                        int64_t{params.OH} * params.OW, params.C);
}

}  // namespace pawl::kernels::cuda
