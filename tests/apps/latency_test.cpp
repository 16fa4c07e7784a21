// Proves that percentiles are by nearest rank for any number of samples: the least measured time
// that as large a share of the samples does not exceed; and that each stage's row and field hold
// its own numbers.
#include "apps/pawl/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace pawl::program {
namespace {

// By definition, in whole hundredths so that nothing is rounded.
double nearest_rank(std::vector<int64_t> samples, int64_t hundredths) {
  std::sort(samples.begin(), samples.end());
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto not_above = static_cast<int64_t>(i + 1);
    if (not_above * 100 >= hundredths * static_cast<int64_t>(samples.size())) {
      return static_cast<double>(samples[i]) / 1e6;
    }
  }
  return 0.0;
}

TEST(Latency, PercentilesAreByNearestRank) {
  std::mt19937 random(2);
  for (size_t count = 1; count <= 130; ++count) {
    std::vector<int64_t> samples;
    for (size_t i = 0; i < count; ++i) samples.push_back(1000 + random() % 100'000'000);
    const Percentiles p = percentiles_ms(samples);
    EXPECT_EQ(p.p50, nearest_rank(samples, 50)) << count;
    EXPECT_EQ(p.p90, nearest_rank(samples, 90)) << count;
    EXPECT_EQ(p.p99, nearest_rank(samples, 99)) << count;
    EXPECT_EQ(p.max, nearest_rank(samples, 100)) << count;
  }
}

TEST(Latency, EachStageHasItsOwnNumbers) {
  StageSeries series;
  for (int64_t i = 1; i <= 100; ++i) {
    series.add({.preprocess = i * 1'000'000, .infer = i * 20'000'000, .postprocess = i * 300'000});
  }
  const Json json = series.json();
  EXPECT_EQ(json["pre"].dump(), R"({"p50":50.0,"p90":90.0,"p99":99.0,"max":100.0})");
  EXPECT_EQ(json["infer"].dump(), R"({"p50":1000.0,"p90":1800.0,"p99":1980.0,"max":2000.0})");
  EXPECT_EQ(json["post"].dump(), R"({"p50":15.0,"p90":27.0,"p99":29.7,"max":30.0})");
  EXPECT_EQ(json["total"].dump(), R"({"p50":1065.0,"p90":1917.0,"p99":2108.7,"max":2130.0})");
  const std::string table = series.table();
  for (const char* const cell : {"pre", "50.00", "99.00", "infer", "1980.00", "post", "29.70",
                                 "total", "2130.00", "1917.00"}) {
    EXPECT_NE(table.find(cell), std::string::npos) << cell << " in\n" << table;
  }
}

}  // namespace
}  // namespace pawl::program
