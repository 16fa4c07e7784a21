// Proves: loads and stores of every width and sign, local memory, variables of the module with and
// without values, generic addresses and atomics on the software GPU.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/softgpu/kernel_text.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::softgpu {
namespace {

std::vector<uint32_t> run(const std::string& text, const std::vector<uint32_t>& in,
                          unsigned threads = 32) {
  SoftGpu gpu;
  const auto data = gpu.upload(in);
  const auto module = gpu.load(text.c_str());
  if (module == nullptr) return {};
  EXPECT_EQ(gpu.launch(gpu.function(module, "k"), 1, threads, data), cuda::CUDA_SUCCESS)
      << control().last_message();
  EXPECT_EQ(gpu.findings(), "");
  return gpu.download<uint32_t>(data, in.size());
}

TEST(Memory, WidthsAndSigns) {
  const auto out = run(
      kernel_text(
          ".reg .b16 %h<4>;"
          "ld.global.s8 %r1, [%data+1]; ld.global.u8 %r2, [%data+1]; ld.global.s16 %r3, [%data+2];"
          "ld.global.u16 %h1, [%data+2]; cvt.u32.u16 %r4, %h1; ld.global.s32 %x1, [%data];"
          "st.global.v4.u32 [%data+16], {%r1, %r2, %r3, %r4}; st.global.u64 [%data+32], %x1;"
          "st.global.u8 [%data+40], %r1; st.global.u16 [%data+42], %h1; st.global.u8 [%data+41], "
          "7;"),
      std::vector<uint32_t>{0x8765F321, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0}, 1);
  EXPECT_EQ(out[4], 0xFFFFFFF3U);
  EXPECT_EQ(out[5], 0xF3U);
  EXPECT_EQ(out[6], 0xFFFF8765U);
  EXPECT_EQ(out[7], 0x8765U);
  EXPECT_EQ(out[8], 0x8765F321U);
  EXPECT_EQ(out[9], 0xFFFFFFFFU);
  EXPECT_EQ(out[10], 0x876507F3U);
}

TEST(Memory, LocalIsTheThreads) {
  const std::string body =
      ".local .align 16 .b8 depot[32]; .reg .b64 %l<4>; mov.u64 %l1, depot; cvta.local.u64 %l2, "
      "%l1;"
      "st.local.u32 [depot+4], %tid; add.u32 %r1, %tid, 100; st.u32 [%l2+8], %r1;"
      "ld.local.u32 %r2, [%l1+8]; ld.u32 %r3, [%l2+4]; add.u32 %r4, %r2, %r3; st.global.u32 "
      "[%mine], %r4;";
  const auto out = run(kernel_text(body), std::vector<uint32_t>(64), 64);
  for (uint32_t i = 0; i < 64; ++i) EXPECT_EQ(out[i], 2 * i + 100);
}

TEST(Memory, VariablesOfTheModule) {
  std::string text = kernel_text(
      ".reg .b64 %g<4>; mov.u64 %g1, table; cvta.global.u64 %g1, %g1; mad.wide.u32 %g2, %tid, 4, "
      "%g1; ld.u32 %r1, [%g2];"
      "ld.global.u32 %r2, [zeros+8]; ld.const.s16 %r3, [constants+2]; add.u32 %r1, %r1, %r2; "
      "add.u32 %r1, %r1, %r3;"
      "st.global.u32 [%mine], %r1;");
  text.insert(
      text.find(".visible"),
      ".global .align 4 .u32 table[4] = {10, 20, 30, 0x28};\n.global .align 8 .b8 zeros[16];\n"
      ".const .align 2 .s16 constants[2] = {5, -3};\n");
  EXPECT_EQ(run(text, std::vector<uint32_t>(4), 4), (std::vector<uint32_t>{7, 17, 27, 37}));
}

TEST(Memory, GenericAddressesOfSharedMemory) {
  const auto out =
      run(kernel_text(
              ".reg .b64 %g<4>; cvt.u64.u32 %g1, %s; cvta.shared.u64 %g1, %g1; st.u32 [%g1], %tid;"
              "ld.shared.u32 %r1, [%s]; ld.u32 %r2, [%g1]; add.u32 %r1, %r1, %r2; st.global.u32 "
              "[%mine], %r1;"),
          std::vector<uint32_t>(32));
  for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(out[i], 2 * i);
}

TEST(Memory, Atomics) {
  const auto out =
      run(kernel_text(
              "atom.global.add.u32 %r1, [%data], %tid; atom.global.max.s32 %r2, [%data+4], %tid;"
              "atom.global.cas.b32 %r3, [%data+8], %tid, 99; red.global.or.b32 [%data+12], %tid;"
              "atom.global.exch.b32 %r4, [%data+16], %tid; atom.global.inc.u32 %r5, [%data+20], 4;"
              "mov.f32 %f1, 0f3F000000; red.global.add.f32 [%data+24], %f1;"),
          {5, 0xFFFFFFF0, 3, 0, 0, 0, 0});
  EXPECT_EQ(out[0], 5U + 31 * 16);
  EXPECT_EQ(out[1], 31U);
  EXPECT_EQ(out[2], 99U);
  EXPECT_EQ(out[3], 31U);
  EXPECT_EQ(out[4], 31U);
  EXPECT_EQ(out[5], 32U % 5);
  EXPECT_EQ(out[6], 0x41800000U);
}

}  // namespace
}  // namespace pawl::softgpu
