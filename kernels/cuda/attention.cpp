#include "kernels/cuda/attention.h"

namespace pawl::kernels::cuda {
namespace {

constexpr uint32_t kWarps = 4;
constexpr uint32_t kValuesOfWarp = 256;  // attention.cu

}  // namespace

Launch attention_f16_launch(const AttentionParams& p) {
  return {"attention",
          "attention_f16",
          {(static_cast<uint32_t>(p.P) + kWarps - 1) / kWarps, static_cast<uint32_t>(p.heads),
           (static_cast<uint32_t>(p.VD) + kValuesOfWarp - 1) / kValuesOfWarp},
          32 * kWarps};
}

}  // namespace pawl::kernels::cuda
