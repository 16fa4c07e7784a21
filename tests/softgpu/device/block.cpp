#include "tests/softgpu/device/block.h"

#include <algorithm>
#include <bit>

#include "engine/runtime/cuda/driver_types.h"

namespace pawl::softgpu {
using namespace cuda;

namespace {

constexpr int64_t kStepsMax = int64_t{1} << 32;  // of one CTA: a loop that never ends

void set_place(std::vector<std::byte>& image, std::vector<uint32_t>& defined, Place place,
               uint64_t bits, bool wide) {
  const size_t bytes = wide ? 8 : 4;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    std::memcpy(image.data() + place + lane * bytes, &bits, bytes);
  }
  defined[place / kUnitBytes] = kAllLanes;
}

}  // namespace

Block::Block(Launch& launch)
    : launch_(launch),
      register_image_(launch.program.register_bytes, std::byte{kPoison}),
      defined_image_(launch.program.register_bytes / kUnitBytes, 0),
      shared_(launch.program.shared_bytes + launch.dynamic_shared_bytes),
      shared_shadow_(shared_.size()),
      random_(launch.seed) {
  for (const Constant& c : launch.program.constants) {
    set_place(register_image_, defined_image_, c.place, c.bits, c.wide);
  }
  const size_t warps = (launch.block.count() + kLanes - 1) / kLanes;
  registers_.resize(register_image_.size() * warps);
  defined_.resize(defined_image_.size() * warps);
  local_.resize(size_t{launch.program.local_bytes} * kLanes * warps);
  local_written_.resize(local_.size());
  warps_.reserve(warps);
  for (size_t w = 0; w < warps; ++w) {
    Warp& warp = warps_.emplace_back(*this, static_cast<int32_t>(w));
    warp.registers = registers_.data() + w * register_image_.size();
    warp.defined_lanes = defined_.data() + w * defined_image_.size();
    warp.local = local_.data() + w * kLanes * launch.program.local_bytes;
    warp.local_written = local_written_.data() + w * kLanes * launch.program.local_bytes;
  }
}

void Block::start(uint64_t linear) {
  linear_ = linear;
  const Dim3& grid = launch_.grid;
  cta_.x = static_cast<uint32_t>(linear % grid.x);
  cta_.y = static_cast<uint32_t>(linear / grid.x % grid.y);
  cta_.z = static_cast<uint32_t>(linear / grid.x / grid.y);
  std::fill(shared_.begin(), shared_.end(), kPoison);
  std::fill(local_.begin(), local_.end(), kPoison);
  std::fill(local_written_.begin(), local_written_.end(), uint8_t{0});
  shared_shadow_ = Shadow(shared_.size());
  shared_base_ = Shadow::kFirstBase;
  for (Warp& warp : warps_) {
    std::copy(register_image_.begin(), register_image_.end(), warp.registers);
    std::copy(defined_image_.begin(), defined_image_.end(), warp.defined_lanes);
    const uint64_t threads =
        launch_.block.count() - uint64_t{kLanes} * static_cast<uint64_t>(warp.index);
    warp.live = threads >= kLanes ? kAllLanes : (1U << threads) - 1;
    warp.fragments.assign(1, Fragment{0, warp.live});
    warp.barrier = -1;
    warp.copies.clear();
    warp.committed.fill(0);
    set_specials(warp);
  }
}

void Block::set_specials(Warp& warp) {
  const auto cells = [&](Special s) {
    return warp.at<uint32_t>(static_cast<Place>(s) * kUnitBytes);
  };
  const Dim3& block = launch_.block;
  const uint32_t uniform[] = {block.x, block.y,        block.z,        cta_.x,        cta_.y,
                              cta_.z,  launch_.grid.x, launch_.grid.y, launch_.grid.z};
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const uint32_t thread = static_cast<uint32_t>(warp.index) * kLanes + lane;
    cells(Special::kTidX)[lane] = thread % block.x;
    cells(Special::kTidY)[lane] = thread / block.x % block.y;
    cells(Special::kTidZ)[lane] = thread / block.x / block.y;
    for (uint32_t i = 0; i < 9; ++i) {
      cells(static_cast<Special>(static_cast<uint32_t>(Special::kNtidX) + i))[lane] = uniform[i];
    }
    cells(Special::kLaneid)[lane] = lane;
    cells(Special::kWarpid)[lane] = static_cast<uint32_t>(warp.index);
    const uint32_t below = (1U << lane) - 1;
    cells(Special::kMaskEq)[lane] = 1U << lane;
    cells(Special::kMaskLt)[lane] = below;
    cells(Special::kMaskLe)[lane] = below | 1U << lane;
    cells(Special::kMaskGt)[lane] = ~(below | 1U << lane);
    cells(Special::kMaskGe)[lane] = ~below;
  }
  for (Place s = 0; s < kSpecials; ++s) warp.defined(s * kUnitBytes) = kAllLanes;
}

void Block::run(uint64_t linear) {
  start(linear);
  std::vector<size_t> order(warps_.size());
  for (size_t w = 0; w < order.size(); ++w) order[w] = w;
  const bool lockstep = launch_.seed == 0;
  for (int64_t steps = 0; steps < kStepsMax; ++steps) {
    bool progress = false, alive = false;
    if (!lockstep) std::shuffle(order.begin(), order.end(), random_);
    for (const size_t w : order) {
      alive = alive || warps_[w].live != 0;
      // Now and then a warp runs far ahead: that is what lets a race show in the values as well.
      const uint64_t draw = lockstep ? 0 : random_();
      const int32_t budget =
          lockstep ? 1 : (draw % 8 == 0 ? 4096 : static_cast<int32_t>(draw % 61));
      progress = step(warps_[w], budget) || progress || budget == 0;
    }
    if (!alive) return;
    if (release_barrier()) progress = true;
    if (!progress) report_deadlock();
  }
  throw DeviceFault(CUDA_ERROR_LAUNCH_TIMEOUT, launch_.program.name + ": a CTA does not end");
}

bool Block::step(Warp& warp, int32_t budget) {
  int32_t done = 0;
  while (done < budget && warp.live != 0 && warp.barrier < 0) {
    const int32_t fragment = warp.fragments.size() == 1 ? 0 : choose_fragment(warp);
    if (fragment < 0 || !ready(warp, warp.fragments[static_cast<size_t>(fragment)])) break;
    execute(warp, static_cast<size_t>(fragment));
    ++done;
    if (warp.fragments.size() > 1) merge(warp);
  }
  return done > 0;
}

// The lowest address first: that is where branches meet again. In random orders now and then
// another. -1: none can run.
int32_t Block::choose_fragment(Warp& warp) {
  int32_t best = -1;
  const bool any = launch_.seed != 0 && random_() % 4 == 0;
  for (size_t f = 0; f < warp.fragments.size(); ++f) {
    if (!ready(warp, warp.fragments[f])) continue;
    const bool lower =
        best < 0 || warp.fragments[f].pc < warp.fragments[static_cast<size_t>(best)].pc;
    if (lower || (any && random_() % 2 == 0)) best = static_cast<int32_t>(f);
  }
  return best;
}

// False where the instruction waits for lanes that are elsewhere.
bool Block::ready(Warp& warp, const Fragment& fragment) {
  const Instruction& at = program().code[static_cast<size_t>(fragment.pc)];
  switch (at.flow) {
    case Flow::kBarrier:
      return fragment.lanes == warp.live;
    case Flow::kCollective:
      return fragment.lanes == kAllLanes;
    case Flow::kMasked: {
      const uint32_t* members = warp.at<uint32_t>(at.s[at.sources - 1U]);
      const uint32_t named = members[std::countr_zero(fragment.lanes)];
      return (named & ~fragment.lanes) == 0;
    }
    default:
      return true;
  }
}

void Block::execute(Warp& warp, size_t f) {
  Fragment& fragment = warp.fragments[f];
  const Instruction& at = program().code[static_cast<size_t>(fragment.pc)];
  uint32_t mask = fragment.lanes;
  if (at.guarded) {
    if ((warp.defined(at.guard) & mask) != mask) {
      report(FindingKind::kUninitialised, warp, at, -1, "guard");
    }
    mask &= at.guard_negated ? ~warp.predicate(at.guard) : warp.predicate(at.guard);
  }
  ++counters().warp_instructions[static_cast<size_t>(at.kind)];
  if (mask != 0 && at.sources > 0) check_sources(warp, at, mask);
  switch (at.flow) {
    case Flow::kBranch:
      return branch(warp, f, at, mask);
    case Flow::kBranchTable:
      return branch_by_table(warp, f, at);
    case Flow::kExit:
      ++fragment.pc;
      return leave(warp, f, mask);
    case Flow::kBarrier:
      if (mask != fragment.lanes) {
        fault(FindingKind::kDivergence, CUDA_ERROR_LAUNCH_FAILED, warp, at, -1,
              "barrier that the guard keeps some threads from");
      }
      warp.barrier = static_cast<int32_t>(*warp.at<uint32_t>(at.s[0]));
      ++fragment.pc;
      return;
    case Flow::kCollective:
      if (mask != 0 && mask != kAllLanes) {
        fault(FindingKind::kDivergence, CUDA_ERROR_LAUNCH_FAILED, warp, at, -1,
              "collective that the guard keeps some lanes from");
      }
      break;
    case Flow::kMasked:
      if (mask != fragment.lanes && mask != 0 && !ready(warp, {fragment.pc, mask})) {
        fault(FindingKind::kDivergence, CUDA_ERROR_LAUNCH_FAILED, warp, at, -1,
              "collective that the guard keeps named lanes from");
      }
      break;
    case Flow::kNext:
      break;
  }
  ++fragment.pc;
  if (mask == 0) return;
  at.execute(warp, at, mask);
  for (uint32_t r = 0; r < at.results; ++r) warp.defined(at.d[r]) |= mask;
}

void Block::check_sources(Warp& warp, const Instruction& at, uint32_t mask) {
  uint32_t defined = mask;
  for (uint32_t s = 0; s < at.sources; ++s) defined &= warp.defined(at.s[s]);
  if (defined == mask) return;
  report(FindingKind::kUninitialised, warp, at, std::countr_zero(mask & ~defined), "register");
}

void Block::branch(Warp& warp, size_t f, const Instruction& at, uint32_t mask) {
  Fragment& fragment = warp.fragments[f];
  if (mask == fragment.lanes) {
    fragment.pc = at.target;
    return;
  }
  ++fragment.pc;
  if (mask == 0) return;
  fragment.lanes &= ~mask;
  warp.fragments.push_back({at.target, mask});
}

void Block::branch_by_table(Warp& warp, size_t f, const Instruction& at) {
  const std::vector<int32_t>& table = program().tables[static_cast<size_t>(at.target)];
  const Fragment old = warp.fragments[f];
  warp.fragments.erase(warp.fragments.begin() + static_cast<ptrdiff_t>(f));
  const uint32_t* index = warp.at<uint32_t>(at.s[0]);
  for (int32_t lane = 0; lane < kLanes; ++lane) {
    if ((old.lanes >> lane & 1) == 0) continue;
    if (index[lane] >= table.size()) {
      fault(FindingKind::kBounds, CUDA_ERROR_LAUNCH_FAILED, warp, at, lane, "branch table index");
    }
    warp.fragments.push_back({table[index[lane]], 1U << lane});
  }
  merge(warp);
}

void Block::leave(Warp& warp, size_t f, uint32_t mask) {
  warp.live &= ~mask;
  warp.fragments[f].lanes &= ~mask;
  if (warp.fragments[f].lanes == 0) {
    warp.fragments.erase(warp.fragments.begin() + static_cast<ptrdiff_t>(f));
  }
}

void Block::merge(Warp& warp) {
  std::vector<Fragment>& all = warp.fragments;
  for (size_t a = 0; a < all.size(); ++a) {
    for (size_t b = all.size() - 1; b > a; --b) {
      if (all[a].pc != all[b].pc) continue;
      all[a].lanes |= all[b].lanes;
      all.erase(all.begin() + static_cast<ptrdiff_t>(b));
    }
  }
}

// Opens the barrier where all warps that still run have come to it. A thread that has left the
// kernel counts as come, as it does on hardware.
bool Block::release_barrier() {
  int32_t number = -1;
  for (const Warp& warp : warps_) {
    if (warp.live == 0) continue;
    if (warp.barrier < 0 || (number >= 0 && warp.barrier != number)) return false;
    number = warp.barrier;
  }
  if (number < 0) return false;
  for (Warp& warp : warps_) warp.barrier = -1;
  shared_base_ += static_cast<uint32_t>(warps_.size()) + 2;
  return true;
}

void Block::report_deadlock() {
  for (Warp& warp : warps_) {
    if (warp.live == 0 || warp.barrier >= 0) continue;
    const Instruction& at = program().code[static_cast<size_t>(warp.fragments[0].pc)];
    fault(FindingKind::kDivergence, CUDA_ERROR_LAUNCH_FAILED, warp, at, -1,
          "waits for threads that do not come");
  }
  throw DeviceFault(CUDA_ERROR_LAUNCH_FAILED,
                    launch_.program.name + ": warps wait at different barriers");
}

std::string Block::place_text(const Warp& warp, const Instruction& at, int32_t lane) const {
  const Program& p = program();
  std::string text = p.file + ":" + std::to_string(at.line) + ": " + p.name + ": " +
                     p.opcodes[static_cast<size_t>(&at - p.code.data())] + ", CTA " +
                     std::to_string(linear_) + ", warp " + std::to_string(warp.index);
  if (lane >= 0) text += ", lane " + std::to_string(lane);
  return text;
}

void Block::report(FindingKind kind, const Warp& warp, const Instruction& at, int32_t lane,
                   const std::string& detail) {
  if (launch_.findings.add(kind, &at)) {
    launch_.findings.set_text(std::string(name_of(kind)) + ": " + place_text(warp, at, lane) +
                              ": " + detail);
  }
}

void Block::fault(FindingKind kind, int32_t code, const Warp& warp, const Instruction& at,
                  int32_t lane, const std::string& detail) {
  report(kind, warp, at, lane, detail);
  throw DeviceFault(code, place_text(warp, at, lane) + ": " + detail);
}

void Block::report(Hazard hazard, const Warp& warp, const Instruction& at, int32_t lane,
                   const std::string& where) {
  const FindingKind kind = hazard == Hazard::kRace      ? FindingKind::kRace
                           : hazard == Hazard::kPending ? FindingKind::kPending
                                                        : FindingKind::kUninitialised;
  report(kind, warp, at, lane, where);
}

void run_grid(Launch& launch) {
  Block block(launch);
  std::vector<uint64_t> order(launch.grid.count());
  for (uint64_t i = 0; i < order.size(); ++i) order[i] = i;
  if (launch.seed != 0) {
    std::mt19937_64 random(launch.seed);
    std::shuffle(order.begin(), order.end(), random);
  }
  for (const uint64_t linear : order) block.run(linear);
}

const char* name_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::kRace:
      return "race";
    case FindingKind::kUninitialised:
      return "uninitialised";
    case FindingKind::kPending:
      return "copy under way";
    case FindingKind::kBounds:
      return "out of bounds";
    case FindingKind::kMisaligned:
      return "misaligned";
    case FindingKind::kDivergence:
      return "divergence";
  }
  return "?";
}

}  // namespace pawl::softgpu
