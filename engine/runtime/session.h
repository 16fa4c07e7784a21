// A session: one artifact being run for one camera.
//
// create() allocates everything (arena, scratch, threads); detect() allocates nothing, but for a
// device's copy of a frame that is larger than any before.
// Threads: calls come from one thread at a time. The session has workers of its own, or shares a
// pool with other sessions: then their frames take turns, in the order of the calls.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/artifact/artifact.h"
#include "engine/detect/detection.h"
#include "engine/runtime/backend.h"
#include "engine/runtime/cpu/thread_pool.h"
#include "engine/runtime/tensor_view.h"
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
  // The CUDA driver, for artifacts that were compiled for such a device: a file name for the dynamic
  // linker, or a path.
  std::string cuda_driver = "libcuda.so.1";
  // Another session's, or ThreadPool::create(); `threads` and `pin` are then that pool's.
  std::shared_ptr<ThreadPool> pool = nullptr;
};

class Session {
 public:
  // An artifact for a CUDA device that is missing, or that fails in detect() or preprocess(), runs
  // by its plan for the CPU, if it carries one: device_fault(). Other calls return the error.
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

  // Empty while the plan runs where it was compiled for. Else why its device does not: this frame
  // and all that follow are answered by the artifact's plan for the CPU, on threads().
  const std::string& device_fault() const;

  // What runs: after a device_fault(), the plan for the CPU.
  const Artifact& artifact() const;
  int32_t threads() const;
  const std::shared_ptr<ThreadPool>& pool() const;

  // The network alone: preprocess() fills its input, or the caller writes it where it lies in the
  // host's memory; run() executes the plan; outputs(): those of the plan, valid until the next run.
  Status preprocess(const platform::Frame& frame);
  NetworkInput input();
  Status run();
  Result<std::span<const TensorView>> outputs();

  // A tensor of the plan by its index, holding what the last step that wrote it left. The input, as
  // bytes, holds multiples of the first channel's scale before the mean is taken off.
  Result<TensorView> tensor(int32_t index);

  // As run(), calling `observer` with each step's output before it is overwritten.
  using Observer = Backend::Observer;
  Status run_observed(const Observer& observer);

  // As run(), adding each step's nanoseconds to ns[step] (ns.size() == number of steps).
  Status run_timed(std::span<int64_t> ns);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl::engine
