// Tables of an artifact -> proof that nothing in them points outside.
//
// What holds afterwards is listed at each function. What depends on the shapes a kernel works on
// (does this step's weight block hold KH*KW*C floats?) is proved by runtime/cpu/choose_kernel.h.
// Errors: kCorrupt naming the table, the record and the number that is wrong; kUnsupported for what
// a newer compiler may have written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/artifact/format.h"
#include "platform/result.h"

namespace pawl::engine {

// Limits of this reader, beyond those of the fields.
inline constexpr uint64_t kStorageBytesMax = uint64_t{16} << 30;  // of the arena and of the weights
inline constexpr int32_t kHeadLevelsMax = 1024;
inline constexpr size_t kLabelsMax = 65536;
inline constexpr size_t kProvenanceMax = 4096;

struct PlanTables {
  const PlanHeader* header = nullptr;
  std::span<const TensorRecord> tensors;
  std::span<const StepRecord> steps;
  std::span<const char> names;  // ends with a zero byte, so every offset inside is a string
};

struct HeadTables {
  const HeadRecord* head = nullptr;
  std::span<const LevelRecord> levels;
};

using StringPair = std::pair<std::string_view, std::string_view>;

// The counts fill the section exactly; names closed; storage within limits.
platform::Result<PlanTables> split_plan(std::span<const std::byte> section);

// Every tensor lies inside its storage; every step's tensors and data blocks exist, its outputs are
// in the arena, its enumerators are known. `weights_bytes`: size of the weights section.
platform::Status validate_plan(const PlanTables& plan, uint64_t weights_bytes);

// The counts fill the section exactly.
platform::Result<HeadTables> split_head(std::span<const std::byte> section);

// Every number that a Decoder would read lies inside a tensor; the image that preprocessing writes
// is the input tensor. Requires a validated plan.
platform::Status validate_head(const HeadTables& head, const PlanTables& plan);

platform::Result<std::vector<std::string_view>> split_labels(std::span<const std::byte> section);
platform::Result<std::vector<StringPair>> split_provenance(std::span<const std::byte> section);

// Bytes from a tensor's start to the end of its last element. Requires a validated tensor.
uint64_t tensor_bytes(const TensorRecord& tensor);

}  // namespace pawl::engine
