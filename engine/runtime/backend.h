// Where a plan runs: a session's processor or its CUDA device. A frame is one call, not one a step.
//
// Threads: calls come from one thread at a time. Everything is allocated when a backend is made,
// but for what tensor() returns and, on a device, what the first frame larger than any before needs.
// Errors: of a call on a device, kIo when it is lost: the backend then refuses work for good.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "engine/detect/detection.h"
#include "engine/runtime/tensor_view.h"
#include "platform/frame.h"
#include "platform/result.h"

namespace pawl::engine {

// Of the last detect(), nanoseconds. Waiting for a shared pool is in none of them. On a device,
// preprocess is the copy of the frame to it, infer all that the device does, its letterbox and its
// head too, and postprocess reading the detections.
struct StageTimes {
  int64_t preprocess = 0;
  int64_t infer = 0;
  int64_t postprocess = 0;
  int64_t total() const { return preprocess + infer + postprocess; }
};

// The network's input as the host may write it, NHWC: floats or, where the network reads them,
// bytes. Both empty where the input lies on a device.
struct NetworkInput {
  std::span<float> floats;
  std::span<uint8_t> bytes;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Frame to detections, best score first; valid until the next call. Requires a plan with a head.
  virtual platform::Result<std::span<const Detection>> detect(const platform::Frame& frame,
                                                              StageTimes* times) = 0;

  // The parts of it. preprocess(): frame -> network input. run(): the plan; adds each step's
  // nanoseconds where `step_ns` has an entry a step.
  virtual platform::Status preprocess(const platform::Frame& frame) = 0;
  virtual platform::Status run(std::span<int64_t> step_ns = {}) = 0;
  virtual NetworkInput input() = 0;

  // As run(), calling `observer` with each step's output before it is overwritten.
  using Observer = std::function<void(int32_t step, const TensorView& output)>;
  virtual platform::Status run_observed(const Observer& observer) = 0;

  // A tensor of the plan by its index, holding what the last step that wrote it left; valid until
  // the next run or the next call for the same tensor.
  virtual platform::Result<TensorView> tensor(int32_t index) = 0;
};

}  // namespace pawl::engine
