#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "platform/output_file.h"
#include "platform/regular_file.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr int kLinksMax = 40;  // as the kernel
constexpr int kTemporaryNameTries = 100;
constexpr std::chrono::milliseconds kReaderWait{5000};
constexpr std::chrono::milliseconds kReaderPoll{10};

struct Place {
  fs::path target;                   // where the links of a name lead
  std::optional<struct stat> there;  // of the file there, if there is one
  bool in_place() const { return there && !S_ISREG(there->st_mode); }
};

Error cannot_write(const fs::path& path, const std::string& why) {
  return Error{Code::kIo, "cannot write " + path.string() + ": " + why};
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

// The end of a chain of symbolic links, which need not exist.
Result<fs::path> follow_links(const fs::path& path) {
  fs::path target = path;
  for (int links = 0; links <= kLinksMax; ++links) {
    std::error_code no_link;
    const fs::path next = fs::read_symlink(target, no_link);
    if (no_link) return target;
    target = next.is_absolute() ? next : target.parent_path() / next;
  }
  return system_error("write", path.string(), ELOOP);
}

Result<Place> find_place(const fs::path& path) {
  if (path.empty()) return Error{Code::kInvalidArgument, "cannot write a file without a name"};
  Place place{.target = path, .there = {}};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode) || S_ISSOCK(info.st_mode)) {
      return cannot_write(path, std::string("it is ") + file_kind(info.st_mode));
    }
    place.there = info;
    if (place.in_place()) return place;
  } else if (errno != ENOENT) {
    return system_error("write", path.string(), errno);
  }
  place.target = PAWL_TRY(follow_links(path));
  // The links of /proc lead to open files, whose names may be gone.
  if (place.there && ::stat(place.target.c_str(), &info) != 0) {
    return cannot_write(path, "it leads to a file that has no name");
  }
  if (!place.target.has_filename()) return cannot_write(path, "it names a folder");
  const fs::path folder = folder_of(place.target);
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return system_error("write", path.string(), errno);
  }
  return place;
}

// Opening a FIFO for writing waits for its reader, without end. We ask instead, for a while: the
// reader may be starting too.
Result<Descriptor> open_in_place(const fs::path& path) {
  const auto deadline = std::chrono::steady_clock::now() + kReaderWait;
  const auto try_open = [&path] {
    return Descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  };
  Descriptor file = try_open();
  int error = file.valid() ? 0 : errno;
  struct stat info {};
  const bool fifo = ::stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
  while (fifo && error == ENXIO && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kReaderPoll);
    file = try_open();
    error = file.valid() ? 0 : errno;
  }
  if (fifo && error == ENXIO) {
    return cannot_write(path, "nobody reads from this FIFO; start its reader first");
  }
  if (error != 0) return system_error("write", path.string(), error);
  if (::fstat(file.get(), &info) != 0 || (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode))) {
    return cannot_write(path, "it was replaced meanwhile");
  }
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0 || ::fcntl(file.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return system_error("write", path.string(), errno);
  }
  return file;
}

// As far as the system allows. Who may read the new file may have read the old one: where the group
// cannot be kept, ours gets what the others had.
void keep_owner_and_mode(int file, const struct stat& old) {
  mode_t mode = old.st_mode & 07777U;
  if (::fchown(file, old.st_uid, old.st_gid) != 0) {
    mode &= ~static_cast<mode_t>(S_ISUID);
    if (::fchown(file, static_cast<uid_t>(-1), old.st_gid) != 0) {
      mode = (mode & ~static_cast<mode_t>(S_ISGID | S_IRWXG)) | ((mode & S_IRWXO) << 3U);
    }
  }
  if (::fchmod(file, mode) != 0) return;  // a file system without modes has none to keep
}

struct Created {
  Descriptor file;
  TemporaryName name;
};

// A name that nobody else uses: O_EXCL decides, whatever lies in the folder.
Result<Created> create_beside(const fs::path& path, const Place& place) {
  const mode_t mode = place.there ? 0600 : 0666;  // the old file's follows
  int error = EEXIST;
  for (int attempt = 0; attempt < kTemporaryNameTries && error == EEXIST; ++attempt) {
    TemporaryName name = TemporaryName::in(folder_of(place.target));
    Descriptor file(::open(name.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    error = file.valid() ? 0 : errno;
    if (error != 0) continue;
    if (place.there) keep_owner_and_mode(file.get(), *place.there);
    return Created{std::move(file), std::move(name)};
  }
  return system_error("write", path.string(), error);
}

// After this the new name survives a power cut. Some file systems cannot sync a directory.
int sync_folder(const fs::path& folder) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return errno == EACCES ? 0 : errno;  // one we may write to, not list
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != ENOTSUP) return errno;
  return 0;
}

FileIdentity identity_of(const struct stat& info) {
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .name = {},
          .is_character_device = S_ISCHR(info.st_mode)};
}

}  // namespace

OutputFile::OutputFile(fs::path path, fs::path target, TemporaryName temporary, Descriptor file)
    : path_(std::move(path)),
      target_(std::move(target)),
      temporary_(std::move(temporary)),
      file_(std::move(file)) {}

Result<OutputFile> OutputFile::open(const fs::path& path) {
  const Place place = PAWL_TRY(find_place(path));
  if (place.in_place()) {
    return OutputFile(path, path, TemporaryName(), PAWL_TRY(open_in_place(path)));
  }
  Created created = PAWL_TRY(create_beside(path, place));
  return OutputFile(path, place.target, std::move(created.name), std::move(created.file));
}

OutputFile::~OutputFile() {
  if (!temporary_.path().empty()) ::unlink(temporary_.path().c_str());
}

Status OutputFile::write(std::span<const std::byte> bytes) {
  return write(bytes.data(), bytes.size());
}

Status OutputFile::write(std::string_view text) {
  return write(text.data(), text.size());
}

Status OutputFile::write(const void* data, size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t done = ::write(file_.get(), from, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error("write", path_.string(), errno);
    from += done;
    bytes -= static_cast<size_t>(done);
  }
  return {};
}

Status OutputFile::finish() {
  const bool in_place = temporary_.path().empty();
  if (!in_place && ::fsync(file_.get()) != 0) return system_error("write", path_.string(), errno);
  if (!file_.close()) return system_error("write", path_.string(), errno);
  if (in_place) return {};
  struct stat now {};
  if (::lstat(target_.c_str(), &now) == 0 && !S_ISREG(now.st_mode)) {
    return cannot_write(path_, std::string("it has become ") + file_kind(now.st_mode));
  }
  if (::rename(temporary_.path().c_str(), target_.c_str()) != 0) {
    return system_error("write", path_.string(), errno);
  }
  temporary_ = TemporaryName();
  const int error = sync_folder(folder_of(target_));
  if (error != 0) return system_error("sync the folder of", path_.string(), error);
  return {};
}

std::optional<FileIdentity> file_identity(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return identity_of(info);
}

std::optional<FileIdentity> standard_output_identity() {
  struct stat info {};
  if (::fstat(STDOUT_FILENO, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return identity_of(info);
}

Result<FileIdentity> output_identity(const fs::path& path) {
  const Place place = PAWL_TRY(find_place(path));
  if (place.there) return identity_of(*place.there);
  FileIdentity identity = file_identity(folder_of(place.target)).value_or(FileIdentity{});
  identity.name = place.target.filename().string();
  return identity;
}

}  // namespace pawl::platform
