// Proves: the software GPU executes tensor-core code that another compiler made from a source that
// knows nothing of fragments, ldmatrix or swizzles: Triton's matrix products of f16 and s8 equal
// loops over the matrices, on ragged sizes, without a finding. So the layouts in decode_matrix.cpp
// are the hardware's and not only those that our own kernels believe in. Skips without Triton.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/softgpu/device/float16.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::softgpu {
namespace {

namespace fs = std::filesystem;

struct Image {
  std::string name, text, element;
  unsigned tile_m = 0, tile_n = 0, threads = 0, shared_bytes = 0;
};

struct Sizes {
  int32_t M, N, K;  // N, K multiples of 16, as the compiler was told
};

float real(uint16_t half) {
  return half_to_float(half);
}
int32_t real(int8_t byte) {
  return byte;
}

template <typename Element, typename Sum>
void check(const Image& image, const Sizes& s, int64_t seed) {
  SoftGpu gpu({{Option::kSeed, seed}});
  std::mt19937 random(static_cast<uint32_t>(seed + s.M));
  const auto matrix = [&](int32_t rows, int32_t columns) {
    std::vector<Element> values(static_cast<size_t>(rows * columns));
    for (Element& v : values) {
      if constexpr (sizeof(Element) == 2) {
        v = float_to_half(static_cast<float>(static_cast<int32_t>(random() % 2001) - 1000) /
                          500.0F);
      } else {
        v = static_cast<Element>(random());
      }
    }
    return values;
  };
  const auto a = matrix(s.M, s.K), b = matrix(s.K, s.N);
  const auto a_at = gpu.upload(a), b_at = gpu.upload(b);
  const size_t count = static_cast<size_t>(s.M * s.N);
  auto c_at = gpu.allocate(count * 4);
  const auto module = gpu.load(image.text.c_str());
  ASSERT_NE(module, nullptr);
  const auto function = gpu.function(module, "matmul");
  if (image.shared_bytes > 0) {
    gpu.driver.cuFuncSetAttribute(function, cuda::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                  static_cast<int>(image.shared_bytes));
  }
  uint64_t scratch = 0;
  Sizes sizes = s;
  auto a_copy = a_at, b_copy = b_at;
  void* parameters[] = {&a_copy, &b_copy, &c_at, &sizes.M, &sizes.N, &sizes.K, &scratch, &scratch};
  const unsigned grid_x = (static_cast<unsigned>(s.M) + image.tile_m - 1) / image.tile_m;
  const unsigned grid_y = (static_cast<unsigned>(s.N) + image.tile_n - 1) / image.tile_n;
  ASSERT_EQ(gpu.driver.cuLaunchKernel(function, grid_x, grid_y, 1, image.threads, 1, 1,
                                      image.shared_bytes, nullptr, parameters, nullptr),
            cuda::CUDA_SUCCESS);
  ASSERT_EQ(gpu.driver.cuCtxSynchronize(), cuda::CUDA_SUCCESS) << control().last_message();
  EXPECT_EQ(gpu.findings(), "");
  const auto c = gpu.download<Sum>(c_at, count);
  for (size_t m = 0; m < static_cast<size_t>(s.M); ++m) {
    for (size_t n = 0; n < static_cast<size_t>(s.N); ++n) {
      double sum = 0, magnitude = 0;
      for (size_t k = 0; k < static_cast<size_t>(s.K); ++k) {
        const double product = static_cast<double>(real(a[m * static_cast<size_t>(s.K) + k])) *
                               static_cast<double>(real(b[k * static_cast<size_t>(s.N) + n]));
        sum += product;
        magnitude += std::abs(product);
      }
      const double bound = sizeof(Element) == 2 ? 1e-6 * magnitude : 0.0;
      ASSERT_LE(std::abs(static_cast<double>(c[m * static_cast<size_t>(s.N) + n]) - sum), bound)
          << image.name << " " << s.M << "x" << s.N << "x" << s.K << " at " << m << "," << n;
    }
  }
  Counters counters;
  control().counters("matmul", &counters);
  EXPECT_GT(counters.multiply_adds, 0) << image.name << " has no mma";
}

TEST(Triton, MatrixProducts) {
  const fs::path folder = fs::temp_directory_path() / ("pawl_triton_" + std::to_string(getpid()));
  const std::string command = std::string(PAWL_PYTHON) +
                              " " PAWL_SOURCE_DIR "/tests/softgpu/triton_matmul.py " +
                              folder.string();
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "Triton is not installed (PyPI triton)";
  ASSERT_EQ(status, 0) << command;
  int images = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    Image image;
    image.name = entry.path().filename().string();
    image.text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    std::string slashes;
    std::istringstream(image.text) >> slashes >> image.element >> image.tile_m >> image.tile_n >>
        image.threads >> image.shared_bytes;
    for (const Sizes& s : {Sizes{64, 64, 32}, Sizes{70, 80, 48}, Sizes{33, 16, 208}}) {
      for (const int64_t seed : {0, 5}) {
        if (image.element == "f16") check<uint16_t, float>(image, s, seed);
        if (image.element == "s8") check<int8_t, int32_t>(image, s, seed);
      }
    }
    ++images;
  }
  EXPECT_EQ(images, 6);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace pawl::softgpu
