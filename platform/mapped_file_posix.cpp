#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "platform/mapped_file.h"
#include "platform/regular_file.h"

namespace pawl::platform {

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  struct stat info {};
  const Descriptor file = PAWL_TRY(open_regular("map", path, &info));
  if (info.st_size == 0) return MappedFile(nullptr, 0);
  if (static_cast<uint64_t>(info.st_size) > std::numeric_limits<size_t>::max()) {
    return Error{Code::kIo, "cannot map " + path.string() + ": larger than the address space"};
  }

  const auto size = static_cast<size_t>(info.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return system_error("map", path.string(), errno);
  return MappedFile(static_cast<const std::byte*>(data), size);
}

Result<MappedFile> MappedFile::copy(const std::filesystem::path& path, size_t bytes_max) {
  struct stat info {};
  const Descriptor file = PAWL_TRY(open_regular("read", path, &info));
  const auto refuse = [&path](Code code, const std::string& why) {
    return Error{code, "cannot read " + path.string() + ": " + why};
  };
  if (static_cast<uint64_t>(info.st_size) > bytes_max) {
    return refuse(Code::kExhausted,
                  "larger than the limit of " + std::to_string(bytes_max) + " bytes");
  }
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile(nullptr, 0);
  void* const data =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return refuse(Code::kExhausted, "no memory for its " + std::to_string(size) + " bytes");
  }
  MappedFile copied(static_cast<const std::byte*>(data), size);
  for (size_t filled = 0; filled < size;) {
    const ssize_t got = ::read(file.get(), static_cast<char*>(data) + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path.string(), errno);
    if (got == 0) return refuse(Code::kIo, "it became shorter meanwhile");
    filled += static_cast<size_t>(got);
  }
  ::mprotect(data, size,
             PROT_READ);  // as a mapping; what cannot be protected can be read all the same
  return copied;
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
