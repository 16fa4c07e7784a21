#include "engine/head/row_structure.h"

namespace pawl::engine {
namespace {

using Source = OutputPart::Source;

// The part that begins at element `first`; parts.size() if none does.
size_t part_at(const AxisParts& parts, int64_t first) {
  int64_t begin = 0;
  size_t index = 0;
  while (index < parts.size() && begin < first) begin += parts[index++].extent;
  return begin == first ? index : parts.size();
}

Source common_source(const AxisParts& parts, size_t end) {
  for (size_t i = 1; i < end; ++i) {
    if (parts[i].source != parts[0].source) return Source::kUnknown;
  }
  return parts[0].source;
}

}  // namespace

std::optional<RowStructure> row_structure(const OutputOutline& output, size_t axis) {
  if (axis >= output.parts.size()) return std::nullopt;
  const AxisParts& parts = output.parts[axis];
  const size_t behind_box = part_at(parts, 4);
  if (behind_box == parts.size()) return std::nullopt;
  RowStructure row;
  row.box = common_source(parts, behind_box);
  const size_t sixth = part_at(parts, 5);
  row.class_index =
      sixth < parts.size() && parts[sixth].extent == 1 && parts[sixth].source == Source::kIndex;

  size_t classes = behind_box;
  const OutputPart& next = parts[behind_box];
  if (next.extent == 1 && behind_box + 1 < parts.size()) {
    row.constant_objectness = next.source == Source::kConstant;
    // One class and then something that is none is the other reading: its source differs.
    if (row.constant_objectness || next.source == parts[behind_box + 1].source) {
      row.objectness = true;
      ++classes;
    }
  }
  if (!row.objectness && next.whole) row.objectness = false;
  const Source source = parts[classes].source;
  if (source == Source::kUnknown) return row;
  for (size_t i = classes + 1; i < parts.size(); ++i) {
    if (parts[i].source != source) row.extra += parts[i].extent;
  }
  return row;
}

}  // namespace pawl::engine
