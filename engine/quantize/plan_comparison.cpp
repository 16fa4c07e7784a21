#include "engine/quantize/plan_comparison.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "engine/runtime/session.h"

namespace pawl::engine {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<float> elements_of(const TensorView& tensor) {
  size_t count = 1;
  for (const int32_t extent : tensor.extent) count *= static_cast<size_t>(extent);
  std::vector<float> values(count);
  copy_elements(tensor, values);
  return values;
}

}  // namespace

void SignalNoise::add(std::span<const float> value, std::span<const float> reference) {
  for (size_t i = 0; i < reference.size(); ++i) {
    const double wanted = reference[i];
    const double difference = double{value[i]} - wanted;
    if (!std::isfinite(wanted)) continue;  // a mask's minus infinity carries no signal
    signal += wanted * wanted;
    noise += difference * difference;
  }
}

double SignalNoise::ratio() const {
  if (noise == 0.0) return 0.0;
  return std::isfinite(noise) ? noise / std::max(signal, std::numeric_limits<double>::min())
                              : std::numeric_limits<double>::max();
}

double decibels(double noise_ratio) {
  return noise_ratio > 0.0 ? -10.0 * std::log10(noise_ratio)
                           : std::numeric_limits<double>::infinity();
}

std::vector<size_t> spread_frames(size_t frames, size_t count) {
  std::vector<size_t> chosen;
  const size_t used = std::min(frames, count);
  for (size_t i = 0; i < used; ++i) chosen.push_back(i * frames / used);
  return chosen;
}

double ReferenceOutputs::Difference::noise() const {
  double sum = 0.0;
  for (const SignalNoise& output : outputs) sum += output.ratio();
  return outputs.empty() ? 0.0 : sum / static_cast<double>(outputs.size());
}

Result<ReferenceOutputs> ReferenceOutputs::record(const Artifact& plan, CalibrationFrames& frames,
                                                  std::vector<size_t> chosen) {
  ReferenceOutputs reference;
  reference.frames_ = &frames;
  reference.chosen_ = std::move(chosen);
  Session session = PAWL_TRY(Session::create(plan, {}));
  for (const size_t index : reference.chosen_) {
    const platform::Frame frame = PAWL_TRY(frames.frame(index));
    PAWL_TRY(session.preprocess(frame));
    PAWL_TRY(session.run());
    reference.values_.emplace_back();
    for (const TensorView& output : PAWL_TRY(session.outputs())) {
      reference.values_.back().push_back(elements_of(output));
    }
  }
  return reference;
}

Result<ReferenceOutputs::Difference> ReferenceOutputs::compare(const Artifact& plan) const {
  Session session = PAWL_TRY(Session::create(plan, {}));
  Difference difference;
  difference.outputs.resize(plan.output_tensors().size());
  std::vector<double> ms;
  for (size_t f = 0; f < chosen_.size(); ++f) {
    const platform::Frame frame = PAWL_TRY(frames_->frame(chosen_[f]));
    PAWL_TRY(session.preprocess(frame));
    const Clock::time_point start = Clock::now();
    PAWL_TRY(session.run());
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    const std::span<const TensorView> outputs = PAWL_TRY(session.outputs());
    for (size_t o = 0; o < outputs.size(); ++o) {
      difference.outputs[o].add(elements_of(outputs[o]), values_[f][o]);
    }
  }
  std::sort(ms.begin(), ms.end());
  if (!ms.empty()) difference.median_ms = ms[ms.size() / 2];
  return difference;
}

Result<std::map<std::string, SignalNoise>> compare_tensors(const Artifact& reference,
                                                           const Artifact& plan,
                                                           CalibrationFrames& frames,
                                                           const std::vector<size_t>& chosen) {
  Session wanted = PAWL_TRY(Session::create(reference, {}));
  Session found = PAWL_TRY(Session::create(plan, {}));
  std::map<std::string, SignalNoise> tensors;
  for (const size_t index : chosen) {
    const platform::Frame frame = PAWL_TRY(frames.frame(index));
    PAWL_TRY(wanted.preprocess(frame));
    PAWL_TRY(found.preprocess(frame));
    // A value that several steps write, a group of channels each, is seen after every one.
    std::map<std::string, std::vector<float>> values;
    PAWL_TRY(wanted.run_observed([&values](int32_t, const TensorView& output) {
      values[std::string(output.name)] = elements_of(output);
    }));
    std::map<std::string, std::vector<float>> other;
    PAWL_TRY(found.run_observed([&](int32_t, const TensorView& output) {
      const std::string name(output.name);
      if (values.count(name) != 0) other[name] = elements_of(output);
    }));
    for (const auto& [name, value] : other) {
      const std::vector<float>& expected = values.at(name);
      if (value.size() == expected.size()) tensors[name].add(value, expected);
    }
  }
  return tensors;
}

}  // namespace pawl::engine
