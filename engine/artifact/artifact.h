// An artifact: a compiled model, mapped read-only (or read into memory) and used in place.
//
// open() verifies the header, every section's checksum and every table before anything is used; a
// file that passes can be run without reading outside it. Cheap to copy: copies share the mapping,
// and a Session keeps its own, so the order of destruction does not matter.
// Threads: immutable, shared freely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/artifact/format.h"
#include "engine/detect/head.h"
#include "platform/mapped_file.h"
#include "platform/result.h"

namespace pawl::engine {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

struct ArtifactOptions {
  // The file is read into memory instead of mapped, so that nothing done to it later is noticed.
  // Costs its size in memory that other processes cannot share. At most 4 GiB.
  bool copy = false;
};

class Artifact {
 public:
  // A mapped file must stay as it is for as long as the artifact and its sessions live: update it
  // by renaming a new file over it, as `pawl compile -o` does. Reading from one that was truncated
  // meanwhile ends the process (SIGBUS), and what was written into it was never checked.
  // Errors: kNotFound, kIo, kCorrupt (damaged), kUnsupported (newer format), kExhausted (no memory
  // for a copy).
  static Result<Artifact> open(const std::filesystem::path& path,
                               const ArtifactOptions& options = {});

  // The same on bytes in memory, which must stay valid for every copy and session. Bytes that do
  // not start at a multiple of 64 are copied.
  static Result<Artifact> from_bytes(std::span<const std::byte> bytes, std::string name);

  const std::string& name() const { return name_; }  // the path, for messages
  uint64_t file_bytes() const { return bytes_.size(); }

  // Sections, as views into the mapping.
  const PlanHeader& plan() const { return *plan_; }
  std::span<const TensorRecord> tensors() const { return tensors_; }
  std::span<const StepRecord> steps() const { return steps_; }
  std::vector<int32_t> output_tensors() const;  // by index, in the model's order
  std::span<const std::byte> weights() const { return weights_; }
  const HeadRecord& head() const { return *head_; }
  std::span<const LevelRecord> levels() const { return levels_; }
  std::string_view text(uint32_t offset) const;  // of the plan's name table; "" if out of range
  std::string_view target() const;               // "cpu-x86-64-v4"
  std::span<const std::string_view> labels() const { return labels_; }
  // Keys: model.name, model.sha256, model.producer, compiler.version, input.assumptions, ...
  std::span<const std::pair<std::string_view, std::string_view>> provenance() const {
    return provenance_;
  }
  std::string_view provenance(std::string_view key) const;  // "" if absent

  // The same model for a CPU, which runs where a device is missing or fails; null if there is none.
  const Artifact* fallback() const { return fallback_.get(); }

  // Recomputes the SHA-256 of the whole file (open() checks only the section checksums).
  Status verify_digest() const;
  std::string digest_hex() const;  // as the header states it

 private:
  Artifact() = default;
  Status parse();
  Status parse_fallback(std::span<const std::byte> section);

  std::string name_;
  std::shared_ptr<const platform::MappedFile> file_;  // null for from_bytes
  std::shared_ptr<const void> copy_;                  // of misaligned bytes
  std::span<const std::byte> bytes_;
  const PlanHeader* plan_ = nullptr;
  const HeadRecord* head_ = nullptr;
  std::span<const TensorRecord> tensors_;
  std::span<const StepRecord> steps_;
  std::span<const LevelRecord> levels_;
  std::span<const char> names_;
  std::span<const std::byte> weights_;
  std::vector<std::string_view> labels_;
  std::vector<std::pair<std::string_view, std::string_view>> provenance_;
  std::shared_ptr<const Artifact> fallback_;
};

}  // namespace pawl::engine
