#include "engine/runtime/session.h"

#include <vector>

#include "engine/runtime/cpu/cpu_backend.h"
#include "engine/runtime/cuda/cuda_backend.h"
#include "platform/check.h"

namespace pawl::engine {

struct Session::State {
  Artifact artifact;  // a copy: keeps the mapping alive
  std::shared_ptr<ThreadPool> pool;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Backend> fallback;  // until it is needed; null: none
  std::string device_fault;
  std::vector<int32_t> output_tensors;
  std::vector<TensorView> outputs;
  StageTimes times;

  Status make_backends(const DecodeOptions& decode, const std::string& cuda_driver);
  bool fall_back(const Error& why);
  template <typename Work>
  auto on_backend(const Work& work) -> decltype(work(*backend));
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
  auto state = std::make_unique<State>(State{.artifact = artifact,
                                             .pool = std::move(pool),
                                             .backend = nullptr,
                                             .fallback = nullptr,
                                             .device_fault = {},
                                             .output_tensors = artifact.output_tensors(),
                                             .outputs = {},
                                             .times = {}});
  PAWL_TRY(state->make_backends(decode, options.cuda_driver));
  state->outputs.reserve(state->output_tensors.size());
  return Session(std::move(state));
}

// The device's and, in case it fails, the CPU's: made now, because a frame must not wait for memory.
Status Session::State::make_backends(const DecodeOptions& decode, const std::string& cuda_driver) {
  if (!is_cuda(artifact.plan())) {
    backend = PAWL_TRY(make_cpu_backend(artifact, decode, pool));
    return {};
  }
  if (artifact.fallback() != nullptr) {
    fallback = PAWL_TRY(make_cpu_backend(*artifact.fallback(), decode, pool));
  }
  auto made = make_cuda_backend(artifact, decode, cuda_driver);
  if (made.ok()) {
    backend = std::move(made).value();
    return {};
  }
  // A plan that does not hold together is not the device's fault.
  if (made.error().code == Code::kCorrupt || !fall_back(made.error())) return made.error();
  return {};
}

// False where there is nothing to fall back on.
bool Session::State::fall_back(const Error& why) {
  if (fallback == nullptr) return false;
  backend = std::move(fallback);
  device_fault = why.message;
  const Artifact running = *artifact.fallback();  // it goes with the artifact that holds it
  artifact = running;
  output_tensors = artifact.output_tensors();
  return true;
}

// Calls `work` on the backend, and once more on the CPU's where the device fails it.
template <typename Work>
auto Session::State::on_backend(const Work& work) -> decltype(work(*backend)) {
  auto result = work(*backend);
  if (result.ok()) return result;
  const Code code = result.error().code;
  const bool device = code == Code::kIo || code == Code::kExhausted || code == Code::kUnsupported;
  if (!device || !fall_back(result.error())) return result;
  return work(*backend);
}

Result<std::span<const Detection>> Session::detect(const platform::Frame& frame) {
  State& state = *state_;
  if (state.artifact.head().present == 0) {
    return Error{Code::kUnsupported, state.artifact.name() +
                                         ": compiled with --head none, so it has no detections; "
                                         "compile it with a head"};
  }
  return state.on_backend([&](Backend& backend) { return backend.detect(frame, &state.times); });
}

Result<std::span<const TensorView>> Session::outputs() {
  state_->outputs.clear();
  for (const int32_t index : state_->output_tensors) {
    state_->outputs.push_back(PAWL_TRY(tensor(index)));
  }
  return std::span<const TensorView>(state_->outputs);
}

Status Session::preprocess(const platform::Frame& frame) {
  return state_->on_backend([&](Backend& backend) { return backend.preprocess(frame); });
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
const std::string& Session::device_fault() const {
  return state_->device_fault;
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
