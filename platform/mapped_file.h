// A file mapped read-only. Move-only; the bytes live as long as the object.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "platform/result.h"

namespace pawl::platform {

class MappedFile {
 public:
  // Errors: kNotFound, kIo (also for anything but a regular file). An empty file maps to no bytes.
  static Result<MappedFile> open(const std::filesystem::path& path);

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
