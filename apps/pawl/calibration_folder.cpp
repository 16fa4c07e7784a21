#include "apps/pawl/calibration_folder.h"

#include "engine/artifact/sha256.h"
#include "platform/mapped_file.h"

namespace pawl::program {

using platform::Result;

Result<CalibrationFolder> CalibrationFolder::open(const std::filesystem::path& folder) {
  return CalibrationFolder(PAWL_TRY(platform::list_images(folder)));
}

CalibrationFolder CalibrationFolder::hold_out() {
  constexpr size_t kToShare = 8;
  constexpr size_t kPeriod = 4;
  CalibrationFolder apart;
  if (paths_.size() < kToShare) return apart;
  std::vector<std::filesystem::path> rest;
  for (size_t i = 0; i < paths_.size(); ++i) {
    (i % kPeriod == kPeriod - 1 ? apart.paths_ : rest).push_back(std::move(paths_[i]));
  }
  paths_ = std::move(rest);
  return apart;
}

Result<std::string> CalibrationFolder::sha256() const {
  engine::Sha256 sum;
  for (const std::filesystem::path& path : paths_) {
    const auto file = PAWL_TRY(platform::MappedFile::open(path));
    sum.update(file.bytes());
  }
  return engine::hex(sum.finish());
}

Result<platform::Frame> CalibrationFolder::frame(size_t index) {
  image_ = PAWL_TRY(platform::load_image(paths_[index]));
  return image_.frame();
}

}  // namespace pawl::program
