// Proves: the tests of detection on a device can fail. Every fault of plant_fault.py in candidates.cu
// or suppress.cu, built by the same compiler, is noticed by heads of detect_cases.h: by numbers or by
// findings. Faults of order must show as findings, not only as wrong numbers on a lucky day.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/kernels/cuda/detect_cases.h"

namespace pawl::kernels::cuda {
namespace {

using softgpu::Option;
using softgpu::SoftGpu;

// How a fault must show, by a part of its name; "" is anything.
std::string sign_of(const std::string& fault) {
  for (const char* order : {"barrier", "exchange", "one_buffer"}) {
    if (fault.find(order) != std::string::npos) return "race";
  }
  if (fault == "alignment" || fault == "base_alignment") return "misaligned";
  if (fault == "empty_tile") return "uninitialised";
  if (fault == "detections_max") return "out of bounds";
  return "";
}

std::string read_ptx(const std::string& family, const std::string& fault) {
  std::ifstream file(std::string(PAWL_FAULTS_DIR) + "/" + family + "/" + fault + ".ptx");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream text(list);
  for (std::string word; std::getline(text, word, ',');) words.push_back(word);
  return words;
}

// All that was noticed over some heads and orders, until `sign` is among it.
std::string noticed(const std::string& family, const std::string& fault, const std::string& sign) {
  std::string all;
  std::mt19937 random(11);
  const auto run = [&](const DetectProblem& problem, int64_t seed) {
    SoftGpu gpu({{Option::kSeed, seed}});
    pawl::cuda::CUfunction functions[2];
    for (const int kernel : {0, 1}) {
      const std::string name = kernel == 0 ? "candidates" : "suppress";
      const auto module = gpu.load(read_ptx(name, name == family ? fault : "none").c_str());
      if (module == nullptr) return true;
      functions[kernel] = gpu.function(module, name.c_str());
    }
    const std::string wrong = problem.run(gpu, functions[0], functions[1]);
    if (!wrong.empty()) all += wrong + "\n";
    return !wrong.empty() && wrong.find(sign) != std::string::npos;
  };
  for (int32_t i = 0; i < 120; ++i) {
    if (run(random_head(i, &random), i % 4)) return all;
  }
  for (const bool multi_label : {false, true}) {
    for (const int32_t limit : {30000, 1500}) {
      for (const int32_t values : {3, 4000}) {
        if (run(many_candidates(values, limit, multi_label, &random), limit % 7)) return all;
      }
    }
  }
  if (run(exactly(1025, &random), 0)) return all;
  run(many_tiles(Memory::kColumns), 0);
  return all;
}

void check(const std::string& family, const std::string& faults) {
  for (const std::string& fault : split(faults)) {
    const std::string sign = sign_of(fault);
    const std::string all = noticed(family, fault, sign);
    if (fault == "none") {
      EXPECT_EQ(all, "");
      continue;
    }
    EXPECT_NE(all, "") << family << " " << fault;
    EXPECT_NE(all.find(sign), std::string::npos)
        << family << " " << fault << " by " << sign << ": " << all.substr(0, 600);
  }
}

TEST(DetectFaults, EachOfCandidatesIsNoticed) {
  check("candidates", PAWL_FAULTS_candidates);
}

TEST(DetectFaults, EachOfSuppressIsNoticed) {
  check("suppress", PAWL_FAULTS_suppress);
}

}  // namespace
}  // namespace pawl::kernels::cuda
