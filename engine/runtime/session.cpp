#include "engine/runtime/session.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/artifact/head_record.h"
#include "engine/detect/decode.h"
#include "engine/detect/preprocess.h"
#include "engine/runtime/bind.h"
#include "engine/runtime/block.h"
#include "engine/runtime/step_cost.h"
#include "engine/runtime/thread_pool.h"
#include "platform/check.h"

namespace pawl::engine {
namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct Session::State {
  State(const Artifact& opened, std::shared_ptr<ThreadPool> shared)
      : artifact(opened), pool(std::move(shared)), preprocess_parts{pool->threads()} {}

  Artifact artifact;  // a copy: keeps the mapping alive
  const std::shared_ptr<ThreadPool> pool;
  Block arena, zeros, scratch;
  std::vector<Block> prepared_weights;  // weights in the form that this CPU multiplies
  std::vector<BoundStep> steps;
  std::vector<int32_t> step_parts;
  const int32_t preprocess_parts[1];
  std::vector<TensorView> step_outputs;  // one a step
  std::vector<TensorView> outputs;
  std::span<float> input;
  std::span<uint8_t> input_u8;
  std::optional<Preprocessor> preprocessor;
  std::optional<Decoder> decoder;  // absent with --head none
  std::vector<HeadLevel> levels;
  StageTimes times;

  float* tensor_data(const TensorRecord& tensor) const {
    return reinterpret_cast<float*>(arena.get() + tensor.offset);
  }
  const float* constant_or_arena(const TensorRecord& tensor) const {
    if (tensor.storage == Storage::kArena) return tensor_data(tensor);
    return reinterpret_cast<const float*>(artifact.weights().data() + tensor.offset);
  }
  TensorView view(const TensorRecord& tensor) const {
    const bool eight_bit = tensor.element == Element::kUint8;
    return TensorView{.name = artifact.text(tensor.name),
                      .nhwc = tensor.layout == Layout::kNhwc,
                      .extent = {tensor.extent, tensor.rank},
                      .pixel_stride = tensor.pixel_stride,
                      .data = eight_bit ? nullptr : constant_or_arena(tensor),
                      .data_u8 = eight_bit
                                     ? reinterpret_cast<const uint8_t*>(arena.get()) + tensor.offset
                                     : nullptr,
                      .quantization = {tensor.scale, tensor.zero}};
  }

  TensorView output_view(const StepRecord& step) const {
    TensorView output = view(artifact.tensors()[static_cast<size_t>(step.output[0])]);
    const bool scales = step.kind == StepKind::kConvU8 || step.kind == StepKind::kDepthwiseU8;
    if (scales && output.data_u8 != nullptr) {
      // Behind the accumulator scales (engine/plan/lower_quantized.cpp), as binding checked.
      const int32_t padded = (output.extent[1] + 15) / 16 * 16;
      output.inverse_scale =
          reinterpret_cast<const float*>(artifact.weights().data() + step.data[2]) + padded;
    }
    return output;
  }

  Status allocate();
  Status bind();
  Status prepare_detection(const SessionOptions& options);
  HeadMap map(const MapRecord& record) const;

  ThreadPool::Job preprocessing();
  ThreadPool::Job network();
};

Status Session::State::allocate() {
  const size_t scratch_size = PAWL_TRY(scratch_bytes(artifact, pool->threads()));
  const size_t zero_count = PAWL_TRY(zero_floats(artifact));
  if (!arena.allocate(artifact.plan().arena_bytes) || !zeros.allocate(zero_count * sizeof(float)) ||
      !scratch.allocate(scratch_size)) {
    return Error{Code::kExhausted, artifact.name() + ": no memory for an arena of " +
                                       std::to_string(artifact.plan().arena_bytes) + " bytes"};
  }
  return {};
}

Status Session::State::bind() {
  const BindMemory memory{.arena = arena.get(),
                          .zeros = reinterpret_cast<const float*>(zeros.get()),
                          .scratch = scratch.get(),
                          .prepared = &prepared_weights,
                          .threads = pool->threads()};
  steps.reserve(artifact.steps().size());
  for (const StepRecord& step : artifact.steps()) {
    steps.push_back(PAWL_TRY(bind_step(artifact, step, memory)));
    step_parts.push_back(engine::step_parts(artifact, step, pool->threads()));
    step_outputs.push_back(output_view(step));
  }
  std::vector<const TensorRecord*> marked;
  for (const TensorRecord& tensor : artifact.tensors()) {
    if ((tensor.flags & kTensorIsOutput) != 0) marked.push_back(&tensor);
  }
  std::stable_sort(marked.begin(), marked.end(), [](const auto* a, const auto* b) {
    return a->output_number < b->output_number;
  });
  for (const TensorRecord* tensor : marked) outputs.push_back(view(*tensor));
  return {};
}

HeadMap Session::State::map(const MapRecord& record) const {
  if (record.tensor < 0) return {};
  const TensorRecord& tensor = artifact.tensors()[static_cast<size_t>(record.tensor)];
  return HeadMap{.data = constant_or_arena(tensor) + record.offset,
                 .pixel = record.pixel,
                 .channel = record.channel};
}

Status Session::State::prepare_detection(const SessionOptions& options) {
  const HeadRecord& head = artifact.head();
  const PreprocessSpec spec = preprocess_spec(head);
  const auto input_index = static_cast<size_t>(artifact.plan().input_tensor);
  const TensorRecord& tensor = artifact.tensors()[input_index];
  // The preprocessor writes a dense image; anything else in the artifact is not ours.
  if (tensor.layout != Layout::kNhwc || tensor.storage != Storage::kArena || tensor.rank != 4 ||
      tensor.extent[1] != spec.channels || tensor.extent[2] != spec.height ||
      tensor.extent[3] != spec.width || tensor.pixel_stride != spec.channels) {
    return Error{Code::kCorrupt, artifact.name() +
                                     ": the input tensor does not match the pre-processing; "
                                     "compile the model again"};
  }
  const size_t count = static_cast<size_t>(spec.channels) * static_cast<size_t>(spec.height) *
                       static_cast<size_t>(spec.width);
  if (tensor.element == Element::kUint8) {
    input_u8 = {reinterpret_cast<uint8_t*>(arena.get()) + tensor.offset, count};
  } else {
    input = {tensor_data(tensor), count};
  }
  preprocessor.emplace(PAWL_TRY(Preprocessor::create(spec, pool->threads())));
  if (head.present == 0) return {};

  int32_t pixels = 0;
  for (const LevelRecord& level : artifact.levels()) {
    pixels += level.count;
    levels.push_back(HeadLevel{.count = level.count,
                               .grid_width = level.grid_width,
                               .stride = level.stride,
                               .anchor_w = level.anchor_w,
                               .anchor_h = level.anchor_h,
                               .box = map(level.box),
                               .scores = map(level.scores),
                               .objectness = map(level.objectness)});
  }
  const DecodeOptions decode{.conf = options.confidence,
                             .iou = options.iou,
                             .max_detections = options.detections_max,
                             .multi_label = options.multi_label};
  decoder.emplace(PAWL_TRY(Decoder::create(head_spec(head), decode, pixels)));
  return {};
}

ThreadPool::Job Session::State::preprocessing() {
  const auto run = [](void* context, int32_t /*stage*/, int32_t part) {
    const auto& state = *static_cast<const State*>(context);
    const int32_t parts = state.preprocess_parts[0];
    if (state.input.empty()) {
      state.preprocessor->run(state.input_u8.data(), part, parts);
    } else {
      state.preprocessor->run(state.input.data(), part, parts);
    }
  };
  return {.run = run, .context = this, .parts = preprocess_parts};
}

ThreadPool::Job Session::State::network() {
  const auto run = [](void* context, int32_t stage, int32_t part) {
    const auto& state = *static_cast<const State*>(context);
    const auto step = static_cast<size_t>(stage);
    state.steps[step].run(part, state.step_parts[step]);
  };
  return {.run = run, .context = this, .parts = step_parts};
}

void copy_elements(const TensorView& tensor, std::span<float> values) {
  if (!tensor.nhwc) {
    std::copy_n(tensor.data, values.size(), values.begin());
    return;
  }
  const auto channels = static_cast<size_t>(tensor.extent[1]);
  const size_t pixels = values.size() / channels;
  const auto stride = static_cast<size_t>(tensor.pixel_stride);
  for (size_t c = 0; c < channels; ++c) {
    const float scale = tensor.inverse_scale != nullptr ? 1.0F / tensor.inverse_scale[c]
                                                        : tensor.quantization.scale;
    for (size_t p = 0; p < pixels; ++p) {
      const size_t at = p * stride + c;
      values[c * pixels + p] =
          tensor.data != nullptr
              ? tensor.data[at]
              : static_cast<float>(tensor.data_u8[at] - tensor.quantization.zero) * scale;
    }
  }
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::create(const Artifact& artifact, const SessionOptions& options) {
  const auto needed = static_cast<kernels::Isa>(artifact.plan().isa);
  if (!kernels::hardware_has(needed)) {
    return Error{Code::kUnsupported,
                 artifact.name() + ": compiled for " + std::string(artifact.target()) +
                     ", this CPU has " + kernels::isa_name(kernels::hardware_isa()) +
                     "; compile with --target native on this machine or --target cpu-generic"};
  }
  std::shared_ptr<ThreadPool> pool = options.pool;
  if (!pool) {
    pool = PAWL_TRY(ThreadPool::create({.threads = options.threads, .pin = options.pin}));
  }
  auto state = std::make_unique<State>(artifact, std::move(pool));
  const Status allocated = state->allocate();
  if (!allocated.ok()) return allocated.error();
  const Status bound = state->bind();
  if (!bound.ok()) return bound.error();
  const Status prepared = state->prepare_detection(options);
  if (!prepared.ok()) return prepared.error();
  return Session(std::move(state));
}

Result<std::span<const Detection>> Session::detect(const platform::Frame& frame) {
  State& state = *state_;
  if (!state.decoder) {
    return Error{Code::kUnsupported, state.artifact.name() +
                                         ": compiled with --head none, so it has no detections; "
                                         "compile it with a head"};
  }
  const int64_t start = now_ns();
  const Status prepared = state.preprocessor->prepare(frame);
  if (!prepared.ok()) return prepared.error();
  state.times.preprocess = now_ns() - start;

  ThreadPool::Turn turn(state.pool.get());
  const int64_t began = now_ns();
  turn.run(state.preprocessing());
  const int64_t preprocessed = now_ns();
  turn.run(state.network());
  const int64_t inferred = now_ns();
  const std::span<const Detection> detections =
      state.decoder->decode(state.levels, state.preprocessor->placement());
  state.times.preprocess += preprocessed - began;
  state.times.infer = inferred - preprocessed;
  state.times.postprocess = now_ns() - inferred;
  return detections;
}

Status Session::preprocess(const platform::Frame& frame) {
  const Status prepared = state_->preprocessor->prepare(frame);
  if (prepared.ok()) ThreadPool::Turn(state_->pool.get()).run(state_->preprocessing());
  return prepared;
}

void Session::run() {
  ThreadPool::Turn(state_->pool.get()).run(state_->network());
}

void Session::run_observed(const Observer& observer) {
  for (size_t i = 0; i < state_->steps.size(); ++i) {
    state_->steps[i].run(0, 1);
    observer(static_cast<int32_t>(i), state_->step_outputs[i]);
  }
}

void Session::run_timed(std::span<int64_t> ns) {
  PAWL_CHECK(ns.size() == state_->steps.size());
  struct Step {
    State* state;
    size_t index;
  } step{state_.get(), 0};
  ThreadPool::Turn turn(state_->pool.get());
  for (; step.index < ns.size(); ++step.index) {
    const auto run = [](void* context, int32_t /*stage*/, int32_t part) {
      const auto& [state, index] = *static_cast<const Step*>(context);
      state->steps[index].run(part, state->step_parts[index]);
    };
    const int64_t start = now_ns();
    turn.run({.run = run, .context = &step, .parts = {&state_->step_parts[step.index], 1}});
    ns[step.index] += now_ns() - start;
  }
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
std::span<float> Session::input() {
  return state_->input;
}
TensorView Session::tensor(int32_t index) const {
  return state_->view(state_->artifact.tensors()[static_cast<size_t>(index)]);
}
TensorView Session::input_view() const {
  return tensor(state_->artifact.plan().input_tensor);
}
std::span<uint8_t> Session::input_u8() {
  return state_->input_u8;
}
std::span<const TensorView> Session::outputs() const {
  return state_->outputs;
}

}  // namespace pawl::engine
