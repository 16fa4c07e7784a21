// Proves how calibration images are shared: of eight or more every fourth is held out, in order;
// of fewer none; and no image is in both shares or in neither.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "apps/pawl/calibration_folder.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;

TEST(HeldOut, EveryFourthOfEightAndMore) {
  std::string name = (fs::temp_directory_path() / "pawl_held_out_XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  for (size_t count = 1; count <= 21; ++count) {
    std::ofstream(fs::path(name) / ("image" + std::to_string(100 + count) + ".png")) << "any";
    auto folder = CalibrationFolder::open(name);
    ASSERT_TRUE(folder.ok()) << folder.error().message;
    ASSERT_EQ(folder.value().count(), count);
    const CalibrationFolder apart = folder.value().hold_out();
    EXPECT_EQ(apart.count(), count < 8 ? 0 : count / 4) << count << " images";
    EXPECT_EQ(folder.value().count() + apart.count(), count);
  }
  fs::remove_all(name);
}

}  // namespace
}  // namespace pawl::program
