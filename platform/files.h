// Whole files: read with a limit, replaced atomically.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/result.h"

namespace pawl::platform {

// Errors: kNotFound, kIo, kExhausted (larger than bytes_max; nothing is allocated then).
Result<std::string> read_text_file(const std::filesystem::path& path, size_t bytes_max);
Result<std::vector<std::byte>> read_file(const std::filesystem::path& path, size_t bytes_max);

// Writes beside `path`, syncs, renames over it: readers see the old file or the whole new one, and
// a failure (full disk, killed process) leaves the old one and no partial file behind the name.
Status replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
Status replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace pawl::platform
