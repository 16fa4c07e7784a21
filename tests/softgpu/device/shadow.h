// What happened last to each byte of a memory, so that reads of what nobody wrote and races are
// seen. Shared and global memory keep the same record; only who the agents are differs:
//
//   memory   agent   era: a time in which nothing orders two agents
//   shared   warp    from one barrier of the CTA to the next
//   global   CTA     one launch
//
// Two agents race on a byte in an era if one of them writes it and not both are atomic. An era owns
// a range of stamps: `base` stands for several readers, base + 1 for atomics, base + 2 + agent for
// an agent. Stamps grow from era to era, so a stamp below `base` is of the past and orders nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pawl::softgpu {

enum class Hazard : uint8_t { kNone, kUnwritten, kPending, kRace };

struct Agent {
  uint32_t base = 0;
  uint32_t stamp = 0;
  static Agent of(uint32_t base, uint32_t index) { return {base, base + 2 + index}; }
};

class Shadow {
 public:
  static constexpr uint32_t kUnwritten = 0;
  static constexpr uint32_t kHost = 1;  // written by the host, or by an earlier CTA's end
  static constexpr uint32_t kFirstBase = 2;
  static constexpr uint32_t kPending = 0xFFFFFFFF;  // a copy is under way to it

  explicit Shadow(size_t bytes, uint32_t stamp = kUnwritten)
      : writer_(bytes, stamp), reader_(bytes) {}

  Hazard read(size_t at, size_t bytes, Agent agent);
  Hazard write(size_t at, size_t bytes, Agent agent);
  Hazard atomic(size_t at, size_t bytes, Agent agent);
  // An asynchronous copy starts: from now the bytes are nobody's to read or write...
  Hazard start_copy(size_t at, size_t bytes, Agent agent);
  // ...until it has landed, as a write of the agent who waited for it.
  void land_copy(size_t at, size_t bytes, Agent agent);

  void mark(size_t at, size_t bytes, uint32_t stamp);
  bool written(size_t at, size_t bytes) const;

 private:
  std::vector<uint32_t> writer_, reader_;
};

}  // namespace pawl::softgpu
