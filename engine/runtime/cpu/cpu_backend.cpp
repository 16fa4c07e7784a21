#include "engine/runtime/cpu/cpu_backend.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/artifact/head_record.h"
#include "engine/detect/preprocess.h"
#include "engine/runtime/cpu/block.h"
#include "engine/runtime/cpu/choose_kernel.h"
#include "engine/runtime/cpu/step_parts.h"
#include "kernels/cpu/isa.h"
#include "platform/check.h"

namespace pawl::engine {
namespace {

using platform::Frame;

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(const Artifact& artifact, std::shared_ptr<ThreadPool> pool)
      : artifact_(artifact), pool_(std::move(pool)), preprocess_parts_{pool_->threads()} {}

  Status allocate();
  Status choose_kernels();
  Status prepare_detection(const DecodeOptions& options);

  Result<std::span<const Detection>> detect(const Frame& frame, StageTimes* times) override;
  Status preprocess(const Frame& frame) override;
  Status run(std::span<int64_t> step_ns) override;
  NetworkInput input() override { return input_; }
  Status run_observed(const Observer& observer) override;
  Result<TensorView> tensor(int32_t index) override {
    const TensorRecord& record = artifact_.tensors()[static_cast<size_t>(index)];
    return view_of(artifact_, record, address(record));
  }

 private:
  AddressBases bases() const { return {arena_.get(), artifact_.weights().data()}; }
  const std::byte* address(const TensorRecord& tensor) const {
    const bool arena = tensor.storage == Storage::kArena;
    return (arena ? bases().arena : bases().weights) + tensor.offset;
  }
  HeadMap map(const MapRecord& record) const;
  ThreadPool::Job preprocessing();
  ThreadPool::Job network();

  Artifact artifact_;  // a copy: keeps the mapping alive
  const std::shared_ptr<ThreadPool> pool_;
  Block arena_, zeros_, scratch_;
  std::vector<Block> prepared_weights_;  // weights in the form that this CPU multiplies
  std::vector<CpuStep> steps_;
  std::vector<int32_t> step_parts_;
  const int32_t preprocess_parts_[1];
  NetworkInput input_;
  std::optional<Preprocessor> preprocessor_;
  std::optional<Decoder> decoder_;  // absent with --head none
  std::vector<HeadLevel> levels_;
};

Status CpuBackend::allocate() {
  const size_t zero_count = PAWL_TRY(zero_floats(artifact_));
  if (!arena_.allocate(artifact_.plan().arena_bytes) ||
      !zeros_.allocate(zero_count * sizeof(float))) {
    return Error{Code::kExhausted, artifact_.name() + ": no memory for an arena of " +
                                       std::to_string(artifact_.plan().arena_bytes) + " bytes"};
  }
  return {};
}

Status CpuBackend::choose_kernels() {
  std::vector<StepParams> params;
  size_t scratch = 0;
  for (const StepRecord& step : artifact_.steps()) {
    params.push_back(PAWL_TRY(step_params(artifact_, step, bases())));
    scratch = std::max(scratch, scratch_bytes(params.back(), pool_->threads()));
    step_parts_.push_back(engine::step_parts(artifact_, step, pool_->threads()));
  }
  if (!scratch_.allocate(scratch)) {
    return Error{Code::kExhausted, artifact_.name() + ": no memory for scratch of " +
                                       std::to_string(scratch) + " bytes"};
  }
  const CpuMemory memory{.zeros = reinterpret_cast<const float*>(zeros_.get()),
                         .scratch = scratch_.get(),
                         .prepared = &prepared_weights_};
  steps_.reserve(params.size());
  for (const StepParams& one : params) steps_.push_back(PAWL_TRY(choose_kernel(one, memory)));
  return {};
}

HeadMap CpuBackend::map(const MapRecord& record) const {
  if (record.tensor < 0) return {};
  const TensorRecord& tensor = artifact_.tensors()[static_cast<size_t>(record.tensor)];
  return HeadMap{.data = reinterpret_cast<const float*>(address(tensor)) + record.offset,
                 .pixel = record.pixel,
                 .channel = record.channel};
}

Status CpuBackend::prepare_detection(const DecodeOptions& options) {
  const HeadRecord& head = artifact_.head();
  const PreprocessSpec spec = preprocess_spec(head);
  const auto input_index = static_cast<size_t>(artifact_.plan().input_tensor);
  const TensorRecord& tensor = artifact_.tensors()[input_index];
  // The preprocessor writes a dense image; anything else in the artifact is not ours.
  if (tensor.layout != Layout::kNhwc || tensor.storage != Storage::kArena || tensor.rank != 4 ||
      tensor.extent[1] != spec.channels || tensor.extent[2] != spec.height ||
      tensor.extent[3] != spec.width || tensor.pixel_stride != spec.channels) {
    return Error{Code::kCorrupt, artifact_.name() +
                                     ": the input tensor does not match the pre-processing; "
                                     "compile the model again"};
  }
  const size_t count = static_cast<size_t>(spec.channels) * static_cast<size_t>(spec.height) *
                       static_cast<size_t>(spec.width);
  std::byte* const data = arena_.get() + tensor.offset;
  if (tensor.element == Element::kUint8) {
    input_.bytes = {reinterpret_cast<uint8_t*>(data), count};
  } else {
    input_.floats = {reinterpret_cast<float*>(data), count};
  }
  preprocessor_.emplace(PAWL_TRY(Preprocessor::create(spec, pool_->threads())));
  if (head.present == 0) return {};

  int32_t pixels = 0;
  for (const LevelRecord& level : artifact_.levels()) {
    pixels += level.count;
    levels_.push_back(HeadLevel{.count = level.count,
                                .grid_width = level.grid_width,
                                .stride = level.stride,
                                .anchor_w = level.anchor_w,
                                .anchor_h = level.anchor_h,
                                .box = map(level.box),
                                .scores = map(level.scores),
                                .objectness = map(level.objectness)});
  }
  decoder_.emplace(PAWL_TRY(Decoder::create(head_spec(head), options, pixels)));
  return {};
}

ThreadPool::Job CpuBackend::preprocessing() {
  const auto run = [](void* context, int32_t /*stage*/, int32_t part) {
    const auto& self = *static_cast<const CpuBackend*>(context);
    const int32_t parts = self.preprocess_parts_[0];
    if (self.input_.floats.empty()) {
      self.preprocessor_->run(self.input_.bytes.data(), part, parts);
    } else {
      self.preprocessor_->run(self.input_.floats.data(), part, parts);
    }
  };
  return {.run = run, .context = this, .parts = preprocess_parts_};
}

ThreadPool::Job CpuBackend::network() {
  const auto run = [](void* context, int32_t stage, int32_t part) {
    const auto& self = *static_cast<const CpuBackend*>(context);
    const auto step = static_cast<size_t>(stage);
    self.steps_[step].run(part, self.step_parts_[step]);
  };
  return {.run = run, .context = this, .parts = step_parts_};
}

Result<std::span<const Detection>> CpuBackend::detect(const Frame& frame, StageTimes* times) {
  const int64_t start = now_ns();
  PAWL_TRY(preprocessor_->prepare(frame));
  times->preprocess = now_ns() - start;

  ThreadPool::Turn turn(pool_.get());
  const int64_t began = now_ns();
  turn.run(preprocessing());
  const int64_t preprocessed = now_ns();
  turn.run(network());
  const int64_t inferred = now_ns();
  const std::span<const Detection> detections =
      decoder_->decode(levels_, preprocessor_->placement());
  times->preprocess += preprocessed - began;
  times->infer = inferred - preprocessed;
  times->postprocess = now_ns() - inferred;
  return detections;
}

Status CpuBackend::preprocess(const Frame& frame) {
  PAWL_TRY(preprocessor_->prepare(frame));
  ThreadPool::Turn(pool_.get()).run(preprocessing());
  return {};
}

Status CpuBackend::run(std::span<int64_t> step_ns) {
  ThreadPool::Turn turn(pool_.get());
  if (step_ns.empty()) {
    turn.run(network());
    return {};
  }
  PAWL_CHECK(step_ns.size() == steps_.size());
  struct Step {
    CpuBackend* backend;
    size_t index;
  } step{this, 0};
  const auto run_step = [](void* context, int32_t /*stage*/, int32_t part) {
    const auto& [backend, index] = *static_cast<const Step*>(context);
    backend->steps_[index].run(part, backend->step_parts_[index]);
  };
  for (; step.index < step_ns.size(); ++step.index) {
    const int64_t start = now_ns();
    turn.run({.run = run_step, .context = &step, .parts = {&step_parts_[step.index], 1}});
    step_ns[step.index] += now_ns() - start;
  }
  return {};
}

Status CpuBackend::run_observed(const Observer& observer) {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const StepRecord& step = artifact_.steps()[i];
    const TensorRecord& output = artifact_.tensors()[static_cast<size_t>(step.output[0])];
    steps_[i].run(0, 1);
    observer(static_cast<int32_t>(i), output_view(artifact_, step, address(output)));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Backend>> make_cpu_backend(const Artifact& artifact,
                                                  const DecodeOptions& decode,
                                                  std::shared_ptr<ThreadPool> pool) {
  const auto needed = static_cast<kernels::Isa>(artifact.plan().isa);
  if (!kernels::hardware_has(needed)) {
    return Error{Code::kUnsupported,
                 artifact.name() + ": compiled for " + std::string(artifact.target()) +
                     ", which needs " + kernels::isa_name(needed) + "; this CPU has " +
                     kernels::isa_name(kernels::hardware_isa()) +
                     "; compile with --target native on this machine or --target cpu-generic"};
  }
  auto backend = std::make_unique<CpuBackend>(artifact, std::move(pool));
  PAWL_TRY(backend->allocate());
  PAWL_TRY(backend->choose_kernels());
  PAWL_TRY(backend->prepare_detection(decode));
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace pawl::engine
