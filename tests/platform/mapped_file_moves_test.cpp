// Proves that a mapping has one owner whichever way it is moved: every page of it is given back
// when that owner ends, and none before. The kernel is asked which pages there are.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "platform/mapped_file.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

class MappedFileMoves : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pawl_moves_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  MappedFile mapped(size_t pages, char fill) {
    const fs::path path = folder_ / (std::to_string(pages) + fill);
    std::ofstream(path) << std::string(pages * page(), fill);
    auto file = MappedFile::open(path);
    EXPECT_TRUE(file.ok());
    return std::move(file).value();
  }
  static size_t page() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

  // Whether page `number` behind `base` is mapped at all.
  static bool there(const std::byte* base, size_t number) {
    unsigned char resident = 0;
    void* const at = const_cast<std::byte*>(base) + number * page();
    return ::mincore(at, page(), &resident) == 0 || errno != ENOMEM;
  }
  static size_t pages_there(const std::byte* base, size_t pages) {
    size_t count = 0;
    for (size_t i = 0; i < pages; ++i) count += there(base, i) ? 1 : 0;
    return count;
  }

  fs::path folder_;
};

TEST_F(MappedFileMoves, ConstructionTakesAllOver) {
  std::optional<MappedFile> first(mapped(5, 'a'));
  const std::byte* const base = first->bytes().data();
  {
    const MappedFile second(std::move(*first));
    EXPECT_EQ(second.bytes().size(), 5 * page());
    EXPECT_TRUE(first->bytes().empty());
    first.reset();
    EXPECT_EQ(pages_there(base, 5), 5U);
    EXPECT_EQ(second.bytes()[5 * page() - 1], std::byte{'a'});
  }
  EXPECT_EQ(pages_there(base, 5), 0U);
}

// Mappings of different lengths, so that one given back with the other's length shows.
TEST_F(MappedFileMoves, AssignmentGivesBackWhatWasThere) {
  for (const auto& [left, right] : {std::pair<size_t, size_t>{7, 2}, {2, 7}}) {
    std::optional<MappedFile> a(mapped(left, 'a'));
    std::optional<MappedFile> b(mapped(right, 'b'));
    const std::byte* const was_a = a->bytes().data();
    const std::byte* const was_b = b->bytes().data();
    *a = std::move(*b);
    b.reset();
    EXPECT_EQ(pages_there(was_a, left), 0U) << left << " pages";
    EXPECT_EQ(pages_there(was_b, right), right);
    ASSERT_EQ(a->bytes().size(), right * page());
    EXPECT_EQ(a->bytes()[right * page() - 1], std::byte{'b'});
    a.reset();
    EXPECT_EQ(pages_there(was_b, right), 0U) << right << " pages";
  }
}

}  // namespace
}  // namespace pawl::platform
