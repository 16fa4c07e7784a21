// Proven here: every row-major operator, in every split, equals its definition worked out element
// by element on random tensors of awkward extents and strides; ties, NaN and out-of-range indices
// behave as documented; nothing outside y is written.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/cpu/matmul/variants.h"
#include "kernels/dense.h"
#include "tests/kernels/image_buffer.h"
#include "tests/kernels/variants.h"

namespace pawl::kernels {
namespace {

constexpr size_t kGuard = 8;

// Room for `count` results, poisoned, and a guard behind them.
std::vector<float> poisoned(int64_t count) {
  return std::vector<float>(static_cast<size_t>(count) + kGuard, kNaN);
}

bool guard_intact(const std::vector<float>& y) {
  return std::all_of(y.end() - kGuard, y.end(), [](float value) { return std::isnan(value); });
}

std::vector<float> random_floats(int64_t count, std::mt19937& random, float low = -3.0F,
                                 float high = 3.0F) {
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = uniform(random);
  return values;
}

using Extents = std::array<int64_t, kRank>;

int64_t volume(const Extents& extent) {
  return std::accumulate(extent.begin(), extent.end(), int64_t{1}, std::multiplies<>());
}

Extents dense_strides(const Extents& extent) {
  Extents stride{};
  int64_t step = 1;
  for (size_t d = kRank; d-- > 0;) {
    stride[d] = step;
    step *= extent[d];
  }
  return stride;
}

// Where the element with flat index i of a tensor of these extents lies under these strides.
int64_t offset_of(int64_t i, const Extents& extent, const Extents& stride) {
  int64_t offset = 0;
  for (size_t d = kRank; d-- > 0;) {
    offset += i % extent[d] * stride[d];
    i /= extent[d];
  }
  return offset;
}

Extents random_extents(std::mt19937& random) {
  Extents extent{};
  for (int64_t& e : extent) e = std::uniform_int_distribution<int64_t>(1, 5)(random);
  extent[kRank - 1] = std::uniform_int_distribution<int64_t>(1, 23)(random);
  return extent;
}

TEST(StridedCopy, PermutesSlicesAndExpands) {
  std::mt19937 random(1);
  for (int32_t turn = 0; turn < 60; ++turn) {
    const Extents extent = random_extents(random);
    // x holds the permuted tensor; one dimension is broadcast.
    std::array<size_t, kRank> order{0, 1, 2, 3, 4, 5};
    if (turn % 3 != 0) std::shuffle(order.begin(), order.end(), random);
    Extents x_stride{};
    int64_t step = 1;
    for (const size_t d : order) {
      x_stride[d] = step;
      step *= extent[d] + turn % 2;  // a slice of something larger
    }
    if (turn % 4 == 0) x_stride[static_cast<size_t>(turn) % kRank] = 0;
    const std::vector<float> x = random_floats(step, random);
    Extents y_stride = dense_strides(extent);
    const int64_t spread = turn % 5 == 0 ? 2 : 1;
    for (int64_t& stride : y_stride) stride *= spread;
    for (const int32_t parts : kSplits) {
      std::vector<float> y = poisoned(volume(extent) * spread);
      StridedCopyParams p{};
      std::copy(extent.begin(), extent.end(), p.extent);
      std::copy(x_stride.begin(), x_stride.end(), p.x_stride);
      std::copy(y_stride.begin(), y_stride.end(), p.y_stride);
      p.x = x.data();
      p.y = y.data();
      run_parts(strided_copy, p, parts);
      for (int64_t i = 0; i < volume(extent); ++i) {
        ASSERT_EQ(y[static_cast<size_t>(i * spread)],
                  x[static_cast<size_t>(offset_of(i, extent, x_stride))]);
        if (spread == 2) {
          ASSERT_TRUE(std::isnan(y[static_cast<size_t>(2 * i + 1)]));
        }
      }
      ASSERT_TRUE(guard_intact(y));
    }
  }
}

double definition(DenseBinaryOp op, double a, double b) {
  switch (op) {
    case DenseBinaryOp::kAdd:
      return a + b;
    case DenseBinaryOp::kSub:
      return a - b;
    case DenseBinaryOp::kMul:
      return a * b;
    case DenseBinaryOp::kDiv:
      return a / b;
    case DenseBinaryOp::kMin:
      return std::min(a, b);
    case DenseBinaryOp::kMax:
      return std::max(a, b);
    case DenseBinaryOp::kPow:
      return std::pow(a, b);
    case DenseBinaryOp::kMod:
      return a - b * std::floor(a / b);
    case DenseBinaryOp::kTruncatedMod:
      return a - b * std::trunc(a / b);
    case DenseBinaryOp::kEqual:
      return a == b ? 1.0 : 0.0;
    case DenseBinaryOp::kLess:
      return a < b ? 1.0 : 0.0;
    case DenseBinaryOp::kGreater:
      return a > b ? 1.0 : 0.0;
  }
  return kNaN;
}

TEST(RowBinary, BroadcastsEitherSide) {
  std::mt19937 random(2);
  for (int32_t turn = 0; turn < 120; ++turn) {
    const auto op = static_cast<DenseBinaryOp>(turn % 12);
    const Extents extent = random_extents(random);
    Extents a_stride = dense_strides(extent);
    Extents b_stride = a_stride;
    // Keeping a dense tensor's strides and zeroing some broadcasts those dimensions.
    for (size_t d = 0; d < kRank; ++d) {
      if (random() % 3 == 0) a_stride[d] = 0;
      if (random() % 3 == 0) b_stride[d] = 0;
    }
    const bool positive = op == DenseBinaryOp::kPow;
    const std::vector<float> a = random_floats(volume(extent), random, positive ? 0.1F : -3.0F);
    std::vector<float> b = random_floats(volume(extent), random, 0.5F);
    if (turn % 24 >= 12 && op != DenseBinaryOp::kPow) {
      for (float& value : b) value = -value;
    }
    for (const int32_t parts : kSplits) {
      std::vector<float> y = poisoned(volume(extent));
      DenseBinaryParams p{};
      p.op = op;
      std::copy(extent.begin(), extent.end(), p.extent);
      std::copy(a_stride.begin(), a_stride.end(), p.a_stride);
      std::copy(b_stride.begin(), b_stride.end(), p.b_stride);
      p.a = a.data();
      p.b = b.data();
      p.y = y.data();
      run_parts(dense_binary, p, parts);
      for (int64_t i = 0; i < volume(extent); ++i) {
        const auto left =
            static_cast<double>(a[static_cast<size_t>(offset_of(i, extent, a_stride))]);
        const auto right =
            static_cast<double>(b[static_cast<size_t>(offset_of(i, extent, b_stride))]);
        const double expected = definition(op, left, right);
        const double bound = op <= DenseBinaryOp::kMax && op != DenseBinaryOp::kPow
                                 ? 6e-8 * std::fabs(expected)
                                 : 2e-6 * std::max(1.0, std::fabs(expected));
        ASSERT_TRUE(is_near(y[static_cast<size_t>(i)], expected, bound))
            << "op " << turn % 12 << ": " << left << ", " << right << " gave "
            << y[static_cast<size_t>(i)];
      }
      ASSERT_TRUE(guard_intact(y));
    }
  }
}

TEST(RowBinary, ModuloTakesTheSignOfTheDivisor) {
  // What divides leaves nothing, whatever the signs.
  const std::vector<float> a = {7.0F, -7.0F, 7.0F, -7.0F, 6.0F, -6.0F, 6.0F, -6.0F, 0.0F, 0.0F};
  const std::vector<float> b = {3.0F, 3.0F, -3.0F, -3.0F, 3.0F, 3.0F, -3.0F, -3.0F, 3.0F, -3.0F};
  std::vector<float> y = poisoned(10);
  const DenseBinaryParams p{DenseBinaryOp::kMod,
                            {1, 1, 1, 1, 1, 10},
                            {0, 0, 0, 0, 0, 1},
                            {0, 0, 0, 0, 0, 1},
                            a.data(),
                            b.data(),
                            y.data()};
  dense_binary(p, 0, 1);
  y.resize(10);
  EXPECT_EQ(y, (std::vector<float>{1.0F, 2.0F, -2.0F, -1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F}));
}

double definition(DenseUnaryOp op, double x, double alpha) {
  switch (op) {
    case DenseUnaryOp::kActivation:
      return x / (1.0 + std::exp(-x));  // the test asks for SiLU
    case DenseUnaryOp::kExp:
      return std::exp(x);
    case DenseUnaryOp::kLog:
      return std::log(x);
    case DenseUnaryOp::kSqrt:
      return std::sqrt(x);
    case DenseUnaryOp::kErf:
      return std::erf(x);
    case DenseUnaryOp::kNeg:
      return -x;
    case DenseUnaryOp::kAbs:
      return std::fabs(x);
    case DenseUnaryOp::kFloor:
      return std::floor(x);
    case DenseUnaryOp::kCeil:
      return std::ceil(x);
    case DenseUnaryOp::kReciprocal:
      return 1.0 / x;
    case DenseUnaryOp::kSin:
      return std::sin(x);
    case DenseUnaryOp::kCos:
      return std::cos(x);
    case DenseUnaryOp::kSoftplus:
      return std::log1p(std::exp(x));
    case DenseUnaryOp::kElu:
      return x > 0.0 ? x : alpha * (std::exp(x) - 1.0);
    case DenseUnaryOp::kTruncate:
      return x < 0.0 ? std::ceil(x) : std::floor(x);
    case DenseUnaryOp::kNot:
      return x == 0.0 ? 1.0 : 0.0;
  }
  return kNaN;
}

TEST(RowBinary, ComparesEqualAndUnorderedNumbers) {
  const std::vector<float> a = {1.0F, -0.0F, 2.0F, kNaN, -2.0F};
  const std::vector<float> b = {1.0F, 0.0F, kNaN, kNaN, 3.0F};
  const std::pair<DenseBinaryOp, std::vector<float>> expected[] = {
      {DenseBinaryOp::kEqual, {1.0F, 1.0F, 0.0F, 0.0F, 0.0F}},
      {DenseBinaryOp::kLess, {0.0F, 0.0F, 0.0F, 0.0F, 1.0F}},
      {DenseBinaryOp::kGreater, {0.0F, 0.0F, 0.0F, 0.0F, 0.0F}}};
  for (const auto& [op, truths] : expected) {
    std::vector<float> y = poisoned(5);
    const DenseBinaryParams p{
        op,      {1, 1, 1, 1, 1, 5}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1}, a.data(), b.data(),
        y.data()};
    dense_binary(p, 0, 1);
    y.resize(5);
    EXPECT_EQ(y, truths) << static_cast<int>(op);
  }
}

TEST(RowUnary, NotIsOneForEitherZero) {
  const std::vector<float> x = {0.0F, -0.0F, 1.0F, -3.0F, kNaN};
  std::vector<float> y = poisoned(5);
  dense_unary({DenseUnaryOp::kNot, {}, 5, x.data(), y.data()}, 0, 1);
  y.resize(5);
  EXPECT_EQ(y, (std::vector<float>{1.0F, 1.0F, 0.0F, 0.0F, 0.0F}));
}

TEST(RowUnary, EveryOperation) {
  std::mt19937 random(3);
  for (int32_t op = 0; op < 16; ++op) {
    for (const int64_t count : {1, 7, 100, 1023}) {
      const auto kind = static_cast<DenseUnaryOp>(op);
      const bool positive = kind == DenseUnaryOp::kLog || kind == DenseUnaryOp::kSqrt;
      const std::vector<float> x = random_floats(count, random, positive ? 0.01F : -20.0F, 20.0F);
      for (const int32_t parts : kSplits) {
        std::vector<float> y = poisoned(count);
        const DenseUnaryParams p{kind, {Activation::kSilu, 0.3F, 0.0F}, count, x.data(), y.data()};
        run_parts(dense_unary, p, parts);
        for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
          const double expected =
              definition(kind, static_cast<double>(x[i]), static_cast<double>(0.3F));
          ASSERT_TRUE(is_near(y[i], expected, 2e-6 * std::max(1.0, std::fabs(expected))))
              << "op " << op << " of " << x[i] << " gave " << y[i];
        }
        ASSERT_TRUE(guard_intact(y));
      }
    }
  }
}

std::vector<double> definition(DenseReduceParams::Kind kind, const std::vector<double>& x) {
  using Kind = DenseReduceParams::Kind;
  const auto largest = std::max_element(x.begin(), x.end());
  switch (kind) {
    case Kind::kMax:
      return {*largest};
    case Kind::kMin:
      return {*std::min_element(x.begin(), x.end())};
    case Kind::kMean:
      return {std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size())};
    case Kind::kSum:
      return {std::accumulate(x.begin(), x.end(), 0.0)};
    case Kind::kProd:
      return {std::accumulate(x.begin(), x.end(), 1.0, std::multiplies<>())};
    case Kind::kArgMax:
      return {static_cast<double>(largest - x.begin())};
    case Kind::kSoftmax:
      break;
  }
  std::vector<double> weight;
  for (const double value : x) weight.push_back(std::exp(value - *largest));
  const double sum = std::accumulate(weight.begin(), weight.end(), 0.0);
  for (double& value : weight) value /= sum;
  return weight;
}

TEST(RowReduce, EveryKindOverEveryAxis) {
  std::mt19937 random(4);
  const int64_t shapes[][3] = {{1, 1, 1}, {5, 17, 1}, {1, 16, 200}, {3, 7, 65}, {2, 300, 3}};
  for (int32_t kind = 0; kind < 7; ++kind) {
    for (const auto& [outer, axis, inner] : shapes) {
      DenseReduceParams p{};
      p.kind = static_cast<DenseReduceParams::Kind>(kind);
      p.outer = outer;
      p.axis = axis;
      p.inner = inner;
      std::vector<float> x = random_floats(outer * axis * inner, random, -2.0F, 2.0F);
      // Few distinct values, so that maxima tie and the first must win.
      if (p.kind == DenseReduceParams::Kind::kArgMax) {
        for (float& value : x) value = std::round(value);
      }
      p.x = x.data();
      const int64_t kept = p.kind == DenseReduceParams::Kind::kSoftmax ? axis : 1;
      for (const int32_t parts : kSplits) {
        std::vector<float> y = poisoned(outer * kept * inner);
        p.y = y.data();
        run_parts(dense_reduce, p, parts);
        for (int64_t column = 0; column < outer * inner; ++column) {
          const int64_t o = column / inner;
          const int64_t n = column % inner;
          std::vector<double> values;
          for (int64_t i = 0; i < axis; ++i) {
            values.push_back(
                static_cast<double>(x[static_cast<size_t>((o * axis + i) * inner + n)]));
          }
          const std::vector<double> expected = definition(p.kind, values);
          for (int64_t i = 0; i < kept; ++i) {
            const double e = expected[static_cast<size_t>(i)];
            ASSERT_TRUE(is_near(y[static_cast<size_t>((o * kept + i) * inner + n)], e,
                                2e-6 * std::max(1.0, std::fabs(e))))
                << "kind " << kind;
          }
        }
        ASSERT_TRUE(guard_intact(y));
      }
    }
  }
}

TEST(RowReduce, SoftmaxOfLargeScores) {
  const std::vector<float> x = {1000.0F, 1000.0F, -1000.0F};
  std::vector<float> y = poisoned(3);
  dense_reduce({DenseReduceParams::Kind::kSoftmax, 1, 3, 1, x.data(), y.data()}, 0, 1);
  EXPECT_EQ(y[0], 0.5F);
  EXPECT_EQ(y[1], 0.5F);
  EXPECT_EQ(y[2], 0.0F);
}

void check_matmul(const MatmulVariant& variant, MatmulParams p, bool shared_b, int32_t parts) {
  std::mt19937 random(5);
  p.a_batch_stride = p.M * p.K + 3;
  p.b_batch_stride = shared_b ? 0 : p.K * p.N;
  // Exactly as long as the operands, so that reading past them shows under the sanitizer.
  const auto a = random_floats((p.batch - 1) * p.a_batch_stride + p.M * p.K, random);
  const auto b = random_floats((p.batch - 1) * p.b_batch_stride + p.K * p.N, random);
  std::vector<float> y = poisoned(p.batch * p.M * p.N);
  p.a = a.data();
  p.b = b.data();
  p.y = y.data();
  run_parts(variant.run, p, parts);
  for (int64_t i = 0; i < p.batch * p.M * p.N; ++i) {
    const int64_t batch = i / (p.M * p.N);
    const int64_t row = batch * p.a_batch_stride + i / p.N % p.M * p.K;
    double expected = 0.0;
    double magnitude = 0.0;
    for (int64_t k = 0; k < p.K; ++k) {
      const double product =
          static_cast<double>(a[static_cast<size_t>(row + k)]) *
          static_cast<double>(b[static_cast<size_t>(batch * p.b_batch_stride + k * p.N + i % p.N)]);
      expected += product;
      magnitude += std::fabs(product);
    }
    ASSERT_TRUE(is_near(y[static_cast<size_t>(i)], expected, 1e-5 * magnitude))
        << variant.name << " " << p.batch << "x" << p.M << "x" << p.K << "x" << p.N;
  }
  ASSERT_TRUE(guard_intact(y));
}

TEST(Matmul, AwkwardShapes) {
  const int64_t shapes[][4] = {{1, 1, 1, 1},   {2, 5, 3, 7},      {3, 6, 16, 8},
                               {1, 7, 1, 33},  {2, 13, 31, 1},    {1, 17, 64, 49},
                               {2, 12, 5, 32}, {1, 100, 700, 65}, {1, 3, 0, 4}};
  for (const MatmulVariant& variant : runnable(matmul_variants())) {
    for (const auto& [batch, M, K, N] : shapes) {
      MatmulParams p{};
      p.batch = batch;
      p.M = M;
      p.K = K;
      p.N = N;
      for (const int32_t parts : kSplits) check_matmul(variant, p, M % 2 == 0, parts);
    }
  }
}

// The order by stable sort, on the comparison the contract states.
std::vector<int32_t> sorted(const std::vector<float>& x, bool largest) {
  std::vector<int32_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  const auto above = [](float a, float b) { return std::isnan(a) ? !std::isnan(b) : a > b; };
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const float left = x[static_cast<size_t>(a)];
    const float right = x[static_cast<size_t>(b)];
    return largest ? above(left, right) : above(right, left);
  });
  return order;
}

TEST(TopK, OrdersTiesByIndexAndNanFirst) {
  std::mt19937 random(6);
  for (int32_t turn = 0; turn < 40; ++turn) {
    const int64_t rows = 5;
    const int64_t n = std::uniform_int_distribution<int64_t>(1, 90)(random);
    const int64_t k = std::uniform_int_distribution<int64_t>(0, n)(random);
    std::vector<float> x = random_floats(rows * n, random, -4.0F, 4.0F);
    for (float& value : x) {
      if (turn % 2 == 0) value = std::round(value);  // ties, and zeros of both signs
      if (turn % 5 == 0 && random() % 9 == 0) value = kNaN;
      if (turn % 7 == 0 && random() % 9 == 0) value = -HUGE_VALF;
    }
    for (const int32_t parts : kSplits) {
      std::vector<float> values = poisoned(rows * k);
      std::vector<float> indices = poisoned(rows * k);
      std::vector<int32_t> scratch(static_cast<size_t>(n * parts));
      const TopKParams p{
          rows, n, k, turn % 3 != 0, x.data(), values.data(), indices.data(), scratch.data()};
      run_parts(topk, p, parts);
      for (int64_t row = 0; row < rows; ++row) {
        const std::vector<float> own(x.begin() + row * n, x.begin() + (row + 1) * n);
        const std::vector<int32_t> order = sorted(own, p.largest);
        for (int64_t i = 0; i < k; ++i) {
          const int32_t expected = order[static_cast<size_t>(i)];
          const auto at = static_cast<size_t>(row * k + i);
          ASSERT_EQ(indices[at], static_cast<float>(expected));
          const float value = own[static_cast<size_t>(expected)];
          ASSERT_TRUE(values[at] == value || (std::isnan(values[at]) && std::isnan(value)));
        }
      }
      ASSERT_TRUE(guard_intact(values) && guard_intact(indices));
    }
  }
}

TEST(RowGather, BothFormsAndEveryIndex) {
  std::mt19937 random(7);
  const int64_t outer = 3;
  const int64_t axis = 5;
  const std::vector<float> choices = {0.0F, 4.0F,  2.0F, -1.0F,     -5.0F,      5.0F,
                                      1e9F, -6.0F, kNaN, HUGE_VALF, -HUGE_VALF, 1.0F};
  const std::vector<int64_t> meant = {0, 4, 2, 4, 0, 4, 4, 0, 0, 4, 0, 1};
  for (const bool elementwise : {false, true}) {
    for (const int64_t inner : {1, 4, 9}) {
      const int64_t count = 7;
      const std::vector<float> x = random_floats(outer * axis * inner, random);
      std::vector<float> index;
      std::vector<int64_t> target;
      for (int64_t i = 0; i < (elementwise ? outer * count * inner : count); ++i) {
        const size_t choice = random() % choices.size();
        index.push_back(choices[choice]);
        target.push_back(meant[choice]);
      }
      for (const int32_t parts : kSplits) {
        std::vector<float> y = poisoned(outer * count * inner);
        const DenseGatherParams p{elementwise, outer,    axis,         inner,
                                  count,       x.data(), index.data(), y.data()};
        run_parts(dense_gather, p, parts);
        for (int64_t i = 0; i < outer * count * inner; ++i) {
          const int64_t o = i / (count * inner);
          const int64_t from = elementwise ? target[static_cast<size_t>(i)]
                                           : target[static_cast<size_t>(i / inner % count)];
          ASSERT_EQ(y[static_cast<size_t>(i)],
                    x[static_cast<size_t>((o * axis + from) * inner + i % inner)]);
        }
        ASSERT_TRUE(guard_intact(y));
      }
    }
  }
}

}  // namespace
}  // namespace pawl::kernels
