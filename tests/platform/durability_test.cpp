// Proves that a replaced file survives a power cut: its bytes are synced before the new name is
// given and the folder after, whatever the name; and that each system call on the way, failing,
// is reported, leaves the old file or all of the new one, and no temporary file. Calls that are
// interrupted or do less than they were asked go on, reading as well.
//
// The calls are this program's own, in front of the C library's: they note what is asked, fail
// where a test says so, and pass the rest on.
#undef _FORTIFY_SOURCE  // its inline open() would stand in the way of ours
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "platform/files.h"

namespace {

enum class Call { kCreate, kOpenFolder, kWrite, kSync, kClose, kRename };

struct Event {
  Call call;
  ino_t inode;  // of the file or folder; 0 where it is not there yet
  bool folder;
};

// What this thread's calls do while it lives.
struct Watch {
  std::vector<Event> events;
  int fail_at = -1;  // index of the event that fails
  int error = EIO;
  size_t write_most = SIZE_MAX;  // bytes that one write() takes
  bool interrupted = false;      // every second read() and write() is, before it begins
  size_t read_most = SIZE_MAX;   // bytes that one read() gives
  int read_fails_at = -1;        // number of the read() that fails
  int reads = 0;
  int names_taken = 0;  // files that exist already where one is created
  int writes = 0;

  // Notes the event; true if it is to fail.
  bool fails(const Event& event) {
    events.push_back(event);
    if (static_cast<int>(events.size()) - 1 != fail_at) return false;
    errno = error;
    return true;
  }
};

thread_local Watch* watch = nullptr;

Event of_descriptor(Call call, int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return {call, 0, false};
  return {call, info.st_ino, S_ISDIR(info.st_mode)};
}

Event of_path(Call call, int at, const char* path) {
  struct stat info {};
  if (::fstatat(at, path, &info, AT_SYMLINK_NOFOLLOW) != 0) return {call, 0, false};
  return {call, info.st_ino, S_ISDIR(info.st_mode)};
}

int open_path(int at, const char* path, int flags, mode_t mode) {
  if (watch != nullptr && (flags & O_CREAT) != 0) {
    if ((flags & O_EXCL) != 0 && watch->names_taken-- > 0) {
      errno = EEXIST;
      return -1;
    }
    if (watch->fails({Call::kCreate, 0, false})) return -1;
  } else if (watch != nullptr && (flags & O_DIRECTORY) != 0) {
    if (watch->fails(of_path(Call::kOpenFolder, at, path))) return -1;
  }
  return static_cast<int>(::syscall(SYS_openat, at, path, flags, mode));
}

int sync_descriptor(int fd, long number) {
  if (watch != nullptr && watch->fails(of_descriptor(Call::kSync, fd))) return -1;
  return static_cast<int>(::syscall(number, fd));
}

int rename_path(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
  if (watch != nullptr && watch->fails(of_path(Call::kRename, from_at, from))) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_at, from, to_at, to, flags));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_path(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open_path(at, path, flags, mode);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  if (watch != nullptr) {
    if (watch->interrupted && watch->writes++ % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    if (watch->fails(of_descriptor(Call::kWrite, fd))) return -1;
    count = count < watch->write_most ? count : watch->write_most;
  }
  return ::syscall(SYS_write, fd, bytes, count);
}

ssize_t read(int fd, void* bytes, size_t count) {
  if (watch != nullptr) {
    if (watch->interrupted && watch->reads++ % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    if (watch->read_fails_at >= 0 && watch->reads++ == watch->read_fails_at) {
      errno = EIO;
      return -1;
    }
    count = count < watch->read_most ? count : watch->read_most;
  }
  return ::syscall(SYS_read, fd, bytes, count);
}

int close(int fd) {
  const bool fails = watch != nullptr && watch->fails(of_descriptor(Call::kClose, fd));
  const int error = errno;
  const auto closed = static_cast<int>(::syscall(SYS_close, fd));
  if (!fails) return closed;
  errno = error;
  return -1;
}

int fsync(int fd) {
  return sync_descriptor(fd, SYS_fsync);
}
int fdatasync(int fd) {
  return sync_descriptor(fd, SYS_fdatasync);
}

int rename(const char* from, const char* to) noexcept {
  return rename_path(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_at, const char* from, int to_at, const char* to) noexcept {
  return rename_path(from_at, from, to_at, to, 0);
}
int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept {
  return rename_path(from_at, from, to_at, to, flags);
}
}

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

class Durability : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pawl_durability_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(path()) << kOld;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // replace_file() under `seen`.
  static Status replace(const fs::path& path, Watch* seen, const std::string& text = kNew) {
    watch = seen;
    Status status = replace_file(path, std::string_view(text));
    watch = nullptr;
    return status;
  }

  std::string content() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t entries() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path path() const { return folder_ / "kept"; }
  ino_t inode_of(const fs::path& of) const {
    struct stat info {};
    EXPECT_EQ(::stat(of.c_str(), &info), 0);
    return info.st_ino;
  }

  // The new file's bytes, then its name, then the folder.
  void expect_durable(const Watch& seen) const {
    const ino_t file = inode_of(path());
    const ino_t folder = inode_of(folder_);
    int written = -1, synced = -1, renamed = -1, folder_synced = -1;
    for (int i = 0; i < static_cast<int>(seen.events.size()); ++i) {
      const Event& event = seen.events[static_cast<size_t>(i)];
      if (event.inode == file && event.call == Call::kWrite) written = i;
      if (event.inode == file && event.call == Call::kSync) synced = i;
      if (event.inode == file && event.call == Call::kRename) renamed = i;
      if (event.inode == folder && event.call == Call::kSync) folder_synced = i;
    }
    EXPECT_GE(written, 0);
    EXPECT_GT(synced, written) << "the file is not synced after its last byte";
    EXPECT_GT(renamed, synced) << "the file gets its name before it is synced";
    EXPECT_GT(folder_synced, renamed) << "the folder is not synced after the new name";
  }

  inline static const std::string kOld = "what was there before";
  inline static const std::string kNew = "what is there now, a little longer";
  fs::path folder_;
};

TEST_F(Durability, BytesThenNameThenFolder) {
  Watch over_old;
  ASSERT_TRUE(replace(path(), &over_old).ok());
  EXPECT_EQ(content(), kNew);
  expect_durable(over_old);

  ASSERT_TRUE(fs::remove(path()));
  Watch anew;
  ASSERT_TRUE(replace(path(), &anew).ok());
  expect_durable(anew);

  const std::vector<std::byte> bytes(300000, std::byte{7});
  Watch of_bytes;
  watch = &of_bytes;
  const Status status = replace_file(path(), bytes);
  watch = nullptr;
  ASSERT_TRUE(status.ok());
  expect_durable(of_bytes);
}

// A name without a folder stands in the working directory.
TEST_F(Durability, AlsoInTheWorkingDirectory) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  Watch seen;
  const Status status = replace("kept", &seen);
  fs::current_path(before);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(content(), kNew);
  expect_durable(seen);
}

TEST_F(Durability, EveryCallThatFailsIsReported) {
  Watch whole;
  ASSERT_TRUE(replace(path(), &whole).ok());
  ASSERT_GE(whole.events.size(), 6U);
  for (int at = 0; at < static_cast<int>(whole.events.size()); ++at) {
    const Event& event = whole.events[static_cast<size_t>(at)];
    if (event.call == Call::kClose && event.folder) continue;  // nothing hangs on it
    for (const int error : {EIO, ENOSPC, EDQUOT}) {
      std::ofstream(path()) << kOld;
      Watch seen;
      seen.fail_at = at;
      seen.error = error;
      const Status status = replace(path(), &seen);
      ASSERT_FALSE(status.ok()) << "call " << at << " failed unnoticed";
      EXPECT_EQ(status.error().code, Code::kIo);
      EXPECT_NE(status.error().message.find("kept"), std::string::npos) << status.error().message;
      EXPECT_EQ(entries(), 1U) << "call " << at << " left a temporary file";
      bool renamed = false;
      for (int i = 0; i < at; ++i) {
        renamed = renamed || whole.events[static_cast<size_t>(i)].call == Call::kRename;
      }
      EXPECT_EQ(content(), renamed ? kNew : kOld) << "call " << at;
    }
  }
}

// Some file systems cannot sync a folder: there is nothing more to be done there.
TEST_F(Durability, AFolderThatCannotBeSyncedIsNoFault) {
  Watch whole;
  ASSERT_TRUE(replace(path(), &whole).ok());
  for (int at = 0; at < static_cast<int>(whole.events.size()); ++at) {
    const Event& event = whole.events[static_cast<size_t>(at)];
    if (event.call != Call::kSync) continue;
    for (const int error : {EINVAL, ENOTSUP}) {
      Watch seen;
      seen.fail_at = at;
      seen.error = error;
      EXPECT_EQ(replace(path(), &seen).ok(), event.folder) << "error " << error;
    }
  }
}

TEST_F(Durability, ShortAndInterruptedWritesGoOn) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i);
  for (const size_t most : {size_t{1}, size_t{7}, SIZE_MAX}) {
    for (const bool interrupted : {false, true}) {
      Watch seen;
      seen.write_most = most;
      seen.interrupted = interrupted;
      ASSERT_TRUE(replace(path(), &seen, text).ok());
      EXPECT_EQ(content(), text);
      expect_durable(seen);
    }
  }
}

TEST_F(Durability, ShortAndInterruptedReadsGoOn) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i);
  std::ofstream(path(), std::ios::binary) << text;
  for (const size_t most : {size_t{1}, size_t{7}, SIZE_MAX}) {
    for (const bool interrupted : {false, true}) {
      Watch seen;
      seen.read_most = most;
      seen.interrupted = interrupted;
      watch = &seen;
      const auto whole = read_text_file(path(), text.size());
      const auto limited = read_text_file(path(), text.size() - 1);
      watch = nullptr;
      ASSERT_TRUE(whole.ok()) << whole.error().message;
      EXPECT_EQ(whole.value(), text);
      ASSERT_FALSE(limited.ok());
      EXPECT_EQ(limited.error().code, Code::kExhausted);
    }
  }
  for (const int at : {0, 1, 5}) {
    Watch seen;
    seen.read_most = 100;
    seen.read_fails_at = at;
    watch = &seen;
    const auto failed = read_text_file(path(), text.size());
    watch = nullptr;
    ASSERT_FALSE(failed.ok()) << "read " << at << " failed unnoticed";
    EXPECT_EQ(failed.error().code, Code::kIo);
  }
}

TEST_F(Durability, ATakenTemporaryNameIsPassedOver) {
  Watch seen;
  seen.names_taken = 5;
  ASSERT_TRUE(replace(path(), &seen).ok());
  EXPECT_EQ(content(), kNew);
  EXPECT_EQ(entries(), 1U);
}

}  // namespace
}  // namespace pawl::platform
