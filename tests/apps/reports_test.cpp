// Proves the small parts that reports are made of: nearest-rank percentiles, aligned tables, tensor
// errors and .npy files.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "apps/pawl/latency.h"
#include "apps/pawl/npy.h"
#include "apps/pawl/tensor_error.h"
#include "apps/pawl/text.h"

namespace pawl::program {
namespace {

TEST(Percentiles, AreMeasuredSamples) {
  std::vector<int64_t> samples;
  for (int64_t i = 1; i <= 200; ++i) samples.push_back(i * 1'000'000);
  std::shuffle(samples.begin(), samples.end(), std::mt19937(3));
  const Percentiles p = percentiles_ms(samples);
  EXPECT_EQ(p.p50, 100.0);
  EXPECT_EQ(p.p90, 180.0);
  EXPECT_EQ(p.p99, 198.0);
  EXPECT_EQ(p.max, 200.0);
  EXPECT_EQ(percentiles_ms({7'000'000}).p50, 7.0);
  EXPECT_EQ(percentiles_ms({7'000'000}).p99, 7.0);
  EXPECT_EQ(percentiles_ms({}).max, 0.0);
}

TEST(Text, CountsInTheSingularAndThePlural) {
  EXPECT_EQ(counted(0, "frame"), "0 frames");
  EXPECT_EQ(counted(1, "frame"), "1 frame");
  EXPECT_EQ(counted(2, "frame"), "2 frames");
  EXPECT_EQ(counted(21, "image"), "21 images");
}

TEST(TextTable, AlignsNumbersRightAndTextLeft) {
  TextTable table({"name", "n"});
  table.add({"a", "5"});
  table.add({"caf\xc3\xa9", "1234"});
  table.add({std::string("b\x1b[2J"), ""});
  std::istringstream lines(table.str());
  std::string header, first, second, third;
  std::getline(lines, header);
  std::getline(lines, first);
  std::getline(lines, second);
  std::getline(lines, third);
  EXPECT_EQ(header.size(), first.size());
  EXPECT_EQ(second.size(), first.size() + 1);  // one letter of two bytes
  EXPECT_EQ(first.back(), '5');
  EXPECT_EQ(third, "  b?[2J");  // no escape sequence reaches the terminal
}

TEST(TensorError, OfKnownNoise) {
  std::vector<float> reference(1000);
  std::vector<float> x(1000);
  for (size_t i = 0; i < x.size(); ++i) {
    reference[i] = i % 2 == 0 ? 2.0F : -2.0F;
    x[i] = reference[i] + (i % 4 < 2 ? 0.25F : -0.25F);
  }
  const TensorError error = tensor_error(x, reference);
  EXPECT_NEAR(error.sqnr_db, 10.0 * std::log10(4.0 / 0.0625), 1e-9);
  EXPECT_DOUBLE_EQ(error.max_abs, 0.25);
  EXPECT_NEAR(error.mean_abs, 0.25, 1e-12);
  const TensorError equal = tensor_error(reference, reference);
  EXPECT_TRUE(std::isinf(equal.sqnr_db));
  EXPECT_EQ(equal.max_abs, 0.0);
  x[17] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(tensor_error(x, reference).sqnr_db));
}

TEST(Npy, HeaderAndValuesAreNumpys) {
  const auto path =
      std::filesystem::temp_directory_path() / ("pawl_npy_" + std::to_string(::getpid()) + ".npy");
  const std::vector<float> values = {1.5F, -2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
  const std::vector<int64_t> shape = {2, 3};
  ASSERT_TRUE(write_npy(path, shape, values).ok());
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::filesystem::remove(path);
  ASSERT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const size_t header = static_cast<uint8_t>(bytes[8]) + 256U * static_cast<uint8_t>(bytes[9]);
  EXPECT_EQ((10 + header) % 64, 0U);
  EXPECT_EQ(bytes[10 + header - 1], '\n');
  EXPECT_NE(bytes.find("'shape': (2,3,)"), std::string::npos);
  ASSERT_EQ(bytes.size(), 10 + header + values.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(bytes.data() + 10 + header, values.data(), 24), 0);
}

// Padding between pixels is stepped over.
TEST(Npy, LogicalOrderOfAnNhwcTensor) {
  const std::vector<int32_t> extent = {1, 2, 1, 3};
  const std::vector<float> data = {1, 10, -1, -1, 2, 20, -1, -1, 3, 30, -1, -1};
  const engine::TensorView view{
      .name = "x", .nhwc = true, .extent = extent, .pixel_stride = 4, .data = data.data()};
  EXPECT_EQ(in_logical_order(view), (std::vector<float>{1, 2, 3, 10, 20, 30}));
}

}  // namespace
}  // namespace pawl::program
