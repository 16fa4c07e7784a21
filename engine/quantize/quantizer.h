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
//
// Frames are seen once, by calibrate(); decide() turns what was seen into a quantization for any
// choice of layers, without running the network again. That is what engine/quantize/search.h
// searches over.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/quantization.h"
#include "engine/quantize/calibration.h"
#include "engine/quantize/convolution_weights.h"
#include "engine/quantize/declared_scales.h"
#include "engine/quantize/precision.h"

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
  std::string output;  // the value it makes
  bool int8 = false;
  std::string reason;  // why it stayed float; empty for INT8
  // Its output on the calibration frames, and what of it the 256 levels keep; equal where the
  // output is not stored on 8 bits. `equalized`: in units of the equalized-out channels.
  Histogram seen;
  bool u8 = false;
  bool equalized = false;
  float clip_low = 0.0F, clip_high = 0.0F;
  double weight_sqnr_db = 0.0;           // of INT8 layers
  std::optional<double> output_sqnr_db;  // against the float plan, where it was compared
  int64_t multiply_adds = 0;

  bool silent() const { return seen.low == 0.0F && seen.high == 0.0F; }  // nothing but zeros
};

struct QuantizeReport {
  std::vector<QuantizedLayer> layers;  // in graph order
  std::vector<std::string> warnings;
  size_t frames = 0;
  // Of ScaleSource::kModel: groups of 8-bit values that share a scale.
  size_t groups_declared = 0, groups_differing = 0, groups_calibrated = 0;
};

class Quantizer {
 public:
  // Runs the graph, which is borrowed, over the frames. Errors: as calibrate() in calibration.h,
  // and weights that are not finite.
  static Result<Quantizer> calibrate(const Graph& graph, const PreprocessSpec& pre,
                                     CalibrationFrames& frames, const QuantizeOptions& options);

  // Convolutions that can run on 8 bits, in graph order.
  std::vector<int32_t> candidates() const;
  const Node& node(int32_t index) const { return graph_.nodes[static_cast<size_t>(index)]; }

  // All of them on 8 bits but those in `kept`.
  GraphQuantization decide(const KeptFloat& kept);
  QuantizeReport report(const KeptFloat& kept);

 private:
  Quantizer(const Graph& graph, const PreprocessSpec& pre, const QuantizeOptions& options);

  Status check_weights() const;
  std::vector<float> equalize(ValueId id, const std::vector<float>& magnitude) const;
  void choose_scales();
  bool is_declared(size_t group) const {
    return group < declared_.groups.size() && declared_.groups[group].has_value();
  }
  void count_groups(const GraphQuantization& quantization, QuantizeReport* report) const;
  kernels::Quantization scale_of(ValueId id, const Precision& precision) const;
  const QuantizedWeights& weights_of(int32_t index, const Precision& precision);
  QuantizedLayer describe(int32_t index, const KeptFloat& kept, const Precision& precision);

  const Graph& graph_;
  const PreprocessSpec pre_;
  bool bias_correction_;
  ScaleSource source_;
  PrecisionRules rules_;
  DeclaredScales declared_;  // empty unless the options ask for them
  Calibration calibration_;
  std::vector<kernels::Quantization> group_scale_;
  std::map<ValueId, kernels::Quantization> equalized_scale_;
  // What rounding a layer's weights depends on.
  enum class Input : uint8_t { kPlain, kEqualized, kPixels };
  std::map<std::pair<int32_t, Input>, QuantizedWeights> weights_;
};

// Calibrates, and puts all on 8 bits that can be.
Result<GraphQuantization> quantize(const Graph& graph, const PreprocessSpec& pre,
                                   CalibrationFrames& frames, const QuantizeOptions& options,
                                   QuantizeReport* report);

}  // namespace pawl::engine
