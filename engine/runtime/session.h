// A session: one artifact being run for one camera.
//
// create() allocates everything (arena, scratch, threads); detect() allocates nothing.
// Threads: calls come from one thread at a time. The session has workers of its own, or shares a
// pool with other sessions: then their frames take turns, in the order of the calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "engine/artifact/artifact.h"
#include "engine/detect/detection.h"
#include "engine/runtime/thread_pool.h"
#include "kernels/quantized.h"
#include "platform/frame.h"
#include "platform/result.h"

namespace pawl::engine {

struct SessionOptions {
  int32_t threads = 0;       // the caller included; 0: one for each core this process may use
  float confidence = 0.25F;  // keep scores of more than this
  float iou = 0.45F;         // suppress overlaps of more than this
  int32_t detections_max = 300;
  bool multi_label = false;  // every class over the threshold, not the best one (for mAP)
  bool pin = false;          // each worker to a core of its own: PoolOptions::pin
  // Another session's, or ThreadPool::create(); `threads` and `pin` are then that pool's.
  std::shared_ptr<ThreadPool> pool = nullptr;
};

// Of the last detect(), nanoseconds. Waiting for a shared pool is in none of them.
struct StageTimes {
  int64_t preprocess = 0;
  int64_t infer = 0;
  int64_t postprocess = 0;
  int64_t total() const { return preprocess + infer + postprocess; }
};

// A tensor of the plan as it lies in the arena.
struct TensorView {
  std::string_view name;            // of the value in the model file
  bool nhwc = false;                // else row-major in the logical order
  std::span<const int32_t> extent;  // logical dimensions, as in the model: (N,C,H,W) for images
  int32_t pixel_stride = 0;         // nhwc: floats from one pixel to the next
  const float* data = nullptr;      // null where the elements are 8-bit
  const uint8_t* data_u8 = nullptr;
  kernels::Quantization quantization{};  // of data_u8
  const float* inverse_scale = nullptr;  // of data_u8, a channel each where they differ; else null
};

// The tensor's elements as real numbers in row-major logical order. `values` holds as many.
void copy_elements(const TensorView& tensor, std::span<float> values);

class Session {
 public:
  // Errors: kUnsupported (the artifact's target does not run here), kInvalidArgument (options),
  // kCorrupt (a plan that does not hold together), kExhausted (memory, or a thread that cannot
  // start).
  static Result<Session> create(const Artifact& artifact, const SessionOptions& options);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Frame to detections, best score first. The span is valid until the next call.
  // Errors: kInvalidArgument (a frame that makes no sense); kUnsupported (the artifact was compiled
  // with --head none: use run()).
  Result<std::span<const Detection>> detect(const platform::Frame& frame);
  const StageTimes& times() const;

  const Artifact& artifact() const;
  int32_t threads() const;
  const std::shared_ptr<ThreadPool>& pool() const;

  // The network alone. input(): NHWC float32, written by the caller (empty where the network reads
  // bytes: input_u8()); run() executes the plan; outputs(): the plan's outputs, valid until the
  // next run.
  std::span<float> input();
  std::span<uint8_t> input_u8();
  // Either one; bytes times the scale of the first channel, before the mean is taken off.
  TensorView input_view() const;
  Status preprocess(const platform::Frame& frame);  // frame -> input()
  void run();
  std::span<const TensorView> outputs() const;

  // A tensor of the plan by its index, holding what the last step that wrote it left.
  TensorView tensor(int32_t index) const;

  // As run(), one thread, calling `observer` with each step's output before it is overwritten.
  using Observer = std::function<void(int32_t step, const TensorView& output)>;
  void run_observed(const Observer& observer);

  // As run(), adding each step's nanoseconds to ns[step] (ns.size() == number of steps).
  void run_timed(std::span<int64_t> ns);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl::engine
