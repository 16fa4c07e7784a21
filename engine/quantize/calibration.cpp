#include "engine/quantize/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "engine/artifact/writer.h"
#include "engine/plan/lower.h"
#include "engine/runtime/session.h"

namespace pawl::engine {
namespace {

// The float plan of the graph as an artifact: the compiler's own output, run as a device would.
Result<std::vector<std::byte>> float_artifact(const Graph& graph, const PreprocessSpec& pre) {
  Lowered lowered = PAWL_TRY(lower(graph));
  HeadRecord& head = lowered.plan.head;
  head.width = pre.width;
  head.height = pre.height;
  head.channels = pre.channels;
  head.fit = static_cast<uint8_t>(pre.fit);
  head.rgb = pre.rgb ? 1 : 0;
  head.pad_value = pre.pad_value;
  std::copy(std::begin(pre.mean), std::end(pre.mean), head.mean);
  std::copy(std::begin(pre.scale), std::end(pre.scale), head.scale);
  lowered.plan.header.target_name = lowered.plan.add_name("calibration");
  return write_artifact(lowered.plan);
}

struct Range {
  float low = 0.0F, high = 0.0F;
};

// Calls row(pointer, count) on each contiguous run of a tensor's floats.
template <typename Row>
void for_each_row(const TensorView& tensor, const Row& row) {
  if (!tensor.nhwc) {
    size_t count = 1;
    for (const int32_t extent : tensor.extent) count *= static_cast<size_t>(extent);
    row(tensor.data, count);
    return;
  }
  const auto channels = static_cast<size_t>(tensor.extent[1]);
  const int64_t pixels = int64_t{tensor.extent[2]} * tensor.extent[3];
  for (int64_t p = 0; p < pixels; ++p) row(tensor.data + p * tensor.pixel_stride, channels);
}

Range range_of(const TensorView& tensor) {
  Range range;
  for_each_row(tensor, [&range](const float* values, size_t count) {
    float low = range.low;
    float high = range.high;
    for (size_t i = 0; i < count; ++i) {
      low = values[i] < low ? values[i] : low;
      high = values[i] > high ? values[i] : high;
    }
    range = {low, high};
  });
  return range;
}

// `factor`: of each channel, or empty.
void count_into(const TensorView& tensor, const std::vector<float>& factor, Histogram* histogram) {
  if (!(histogram->high > histogram->low)) return;
  const float low = histogram->low;
  const float per_bin = static_cast<float>(kHistogramBins) / (histogram->high - low);
  const float top = static_cast<float>(kHistogramBins - 1);
  std::array<uint32_t, kHistogramBins> counts{};
  for_each_row(tensor, [&](const float* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const float value = factor.empty() ? values[i] : values[i] * factor[i];
      ++counts[static_cast<size_t>(std::clamp((value - low) * per_bin, 0.0F, top))];
    }
  });
  for (size_t i = 0; i < kHistogramBins; ++i) histogram->count[i] += counts[i];
}

// Lowest and highest of each channel.
void extend_channels(const TensorView& tensor, std::vector<Range>* channels) {
  channels->resize(static_cast<size_t>(tensor.extent[1]));
  for_each_row(tensor, [channels](const float* values, size_t count) {
    for (size_t c = 0; c < count; ++c) {
      Range& range = (*channels)[c];
      range.low = std::min(range.low, values[c]);
      range.high = std::max(range.high, values[c]);
    }
  });
}

bool is_convolution(const StepRecord& step) {
  return step.kind == StepKind::kConv || step.kind == StepKind::kWinograd ||
         step.kind == StepKind::kDepthwise;
}

void add_channel_sums(const TensorView& tensor, std::vector<double>* sums) {
  const auto channels = static_cast<size_t>(tensor.extent[1]);
  const int64_t pixels = int64_t{tensor.extent[2]} * tensor.extent[3];
  sums->resize(channels, 0.0);
  std::vector<float> total(channels, 0.0F);  // a frame's pixels: small enough for floats
  for_each_row(tensor, [&total](const float* values, size_t count) {
    for (size_t c = 0; c < count; ++c) total[c] += values[c];
  });
  for (size_t c = 0; c < channels; ++c) {
    (*sums)[c] += static_cast<double>(total[c]) / static_cast<double>(pixels);
  }
}

// Values by the names that plan tensors carry.
class Observation {
 public:
  explicit Observation(const Graph& graph) {
    for (size_t i = 0; i < graph.values.size(); ++i) {
      ids_[graph.values[i].name] = static_cast<ValueId>(i);
    }
  }

  // kNoValue for what only the plan knows.
  ValueId value(std::string_view name) const {
    const auto at = ids_.find(name);
    return at == ids_.end() ? kNoValue : at->second;
  }

 private:
  std::map<std::string, ValueId, std::less<>> ids_;
};

}  // namespace

void Histogram::add(const Histogram& other) {
  for (size_t i = 0; i < kHistogramBins; ++i) count[i] += other.count[i];
}

Result<Calibration> calibrate(const Graph& graph, const PreprocessSpec& pre,
                              CalibrationFrames& frames, const std::vector<int32_t>& groups,
                              const std::vector<ValueId>& equalised, const ChooseFactors& choose,
                              const CalibrationProgress& progress) {
  if (frames.count() == 0) {
    return Error{Code::kInvalidArgument,
                 "no calibration images; INT8 needs some, best 100 or more"};
  }
  const std::vector<std::byte> bytes = PAWL_TRY(float_artifact(graph, pre));
  const Artifact artifact = PAWL_TRY(Artifact::from_bytes(bytes, "calibration"));
  Session session = PAWL_TRY(Session::create(artifact, {}));
  const Observation observation(graph);

  int32_t group_count = 0;
  for (const int32_t group : groups) group_count = std::max(group_count, group + 1);
  Calibration calibration;
  calibration.groups.resize(static_cast<size_t>(group_count));
  calibration.channel_mean.resize(graph.values.size());
  calibration.factor.resize(graph.values.size());
  calibration.frames = frames.count();

  std::vector<Range> ranges(static_cast<size_t>(group_count));
  std::map<ValueId, std::vector<Range>> channels;
  for (const ValueId id : equalised) channels[id] = {};
  std::string not_finite;
  const auto first_pass = [&](int32_t, const TensorView& output) {
    const ValueId id = observation.value(output.name);
    if (id == kNoValue || groups[static_cast<size_t>(id)] < 0) return;
    const Range seen = range_of(output);
    if (!std::isfinite(seen.low) || !std::isfinite(seen.high)) not_finite = output.name;
    Range& range = ranges[static_cast<size_t>(groups[static_cast<size_t>(id)])];
    range.low = std::min(range.low, seen.low);
    range.high = std::max(range.high, seen.high);
    const auto at = channels.find(id);
    if (at != channels.end() && output.nhwc) extend_channels(output, &at->second);
  };
  const auto second_pass = [&](int32_t index, const TensorView& output) {
    const ValueId made = observation.value(output.name);
    if (made != kNoValue && groups[static_cast<size_t>(made)] >= 0) {
      count_into(output, calibration.factor[static_cast<size_t>(made)],
                 &calibration.groups[static_cast<size_t>(groups[static_cast<size_t>(made)])]);
    }
    const StepRecord& step = artifact.steps()[static_cast<size_t>(index)];
    if (!is_convolution(step)) return;
    const TensorView input = session.tensor(step.input[0]);
    const ValueId read = observation.value(input.name);
    if (read == kNoValue) return;
    add_channel_sums(input, &calibration.channel_mean[static_cast<size_t>(read)]);
  };

  const size_t total = 2 * frames.count();
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t i = 0; i < frames.count(); ++i) {
      const platform::Frame frame = PAWL_TRY(frames.frame(i));
      PAWL_TRY(session.preprocess(frame));
      if (pass == 0) {
        session.run_observed(first_pass);
      } else {
        session.run_observed(second_pass);
      }
      if (!not_finite.empty()) {
        return Error{Code::kInvalidArgument,
                     "activation \"" + not_finite + "\" is not finite on calibration image " +
                         std::to_string(i) + "; the model or its pre-processing is broken"};
      }
      if (progress) progress(static_cast<size_t>(pass) * frames.count() + i + 1, total);
    }
    if (pass == 1) break;
    for (const auto& [id, seen] : channels) {
      if (seen.empty()) continue;
      std::vector<float> magnitude;
      for (const Range& c : seen) magnitude.push_back(std::max(-c.low, c.high));
      const std::vector<float> factor = choose(id, magnitude);
      Range& range = ranges[static_cast<size_t>(groups[static_cast<size_t>(id)])];
      range = {};
      for (size_t c = 0; c < seen.size(); ++c) {
        range.low = std::min(range.low, seen[c].low * factor[c]);
        range.high = std::max(range.high, seen[c].high * factor[c]);
      }
      calibration.factor[static_cast<size_t>(id)] = factor;
    }
    for (size_t g = 0; g < ranges.size(); ++g) {
      calibration.groups[g].low = ranges[g].low;
      calibration.groups[g].high = ranges[g].high;
    }
  }
  // A value that k convolutions read was added k times a frame.
  std::vector<double> reads(graph.values.size(), 0.0);
  for (const StepRecord& step : artifact.steps()) {
    if (!is_convolution(step)) continue;
    const ValueId id = observation.value(session.tensor(step.input[0]).name);
    if (id != kNoValue) reads[static_cast<size_t>(id)] += 1.0;
  }
  for (size_t v = 0; v < reads.size(); ++v) {
    const double weight = reads[v] * static_cast<double>(frames.count());
    for (double& mean : calibration.channel_mean[v]) mean /= weight;
  }
  return calibration;
}

}  // namespace pawl::engine
