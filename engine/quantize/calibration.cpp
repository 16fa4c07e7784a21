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
  Lowered lowered = PAWL_TRY(lower(graph, portable_target()));
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
      const float at = (value - low) * per_bin;
      ++counts[static_cast<size_t>(at > 0.0F ? std::min(at, top) : 0.0F)];  // NaN is in the first
    }
  });
  for (size_t i = 0; i < kHistogramBins; ++i) histogram->count[i] += counts[i];
}

// Lowest and highest of each channel; the tensor's first is channel `first`.
void extend_channels(const TensorView& tensor, size_t first, std::vector<Range>* channels) {
  for_each_row(tensor, [first, channels](const float* values, size_t count) {
    for (size_t c = 0; c < count; ++c) {
      Range& range = (*channels)[first + c];
      range.low = std::min(range.low, values[c]);
      range.high = std::max(range.high, values[c]);
    }
  });
}

bool is_convolution(const StepRecord& step) {
  return step.kind == StepKind::kConv || step.kind == StepKind::kWinograd ||
         step.kind == StepKind::kDepthwise;
}

// Adds the means of this frame; the tensor's first channel is channel `first`.
void add_channel_means(const TensorView& tensor, size_t first, std::vector<double>* sums) {
  const auto channels = static_cast<size_t>(tensor.extent[1]);
  const int64_t pixels = int64_t{tensor.extent[2]} * tensor.extent[3];
  std::vector<float> total(channels, 0.0F);  // a frame's pixels: small enough for floats
  for_each_row(tensor, [&total](const float* values, size_t count) {
    for (size_t c = 0; c < count; ++c) total[c] += values[c];
  });
  for (size_t c = 0; c < channels; ++c) {
    (*sums)[first + c] += static_cast<double>(total[c]) / static_cast<double>(pixels);
  }
}

// What the plan's tensors are of the graph's values, by the names they carry.
class Observation {
 public:
  Observation(const Graph& graph, const Artifact& artifact) {
    std::map<std::string_view, ValueId> ids;
    for (size_t i = 0; i < graph.values.size(); ++i) {
      ids[graph.values[i].name] = static_cast<ValueId>(i);
    }
    const auto tensors = artifact.tensors();
    for (const TensorRecord& tensor : tensors) {
      const auto id = ids.find(artifact.text(tensor.name));
      const ValueId value = id == ids.end() ? kNoValue : id->second;
      parts_.push_back(
          {value, value == kNoValue ? 0 : first_channel(graph, value, tensor, tensors)});
    }
  }

  // Of a tensor: its value, kNoValue for what only the plan knows, and the channel of the value
  // that is its first. A grouped convolution reads and writes a range of channels a step.
  struct Part {
    ValueId value;
    size_t first;
  };
  const Part& part(int32_t tensor) const { return parts_[static_cast<size_t>(tensor)]; }

 private:
  static size_t first_channel(const Graph& graph, ValueId value, const TensorRecord& tensor,
                              std::span<const TensorRecord> tensors) {
    const Shape& shape = graph.value(value).shape;
    if (tensor.layout != Layout::kNhwc || shape.size() != 4 || tensor.extent[1] == shape[1]) {
      return 0;
    }
    for (const TensorRecord& whole : tensors) {
      const bool holds = whole.name == tensor.name && whole.layout == Layout::kNhwc &&
                         whole.extent[1] == shape[1] && whole.offset <= tensor.offset;
      const uint64_t first =
          (tensor.offset - whole.offset) / static_cast<uint64_t>(element_bytes(tensor.element));
      if (holds && first + static_cast<uint64_t>(tensor.extent[1]) <=
                       static_cast<uint64_t>(whole.extent[1])) {
        return first;
      }
    }
    return 0;
  }

  std::vector<Part> parts_;  // by tensor
};

// One calibration: the float plan, what was seen so far, and the two passes over the frames. The
// first finds ranges, which the second needs to count histograms.
class Calibrator {
 public:
  Calibrator(const Graph& graph, const Artifact& artifact, Session* session,
             const std::vector<int32_t>& groups)
      : graph_(graph),
        artifact_(artifact),
        session_(session),
        observation_(graph, artifact),
        groups_(groups) {
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
  size_t channels_of(ValueId id) const {
    const Shape& shape = graph_.value(id).shape;
    return shape.size() > 1 ? static_cast<size_t>(shape[1]) : 0;
  }
  const StepRecord& step(int32_t index) const {
    return artifact_.steps()[static_cast<size_t>(index)];
  }
  Histogram* group_of(ValueId id) {
    const int32_t group = id == kNoValue ? -1 : groups_[static_cast<size_t>(id)];
    return group < 0 ? nullptr : &result_.groups[static_cast<size_t>(group)];
  }

  const Graph& graph_;
  const Artifact& artifact_;
  Session* session_;
  const Observation observation_;
  const std::vector<int32_t>& groups_;
  std::map<ValueId, std::vector<Range>> channels_;  // of the values to equalize
  FrameVariety variety_;
  Calibration result_;
};

Status Calibrator::find_ranges(const platform::Frame& frame) {
  PAWL_TRY(session_->preprocess(frame));
  variety_.add(frame);
  std::string not_finite;
  PAWL_TRY(session_->run_observed([&](int32_t index, const TensorView& output) {
    const auto& [id, first] = observation_.part(step(index).output[0]);
    Histogram* const group = group_of(id);
    if (group == nullptr) return;
    const Range seen = range_of(output);
    if (!std::isfinite(seen.low) || !std::isfinite(seen.high)) not_finite = output.name;
    group->low = std::min(group->low, seen.low);
    group->high = std::max(group->high, seen.high);
    const auto at = channels_.find(id);
    if (at == channels_.end() || !output.nhwc) return;
    at->second.resize(channels_of(id));
    extend_channels(output, first, &at->second);
  }));
  if (not_finite.empty()) return {};
  return Error{
      Code::kInvalidArgument,
      "activation \"" + not_finite + "\" is not finite; the model or its pre-processing is broken"};
}

void Calibrator::choose_factors(const ChooseFactors& choose) {
  for (const auto& [id, seen] : channels_) {
    EqualizedValue& equalized = result_.equalized[id];
    if (seen.empty()) {  // no image in the plan: as it is
      equalized.histogram = *group_of(id);
      continue;
    }
    std::vector<float> magnitude;
    for (const Range& c : seen) magnitude.push_back(std::max(-c.low, c.high));
    equalized.factor = choose(id, magnitude);
    for (size_t c = 0; c < seen.size(); ++c) {
      equalized.histogram.low =
          std::min(equalized.histogram.low, seen[c].low * equalized.factor[c]);
      equalized.histogram.high =
          std::max(equalized.histogram.high, seen[c].high * equalized.factor[c]);
    }
  }
}

Status Calibrator::count(const platform::Frame& frame) {
  PAWL_TRY(session_->preprocess(frame));
  return session_->run_observed([&](int32_t index, const TensorView& output) {
    const auto& [made, first] = observation_.part(step(index).output[0]);
    if (Histogram* const group = group_of(made)) count_into(output, {}, group);
    const auto equalized = result_.equalized.find(made);
    if (equalized != result_.equalized.end()) {
      const std::span<const float> factor = equalized->second.factor;
      count_into(output, factor.subspan(std::min(first, factor.size())),
                 &equalized->second.histogram);
    }
    if (!is_convolution(step(index))) return;
    const int32_t input = step(index).input[0];
    const Observation::Part& read = observation_.part(input);
    if (read.value == kNoValue) return;
    std::vector<double>& means = result_.channel_mean[static_cast<size_t>(read.value)];
    means.resize(channels_of(read.value), 0.0);
    const Result<TensorView> view = session_->tensor(input);
    if (view.ok()) add_channel_means(view.value(), read.first, &means);
  });
}

Calibration Calibrator::finish(size_t frames) {
  // A channel that k convolutions read was added k times a frame.
  std::vector<std::vector<double>> reads(result_.channel_mean.size());
  for (const StepRecord& step : artifact_.steps()) {
    if (!is_convolution(step)) continue;
    const auto& [id, first] = observation_.part(step.input[0]);
    if (id == kNoValue) continue;
    std::vector<double>& channels = reads[static_cast<size_t>(id)];
    channels.resize(channels_of(id), 0.0);
    const auto count = artifact_.tensors()[static_cast<size_t>(step.input[0])].extent[1];
    for (size_t c = 0; c < static_cast<size_t>(count); ++c) channels[first + c] += 1.0;
  }
  for (size_t v = 0; v < reads.size(); ++v) {
    std::vector<double>& means = result_.channel_mean[v];
    for (size_t c = 0; c < means.size(); ++c) {
      means[c] /= reads[v][c] * static_cast<double>(frames);
    }
  }
  result_.frames = frames;
  result_.warnings = variety_.warnings();
  return std::move(result_);
}

}  // namespace

Result<Calibration> calibrate(const Graph& graph, const PreprocessSpec& pre,
                              CalibrationFrames& frames, const std::vector<int32_t>& groups,
                              const std::vector<ValueId>& equalized, const ChooseFactors& choose,
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
  for (const ValueId id : equalized) calibrator.even(id);
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
