// A kernel in the form that is executed: operands are places in a warp's register file, what to do
// is a function pointer.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/softgpu/device/counters.h"
#include "tests/softgpu/ptx/ast.h"

namespace pawl::softgpu {

class Warp;
struct Instruction;

// Executes for the lanes of `mask`, which is not empty.
using Execute = void (*)(Warp&, const Instruction&, uint32_t mask);

// What happens to the threads besides.
enum class Flow : uint8_t {
  kNext,
  kBranch,       // to `target`
  kBranchTable,  // to Program::tables[target][lane's index]
  kExit,
  kBarrier,     // of the CTA; s[0] is its number
  kCollective,  // waits for all 32 lanes
  kMasked,      // waits for the lanes that s[sources - 1] names
};

// Where values lie: 32 lanes of 4 bytes are a unit of the register file; 64-bit registers have two,
// a predicate one, whose first word is the lanes where it is true. Constants and special registers
// are registers that are set when the warp starts.
using Place = uint32_t;  // byte offset
inline constexpr Place kUnitBytes = 128;

struct Instruction {
  Execute execute = nullptr;
  Flow flow = Flow::kNext;
  Class kind = Class::kMove;
  uint8_t results = 0, sources = 0;
  uint8_t elements = 1;  // of a vector, matrices of ldmatrix
  bool guarded = false, guard_negated = false;
  bool wide_address = false;  // the address register has 64 bits
  Place guard = 0;
  int32_t target = 0;
  int32_t line = 0;
  int64_t offset = 0;   // of an address
  int64_t offset2 = 0;  // cp.async has two
  bool wide_address2 = false;
  uint32_t option = 0;  // as the instruction says
  std::array<Place, 4> d{};
  std::array<Place, 12> s{};
};

// Special registers, in this order at the start of the register file.
enum class Special : uint8_t {
  kTidX,
  kTidY,
  kTidZ,
  kNtidX,
  kNtidY,
  kNtidZ,
  kCtaidX,
  kCtaidY,
  kCtaidZ,
  kNctaidX,
  kNctaidY,
  kNctaidZ,
  kLaneid,
  kWarpid,
  kMaskEq,
  kMaskLt,
  kMaskLe,
  kMaskGt,
  kMaskGe,
};
inline constexpr Place kSpecials = 19;

struct Constant {
  Place place;
  uint64_t bits;
  bool wide;
};

struct Parameter {
  uint32_t offset, bytes;
};

struct Program {
  std::string name, file;
  std::vector<Instruction> code;
  std::vector<std::string> opcodes;  // for messages, one an instruction
  std::vector<std::vector<int32_t>> tables;
  std::vector<Constant> constants;
  std::vector<Parameter> parameters;
  Place register_bytes = 0;
  uint32_t parameter_bytes = 0;
  uint32_t shared_bytes = 0;  // static; what is sized at launch follows
  uint32_t local_bytes = 0;
  int64_t threads_max = 1024;
};

}  // namespace pawl::softgpu
