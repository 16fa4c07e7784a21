// Proves that calibration sees what the network computes: ranges, histograms and channel means of
// values that one convolution reads and several, dense, grouped, depthwise and by Winograd, against
// the reference executor on the same frames; values merged in a group and values equalized.
#include "engine/quantize/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "engine/passes/passes.h"
#include "engine/reference/reference.h"
#include "tests/engine/graph_builder.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::kSide;
using test::RandomFrames;
using test::square;

constexpr size_t kFrames = 5;

// What the network reads of a frame: RGB, NCHW, over 255.
Tensor input_of(const platform::Frame& frame) {
  Tensor tensor(DType::kFloat32, {1, 3, kSide, kSide});
  const std::span<float> values = tensor.as<float>();
  for (size_t p = 0; p < size_t{kSide} * kSide; ++p) {
    for (size_t c = 0; c < 3; ++c) {
      values[c * kSide * kSide + p] = static_cast<float>(frame.data[p * 3 + 2 - c]) / 255.0F;
    }
  }
  return tensor;
}

struct Network {
  Graph graph;
  ValueId once, twice, thrice, joined, last;  // by how many convolutions read them
  ValueId grouped;                            // written by groups
};

Network network() {
  GraphBuilder b(31);
  Network n;
  const ValueId x = b.input({1, 3, kSide, kSide});
  n.once = b.unary(Op::kRelu, b.conv(x, 16, square(3)));
  n.twice = b.silu(b.conv(n.once, 16, square(3)));  // by Winograd
  n.thrice = b.silu(b.conv(n.twice, 12, square(3, 2)));
  const ValueId side = b.silu(b.conv(n.twice, 12, square(1, 2)));
  n.joined = b.concat({n.thrice, side}, 1);
  const ValueId deep = b.conv(n.thrice, 12, square(3, 1, 12));
  n.grouped = b.silu(b.conv(n.thrice, 8, square(1, 1, 4)));
  n.last = b.conv(n.joined, 7, square(1));
  n.graph = b.finish(
      {n.last, deep, b.conv(n.grouped, 6, square(3, 1, 2)), b.conv(n.thrice, 3, square(1))});
  // The passes number values anew and keep their names.
  std::vector<std::pair<ValueId*, std::string>> names;
  for (ValueId* const id : {&n.once, &n.twice, &n.thrice, &n.joined, &n.last, &n.grouped}) {
    names.emplace_back(id, b.name(*id));
  }
  optimise(&n.graph);
  for (const auto& [id, name] : names) {
    *id = kNoValue;
    for (size_t v = 0; v < n.graph.values.size(); ++v) {
      if (n.graph.values[v].name == name) *id = static_cast<ValueId>(v);
    }
    EXPECT_NE(*id, kNoValue) << name;
  }
  return n;
}

// Every value of every frame, channel by channel.
std::map<ValueId, std::vector<std::vector<float>>> values_of(const Graph& graph) {
  std::map<ValueId, std::vector<std::vector<float>>> values;
  RandomFrames frames(kFrames, 4);
  for (size_t i = 0; i < kFrames; ++i) {
    const Tensor input = input_of(frames.frame(i).value());
    const auto keep = [&](ValueId id, const Tensor& tensor) {
      const auto channels = static_cast<size_t>(tensor.shape()[1]);
      const std::span<const float> all = tensor.as<float>();
      const size_t pixels = all.size() / channels;
      values[id].resize(channels);
      for (size_t c = 0; c < channels; ++c) {
        const auto from = all.begin() + static_cast<ptrdiff_t>(c * pixels);
        values[id][c].insert(values[id][c].end(), from, from + static_cast<ptrdiff_t>(pixels));
      }
    };
    keep(graph.inputs[0], input);
    EXPECT_TRUE(run_reference(graph, std::span(&input, 1), keep).ok());
  }
  return values;
}

// The histogram holds `values`, each once: their number, bounds, and moments to half a bin.
void expect_counts(const Histogram& histogram, const std::vector<float>& values) {
  float low = 0.0F;
  float high = 0.0F;
  double sum = 0.0;
  double squares = 0.0;
  for (const float v : values) {
    low = std::min(low, v);
    high = std::max(high, v);
    sum += v;
    squares += double{v} * v;
  }
  const double range = double{high} - low;
  EXPECT_NEAR(histogram.low, low, 1e-5 * range);
  EXPECT_NEAR(histogram.high, high, 1e-5 * range);
  const double width = (double{histogram.high} - histogram.low) / kHistogramBins;
  double counted = 0.0;
  double counted_sum = 0.0;
  double counted_squares = 0.0;
  for (size_t i = 0; i < kHistogramBins; ++i) {
    const double at = histogram.low + (static_cast<double>(i) + 0.5) * width;
    counted += histogram.count[i];
    counted_sum += histogram.count[i] * at;
    counted_squares += histogram.count[i] * at * at;
  }
  const auto count = static_cast<double>(values.size());
  EXPECT_EQ(counted, count);
  EXPECT_NEAR(counted_sum / count, sum / count, 0.5 * width);
  EXPECT_NEAR(counted_squares / count, squares / count, range * width);
  EXPECT_GT(histogram.count.front() + histogram.count[1], 0.0);
  EXPECT_GT(histogram.count.back() + histogram.count[kHistogramBins - 2], 0.0);
}

std::vector<float> all_of(const std::vector<std::vector<float>>& channels) {
  std::vector<float> all;
  for (const auto& channel : channels) all.insert(all.end(), channel.begin(), channel.end());
  return all;
}

TEST(Calibration, SeesWhatTheNetworkComputes) {
  const Network n = network();
  const Graph& graph = n.graph;
  auto values = values_of(graph);
  std::vector<int32_t> groups(graph.values.size(), -1);
  groups[static_cast<size_t>(n.once)] = 0;
  groups[static_cast<size_t>(n.twice)] = 1;
  groups[static_cast<size_t>(n.last)] = 1;  // merged
  groups[static_cast<size_t>(n.thrice)] = 2;
  groups[static_cast<size_t>(n.grouped)] = 3;
  std::map<ValueId, std::vector<float>> magnitudes;
  std::vector<std::pair<size_t, size_t>> steps;
  const auto factor_of = [](size_t c) { return 0.5F + static_cast<float>(c % 5); };
  RandomFrames frames(kFrames, 4);
  const auto calibrated = calibrate(
      graph, PreprocessSpec{.width = kSide, .height = kSide}, frames, groups,
      {n.once, n.thrice, n.grouped},
      [&](ValueId id, const std::vector<float>& magnitude) {
        magnitudes[id] = magnitude;
        std::vector<float> factor;
        for (size_t c = 0; c < magnitude.size(); ++c) factor.push_back(factor_of(c));
        return factor;
      },
      [&](size_t done, size_t total) { steps.emplace_back(done, total); });
  ASSERT_TRUE(calibrated.ok()) << calibrated.error().message;
  const Calibration& seen = calibrated.value();
  EXPECT_EQ(seen.frames, kFrames);

  ASSERT_EQ(seen.groups.size(), 4U);
  expect_counts(seen.groups[0], all_of(values[n.once]));
  std::vector<float> merged = all_of(values[n.twice]);
  const std::vector<float> last = all_of(values[n.last]);
  merged.insert(merged.end(), last.begin(), last.end());
  expect_counts(seen.groups[1], merged);
  expect_counts(seen.groups[2], all_of(values[n.thrice]));
  expect_counts(seen.groups[3], all_of(values[n.grouped]));

  ASSERT_EQ(seen.equalized.size(), 3U);
  for (const ValueId id : {n.once, n.thrice, n.grouped}) {
    const auto& channels = values[id];
    std::vector<float> equalized;
    ASSERT_EQ(magnitudes[id].size(), channels.size());
    for (size_t c = 0; c < channels.size(); ++c) {
      float magnitude = 0.0F;
      for (const float v : channels[c]) {
        magnitude = std::max(magnitude, std::abs(v));
        equalized.push_back(v * factor_of(c));
      }
      EXPECT_NEAR(magnitudes[id][c], magnitude, 1e-5F * (1.0F + magnitude)) << "channel " << c;
      EXPECT_EQ(seen.equalized.at(id).factor[c], factor_of(c));
    }
    expect_counts(seen.equalized.at(id).histogram, equalized);
  }

  for (const ValueId id : {graph.inputs[0], n.once, n.twice, n.thrice, n.joined, n.grouped}) {
    const auto& means = seen.channel_mean[static_cast<size_t>(id)];
    ASSERT_EQ(means.size(), values[id].size()) << graph.value(id).name;
    for (size_t c = 0; c < means.size(); ++c) {
      const double sum = std::accumulate(values[id][c].begin(), values[id][c].end(), 0.0);
      EXPECT_NEAR(means[c], sum / static_cast<double>(values[id][c].size()), 1e-4)
          << graph.value(id).name << " channel " << c;
    }
  }
  EXPECT_TRUE(seen.channel_mean[static_cast<size_t>(n.last)].empty());  // nobody reads it

  ASSERT_EQ(steps.size(), 2 * kFrames);
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i], std::pair(i + 1, 2 * kFrames));
  }
}

}  // namespace
}  // namespace pawl::engine
