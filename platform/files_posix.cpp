#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "platform/descriptor.h"
#include "platform/files.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadChunkBytes = size_t{1} << 16;
constexpr int kTemporaryNameTries = 100;

Error too_large(const fs::path& path, size_t bytes_max) {
  return Error{Code::kExhausted, "cannot read " + path.string() + ": larger than the limit of " +
                                     std::to_string(bytes_max) + " bytes"};
}

// What fstat says sizes the first read only: a file may grow meanwhile, and pipes and /proc claim
// nothing. `bytes_max` holds either way.
template <typename Bytes>
Result<Bytes> read_whole(const fs::path& path, size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error("open", path.string(), errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error("examine", path.string(), errno);
  const bool sized = S_ISREG(info.st_mode) && info.st_size > 0;
  if (sized && static_cast<uint64_t>(info.st_size) > bytes_max) return too_large(path, bytes_max);

  Bytes bytes;
  size_t filled = 0;
  size_t room =
      sized ? static_cast<size_t>(info.st_size) + 1 : 0;  // + 1: the read that finds the end
  while (true) {
    if (filled == room) {  // One byte beyond the limit tells "full" from "too large".
      room += std::min(kReadChunkBytes, bytes_max - filled);
      room += room == filled ? 1U : 0U;
    }
    bytes.resize(room);
    const ssize_t got = ::read(file.get(), bytes.data() + filled, room - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path.string(), errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > bytes_max) return too_large(path, bytes_max);
  }
  bytes.resize(filled);
  return bytes;
}

// The number of the error, 0 if all went well.
int write_all(int fd, const void* data, size_t count) {
  const auto* bytes = static_cast<const char*>(data);
  while (count > 0) {
    const ssize_t done = ::write(fd, bytes, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes += done;
    count -= static_cast<size_t>(done);
  }
  return 0;
}

int write_and_sync(Descriptor file, const void* data, size_t count) {
  if (const int error = write_all(file.get(), data, count); error != 0) return error;
  if (::fsync(file.get()) != 0) return errno;
  return file.close() ? 0 : errno;
}

// After this the new name survives a power cut. Some file systems cannot sync a directory.
int sync_directory(const fs::path& folder) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return errno;
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != ENOTSUP) return errno;
  return 0;
}

// A name that no other thread or process uses: O_EXCL decides, the counter avoids most collisions.
Result<std::pair<Descriptor, fs::path>> create_beside(const fs::path& folder,
                                                      const fs::path& target) {
  static std::atomic<uint32_t> counter{0};
  int error = EEXIST;
  for (int attempt = 0; attempt < kTemporaryNameTries && error == EEXIST; ++attempt) {
    const fs::path name = folder / (".pawl-" + std::to_string(::getpid()) + "-" +
                                    std::to_string(counter.fetch_add(1)) + ".tmp");
    Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.valid()) return std::pair(std::move(file), name);
    error = errno;
  }
  return system_error("write beside", target.string(), error);
}

Status replace_with(const fs::path& path, const void* data, size_t count) {
  // A device or a pipe must be refused: rename would put a plain file in the place of /dev/null.
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return Error{Code::kIo, "cannot write " + path.string() + ": not a regular file"};
  }

  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  auto [file, temporary] = PAWL_TRY(create_beside(folder, path));
  int error = write_and_sync(std::move(file), data, count);
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    return system_error("write", path.string(), error);
  }
  error = sync_directory(folder);
  if (error != 0) return system_error("sync the folder of", path.string(), error);
  return {};
}

}  // namespace

Result<std::string> read_text_file(const fs::path& path, size_t bytes_max) {
  return read_whole<std::string>(path, bytes_max);
}

Result<std::vector<std::byte>> read_file(const fs::path& path, size_t bytes_max) {
  return read_whole<std::vector<std::byte>>(path, bytes_max);
}

Status replace_file(const fs::path& path, std::span<const std::byte> bytes) {
  return replace_with(path, bytes.data(), bytes.size());
}

Status replace_file(const fs::path& path, std::string_view text) {
  return replace_with(path, text.data(), text.size());
}

}  // namespace pawl::platform
