#include "engine/runtime/session.h"

#include <vector>

#include "engine/runtime/cpu/cpu_backend.h"
#include "platform/check.h"

namespace pawl::engine {

struct Session::State {
  Artifact artifact;  // a copy: keeps the mapping alive
  std::shared_ptr<ThreadPool> pool;
  std::unique_ptr<Backend> backend;
  std::vector<int32_t> output_tensors;
  std::vector<TensorView> outputs;
  StageTimes times;
};

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::create(const Artifact& artifact, const SessionOptions& options) {
  std::shared_ptr<ThreadPool> pool = options.pool;
  if (!pool) {
    pool = PAWL_TRY(ThreadPool::create({.threads = options.threads, .pin = options.pin}));
  }
  const DecodeOptions decode{.confidence = options.confidence,
                             .iou = options.iou,
                             .detections_max = options.detections_max,
                             .multi_label = options.multi_label};
  std::unique_ptr<Backend> backend = PAWL_TRY(make_cpu_backend(artifact, decode, pool));
  std::vector<int32_t> outputs = artifact.output_tensors();
  std::vector<TensorView> views;
  views.reserve(outputs.size());
  return Session(std::make_unique<State>(State{.artifact = artifact,
                                               .pool = std::move(pool),
                                               .backend = std::move(backend),
                                               .output_tensors = std::move(outputs),
                                               .outputs = std::move(views),
                                               .times = {}}));
}

Result<std::span<const Detection>> Session::detect(const platform::Frame& frame) {
  State& state = *state_;
  if (state.artifact.head().present == 0) {
    return Error{Code::kUnsupported, state.artifact.name() +
                                         ": compiled with --head none, so it has no detections; "
                                         "compile it with a head"};
  }
  return state.backend->detect(frame, &state.times);
}

Result<std::span<const TensorView>> Session::outputs() {
  state_->outputs.clear();
  for (const int32_t index : state_->output_tensors) {
    state_->outputs.push_back(PAWL_TRY(tensor(index)));
  }
  return std::span<const TensorView>(state_->outputs);
}

Status Session::preprocess(const platform::Frame& frame) {
  return state_->backend->preprocess(frame);
}
NetworkInput Session::input() {
  return state_->backend->input();
}
Status Session::run() {
  return state_->backend->run();
}
Status Session::run_observed(const Observer& observer) {
  return state_->backend->run_observed(observer);
}
Status Session::run_timed(std::span<int64_t> ns) {
  PAWL_CHECK(ns.size() == state_->artifact.steps().size());
  return state_->backend->run(ns);
}
Result<TensorView> Session::tensor(int32_t index) {
  return state_->backend->tensor(index);
}

const StageTimes& Session::times() const {
  return state_->times;
}
const Artifact& Session::artifact() const {
  return state_->artifact;
}
int32_t Session::threads() const {
  return state_->pool->threads();
}
const std::shared_ptr<ThreadPool>& Session::pool() const {
  return state_->pool;
}

}  // namespace pawl::engine
