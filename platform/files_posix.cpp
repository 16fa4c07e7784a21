#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "platform/files.h"
#include "platform/output_file.h"
#include "platform/regular_file.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadChunkBytes = size_t{1} << 16;

Error too_large(const fs::path& path, size_t bytes_max) {
  return Error{Code::kExhausted, "cannot read " + path.string() + ": larger than the limit of " +
                                     std::to_string(bytes_max) + " bytes"};
}

// What fstat says sizes the first read only: a file may grow meanwhile, and those of /proc claim
// nothing. `bytes_max` holds either way.
template <typename Bytes>
Result<Bytes> read_whole(const fs::path& path, size_t bytes_max) {
  struct stat info {};
  const Descriptor file = PAWL_TRY(open_regular("read", path, &info));
  const bool sized = info.st_size > 0;
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

}  // namespace

Result<std::string> read_text_file(const fs::path& path, size_t bytes_max) {
  return read_whole<std::string>(path, bytes_max);
}

Result<std::vector<std::byte>> read_file(const fs::path& path, size_t bytes_max) {
  return read_whole<std::vector<std::byte>>(path, bytes_max);
}

Status replace_file(const fs::path& path, std::span<const std::byte> bytes) {
  auto file = PAWL_TRY(OutputFile::open(path));
  PAWL_TRY(file.write(bytes));
  return file.finish();
}

Status replace_file(const fs::path& path, std::string_view text) {
  return replace_file(path, std::as_bytes(std::span(text)));
}

}  // namespace pawl::platform
