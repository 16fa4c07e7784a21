// One convolution's float weights as 8-bit ones.
#pragma once

#include <span>

#include "engine/detect/head.h"
#include "engine/graph/graph.h"
#include "engine/plan/quantization.h"

namespace pawl::engine {

struct QuantizedWeights {
  QuantizedConv conv;  // without output_factor
  double sqnr_db = 0.0;
};

// `input_factor`: what the input's channels are stored multiplied by, or empty; the weights are
// divided by it. `input_mean`: the mean of each input channel, for the bias to take back the mean
// error of the rounded weights, or empty.
QuantizedWeights quantize_convolution(const Graph& graph, const Node& node,
                                      std::span<const float> input_factor,
                                      std::span<const double> input_mean);

// The same of a convolution that reads the camera's bytes: means and scales of `pre` go into its
// bias and weights, and where it pads stand the means, rounded.
QuantizedWeights quantize_on_pixels(const Graph& graph, const Node& node, const PreprocessSpec& pre,
                                    std::span<const double> input_mean);

}  // namespace pawl::engine
