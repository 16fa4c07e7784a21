// Proves: the letterbox on the device gives the bytes of the scalar specification bit for bit, and
// its floats rounded once, for every pixel layout, odd sizes, row strides padded and negative; that
// a frame of another size and layout goes through the same launch; and that nothing is read outside
// the frame's block or written outside y.
#include "kernels/cuda/letterbox.h"

#include <gtest/gtest.h>

#include "kernels/cpu/letterbox/variants.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/device_image.h"

namespace pawl::kernels::cuda {
namespace {

using softgpu::Option;
using softgpu::SoftGpu;

class Letterbox : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }
  int32_t pick(int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  }
  std::mt19937 random{5};
};

// A frame, its tables and the canvas it goes to.
struct Problem {
  Problem(PixelLayout layout, int32_t channels, std::mt19937* random) {
    const auto pick = [&](int32_t low, int32_t high) {
      return std::uniform_int_distribution<int32_t>(low, high)(*random);
    };
    const bool three = layout == PixelLayout::kBgr8 || layout == PixelLayout::kRgb8;
    p.layout = layout;
    p.IW = pick(1, 23), p.IH = pick(1, 19);
    const ptrdiff_t row = p.IW * (three ? 3 : 1) + 5, chroma = (p.IW + 1) / 2 * 2 + 3;
    pixels.resize(static_cast<size_t>(row * p.IH));
    uv.resize(static_cast<size_t>(chroma * ((p.IH + 1) / 2)));
    for (uint8_t& b : pixels) b = static_cast<uint8_t>((*random)());
    for (uint8_t& b : uv) b = static_cast<uint8_t>((*random)());
    const bool bottom_up = pick(0, 1) == 1;
    p.stride = bottom_up ? -row : row;
    p.data = pixels.data() + (bottom_up ? row * (p.IH - 1) : 0);
    p.uv = uv.data(), p.uv_stride = chroma;
    p.channels = channels;
    p.fit_x = pick(0, 3), p.fit_y = pick(0, 3), p.fit_w = pick(1, 17), p.fit_h = pick(1, 17);
    tables.resize(static_cast<size_t>(2 * (p.fit_w + p.fit_h)));
    int32_t* t = tables.data();
    make_resize_table(p.IW, p.fit_w, t, t + p.fit_w);
    make_resize_table(p.IH, p.fit_h, t + 2 * p.fit_w, t + 2 * p.fit_w + p.fit_h);
    p.col_index = t, p.col_weight = t + p.fit_w;
    p.row_index = t + 2 * p.fit_w, p.row_weight = p.row_index + p.fit_h;
    p.OW = 21, p.OH = 20;
    p.rgb = pick(0, 1) == 1;
    p.pad_value = 114;
    for (int c = 0; c < 3; ++c) {
      p.mean[c] = static_cast<float>(c) * 20.0F,
      p.scale[c] = 1.0F / (100.0F + static_cast<float>(c));
    }
  }
  LetterboxParams p{};
  std::vector<uint8_t> pixels, uv;
  std::vector<int32_t> tables;
};

TEST_F(Letterbox, BytesAndHalves) {
  for (int i = 0; i < 24; ++i) {
    const auto layout = static_cast<PixelLayout>(i % 4);
    const int32_t channels = i % 3 == 0 ? 1 : 3;
    Problem problem(layout, channels, &random);
    LetterboxParams& p = problem.p;
    const size_t count = static_cast<size_t>(p.OW * p.OH * channels);
    HalfImage y(int64_t{p.OW} * p.OH, channels, 0, &random);
    std::vector<uint8_t> bytes(count);
    p.y = y.values.data();
    letterbox_variants().back().run(p, 0, 1);
    p.y_u8 = bytes.data();
    letterbox_variants().back().run(p, 0, 1);

    SoftGpu gpu({{Option::kSeed, i}});
    std::vector<std::byte> block(frame_block_bytes(p));
    fill_frame_block(p, block.data());
    LetterboxLaunchParams d{};
    d.frame = device_pointer<FrameHeader>(gpu.upload(block));
    d.OW = p.OW, d.OH = p.OH, d.channels = channels, d.rgb = p.rgb, d.pad_value = p.pad_value;
    for (int c = 0; c < 3; ++c) d.mean[c] = p.mean[c], d.scale[c] = p.scale[c];
    // Eight halves a pixel, the rest of them zero.
    d.y_pixel_stride = 8;
    const auto halves = gpu.allocate(static_cast<size_t>(p.OW * p.OH) * 16);
    d.y = device_pointer<uint16_t>(halves);
    ASSERT_EQ(run_launch(gpu, letterbox_launch(d), d), "");
    const auto found = gpu.download<uint16_t>(halves, static_cast<size_t>(p.OW * p.OH) * 8);
    ASSERT_EQ(gpu.findings(), "");
    for (size_t at = 0; at < found.size(); ++at) {
      const size_t pixel = at / 8, c = at % 8, C = static_cast<size_t>(channels);
      const uint16_t wanted = c < C ? half_bits(y.values[pixel * C + c]) : uint16_t{0};
      ASSERT_EQ(found[at], wanted) << "layout " << i % 4 << " pixel " << pixel << " channel " << c;
    }
    d.y = nullptr, d.y_pixel_stride = channels;
    const auto out = gpu.allocate(count);
    d.y_u8 = device_pointer<uint8_t>(out);
    ASSERT_EQ(run_launch(gpu, letterbox_launch(d), d), "");
    ASSERT_EQ(gpu.download<uint8_t>(out, count), bytes) << "layout " << i % 4;
    ASSERT_EQ(gpu.findings(), "");
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
