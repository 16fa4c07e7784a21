// Proves: no damaged file is believed. Every truncation, every single flipped byte and thousands of
// random ones are refused by open(), with a message that names what is wrong; under a sanitizer,
// without a read outside the file. What passes the checksums is the subject of
// tests/engine/runtime/hostile_artifact_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "engine/artifact/artifact.h"
#include "engine/artifact/sections.h"
#include "engine/artifact/validate.h"
#include "engine/artifact/writer.h"
#include "engine/artifact/xxh64.h"
#include "platform/files.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

Result<Artifact> parse(std::span<const std::byte> bytes) {
  AlignedBytes file(bytes);
  return Artifact::from_bytes(file.bytes(), "hostile");
}

ArtifactHeader header_of(std::span<const std::byte> file) {
  ArtifactHeader header;
  std::memcpy(&header, file.data(), sizeof(header));
  return header;
}

// A file of sections as given, checksums right: what no writer of ours would make.
struct RawSection {
  uint32_t kind, flags;
  std::vector<std::byte> bytes;
};
std::vector<std::byte> assemble(const std::vector<RawSection>& sections) {
  std::vector<SectionRecord> table;
  std::vector<std::byte> file(sizeof(ArtifactHeader) + sections.size() * sizeof(SectionRecord));
  for (const RawSection& section : sections) {
    file.resize((file.size() + 63) / 64 * 64);
    table.push_back(
        {section.kind, section.flags, file.size(), section.bytes.size(), xxh64(section.bytes)});
    file.insert(file.end(), section.bytes.begin(), section.bytes.end());
  }
  ArtifactHeader header{};
  std::memcpy(header.magic, kArtifactMagic, sizeof(kArtifactMagic));
  header.major = kArtifactMajor;
  header.section_count = static_cast<uint32_t>(sections.size());
  header.file_bytes = file.size();
  header.table_checksum = xxh64(std::as_bytes(std::span(table)));
  std::memcpy(file.data(), &header, sizeof(header));
  std::ranges::copy(std::as_bytes(std::span(table)),
                    file.begin() + static_cast<ptrdiff_t>(sizeof(header)));
  return file;
}

std::vector<RawSection> golden_sections() {
  const auto file = golden_bytes();
  std::vector<RawSection> sections;
  for (uint32_t i = 0; i < header_of(file).section_count; ++i) {
    SectionRecord record;
    std::memcpy(&record, &file[sizeof(ArtifactHeader) + i * sizeof(record)], sizeof(record));
    const auto* at = file.data() + record.offset;
    sections.push_back({record.kind, record.flags, {at, at + record.bytes}});
  }
  return sections;
}

// Changes the table of the golden file, repairs checksums, expects a refusal that says `message`.
void expect_table_refused(const std::function<void(SectionRecord*)>& change, const char* message) {
  auto file = golden_bytes();
  SectionRecord table[5];
  std::memcpy(table, &file[sizeof(ArtifactHeader)], sizeof(table));
  change(table);
  std::memcpy(&file[sizeof(ArtifactHeader)], table, sizeof(table));
  repair_checksums(file);
  const auto result = parse(file);
  ASSERT_FALSE(result.ok()) << message;
  EXPECT_EQ(result.error().code, Code::kCorrupt);
  EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().message;
}

TEST(HostileBytes, EveryTruncationIsRefused) {
  const auto file = golden_bytes();
  for (size_t length = 0; length < file.size(); ++length) {
    const auto result = parse(std::span(file).first(length));
    ASSERT_FALSE(result.ok()) << length;
    ASSERT_EQ(result.error().code, Code::kCorrupt) << length;
    ASSERT_NE(result.error().message.find("truncated: " + std::to_string(length)),
              std::string::npos)
        << result.error().message;
  }
  auto longer = file;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse(longer).ok());
}

// The same with a header that admits the length, so that tables meet the end of the file.
TEST(HostileBytes, EveryTruncationIsRefusedWhenTheHeaderAgrees) {
  const auto whole = golden_bytes();
  for (size_t length = sizeof(ArtifactHeader); length < whole.size(); ++length) {
    std::vector<std::byte> file(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    ArtifactHeader header = header_of(file);
    header.file_bytes = length;
    std::memcpy(file.data(), &header, sizeof(header));
    repair_checksums(file);
    ASSERT_FALSE(parse(file).ok()) << length;
  }
}

TEST(HostileBytes, EveryFlippedByteIsRefused) {
  auto file = golden_bytes();
  std::mt19937 random(1);
  for (size_t at = 0; at < file.size(); ++at) {
    const bool minor =
        at >= offsetof(ArtifactHeader, minor) && at < offsetof(ArtifactHeader, section_count);
    const bool digest = at >= offsetof(ArtifactHeader, sha256) && at < sizeof(ArtifactHeader);
    if (minor || digest) continue;  // left to verify_digest(); see golden_test.cpp
    const auto flip = static_cast<std::byte>(1 + random() % 255);
    file[at] ^= flip;
    ASSERT_FALSE(parse(file).ok()) << "byte " << at;
    file[at] ^= flip;
  }
  EXPECT_TRUE(parse(file).ok());
}

TEST(HostileBytes, RandomDamageIsRefused) {
  const auto whole = golden_bytes();
  std::mt19937 random(2);
  for (int round = 0; round < 5000; ++round) {
    auto file = whole;
    const uint32_t flips = 1 + random() % 16;
    for (uint32_t i = 0; i < flips; ++i) {
      const size_t at = sizeof(ArtifactHeader) + random() % (file.size() - sizeof(ArtifactHeader));
      file[at] = static_cast<std::byte>(random());
    }
    if (file == whole) continue;
    ASSERT_FALSE(parse(file).ok()) << "round " << round;
  }
}

TEST(HostileBytes, NoiseBehindTheHeaderIsRefused) {
  std::mt19937 random(3);
  const auto whole = golden_bytes();
  for (int round = 0; round < 2000; ++round) {
    auto file = whole;
    for (size_t at = sizeof(ArtifactHeader); at < file.size(); ++at) {
      file[at] = static_cast<std::byte>(random());
    }
    repair_checksums(file);
    ASSERT_FALSE(parse(file).ok()) << "round " << round;
  }
}

TEST(HostileBytes, NewerMajorVersionAsksForAnUpdate) {
  auto file = golden_bytes();
  ArtifactHeader header = header_of(file);
  header.major = 2;
  std::memcpy(file.data(), &header, sizeof(header));
  const auto newer = parse(file);
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().code, Code::kUnsupported);
  EXPECT_NE(newer.error().message.find("update pawl"), std::string::npos);

  header.major = 0;
  std::memcpy(file.data(), &header, sizeof(header));
  EXPECT_EQ(parse(file).error().code, Code::kUnsupported);
}

TEST(HostileBytes, NewerMinorVersionIsRead) {
  auto file = golden_bytes();
  ArtifactHeader header = header_of(file);
  header.minor = 7;
  std::memcpy(file.data(), &header, sizeof(header));
  EXPECT_TRUE(parse(file).ok());
}

TEST(HostileBytes, UnknownSections) {
  const std::vector<std::byte> noise(77, std::byte{0x5A});
  auto sections = golden_sections();
  sections.push_back({77, 0, noise});
  sections.push_back({77, 0, noise});
  EXPECT_TRUE(parse(assemble(sections)).ok()) << "optional: skipped, even twice";

  auto damaged = assemble(sections);
  damaged.back() ^= std::byte{1};
  EXPECT_EQ(parse(damaged).error().code, Code::kCorrupt) << "skipped, but not unverified";

  sections.back().flags = kSectionRequired;
  const auto required = parse(assemble(sections));
  ASSERT_FALSE(required.ok());
  EXPECT_EQ(required.error().code, Code::kUnsupported);
  EXPECT_NE(required.error().message.find("section 77"), std::string::npos);
}

TEST(HostileBytes, KnownSectionsAppearOnce) {
  for (size_t i = 0; i < golden_sections().size(); ++i) {
    auto sections = golden_sections();
    sections.push_back(sections[i]);
    const auto twice = parse(assemble(sections));
    ASSERT_FALSE(twice.ok()) << i;
    EXPECT_NE(twice.error().message.find("twice"), std::string::npos) << twice.error().message;
  }
}

TEST(HostileBytes, PlanWeightsAndHeadMustBeThere) {
  for (const SectionKind kind : {SectionKind::kPlan, SectionKind::kWeights, SectionKind::kHead}) {
    auto sections = golden_sections();
    std::erase_if(sections,
                  [&](const RawSection& s) { return s.kind == static_cast<uint32_t>(kind); });
    const auto result = parse(assemble(sections));
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().message.find(section_name(static_cast<uint32_t>(kind))),
              std::string::npos);
  }
  EXPECT_FALSE(parse(assemble({})).ok());
}

TEST(HostileBytes, MoreSectionsThanTheFormatHolds) {
  std::vector<RawSection> sections = golden_sections();
  while (sections.size() < kSectionsMax) sections.push_back({100, 0, {}});
  EXPECT_TRUE(parse(assemble(sections)).ok());
  sections.push_back({100, 0, {}});
  EXPECT_FALSE(parse(assemble(sections)).ok());
}

TEST(HostileBytes, PlacesThatMakeNoSense) {
  expect_table_refused([](SectionRecord* t) { t[1].offset += 8; }, "not a multiple of 64");
  expect_table_refused([](SectionRecord* t) { t[0].offset = 0; }, "overlaps the section table");
  expect_table_refused([](SectionRecord* t) { t[1].offset = t[0].offset; }, "overlaps another");
  expect_table_refused([](SectionRecord* t) { t[0].bytes += 4096; }, "overlaps another");
  expect_table_refused([](SectionRecord* t) { t[4].bytes += 1; }, "beyond the end");
  expect_table_refused([](SectionRecord* t) { t[4].offset = ~uint64_t{63}; }, "beyond the end");
  expect_table_refused([](SectionRecord* t) { t[4].bytes = ~uint64_t{0}; }, "beyond the end");
  expect_table_refused([](SectionRecord* t) { t[4].bytes -= 1; }, "after the last section");
  expect_table_refused([](SectionRecord* t) { t[2].flags = 2; }, "unknown flags");
}

TEST(HostileBytes, PaddingHidesNothing) {
  const auto whole = golden_bytes();
  SectionRecord first, second;
  std::memcpy(&first, &whole[sizeof(ArtifactHeader)], sizeof(first));
  std::memcpy(&second, &whole[sizeof(ArtifactHeader) + sizeof(first)], sizeof(second));
  const size_t gap = first.offset + first.bytes;
  ASSERT_LT(gap, second.offset) << "the golden file has no padding behind its first section";
  auto file = whole;
  file[gap] = std::byte{1};
  const auto result = parse(file);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("stray bytes"), std::string::npos);
}

// Records are read in place; bytes that lie awkwardly are copied to where they can be.
TEST(HostileBytes, BytesInMemoryMayLieAnywhere) {
  const auto file = golden_bytes();
  const std::vector<std::byte> noise(file.size() + 128, std::byte{0xAB});
  for (const size_t shift : {1U, 4U, 32U, 63U}) {
    auto room = std::make_unique<AlignedBytes>(noise);
    std::memcpy(room->bytes().data() + shift, file.data(), file.size());
    const auto artifact = Artifact::from_bytes(room->bytes().subspan(shift, file.size()), "odd");
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(artifact.value().weights().data()) % 64, 0U);
    EXPECT_TRUE(artifact.value().verify_digest().ok());
    const auto cut = Artifact::from_bytes(room->bytes().subspan(shift, file.size() - 1), "odd");
    EXPECT_FALSE(cut.ok());
  }
}

TEST(HostileBytes, FilesThatAreNoArtifact) {
  EXPECT_EQ(Artifact::open("/nonexistent/x.pawl").error().code, Code::kNotFound);
  EXPECT_EQ(Artifact::open("/").error().code, Code::kIo);
  const std::string text(4096, 'x');
  const auto result = parse(std::as_bytes(std::span(text)));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("not a Pawl artifact"), std::string::npos);
  EXPECT_EQ(result.error().message.rfind("hostile: ", 0), 0U) << "begins with the file's name";
}

}  // namespace
}  // namespace pawl::engine
