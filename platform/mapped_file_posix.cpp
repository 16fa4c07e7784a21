#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "platform/descriptor.h"
#include "platform/mapped_file.h"

namespace pawl::platform {

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // Non-blocking, or a named pipe would hold us before fstat can refuse it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return system_error("open", path.string(), errno);

  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error("examine", path.string(), errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{Code::kIo, "cannot map " + path.string() + ": not a regular file"};
  }
  if (info.st_size == 0) return MappedFile(nullptr, 0);
  if (static_cast<uint64_t>(info.st_size) > std::numeric_limits<size_t>::max()) {
    return Error{Code::kIo, "cannot map " + path.string() + ": larger than the address space"};
  }

  const auto size = static_cast<size_t>(info.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return system_error("map", path.string(), errno);
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace pawl::platform
