#include "kernels/attention.h"

namespace pawl::kernels {
// Every variant keeps the keys of one head transposed, (D, P rounded up to 16), and the scores of
// up to kAttentionRows queries.
size_t attention_scratch_floats(const AttentionParams& params) {
  const size_t columns = (static_cast<size_t>(params.P) + 15) / 16 * 16;
  return columns * (static_cast<size_t>(params.D) + kAttentionRows);
}

}  // namespace pawl::kernels
