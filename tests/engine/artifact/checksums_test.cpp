// Proves: xxh64 and sha256 give the values of their specifications at every length around a block
// boundary, for any split of the input and any alignment, and tell one flipped bit.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/artifact/sha256.h"
#include "engine/artifact/xxh64.h"

namespace pawl::engine {
namespace {

std::vector<std::byte> sequence(size_t count) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 31 + 7);
  return bytes;
}

std::span<const std::byte> text(std::string_view s) {
  return std::as_bytes(std::span(s));
}

std::string hex(const Sha256Digest& digest) {
  std::string out;
  for (const uint8_t byte : digest) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02x", byte);
    out += two;
  }
  return out;
}

// Made with the reference implementation (xxhash 3, Python) on sequence(length).
struct XxhAnswer {
  size_t length;
  uint64_t seed_zero, seed_golden;
};
constexpr XxhAnswer kXxhAnswers[] = {
    {0, 0xef46db3751d8e999, 0xc4349fc93c010000},    {1, 0xa96c7f0ce858bbb7, 0x585882422a6165e7},
    {3, 0x56e6957632a487f9, 0x5acb303e78133c22},    {4, 0xc60d15b1e3ff8f04, 0x7d51d5e2461732b3},
    {5, 0x808815858624dd4e, 0x7f8b72856a42bb63},    {7, 0xafbefc3d6c6f9a8e, 0x2ce9adec2b2c8104},
    {8, 0x3da5c7aa269683e0, 0x758848f033fa76a2},    {9, 0x4b17a9ba9e215c09, 0xd4576cf554b7d929},
    {31, 0x4a74f3a1a39ad4a1, 0x8137041f5af88413},   {32, 0x8d57d6a4671cc43d, 0x184ebcf3745cd46c},
    {33, 0x62c9fd21ed857664, 0x52fac3c981f3cc2e},   {63, 0x5c320a0d2707057f, 0x64ef99a2e94cc7bd},
    {64, 0x7bbabbc45729d17e, 0xf7f22435fe1ab128},   {65, 0xf3980c34bae65dc1, 0x7a0b76a812617c73},
    {100, 0xefa0ad2d3e70c151, 0xbc7ab33be7528c18},  {1000, 0x99594f4828043d35, 0xda717f741f399f3f},
    {4099, 0x98531e44aa4f969d, 0xc30ffd8b19f6086b},
};

TEST(Xxh64, GivesTheKnownAnswers) {
  for (const XxhAnswer& answer : kXxhAnswers) {
    const auto bytes = sequence(answer.length);
    EXPECT_EQ(xxh64(bytes), answer.seed_zero) << answer.length;
    EXPECT_EQ(xxh64(bytes, 0x9e3779b97f4a7c15), answer.seed_golden) << answer.length;
  }
  EXPECT_EQ(xxh64(text("abc")), 0x44bc2cf5ad770999U);
}

TEST(Xxh64, DoesNotDependOnAlignment) {
  const auto bytes = sequence(333);
  const uint64_t expected = xxh64(bytes);
  for (size_t shift = 0; shift < 16; ++shift) {
    std::vector<std::byte> moved(bytes.size() + 16, std::byte{0xAB});
    std::memcpy(moved.data() + shift, bytes.data(), bytes.size());
    EXPECT_EQ(xxh64(std::span(moved).subspan(shift, bytes.size())), expected) << shift;
  }
}

TEST(Xxh64, EveryBitCounts) {
  auto bytes = sequence(101);
  const uint64_t whole = xxh64(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_NE(xxh64(bytes), whole) << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(Sha256, GivesTheAnswersOfTheStandard) {
  EXPECT_EQ(hex(sha256(text("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::vector<std::byte>(1000000, std::byte{'a'}))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Lengths on both sides of the two padding cases; made with Python's hashlib on sequence(length).
TEST(Sha256, PadsEveryLength) {
  const std::pair<size_t, const char*> answers[] = {
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {1, "ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee879"},
      {55, "8aa994584139d128848eeebc4e815639ba5ab6e6e39574195a63ac4f14f7c43b"},
      {56, "ad574708f75c044c9b85de64cb568ee7711ff4f36448c6242f053ba8f6cc2b63"},
      {57, "5b46e502092be01b1100193e089fdda95638c12e19a1d24f308eb2c3d3ae849d"},
      {63, "280ed3e8ff1df845b2e7dfe6ac6cee817bef20e783cc65abc41b818b4d2fe076"},
      {64, "c6ab9724ade5b6a7a1edfffb12f3aa9181351355af8fd08c919952ad211339dd"},
      {65, "788367c73c7ddf4c53f65e68cc0d943e6227ab55b0e78ba63ace822b1c6301c0"},
      {119, "3d610547d68216dedf7435a4fb6260353911f6b3fd3f18805ddb8be285d726fe"},
      {120, "1f80156a804cb7862ad113e8200e9d74499723e7c7854d5f48776d3148e09656"},
      {1000, "5097e7d587352f5097062ae679f37bda5802d9f875aba14c8cb4d1a188ada179"}};
  for (const auto& [length, expected] : answers) {
    EXPECT_EQ(hex(sha256(sequence(length))), expected) << length;
  }
}

TEST(Sha256, PiecesGiveTheWhole) {
  const auto bytes = sequence(500);
  const Sha256Digest expected = sha256(bytes);
  for (size_t piece = 1; piece < 200; piece += 7) {
    Sha256 hash;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      hash.update(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    }
    EXPECT_EQ(hash.finish(), expected) << piece;
  }
}

}  // namespace
}  // namespace pawl::engine
