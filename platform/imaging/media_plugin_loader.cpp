#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "platform/imaging/media_plugin.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "pawl_media.so";

std::vector<fs::path> candidates() {
  std::vector<fs::path> paths;
  if (const char* folder = std::getenv("PAWL_PLUGIN_DIR"); folder != nullptr && *folder != '\0') {
    paths.push_back(fs::path(folder) / kFileName);
  }
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  if (!program.empty()) {
    paths.push_back(program.parent_path() / kFileName);
    paths.push_back(program.parent_path().parent_path() / "lib/pawl" / kFileName);
  }
  return paths;
}

Result<MediaPlugin*> load(const fs::path& path) {
  // OpenCV reads its limit once, when its library is loaded.
  setenv("OPENCV_IO_MAX_IMAGE_PIXELS", std::to_string(ImageLimits{}.pixels_max).c_str(), 0);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Error{Code::kUnsupported, std::string("video support does not load: ") + dlerror()};
  }
  // The address of a function travels as a data pointer here; POSIX requires that to work.
  const auto entry = reinterpret_cast<MediaPluginEntry>(dlsym(library, kMediaPluginEntry));
  MediaPlugin* plugin = entry == nullptr ? nullptr : entry(PAWL_BUILD);
  if (plugin == nullptr) {
    return Error{Code::kUnsupported,
                 path.string() + ": of another build; install it together with the program"};
  }
  return plugin;
}

}  // namespace

Result<MediaPlugin*> media_plugin() {
  static MediaPlugin* loaded = nullptr;
  if (loaded != nullptr) return loaded;
  for (const fs::path& path : candidates()) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    loaded = PAWL_TRY(load(path));
    return loaded;
  }
  return Error{Code::kUnsupported, std::string(kFileName) +
                                       " is missing: video, BMP, WebP, TIFF and GIF need it "
                                       "beside the program"};
}

}  // namespace pawl::platform
