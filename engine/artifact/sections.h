// The outer shell of an artifact: header, section table, sections. Nothing here knows what a
// section holds. Everything is verified before it is believed: sizes, places, checksums, padding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/artifact/format.h"
#include "platform/result.h"

namespace pawl::engine {

inline constexpr uint32_t kSectionKindsKnown = 6;

std::string section_name(uint32_t kind);  // "weights", "section 77"

class Sections {
 public:
  // `file` must be aligned to kSectionAlignment and outlive the views.
  // Errors: kCorrupt; kUnsupported for a newer major version or an unknown required section.
  static platform::Result<Sections> read(std::span<const std::byte> file);

  // The bytes of a section; nothing where the file has none.
  std::optional<std::span<const std::byte>> find(SectionKind kind) const;

 private:
  Sections() = default;
  std::array<std::optional<std::span<const std::byte>>, kSectionKindsKnown + 1> known_;
};

}  // namespace pawl::engine
