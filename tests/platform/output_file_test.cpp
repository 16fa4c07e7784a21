// Proves: a file written through OutputFile never harms another: links, pipes and devices stay what
// they are, mode and owner are kept, no name of a user's is taken for a temporary one, and a
// failure anywhere (unfinished, no reader, a sync that fails) leaves the old file and nothing
// beside it. The content is on the disk before the name is, and the name before finish() returns.
#include "platform/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

// In the place of the C library's: what was synced and renamed, in order, and what was open to
// whom.
namespace {
std::vector<std::string> calls;
int sync_error = 0;     // of regular files
mode_t early_mode = 0;  // of the new file, before it has the old one's
}  // namespace

extern "C" int fsync(int fd) {
  struct stat info {};
  ::fstat(fd, &info);
  calls.emplace_back(S_ISDIR(info.st_mode) ? "sync folder" : "sync file");
  if (S_ISREG(info.st_mode) && sync_error != 0) {
    errno = sync_error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int fchown(int fd, uid_t user, gid_t group) noexcept {
  struct stat info {};
  ::fstat(fd, &info);
  early_mode |= info.st_mode & 0777U;
  return static_cast<int>(::syscall(SYS_fchown, fd, user, group));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  calls.emplace_back("rename");
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

class OutputFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pawl_output_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    calls.clear();
    sync_error = 0;
    early_mode = 0;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  static Status write(const fs::path& path, std::string_view text) {
    auto file = PAWL_TRY(OutputFile::open(path));
    PAWL_TRY(file.write(text));
    return file.finish();
  }
  static void make(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static mode_t mode(const fs::path& path) {
    struct stat info {};
    ::lstat(path.c_str(), &info);
    return info.st_mode;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  using Names = std::vector<std::string>;
  fs::path folder_;
};

TEST_F(OutputFiles, FollowsLinksAndKeepsThem) {
  fs::create_directory(folder_ / "far");
  fs::create_directory_symlink("far", folder_ / "folder");
  make(folder_ / "far" / "file", "old");
  fs::create_symlink("far/file", folder_ / "link");
  fs::create_symlink("folder/../link", folder_ / "chain");
  fs::create_symlink(folder_ / "far" / "new", folder_ / "absolute");
  fs::create_symlink("dangling_too", folder_ / "dangling");
  fs::create_symlink("far/made", folder_ / "dangling_too");
  const std::pair<const char*, const char*> cases[] = {{"link", "far/file"},
                                                       {"chain", "far/file"},
                                                       {"folder/file", "far/file"},
                                                       {"absolute", "far/new"},
                                                       {"dangling", "far/made"}};
  for (const auto& [name, target] : cases) {
    const Status written = write(folder_ / name, name);
    ASSERT_TRUE(written.ok()) << written.error().message;
    EXPECT_EQ(content(folder_ / target), name);
    EXPECT_TRUE(S_ISREG(mode(folder_ / target))) << target;
  }
  for (const char* link : {"link", "chain", "folder", "absolute", "dangling", "dangling_too"}) {
    EXPECT_TRUE(S_ISLNK(mode(folder_ / link))) << link;
  }
  fs::create_symlink("loop", folder_ / "loop");
  EXPECT_FALSE(write(folder_ / "loop", "x").ok());
  EXPECT_TRUE(S_ISLNK(mode(folder_ / "loop")));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "far"), fs::directory_iterator()), 3);
}

TEST_F(OutputFiles, OtherNamesKeepTheOldContent) {
  make(folder_ / "a", "old");
  fs::create_hard_link(folder_ / "a", folder_ / "b");
  ASSERT_TRUE(write(folder_ / "a", "new").ok());
  EXPECT_EQ(content(folder_ / "a"), "new");
  EXPECT_EQ(content(folder_ / "b"), "old");
}

TEST_F(OutputFiles, KeepsModeAndOwner) {
  for (const mode_t wanted : {0600, 0640, 0755, 0444, 04750}) {
    make(folder_ / "file", "old");
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown((folder_ / "file").c_str(), kNobody, kNobody), 0);
    }
    ASSERT_EQ(::chmod((folder_ / "file").c_str(), wanted), 0);
    auto file = OutputFile::open(folder_ / "file");
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(early_mode & 077U, 0U);  // not for a moment more open
    ASSERT_TRUE(file.value().finish().ok());
    EXPECT_EQ(mode(folder_ / "file") & 07777U, wanted);
    struct stat info {};
    ASSERT_EQ(::stat((folder_ / "file").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, ::geteuid() == 0 ? kNobody : ::geteuid());
    fs::remove(folder_ / "file");
  }
}

// Whose group cannot be kept must not open the file to the writer's group instead.
TEST_F(OutputFiles, AGroupThatIsLostGetsNoMoreThanTheOthers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
  make(folder_ / "file", "old");
  ASSERT_EQ(::chmod((folder_ / "file").c_str(), 0664), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  ASSERT_EQ(::setegid(kNobody), 0);
  ASSERT_EQ(::seteuid(kNobody), 0);
  const Status written = write(folder_ / "file", "new");
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_EQ(::setegid(0), 0);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(content(folder_ / "file"), "new");
  EXPECT_EQ(mode(folder_ / "file") & 07777U, 0644U);
}

TEST_F(OutputFiles, AFifoIsWrittenInto) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("pipe", folder_ / "link");
  for (const char* name : {"pipe", "link"}) {
    std::string got;
    // Begins to read only when the writer waits already.
    std::thread reader([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      got = content(pipe);
    });
    const Status written = write(folder_ / name, std::string(300'000, 'x'));
    reader.join();
    EXPECT_TRUE(written.ok()) << written.error().message;
    EXPECT_EQ(got.size(), 300'000U);
    EXPECT_TRUE(S_ISFIFO(mode(pipe)));
  }
  EXPECT_EQ(names(), (Names{"link", "pipe"}));
}

TEST_F(OutputFiles, AFifoThatNobodyReadsIsNotWaitedForWithoutEnd) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const auto opened = OutputFile::open(folder_ / "pipe");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("nobody reads"), std::string::npos);
}

// Nodes of our own: root could replace the system's.
TEST_F(OutputFiles, ADeviceIsWrittenInto) {
  const fs::path null = folder_ / "null", full = folder_ / "full";
  if (::mknod(null.c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0 ||
      ::mknod(full.c_str(), S_IFCHR | 0666, makedev(1, 7)) != 0) {
    GTEST_SKIP() << "may not make device nodes here (root may)";
  }
  if (const int probe = ::open(null.c_str(), O_WRONLY); probe < 0) {
    GTEST_SKIP() << "device nodes do not work in " << folder_;
  } else {
    ::close(probe);
  }
  fs::create_symlink("null", folder_ / "link");
  EXPECT_TRUE(write(null, "x").ok());
  EXPECT_TRUE(write(folder_ / "link", "x").ok());
  const Status refused = write(full, "x");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("No space left"), std::string::npos);
  for (const fs::path& node : {null, full}) EXPECT_TRUE(S_ISCHR(mode(node))) << node;
  EXPECT_EQ(names(), (Names{"full", "link", "null"}));
}

TEST_F(OutputFiles, RefusesWhatIsNoFileAndSaysWhatItIs) {
  fs::create_directory(folder_ / "folder");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", (folder_ / "socket").c_str());
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(socket);
  std::vector<std::pair<std::string, std::string>> cases = {
      {"folder", "a folder"}, {"folder/", "a folder"},       {"socket", "a socket"},
      {"new/", "a folder"},   {"none/file", "No such file"}, {"socket/file", "Not a directory"}};
  if (::mknod((folder_ / "disk").c_str(), S_IFBLK | 0600, makedev(7, 250)) == 0) {
    cases.emplace_back("disk", "a block device");
  }
  for (const auto& [name, says] : cases) {
    const Status refused = write(folder_ / name, "x");
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    EXPECT_FALSE(output_identity(folder_ / name).ok()) << name;
  }
  EXPECT_EQ(write("", "x").error().code, Code::kInvalidArgument);
  EXPECT_TRUE(S_ISSOCK(mode(folder_ / "socket")));
}

TEST_F(OutputFiles, TwoWritersAndAUsersOwnTemporaryNames) {
  for (const char* own : {"file.part", "file.tmp", ".file.tmp", ".pawl.tmp"}) {
    make(folder_ / own, "mine");
  }
  auto first = OutputFile::open(folder_ / "file");
  auto second = OutputFile::open(folder_ / "file");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(first.value().write(std::string_view("first")).ok());
  EXPECT_TRUE(second.value().write(std::string_view("second")).ok());
  EXPECT_FALSE(fs::exists(folder_ / "file"));
  EXPECT_TRUE(first.value().finish().ok());
  EXPECT_EQ(content(folder_ / "file"), "first");
  EXPECT_TRUE(second.value().finish().ok());
  EXPECT_EQ(content(folder_ / "file"), "second");
  EXPECT_EQ(names(), (Names{".file.tmp", ".pawl.tmp", "file", "file.part", "file.tmp"}));
  for (const char* own : {"file.part", "file.tmp", ".file.tmp", ".pawl.tmp"}) {
    EXPECT_EQ(content(folder_ / own), "mine");
  }
}

TEST_F(OutputFiles, UnfinishedLeavesTheOldFileAlone) {
  make(folder_ / "file", "old");
  {
    auto file = OutputFile::open(folder_ / "file");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file.value().write(std::string_view("new")).ok());
    OutputFile moved = std::move(file).value();
  }
  EXPECT_EQ(content(folder_ / "file"), "old");
  EXPECT_EQ(names(), (Names{"file"}));
}

TEST_F(OutputFiles, ContentIsOnTheDiskBeforeTheNameIs) {
  ASSERT_TRUE(write(folder_ / "file", "x").ok());
  EXPECT_EQ(calls, (Names{"sync file", "rename", "sync folder"}));
}

TEST_F(OutputFiles, AFailedSyncIsAFailedWrite) {
  make(folder_ / "file", "old");
  sync_error = EIO;
  const Status refused = write(folder_ / "file", "new");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kIo);
  EXPECT_EQ(content(folder_ / "file"), "old");
  EXPECT_EQ(names(), (Names{"file"}));
}

// A device in the place of the file, since it was opened.
TEST_F(OutputFiles, WhatHasTakenThePlaceMeanwhileStays) {
  auto file = OutputFile::open(folder_ / "file");
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(::mkfifo((folder_ / "file").c_str(), 0600), 0);
  EXPECT_FALSE(file.value().finish().ok());
  EXPECT_TRUE(S_ISFIFO(mode(folder_ / "file")));
}

TEST_F(OutputFiles, IdentityIsOfTheFileAndNotOfItsName) {
  fs::create_directory(folder_ / "sub");
  make(folder_ / "a", "a");
  make(folder_ / "b", "b");
  fs::create_hard_link(folder_ / "a", folder_ / "hard");
  fs::create_symlink("sub/../a", folder_ / "soft");
  fs::create_symlink("sub/new", folder_ / "dangling");
  const auto of = [&](const char* name) { return output_identity(folder_ / name).value(); };
  EXPECT_EQ(of("a"), of("hard"));
  EXPECT_EQ(of("a"), of("soft"));
  EXPECT_EQ(of("a"), of("sub/../a"));
  EXPECT_EQ(of("a"), file_identity(folder_ / "soft"));
  EXPECT_NE(of("a"), of("b"));
  EXPECT_EQ(of("dangling"), of("sub/new"));
  EXPECT_EQ(of("sub/new"), of("sub/../sub/new"));
  EXPECT_NE(of("sub/new"), of("new"));
  EXPECT_NE(of("sub/new"), of("sub/other"));
  EXPECT_FALSE(file_identity(folder_ / "dangling"));
}

}  // namespace
}  // namespace pawl::platform
