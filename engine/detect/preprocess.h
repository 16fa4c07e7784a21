// Frame to network input: checks the frame, fits it, resizes, pads, normalises in one pass.
//
// Threads: prepare() from one thread; between two prepare() calls run() may be called from several
// threads at once, each with its own part. Allocates in create(), and in prepare() only for the
// first frame of a geometry (size, format). Owns the resize tables; borrows the frame's pixels from
// prepare() until the last run().
#pragma once

#include <cstdint>
#include <vector>

#include "engine/detect/head.h"
#include "engine/detect/placement.h"
#include "kernels/cpu/letterbox/variants.h"
#include "platform/frame.h"
#include "platform/result.h"

namespace pawl::engine {

class Preprocessor {
 public:
  // `parts_max`: the most parts that run() will be split into. kInvalidArgument for a spec that
  // makes no sense (sizes, channels, numbers that are not finite).
  static platform::Result<Preprocessor> create(const PreprocessSpec& spec, int32_t parts_max = 1);

  // kInvalidArgument, and the earlier frame is forgotten: no data, a side that is not in
  // 1..kImageSideMax, a stride shorter than a row, odd NV12 sizes, an unknown format.
  platform::Status prepare(const platform::Frame& frame);

  // Writes its share of y, (height, width, channels) float32. Requires a prepared frame and
  // 0 <= part < parts <= parts_max.
  void run(float* y, int32_t part, int32_t parts) const;

  // The same before normalisation, as bytes: what a quantized network reads.
  void run(uint8_t* y, int32_t part, int32_t parts) const;

  // What run() computes but y and scratch: for kernels that run elsewhere.
  kernels::LetterboxParams letterbox() const;

  // Of the prepared frame.
  const Placement& placement() const { return fitted_.placement; }
  const PreprocessSpec& spec() const { return spec_; }

 private:
  Preprocessor() = default;
  void run(kernels::LetterboxParams params, int32_t part, int32_t parts) const;

  PreprocessSpec spec_;
  kernels::LetterboxFn kernel_ = nullptr;
  int32_t parts_max_ = 1;
  bool prepared_ = false;
  FittedFrame fitted_;
  std::vector<int32_t> col_index_, col_weight_, row_index_, row_weight_;
  mutable std::vector<uint8_t> scratch_;  // a piece for each part: no two threads share one
  kernels::LetterboxParams params_{};
};

}  // namespace pawl::engine
