#include "engine/quantize/calibration.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "engine/artifact/head_record.h"
#include "engine/artifact/writer.h"
#include "engine/plan/lower.h"
#include "engine/quantize/frame_variety.h"
#include "engine/runtime/session.h"

namespace pawl::engine {
namespace {

// The float plan of the graph as an artifact: the compiler's own output, run as a device would.
Result<std::vector<std::byte>> float_artifact(const Graph& graph, const PreprocessSpec& pre) {
  Lowered lowered = PAWL_TRY(lower(graph));
  set_preprocess(pre, &lowered.plan.head);
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
void count_into(const TensorView& tensor, std::span<const float> factor, Histogram* histogram) {
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

// One calibration: the float plan, what was seen so far, and the two passes over the frames. The
// first finds ranges, which the second needs to count histograms.
class Calibrator {
 public:
  Calibrator(const Graph& graph, const Artifact& artifact, Session* session,
             const std::vector<int32_t>& groups)
      : artifact_(artifact), session_(session), observation_(graph), groups_(groups) {
    int32_t count = 0;
    for (const int32_t group : groups) count = std::max(count, group + 1);
    result_.groups.resize(static_cast<size_t>(count));
    result_.channel_mean.resize(graph.values.size());
  }

  void even(ValueId id) { channels_[id] = {}; }
  const FrameVariety& variety() const { return variety_; }
  Status find_ranges(const platform::Frame& frame);
  void choose_factors(const ChooseFactors& choose);
  Status count(const platform::Frame& frame);
  Calibration finish(size_t frames);

 private:
  Histogram* group_of(ValueId id) {
    const int32_t group = id == kNoValue ? -1 : groups_[static_cast<size_t>(id)];
    return group < 0 ? nullptr : &result_.groups[static_cast<size_t>(group)];
  }

  const Artifact& artifact_;
  Session* session_;
  const Observation observation_;
  const std::vector<int32_t>& groups_;
  std::map<ValueId, std::vector<Range>> channels_;  // of the values to even out
  FrameVariety variety_;
  Calibration result_;
};

Status Calibrator::find_ranges(const platform::Frame& frame) {
  PAWL_TRY(session_->preprocess(frame));
  variety_.add(frame);
  std::string not_finite;
  session_->run_observed([&](int32_t, const TensorView& output) {
    const ValueId id = observation_.value(output.name);
    Histogram* const group = group_of(id);
    if (group == nullptr) return;
    const Range seen = range_of(output);
    if (!std::isfinite(seen.low) || !std::isfinite(seen.high)) not_finite = output.name;
    group->low = std::min(group->low, seen.low);
    group->high = std::max(group->high, seen.high);
    const auto at = channels_.find(id);
    if (at != channels_.end() && output.nhwc) extend_channels(output, &at->second);
  });
  if (not_finite.empty()) return {};
  return Error{
      Code::kInvalidArgument,
      "activation \"" + not_finite + "\" is not finite; the model or its pre-processing is broken"};
}

void Calibrator::choose_factors(const ChooseFactors& choose) {
  for (const auto& [id, seen] : channels_) {
    EvenedValue& evened = result_.evened[id];
    if (seen.empty()) {  // no image in the plan: as it is
      evened.histogram = *group_of(id);
      continue;
    }
    std::vector<float> magnitude;
    for (const Range& c : seen) magnitude.push_back(std::max(-c.low, c.high));
    evened.factor = choose(id, magnitude);
    for (size_t c = 0; c < seen.size(); ++c) {
      evened.histogram.low = std::min(evened.histogram.low, seen[c].low * evened.factor[c]);
      evened.histogram.high = std::max(evened.histogram.high, seen[c].high * evened.factor[c]);
    }
  }
}

Status Calibrator::count(const platform::Frame& frame) {
  PAWL_TRY(session_->preprocess(frame));
  session_->run_observed([&](int32_t index, const TensorView& output) {
    const ValueId made = observation_.value(output.name);
    if (Histogram* const group = group_of(made)) count_into(output, {}, group);
    const auto evened = result_.evened.find(made);
    if (evened != result_.evened.end()) {
      count_into(output, evened->second.factor, &evened->second.histogram);
    }
    const StepRecord& step = artifact_.steps()[static_cast<size_t>(index)];
    if (!is_convolution(step)) return;
    const TensorView input = session_->tensor(step.input[0]);
    const ValueId read = observation_.value(input.name);
    if (read == kNoValue) return;
    add_channel_sums(input, &result_.channel_mean[static_cast<size_t>(read)]);
  });
  return {};
}

Calibration Calibrator::finish(size_t frames) {
  // A value that k convolutions read was added k times a frame.
  std::vector<double> reads(result_.channel_mean.size(), 0.0);
  for (const StepRecord& step : artifact_.steps()) {
    if (!is_convolution(step)) continue;
    const ValueId id = observation_.value(session_->tensor(step.input[0]).name);
    if (id != kNoValue) reads[static_cast<size_t>(id)] += 1.0;
  }
  for (size_t v = 0; v < reads.size(); ++v) {
    const double weight = reads[v] * static_cast<double>(frames);
    for (double& mean : result_.channel_mean[v]) mean /= weight;
  }
  result_.frames = frames;
  result_.warnings = variety_.warnings();
  return std::move(result_);
}

}  // namespace

Result<Calibration> calibrate(const Graph& graph, const PreprocessSpec& pre,
                              CalibrationFrames& frames, const std::vector<int32_t>& groups,
                              const std::vector<ValueId>& evened, const ChooseFactors& choose,
                              const CalibrationProgress& progress) {
  const size_t count = frames.count();
  if (count == 0) {
    return Error{Code::kInvalidArgument,
                 "no calibration images; INT8 needs some, best 100 or more"};
  }
  const std::vector<std::byte> bytes = PAWL_TRY(float_artifact(graph, pre));
  const Artifact artifact = PAWL_TRY(Artifact::from_bytes(bytes, "calibration"));
  Session session = PAWL_TRY(Session::create(artifact, {}));
  Calibrator calibrator(graph, artifact, &session, groups);
  for (const ValueId id : evened) calibrator.even(id);
  for (size_t i = 0; i < count; ++i) {
    const platform::Frame frame = PAWL_TRY(frames.frame(i));
    PAWL_TRY(calibrator.find_ranges(frame).context("calibration image " + std::to_string(i)));
    if (progress) progress(i + 1, 2 * count);
  }
  PAWL_TRY(calibrator.variety().check());
  calibrator.choose_factors(choose);
  for (size_t i = 0; i < count; ++i) {
    const platform::Frame frame = PAWL_TRY(frames.frame(i));
    PAWL_TRY(calibrator.count(frame));
    if (progress) progress(count + i + 1, 2 * count);
  }
  return calibrator.finish(count);
}

}  // namespace pawl::engine
