#include <cstddef>

#include "kernels/cpu/letterbox/variants.h"
#include "tests/kernels/letterbox_expected.h"

namespace pawl::kernels {

std::vector<float> expected_letterbox(const LetterboxParams& params) {
  LetterboxParams p = params;
  const LetterboxScratch scratch(letterbox_scratch_bytes(p));
  std::vector<float> y(static_cast<size_t>(p.OW) * static_cast<size_t>(p.OH) *
                       static_cast<size_t>(p.channels));
  p.y = y.data();
  p.scratch = scratch.data.get();
  letterbox_variants().back().run(p, 0, 1);
  return y;
}

}  // namespace pawl::kernels
