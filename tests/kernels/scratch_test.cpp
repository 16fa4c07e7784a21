// Proves that no two parts of a call touch the same scratch and none leaves what was asked for:
// parts run at once in a session, and one after the other in the other tests, which therefore
// cannot see it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/cpu/attention/variants.h"
#include "kernels/cpu/letterbox/variants.h"
#include "kernels/cpu/winograd/variants.h"
#include "kernels/cpu/winograd_u8/variants.h"
#include "kernels/dense.h"
#include "kernels/letterbox.h"
#include "kernels/winograd.h"
#include "kernels/winograd_u8.h"
#include "tests/kernels/conv_u8_problem.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr size_t kGuardBytes = 4096;  // on either side

// Bytes that `run` changes in `bytes` of scratch and its surroundings, from two different fills, so
// that writing what was there shows too.
std::vector<bool> touched(size_t bytes, const std::function<void(std::byte*)>& run) {
  std::vector<bool> changed(bytes + 2 * kGuardBytes, false);
  for (const uint8_t fill : {uint8_t{0x00}, uint8_t{0xFF}}) {
    AlignedArray<uint8_t> scratch(changed.size());
    std::fill_n(scratch.data(), scratch.size(), fill);
    run(reinterpret_cast<std::byte*>(scratch.data() + kGuardBytes));
    for (size_t i = 0; i < scratch.size(); ++i) changed[i] = changed[i] || scratch[i] != fill;
  }
  return changed;
}

void expect_apart(size_t bytes, int32_t parts, const std::string& what,
                  const std::function<void(std::byte* scratch, int32_t part)>& run) {
  std::vector<int32_t> owner(bytes + 2 * kGuardBytes, -1);
  int32_t used = 0;
  for (int32_t part = 0; part < parts; ++part) {
    const std::vector<bool> own = touched(bytes, [&](std::byte* scratch) { run(scratch, part); });
    bool any = false;
    for (size_t i = 0; i < own.size(); ++i) {
      if (!own[i]) continue;
      any = true;
      ASSERT_TRUE(i >= kGuardBytes && i < kGuardBytes + bytes)
          << what << ": part " << part << " writes outside the scratch";
      ASSERT_EQ(owner[i], -1) << what << ": parts " << owner[i] << " and " << part
                              << " share a byte";
      owner[i] = part;
    }
    used += any ? 1 : 0;
  }
  EXPECT_GT(used, 1) << what << ": nothing to tell apart";
}

template <typename T>
T* as(std::byte* scratch) {
  return reinterpret_cast<T*>(scratch);
}

std::vector<float> random_floats(size_t count) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> values(count);
  for (float& v : values) v = uniform(random);
  return values;
}

TEST(Scratch, OfTopK) {
  constexpr int64_t kRows = 9, kN = 37, kK = 5;
  const std::vector<float> x = random_floats(kRows * kN);
  std::vector<float> values(kRows * kK), indices(kRows * kK);
  for (const int32_t parts : {2, 3, 7}) {
    expect_apart(
        static_cast<size_t>(kN * parts) * sizeof(int32_t), parts, "topk",
        [&](std::byte* scratch, int32_t part) {
          topk({kRows, kN, kK, true, x.data(), values.data(), indices.data(), as<int32_t>(scratch)},
               part, parts);
        });
  }
}

TEST(Scratch, OfAttention) {
  AttentionParams p{};
  p.P = 21, p.heads = 3, p.D = 5, p.VD = 7;
  p.head_stride = 17, p.k_offset = 5, p.v_offset = 10;
  p.x_pixel_stride = 3 * 17, p.y_pixel_stride = 3 * 7;
  p.scale = 0.4F;
  const std::vector<float> x = random_floats(static_cast<size_t>(p.P * p.x_pixel_stride));
  std::vector<float> y(static_cast<size_t>(p.P * p.y_pixel_stride));
  p.x = x.data();
  p.y = y.data();
  for (const AttentionVariant& variant : runnable(attention_variants())) {
    for (const int32_t parts : {2, 3, 7}) {
      const size_t bytes = attention_scratch_floats(p) * static_cast<size_t>(parts) * sizeof(float);
      expect_apart(bytes, parts, std::string("attention ") + variant.name,
                   [&](std::byte* scratch, int32_t part) {
                     AttentionParams own = p;
                     own.scratch = as<float>(scratch);
                     variant.run(own, part, parts);
                   });
    }
  }
}

TEST(Scratch, OfWinograd) {
  WinogradParams p{};
  p.IH = p.OH = 19, p.IW = p.OW = 23, p.IC = 20, p.OC = 40;
  p.pad_top = p.pad_left = 1;
  p.x_pixel_stride = p.IC, p.y_pixel_stride = p.OC;
  const std::vector<float> x = random_floats(static_cast<size_t>(p.IH * p.IW * p.IC));
  AlignedFloats weight(packed_winograd_floats(p.OC, p.IC));
  std::fill_n(weight.data(), weight.size(), 0.5F);
  AlignedFloats bias(48);
  std::fill_n(bias.data(), bias.size(), 0.0F);
  std::vector<float> y(static_cast<size_t>(p.OH * p.OW * p.OC));
  p.x = x.data();
  p.weight = weight.data();
  p.bias = bias.data();
  p.y = y.data();
  for (const WinogradVariant& variant : runnable(winograd_variants())) {
    if (variant.isa == Isa::kScalar) continue;  // needs no scratch
    for (const int32_t parts : {2, 3, 6}) {
      expect_apart(winograd_scratch_floats(p, parts) * sizeof(float), parts,
                   std::string("winograd ") + variant.name, [&](std::byte* scratch, int32_t part) {
                     WinogradParams own = p;
                     own.scratch = as<float>(scratch);
                     variant.run(own, part, parts);
                   });
    }
  }
}

TEST(Scratch, OfWinogradOnBytes) {
  QuantizedShape shape{18, 22, 33, 40, 3, 3};
  shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 1;
  ConvU8Problem problem(shape, 5);
  problem.run([&](const ConvU8Params& conv) {
    AlignedArray<int32_t> weight(prepared_winograd_u8_words(conv.OC, conv.IC));
    std::vector<int32_t> bias(48);
    prepare_winograd_u8(conv, shape.x_zero, weight.data(), bias.data());
    for (const WinogradU8Variant& variant : runnable(winograd_u8_variants())) {
      if (variant.isa == Isa::kScalar) continue;
      for (const int32_t parts : {2, 3, 6}) {
        expect_apart(winograd_u8_scratch_words(conv, parts) * sizeof(int32_t), parts,
                     std::string("winograd_u8 ") + variant.name,
                     [&](std::byte* scratch, int32_t part) {
                       const WinogradU8Params p{.conv = conv,
                                                .zero = shape.x_zero,
                                                .weight = weight.data(),
                                                .bias = bias.data(),
                                                .scratch = as<int32_t>(scratch)};
                       variant.run(p, part, parts);
                     });
      }
    }
  });
}

TEST(Scratch, OfLetterbox) {
  constexpr int32_t kSide = 46, kFit = 30;
  std::vector<uint8_t> pixels(size_t{kSide} * kSide * 3, 99);
  std::vector<int32_t> index(kFit), weight(kFit);
  make_resize_table(kSide, kFit, index.data(), weight.data());
  for (const PixelLayout layout : {PixelLayout::kBgr8, PixelLayout::kNv12}) {
    for (const int32_t channels : {1, 3}) {
      std::vector<float> y(size_t{kFit} * kFit * 3);
      LetterboxParams p{};
      p.layout = layout;
      p.IW = p.IH = kSide;
      p.stride = kSide * 3;
      p.data = p.uv = pixels.data();
      p.uv_stride = kSide;
      p.OW = p.OH = p.fit_w = p.fit_h = kFit;
      p.channels = channels;
      std::fill_n(p.scale, 3, 1.0F);
      p.col_index = p.row_index = index.data();
      p.col_weight = p.row_weight = weight.data();
      p.y = y.data();
      for (const LetterboxVariant& variant : runnable(letterbox_variants())) {
        if (variant.isa == Isa::kScalar) continue;
        const int32_t parts = 3;
        expect_apart(letterbox_scratch_bytes(p) * static_cast<size_t>(parts), parts,
                     std::string("letterbox ") + variant.name,
                     [&](std::byte* scratch, int32_t part) {
                       LetterboxParams own = p;
                       own.scratch = as<uint8_t>(scratch);
                       variant.run(own, part, parts);
                     });
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
