// Proves: one kernel gives the same bytes as three max pools of the scalar specification one after
// the other, in float16 and u8, on maps smaller and larger than its tile and ragged channels, in
// lockstep and in random orders; it touches nothing but its operands' channels, reads and writes whole
// sectors and has no bank conflicts.
#include "kernels/cuda/sppf.h"

#include <gtest/gtest.h>

#include "kernels/cpu/pixelwise_u8/variants.h"
#include "kernels/cpu/pool/variants.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/device_image.h"

namespace pawl::kernels::cuda {
namespace {

using pawl::cuda::CUdeviceptr;
using softgpu::Option;
using softgpu::SoftGpu;

constexpr uint8_t kPoison = 0xCB;

class Sppf : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }
  int32_t pick(int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  }
  std::mt19937 random{31};
};

template <typename Params>
void set_pool(Params* p, int32_t H, int32_t W, int32_t C) {
  p->IH = p->OH = H, p->IW = p->OW = W, p->C = p->x_pixel_stride = p->y_pixel_stride = C;
  p->KH = p->KW = 5, p->pad_top = p->pad_left = 2;
  p->stride_h = p->stride_w = p->dilation_h = p->dilation_w = 1;
}

// x and then each pool of the one before, dense.
std::vector<std::vector<uint8_t>> pooled_u8(std::vector<uint8_t> x, int32_t H, int32_t W,
                                            int32_t C) {
  std::vector<std::vector<uint8_t>> images{std::move(x)};
  for (int i = 0; i < 3; ++i) {
    std::vector<uint8_t> y(images.back().size());
    MaxPoolU8Params p{};
    set_pool(&p, H, W, C);
    p.x = images.back().data(), p.y = y.data();
    pixelwise_u8_variants().back().max_pool(p, 0, 1);
    images.push_back(std::move(y));
  }
  return images;
}

std::vector<std::vector<uint8_t>> pooled_f16(std::vector<float> x, int32_t H, int32_t W,
                                             int32_t C) {
  std::vector<std::vector<uint8_t>> images;
  for (int i = 0; i < 4; ++i) {
    std::vector<uint8_t> bytes;
    for (const float v : x) {
      const uint16_t half = half_bits(v);
      bytes.push_back(static_cast<uint8_t>(half & 255));
      bytes.push_back(static_cast<uint8_t>(half >> 8));
    }
    images.push_back(std::move(bytes));
    std::vector<float> y(x.size());
    PoolParams p{};
    p.kind = PoolKind::kMax;
    set_pool(&p, H, W, C);
    p.x = x.data(), p.y = y.data();
    pool_variants().back().run(p, 0, 1);
    x = std::move(y);
  }
  return images;
}

// Every pixel's `bytes`, and between pixels what was there.
void expect_image(const SoftGpu& gpu, CUdeviceptr at, const std::vector<uint8_t>& wanted,
                  size_t bytes, size_t stride) {
  const size_t pixels = wanted.size() / bytes;
  const auto found = gpu.download<uint8_t>(at, (pixels - 1) * stride + bytes);
  for (size_t i = 0; i < found.size(); ++i) {
    const size_t pixel = i / stride, byte = i % stride;
    ASSERT_EQ(found[i], byte < bytes ? wanted[pixel * bytes + byte] : kPoison)
        << "pixel " << pixel << " byte " << byte;
  }
}

TEST_F(Sppf, AsThreePools) {
  constexpr int32_t kChannels[] = {1, 7, 8, 9, 15, 16, 17, 24, 33, 40};
  for (int i = 0; i < 40; ++i) {
    const bool half = i % 2 == 0;
    const int32_t H = pick(1, 21), W = pick(1, 21), C = kChannels[pick(0, 9)];
    const auto count = static_cast<size_t>(H * W * C);
    std::vector<uint8_t> bytes(count);
    std::vector<float> floats(count);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    std::uniform_real_distribution<float> below(-9.0F, -0.5F);  // that 0 is no lowest number
    for (float& v : floats) v = half_value(half_bits(below(random)));
    const auto images = half ? pooled_f16(floats, H, W, C) : pooled_u8(bytes, H, W, C);

    SppfParams p{half, H, W, half ? 2 * C : C, 0, 0, nullptr, {}};
    p.x_pixel_bytes = (p.channel_bytes + 15) / 16 * 16 + 16 * pick(0, 1);
    p.y_pixel_bytes = (p.channel_bytes + 15) / 16 * 16 + 16 * pick(0, 2);
    const auto row = static_cast<size_t>(p.channel_bytes);
    const auto x_stride = static_cast<size_t>(p.x_pixel_bytes);
    const auto y_stride = static_cast<size_t>(p.y_pixel_bytes);
    const auto pixels = static_cast<size_t>(H * W);
    for (const int64_t seed : {int64_t{0}, int64_t{pick(1, 1000)}}) {
      SoftGpu gpu({{Option::kSeed, seed}});
      const CUdeviceptr x = gpu.allocate((pixels - 1) * x_stride + row);
      for (size_t at = 0; at < pixels; ++at)
        gpu.driver.cuMemcpyHtoD(x + at * x_stride, images[0].data() + at * row, row);
      p.x = device_pointer<uint8_t>(x);
      for (uint8_t*& y : p.y)
        y = device_pointer<uint8_t>(gpu.allocate((pixels - 1) * y_stride + row));
      ASSERT_EQ(run_launch(gpu, sppf_launch(p), p), "") << "case " << i << " seed " << seed;
      ASSERT_EQ(gpu.findings(), "") << "case " << i << " seed " << seed;
      for (size_t k = 0; k < 3; ++k) {
        SCOPED_TRACE("case " + std::to_string(i) + " output " + std::to_string(k));
        expect_image(gpu, reinterpret_cast<CUdeviceptr>(p.y[k]), images[k + 1], row, y_stride);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_F(Sppf, WholeSectors) {
  for (const bool half : {true, false}) {
    SoftGpu gpu;
    const std::vector<uint8_t> zeros(20 * 20 * 128);
    SppfParams p{half, 20, 20, 128, 128, 128, device_pointer<uint8_t>(gpu.upload(zeros)), {}};
    for (uint8_t*& y : p.y) y = device_pointer<uint8_t>(gpu.allocate(zeros.size()));
    ASSERT_EQ(run_launch(gpu, sppf_launch(p), p), "");
    softgpu::Counters c;
    ASSERT_TRUE(softgpu::control().counters(half ? "sppf_f16" : "sppf_u8", &c));
    EXPECT_EQ(c.global_sectors, c.global_sectors_distinct);
    EXPECT_EQ(c.bank_conflicts, 0);
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
