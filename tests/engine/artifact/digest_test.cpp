// Proves that verify_digest() looks at every byte: each of the stored digest's, and one in each
// piece of the file, also where the checksums were made to fit again.
#include <gtest/gtest.h>

#include <string>

#include "engine/artifact/artifact.h"
#include "engine/artifact/format.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine {
namespace {

// Whether the file, if it opens at all, has the digest that it states.
bool verified(const std::vector<std::byte>& bytes) {
  AlignedBytes file(bytes);
  const auto artifact = Artifact::from_bytes(file.bytes(), "test");
  return artifact.ok() && artifact.value().verify_digest().ok();
}

TEST(Digest, EveryByteOfItCounts) {
  const std::vector<std::byte> whole = golden_bytes();
  ASSERT_TRUE(verified(whole));
  const size_t at = offsetof(ArtifactHeader, sha256);
  for (size_t i = 0; i < sizeof(ArtifactHeader::sha256); ++i) {
    for (const uint8_t bit : {uint8_t{1}, uint8_t{0x80}}) {
      std::vector<std::byte> bent = whole;
      bent[at + i] ^= static_cast<std::byte>(bit);
      EXPECT_FALSE(verified(bent)) << "digest byte " << i;
    }
  }
}

TEST(Digest, EveryPieceOfTheFileCounts) {
  const std::vector<std::byte> whole = golden_bytes();
  size_t opened = 0;
  for (size_t at = sizeof(ArtifactHeader); at < whole.size(); at += 97) {
    std::vector<std::byte> bent = whole;
    bent[at] ^= std::byte{4};
    repair_checksums(bent);
    AlignedBytes file(bent);
    opened += Artifact::from_bytes(file.bytes(), "test").ok() ? 1 : 0;
    EXPECT_FALSE(verified(bent)) << "byte " << at;
  }
  EXPECT_GT(opened, 50U);  // weights, above all: no table to contradict
}

}  // namespace
}  // namespace pawl::engine
