// Proves: instructions of the software GPU compute what PTX says, against formulas written here for
// the host, on random and awkward bits; halves are converted right, all 65536 of them; what the
// interpreter does not know is an error with file and line.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/softgpu/device/float16.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::softgpu {
namespace {

// Three operands a thread, in registers of every width: a = %ra, %rda, %fa, %ha ...; the result goes
// to %rd (32 bits), zero-extended, or %rdd (64 bits).
std::string kernel_of(const std::string& body) {
  std::string text = R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 k_in, .param .u64 k_out)
{
  .reg .pred %p<4>;
  .reg .b16 %h<4>;
  .reg .b16 %ha; .reg .b16 %hb; .reg .b16 %hc;
  .reg .b32 %r<8>;
  .reg .b32 %ra; .reg .b32 %rb; .reg .b32 %rc; .reg .b32 %rd;
  .reg .f32 %fa; .reg .f32 %fb; .reg .f32 %fc; .reg .f32 %fd;
  .reg .b64 %rda; .reg .b64 %rdb; .reg .b64 %rdc; .reg .b64 %rdd;
  .reg .b64 %x<8>;
  ld.param.u64 %x0, [k_in];
  ld.param.u64 %x1, [k_out];
  mov.u32 %r0, %tid.x;
  mul.wide.u32 %x2, %r0, 24;
  add.s64 %x3, %x0, %x2;
  ld.global.b64 %rda, [%x3];
  ld.global.b64 %rdb, [%x3+8];
  ld.global.b64 %rdc, [%x3+16];
  cvt.u32.u64 %ra, %rda; cvt.u32.u64 %rb, %rdb; cvt.u32.u64 %rc, %rdc;
  cvt.u16.u64 %ha, %rda; cvt.u16.u64 %hb, %rdb; cvt.u16.u64 %hc, %rdc;
  mov.b32 %fa, %ra; mov.b32 %fb, %rb; mov.b32 %fc, %rc;
  mov.b64 %rdd, 0;
  mov.u32 %rd, 0;
)";
  text += body;
  text += R"(
  cvt.u64.u32 %x4, %rd;
  or.b64 %rdd, %rdd, %x4;
  mul.wide.u32 %x5, %r0, 8;
  add.s64 %x6, %x1, %x5;
  st.global.b64 [%x6], %rdd;
  ret;
}
)";
  return text;
}

struct Case {
  const char* body;
  std::function<uint64_t(uint64_t, uint64_t, uint64_t)> expected;
};

float f(uint64_t x) {
  return std::bit_cast<float>(static_cast<uint32_t>(x));
}
uint64_t b(float x) {
  return std::bit_cast<uint32_t>(x);
}
int32_t s(uint64_t x) {
  return static_cast<int32_t>(x);
}
uint32_t u(uint64_t x) {
  return static_cast<uint32_t>(x);
}
uint64_t z(int64_t x) {
  return static_cast<uint32_t>(x);
}
double h(uint64_t x) {
  return static_cast<double>(half_to_float(static_cast<uint16_t>(x)));
}
uint64_t byte(uint64_t x, int k) {
  return x >> 8 * k & 255;
}
int64_t sbyte(uint64_t x, int k) {
  return static_cast<int8_t>(byte(x, k));
}

const Case kCases[] = {
    {"add.s32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return z(u(a) + int64_t{u(c)}); }},
    {"sub.s32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return z(int64_t{u(a)} - u(c)); }},
    {"mul.lo.s32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return u(uint64_t{u(a)} * u(c)); }},
    {"mul.hi.u32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return uint64_t{u(a)} * u(c) >> 32; }},
    {"mul.hi.s32 %rd, %ra, %rb;",
     [](auto a, auto c, auto) { return z(int64_t{s(a)} * s(c) >> 32); }},
    {"mul.wide.s32 %rdd, %ra, %rb;",
     [](auto a, auto c, auto) { return static_cast<uint64_t>(int64_t{s(a)} * s(c)); }},
    {"mad.wide.u32 %rdd, %ra, %rb, %rdc;",
     [](auto a, auto c, auto d) { return uint64_t{u(a)} * u(c) + d; }},
    {"mad.lo.s32 %rd, %ra, %rb, %rc;",
     [](auto a, auto c, auto d) { return u(uint64_t{u(a)} * u(c) + d); }},
    {"div.u32 %rd, %ra, %rb;",
     [](auto a, auto c, auto) { return u(c) == 0 ? 0xFFFFFFFFU : u(a) / u(c); }},
    {"rem.s32 %rd, %ra, 7;", [](auto a, auto, auto) { return z(s(a) % 7); }},
    {"shl.b32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return u(c) > 31 ? 0U : u(a) << u(c); }},
    {"shr.s32 %rd, %ra, 5;", [](auto a, auto, auto) { return z(s(a) >> 5); }},
    {"shr.u64 %rdd, %rda, 33;", [](auto a, auto, auto) { return a >> 33; }},
    {"shf.l.wrap.b32 %rd, %ra, %rb, 9;",
     [](auto a, auto c, auto) { return u(u(c) << 9 | u(a) >> 23); }},
    {"shf.r.clamp.b32 %rd, %ra, %rb, 40;", [](auto, auto c, auto) { return u(c); }},
    {"lop3.b32 %rd, %ra, %rb, %rc, 0x96;", [](auto a, auto c, auto d) { return u(a ^ c ^ d); }},
    {"lop3.b32 %rd, %ra, %rb, %rc, 0xE8;",
     [](auto a, auto c, auto d) { return u((a & c) | (a & d) | (c & d)); }},
    {"lop3.b32 %rd, %ra, %rb, %rc, 0xCA;",
     [](auto a, auto c, auto d) { return u((a & c) | (~a & d)); }},
    {"prmt.b32 %rd, %ra, %rb, 0x1736;",
     [](auto a, auto c, auto) {
       return byte(c, 2) | byte(a, 3) << 8 | byte(c, 3) << 16 | byte(a, 1) << 24;
     }},
    {"prmt.b32 %rd, %ra, %rb, 0x99F0;",
     [](auto a, auto c, auto) {
       const uint64_t sign = sbyte(a, 1) < 0 ? 0xFFFF0000U : 0;
       return byte(a, 0) | (sbyte(c, 3) < 0 ? 0xFF00U : 0U) | sign;
     }},
    {"bfe.u32 %rd, %ra, 7, 11;", [](auto a, auto, auto) { return a >> 7 & 2047; }},
    {"bfe.s32 %rd, %ra, 27, 9;", [](auto a, auto, auto) { return z(s(a) >> 27); }},
    {"bfi.b32 %rd, %ra, %rb, 5, 10;",
     [](auto a, auto c, auto) { return u((c & ~(1023U << 5)) | (a & 1023) << 5); }},
    {"popc.b32 %rd, %ra;",
     [](auto a, auto, auto) { return static_cast<uint64_t>(std::popcount(u(a))); }},
    {"clz.b32 %rd, %ra;",
     [](auto a, auto, auto) { return static_cast<uint64_t>(std::countl_zero(u(a))); }},
    {"bfind.shiftamt.u32 %rd, %ra;",
     [](auto a, auto, auto) {
       return u(a) == 0 ? 0xFFFFFFFFU : static_cast<uint64_t>(std::countl_zero(u(a)));
     }},
    {"dp4a.s32.s32 %rd, %ra, %rb, %rc;",
     [](auto a, auto c, auto d) {
       int64_t sum = s(d);
       for (int k = 0; k < 4; ++k) sum += sbyte(a, k) * sbyte(c, k);
       return z(sum);
     }},
    {"dp4a.u32.s32 %rd, %ra, %rb, %rc;",
     [](auto a, auto c, auto d) {
       int64_t sum = s(d);
       for (int k = 0; k < 4; ++k) sum += static_cast<int64_t>(byte(a, k)) * sbyte(c, k);
       return z(sum);
     }},
    {"min.s32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return z(std::min(s(a), s(c))); }},
    {"max.u32 %rd, %ra, %rb;", [](auto a, auto c, auto) { return std::max(u(a), u(c)); }},
    {"abs.s32 %rd, %ra;", [](auto a, auto, auto) { return z(std::abs(int64_t{s(a)})); }},
    {"setp.lt.s32 %p1, %ra, %rb; selp.b32 %rd, %ra, %rb, %p1;",
     [](auto a, auto c, auto) { return z(std::min(s(a), s(c))); }},
    {"setp.gt.u32 %p2, %rc, 9; setp.lt.and.u32 %p1|%p3, %ra, %rb, !%p2; selp.u32 %rd, 1, 0, %p1; "
     "@%p3 add.u32 %rd, %rd, 2;",
     [](auto a, auto c, auto d) { return u(d) > 9      ? 0U
                                         : u(a) < u(c) ? 1U
                                                       : 2U; }},
    {"cvt.s32.s8 %rd, %ra;", [](auto a, auto, auto) { return z(sbyte(a, 0)); }},
    {"cvt.sat.u8.s32 %rd, %ra;",
     [](auto a, auto, auto) { return z(std::min(std::max(s(a), 0), 255)); }},
    {"cvt.rn.f32.s32 %fd, %ra; mov.b32 %rd, %fd;",
     [](auto a, auto, auto) { return b(static_cast<float>(s(a))); }},
    {"cvt.rzi.s32.f32 %rd, %fa;",
     [](auto a, auto, auto) {
       const double x = static_cast<double>(f(a));
       return std::isnan(x) ? 0
                            : z(x >= 2147483647.0    ? 2147483647
                                : x <= -2147483648.0 ? INT32_MIN
                                                     : static_cast<int64_t>(x));
     }},
    {"cvt.rni.s32.f32 %rd, %fa;",
     [](auto a, auto, auto) {
       const double x = std::nearbyint(static_cast<double>(f(a)));
       return std::isnan(x) ? 0
                            : z(x >= 2147483647.0    ? 2147483647
                                : x <= -2147483648.0 ? INT32_MIN
                                                     : static_cast<int64_t>(x));
     }},
    {"mov.b32 %rd, {%ha, %hb};",
     [](auto a, auto c, auto) { return (a & 0xFFFF) | (c & 0xFFFF) << 16; }},
    {"mov.b64 {%r1, %r2}, %rda; mov.b64 %rdd, {%r2, %r1};",
     [](auto a, auto, auto) { return a >> 32 | a << 32; }},
    {"min.f32 %fd, %fa, %fb; mov.b32 %rd, %fd;",
     [](auto a, auto c, auto) {
       if (std::isnan(f(a)) || std::isnan(f(c))) return b(std::isnan(f(a)) ? f(c) : f(a));
       if (f(a) == f(c)) return b(std::signbit(f(a)) ? f(a) : f(c));
       return b(f(a) < f(c) ? f(a) : f(c));
     }},
    {"add.f32 %fd, %fa, %fb; mov.b32 %rd, %fd;",
     [](auto a, auto c, auto) { return b(f(a) + f(c)); }},
    {"mul.f32 %fd, %fa, %fb; mov.b32 %rd, %fd;",
     [](auto a, auto c, auto) { return b(f(a) * f(c)); }},
    {"fma.rn.f32 %fd, %fa, %fb, %fc; mov.b32 %rd, %fd;",
     [](auto a, auto c, auto d) { return b(std::fma(f(a), f(c), f(d))); }},
    {"div.rn.f32 %fd, %fa, %fb; mov.b32 %rd, %fd;",
     [](auto a, auto c, auto) { return b(f(a) / f(c)); }},
    {"neg.f32 %fd, %fa; mov.b32 %rd, %fd;", [](auto a, auto, auto) { return u(a) ^ 0x80000000U; }},
    {"add.f16 %h1, %ha, %hb; cvt.u32.u16 %rd, %h1;",
     [](auto a, auto c, auto) { return uint64_t{double_to_half(h(a) + h(c))}; }},
    {"mul.f16x2 %rd, %ra, %rb;",
     [](auto a, auto c, auto) {
       return double_to_half(h(a) * h(c)) | uint64_t{double_to_half(h(a >> 16) * h(c >> 16))} << 16;
     }},
    {"cvt.rn.f16.f32 %h1, %fa; cvt.u32.u16 %rd, %h1;",
     [](auto a, auto, auto) { return uint64_t{double_to_half(static_cast<double>(f(a)))}; }},
    {"cvt.f32.f16 %fd, %ha; mov.b32 %rd, %fd;",
     [](auto a, auto, auto) { return b(static_cast<float>(h(a))); }},
    {"cvt.rn.f16x2.f32 %rd, %fa, %fb;",
     [](auto a, auto c, auto) {
       return double_to_half(static_cast<double>(f(c))) |
              uint64_t{double_to_half(static_cast<double>(f(a)))} << 16;
     }},
};

bool is_nan32(uint64_t x) {
  return (x & 0x7F800000U) == 0x7F800000U && (x & 0x7FFFFF) != 0;
}

TEST(Arithmetic, EqualsFormulasOfTheHost) {
  SoftGpu gpu;
  std::mt19937_64 random(7);
  const uint64_t awkward[] = {0,          1,          0xFFFFFFFF, 0x80000000,
                              0x7FFFFFFF, 0x3F800000, 0x00000001, 0x007FFFFF,
                              0x7F7FFFFF, 0x3C003C00, 0x7BFF0001, 0x80018000,
                              31,         32,         33,         uint64_t{1} << 63};
  std::vector<uint64_t> in(3 * 1024);
  for (uint64_t& x : in) {
    x = random();
    if (random() % 4 == 0) x = awkward[random() % std::size(awkward)];
    if (random() % 3 == 0)
      x = b(static_cast<float>(static_cast<int64_t>(random())) * 1e-15F) |
          (x & 0xFFFFFFFF00000000U);
  }
  const auto in_at = gpu.upload(in);
  const auto out_at = gpu.allocate(8 * 1024);
  for (const Case& c : kCases) {
    const auto module = gpu.load(kernel_of(c.body).c_str());
    ASSERT_NE(module, nullptr) << c.body;
    ASSERT_EQ(gpu.launch(gpu.function(module, "k"), 1, 1024, in_at, out_at), cuda::CUDA_SUCCESS);
    const auto out = gpu.download<uint64_t>(out_at, 1024);
    for (size_t i = 0; i < 1024; ++i) {
      const uint64_t expected = c.expected(in[3 * i], in[3 * i + 1], in[3 * i + 2]);
      if (std::string(c.body).find("%fd") != std::string::npos && is_nan32(expected) &&
          is_nan32(out[i]))
        continue;
      ASSERT_EQ(out[i], expected) << c.body << std::hex << " a " << in[3 * i] << " b "
                                  << in[3 * i + 1] << " c " << in[3 * i + 2];
    }
  }
  EXPECT_EQ(gpu.findings(), "");
}

TEST(Arithmetic, HalvesAreConvertedRight) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = half_to_float(bits);
    if (std::isnan(value)) continue;
    ASSERT_EQ(float_to_half(value), bits);
    ASSERT_EQ(double_to_half(static_cast<double>(value)), bits);
    // Halfway to the next one: to the even of the two.
    const float next = half_to_float(bits + 1);
    if ((bits & 0x7FFF) >= 0x7BFF || std::isnan(next)) continue;
    const float middle = (value + next) / 2;
    ASSERT_EQ(float_to_half(middle), (bits & 1) == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, next)), bits + 1);
    ASSERT_EQ(float_to_half(std::nextafter(middle, value)), bits);
    ASSERT_EQ(double_to_half(static_cast<double>(middle), Rounding::kZero), bits);
  }
}

TEST(Arithmetic, ProductAndSumAreRoundedOnce) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200000; ++i) {
    const float a = f(random()), c = f(random()),
                d = i % 3 == 0 ? -a * c * (1 + f(0x34000000)) : f(random());
    const float expected = std::fma(a, c, d);
    if (std::isnan(expected)) continue;
    ASSERT_EQ(b(fma_float(a, c, d)), b(expected)) << a << " " << c << " " << d;
  }
}

TEST(Arithmetic, TheUnknownIsAnError) {
  SoftGpu gpu;
  for (const char* body :
       {"foo.s32 %rd, %ra, %rb;", "add.s32.weird %rd, %ra, %rb;", "add.s32 %rd, %ra;",
        "add.s32 %rd, %ra, %nothing;", "call foo;", ".unknown 1;", "add.s64 %rd, %ra, %rb;",
        "bra nowhere;",
        "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {%r1}, {%r2}, {%r3}, {%r4};"}) {
    cuda::CUmodule module = nullptr;
    EXPECT_EQ(gpu.driver.cuModuleLoadData(&module, kernel_of(body).c_str()),
              cuda::CUDA_ERROR_INVALID_PTX)
        << body;
    const std::string message = control().last_message();
    EXPECT_NE(message.find("ptx:28: "), std::string::npos) << body << ": " << message;
  }
}

}  // namespace
}  // namespace pawl::softgpu
