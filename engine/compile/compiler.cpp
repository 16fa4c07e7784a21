#include "engine/compile/compiler.h"

#include <algorithm>

#include "engine/artifact/writer.h"
#include "engine/compile/head_fusion.h"
#include "engine/compile/outline.h"
#include "engine/detect/head_guess.h"
#include "engine/passes/passes.h"
#include "engine/plan/lower.h"
#include "engine/plan/target.h"

namespace pawl::engine {
namespace {

// A slice of a row-major output as a map inside the tensor that holds it.
Result<MapRecord> map_record(const Plan& plan, const std::vector<int32_t>& outputs,
                             const OutputSlice& slice, int32_t channels) {
  if (slice.output < 0)
    return MapRecord{.tensor = -1, .channels = 0, .offset = 0, .pixel = 0, .channel = 0};
  const int32_t index = outputs[static_cast<size_t>(slice.output)];
  const TensorRecord& tensor = plan.tensors[static_cast<size_t>(index)];
  MapRecord map{.tensor = index,
                .channels = channels,
                .offset = slice.offset,
                .pixel = slice.pixel,
                .channel = slice.channel};
  if (tensor.layout == Layout::kRowMajor) return map;
  // The slice counts as if the output were (1, C, H, W) row-major; the plan keeps it NHWC.
  const int64_t pixels = int64_t{tensor.extent[2]} * tensor.extent[3];
  if (slice.pixel != 1 || slice.channel != pixels || slice.offset % pixels != 0) {
    return Error{Code::kUnsupported,
                 "output \"" + std::string(plan.names.c_str() + tensor.name) +
                     "\" is read across its channels; compile with --head none"};
  }
  map.offset = slice.offset / pixels;
  map.pixel = tensor.pixel_stride;
  map.channel = 1;
  return map;
}

void set_preprocess(const PreprocessSpec& pre, HeadRecord* record) {
  record->fit = static_cast<uint8_t>(pre.fit);
  record->rgb = pre.rgb ? 1 : 0;
  record->width = pre.width;
  record->height = pre.height;
  record->channels = pre.channels;
  record->pad_value = pre.pad_value;
  std::copy(std::begin(pre.mean), std::end(pre.mean), record->mean);
  std::copy(std::begin(pre.scale), std::end(pre.scale), record->scale);
}

void set_head(const HeadSpec& head, HeadRecord* record) {
  record->present = 1;
  record->layout = static_cast<uint8_t>(head.layout);
  record->box = static_cast<uint8_t>(head.box);
  record->objectness = head.objectness ? 1 : 0;
  record->scores_are_logits = head.scores_are_logits ? 1 : 0;
  record->nms = head.nms ? 1 : 0;
  record->classes = head.classes;
  record->bins = head.bins;
  record->cell_offset = head.cell_offset;
}

// As many labels as the head has classes: an end-to-end output does not tell their number, the maps
// behind it do.
std::vector<std::string> labels_for(int32_t classes, std::vector<std::string> labels) {
  labels.resize(static_cast<size_t>(classes));
  return labels;
}

// The levels of a head whose tail was replaced: channel ranges of the plan's output maps.
void describe_fused(const Graph& graph, const FusedHead& fused, Lowered* lowered) {
  Plan& plan = lowered->plan;
  set_head(fused.head, &plan.head);
  const auto map = [&](const MapRange& range) {
    if (range.value == kNoValue)
      return MapRecord{.tensor = -1, .channels = 0, .offset = 0, .pixel = 0, .channel = 0};
    const auto at = std::find(graph.outputs.begin(), graph.outputs.end(), range.value);
    const int32_t index = lowered->output[static_cast<size_t>(at - graph.outputs.begin())];
    return MapRecord{.tensor = index,
                     .channels = static_cast<int32_t>(range.channels),
                     .offset = range.first,
                     .pixel = plan.tensors[static_cast<size_t>(index)].pixel_stride,
                     .channel = 1};
  };
  for (const FusedLevel& level : fused.levels) {
    LevelRecord record{};
    record.count = level.height * level.width;
    record.grid_width = level.width;
    record.stride = level.stride;
    record.anchor_w = level.anchor_w;
    record.anchor_h = level.anchor_h;
    record.box = map(level.box);
    record.scores = map(level.scores);
    record.objectness = map(level.objectness);
    plan.levels.push_back(record);
  }
}

// The levels of a head kept as exported: slices of the graph's own outputs.
Status describe_exported(const HeadGuess& guess, Lowered* lowered) {
  Plan& plan = lowered->plan;
  set_head(guess.head, &plan.head);
  const int32_t box = box_channels(guess.head);
  const int32_t scores = score_channels(guess.head);
  for (const LevelBinding& level : guess.levels) {
    LevelRecord record{};
    record.count = level.count;
    record.grid_width = level.grid_width;
    record.stride = level.stride;
    record.anchor_w = level.anchor_w;
    record.anchor_h = level.anchor_h;
    record.box = PAWL_TRY(map_record(plan, lowered->output, level.box, box));
    record.scores = PAWL_TRY(map_record(plan, lowered->output, level.scores, scores));
    record.objectness = PAWL_TRY(map_record(plan, lowered->output, level.objectness, 1));
    plan.levels.push_back(record);
  }
  return {};
}

}  // namespace

Result<Compiled> compile(const Graph& graph, const CompileOptions& options) {
  const Target target = PAWL_TRY(find_target(options.target));
  HeadGuess guess = PAWL_TRY(guess_head(outline_of(graph), options.head));

  Graph optimised = graph;
  optimise(&optimised);
  const std::optional<FusedHead> fused = fuse_head(&optimised, guess);
  QuantizeReport quantized;
  std::optional<GraphQuantization> quantization;
  if (options.calibration != nullptr) {
    quantization = PAWL_TRY(
        quantize(optimised, guess.pre, *options.calibration, options.quantize, &quantized));
  }
  Lowered lowered = PAWL_TRY(lower(optimised, quantization ? &*quantization : nullptr));
  Plan& plan = lowered.plan;
  plan.head.family = plan.add_name(guess.family);
  set_preprocess(guess.pre, &plan.head);
  if (fused) {
    describe_fused(optimised, *fused, &lowered);
    if (fused->rounded) {
      guess.assumptions.push_back(
          "the file rounds the head's anchors and strides to 8 bits; the decoder uses exact ones");
    }
  } else if (!guess.levels.empty()) {
    const Status described = describe_exported(guess, &lowered);
    if (!described.ok()) return described.error();
    guess.assumptions.push_back("the head runs as exported: its tail matched no decode step");
  }
  if (!plan.levels.empty()) plan.labels = labels_for(plan.head.classes, guess.labels);
  plan.header.isa = static_cast<uint32_t>(target.isa);
  plan.header.target_name = plan.add_name(target.name);
  plan.provenance = options.provenance;
  plan.provenance.emplace_back("precision", quantization ? "int8" : "fp32");
  if (quantization) {
    plan.provenance.emplace_back("calibration.images", std::to_string(quantized.frames));
  }

  std::vector<std::string> assumptions = graph.assumptions;
  assumptions.insert(assumptions.end(), guess.assumptions.begin(), guess.assumptions.end());

  Compiled compiled;
  compiled.report = CompileReport{.target = std::string(target.name),
                                  .family = guess.family,
                                  .assumptions = std::move(assumptions),
                                  .warnings = graph.warnings,
                                  .nodes = static_cast<int32_t>(graph.nodes.size()),
                                  .steps = static_cast<int32_t>(plan.steps.size()),
                                  .multiply_adds = static_cast<int64_t>(plan.header.multiply_adds),
                                  .arena_bytes = static_cast<int64_t>(plan.header.arena_bytes),
                                  .weight_bytes = static_cast<int64_t>(plan.weights.size()),
                                  .quantization = std::move(quantized),
                                  .head_fused = fused.has_value(),
                                  .concats_elided = lowered.concats_elided,
                                  .copies = lowered.copies};
  compiled.artifact = PAWL_TRY(write_artifact(plan));
  return compiled;
}

}  // namespace pawl::engine
