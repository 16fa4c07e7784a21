#include "engine/artifact/sections.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "engine/artifact/xxh64.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

static_assert(std::endian::native == std::endian::little, "records are read in place");

using Bytes = std::span<const std::byte>;

constexpr const char* kSectionNames[kSectionKindsKnown + 1] = {
    nullptr, "plan", "weights", "head", "labels", "provenance", "fallback"};

bool is_known(uint32_t kind) {
  return kind >= 1 && kind <= kSectionKindsKnown;
}

Error corrupt(const std::string& what) {
  return Error{Code::kCorrupt, what};
}

Status check_header(const ArtifactHeader& header, uint64_t file_bytes) {
  if (std::memcmp(header.magic, kArtifactMagic, sizeof(kArtifactMagic)) != 0) {
    return corrupt("not a Pawl artifact; compile a model with `pawl compile`");
  }
  if (header.major > kArtifactMajor) {
    return Error{Code::kUnsupported, "artifact format " + std::to_string(header.major) +
                                         " is newer than the " + std::to_string(kArtifactMajor) +
                                         " of this program; update pawl"};
  }
  if (header.major < kArtifactMajor) {
    return Error{Code::kUnsupported, "artifact format " + std::to_string(header.major) +
                                         " is no longer read; compile the model again"};
  }
  if (header.file_bytes > file_bytes) {
    return corrupt("truncated: " + std::to_string(file_bytes) + " of " +
                   std::to_string(header.file_bytes) + " bytes; copy the file again");
  }
  if (header.file_bytes < file_bytes) {
    return corrupt(std::to_string(file_bytes - header.file_bytes) +
                   " bytes after the end; copy the file again");
  }
  if (header.section_count > kSectionsMax) {
    return corrupt(std::to_string(header.section_count) + " sections, more than the " +
                   std::to_string(kSectionsMax) + " of the format");
  }
  return {};
}

// Alignment and bounds of every section, in table order.
Status check_places(std::span<const SectionRecord> table, uint64_t file_bytes) {
  const uint64_t table_end = sizeof(ArtifactHeader) + table.size_bytes();
  for (const SectionRecord& section : table) {
    const std::string name = section_name(section.kind);
    if (section.offset % kSectionAlignment != 0) {
      return corrupt(name + ": starts at byte " + std::to_string(section.offset) +
                     ", not a multiple of " + std::to_string(kSectionAlignment));
    }
    if (section.offset > file_bytes || section.bytes > file_bytes - section.offset) {
      return corrupt(name + ": reaches beyond the end of the file");
    }
    if (section.offset < table_end) return corrupt(name + ": overlaps the section table");
    if ((section.flags & ~kSectionRequired) != 0) return corrupt(name + ": unknown flags");
  }
  return {};
}

// Sections apart from each other, and zero bytes between them: padding hides nothing.
Status check_gaps(std::span<const SectionRecord> table, Bytes file) {
  std::vector<const SectionRecord*> order;
  order.reserve(table.size());
  for (const SectionRecord& section : table) order.push_back(&section);
  std::sort(order.begin(), order.end(), [](const SectionRecord* a, const SectionRecord* b) {
    return a->offset != b->offset ? a->offset < b->offset : a->bytes < b->bytes;
  });

  uint64_t end = sizeof(ArtifactHeader) + table.size_bytes();
  const auto check_zero_until = [&](uint64_t next) -> Status {
    const Bytes gap = file.subspan(end, next - end);
    if (std::any_of(gap.begin(), gap.end(), [](std::byte b) { return b != std::byte{0}; })) {
      return corrupt("stray bytes after byte " + std::to_string(end) + "; copy the file again");
    }
    return {};
  };
  for (const SectionRecord* section : order) {
    if (section->offset < end)
      return corrupt(section_name(section->kind) + ": overlaps another section");
    PAWL_TRY(check_zero_until(section->offset));
    end = section->offset + section->bytes;
  }
  if (end != file.size()) return corrupt("bytes after the last section; copy the file again");
  return {};
}

}  // namespace

std::string section_name(uint32_t kind) {
  return is_known(kind) ? kSectionNames[kind] : "section " + std::to_string(kind);
}

Result<Sections> Sections::read(Bytes file) {
  if (file.size() < sizeof(ArtifactHeader)) {
    return corrupt("truncated: " + std::to_string(file.size()) +
                   " bytes, less than a header; copy the file again");
  }
  if (reinterpret_cast<uintptr_t>(file.data()) % kSectionAlignment != 0) {
    return Error{Code::kInvalidArgument, "artifact bytes must lie at a multiple of " +
                                             std::to_string(kSectionAlignment) + " in memory"};
  }
  const auto& header = *reinterpret_cast<const ArtifactHeader*>(file.data());
  PAWL_TRY(check_header(header, file.size()));
  const uint64_t table_bytes = uint64_t{header.section_count} * sizeof(SectionRecord);
  if (table_bytes > file.size() - sizeof(ArtifactHeader)) {
    return corrupt("section table reaches beyond the end of the file");
  }
  const Bytes table_at = file.subspan(sizeof(ArtifactHeader), table_bytes);
  if (xxh64(table_at) != header.table_checksum) {
    return corrupt("section table: checksum does not match; copy the file again");
  }
  const std::span table(reinterpret_cast<const SectionRecord*>(table_at.data()),
                        header.section_count);
  PAWL_TRY(check_places(table, file.size()));
  PAWL_TRY(check_gaps(table, file));

  Sections sections;
  for (const SectionRecord& section : table) {
    const std::string name = section_name(section.kind);
    const Bytes bytes = file.subspan(section.offset, section.bytes);
    if (is_known(section.kind) && sections.known_[section.kind]) return corrupt(name + ": twice");
    if (xxh64(bytes) != section.checksum) {
      return corrupt(name + ": checksum does not match; copy the file again");
    }
    if (is_known(section.kind)) {
      sections.known_[section.kind] = bytes;
    } else if ((section.flags & kSectionRequired) != 0) {
      return Error{Code::kUnsupported, name + " is required and not known here; update pawl"};
    }
  }
  return sections;
}

std::optional<Bytes> Sections::find(SectionKind kind) const {
  return known_[static_cast<uint32_t>(kind)];
}

}  // namespace pawl::engine
