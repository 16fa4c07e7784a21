// A camera above a production line that does not exist: machined parts on a moving belt, some of
// them faulty, every fault labelled exactly from the pixels it changed.
//
// It feeds the `synthetic://` camera, `pawl scene`, the demo model's training and the tests. A
// frame depends on the options and its index alone: frames may be asked for in any order and are
// the same bytes on every machine (own random numbers and trigonometry, no fused multiply-add).
// Cost: rendering a part takes milliseconds, blending it tens of microseconds, and rendered parts
// are kept while they are in view; so consecutive frames are cheap, and a jump costs one rendering
// of every part in view. Threads: one scene, one thread. Memory: about 25 MB at 1280x720.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "platform/synthetic/defect.h"

namespace pawl::platform {

using synthetic::DefectClass;

// scratch, dent, stain, crack, missing_hole, burr; indexed by DefectClass.
inline constexpr const char* kDefectNames[synthetic::kDefectClasses] = {
    "scratch", "dent", "stain", "crack", "missing_hole", "burr"};

// Frame pixels; the box is half open: it spans [x1, x2) x [y1, y2), clipped to the frame.
struct DefectLabel {
  int class_id;
  float x1, y1, x2, y2;
};

// Out-of-range values are clamped to the range given.
struct LineOptions {
  uint64_t seed = 1;
  int width = 1280;   // 160..3840
  int height = 720;   // 90..2160; parts scale with the height
  float fps = 25.0f;  // 1..1000; the belt's speed is per second, so more frames are smaller steps
  float speed = 300.0f;  // belt, nominal pixels a second, 0..5000; nominal means at a height of 720
  float drift =
      0.2f;  // 0..1: how far the light wanders in level, colour and direction over minutes
  float noise = 0.012f;       // 0..0.2: standard deviation of the sensor noise, of full scale
  float blur = 0.25f;         // 0..1: exposure as a share of the frame time, hence motion blur
  float defect_rate = 0.45f;  // 0..1: share of the parts that have one to three faults
};

class LineScene {
 public:
  explicit LineScene(const LineOptions& options);
  ~LineScene();
  LineScene(LineScene&&) noexcept;
  LineScene& operator=(LineScene&&) noexcept;

  // The options in force, after clamping.
  const LineOptions& options() const;

  // Writes frame `index` (any int64 from -2^40 to 2^40) as `height` rows of BGR8, `stride` bytes
  // apart, and replaces *labels (may be null). A fault of which less than two fifths lies within
  // the frame is not labelled.
  void render(int64_t index, uint8_t* bgr, ptrdiff_t stride, std::vector<DefectLabel>* labels);

  // After this many frames every part in view has left: frames i * independent_stride() share
  // nothing. At least 1.
  int64_t independent_stride() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pawl::platform
