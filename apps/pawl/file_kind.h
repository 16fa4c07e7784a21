// What a file is, by its first bytes: names tell nothing.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "engine/artifact/format.h"

namespace pawl::program {

inline bool is_artifact(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof(engine::kArtifactMagic) &&
         std::memcmp(bytes.data(), engine::kArtifactMagic, sizeof(engine::kArtifactMagic)) == 0;
}

}  // namespace pawl::program
