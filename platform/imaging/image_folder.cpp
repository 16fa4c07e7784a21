#include "platform/imaging/image_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "platform/imaging/image_format.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRead = "JPEG, PNG, BMP, WebP, TIFF, GIF";
constexpr size_t kNamesShown = 3;

// What a picture among the files is passed over for; it would not be missed otherwise.
struct PassedOver {
  fs::path name;
  ImageFormat format;
};

std::string remark_on(const fs::path& folder, std::vector<PassedOver> passed_over) {
  if (passed_over.empty()) return {};
  std::sort(passed_over.begin(), passed_over.end(),
            [](const PassedOver& a, const PassedOver& b) { return a.name < b.name; });
  std::string names;
  for (size_t i = 0; i < std::min(kNamesShown, passed_over.size()); ++i) {
    const PassedOver& one = passed_over[i];
    names += (i == 0 ? "" : ", ") + one.name.string() + " (" + image_format_name(one.format) +
             (is_decoded(one.format) ? ", but not named so)" : ")");
  }
  if (passed_over.size() > kNamesShown) names += ", ...";
  return folder.string() + ": " + std::to_string(passed_over.size()) +
         (passed_over.size() == 1 ? " picture is" : " pictures are") + " not read: " + names +
         "; what is read: " + kRead;
}

}  // namespace

Result<ImageFolder> list_images(const fs::path& folder) {
  std::error_code failure;
  fs::directory_iterator entries(folder, failure);
  if (failure) {
    const bool missing = failure == std::errc::no_such_file_or_directory;
    return Error{missing ? Code::kNotFound : Code::kIo, folder.string() + ": " + failure.message()};
  }
  ImageFolder found;
  std::vector<PassedOver> passed_over;
  bool has_folders = false;
  for (; entries != fs::directory_iterator(); entries.increment(failure)) {
    const fs::path& path = entries->path();
    std::error_code ignored;
    if (entries->is_directory(ignored)) has_folders = true;
    if (!entries->is_regular_file(ignored) || path.filename().string().starts_with('.')) continue;
    if (has_image_extension(path)) {
      found.images.push_back(path);
      continue;
    }
    const ImageFormat format = image_format_of_file(path);
    if (is_decoded(format) && !path.has_extension()) {
      found.images.push_back(path);
    } else if (format != ImageFormat::kNone) {
      passed_over.push_back({path.filename(), format});
    }
  }
  if (failure) return Error{Code::kIo, folder.string() + ": " + failure.message()};
  found.remark = remark_on(folder, std::move(passed_over));
  if (found.images.empty()) {
    if (!found.remark.empty()) return Error{Code::kNotFound, found.remark};
    return Error{Code::kNotFound, folder.string() + ": no images in it (" + kRead + ")" +
                                      (has_folders ? "; the folders in it are not searched" : "")};
  }
  std::sort(found.images.begin(), found.images.end());
  return found;
}

bool is_image_file(const fs::path& path) {
  const ImageFormat format = image_format_of_file(path);
  const fs::path extension = path.extension();
  if (format == ImageFormat::kGif || extension == ".mjpeg" || extension == ".mjpg") return false;
  return format != ImageFormat::kNone || has_image_extension(path);
}

}  // namespace pawl::platform
