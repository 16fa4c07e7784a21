#include "engine/compile/compiler.h"

#include <algorithm>
#include <cstdio>

#include "engine/artifact/head_record.h"
#include "engine/artifact/writer.h"
#include "engine/compile/head_fusion.h"
#include "engine/compile/outline.h"
#include "engine/compile/resize_network.h"
#include "engine/head/head_guess.h"
#include "engine/passes/passes.h"
#include "engine/plan/lower.h"
#include "engine/plan/spell_out.h"
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

// The graph as it is lowered at any precision.
struct Prepared {
  Graph graph;
  HeadGuess guess;
  std::optional<FusedHead> fused;
};

Status resize(InputSize size, Prepared* prepared) {
  const PreprocessSpec& pre = prepared->guess.pre;
  const std::string exported = std::to_string(pre.width) + "x" + std::to_string(pre.height);
  const std::string wanted = std::to_string(size.width) + "x" + std::to_string(size.height);
  const std::string advice =
      "; use --input " + exported + ", or export the model at " + wanted + " or with dynamic axes";
  if (!prepared->fused) {
    return Error{Code::kUnsupported, "the model was exported for " + exported +
                                         " only and its head did not become a decode step" +
                                         advice};
  }
  const Status resized =
      resize_network(size, &prepared->graph, &*prepared->fused, &prepared->guess.pre);
  if (!resized.ok()) return Error{resized.error().code, resized.error().message + advice};
  prepared->guess.assumptions.push_back("the file was exported for " + exported +
                                        "; its network is laid out anew for " + wanted);
  return {};
}

// A plan with its target, without provenance.
Result<Lowered> lower_with_head(const Prepared& prepared, const Target& target,
                                const GraphQuantization* quantization) {
  Lowered lowered = PAWL_TRY(lower(prepared.graph, target, quantization));
  Plan& plan = lowered.plan;
  plan.header.isa = target.recorded_isa();
  plan.header.target_name = plan.add_name(target.name);
  const HeadGuess& guess = prepared.guess;
  plan.head.family = plan.add_name(guess.family);
  set_preprocess(guess.pre, &plan.head);
  if (prepared.fused) {
    describe_fused(prepared.graph, *prepared.fused, &lowered);
  } else if (!guess.levels.empty()) {
    PAWL_TRY(describe_exported(guess, &lowered));
  }
  if (!plan.levels.empty()) plan.labels = labels_for(plan.head.classes, guess.labels);
  return lowered;
}

Result<std::vector<std::byte>> portable_artifact(const Prepared& prepared,
                                                 const GraphQuantization* quantization) {
  Lowered lowered = PAWL_TRY(lower_with_head(prepared, portable_target(), quantization));
  return write_artifact(lowered.plan);
}

// The INT8 plan's tensors against the float plan's.
Status compare_with_float(const Prepared& prepared, const GraphQuantization& quantization,
                          CalibrationFrames& frames, CompileReport* report) {
  constexpr size_t kFrames = 4;
  const auto float_bytes = PAWL_TRY(portable_artifact(prepared, nullptr));
  const auto int8_bytes = PAWL_TRY(portable_artifact(prepared, &quantization));
  const auto reference = PAWL_TRY(Artifact::from_bytes(float_bytes, "float plan"));
  const auto int8 = PAWL_TRY(Artifact::from_bytes(int8_bytes, "INT8 plan"));
  const std::vector<size_t> chosen = spread_frames(frames.count(), kFrames);
  const auto tensors = PAWL_TRY(compare_tensors(reference, int8, frames, chosen));
  for (QuantizedLayer& layer : report->quantization.layers) {
    const auto at = tensors.find(layer.output);
    if (at != tensors.end()) layer.output_sqnr_db = decibels(at->second.ratio());
  }
  report->error.frames = chosen.size();
  double noise = 0.0;
  for (const ValueId id : prepared.graph.outputs) {
    const std::string& name = prepared.graph.value(id).name;
    const auto at = tensors.find(name);
    if (at == tensors.end()) continue;
    report->error.outputs.push_back({name, decibels(at->second.ratio())});
    noise += at->second.ratio();
  }
  const auto compared = static_cast<double>(std::max<size_t>(report->error.outputs.size(), 1));
  report->error.sqnr_db = decibels(noise / compared);
  return {};
}

std::string decimals(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

// Where the 8 bits came from and what they cost.
void add_provenance(const CompileReport& report, Plan* plan) {
  const auto add = [plan](const char* key, std::string value) {
    plan->provenance.emplace_back(key, std::move(value));
  };
  std::string kept;
  for (const QuantizedLayer& layer : report.quantization.layers) {
    if (!layer.int8) kept += (kept.empty() ? "" : ", ") + layer.node;
  }
  add("calibration.images", std::to_string(report.quantization.frames));
  add("quantization.method",
      "after training: least square error clipping, a weight scale each output channel, bias "
      "corrected; exact 32-bit sums");
  add("quantization.float_layers", kept.empty() ? "none" : kept);
  add("quantization.sqnr_db", decimals(report.error.sqnr_db, 1));
  if (report.search && report.search->float_accuracy) {
    add("accuracy.float", decimals(*report.search->float_accuracy, 2));
    add("accuracy.int8", decimals(report.search->reached, 2));
  }
}

// Calibrates, searches where a bound asks for it, compares; fills the report.
Result<GraphQuantization> quantize_graph(const Prepared& prepared, const CompileOptions& options,
                                         kernels::Isa isa, CompileReport* report) {
  Quantizer quantizer = PAWL_TRY(Quantizer::calibrate(prepared.graph, prepared.guess.pre,
                                                      *options.calibration, options.quantize));
  CalibrationFrames* frames = options.calibration;
  KeptFloat kept;
  if (options.bound != nullptr) {
    const BuildArtifact build = [&prepared](const GraphQuantization* quantization) {
      return portable_artifact(prepared, quantization);
    };
    report->search = PAWL_TRY(search_precision(&quantizer, build, *options.bound, isa));
    kept = report->search->kept;
    frames = options.bound->frames;
  }
  report->quantization = quantizer.report(kept);
  GraphQuantization quantization = quantizer.decide(kept);
  PAWL_TRY(compare_with_float(prepared, quantization, *frames, report));
  return quantization;
}

// A session gives the network an image and nothing else.
Status check_inputs(const Graph& graph) {
  if (graph.inputs.size() == 1) return {};
  std::string inputs;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    inputs += (inputs.empty() ? "\"" : ", \"") + value.name + "\" " + to_string(value.shape);
  }
  return Error{Code::kUnsupported,
               "the model reads " + std::to_string(graph.inputs.size()) + " inputs (" + inputs +
                   "); an image is all it will get: export it with the others as constants"};
}

}  // namespace

Result<Compiled> compile(const Graph& graph, const CompileOptions& options) {
  const Target target = PAWL_TRY(find_target(options.target));
  PAWL_TRY(check_inputs(graph));
  HeadGuess guess = PAWL_TRY(guess_head(outline_of(graph), options.head));
  Prepared prepared{.graph = graph, .guess = std::move(guess), .fused = std::nullopt};
  optimise(&prepared.graph);
  prepared.fused = fuse_head(&prepared.graph, prepared.guess);
  if (prepared.fused && prepared.fused->rounded) {
    prepared.guess.assumptions.push_back(
        "the file rounds the head's anchors and strides to 8 bits; the decoder uses exact ones");
  }
  if (options.input) PAWL_TRY(resize(*options.input, &prepared));
  spell_out(&prepared.graph);
  if (!prepared.fused && !prepared.guess.levels.empty()) {
    prepared.guess.assumptions.push_back(
        "the head runs as exported: its tail matched no decode step");
  }
  Compiled compiled;
  CompileReport& report = compiled.report;
  std::optional<GraphQuantization> quantization;
  if (options.calibration != nullptr) {
    const kernels::Isa isa =
        options.target == "native" || target.cuda() ? kernels::hardware_isa() : target.isa;
    quantization = PAWL_TRY(quantize_graph(prepared, options, isa, &report));
  }
  Lowered lowered =
      PAWL_TRY(lower_with_head(prepared, target, quantization ? &*quantization : nullptr));
  Plan& plan = lowered.plan;
  plan.provenance = options.provenance;
  plan.provenance.emplace_back("precision", quantization    ? "int8"
                                            : target.cuda() ? "fp16"
                                                            : "fp32");
  if (target.cuda() && options.cpu_fallback) {
    plan.fallback = PAWL_TRY(portable_artifact(prepared, quantization ? &*quantization : nullptr));
  }
  if (quantization) add_provenance(report, &plan);

  report.target = std::string(target.name);
  report.family = prepared.guess.family;
  report.assumptions = graph.assumptions;
  report.assumptions.insert(report.assumptions.end(), prepared.guess.assumptions.begin(),
                            prepared.guess.assumptions.end());
  report.warnings = graph.warnings;
  report.nodes = static_cast<int32_t>(graph.nodes.size());
  report.steps = static_cast<int32_t>(plan.steps.size());
  report.multiply_adds = static_cast<int64_t>(plan.header.multiply_adds);
  report.arena_bytes = static_cast<int64_t>(plan.header.arena_bytes);
  report.weight_bytes = static_cast<int64_t>(plan.weights.size());
  report.head_fused = prepared.fused.has_value();
  report.concats_elided = lowered.concats_elided;
  report.copies = lowered.copies;
  compiled.artifact = PAWL_TRY(write_artifact(plan));
  return compiled;
}

}  // namespace pawl::engine
