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

void count_into(const TensorView& tensor, Histogram* histogram) {
  if (!(histogram->high > histogram->low)) return;
  const float low = histogram->low;
  const float per_bin = static_cast<float>(kHistogramBins) / (histogram->high - low);
  std::array<uint32_t, kHistogramBins> counts{};
  for_each_row(tensor, [&](const float* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const float at =
          std::clamp((values[i] - low) * per_bin, 0.0F, static_cast<float>(kHistogramBins - 1));
      ++counts[static_cast<size_t>(at)];
    }
  });
  for (size_t i = 0; i < kHistogramBins; ++i) histogram->count[i] += counts[i];
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

class Observation {
 public:
  Observation(const Graph& graph, const std::vector<int32_t>& groups) : groups_(groups) {
    for (size_t i = 0; i < graph.values.size(); ++i) {
      ids_[graph.values[i].name] = static_cast<ValueId>(i);
    }
  }

  // The value that tensor `index` of the plan holds; kNoValue for what only the plan knows.
  ValueId value(std::string_view name) const {
    const auto at = ids_.find(name);
    return at == ids_.end() ? kNoValue : at->second;
  }
  int32_t group(std::string_view name) const {
    const ValueId id = value(name);
    return id == kNoValue ? -1 : groups_[static_cast<size_t>(id)];
  }

 private:
  const std::vector<int32_t>& groups_;
  std::map<std::string, ValueId, std::less<>> ids_;
};

}  // namespace

void Histogram::add(const Histogram& other) {
  for (size_t i = 0; i < kHistogramBins; ++i) count[i] += other.count[i];
}

Result<Calibration> calibrate(const Graph& graph, const PreprocessSpec& pre,
                              CalibrationFrames& frames, const std::vector<int32_t>& groups,
                              const CalibrationProgress& progress) {
  if (frames.count() == 0) {
    return Error{Code::kInvalidArgument,
                 "no calibration images; INT8 needs some, best 100 or more"};
  }
  const std::vector<std::byte> bytes = PAWL_TRY(float_artifact(graph, pre));
  const Artifact artifact = PAWL_TRY(Artifact::from_bytes(bytes, "calibration"));
  Session session = PAWL_TRY(Session::create(artifact, {}));
  const Observation observation(graph, groups);

  int32_t group_count = 0;
  for (const int32_t group : groups) group_count = std::max(group_count, group + 1);
  Calibration calibration;
  calibration.groups.resize(static_cast<size_t>(group_count));
  calibration.channel_mean.resize(graph.values.size());
  calibration.frames = frames.count();

  std::vector<Range> ranges(static_cast<size_t>(group_count));
  std::string not_finite;
  const auto first_pass = [&](int32_t, const TensorView& output) {
    const int32_t group = observation.group(output.name);
    if (group < 0) return;
    const Range seen = range_of(output);
    if (!std::isfinite(seen.low) || !std::isfinite(seen.high)) not_finite = output.name;
    Range& range = ranges[static_cast<size_t>(group)];
    range.low = std::min(range.low, seen.low);
    range.high = std::max(range.high, seen.high);
  };
  const auto second_pass = [&](int32_t step, const TensorView& output) {
    const int32_t group = observation.group(output.name);
    if (group >= 0) count_into(output, &calibration.groups[static_cast<size_t>(group)]);
    const StepRecord& record = artifact.steps()[static_cast<size_t>(step)];
    if (record.kind != StepKind::kConv && record.kind != StepKind::kDepthwise) return;
    const TensorView input = session.tensor(record.input[0]);
    const ValueId id = observation.value(input.name);
    if (id == kNoValue) return;
    add_channel_sums(input, &calibration.channel_mean[static_cast<size_t>(id)]);
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
    for (size_t g = 0; g < ranges.size(); ++g) {
      calibration.groups[g].low = ranges[g].low;
      calibration.groups[g].high = ranges[g].high;
    }
  }
  // A value that k convolutions read was added k times a frame.
  std::vector<double> reads(graph.values.size(), 0.0);
  for (const StepRecord& step : artifact.steps()) {
    if (step.kind != StepKind::kConv && step.kind != StepKind::kDepthwise) continue;
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
