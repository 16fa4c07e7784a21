// What activations look like on real frames: ranges, histograms and channel means of every value,
// observed while the float plan runs behind the same pre-processing as inference.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/detect/head.h"
#include "engine/graph/graph.h"
#include "platform/frame.h"

namespace pawl::engine {

// Frames to calibrate on. Read twice, in order.
class CalibrationFrames {
 public:
  virtual ~CalibrationFrames() = default;
  virtual size_t count() const = 0;
  virtual Result<platform::Frame> frame(size_t index) = 0;  // valid until the next call
};

// Called after each frame of each pass: frames done of frames in all passes.
using CalibrationProgress = std::function<void(size_t done, size_t total)>;

inline constexpr size_t kHistogramBins = 2048;

// Of one value, or of several merged. Bin i covers low + [i, i+1) * (high - low) / bins.
struct Histogram {
  float low = 0.0F, high = 0.0F;  // 0 lies inside
  std::array<double, kHistogramBins> count{};
};

// A value whose channels are multiplied one by one before they are counted.
struct EqualizedValue {
  std::vector<float> factor;  // by channel
  Histogram histogram;
};

struct Calibration {
  // By group number (`groups` of calibrate()).
  std::vector<Histogram> groups;
  // By ValueId: the values asked for, equalized; each is in its group as it is, too.
  std::map<ValueId, EqualizedValue> equalized;
  // By ValueId: the mean of each channel of what convolutions read; empty where none does.
  std::vector<std::vector<double>> channel_mean;
  size_t frames = 0;
  std::vector<std::string> warnings;  // about the frames
};

// Factors that equalize a value's channels, from the largest magnitude of each; called once between
// the passes for the values asked for.
using ChooseFactors =
    std::function<std::vector<float>(ValueId id, const std::vector<float>& magnitude)>;

// Runs `graph` (optimised) in float over the frames. `groups`: for each value, the number of the
// group whose histogram it adds to, or -1. `equalized`: values that are counted a second time, their
// channels multiplied by what `choose` says. Errors: no frames, a frame that cannot be read, an
// activation that is not finite (named).
Result<Calibration> calibrate(const Graph& graph, const PreprocessSpec& pre,
                              CalibrationFrames& frames, const std::vector<int32_t>& groups,
                              const std::vector<ValueId>& equalized, const ChooseFactors& choose,
                              const CalibrationProgress& progress);

}  // namespace pawl::engine
