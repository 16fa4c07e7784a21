#include "engine/artifact/xxh64.h"

#include <bit>
#include <cstring>

namespace pawl::engine {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;
constexpr size_t kStripeBytes = 32;

static_assert(std::endian::native == std::endian::little, "lanes are read as they lie");

template <typename Word>
uint64_t load(const std::byte* at) {
  Word word;
  std::memcpy(&word, at, sizeof(Word));
  return word;
}

uint64_t round(uint64_t accumulator, uint64_t lane) {
  return std::rotl(accumulator + lane * kPrime2, 31) * kPrime1;
}

uint64_t merge(uint64_t hash, uint64_t accumulator) {
  return (hash ^ round(0, accumulator)) * kPrime1 + kPrime4;
}

// Four chains that do not wait for each other: the multiplier, not its latency, is the limit.
uint64_t hash_stripes(const std::byte* at, size_t stripes, uint64_t seed) {
  uint64_t a = seed + kPrime1 + kPrime2;
  uint64_t b = seed + kPrime2;
  uint64_t c = seed;
  uint64_t d = seed - kPrime1;
  for (; stripes > 0; --stripes, at += kStripeBytes) {
    a = round(a, load<uint64_t>(at));
    b = round(b, load<uint64_t>(at + 8));
    c = round(c, load<uint64_t>(at + 16));
    d = round(d, load<uint64_t>(at + 24));
  }
  const uint64_t hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
  return merge(merge(merge(merge(hash, a), b), c), d);
}

// The last bytes, fewer than a stripe.
uint64_t hash_tail(uint64_t hash, const std::byte* at, size_t count) {
  for (; count >= 8; count -= 8, at += 8) {
    hash = std::rotl(hash ^ round(0, load<uint64_t>(at)), 27) * kPrime1 + kPrime4;
  }
  if (count >= 4) {
    hash = std::rotl(hash ^ (load<uint32_t>(at) * kPrime1), 23) * kPrime2 + kPrime3;
    count -= 4;
    at += 4;
  }
  for (; count > 0; --count, ++at) {
    hash = std::rotl(hash ^ (load<uint8_t>(at) * kPrime5), 11) * kPrime1;
  }
  return hash;
}

}  // namespace

uint64_t xxh64(std::span<const std::byte> bytes, uint64_t seed) {
  const size_t stripes = bytes.size() / kStripeBytes;
  uint64_t hash = stripes > 0 ? hash_stripes(bytes.data(), stripes, seed) : seed + kPrime5;
  hash += bytes.size();
  const auto tail = bytes.subspan(stripes * kStripeBytes);
  hash = hash_tail(hash, tail.data(), tail.size());
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

}  // namespace pawl::engine
