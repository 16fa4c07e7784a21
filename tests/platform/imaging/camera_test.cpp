// Proves that images, folders and the synthetic line come out as frames in order, that one bad
// image does not end a folder, and that a URI with an error is refused by name.
#include "platform/imaging/camera.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <string>
#include <vector>

#include "platform/imaging/png.h"
#include "tests/platform/imaging/test_files.h"

namespace pawl::platform {
namespace {

TEST(Camera, FolderInOrderOfNameWithoutForeignFiles) {
  const TestFolder folder;
  for (const char* name : {"b.png", "a.PNG", "c.png"}) {
    folder.write(name, encode_png(random_image(8, 6, 1)).value());
  }
  const std::string text = "words";
  folder.write("notes.txt", std::as_bytes(std::span(text)));
  auto camera = Camera::open(folder.path("").string());
  ASSERT_TRUE(camera.ok()) << camera.error().message;
  EXPECT_EQ(camera.value()->frame_count(), 3);
  std::vector<std::string> names;
  Frame frame;
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(camera.value()->next(&frame).value());
    EXPECT_EQ(frame.sequence, i);
    EXPECT_EQ(frame.width, 8);
    names.push_back(std::filesystem::path(camera.value()->source()).filename().string());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a.PNG", "b.png", "c.png"}));
  EXPECT_FALSE(camera.value()->next(&frame).value());
}

TEST(Camera, BadImageIsAnErrorAndTheNextOneFollows) {
  const TestFolder folder;
  folder.write("a.png", encode_png(random_image(8, 6, 1)).value());
  folder.write("b.png", {});
  folder.write("c.png", encode_png(random_image(9, 6, 1)).value());
  auto camera = Camera::open(folder.path("").string());
  ASSERT_TRUE(camera.ok());
  Frame frame;
  EXPECT_TRUE(camera.value()->next(&frame).value());
  const auto bad = camera.value()->next(&frame);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("b.png"), std::string::npos) << bad.error().message;
  ASSERT_TRUE(camera.value()->next(&frame).value());
  EXPECT_EQ(frame.width, 9);
}

TEST(Camera, SyntheticLineRepeatsAndEnds) {
  const std::string uri = "synthetic://?seed=7&count=2&width=320&height=180&drift=0.5&noise=0.02";
  std::vector<std::vector<uint8_t>> runs[2];
  for (auto& run : runs) {
    auto camera = Camera::open(uri);
    ASSERT_TRUE(camera.ok()) << camera.error().message;
    EXPECT_EQ(camera.value()->fps(), 25.0);
    Frame frame;
    int64_t last = -1;
    while (camera.value()->next(&frame).value()) {
      run.emplace_back(frame.data, frame.data + frame.stride * frame.height);
      EXPECT_GT(frame.capture_ns, last);
      last = frame.capture_ns;
    }
  }
  ASSERT_EQ(runs[0].size(), 2U);
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0][0], runs[0][1]);
}

TEST(Camera, RealTimePaceHoldsTheRate) {
  auto camera =
      Camera::open("synthetic://?fps=50&count=4&width=160&height=90", {.pace = Pace::kRealTime});
  ASSERT_TRUE(camera.ok());
  Frame frame;
  std::vector<int64_t> times;
  while (camera.value()->next(&frame).value()) times.push_back(frame.capture_ns);
  ASSERT_EQ(times.size(), 4U);
  EXPECT_GE(times[3] - times[0], int64_t{59'000'000});  // three periods of 20 ms
}

TEST(Camera, WrongUris) {
  for (const char* uri :
       {"", "ftp://host/x", "synthetic://seed=1", "synthetic://?seed", "synthetic://?seed=x",
        "synthetic://?fps=0", "synthetic://?drift=1.5", "synthetic://?colour=red",
        "synthetic://?width=10000000", "synthetic://?count=0", "synthetic://?noise=nan"}) {
    const auto camera = Camera::open(uri);
    ASSERT_FALSE(camera.ok()) << uri;
    EXPECT_EQ(camera.error().code, Code::kInvalidArgument) << uri;
  }
  EXPECT_EQ(Camera::open("/nonexistent").error().code, Code::kNotFound);
  const TestFolder folder;
  EXPECT_EQ(Camera::open(folder.path("").string()).error().code, Code::kNotFound);
  for (const char* name : {"pipe", "pipe.png", "pipe.mp4"}) {  // not waited for
    ASSERT_EQ(::mkfifo(folder.path(name).c_str(), 0600), 0);
    const auto pipe = Camera::open(folder.path(name).string());
    ASSERT_FALSE(pipe.ok());
    EXPECT_EQ(pipe.error().code, Code::kInvalidArgument);
    EXPECT_NE(pipe.error().message.find("FIFO"), std::string::npos) << pipe.error().message;
  }
}

}  // namespace
}  // namespace pawl::platform
