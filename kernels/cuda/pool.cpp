#include "kernels/cuda/pool.h"

#include "kernels/cuda/grid.h"

namespace pawl::kernels::cuda {

Launch pool_f16_launch(const PoolF16Params& params) {
  return channel_launch("pool", params.average ? "average_pool_f16" : "max_pool_f16",
                        int64_t{params.OH} * params.OW, params.C);
}

}  // namespace pawl::kernels::cuda
