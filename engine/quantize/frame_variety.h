// Whether calibration frames show different things: a folder of copies, or of a covered lens,
// calibrates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "platform/frame.h"
#include "platform/result.h"

namespace pawl::engine {

class FrameVariety {
 public:
  void add(const platform::Frame& frame);
  // An Error where every frame is of one colour: such frames calibrate nothing.
  platform::Status check() const;
  std::vector<std::string> warnings() const;  // empty where all is well

 private:
  size_t frames_ = 0;
  size_t uniform_ = 0;            // of one colour
  std::set<uint64_t> different_;  // hashes of their pixels
};

}  // namespace pawl::engine
