// Proves: the row-major kernels agree with the CPU's on random tensors of awkward extents and
// strides (broadcast, permuted, backwards), in lockstep and in random orders; copies between float16
// and float32 leave what lies between their elements; ties, NaN and indices out of range behave as
// documented; and nothing is read that nobody wrote.
#include "kernels/cuda/dense.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/cpu/matmul/variants.h"
#include "kernels/cuda/images.h"
#include "tests/kernels/cuda/device_image.h"

namespace pawl::kernels::cuda {
namespace {

using pawl::cuda::CUdeviceptr;
using softgpu::Option;
using softgpu::SoftGpu;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kFunction = 0x1p-20;  // of exp, log, pow, sin, cos

using Floats = std::vector<float>;

// A tensor of kRank dimensions inside memory of its own.
struct View {
  int64_t stride[kRank];
  int64_t first, size;  // in elements: where it starts, and what it needs
};

class Dense : public testing::Test {
 protected:
  void SetUp() override {
    if (device_images().empty()) GTEST_SKIP() << "no CUDA toolkit when this was built";
  }
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }
  Floats floats(int64_t count, float low = -3.0F, float high = 3.0F) {
    Floats values(static_cast<size_t>(count));
    std::uniform_real_distribution<float> uniform(low, high);
    for (float& v : values) v = uniform(random);
    return values;
  }
  // At most 432 elements.
  int64_t set_extents(int64_t (&extent)[kRank]) {
    int64_t count = 1;
    for (int64_t& e : extent) {
      e = pick(1, count < 40 ? 5 : 2);
      count *= e;
    }
    return count;
  }
  // Dimensions in a random order in memory, `step` apart; where allowed some of stride 0, some
  // backwards.
  View view(const int64_t (&extent)[kRank], int64_t step, bool broadcast, bool backwards) {
    int order[kRank];
    std::iota(order, order + kRank, 0);
    if (pick(0, 1) == 1) std::shuffle(order, order + kRank, random);
    View v{{}, 0, 1};
    int64_t next = step;
    for (int k = kRank - 1; k >= 0; --k) {
      const int d = order[k];
      if (broadcast && pick(0, 3) == 0) continue;
      v.stride[d] = next;
      v.size += (extent[d] - 1) * next;
      next *= extent[d];
      if (backwards && pick(0, 3) == 0) {
        v.first += (extent[d] - 1) * v.stride[d];
        v.stride[d] = -v.stride[d];
      }
    }
    return v;
  }

  // `run` launches with the device's addresses of the inputs and of `wanted.size()` floats, which
  // hold `wanted` afterwards: within relative * |wanted| + absolute, NaN where that is.
  template <typename Run>
  void expect_equal(const std::vector<const Floats*>& inputs, const Floats& wanted, double relative,
                    const Floats& absolute, const Run& run) {
    for (const int64_t seed : {int64_t{0}, pick(1, 1000)}) {
      SoftGpu gpu({{Option::kSeed, seed}});
      std::vector<const float*> addresses;
      for (const Floats* x : inputs) addresses.push_back(device_pointer<float>(gpu.upload(*x)));
      const CUdeviceptr y = gpu.allocate(wanted.size() * sizeof(float));
      ASSERT_EQ(run(gpu, addresses, device_pointer<float>(y)), "") << "seed " << seed;
      const Floats found = gpu.download<float>(y, wanted.size());
      ASSERT_EQ(gpu.findings(), "") << "seed " << seed;
      for (size_t i = 0; i < wanted.size(); ++i) {
        if (found[i] == wanted[i] || (std::isnan(found[i]) && std::isnan(wanted[i]))) continue;
        const double error = std::abs(double{found[i]} - double{wanted[i]});
        const double bound =
            relative * std::abs(double{wanted[i]}) + double{absolute[i % absolute.size()]};
        ASSERT_LE(error, bound) << "element " << i << ": " << found[i] << ", expected "
                                << wanted[i];
      }
    }
  }

  std::mt19937 random{23};
};

TEST_F(Dense, Copies) {
  for (int i = 0; i < 24; ++i) {
    CopyLaunchParams p{{}, (i & 1) != 0, (i & 2) != 0};
    const int64_t count = set_extents(p.copy.extent);
    const View x = view(p.copy.extent, 1, true, true);
    const View y = view(p.copy.extent, pick(1, 3), false, true);
    std::copy_n(x.stride, kRank, p.copy.x_stride), std::copy_n(y.stride, kRank, p.copy.y_stride);
    Floats from = floats(x.size), to(static_cast<size_t>(y.size), kInfinity);
    for (float& v : from) v = half_value(half_bits(v));  // exact in either form
    StridedCopyParams host = p.copy;
    host.x = from.data() + x.first, host.y = to.data() + y.first;
    strided_copy(host, 0, 1);
    ASSERT_LE(std::count_if(to.begin(), to.end(), [](float v) { return v != kInfinity; }), count);

    SoftGpu gpu({{Option::kSeed, i % 4}});
    std::vector<uint16_t> halves;
    for (const float v : from) halves.push_back(half_bits(v));
    const size_t x_bytes = p.x_half ? 2 : 4, y_bytes = p.y_half ? 2 : 4;
    const CUdeviceptr in = p.x_half ? gpu.upload(halves) : gpu.upload(from);
    const CUdeviceptr out = gpu.allocate(to.size() * y_bytes);
    p.copy.x = device_pointer<float>(in + static_cast<size_t>(x.first) * x_bytes);
    p.copy.y = device_pointer<float>(out + static_cast<size_t>(y.first) * y_bytes);
    ASSERT_EQ(run_launch(gpu, copy_launch(p), p), "");
    ASSERT_EQ(gpu.findings(), "");
    const auto bytes = gpu.download<uint8_t>(out, to.size() * y_bytes);
    for (size_t at = 0; at < to.size(); ++at) {
      const uint8_t* element = bytes.data() + at * y_bytes;
      if (to[at] == kInfinity) {
        ASSERT_TRUE(std::all_of(element, element + y_bytes, [](uint8_t b) { return b == 0xCB; }))
            << "between elements, at " << at;
        continue;
      }
      uint16_t half = 0;
      float value = 0.0F;
      std::memcpy(p.y_half ? static_cast<void*>(&half) : &value, element, y_bytes);
      ASSERT_EQ(p.y_half ? half_value(half) : value, to[at]) << "case " << i << " at " << at;
    }
  }
}

TEST_F(Dense, Binary) {
  for (int i = 0; i < 48; ++i) {
    DenseBinaryParams p{};
    p.op = static_cast<DenseBinaryOp>(i % 12);
    const int64_t count = set_extents(p.extent);
    const View a = view(p.extent, 1, true, false), b = view(p.extent, 1, true, false);
    std::copy_n(a.stride, kRank, p.a_stride), std::copy_n(b.stride, kRank, p.b_stride);
    const bool power = p.op == DenseBinaryOp::kPow;
    Floats left = floats(a.size, power ? 0.1F : -3.0F), right = floats(b.size);
    if (p.op >= DenseBinaryOp::kMod) {  // whole numbers: comparisons see equals, remainders are 0
      for (float& v : left) v = std::round(v);
      for (float& v : right) v = std::round(v) == 0.0F ? 1.0F : std::round(v);
    }
    Floats y(static_cast<size_t>(count));
    p.a = left.data(), p.b = right.data(), p.y = y.data();
    dense_binary(p, 0, 1);
    const bool exact = !power && p.op != DenseBinaryOp::kDiv;
    expect_equal({&left, &right}, y,
                 power   ? kFunction
                 : exact ? 0.0
                         : 0x1p-23,
                 {0.0F}, [&](const SoftGpu& gpu, const auto& in, float* out) {
                   DenseBinaryParams d = p;
                   d.a = in[0], d.b = in[1], d.y = out;
                   return run_launch(gpu, dense_binary_launch(d), d);
                 });
  }
}

TEST_F(Dense, Unary) {
  for (int i = 0; i < 26; ++i) {
    DenseUnaryParams p{};
    p.op = static_cast<DenseUnaryOp>(i < 16 ? i : 0);
    p.activation = {static_cast<Activation>(i < 16 ? 0 : i - 15), 0.25F, 0.75F};
    p.count = pick(1, 300);
    const bool positive = p.op == DenseUnaryOp::kLog || p.op == DenseUnaryOp::kSqrt ||
                          p.op == DenseUnaryOp::kReciprocal;
    Floats x = floats(p.count, positive ? 0.01F : -20.0F, 20.0F);
    if (p.op == DenseUnaryOp::kSin || p.op == DenseUnaryOp::kCos) x[0] = 123456.0F;
    if (p.op == DenseUnaryOp::kNot) x[0] = 0.0F;
    Floats y(x.size());
    p.x = x.data(), p.y = y.data();
    dense_unary(p, 0, 1);
    expect_equal({&x}, y, p.op == DenseUnaryOp::kActivation ? 1e-5 : kFunction,
                 {p.op == DenseUnaryOp::kActivation ? 1e-5F : 1e-7F},
                 [&](const SoftGpu& gpu, const auto& in, float* out) {
                   DenseUnaryParams d = p;
                   d.x = in[0], d.y = out;
                   return run_launch(gpu, dense_unary_launch(d), d);
                 });
  }
}

TEST_F(Dense, Reductions) {
  using Kind = DenseReduceParams::Kind;
  for (int i = 0; i < 42; ++i) {
    DenseReduceParams p{};
    p.kind = static_cast<Kind>(i % 7);
    p.outer = pick(1, 4), p.axis = pick(1, 70), p.inner = pick(1, 20);
    Floats x = floats(p.outer * p.axis * p.inner);
    if (p.kind == Kind::kArgMax || p.kind == Kind::kMax) {
      for (float& v : x) v = std::round(v);  // ties go to the first
    }
    const bool chooses = p.kind == Kind::kMax || p.kind == Kind::kMin || p.kind == Kind::kArgMax;
    if (chooses && i >= 21) x[static_cast<size_t>(pick(0, p.axis * p.inner - 1))] = kNaN;
    if (p.kind == Kind::kSoftmax) {
      x[0] = i < 20 ? -kInfinity : kInfinity;
      x[x.size() / 2] = 90.0F;  // its exp is no float
    }
    const int64_t columns = p.outer * p.inner;
    Floats y(p.kind == Kind::kSoftmax ? x.size() : static_cast<size_t>(columns));
    p.x = x.data(), p.y = y.data();
    dense_reduce(p, 0, 1);
    Floats absolute(y.size(), 0.0F);
    double relative = p.kind == Kind::kSoftmax ? 4e-6 : 0.0;
    if (p.kind == Kind::kProd) relative = static_cast<double>(p.axis) * 0x1p-23;
    for (int64_t c = 0; c < columns && (p.kind == Kind::kSum || p.kind == Kind::kMean); ++c) {
      double sum = 0.0;
      for (int64_t k = 0; k < p.axis; ++k)
        sum += std::abs(
            double{x[static_cast<size_t>((c / p.inner * p.axis + k) * p.inner + c % p.inner)]});
      if (p.kind == Kind::kMean) sum /= static_cast<double>(p.axis);
      absolute[static_cast<size_t>(c)] = static_cast<float>(sum * 0x1p-22);
    }
    if (p.kind == Kind::kSoftmax) absolute = {1e-30F};  // below, a float has fewer bits
    expect_equal({&x}, y, relative, absolute, [&](const SoftGpu& gpu, const auto& in, float* out) {
      DenseReduceParams d = p;
      d.x = in[0], d.y = out;
      return run_launch(gpu, dense_reduce_launch(d), d);
    });
  }
}

// What a naive sum of floats loses is kept.
TEST_F(Dense, SumsKeepWhatRoundingTakes) {
  const Floats x = {3e7F, 1.0F, 1.0F, 1.0F, -3e7F, 0.25F};
  expect_equal({&x}, {3.25F}, 0.0, {0.0F}, [&](const SoftGpu& gpu, const auto& in, float* out) {
    DenseReduceParams d{DenseReduceParams::Kind::kSum, 1, 6, 1, in[0], out};
    return run_launch(gpu, dense_reduce_launch(d), d);
  });
}

TEST_F(Dense, MatrixProducts) {
  for (int i = 0; i < 16; ++i) {
    MatmulParams p{};
    p.batch = pick(1, 3), p.M = pick(1, 11), p.N = pick(1, 19), p.K = pick(1, 40);
    p.a_batch_stride = i % 3 == 0 ? 0 : p.M * p.K;
    p.b_batch_stride = i % 4 == 0 ? 0 : p.K * p.N;
    Floats a = floats(p.a_batch_stride == 0 ? p.M * p.K : p.batch * p.M * p.K);
    Floats b = floats(p.b_batch_stride == 0 ? p.K * p.N : p.batch * p.K * p.N);
    const auto product = [&](const Floats& left, const Floats& right) {
      Floats y(static_cast<size_t>(p.batch * p.M * p.N));
      MatmulParams host = p;
      host.a = left.data(), host.b = right.data(), host.y = y.data();
      matmul_variants().back().run(host, 0, 1);
      return y;
    };
    const auto magnitudes = [](Floats values) {
      for (float& v : values) v = std::abs(v);
      return values;
    };
    Floats bound = product(magnitudes(a), magnitudes(b));
    for (float& one : bound) one *= static_cast<float>(p.K) * 0x1p-23F;
    expect_equal({&a, &b}, product(a, b), 0.0, bound,
                 [&](const SoftGpu& gpu, const auto& in, float* out) {
                   MatmulParams d = p;
                   d.a = in[0], d.b = in[1], d.y = out;
                   return run_launch(gpu, matmul_launch(d), d);
                 });
  }
}

// Values behind the indices: one output of two.
TEST_F(Dense, TopK) {
  for (int i = 0; i < 16; ++i) {
    TopKParams p{};
    p.rows = pick(1, 4), p.n = pick(1, 60), p.k = pick(1, p.n), p.largest = i % 2 == 0;
    Floats x = floats(p.rows * p.n);
    for (float& v : x)
      v = pick(0, 9) == 0 ? kNaN : std::round(v) * (pick(0, 1) == 1 ? 1.0F : -1.0F);
    const int64_t count = p.rows * p.k;
    Floats y(static_cast<size_t>(2 * count));
    std::vector<int32_t> scratch(static_cast<size_t>(p.n));
    p.x = x.data(), p.indices = y.data(), p.values = y.data() + count, p.scratch = scratch.data();
    topk(p, 0, 1);
    expect_equal({&x}, y, 0.0, {0.0F}, [&](const SoftGpu& gpu, const auto& in, float* out) {
      TopKParams d = p;
      d.x = in[0], d.indices = out, d.values = out + count, d.scratch = nullptr;
      return run_launch(gpu, topk_launch(d), d);
    });
  }
}

TEST_F(Dense, Gathers) {
  for (int i = 0; i < 16; ++i) {
    DenseGatherParams p{};
    p.elementwise = i % 2 == 0;
    p.outer = pick(1, 4), p.axis = pick(1, 7), p.inner = pick(1, 9), p.count = pick(1, 11);
    Floats x = floats(p.outer * p.axis * p.inner);
    Floats index(static_cast<size_t>(p.elementwise ? p.outer * p.count * p.inner : p.count));
    for (float& v : index) v = static_cast<float>(pick(-p.axis - 2, p.axis + 2));
    index[0] = i % 4 == 0 ? kNaN : 1e30F;
    Floats y(static_cast<size_t>(p.outer * p.count * p.inner));
    p.x = x.data(), p.index = index.data(), p.y = y.data();
    dense_gather(p, 0, 1);
    expect_equal({&x, &index}, y, 0.0, {0.0F}, [&](const SoftGpu& gpu, const auto& in, float* out) {
      DenseGatherParams d = p;
      d.x = in[0], d.index = in[1], d.y = out;
      return run_launch(gpu, dense_gather_launch(d), d);
    });
  }
}

}  // namespace
}  // namespace pawl::kernels::cuda
