// Proves that a folder gives the pictures in it by name or content, and says which it does not.
#include "platform/imaging/image_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "platform/imaging/camera.h"
#include "platform/imaging/jpeg.h"
#include "platform/imaging/png.h"
#include "tests/platform/imaging/exif_files.h"
#include "tests/platform/imaging/test_files.h"

namespace pawl::platform {
namespace {

TEST(ImageFolder, PicturesByNameOrContent) {
  const TestFolder folder;
  const Bytes jpeg = encode_jpeg(smooth_image(20, 10), 90).value();
  for (const char* name : {"a.JPG", "b.jpe", "c.jfif", "d.Jpeg", "e"}) folder.write(name, jpeg);
  folder.write("f", encode_png(smooth_image(20, 10)).value());
  folder.write("g.png", jpeg);  // a wrong name of an image is one all the same
  folder.write("._a.JPG", bytes_of("what another system keeps of a.JPG"));
  folder.write("a.txt", bytes_of("0 0.5 0.5 0.1 0.1"));
  folder.write("LICENSE", bytes_of("words"));
  std::filesystem::create_directory(folder.path("more.png"));
  auto found = list_images(folder.path(""));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.value().remark, "");
  std::string names;
  for (const auto& path : found.value().images) {
    names += path.filename().string() + " ";
    const auto image = load_image(path);
    ASSERT_TRUE(image.ok()) << image.error().message;
    EXPECT_EQ(image.value().width, 20);
  }
  EXPECT_EQ(names, "a.JPG b.jpe c.jfif d.Jpeg e f g.png ");

  folder.write("x.jpg.part", jpeg);
  folder.write("y.heic", bytes_of(std::string_view("\0\0\0\x18"
                                                   "ftypheic............",
                                                   24)));
  found = list_images(folder.path(""));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value().images.size(), 7U);
  EXPECT_NE(found.value().remark.find("2 pictures are not read: x.jpg.part (JPEG"),
            std::string::npos)
      << found.value().remark;
  EXPECT_NE(found.value().remark.find("y.heic (HEIC)"), std::string::npos);
  const auto camera = Camera::open(folder.path("").string());
  ASSERT_TRUE(camera.ok());
  EXPECT_EQ(camera.value()->remark(), found.value().remark);
}

TEST(ImageFolder, OnlyOfWhatIsNotRead) {
  const TestFolder folder;
  folder.write("y.heic", bytes_of(std::string_view("\0\0\0\x18"
                                                   "ftypheic............",
                                                   24)));
  const auto found = list_images(folder.path(""));
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message.find("HEIC"), std::string::npos);
}

// A file without the name of a picture is one by its content, a video otherwise.
TEST(ImageFolder, OneFileOfAnyName) {
  const TestFolder folder;
  for (const char* name : {"photo", "photo.dat", "photo.TIFF"}) {
    folder.write(name, encode_jpeg(smooth_image(20, 10), 90).value());
    const auto camera = Camera::open(folder.path(name).string());
    ASSERT_TRUE(camera.ok()) << camera.error().message;
    EXPECT_TRUE(camera.value()->is_image_set());
    Frame frame;
    ASSERT_TRUE(camera.value()->next(&frame).value());
    EXPECT_EQ(frame.width, 20);
  }
}

}  // namespace
}  // namespace pawl::platform
