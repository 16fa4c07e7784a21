// The images of a folder as calibration frames, decoded again for every pass: a hundred photos in
// memory would be more than a small machine has.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/quantize/calibration.h"
#include "platform/imaging/image_folder.h"

namespace pawl::program {

class CalibrationFolder : public engine::CalibrationFrames {
 public:
  CalibrationFolder() = default;  // of no images

  // Errors: no such folder, no image in it.
  static platform::Result<CalibrationFolder> open(const std::filesystem::path& folder);

  // Takes every fourth image out, into a folder of its own: what is measured on them was not
  // calibrated on. Empty of fewer than eight images, which are too few to share.
  CalibrationFolder hold_out();

  // SHA-256 of the files' contents one after the other in order of name, as
  // `cat DIR/* | sha256sum` prints.
  platform::Result<std::string> sha256() const;

  // As ImageFolder's.
  const std::string& remark() const { return remark_; }

  size_t count() const override { return paths_.size(); }
  platform::Result<platform::Frame> frame(size_t index) override;

 private:
  explicit CalibrationFolder(platform::ImageFolder folder)
      : paths_(std::move(folder.images)), remark_(std::move(folder.remark)) {}

  std::vector<std::filesystem::path> paths_;
  std::string remark_;
  platform::Image image_;
};

}  // namespace pawl::program
