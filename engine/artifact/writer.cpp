#include "engine/artifact/writer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "engine/artifact/sha256.h"
#include "engine/artifact/xxh64.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

using Bytes = std::vector<std::byte>;

void append(Bytes& to, const void* from, size_t count) {
  const auto* const bytes = static_cast<const std::byte*>(from);
  to.insert(to.end(), bytes, bytes + count);
}

template <typename Record>
void append_record(Bytes& to, const Record& record) {
  append(to, &record, sizeof(Record));
}

void append_text(Bytes& to, const std::string& text) {
  append(to, text.c_str(), text.size() + 1);
}

Status check_count(size_t count, const char* what) {
  if (count > std::numeric_limits<uint32_t>::max()) {
    return Error{Code::kExhausted, std::string("cannot write the artifact: ") +
                                       std::to_string(count) + " " + what +
                                       ", more than the format holds"};
  }
  return {};
}

// A zero byte ends a text in the file, so none may hold one.
Status check_text(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) {
    return Error{Code::kInvalidArgument,
                 std::string("cannot write the artifact: a zero byte inside a ") + what};
  }
  return {};
}

Bytes plan_section(const Plan& plan) {
  PlanHeader header = plan.header;
  header.tensor_count = static_cast<uint32_t>(plan.tensors.size());
  header.step_count = static_cast<uint32_t>(plan.steps.size());
  header.name_bytes = static_cast<uint32_t>(plan.names.size());
  Bytes bytes;
  append_record(bytes, header);
  for (const TensorRecord& tensor : plan.tensors) append_record(bytes, tensor);
  for (const StepRecord& step : plan.steps) append_record(bytes, step);
  append(bytes, plan.names.data(), plan.names.size());
  return bytes;
}

Bytes head_section(const Plan& plan) {
  HeadRecord head = plan.head;
  head.level_count = static_cast<uint32_t>(plan.levels.size());
  Bytes bytes;
  append_record(bytes, head);
  for (const LevelRecord& level : plan.levels) append_record(bytes, level);
  return bytes;
}

void align(Bytes& file) {
  file.resize((file.size() + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment);
}

}  // namespace

Result<Bytes> write_artifact(const Plan& plan) {
  PAWL_TRY(check_count(plan.tensors.size(), "tensors"));
  PAWL_TRY(check_count(plan.steps.size(), "steps"));
  PAWL_TRY(check_count(plan.names.size(), "bytes of names"));
  PAWL_TRY(check_count(plan.levels.size(), "head levels"));

  Bytes labels;
  for (const std::string& label : plan.labels) {
    PAWL_TRY(check_text(label, "label"));
    append_text(labels, label);
  }
  Bytes provenance;
  for (const auto& [key, value] : plan.provenance) {
    PAWL_TRY(check_text(key, "provenance key"));
    PAWL_TRY(check_text(value, "provenance value"));
    append_text(provenance, key);
    append_text(provenance, value);
  }
  const Bytes tables = plan_section(plan);
  const Bytes head = head_section(plan);

  // The weights come last: what a reader looks at first then lies in the first few pages.
  std::vector<std::pair<SectionKind, std::span<const std::byte>>> sections = {
      {SectionKind::kPlan, tables},
      {SectionKind::kHead, head},
      {SectionKind::kLabels, labels},
      {SectionKind::kProvenance, provenance},
      {SectionKind::kWeights, plan.weights}};
  if (!plan.fallback.empty()) sections.emplace_back(SectionKind::kFallback, plan.fallback);

  std::vector<SectionRecord> table(sections.size());
  const size_t table_bytes = table.size() * sizeof(SectionRecord);
  size_t size = sizeof(ArtifactHeader) + table_bytes;
  for (const auto& section : sections) size += section.second.size() + kSectionAlignment;
  Bytes file;
  file.reserve(size);
  file.resize(sizeof(ArtifactHeader) + table_bytes);
  for (size_t i = 0; i < sections.size(); ++i) {
    const auto& [kind, bytes] = sections[i];
    align(file);
    const bool optional = kind == SectionKind::kLabels || kind == SectionKind::kProvenance ||
                          kind == SectionKind::kFallback;
    table[i] = {static_cast<uint32_t>(kind), optional ? 0 : kSectionRequired, file.size(),
                bytes.size(), xxh64(bytes)};
    append(file, bytes.data(), bytes.size());
  }

  ArtifactHeader header{};
  std::memcpy(header.magic, kArtifactMagic, sizeof(kArtifactMagic));
  header.major = kArtifactMajor;
  header.minor = kArtifactMinor;
  header.section_count = static_cast<uint32_t>(table.size());
  header.file_bytes = file.size();
  header.table_checksum = xxh64(std::as_bytes(std::span(table)));
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), table.data(), table_bytes);
  const Sha256Digest digest = sha256(file);
  std::memcpy(file.data() + offsetof(ArtifactHeader, sha256), digest.data(), digest.size());
  return file;
}

}  // namespace pawl::engine
