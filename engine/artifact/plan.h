// A plan in memory: what the compiler builds and the artifact writer turns into bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/artifact/format.h"

namespace pawl::engine {

struct Plan {
  PlanHeader header{};  // counts and name_bytes are filled in by the writer
  std::vector<TensorRecord> tensors;
  std::vector<StepRecord> steps;
  std::string names = std::string(1, '\0');  // zero-terminated texts; offset 0 is ""
  std::vector<std::byte> weights;            // every block starts on a multiple of 64 bytes
  HeadRecord head{};
  std::vector<LevelRecord> levels;
  std::vector<std::string> labels;
  std::vector<std::pair<std::string, std::string>> provenance;
  std::vector<std::byte> fallback;  // a whole artifact for a CPU, or empty

  uint32_t add_name(std::string_view name) {
    const auto offset = static_cast<uint32_t>(names.size());
    names.append(name);
    names.push_back('\0');
    return offset;
  }

  // Copies bytes to the end of the weights and returns their offset.
  uint64_t add_weights(const void* bytes, size_t count);
};

}  // namespace pawl::engine
