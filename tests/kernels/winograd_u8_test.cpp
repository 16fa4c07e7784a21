// Proves: the exact Winograd convolution gives the bits of the scalar direct one (conv_u8.h), in
// every variant this CPU runs, for awkward channels, sizes, pads, zero points, pixel strides and
// numbers of parts, u8 and float outputs, with a residual that is its own output, on sums at the
// edge of the range that winograd_u8_exact() accepts, and without touching a byte it does not own;
// and that winograd_u8_exact() refuses the first sum beyond it.
#include "kernels/winograd_u8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cpu/winograd/integers.h"
#include "kernels/cpu/winograd_u8/variants.h"
#include "tests/kernels/conv_u8_problem.h"
#include "tests/kernels/image_buffer.h"

namespace pawl::kernels {
namespace {

QuantizedShape shape_3x3(int32_t IH, int32_t IW, int32_t IC, int32_t OC) {
  QuantizedShape s{IH, IW, IC, OC, 3, 3};
  s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 1;
  s.activation = Activation::kSilu;
  return s;
}

// By Winograd, in `parts` parts.
void compute(const WinogradU8Variant& variant, const ConvU8Params& conv, int32_t zero,
             int32_t parts) {
  const size_t panels = static_cast<size_t>((conv.OC + 15) / 16);
  AlignedArray<int32_t> weight(prepared_winograd_u8_words(conv.OC, conv.IC));
  std::vector<int32_t> bias(panels * 16);
  AlignedArray<int32_t> scratch(winograd_u8_scratch_words(conv, parts));
  std::fill_n(weight.data(), weight.size(), 0x5A5A5A5A);
  std::fill_n(scratch.data(), scratch.size(), 0x7B7B7B7B);
  prepare_winograd_u8(conv, zero, weight.data(), bias.data());
  WinogradU8Params p{.conv = conv,
                     .zero = zero,
                     .weight = weight.data(),
                     .bias = bias.data(),
                     .scratch = scratch.data()};
  p.conv.weight = nullptr;
  p.conv.bias = nullptr;
  p.conv.pad = nullptr;
  run_parts(variant.run, p, parts);
}

void check(ConvU8Problem& problem, const std::vector<int32_t>& splits) {
  const int32_t zero = problem.shape().x_zero;
  const auto reference = problem.run(conv_u8_variants().back().run, 1);
  for (const WinogradU8Variant& variant : runnable(winograd_u8_variants())) {
    for (const int32_t parts : splits) {
      const auto y = problem.run([&](const ConvU8Params& p) {
        ASSERT_TRUE(winograd_u8_exact(p, zero));
        compute(variant, p, zero, parts);
      });
      if (testing::Test::HasFatalFailure()) return;
      expect_equal(problem.shape(), *y, *reference,
                   std::string(variant.name) + " shape " + problem.shape().name() + "parts " +
                       std::to_string(parts));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(WinogradU8, LayersOfRealNetworks) {
  for (const auto& [size, IC, OC] : {std::tuple{40, 64, 64},
                                     {20, 128, 128},
                                     {21, 80, 80},
                                     {40, 32, 32},
                                     {20, 256, 64},
                                     {20, 64, 80},
                                     {13, 48, 96}}) {
    ConvU8Problem problem(shape_3x3(size, size, IC, OC), static_cast<uint32_t>(size + IC));
    check(problem, {1, 2});
    if (HasFatalFailure()) return;
  }
}

TEST(WinogradU8, AwkwardShapes) {
  std::mt19937 engine(20261127);
  for (uint32_t round = 0; round < 400; ++round) {
    QuantizedShape s = random_quantized_shape(engine);
    s.KH = s.KW = 3;
    s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = 1;
    s.IC = pick(engine, {1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 47, 64, 65});
    s.OC = pick(engine, {1, 3, 15, 16, 17, 31, 32, 33, 48, 49, 63, 64, 65, 80, 97});
    if (!s.valid()) continue;
    ConvU8Problem problem(s, round);
    check(problem, {1, kSplits[round % std::size(kSplits)]});
    if (HasFatalFailure()) return;
  }
}

// All weights of a channel alike and all inputs at one end: sums as large as they get.
TEST(WinogradU8, ExtremesOfEveryOperand) {
  for (const int32_t zero : {0, 1, 128, 255}) {
    for (const int w : {-128, -127, 127}) {
      for (const uint8_t x : {uint8_t{0}, uint8_t{255}}) {
        QuantizedShape s = shape_3x3(9, 11, 100, 20);
        s.x_zero = zero;
        s.activation = Activation::kNone;
        s.float_output = true;
        ConvU8Problem problem(s, 3);
        std::fill(problem.weight().begin(), problem.weight().end(), static_cast<int8_t>(w));
        problem.x().fill(x);
        problem.pack();
        check(problem, {1, 3});
        if (HasFatalFailure()) return;
      }
    }
  }
}

// One channel whose largest sum is exactly `sum`; the input that reaches it is all 255, zero 0.
struct EdgeCase {
  int64_t sum;
  bool exact;
};
TEST(WinogradU8, TheRangeOfSumsIsTight) {
  constexpr int64_t kMax = cpu::kExactSumMax;
  const int64_t quotient = kMax / 255;  // sum of weights that is still exact
  for (const EdgeCase& edge : {EdgeCase{quotient, true}, EdgeCase{quotient + 1, false},
                               EdgeCase{-quotient, true}, EdgeCase{-quotient - 1, false}}) {
    QuantizedShape s = shape_3x3(8, 8, 128, 1);
    s.x_zero = 0;
    s.activation = Activation::kNone;
    s.float_output = true;
    ConvU8Problem problem(s, 4);
    int64_t left = edge.sum;
    for (int8_t& w : problem.weight()) {
      w = static_cast<int8_t>(std::clamp<int64_t>(left, -128, 127));
      left -= w;
    }
    ASSERT_EQ(left, 0);
    problem.x().fill(255);
    problem.pack();
    problem.run([&](const ConvU8Params& p) { EXPECT_EQ(winograd_u8_exact(p, 0), edge.exact); });
    if (edge.exact) check(problem, {1});
    if (HasFatalFailure()) return;
  }
}

TEST(WinogradU8, OtherFormsAreNotExact) {
  const auto exact = [](const QuantizedShape& s) {
    ConvU8Problem problem(s, 5);
    bool result = true;
    problem.run([&](const ConvU8Params& p) { result = winograd_u8_exact(p, s.x_zero); });
    return result;
  };
  EXPECT_TRUE(exact(shape_3x3(8, 8, 4, 4)));
  for (int32_t i = 0; i < 6; ++i) {
    QuantizedShape s = shape_3x3(8, 8, 4, 4);
    int32_t* const fields[] = {&s.KH,       &s.KW,         &s.stride_h,
                               &s.stride_w, &s.dilation_h, &s.dilation_w};
    *fields[i] = 2;
    EXPECT_FALSE(exact(s)) << i;
  }
}

}  // namespace
}  // namespace pawl::kernels
