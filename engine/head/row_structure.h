// What the nodes in front of an output say about the numbers of one box: (x y w h [objectness]
// classes...), where shapes alone leave several readings.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/head/head_guess.h"

namespace pawl::engine {

struct RowStructure {
  OutputPart::Source box = OutputPart::Source::kUnknown;
  // Whether a number of its own stands between box and classes; none where one convolution makes
  // both.
  std::optional<bool> objectness;
  bool constant_objectness = false;  // always one, as YOLOv6 writes it
  int64_t extra = 0;  // numbers behind the classes that were not computed as the classes were
  // The sixth number is a whole number: x1 y1 x2 y2 score class.
  bool class_index = false;
};

// Of the numbers of a box along `axis`. None where they are not cut after the fourth: the axis is
// another one, or the graph does not tell.
std::optional<RowStructure> row_structure(const OutputOutline& output, size_t axis);

}  // namespace pawl::engine
