// A part as it is laid on the belt: lit, with its shadow, smeared by the belt's motion. Rendered
// once a part, then blended into every frame it crosses.
#pragma once

#include <cstdint>
#include <vector>

#include "platform/synthetic/defect.h"

namespace pawl::platform::synthetic {

struct PatchDefect {
  DefectClass kind = DefectClass::kScratch;
  MaskBox box;  // pixels of the patch
};

// A square of `side` x `side` pixels, three bytes each. Where it is laid, a belt byte b becomes
//   b * through / 255 + add
// so one multiply per byte holds both the part's outline and its shadow.
struct PartPatch {
  int side = 0;
  std::vector<uint8_t> through;
  std::vector<uint8_t> add;
  std::vector<PatchDefect> defects;
};

// `scale` is pixels per nominal pixel, `smear` the belt's motion during the exposure in pixels.
PartPatch render_part_patch(const Part& part, float defect_rate, float scale, int smear);

}  // namespace pawl::platform::synthetic
