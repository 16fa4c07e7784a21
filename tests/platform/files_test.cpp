// Proves: reads respect their limit, also where the size is not known beforehand; a replacement
// that fails at any point (no folder, no permission, no space) leaves the old file as it was and no
// temporary one, and a reader never sees half of a new file.
#include "platform/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pawl_files_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::permissions(folder_, fs::perms::owner_all, ignored);
    fs::remove_all(folder_, ignored);
  }

  size_t entries() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  std::string content(const fs::path& path) const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path folder_;
};

TEST_F(Files, RoundTripsAnyBytes) {
  std::string text = "line\r\n";
  text.push_back('\0');
  for (int i = 0; i < 100000; ++i) text.push_back(static_cast<char>(i * 7));
  ASSERT_TRUE(replace_file(folder_ / "a", text).ok());
  EXPECT_EQ(read_text_file(folder_ / "a", text.size()).value(), text);
  const auto bytes = read_file(folder_ / "a", text.size()).value();
  EXPECT_EQ(bytes.size(), text.size());
  ASSERT_TRUE(replace_file(folder_ / "a", std::span<const std::byte>(bytes).first(3)).ok());
  EXPECT_EQ(content(folder_ / "a"), "lin");
  ASSERT_TRUE(replace_file(folder_ / "a", std::string_view()).ok());
  EXPECT_EQ(read_text_file(folder_ / "a", 0).value(), "");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ReadsUpToTheLimit) {
  ASSERT_TRUE(replace_file(folder_ / "ten", std::string_view("0123456789")).ok());
  EXPECT_TRUE(read_text_file(folder_ / "ten", 10).ok());
  const auto nine = read_text_file(folder_ / "ten", 9);
  ASSERT_FALSE(nine.ok());
  EXPECT_EQ(nine.error().code, Code::kExhausted);
  EXPECT_NE(nine.error().message.find("limit of 9 bytes"), std::string::npos);
}

TEST_F(Files, ReadsWhatHasNoSize) {
  const auto status = read_text_file("/proc/self/status", size_t{1} << 20);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_NE(status.value().find("Pid:"), std::string::npos);
  EXPECT_FALSE(read_text_file("/proc/self/status", 10).ok());
}

TEST_F(Files, ReadErrorsNameThePath) {
  const auto missing = read_file(folder_ / "none", 10);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_NE(missing.error().message.find((folder_ / "none").string()), std::string::npos);
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
  EXPECT_EQ(read_file(folder_, 10).error().code, Code::kIo);
}

// What has no end, or is waited for without one, is not read at all.
TEST_F(Files, RefusesWhatIsNoRegularFileAndSaysWhatItIs) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_GE(socket, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", (folder_ / "socket").c_str());
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::pair<fs::path, const char*> cases[] = {{folder_ / "pipe", "a FIFO"},
                                                    {folder_ / "socket", "a socket"},
                                                    {"/dev/zero", "a character device"},
                                                    {folder_, "a folder"}};
  for (const auto& [path, kind] : cases) {
    const auto refused = read_text_file(path, 100);
    ASSERT_FALSE(refused.ok()) << path;
    EXPECT_EQ(refused.error().code, Code::kIo);
    EXPECT_NE(refused.error().message.find(kind), std::string::npos) << refused.error().message;
  }
  ::close(socket);
}

TEST_F(Files, WritesNothingWhereItCannot) {
  const Status missing = replace_file(folder_ / "no" / "file", std::string_view("x"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  fs::create_directory(folder_ / "folder");
  EXPECT_EQ(replace_file(folder_ / "folder", std::string_view("x")).error().code, Code::kIo);
  EXPECT_EQ(entries(), 1U);
  // A device must stay a device, also for root.
  EXPECT_EQ(replace_file("/dev/full", std::string_view("x")).error().code, Code::kIo);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(Files, FolderWithoutPermission) {
  constexpr uid_t kNobody = 65534;
  ASSERT_TRUE(replace_file(folder_ / "old", std::string_view("old")).ok());
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                               fs::perms::others_exec);
  const uid_t self = ::geteuid();
  if (self == 0) {  // root may write anywhere
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const Status refused = replace_file(folder_ / "old", std::string_view("new"));
  if (self == 0) {
    ASSERT_EQ(::seteuid(self), 0);
  }
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kIo);
  EXPECT_NE(refused.error().message.find("Permission denied"), std::string::npos);
  EXPECT_EQ(content(folder_ / "old"), "old");
}

// The kernel refuses to let a file grow beyond the limit, in the middle of the write: what a full
// disk does.
TEST_F(Files, NoSpaceKeepsTheOldFileAndNoTemporary) {
  ASSERT_TRUE(replace_file(folder_ / "model", std::string_view("old")).ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 10000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status refused = replace_file(folder_ / "model", std::string(50000, 'n'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kIo);
  EXPECT_NE(refused.error().message.find("model"), std::string::npos);
  EXPECT_EQ(content(folder_ / "model"), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ReplacesThroughARelativeName) {
  const fs::path here = fs::current_path();
  fs::current_path(folder_);
  EXPECT_TRUE(replace_file("plain", std::string_view("x")).ok());
  fs::current_path(here);
  EXPECT_EQ(content(folder_ / "plain"), "x");
}

TEST_F(Files, NewFilesFollowTheUmask) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(replace_file(folder_ / "mode", std::string_view("x")).ok());
  ::umask(before);
  EXPECT_EQ(fs::status(folder_ / "mode").permissions(),
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

// Writers race on one name; every reader sees one of the whole contents.
TEST_F(Files, ReadersSeeWholeFilesOnly) {
  const fs::path path = folder_ / "busy";
  ASSERT_TRUE(replace_file(path, std::string(3000, 'a')).ok());
  std::atomic<bool> failed{false};
  const auto write = [&](char letter) {
    for (int i = 0; i < 40; ++i) {
      if (!replace_file(path, std::string(3000 + static_cast<size_t>(i), letter)).ok()) {
        failed = true;
      }
    }
  };
  std::thread first(write, 'b');
  std::thread second(write, 'c');
  for (int i = 0; i < 200; ++i) {
    const auto text = read_text_file(path, 10000);
    if (!text.ok() || text.value().size() < 3000 ||
        text.value().find_first_not_of(text.value()[0]) != std::string::npos) {
      failed = true;
    }
  }
  first.join();
  second.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(entries(), 1U);
}

}  // namespace
}  // namespace pawl::platform
