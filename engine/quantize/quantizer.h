// Post-training quantization: an optimised float graph and calibration frames to 8-bit weights,
// scales and zero points.
//
//   activations  asymmetric u8, one scale a tensor; values that concat, split, pooling, nearest
//                resize and shuffles join share one; clip bounds minimise the mean square error
//                over the calibration histogram
//   weights      symmetric s8, one scale an output channel; clip likewise
//   bias         corrected by the mean error that the rounded weights cause
//   operators    sums, products, average pooling and functions of one number have an output scale
//                of their own
//   kept float   the head's last convolutions (the graph's outputs), activations without an 8-bit
//                epilogue, other operators, and what the options name
// The network input is exact: its u8 values are the camera's bytes, of which the first convolution
// takes means and scales into its bias and weights.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/quantization.h"
#include "engine/quantize/calibration.h"

namespace pawl::engine {

enum class ScaleSource : uint8_t {
  kCalibration,
  kModel,  // those of a quantized model file where it has them and joined values agree
};

struct QuantizeOptions {
  ScaleSource scales = ScaleSource::kCalibration;
  std::vector<std::string> float_nodes;  // names of convolutions to keep in float
  bool bias_correction = true;
  CalibrationProgress progress;
};

// What happened to each convolution, for the user to read.
struct QuantizedLayer {
  std::string node;
  bool int8 = false;
  std::string reason;                       // why it stayed float; empty for INT8
  float low = 0.0F, high = 0.0F;            // seen at its output
  float clip_low = 0.0F, clip_high = 0.0F;  // kept of it
  double weight_sqnr_db = 0.0;
  int64_t multiply_adds = 0;
};

struct QuantizeReport {
  std::vector<QuantizedLayer> layers;  // in graph order
  std::vector<std::string> warnings;
  size_t frames = 0;
  // Of ScaleSource::kModel: groups of 8-bit values that share a scale.
  size_t groups_declared = 0, groups_differing = 0, groups_calibrated = 0;
};

Result<GraphQuantization> quantize(const Graph& graph, const PreprocessSpec& pre,
                                   CalibrationFrames& frames, const QuantizeOptions& options,
                                   QuantizeReport* report);

}  // namespace pawl::engine
