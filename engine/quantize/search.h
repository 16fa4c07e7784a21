// The fastest plan that stays accurate enough: which few layers to keep in float.
//
//   1. Measure the plan with every layer on 8 bits. Good enough: done.
//   2. Rank: put each layer alone back into float, with what it reads and writes, and see how much
//      less the outputs err, on a few frames, for how much more time. A plan is built and run for
//      each, so that what a float layer drags along (a concat that turns float, quantize and
//      dequantize steps) counts.
//   3. Keep the best ratio of the two in float, then the next, each judged again beside those
//      already kept: of two layers that spoil one tensor, the second may gain nothing any more.
//   4. Measure the bound itself where 1, 2, 4, ... layers are kept, then bisect.
//   5. Give layers back to 8 bits one by one, dearest first, where the bound holds without them.
//
// The plan returned was measured and meets the bound. That it is the fastest is a claim of the
// estimate in engine/artifact/step_cost.h and of the greedy order, not a proof. Deterministic: the
// times measured on the way are for the reader and decide nothing.
#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/quantize/plan_comparison.h"
#include "engine/quantize/quantizer.h"
#include "kernels/cpu/isa.h"

namespace pawl::engine {

// A plan's accuracy in points, more is better: mAP50-95 times 100.
using AccuracyMeasure = std::function<Result<double>(const Artifact& plan)>;
// Plans tried, and the most there may be.
using SearchProgress = std::function<void(size_t done, size_t at_most)>;
// An artifact that any machine runs; null: the float plan.
using BuildArtifact = std::function<Result<std::vector<std::byte>>(const GraphQuantization*)>;

struct AccuracyBound {
  // Points below the float plan that `measure` may find; or, without one, the signal-to-noise ratio
  // of the outputs on `frames`, in decibels: the mean of the outputs' noise over signal.
  AccuracyMeasure measure = {};
  double max_drop = 0.0;  // infinite: accuracy is measured, nothing is kept for it
  double min_sqnr_db = 0.0;
  CalibrationFrames* frames = nullptr;  // borrowed; layers are ranked on a few of them
  SearchProgress progress = {};
};

// A plan that was tried.
struct SearchPoint {
  int32_t float_layers = 0;             // that could have been on 8 bits
  double sqnr_db = 0.0;                 // of the outputs, on the few frames of the ranking
  std::optional<double> measured = {};  // in the bound's unit, where it was asked
  double estimated_ms = 0.0;
  double median_ms = 0.0;  // as it ran here, all threads
};

// A layer alone back in float.
struct LayerSensitivity {
  std::string node;
  double gain_db = 0.0;       // of the outputs' signal-to-noise ratio
  double estimated_ms = 0.0;  // dearer; less than 0: cheaper
};

struct SearchResult {
  KeptFloat kept;
  double required = 0.0;                 // of the bound's unit, at least
  double all_int8 = 0.0, reached = 0.0;  // likewise
  std::optional<double> float_accuracy;  // with a measure
  double float_estimated_ms = 0.0, int8_estimated_ms = 0.0, estimated_ms = 0.0;
  std::vector<SearchPoint> path;          // all on 8 bits first, then one layer more in float each
  std::vector<LayerSensitivity> ranking;  // in graph order; empty where nothing had to be kept
  size_t plans = 0;                       // built and run

  bool bounded() const { return std::isfinite(required); }
};

// `isa`: of the target, for estimates. Errors: a frame or plan that fails; kExhausted where no plan
// with a layer on 8 bits meets the bound, saying by how much the best one misses it.
Result<SearchResult> search_precision(Quantizer* quantizer, const BuildArtifact& build,
                                      const AccuracyBound& bound, kernels::Isa isa);

}  // namespace pawl::engine
