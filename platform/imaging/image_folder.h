// Which files are pictures: the images of a folder, and single ones.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "platform/imaging/images.h"
#include "platform/result.h"

namespace pawl::platform {

struct ImageFolder {
  // In order of name: files with the extension of an image, and those without any that begin like
  // one. Hidden files, whose name begins with a dot, are left alone.
  std::vector<std::filesystem::path> images;

  // One line for people on pictures that are not among them, for their format or for an extension
  // that is no image's; empty where there are none.
  std::string remark;
};

// Errors: kNotFound, also when there are no images; kIo.
Result<ImageFolder> list_images(const std::filesystem::path& folder);

// Whether a file by itself is read as a picture: by name or by content. GIF plays as the video it
// may be, and so does a row of JPEGs.
bool is_image_file(const std::filesystem::path& path);

}  // namespace pawl::platform
