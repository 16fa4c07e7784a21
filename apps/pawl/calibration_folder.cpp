#include "apps/pawl/calibration_folder.h"

#include "platform/imaging/camera.h"

namespace pawl::program {

using platform::Code;
using platform::Error;
using platform::Result;

Result<CalibrationFolder> CalibrationFolder::open(const std::filesystem::path& folder) {
  auto paths = PAWL_TRY(platform::list_images(folder));
  if (paths.empty()) {
    return Error{Code::kInvalidArgument, folder.string() +
                                             ": no images to calibrate on (png, jpg, jpeg, bmp, "
                                             "webp); best 100 of what the camera will see"};
  }
  return CalibrationFolder(std::move(paths));
}

Result<platform::Frame> CalibrationFolder::frame(size_t index) {
  image_ = PAWL_TRY(platform::load_image(paths_[index]));
  return image_.frame();
}

}  // namespace pawl::program
