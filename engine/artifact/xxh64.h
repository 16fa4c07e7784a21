// XXH64: the fast checksum that tells damaged bytes from whole ones. No protection against intent;
// that is what sha256.h and the signature of a bundle are for.
// Source: the XXH64 algorithm in "xxHash fast digest algorithm", version 0.1.1, Y. Collet
// (github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pawl::engine {

uint64_t xxh64(std::span<const std::byte> bytes, uint64_t seed = 0);

}  // namespace pawl::engine
