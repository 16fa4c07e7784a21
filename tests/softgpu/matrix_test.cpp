// Proves: every form of mma and ldmatrix that the software GPU knows gives the matrix product, with
// the elements where the PTX manual's tables have them (written here element by element, as they
// are there); bytes wrap or saturate as they should.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/softgpu/device/float16.h"
#include "tests/softgpu/kernel_text.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::softgpu {
namespace {

struct Form {
  const char* opcode;
  int K;
  bool bytes, signed_a, signed_b;
  bool half_sum;
  bool saturates;
};

const Form kForms[] = {
    {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", 8, false, true, true, false, false},
    {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 16, false, true, true, false, false},
    {"mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16", 8, false, true, true, true, false},
    {"mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", 16, false, true, true, true, false},
    {"mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32", 16, true, true, true, false, false},
    {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 32, true, true, true, false, false},
    {"mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32", 32, true, false, true, false, false},
    {"mma.sync.aligned.m16n8k16.row.col.s32.s8.u8.s32", 16, true, true, false, false, false},
    {"mma.sync.aligned.m16n8k32.row.col.s32.u8.u8.s32", 32, true, false, false, false, false},
    {"mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32", 32, true, true, true, false,
     true},
};

struct Position {
  int row, column;
};
// Element i of A, B and C in a lane: "Matrix Fragments for mma" of the manual.
Position a_position(const Form& f, int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  if (!f.bytes && f.K == 8) return {i < 2 ? group : group + 8, in_group * 2 + (i & 1)};
  if (!f.bytes)
    return {i < 2 || (i >= 4 && i < 6) ? group : group + 8,
            in_group * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
  if (f.K == 16) return {i < 4 ? group : group + 8, in_group * 4 + (i & 3)};
  return {i < 4 || (i >= 8 && i < 12) ? group : group + 8,
          in_group * 4 + (i & 3) + (i >= 8 ? 16 : 0)};
}
Position b_position(const Form& f, int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  if (!f.bytes) return {in_group * 2 + (i & 1) + (i >= 2 ? 8 : 0), group};
  return {in_group * 4 + (i & 3) + (i >= 4 ? 16 : 0), group};
}
Position c_position(int lane, int i) {
  return {(lane >> 2) + (i < 2 ? 0 : 8), lane % 4 * 2 + (i & 1)};
}

std::string registers(int first, int count) {
  std::string text = "{";
  for (int r = 0; r < count; ++r) text += (r == 0 ? "%r" : ", %r") + std::to_string(first + r);
  return text + "}";
}

class Product {
 public:
  Product(const Form& form, uint32_t seed) : f(form), random(seed) {
    for (auto* m : {&a, &b}) m->assign(static_cast<size_t>(f.K) * 16, 0.0);
    c.assign(128, 0.0);
    const int bits = f.bytes ? 8 : 16, per = 32 / bits;
    words_a = 16 * f.K / 32 / per, words_b = f.K * 8 / 32 / per, words_c = f.half_sum ? 2 : 4;
    for (int lane = 0; lane < 32; ++lane) {
      for (int w = 0; w < words_a; ++w)
        lanes.push_back(draw(per, bits, f.signed_a, [&](int e) -> double& {
          const Position p = a_position(f, lane, w * per + e);
          return a[static_cast<size_t>(p.row * f.K + p.column)];
        }));
      for (int w = 0; w < words_b; ++w)
        lanes.push_back(draw(per, bits, f.signed_b, [&](int e) -> double& {
          const Position p = b_position(f, lane, w * per + e);
          return b[static_cast<size_t>(p.row * 8 + p.column)];
        }));
      for (int w = 0; w < words_c; ++w) lanes.push_back(draw_sum(lane, w));
    }
  }

  std::vector<uint32_t> run(const SoftGpu& gpu) const {
    const int words = words_a + words_b + words_c;
    std::string body = "mad.wide.u32 %x1, %lane, " + std::to_string(4 * words) + ", %data;";
    for (int w = 0; w < words; ++w) {
      body +=
          "ld.global.u32 %r" + std::to_string(10 + w) + ", [%x1+" + std::to_string(4 * w) + "];";
    }
    // Halves' and bytes' registers are b32 to PTX, sums f32 or s32: any 32-bit register will do here.
    body += std::string(f.opcode) + " " + registers(40, words_c) + ", " + registers(10, words_a) +
            ", " + registers(10 + words_a, words_b) + ", " +
            registers(10 + words_a + words_b, words_c) + ";";
    for (int w = 0; w < words_c; ++w) {
      body +=
          "st.global.u32 [%x1+" + std::to_string(4 * w) + "], %r" + std::to_string(40 + w) + ";";
    }
    const auto data = gpu.upload(lanes);
    const auto module = gpu.load(kernel_text(body).c_str());
    EXPECT_EQ(gpu.launch(gpu.function(module, "k"), 1, 32, data), cuda::CUDA_SUCCESS);
    const auto all = gpu.download<uint32_t>(data, lanes.size());
    std::vector<uint32_t> result;
    for (int lane = 0; lane < 32; ++lane) {
      for (int w = 0; w < words_c; ++w)
        result.push_back(all[static_cast<size_t>(lane * words + w)]);
    }
    return result;
  }

  double expected(Position p) const {
    double sum = c[static_cast<size_t>(p.row * 8 + p.column)];
    for (int k = 0; k < f.K; ++k)
      sum += a[static_cast<size_t>(p.row * f.K + k)] * b[static_cast<size_t>(k * 8 + p.column)];
    return sum;
  }

  Form f;
  int words_a = 0, words_b = 0, words_c = 0;

 private:
  // A word of elements, each told to where(e).
  template <typename Where>
  uint32_t draw(int per, int bits, bool is_signed, Where&& where) {
    uint32_t word = 0;
    for (int e = 0; e < per; ++e) {
      uint32_t element = random() & 255;
      double value = is_signed ? static_cast<int8_t>(element) : static_cast<double>(element);
      if (bits == 16) {
        element = float_to_half(static_cast<float>(value / 32));
        value = static_cast<double>(half_to_float(element));
      }
      where(e) = value;
      word |= element << bits * e;
    }
    return word;
  }
  uint32_t draw_sum(int lane, int w) {
    if (f.half_sum) {
      return draw(2, 16, true, [&](int e) -> double& { return at_c(c_position(lane, 2 * w + e)); });
    }
    const int32_t value =
        f.bytes ? static_cast<int32_t>(random()) : static_cast<int32_t>(random() % 2000) - 1000;
    at_c(c_position(lane, w)) = value;
    return f.bytes ? static_cast<uint32_t>(value)
                   : std::bit_cast<uint32_t>(static_cast<float>(value));
  }
  double& at_c(Position p) { return c[static_cast<size_t>(p.row * 8 + p.column)]; }

  std::mt19937 random;
  std::vector<double> a, b, c;
  std::vector<uint32_t> lanes;
};

TEST(Matrix, ProductsOfEveryForm) {
  for (const Form& form : kForms) {
    for (uint32_t seed = 0; seed < 5; ++seed) {
      SoftGpu gpu;
      const Product product(form, seed);
      const auto result = product.run(gpu);
      EXPECT_EQ(gpu.findings(), "");
      for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < 4; ++i) {
          const double expected = product.expected(c_position(lane, i));
          if (form.bytes) {
            const int64_t exact = static_cast<int64_t>(expected);
            const int64_t held =
                form.saturates ? std::min<int64_t>(std::max<int64_t>(exact, INT32_MIN), INT32_MAX)
                               : exact;
            ASSERT_EQ(result[static_cast<size_t>(lane * 4 + i)], static_cast<uint32_t>(held))
                << form.opcode;
          } else if (form.half_sum) {
            const uint32_t word = result[static_cast<size_t>(lane * 2 + i / 2)];
            const double actual = static_cast<double>(half_to_float(word >> 16 * (i & 1) & 0xFFFF));
            ASSERT_NEAR(actual, expected, std::abs(expected) * 0x1p-11 + 1e-4) << form.opcode;
          } else {
            ASSERT_NEAR(static_cast<double>(
                            std::bit_cast<float>(result[static_cast<size_t>(lane * 4 + i)])),
                        expected, 1e-3)
                << form.opcode;
          }
        }
      }
    }
  }
}

// Row r of matrix m holds 100 m + 8 r + column.
TEST(Matrix, LoadsOfEveryForm) {
  for (const int count : {1, 2, 4}) {
    for (const bool transposed : {false, true}) {
      SoftGpu gpu;
      std::vector<uint16_t> elements(512, 0);
      for (int m = 0; m < 4; ++m) {
        for (int i = 0; i < 64; ++i)
          elements[static_cast<size_t>(64 * m + i)] = static_cast<uint16_t>(100 * m + i);
      }
      const auto data = gpu.upload(elements);
      const std::string body =
          "mad.wide.u32 %x1, %lane, 16, %data; ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%x1];"
          "mad.lo.u32 %r5, %lane, 16, %r0; st.shared.v4.u32 [%r5], {%r1, %r2, %r3, %r4}; bar.sync "
          "0;"
          "mov.u32 %r10, 0; mov.u32 %r11, 0; mov.u32 %r12, 0; mov.u32 %r13, 0;"
          "ldmatrix.sync.aligned.m8n8.x" +
          std::to_string(count) + (transposed ? ".trans" : "") + ".shared.b16 " +
          registers(10, count) + ", [%r5]; st.global.v4.u32 [%x1], {%r10, %r11, %r12, %r13};";
      ASSERT_EQ(gpu.launch(gpu.function(gpu.load(kernel_text(body).c_str()), "k"), 1, 32, data),
                cuda::CUDA_SUCCESS);
      EXPECT_EQ(gpu.findings(), "");
      const auto words = gpu.download<uint32_t>(data, 128);
      for (uint32_t lane = 0; lane < 32; ++lane) {
        for (uint32_t m = 0; m < static_cast<uint32_t>(count); ++m) {
          const uint32_t major = lane / 4, minor = lane % 4 * 2;
          const uint32_t low = transposed ? 8 * minor + major : 8 * major + minor;
          const uint32_t high = transposed ? low + 8 : low + 1;
          ASSERT_EQ(words[4 * lane + m], (100 * m + low) | (100 * m + high) << 16)
              << count << transposed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace pawl::softgpu
