// The bytes of a file in memory of their own, read-only and page-aligned: mapped, or copied.
// Move-only; the bytes live as long as the object.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "platform/result.h"

namespace pawl::platform {

class MappedFile {
 public:
  // Mapped: costs nothing until it is read, and is shared with other processes; but a file that is
  // written into changes under the reader, and reading what was truncated away ends the process
  // (SIGBUS). A file that is replaced by rename stays as it was.
  // Errors: kNotFound, kIo (also for anything but a regular file). An empty file maps to no bytes.
  static Result<MappedFile> open(const std::filesystem::path& path);

  // Read, once: nothing done to the file afterwards is noticed. Errors also kExhausted: larger than
  // bytes_max, or no memory.
  static Result<MappedFile> copy(const std::filesystem::path& path, size_t bytes_max);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace pawl::platform
