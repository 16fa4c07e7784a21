// Proves: the tests of the CUDA convolution can fail. Every fault of plant_fault.py, built from the
// same source by the same compiler, is noticed by what conv_test.cpp uses: numbers, findings,
// counters. Faults of order must show as findings, not only as wrong numbers on a lucky day.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "tests/kernels/cuda/conv_problem.h"

namespace pawl::kernels::cuda {
namespace {

using softgpu::Option;
using softgpu::SoftGpu;

// How a fault shows; "numbers" is anything.
const std::map<std::string, std::string> kExpected = {
    {"no_barrier", "race"},
    {"wait_count", "copy under way"},
    {"no_commit", "copy under way"},
    {"commit_if", "copy under way"},
    {"early_prefetch", "race"},
    {"stale_stage", "copy under way"},
    {"slab_barrier", "race"},
    {"swizzle", "numbers"},
    {"weight_rows", "numbers"},
    {"bank_conflicts", "counters"},
    {"halo", "numbers"},
    {"pixel_bound", "out of bounds"},
    {"channel_bound", "numbers"},
    {"zero_fill", "numbers"},
    {"depth_tail", "numbers"},
    {"channel_tail", "uninitialised"},
};

std::string read_ptx(const std::string& fault) {
  std::ifstream file(std::string(PAWL_FAULTS_DIR) + "/conv/" + fault + ".ptx");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const ConvF16Variant& variant(const std::string& name) {
  for (const ConvF16Variant& v : kConvF16Variants) {
    if (v.kernel == name) return v;
  }
  ADD_FAILURE() << name;
  return kConvF16Variants[0];
}

// All that was noticed over some shapes and orders.
std::string noticed(const std::string& fault) {
  std::string all;
  std::mt19937 random(9);
  for (int i = 0; i < 12; ++i) {
    const ConvShape shape = random_conv_shape(random, 150000);
    for (const char* kernel : {"conv_f16_64x64", "conv_f16_32x32"}) {
      SoftGpu gpu({{Option::kSeed, i % 4}});
      const auto module = gpu.load(read_ptx(fault).c_str());
      if (module == nullptr) return "no module";
      const std::string wrong = ConvProblem(shape, static_cast<uint32_t>(i))
                                    .run(gpu, gpu.function(module, kernel), variant(kernel));
      if (!wrong.empty()) all += wrong + "\n";
      softgpu::Counters counters;
      softgpu::control().counters(kernel, &counters);
      if (counters.bank_conflicts != 0) all += "counters: bank conflicts\n";
    }
  }
  return all;
}

TEST(Faults, NoneIsQuiet) {
  EXPECT_EQ(noticed("none"), "");
}

TEST(Faults, EachIsNoticed) {
  for (const auto& [fault, how] : kExpected) {
    const std::string all = noticed(fault);
    EXPECT_NE(all, "") << fault;
    const bool seen = how == "numbers" || all.find(how) != std::string::npos;
    EXPECT_TRUE(seen) << fault << " by " << how << ": " << all.substr(0, 600);
  }
}

// The list here and the script's are one.
TEST(Faults, AllAreTested) {
  const std::string list = PAWL_FAULTS_conv;
  size_t count = 0;
  for (size_t at = 0; at < list.size(); ++count) {
    const size_t end = std::min(list.find(',', at), list.size());
    const std::string fault = list.substr(at, end - at);
    EXPECT_TRUE(fault == "none" || kExpected.count(fault) == 1) << fault;
    at = end + 1;
  }
  EXPECT_EQ(count, kExpected.size() + 1);
}

}  // namespace
}  // namespace pawl::kernels::cuda
