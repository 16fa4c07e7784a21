// Proves: what a GPU leaves without an order is reported: races in shared and global memory, copies
// under way, reads of what nobody wrote, accesses outside allocations, collectives and barriers that
// not all threads reach. And what is in order is not reported, whatever order warps run in.
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/softgpu/kernel_text.h"
#include "tests/softgpu/softgpu.h"

namespace pawl::softgpu {
namespace {

struct Outcome {
  cuda::CUresult result;
  std::string findings;
  std::vector<int32_t> data;
};

// 1024 integers, 0 1 2 ..., of which `written` are known to the device.
Outcome run(const std::string& body, unsigned grid, unsigned block, int64_t seed,
            size_t written = 1024) {
  SoftGpu gpu({{Option::kSeed, seed}});
  std::vector<int32_t> data(1024);
  std::iota(data.begin(), data.end(), 0);
  const auto address = gpu.allocate(4096);
  gpu.driver.cuMemcpyHtoD(address, data.data(), written * 4);
  const auto module = gpu.load(kernel_text(body).c_str());
  if (module == nullptr) return {cuda::CUDA_ERROR_INVALID_PTX, "", {}};
  const auto result = gpu.launch(gpu.function(module, "k"), grid, block, address);
  Outcome outcome{result, gpu.findings(), {}};
  if (result == cuda::CUDA_SUCCESS) outcome.data = gpu.download<int32_t>(address, written);
  return outcome;
}

constexpr int64_t kSeeds[] = {0, 1, 2, 3, 4, 5, 6, 7};

void expect_clean(const std::string& body, unsigned grid, unsigned block) {
  for (const int64_t seed : kSeeds) {
    const Outcome o = run(body, grid, block, seed);
    EXPECT_EQ(o.result, cuda::CUDA_SUCCESS) << o.findings;
    EXPECT_EQ(o.findings, "") << "seed " << seed;
  }
}
void expect_finding(const std::string& body, unsigned grid, unsigned block, const std::string& what,
                    cuda::CUresult result = cuda::CUDA_SUCCESS, size_t written = 1024) {
  for (const int64_t seed : kSeeds) {
    const Outcome o = run(body, grid, block, seed, written);
    EXPECT_EQ(o.result, result) << body;
    EXPECT_NE(o.findings.find(what), std::string::npos)
        << "seed " << seed << ": " << o.findings << body;
    EXPECT_NE(o.findings.find("ptx:"), std::string::npos);
  }
}

const std::string kNeighbour =
    "xor.b32 %r2, %s, 128; ld.shared.u32 %r3, [%r2]; st.global.u32 [%mine], %r3;";

TEST(Order, SharedMemoryBetweenBarriers) {
  expect_clean("st.shared.u32 [%s], %tid; bar.sync 0; " + kNeighbour, 1, 128);
  expect_clean("st.shared.u32 [%s], %tid; bar.sync 0; " + kNeighbour +
                   " bar.sync 0; st.shared.u32 [%s], %tid;",
               1, 128);
  expect_finding("st.shared.u32 [%s], %tid; bar.sync 0; st.shared.u32 [%s], 1; " + kNeighbour, 1,
                 128, "race");
  expect_finding(
      "st.shared.u32 [%s], %tid; bar.sync 0; " + kNeighbour + " st.shared.u32 [%s], %tid;", 1, 128,
      "race");
  expect_finding("st.shared.u32 [memory], %tid; ", 1, 64, "race");
  // Atomics are in order among themselves, not with a plain read.
  const std::string cleared = "st.shared.u32 [%s], 0; bar.sync 0; ";
  expect_clean(
      cleared + "atom.shared.add.u32 %r1, [memory], 1; bar.sync 0; ld.shared.u32 %r2, [memory];", 1,
      128);
  expect_finding(cleared + "atom.shared.add.u32 %r1, [memory], 1; ld.shared.u32 %r2, [memory];", 1,
                 128, "race");
}

TEST(Order, GlobalMemoryBetweenCtas) {
  const std::string own = "mad.wide.u32 %x1, %cta, 128, %mine;";
  expect_clean(own + "st.global.u32 [%x1], %tid; ld.global.u32 %r1, [%x1];", 4, 32);
  expect_finding("st.global.u32 [%mine], %cta;", 2, 32, "race");
  expect_finding(
      "setp.eq.u32 %p1, %cta, 0; @%p1 st.global.u32 [%mine], 5; @!%p1 ld.global.u32 %r1, [%mine];",
      2, 32, "race");
  expect_clean("red.global.add.u32 [%data], 1;", 8, 64);
  for (const int64_t seed : kSeeds)
    EXPECT_EQ(run("red.global.add.u32 [%data], 1;", 8, 64, seed).data[0], 512);
}

const std::string kCopy = "cp.async.cg.shared.global [%r4], [%x2], 16; ";
const std::string kCopyAddresses =
    "mad.wide.u32 %x2, %tid, 16, %data; mad.lo.u32 %r4, %tid, 16, %r0; ";

TEST(Order, CopiesUnderWay) {
  const std::string start = kCopyAddresses + kCopy + "cp.async.commit_group; ";
  const std::string other = "xor.b32 %r5, %r4, 512; ld.shared.u32 %r6, [%r5];";
  expect_clean(start + "cp.async.wait_group 0; ld.shared.u32 %r6, [%r4];", 1, 64);
  expect_clean(start + "cp.async.wait_all; bar.sync 0; " + other, 1, 64);
  expect_finding(start + "ld.shared.u32 %r6, [%r4];", 1, 64, "copy under way");
  expect_finding(start + "cp.async.wait_group 1; ld.shared.u32 %r6, [%r4];", 1, 64,
                 "copy under way");
  expect_finding(kCopyAddresses + kCopy + "cp.async.wait_group 0; ld.shared.u32 %r6, [%r4];", 1, 64,
                 "copy under way");
  expect_finding(start + "bar.sync 0; cp.async.wait_group 0; " + other, 1, 64, "");
  for (const int64_t seed : kSeeds) {
    EXPECT_NE(run(start + "cp.async.wait_group 0; " + other, 1, 64, seed).findings, "");
    EXPECT_NE(run(start + "bar.sync 0; cp.async.wait_group 0; " + other, 1, 64, seed).findings, "");
  }
  // A copy into what another warp still reads.
  const std::string filled =
      kCopyAddresses +
      "st.shared.u32 [%r4], 1; bar.sync 0; xor.b32 %r5, %r4, 512; ld.shared.u32 %r6, [%r5]; ";
  expect_finding(filled + kCopy, 1, 64, "race");
  expect_clean(filled + "bar.sync 0; " + kCopy + "cp.async.wait_all;", 1, 64);
}

TEST(Order, CopyFillsWithZeros) {
  const Outcome o = run(kCopyAddresses +
                            "cp.async.ca.shared.global [%r4], [%x2], 16, 6; cp.async.wait_all; "
                            "ld.shared.v4.u32 {%r1, %r2, %r3, %r5}, [%r4]; st.global.v4.u32 [%x2], "
                            "{%r1, %r2, %r3, %r5};",
                        1, 32, 0);
  EXPECT_EQ(o.findings, "");
  for (int32_t i = 0; i < 128; ++i)
    EXPECT_EQ(o.data[static_cast<size_t>(i)], i % 4 < 2 ? i & (i % 4 == 0 ? -1 : 0xFFFF) : 0) << i;
}

TEST(Order, WhatNobodyWrote) {
  expect_finding("ld.shared.u32 %r1, [%s];", 1, 32, "uninitialised");
  expect_finding("ld.global.u32 %r1, [%data+4000];", 1, 32, "uninitialised", cuda::CUDA_SUCCESS,
                 512);
  expect_finding("add.u32 %r1, %r40, 1;", 1, 32, "uninitialised");
  expect_finding("setp.eq.u32 %p1, %tid, 3; @%p1 mov.u32 %r1, 1; add.u32 %r2, %r1, 1;", 1, 32,
                 "uninitialised");
  expect_clean("setp.eq.u32 %p1, %tid, 3; @%p1 mov.u32 %r1, 1; @%p1 add.u32 %r2, %r1, 1;", 1, 32);
  expect_finding("@%p5 mov.u32 %r1, 1;", 1, 32, "uninitialised");
}

TEST(Order, Bounds) {
  expect_finding("ld.global.u32 %r1, [%data+4096];", 1, 32, "out of bounds",
                 cuda::CUDA_ERROR_ILLEGAL_ADDRESS);
  expect_finding("st.global.u32 [%data+-4], 1;", 1, 32, "out of bounds",
                 cuda::CUDA_ERROR_ILLEGAL_ADDRESS);
  expect_finding("st.shared.u32 [%s+1000], 1;", 1, 32, "out of bounds",
                 cuda::CUDA_ERROR_ILLEGAL_ADDRESS);
  expect_finding("ld.global.u32 %r1, [%data+2];", 1, 32, "misaligned",
                 cuda::CUDA_ERROR_MISALIGNED_ADDRESS);
  expect_finding("cvt.u32.u64 %r1, %data; ld.shared.u32 %r1, [%r1];", 1, 32, "out of bounds",
                 cuda::CUDA_ERROR_ILLEGAL_ADDRESS);
}

TEST(Order, ThreadsThatPart) {
  // Both sides of a branch meet again; the shuffle waits for all lanes wherever they were.
  const std::string parted =
      "and.b32 %r1, %lane, 1; setp.eq.u32 %p1, %r1, 0; @%p1 bra EVEN; mov.u32 %r2, 100; bra.uni "
      "MEET;"
      "EVEN: mov.u32 %r2, 200; MEET: shfl.sync.bfly.b32 %r3, %r2, 1, 31, 0xFFFFFFFF; st.global.u32 "
      "[%mine], %r3;";
  for (const int64_t seed : kSeeds) {
    const Outcome o = run(parted, 1, 64, seed);
    EXPECT_EQ(o.findings, "");
    for (size_t i = 0; i < 64; ++i) EXPECT_EQ(o.data[i], i % 2 == 0 ? 100 : 200);
  }
  // The loop's trip count is the lane's; code behind it lies at a lower address than its body.
  const std::string loop =
      "mov.u32 %r1, 0; bra.uni TEST; AFTER: shfl.sync.idx.b32 %r2, %r1, 5, 31, 0xFFFFFFFF; add.u32 "
      "%r2, %r2, %r1;"
      "st.global.u32 [%mine], %r2; ret; BODY: add.u32 %r1, %r1, 1; TEST: setp.lt.u32 %p1, %r1, "
      "%lane; @%p1 bra BODY; bra.uni AFTER;";
  for (const int64_t seed : kSeeds) {
    const Outcome o = run(loop, 1, 32, seed);
    EXPECT_EQ(o.findings, "") << o.result;
    for (int32_t i = 0; i < 32; ++i) EXPECT_EQ(o.data[static_cast<size_t>(i)], i + 5) << seed;
  }
  expect_finding(
      "setp.lt.u32 %p1, %lane, 7; @%p1 bra SKIP; shfl.sync.idx.b32 %r2, %tid, 5, 31, 0xFFFFFFFF; "
      "SKIP: bar.sync 0;",
      1, 32, "divergence", cuda::CUDA_ERROR_LAUNCH_FAILED);
  expect_finding("setp.lt.u32 %p1, %lane, 7; @%p1 bar.sync 0;", 1, 32, "divergence",
                 cuda::CUDA_ERROR_LAUNCH_FAILED);
  expect_finding("setp.lt.u32 %p1, %lane, 7; @%p1 bra SKIP; bar.sync 0; SKIP: bar.sync 1;", 1, 32,
                 "divergence", cuda::CUDA_ERROR_LAUNCH_FAILED);
  expect_clean("setp.lt.u32 %p1, %tid, 32; @%p1 bra SKIP; bar.sync 0; SKIP: ret;", 1, 64);
}

TEST(Order, BranchTable) {
  const std::string table =
      "T: .branchtargets A, B, C; rem.u32 %r1, %tid, 3; brx.idx %r1, T; A: mov.u32 %r2, 7; bra "
      "OUT; B: mov.u32 %r2, 8; bra OUT;"
      "C: mov.u32 %r2, 9; OUT: st.global.u32 [%mine], %r2;";
  for (const int64_t seed : kSeeds) {
    const Outcome o = run(table, 1, 64, seed);
    EXPECT_EQ(o.findings, "");
    for (size_t i = 0; i < 64; ++i) EXPECT_EQ(o.data[i], static_cast<int32_t>(7 + i % 3));
  }
}

TEST(Order, LanesTellEachOther) {
  const std::string body =
      "setp.gt.u32 %p1, %lane, 20; vote.sync.ballot.b32 %r1, %p1, 0xFFFFFFFF; redux.sync.add.s32 "
      "%r2, %lane, 0xFFFFFFFF;"
      "and.b32 %r3, %lane, 3; match.any.sync.b32 %r4, %r3, 0xFFFFFFFF; shfl.sync.down.b32 %r5|%p2, "
      "%lane, 30, 31, 0xFFFFFFFF;"
      "shfl.sync.up.b32 %r6, %lane, 1, 0, 0xFFFFFFFF; selp.b32 %r7, 1, 0, %p2;"
      "mad.wide.u32 %x1, %lane, 24, %data; st.global.v2.u32 [%x1], {%r1, %r2}; st.global.v2.u32 "
      "[%x1+8], {%r4, %r5}; st.global.v2.u32 [%x1+16], {%r6, %r7};";
  const Outcome o = run(body, 1, 32, 0);
  EXPECT_EQ(o.findings, "");
  for (int32_t l = 0; l < 32; ++l) {
    const int32_t* v = o.data.data() + 6 * l;
    EXPECT_EQ(static_cast<uint32_t>(v[0]), 0xFFE00000U);
    EXPECT_EQ(v[1], 496);
    EXPECT_EQ(static_cast<uint32_t>(v[2]), 0x11111111U << l % 4);
    EXPECT_EQ(v[3], l < 2 ? l + 30 : l);
    EXPECT_EQ(v[4], l == 0 ? 0 : l - 1);
    EXPECT_EQ(v[5], l < 2 ? 1 : 0);
  }
}

TEST(Order, BankConflictsAndSectors) {
  const auto counts = [](const std::string& body) {
    SoftGpu gpu;
    const auto address = gpu.upload(std::vector<int32_t>(1024));
    gpu.launch(gpu.function(gpu.load(kernel_text(body).c_str()), "k"), 1, 32, address);
    Counters c;
    EXPECT_TRUE(control().counters("k", &c));
    return c;
  };
  EXPECT_EQ(counts("st.shared.u32 [%s], 1;").bank_conflicts, 0);
  EXPECT_EQ(counts("mad.lo.u32 %r1, %lane, 8, %r0; st.shared.u32 [%r1], 1;").bank_conflicts, 1);
  EXPECT_EQ(counts("mad.lo.u32 %r1, %lane, 32, %r0; st.shared.u32 [%r1], 1;").bank_conflicts, 7);
  EXPECT_EQ(counts("mad.lo.u32 %r1, %lane, 8, %r0; st.shared.v2.u32 [%r1], {%lane, %lane};")
                .bank_conflicts,
            0);
  EXPECT_EQ(counts("st.shared.u32 [memory], 1;").bank_conflicts, 0);
  const Counters dense = counts("ld.global.u32 %r1, [%mine];");
  EXPECT_EQ(dense.global_sectors, 4);
  EXPECT_EQ(dense.global_sectors_ideal, 4);
  EXPECT_EQ(counts("mad.wide.u32 %x1, %tid, 64, %data; ld.global.u32 %r1, [%x1];").global_sectors,
            32);
  // Lanes that read the same bytes need them once.
  const Counters broadcast = counts("ld.global.u32 %r1, [%data];");
  EXPECT_EQ(broadcast.global_sectors, 1);
  EXPECT_EQ(broadcast.global_sectors_ideal, 4);
  EXPECT_EQ(broadcast.global_sectors_distinct, 1);
  // Generic addresses count where they lead.
  const Counters generic = counts("ld.u32 %r1, [%mine];");
  EXPECT_EQ(generic.global_sectors, 4);
  EXPECT_EQ(generic.global_sectors_distinct, 4);
  EXPECT_EQ(counts("mad.lo.u32 %r1, %lane, 8, %r0; cvt.u64.u32 %x1, %r1; "
                   "cvta.shared.u64 %x1, %x1; st.u32 [%x1], 1;")
                .bank_conflicts,
            1);
}

}  // namespace
}  // namespace pawl::softgpu
