// How far an INT8 plan's numbers are from the float plan's, on the same frames.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/quantize/calibration.h"

namespace pawl::engine {

struct SignalNoise {
  double signal = 0.0;  // sum of the float plan's squares
  double noise = 0.0;   // sum of squared differences

  void add(std::span<const float> value, std::span<const float> reference);
  // Noise over signal; 0 where they are equal.
  double ratio() const;
};

// 10 log10 of signal over noise, from noise over signal; infinite at 0.
double decibels(double noise_ratio);

// `count` numbers below `frames`, evenly spread.
std::vector<size_t> spread_frames(size_t frames, size_t count);

// The float plan's outputs on a few frames, to compare other plans of the same graph with.
class ReferenceOutputs {
 public:
  // `plan` is run and forgotten; `frames` is borrowed.
  static Result<ReferenceOutputs> record(const Artifact& plan, CalibrationFrames& frames,
                                         std::vector<size_t> chosen);

  struct Difference {
    std::vector<SignalNoise> outputs;  // as the plan numbers them
    double median_ms = 0.0;            // of running the network

    double noise() const;  // noise over signal, mean of the outputs: none drowns another
  };
  Result<Difference> compare(const Artifact& plan) const;

  size_t frames() const { return chosen_.size(); }

 private:
  CalibrationFrames* frames_ = nullptr;
  std::vector<size_t> chosen_;
  std::vector<std::vector<std::vector<float>>> values_;  // by frame and output
};

// Every tensor that both plans compute, by the name of the value in the model.
Result<std::map<std::string, SignalNoise>> compare_tensors(const Artifact& reference,
                                                           const Artifact& plan,
                                                           CalibrationFrames& frames,
                                                           const std::vector<size_t>& chosen);

}  // namespace pawl::engine
