// The plan behind tests/data/golden_v1.pawl: one small step of every kind, and a head of one level.
// Built from integers and exact binary fractions, so its bytes are the same on every machine.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/artifact/plan.h"

namespace pawl::engine {

Plan golden_plan();

// golden_plan() as the bytes of a .pawl file.
std::vector<std::byte> golden_bytes();

// Bytes of a file where Artifact::from_bytes() accepts them: at a multiple of kSectionAlignment.
// Exactly as long as the file, so that a sanitizer sees the first byte read beyond it.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::span<const std::byte> bytes);
  ~AlignedBytes();
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  std::span<std::byte> bytes() { return {data_, size_}; }

 private:
  std::byte* data_;
  size_t size_;
};

// Makes the checksums of a damaged file fit again, wherever its table still allows that, so that
// what lies behind them is put to the test.
void repair_checksums(std::span<std::byte> file);

}  // namespace pawl::engine
