// The compiler: graph -> passes -> plan -> artifact bytes. Never linked on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/head/overrides.h"
#include "engine/quantize/quantizer.h"
#include "engine/quantize/search.h"
#include "platform/result.h"

namespace pawl::engine {

struct CompileOptions {
  std::string target = "native";  // or a name of engine/plan/target.cpp
  HeadOverrides head;             // --head, --pre, labels; "none" keeps the graph's own outputs
  // Another size than the graph's; needs a head that becomes the decode step.
  std::optional<InputSize> input;
  // INT8, calibrated on these frames; null: float.
  CalibrationFrames* calibration = nullptr;
  QuantizeOptions quantize;
  // Layers are kept in float where this needs it; null: every layer that can runs on 8 bits.
  const AccuracyBound* bound = nullptr;
  // With a CUDA target: the artifact carries a plan for the CPU too, which runs where the device is
  // missing or fails.
  bool cpu_fallback = true;
  // Added to the provenance section as they are: model.name, model.sha256, ...
  std::vector<std::pair<std::string, std::string>> provenance;
};

// How far the INT8 plan is from the float plan, on a few frames.
struct PlanError {
  struct Output {
    std::string name;
    double sqnr_db = 0.0;
  };
  std::vector<Output> outputs;
  double sqnr_db = 0.0;  // of the mean of the outputs' noise over signal
  size_t frames = 0;
};

// What compile did, for the user to read.
struct CompileReport {
  std::string target;
  std::string family;                    // "yolov8"
  std::vector<std::string> assumptions;  // one line each
  std::vector<std::string> warnings;     // of the importer, likewise
  int32_t nodes = 0;                     // of the imported graph
  int32_t steps = 0;                     // of the plan
  int64_t multiply_adds = 0;             // a frame
  int64_t arena_bytes = 0;
  int64_t weight_bytes = 0;
  QuantizeReport quantization;  // empty for float
  PlanError error;              // of INT8
  std::optional<SearchResult> search;
  bool head_fused = false;     // the head's tail became the decode step
  int32_t concats_elided = 0;  // concat inputs written in place
  int32_t copies = 0;          // layout changes and copies left in the plan
};

struct Compiled {
  std::vector<std::byte> artifact;  // a whole .pawl file
  CompileReport report;
};

// `graph` as imported. Errors name the node that cannot be compiled.
Result<Compiled> compile(const Graph& graph, const CompileOptions& options);

}  // namespace pawl::engine
