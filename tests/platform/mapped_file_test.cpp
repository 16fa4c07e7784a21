// Proves: a mapping shows the file's bytes, survives moves and the unlinking of its file, and is
// refused for everything but a regular file, without waiting for the other end of a pipe; a copy
// also survives what is written into its file, and is bounded.
#include "platform/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "platform/files.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

class MappedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pawl_mapped_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path folder_;
};

TEST_F(MappedFiles, ShowsTheBytesAndOutlivesTheName) {
  const std::string text(10001, 'q');
  ASSERT_TRUE(replace_file(folder_ / "f", text).ok());
  auto opened = MappedFile::open(folder_ / "f");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  fs::remove(folder_ / "f");

  MappedFile moved = std::move(opened).value();
  ASSERT_EQ(moved.bytes().size(), text.size());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(moved.bytes().data()) % 64, 0U);
  EXPECT_EQ(0, std::memcmp(moved.bytes().data(), text.data(), text.size()));

  ASSERT_TRUE(replace_file(folder_ / "g", std::string_view("other")).ok());
  MappedFile other = MappedFile::open(folder_ / "g").value();
  moved = std::move(other);
  EXPECT_EQ(moved.bytes().size(), 5U);
}

TEST_F(MappedFiles, EmptyFileHasNoBytes) {
  ASSERT_TRUE(replace_file(folder_ / "empty", std::string_view()).ok());
  const auto opened = MappedFile::open(folder_ / "empty");
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened.value().bytes().empty());
}

TEST_F(MappedFiles, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(MappedFile::open(folder_ / "none").error().code, Code::kNotFound);
  EXPECT_EQ(MappedFile::open(folder_).error().code, Code::kIo);
  EXPECT_EQ(MappedFile::open("/dev/zero").error().code, Code::kIo);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(folder_ / "pipe").error().code, Code::kIo);
}

TEST_F(MappedFiles, ACopyKeepsItsBytes) {
  std::string text;
  for (int i = 0; i < 70001; ++i) text.push_back(static_cast<char>(i * 7));
  ASSERT_TRUE(replace_file(folder_ / "f", text).ok());
  auto copied = MappedFile::copy(folder_ / "f", text.size());
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  fs::resize_file(folder_ / "f", 10);
  const MappedFile moved = std::move(copied).value();
  ASSERT_EQ(moved.bytes().size(), text.size());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(moved.bytes().data()) % 64, 0U);
  EXPECT_EQ(0, std::memcmp(moved.bytes().data(), text.data(), text.size()));
}

TEST_F(MappedFiles, ACopyIsBoundedBeforeItIsMade) {
  ASSERT_TRUE(replace_file(folder_ / "ten", std::string_view("0123456789")).ok());
  EXPECT_TRUE(MappedFile::copy(folder_ / "ten", 10).ok());
  EXPECT_EQ(MappedFile::copy(folder_ / "ten", 9).error().code, Code::kExhausted);
  fs::resize_file(folder_ / "ten", uintmax_t{1} << 42);  // sparse
  EXPECT_EQ(MappedFile::copy(folder_ / "ten", size_t{1} << 40).error().code, Code::kExhausted);
  ASSERT_TRUE(replace_file(folder_ / "empty", std::string_view()).ok());
  EXPECT_TRUE(MappedFile::copy(folder_ / "empty", 10).value().bytes().empty());
  EXPECT_EQ(MappedFile::copy(folder_ / "none", 10).error().code, Code::kNotFound);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::copy(folder_ / "pipe", 10).error().code, Code::kIo);
}

}  // namespace
}  // namespace pawl::platform
