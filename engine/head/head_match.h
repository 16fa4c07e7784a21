// Does a model's outline fit a family? The shape arithmetic behind guess_head, and what the nodes
// add to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/detect/head.h"
#include "engine/detect/level_binding.h"
#include "engine/head/head_guess.h"
#include "engine/head/head_table.h"

namespace pawl::engine {

struct MatchContext {
  const ModelOutline& model;  // checked: fixed, bounded shapes
  int32_t width = 0, height = 0;
  int32_t named = 0;           // classes that labels or metadata tell of; 0: unknown
  int32_t largest_stride = 0;  // as metadata says; 0: unknown
  std::optional<bool> end_to_end = std::nullopt;  // as metadata says
  bool by_user = false;  // the family is the user's word: only shapes are checked
};

// Strength 0: does not fit (and `reason` says why where it nearly did). Larger is more certain:
// shape alone 1, cell count of several strides 2, every output explained 3 or 4, the number of
// named classes 2 more, the nodes in front of the output 1 to 5 more, a class index among them or
// the metadata's word 8 more. A family that the nodes contradict does not fit.
struct HeadMatch {
  int32_t strength = 0;
  HeadSpec head;
  std::vector<LevelBinding> levels;
  std::vector<std::string> assumptions;
  std::string reason;
};

HeadMatch match_family(const HeadFamily& family, const MatchContext& context);

}  // namespace pawl::engine
