// Proves: on maps of whole 16-byte groups the kernels that multiply no matrices fetch and store
// whole sectors of 32 bytes, at most a tenth more than their distinct bytes need, and their shared memory has
// no bank conflicts: counted by the software GPU, as a profiler would. Depthwise on bytes is allowed
// a quarter: a thread reads bias and scales of its eight channels in two halves of a sector each.
#include <gtest/gtest.h>

#include "kernels/cuda/bytes.h"
#include "kernels/cuda/depthwise.h"
#include "kernels/cuda/images.h"
#include "kernels/cuda/pixelwise.h"
#include "kernels/cuda/pool.h"
#include "kernels/cuda/resize.h"
#include "tests/kernels/cuda/device_image.h"

namespace pawl::kernels::cuda {
namespace {

using softgpu::SoftGpu;

constexpr int32_t kSide = 20;
constexpr int32_t kC = 64;
constexpr int32_t kPixels = kSide * kSide;
constexpr double kSectorsAtMost = 1.1;  // of as few as hold a request's distinct bytes

// A device with room for every operand: each is a map of 4 * kPixels pixels of kC float16, or the
// tables of one kernel, all bytes written.
class Traffic : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }

  template <typename T>
  T* operand() {
    return device_pointer<T>(gpu.upload(std::vector<uint16_t>(4 * kPixels * kC, uint16_t{0})));
  }
  const int32_t* indices(int32_t count, int32_t divisor) {
    std::vector<int32_t> values(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = i / divisor;
    return device_pointer<int32_t>(gpu.upload(values));
  }
  template <typename Params>
  void set_window(Params* p, int32_t size, int32_t stride) {
    p->IH = p->IW = kSide, p->OH = p->OW = kSide / stride, p->C = kC;
    p->KH = p->KW = size, p->stride_h = p->stride_w = stride;
    p->pad_top = p->pad_left = size / 2, p->dilation_h = p->dilation_w = 1;
    p->x_pixel_stride = p->y_pixel_stride = kC;
  }

  template <typename Params>
  void expect_whole_sectors(const Launch& launch, const Params& params,
                            double at_most = kSectorsAtMost) {
    ASSERT_EQ(run_launch(gpu, launch, params), "") << launch.kernel;
    softgpu::Counters c;
    ASSERT_TRUE(softgpu::control().counters(launch.kernel, &c)) << launch.kernel;
    const double ratio =
        static_cast<double>(c.global_sectors) / static_cast<double>(c.global_sectors_distinct);
    EXPECT_GT(c.global_sectors, 0) << launch.kernel;
    EXPECT_LE(ratio, at_most) << launch.kernel;
    EXPECT_EQ(c.bank_conflicts, 0) << launch.kernel;
  }

  SoftGpu gpu;
};

TEST_F(Traffic, Windows) {
  for (const int32_t stride : {1, 2}) {
    PoolF16Params pool{};
    set_window(&pool, 5, stride);
    pool.x = operand<uint16_t>(), pool.y = operand<uint16_t>();
    expect_whole_sectors(pool_f16_launch(pool), pool);
    pool.average = true;
    expect_whole_sectors(pool_f16_launch(pool), pool);

    MaxPoolU8Params max{};
    set_window(&max, 5, stride);
    max.x = operand<uint8_t>(), max.y = operand<uint8_t>();
    expect_whole_sectors(max_pool_u8_launch(max), max);
    AveragePoolU8Params mean{};
    set_window(&mean, 5, stride);
    mean.x = operand<uint8_t>(), mean.y = operand<uint8_t>(), mean.factor = 1.0F;
    expect_whole_sectors(average_pool_u8_launch(mean), mean);
  }
}

TEST_F(Traffic, Depthwise) {
  for (const int32_t stride : {1, 2}) {
    DepthwiseParams p{};
    set_window(&p, 3, stride);
    p.residual_pixel_stride = kC;
    p.x = operand<float>(), p.y = operand<float>(), p.residual = operand<float>();
    p.weight = operand<float>(), p.bias = operand<float>();
    expect_whole_sectors(depthwise_f16_launch(p), p);

    DepthwiseU8Params u8{};
    set_window(&u8, 3, stride);
    u8.x = operand<uint8_t>(), u8.y = operand<uint8_t>();
    u8.weight = operand<int8_t>(), u8.bias = operand<int32_t>();
    u8.epilogue.scale = operand<float>(), u8.epilogue.inverse_scale = operand<float>();
    expect_whole_sectors(depthwise_u8_launch(u8), u8, 1.25);
  }
}

TEST_F(Traffic, Resize) {
  ResizeF16Params p{};
  p.IH = p.IW = kSide, p.OH = p.OW = 2 * kSide, p.C = p.x_pixel_stride = p.y_pixel_stride = kC;
  p.x = operand<uint16_t>(), p.y = operand<uint16_t>();
  p.row0 = p.row1 = p.col0 = p.col1 = indices(2 * kSide, 2);
  p.row_t = p.col_t = operand<float>();
  expect_whole_sectors(resize_f16_launch(p), p);
  p.linear = true;
  expect_whole_sectors(resize_f16_launch(p), p);
  NearestU8Params u8{
      kSide,  kSide, kC, 2 * kSide, 2 * kSide, kC, kC, operand<uint8_t>(), operand<uint8_t>(),
      p.row0, p.col0};
  expect_whole_sectors(nearest_u8_launch(u8), u8);
}

TEST_F(Traffic, Pixelwise) {
  UnaryParams unary{kPixels, kC, kC, kC, operand<float>(), operand<float>(), {}};
  unary.activation.kind = Activation::kSilu;
  expect_whole_sectors(unary_f16_launch(unary), unary);
  for (const int32_t b_stride : {0, kC}) {
    BinaryParams binary{kPixels, kC,      BinaryOp::kAdd,   kC,      b_stride,
                        kC,      unary.x, operand<float>(), unary.y, {}};
    expect_whole_sectors(binary_f16_launch(binary), binary);
    BinaryU8Params bytes{kPixels,
                         kC,
                         BinaryOp::kMul,
                         kC,
                         b_stride,
                         kC,
                         operand<uint8_t>(),
                         operand<uint8_t>(),
                         operand<uint8_t>(),
                         1,
                         2,
                         3,
                         1.0F,
                         1.0F};
    expect_whole_sectors(binary_u8_launch(bytes), bytes);
  }
  PadParams<float> pad{kSide, kSide, kC, kSide + 2, kSide + 2, 1, 1, kC, kC, unary.x, unary.y, 0};
  expect_whole_sectors(pad_f16_launch(pad), pad);
  FocusParams focus{kSide, kSide, kC, kC, 4 * kC, {0, 1, 0, 1}, {0, 0, 1, 1}, unary.x, unary.y};
  expect_whole_sectors(focus_f16_launch(focus), focus);
  GatherParams gather{kPixels, kC, kC, kC, unary.x, indices(kC, 1), unary.y};
  expect_whole_sectors(gather_f16_launch(gather), gather);
}

TEST_F(Traffic, Bytes) {
  QuantizeParams q{kPixels, kC, kC, kC, operand<float>(), operand<uint8_t>(), 1.0F, 3};
  expect_whole_sectors(quantize_launch(q), q);
  DequantizeParams d{kPixels, kC, kC, kC, q.y, operand<float>(), {1.0F, 3}};
  expect_whole_sectors(dequantize_launch(d), d);
  CopyU8Params copy{kPixels, kC, kC, kC, q.y, nullptr, operand<uint8_t>()};
  expect_whole_sectors(copy_u8_launch(copy), copy);
  CopyU8Params gather{kPixels, kC, kC, kC, q.y, indices(kC, 1), copy.y};
  expect_whole_sectors(copy_u8_launch(gather), gather);
  TableU8Params table{kPixels, kC, kC, kC, q.y, copy.y, operand<uint8_t>()};
  expect_whole_sectors(table_u8_launch(table), table);
  PadParams<uint8_t> pad{kSide, kSide, kC, kSide + 2, kSide + 2, 1, 1, kC, kC, q.y, copy.y, 7};
  expect_whole_sectors(pad_u8_launch(pad), pad);
}

}  // namespace
}  // namespace pawl::kernels::cuda
