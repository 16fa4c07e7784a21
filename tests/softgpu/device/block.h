// One CTA on the device: its warps, their divergent parts, shared memory.
//
// A warp whose threads branched apart is a set of fragments, each a program counter and lanes. Any
// order of fragments is legal on hardware with independent threads, so code that relies on one is
// found by trying several. Fragments at one address become one again. Collectives (mma, ldmatrix,
// shfl, barriers) wait until the lanes they name have come; if those cannot come the launch ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/softgpu/device/findings.h"
#include "tests/softgpu/device/instruction.h"
#include "tests/softgpu/device/memory.h"
#include "tests/softgpu/device/shadow.h"

namespace pawl::softgpu {

inline constexpr int32_t kLanes = 32;
inline constexpr uint32_t kAllLanes = 0xFFFFFFFF;

struct Fragment {
  int32_t pc;
  uint32_t lanes;
};

// A cp.async that one thread has issued and nobody has waited for.
struct AsyncCopy {
  uint32_t destination;  // in shared memory
  uint32_t bytes;
  uint32_t group;  // of its thread: how many that one had committed before
  uint8_t lane;
  uint8_t data[16];
};

class Block;

class Warp {
 public:
  Warp(Block& of_block, int32_t its_index) : block(of_block), index(its_index) {}

  template <typename T>
  T* at(Place place) {
    return reinterpret_cast<T*>(registers + place);
  }
  uint32_t& defined(Place place) { return defined_lanes[place / kUnitBytes]; }
  uint32_t predicate(Place place) { return *at<uint32_t>(place); }

  Block& block;
  int32_t index;
  std::byte* registers = nullptr;
  uint32_t* defined_lanes = nullptr;
  uint8_t* local = nullptr;  // [lane][local_bytes]
  uint8_t* local_written = nullptr;
  uint32_t live = 0;
  std::vector<Fragment> fragments;
  int32_t barrier = -1;  // the one it waits at; -1: none
  std::vector<AsyncCopy> copies;
  std::array<uint32_t, kLanes> committed{};
};

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t{x} * y * z; }
};

// A kernel on its way over the grid: what all its CTAs share.
struct Launch {
  const Program& program;
  Dim3 grid, block;
  uint32_t dynamic_shared_bytes;
  const uint8_t* parameters;
  DeviceMemory& memory;
  Findings& findings;
  Counters& counters;
  uint64_t seed;               // 0: lockstep, all warps one instruction in turn; else random orders
  uint32_t stamp_base;         // of the launch's era in global memory
  Allocation* last = nullptr;  // where the last access was
};

// Stamps of global memory that a launch uses up: the next one's base is that much higher.
inline uint64_t stamps_of(const Dim3& grid) {
  return grid.count() + 2;
}

// Runs all CTAs, one after the other; in an order drawn from the seed where that is not 0. Throws
// DeviceFault.
void run_grid(Launch& launch);

class Block {
 public:
  // Keeps its buffers from CTA to CTA.
  explicit Block(Launch& launch);

  // Runs CTA `linear` to its end. Throws DeviceFault.
  void run(uint64_t linear);

  // For the instructions.
  Launch& launch() { return launch_; }
  const Program& program() const { return launch_.program; }
  Counters& counters() { return launch_.counters; }
  Agent shared_agent(const Warp& warp) const {
    return Agent::of(shared_base_, static_cast<uint32_t>(warp.index));
  }
  Agent global_agent() const {
    return Agent::of(launch_.stamp_base, static_cast<uint32_t>(linear_));
  }
  uint8_t* shared() { return shared_.data(); }
  size_t shared_bytes() const { return shared_.size(); }
  Shadow& shared_shadow() { return shared_shadow_; }

  // Reports with kernel, instruction, CTA, warp and lane (-1: all). `detail` is appended.
  void report(FindingKind kind, const Warp& warp, const Instruction& at, int32_t lane,
              const std::string& detail);
  // The same, and ends the launch.
  [[noreturn]] void fault(FindingKind kind, int32_t code, const Warp& warp, const Instruction& at,
                          int32_t lane, const std::string& detail);
  void report(Hazard hazard, const Warp& warp, const Instruction& at, int32_t lane,
              const std::string& where);

 private:
  void start(uint64_t linear);
  void set_specials(Warp& warp);
  // Runs up to `budget` instructions of the warp; false if it could not run one.
  bool step(Warp& warp, int32_t budget);
  int32_t choose_fragment(Warp& warp);
  bool ready(Warp& warp, const Fragment& fragment);
  void execute(Warp& warp, size_t fragment);
  void branch(Warp& warp, size_t fragment, const Instruction& at, uint32_t mask);
  void branch_by_table(Warp& warp, size_t fragment, const Instruction& at);
  void leave(Warp& warp, size_t fragment, uint32_t mask);
  void merge(Warp& warp);
  void check_sources(Warp& warp, const Instruction& at, uint32_t mask);
  bool release_barrier();
  [[noreturn]] void report_deadlock();
  std::string place_text(const Warp& warp, const Instruction& at, int32_t lane) const;

  Launch& launch_;
  uint64_t linear_ = 0;
  Dim3 cta_;
  std::vector<Warp> warps_;
  std::vector<std::byte> register_image_, registers_;
  std::vector<uint32_t> defined_image_, defined_;
  std::vector<uint8_t> local_, local_written_, shared_;
  Shadow shared_shadow_;
  uint32_t shared_base_ = Shadow::kFirstBase;
  std::mt19937_64 random_;
};

}  // namespace pawl::softgpu
