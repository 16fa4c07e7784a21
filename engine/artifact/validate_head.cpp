#include <cmath>
#include <string>

#include "engine/artifact/head_record.h"
#include "engine/artifact/validate.h"
#include "engine/detect/level_binding.h"
#include "platform/frame.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

Error corrupt(const std::string& what) {
  return Error{Code::kCorrupt, what};
}

// Fields that are there whether or not the network detects.
Status validate_preprocess(const HeadRecord& head, const PlanTables& plan) {
  if (head.fit > static_cast<uint8_t>(Fit::kStretch)) return corrupt("head: unknown fit");
  if (head.present > 1 || head.rgb > 1 || head.nms > 1 || head.objectness > 1 ||
      head.scores_are_logits > 1) {
    return corrupt("head: a yes-or-no field is neither");
  }
  if (head.pad_value > 255) return corrupt("head: pad value above 255");
  if (head.reserved != 0) return corrupt("head: reserved field is not zero");
  if (head.family >= plan.names.size()) return corrupt("head: family outside the name table");
  for (int i = 0; i < 3; ++i) {
    if (!std::isfinite(head.mean[i]) || !std::isfinite(head.scale[i])) {
      return corrupt("head: mean or scale is not finite");
    }
  }
  // A network whose input is no image: run() works, preprocess() does not.
  const bool image = head.width != 0 || head.height != 0 || head.channels != 0;
  if (!image && head.present == 0) return {};

  if (head.width < 1 || head.width > platform::kImageSideMax || head.height < 1 ||
      head.height > platform::kImageSideMax || (head.channels != 1 && head.channels != 3)) {
    return corrupt("head: input of " + std::to_string(head.width) + "x" +
                   std::to_string(head.height) + "x" + std::to_string(head.channels) +
                   "; sides are 1 to 16384, channels 1 or 3");
  }
  const TensorRecord& input = plan.tensors[static_cast<size_t>(plan.header->input_tensor)];
  if (input.layout != Layout::kNhwc || input.extent[1] != head.channels ||
      input.extent[2] != head.height || input.extent[3] != head.width) {
    return corrupt("head: the input tensor is not the image it describes");
  }
  return {};
}

OutputSlice slice(const MapRecord& map) {
  return {map.tensor, map.offset, map.pixel, map.channel};
}

Status validate_level(const LevelRecord& level, const HeadSpec& spec, const std::string& where) {
  if (level.reserved != 0) return corrupt(where + "reserved field is not zero");
  if (level.grid_width < 0 || !std::isfinite(level.stride) || !std::isfinite(level.anchor_w) ||
      !std::isfinite(level.anchor_h)) {
    return corrupt(where + "grid, stride or anchor makes no sense");
  }
  if (level.box.channels != box_channels(spec) || level.scores.channels != score_channels(spec) ||
      (spec.objectness && level.objectness.channels != 1)) {
    return corrupt(where + "channel counts do not fit the head");
  }
  if (!spec.objectness && level.objectness.tensor != -1) {
    return corrupt(where + "an objectness map that the head does not use");
  }
  return {};
}

}  // namespace

Result<HeadTables> split_head(std::span<const std::byte> section) {
  if (section.size() < sizeof(HeadRecord)) return corrupt("head: shorter than its record");
  HeadTables tables;
  tables.head = reinterpret_cast<const HeadRecord*>(section.data());
  const uint64_t end =
      sizeof(HeadRecord) + uint64_t{tables.head->level_count} * sizeof(LevelRecord);
  if (end != section.size()) {
    return corrupt("head: its tables are " + std::to_string(end) + " bytes, the section " +
                   std::to_string(section.size()));
  }
  tables.levels = {reinterpret_cast<const LevelRecord*>(section.data() + sizeof(HeadRecord)),
                   tables.head->level_count};
  return tables;
}

Status validate_head(const HeadTables& tables, const PlanTables& plan) {
  const HeadRecord& head = *tables.head;
  PAWL_TRY(validate_preprocess(head, plan));
  if (head.present == 0) {
    return tables.levels.empty() ? Status() : corrupt("head: levels without a head");
  }
  if (tables.levels.empty() || tables.levels.size() > size_t{kHeadLevelsMax}) {
    return corrupt("head: " + std::to_string(tables.levels.size()) + " levels; 1 to " +
                   std::to_string(kHeadLevelsMax));
  }
  const HeadSpec spec = head_spec(head);
  if (Status status = check_head(spec); !status.ok()) return corrupt(status.error().message);
  if (head.bins < 1 || head.bins > kMaxBins) return corrupt("head: bins outside 1 to 64");

  std::vector<int64_t> tensor_floats;
  tensor_floats.reserve(plan.tensors.size());
  for (const TensorRecord& tensor : plan.tensors) {
    const bool real = tensor.element != Element::kUint8;
    tensor_floats.push_back(
        real ? static_cast<int64_t>(tensor_bytes(tensor)) / element_bytes(tensor.element) : 0);
  }
  std::vector<LevelBinding> bindings;
  bindings.reserve(tables.levels.size());
  for (size_t i = 0; i < tables.levels.size(); ++i) {
    const LevelRecord& level = tables.levels[i];
    PAWL_TRY(validate_level(level, spec, "head level " + std::to_string(i) + ": "));
    bindings.push_back({level.count, level.grid_width, level.stride, level.anchor_w, level.anchor_h,
                        slice(level.box), slice(level.scores), slice(level.objectness)});
  }
  return check_levels(spec, bindings, tensor_floats);
}

}  // namespace pawl::engine
