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

// Errors: kNotFound, kIo (also for anything but a regular file: a FIFO is not waited for),
// kExhausted (larger than bytes_max; nothing is allocated then).
Result<std::string> read_text_file(const std::filesystem::path& path, size_t bytes_max);
Result<std::vector<std::byte>> read_file(const std::filesystem::path& path, size_t bytes_max);

// An OutputFile (output_file.h) of these bytes. Errors: as its own.
Status replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
Status replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace pawl::platform
