// bra brx.idx ret exit trap, bar barrier bar.warp, membar fence, nanosleep.
#include "engine/runtime/cuda/driver_types.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
using namespace cuda;

namespace {

void run_nothing(Warp&, const Instruction&, uint32_t) {}
void run_trap(Warp& w, const Instruction& i, uint32_t) {
  throw DeviceFault(CUDA_ERROR_LAUNCH_FAILED,
                    w.block.program().name + ":" + std::to_string(i.line) + ": trap");
}

void branch(Decoder& d) {
  d.take("uni");
  d.out().flow = Flow::kBranch;
  d.out().kind = Class::kControl;
  d.out().target = d.label(d.operand(0).name);
}

void branch_by_table(Decoder& d) {
  d.take_one_of({"idx"});
  d.take("uni");
  const auto found = d.function().branch_targets.find(d.operand(1).name);
  if (found == d.function().branch_targets.end()) d.fail("unknown branch table");
  if (d.out().guarded) d.fail("unsupported guard");
  std::vector<int32_t> table;
  for (const std::string& label : found->second) table.push_back(d.label(label));
  d.out().flow = Flow::kBranchTable;
  d.out().kind = Class::kControl;
  d.out().target = static_cast<int32_t>(d.program().tables.size());
  d.source(0, Type::kB32);
  d.program().tables.push_back(std::move(table));
}

void leave(Decoder& d) {
  d.take("uni");
  d.out().flow = Flow::kExit;
  d.out().kind = Class::kControl;
}

void trap(Decoder& d) {
  d.out().execute = run_trap;
  d.out().kind = Class::kControl;
}

// Of the whole CTA; a count other than all its threads is not supported.
void barrier(Decoder& d) {
  d.take("cta");
  if (d.take("warp")) {
    d.take_one_of({"sync"});
    d.out().flow = Flow::kMasked;
    d.out().execute = run_nothing;
    d.source(0, Type::kB32);
  } else {
    d.take_one_of({"sync"});
    d.take("aligned");
    if (d.operands() != 1) d.fail("unsupported thread count");
    d.out().flow = Flow::kBarrier;
    d.source(0, Type::kU32);
  }
  d.out().kind = Class::kBarrier;
}

// Memory here is as one CTA after another sees it; a fence has nothing to do.
void fence(Decoder& d) {
  for (const char* word : {"cta", "gl", "sys", "gpu", "acq_rel", "sc", "acquire", "release"})
    d.take(word);
  d.out().execute = run_nothing;
  d.out().kind = Class::kBarrier;
}

void sleep(Decoder& d) {
  d.take_type();
  d.out().execute = run_nothing;
  d.out().kind = Class::kControl;
}

}  // namespace

void add_control(DecodeTable& table) {
  table["bra"] = branch;
  table["brx"] = branch_by_table;
  table["ret"] = leave;
  table["exit"] = leave;
  table["trap"] = trap;
  table["bar"] = barrier;
  table["barrier"] = barrier;
  table["membar"] = fence;
  table["fence"] = fence;
  table["nanosleep"] = sleep;
}

}  // namespace pawl::softgpu
