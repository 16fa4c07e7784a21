#include "engine/artifact/artifact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "engine/artifact/sections.h"
#include "engine/artifact/sha256.h"
#include "engine/artifact/validate.h"

namespace pawl::engine {
namespace {

constexpr size_t kCopyBytesMax = size_t{4} << 30;

Error missing(SectionKind kind) {
  return Error{Code::kCorrupt, "no section \"" + section_name(static_cast<uint32_t>(kind)) + "\""};
}

}  // namespace

Result<Artifact> Artifact::open(const std::filesystem::path& path, const ArtifactOptions& options) {
  auto file = options.copy ? PAWL_TRY(platform::MappedFile::copy(path, kCopyBytesMax))
                           : PAWL_TRY(platform::MappedFile::open(path));
  Artifact artifact;
  artifact.name_ = path.string();
  artifact.file_ = std::make_shared<const platform::MappedFile>(std::move(file));
  artifact.bytes_ = artifact.file_->bytes();
  PAWL_TRY(artifact.parse().context(artifact.name_));
  return artifact;
}

Result<Artifact> Artifact::from_bytes(std::span<const std::byte> bytes, std::string name) {
  Artifact artifact;
  artifact.name_ = std::move(name);
  artifact.bytes_ = bytes;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kSectionAlignment != 0 && !bytes.empty()) {
    // Records are read in place, so they need the alignment that a mapping has.
    struct Aligned {
      alignas(kSectionAlignment) std::byte bytes[kSectionAlignment];
    };
    const size_t blocks = (bytes.size() + sizeof(Aligned) - 1) / sizeof(Aligned);
    auto copy = std::make_shared<std::vector<Aligned>>(blocks);
    std::memcpy(copy->data(), bytes.data(), bytes.size());
    artifact.bytes_ = {copy->data()->bytes, bytes.size()};
    artifact.copy_ = std::move(copy);
  }
  PAWL_TRY(artifact.parse().context(artifact.name_));
  return artifact;
}

Status Artifact::parse() {
  const Sections sections = PAWL_TRY(Sections::read(bytes_));
  const auto plan_section = sections.find(SectionKind::kPlan);
  const auto weights_section = sections.find(SectionKind::kWeights);
  const auto head_section = sections.find(SectionKind::kHead);
  if (!plan_section) return missing(SectionKind::kPlan);
  if (!weights_section) return missing(SectionKind::kWeights);
  if (!head_section) return missing(SectionKind::kHead);

  const PlanTables plan = PAWL_TRY(split_plan(*plan_section));
  PAWL_TRY(validate_plan(plan, weights_section->size()));
  const HeadTables head = PAWL_TRY(split_head(*head_section));
  PAWL_TRY(validate_head(head, plan));
  if (const auto section = sections.find(SectionKind::kLabels)) {
    labels_ = PAWL_TRY(split_labels(*section));
  }
  if (const auto section = sections.find(SectionKind::kProvenance)) {
    provenance_ = PAWL_TRY(split_provenance(*section));
  }
  plan_ = plan.header;
  tensors_ = plan.tensors;
  steps_ = plan.steps;
  names_ = plan.names;
  weights_ = *weights_section;
  head_ = head.head;
  levels_ = head.levels;
  if (const auto section = sections.find(SectionKind::kFallback)) {
    PAWL_TRY(parse_fallback(*section));
  }
  return {};
}

// A plan for a CPU, of the same head and input: sessions change over between two frames.
Status Artifact::parse_fallback(std::span<const std::byte> section) {
  if (!is_cuda(*plan_)) return Error{Code::kCorrupt, "a fallback of a plan that a CPU runs"};
  Artifact other;
  other.name_ = name_;
  other.file_ = file_;
  other.copy_ = copy_;
  other.bytes_ = section;
  PAWL_TRY(other.parse().context("fallback"));
  HeadRecord theirs = *other.head_;
  theirs.family = head_->family;
  if (is_cuda(*other.plan_) || std::memcmp(&theirs, head_, sizeof(theirs)) != 0 ||
      other.labels_ != labels_) {
    return Error{Code::kCorrupt, "the fallback is another model's"};
  }
  fallback_ = std::make_shared<const Artifact>(std::move(other));
  return {};
}

std::string_view Artifact::text(uint32_t offset) const {
  return offset < names_.size() ? std::string_view(names_.data() + offset) : std::string_view();
}

std::vector<int32_t> Artifact::output_tensors() const {
  std::vector<int32_t> outputs;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if ((tensors_[i].flags & kTensorIsOutput) != 0) outputs.push_back(static_cast<int32_t>(i));
  }
  std::ranges::stable_sort(outputs, {}, [this](int32_t index) {
    return tensors_[static_cast<size_t>(index)].output_number;
  });
  return outputs;
}

std::string_view Artifact::target() const {
  return text(plan_->target_name);
}

std::string_view Artifact::provenance(std::string_view key) const {
  for (const auto& [name, value] : provenance_) {
    if (name == key) return value;
  }
  return {};
}

Status Artifact::verify_digest() const {
  const auto* const header = reinterpret_cast<const ArtifactHeader*>(bytes_.data());
  constexpr size_t kDigestAt = offsetof(ArtifactHeader, sha256);
  constexpr std::array<std::byte, sizeof(ArtifactHeader::sha256)> kZeros{};
  Sha256 hash;
  hash.update(bytes_.first(kDigestAt));
  hash.update(kZeros);
  hash.update(bytes_.subspan(kDigestAt + kZeros.size()));
  const Sha256Digest digest = hash.finish();
  if (std::memcmp(digest.data(), header->sha256, digest.size()) != 0) {
    return Error{Code::kCorrupt, name_ + ": SHA-256 does not match; copy the file again"};
  }
  return {};
}

std::string Artifact::digest_hex() const {
  return hex(reinterpret_cast<const ArtifactHeader*>(bytes_.data())->sha256);
}

}  // namespace pawl::engine
