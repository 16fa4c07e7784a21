// Boxes in one image, in C++: detect_cpp MODEL.pawl [IMAGE.ppm]
//
// Without an image, a gray ramp is looked at: enough to see the model load and run.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "pawl/pawl.hpp"

namespace {

constexpr int32_t kSideMax = 16384;

struct Image {
  int32_t width = 0, height = 0;
  std::vector<uint8_t> rgb;
};

Image gray_ramp() {
  Image image{.width = 1280, .height = 720, .rgb = {}};
  image.rgb.reserve(size_t{1280} * 720 * 3);
  for (int32_t y = 0; y < image.height; ++y) {
    for (int32_t x = 0; x < image.width; ++x) {
      image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>((x + y) / 8));
    }
  }
  return image;
}

// Binary PPM, 8 bits a channel.
pawl::Result<Image> read_ppm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return pawl::Error{pawl::Code::kNotFound, "cannot open " + path};
  std::string magic;
  Image image;
  int32_t largest = 0;
  file >> magic >> image.width >> image.height >> largest;
  file.get();  // one white space ends the header
  if (!file || magic != "P6" || image.width < 1 || image.width > kSideMax || image.height < 1 ||
      image.height > kSideMax || largest != 255) {
    return pawl::Error{pawl::Code::kCorrupt, path + ": not an 8-bit binary PPM"};
  }
  image.rgb.resize(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3);
  file.read(reinterpret_cast<char*>(image.rgb.data()),
            static_cast<std::streamsize>(image.rgb.size()));
  if (!file) return pawl::Error{pawl::Code::kCorrupt, path + ": truncated"};
  return image;
}

// What can go wrong comes back as one Error; main prints it.
pawl::Status run(const std::string& model, const std::string& picture) {
  const pawl::Artifact artifact = PAWL_TRY(pawl::Artifact::open(model));
  pawl::Session session = PAWL_TRY(pawl::Session::create(artifact, {.confidence = 0.25F}));
  const Image image = picture.empty() ? gray_ramp() : PAWL_TRY(read_ppm(picture));

  const pawl::Frame frame{.format = pawl::PixelFormat::kRgb8,
                          .width = image.width,
                          .height = image.height,
                          .stride = ptrdiff_t{3} * image.width,
                          .data = image.rgb.data()};
  const auto detections = PAWL_TRY(session.detect(frame));

  for (const pawl::Detection& d : detections) {
    const auto labels = artifact.labels();
    const auto index = static_cast<size_t>(d.class_id);
    const std::string name(index < labels.size() ? labels[index] : "?");
    std::printf("%s %.3f [%.1f %.1f %.1f %.1f]\n", name.c_str(), static_cast<double>(d.score),
                static_cast<double>(d.x1), static_cast<double>(d.y1), static_cast<double>(d.x2),
                static_cast<double>(d.y2));
  }
  std::printf("%zu detections in %.2f ms\n", detections.size(),
              static_cast<double>(session.times().total()) / 1e6);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s MODEL.pawl [IMAGE.ppm]\n", argv[0]);
    return 2;
  }
  const pawl::Status status = run(argv[1], argc == 3 ? argv[2] : "");
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return 1;
}
