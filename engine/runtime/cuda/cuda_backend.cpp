#include "engine/runtime/cuda/cuda_backend.h"

#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/artifact/head_record.h"
#include "engine/artifact/validate.h"
#include "engine/detect/preprocess.h"
#include "engine/runtime/cuda/device.h"
#include "engine/runtime/cuda/device_head.h"
#include "engine/runtime/cuda/launch.h"
#include "kernels/cuda/letterbox.h"
#include "kernels/half.h"
#include "platform/check.h"

namespace pawl::engine {
namespace {

using cuda::CUdeviceptr;
using cuda::Device;
using cuda::DeviceMemory;
using cuda::PinnedMemory;
using platform::Frame;

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Before a frame's block: where it lies in the network input.
constexpr size_t kPlacementBytes = 64;

class CudaBackend final : public Backend {
 public:
  CudaBackend(const Artifact& artifact, std::unique_ptr<Device> device)
      : artifact_(artifact), device_(std::move(device)) {}
  ~CudaBackend() override;

  Status load();
  Status choose_kernels();
  Status prepare_detection(const DecodeOptions& options);

  Result<std::span<const Detection>> detect(const Frame& frame, StageTimes* times) override;
  Status preprocess(const Frame& frame) override;
  Status run(std::span<int64_t> step_ns) override;
  NetworkInput input() override { return {}; }
  Status run_observed(const Observer& observer) override;
  Result<TensorView> tensor(int32_t index) override;

 private:
  struct Kernel {
    cuda::CUfunction function;
    DeviceStep step;
  };

  const cuda::Driver& driver() const { return device_->driver(); }
  Status check(cuda::CUresult result, const char* what) const {
    return driver().check(result, artifact_.name() + ": " + what);
  }
  const TensorRecord& record(int32_t index) const {
    return artifact_.tensors()[static_cast<size_t>(index)];
  }
  CUdeviceptr address(const TensorRecord& tensor) const {
    return (tensor.storage == Storage::kArena ? arena_ : weights_).address() + tensor.offset;
  }
  Status upload(const Frame& frame);
  Status grow_staging(size_t bytes);
  Status record_graph();
  Status launch(Kernel& kernel);
  Status wait() { return check(driver().cuStreamSynchronize(stream_), "waiting for the device"); }
  Result<TensorView> read(const TensorRecord& tensor, std::vector<std::byte>* memory);

  Artifact artifact_;  // a copy: keeps the mapping alive
  std::unique_ptr<Device> device_;
  cuda::CUstream stream_ = nullptr;
  cuda::CUgraphExec frame_graph_ = nullptr;
  cuda::CUevent began_ = nullptr, ended_ = nullptr;
  DeviceMemory arena_, weights_, staging_;
  PinnedMemory frame_;  // what is copied to staging_, or read in place
  std::optional<Kernel> letterbox_;
  std::vector<Kernel> steps_;
  std::optional<Preprocessor> preprocessor_;
  std::optional<DeviceHead> head_;  // absent with --head none
  std::vector<Kernel> head_steps_;
  std::map<int32_t, std::vector<std::byte>> read_tensors_;  // what tensor() gave out
};

// Of a lost device nothing can be freed; what these calls return helps nobody.
CudaBackend::~CudaBackend() {
  if (!device_->make_current().ok()) return;
  if (frame_graph_ != nullptr) driver().cuGraphExecDestroy(frame_graph_);
  if (began_ != nullptr) driver().cuEventDestroy(began_);
  if (ended_ != nullptr) driver().cuEventDestroy(ended_);
  if (stream_ != nullptr) driver().cuStreamDestroy(stream_);
}

Status CudaBackend::load() {
  PAWL_TRY(check(driver().cuStreamCreate(&stream_, cuda::CU_STREAM_NON_BLOCKING), "a stream"));
  PAWL_TRY(check(driver().cuEventCreate(&began_, 0), "an event"));
  PAWL_TRY(check(driver().cuEventCreate(&ended_, 0), "an event"));
  arena_ = PAWL_TRY(DeviceMemory::allocate(*device_, artifact_.plan().arena_bytes + 1));
  const std::span<const std::byte> weights = artifact_.weights();
  weights_ = PAWL_TRY(DeviceMemory::allocate(*device_, weights.size() + 1));
  return check(driver().cuMemcpyHtoD(weights_.address(), weights.data(), weights.size()),
               "copying the weights");
}

Status CudaBackend::choose_kernels() {
  const auto pointer = [](CUdeviceptr address) { return reinterpret_cast<std::byte*>(address); };
  const AddressBases bases{pointer(arena_.address()), pointer(weights_.address())};
  const DeviceTraits traits{device_->multiprocessors()};
  steps_.reserve(artifact_.steps().size());
  for (const StepRecord& step : artifact_.steps()) {
    const StepParams params = PAWL_TRY(step_params(artifact_, step, bases));
    const DeviceStep chosen = PAWL_TRY(device_step(artifact_, step, params, traits));
    steps_.push_back({PAWL_TRY(device_->function(chosen.launch)), chosen});
  }
  return {};
}

Status CudaBackend::prepare_detection(const DecodeOptions& options) {
  const HeadRecord& head = artifact_.head();
  const PreprocessSpec spec = preprocess_spec(head);
  const TensorRecord& input = record(artifact_.plan().input_tensor);
  if (input.layout != Layout::kNhwc || input.storage != Storage::kArena || input.rank != 4 ||
      input.extent[1] != spec.channels || input.extent[2] != spec.height ||
      input.extent[3] != spec.width) {
    return Error{Code::kCorrupt, artifact_.name() +
                                     ": the input tensor does not match the pre-processing; "
                                     "compile the model again"};
  }
  preprocessor_.emplace(PAWL_TRY(Preprocessor::create(spec)));
  if (head.present == 0) return {};
  head_.emplace(PAWL_TRY(
      DeviceHead::create(artifact_, options, *device_, arena_.address(), weights_.address())));
  return {};
}

// Memory for a frame of a size not seen yet, and the kernels that read it there. After an error
// there is none at all, so the next frame tries again: a graph never outlives what it reads.
Status CudaBackend::grow_staging(size_t bytes) {
  frame_ = {}, staging_ = {};
  PinnedMemory frame = PAWL_TRY(PinnedMemory::allocate(*device_, bytes));
  CUdeviceptr from = frame.device_address();
  if (from == 0) {
    staging_ = PAWL_TRY(DeviceMemory::allocate(*device_, bytes));
    from = staging_.address();
  }
  const PreprocessSpec& spec = preprocessor_->spec();
  const TensorRecord& input = record(artifact_.plan().input_tensor);
  kernels::cuda::LetterboxLaunchParams params{};
  params.frame = reinterpret_cast<const kernels::cuda::FrameHeader*>(from + kPlacementBytes);
  params.OW = spec.width, params.OH = spec.height, params.channels = spec.channels;
  params.y_pixel_stride = input.pixel_stride;
  params.rgb = spec.rgb, params.pad_value = spec.pad_value;
  for (size_t c = 0; c < 3; ++c) params.mean[c] = spec.mean[c], params.scale[c] = spec.scale[c];
  if (input.element == Element::kUint8) {
    params.y_u8 = reinterpret_cast<uint8_t*>(address(input));
  } else {
    params.y = reinterpret_cast<uint16_t*>(address(input));
  }
  const DeviceStep step(letterbox_launch(params), params);
  letterbox_.emplace(Kernel{PAWL_TRY(device_->function(step.launch)), step});
  head_steps_.clear();
  if (head_) {
    for (const DeviceStep& one : head_->steps(from)) {
      head_steps_.push_back({PAWL_TRY(device_->function(one.launch)), one});
    }
  }
  PAWL_TRY(record_graph());
  frame_ = std::move(frame);
  return {};
}

// A frame from its bytes on: letterbox, steps, the head, detections back to the host.
Status CudaBackend::record_graph() {
  if (frame_graph_ != nullptr) driver().cuGraphExecDestroy(std::exchange(frame_graph_, nullptr));
  PAWL_TRY(check(driver().cuStreamBeginCapture(stream_, cuda::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                 "recording a frame"));
  PAWL_TRY(launch(*letterbox_));
  for (Kernel& kernel : steps_) PAWL_TRY(launch(kernel));
  for (Kernel& kernel : head_steps_) PAWL_TRY(launch(kernel));
  if (head_) {
    const cuda::PinnedMemory& block = head_->host_block();
    PAWL_TRY(check(driver().cuMemcpyDtoHAsync(block.data(), head_->block(), block.bytes(), stream_),
                   "copying detections"));
  }
  cuda::CUgraph graph = nullptr;
  PAWL_TRY(check(driver().cuStreamEndCapture(stream_, &graph), "recording a frame"));
  const Status made = check(driver().cuGraphInstantiateWithFlags(&frame_graph_, graph, 0),
                            "making the graph of a frame");
  driver().cuGraphDestroy(graph);
  return made;
}

Status CudaBackend::launch(Kernel& kernel) {
  const kernels::cuda::Launch& how = kernel.step.launch;
  void* params[] = {kernel.step.params.data(), nullptr};
  return driver().check(
      driver().cuLaunchKernel(kernel.function, how.grid[0], how.grid[1], how.grid[2], how.threads,
                              1, 1, 0, stream_, params, nullptr),
      artifact_.name() + ": starting " + how.kernel);
}

// The frame's bytes to where the letterbox reads them.
Status CudaBackend::upload(const Frame& frame) {
  PAWL_TRY(preprocessor_->prepare(frame));
  PAWL_TRY(device_->make_current());
  const kernels::LetterboxParams params = preprocessor_->letterbox();
  const size_t bytes = kPlacementBytes + kernels::cuda::frame_block_bytes(params);
  if (bytes > frame_.bytes()) PAWL_TRY(grow_staging(bytes));
  const Placement& place = preprocessor_->placement();
  const kernels::cuda::FramePlacement placement{place.scale_x,     place.scale_y,
                                                place.offset_x,    place.offset_y,
                                                place.frame_width, place.frame_height};
  static_assert(sizeof(placement) <= kPlacementBytes);
  std::memset(frame_.data(), 0, kPlacementBytes);
  std::memcpy(frame_.data(), &placement, sizeof(placement));
  kernels::cuda::fill_frame_block(params, frame_.data() + kPlacementBytes);
  if (frame_.device_address() != 0) return {};
  return check(driver().cuMemcpyHtoDAsync(staging_.address(), frame_.data(), bytes, stream_),
               "copying the frame");
}

Result<std::span<const Detection>> CudaBackend::detect(const Frame& frame, StageTimes* times) {
  const int64_t start = now_ns();
  PAWL_TRY(upload(frame));
  const int64_t uploaded = now_ns();
  PAWL_TRY(check(driver().cuGraphLaunch(frame_graph_, stream_), "starting a frame"));
  PAWL_TRY(wait());
  const int64_t inferred = now_ns();
  const std::span<const Detection> detections = head_->detections();
  *times = {uploaded - start, inferred - uploaded, now_ns() - inferred};
  return detections;
}

Status CudaBackend::preprocess(const Frame& frame) {
  PAWL_TRY(upload(frame));
  PAWL_TRY(launch(*letterbox_));
  return wait();
}

Status CudaBackend::run(std::span<int64_t> step_ns) {
  PAWL_TRY(device_->make_current());
  PAWL_CHECK(step_ns.empty() || step_ns.size() == steps_.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (step_ns.empty()) {
      PAWL_TRY(launch(steps_[i]));
      continue;
    }
    PAWL_TRY(check(driver().cuEventRecord(began_, stream_), "an event"));
    PAWL_TRY(launch(steps_[i]));
    PAWL_TRY(check(driver().cuEventRecord(ended_, stream_), "an event"));
    PAWL_TRY(check(driver().cuEventSynchronize(ended_), "waiting for a step"));
    float ms = 0.0F;
    PAWL_TRY(check(driver().cuEventElapsedTime(&ms, began_, ended_), "timing a step"));
    step_ns[i] += static_cast<int64_t>(double{ms} * 1e6);
  }
  return wait();
}

Status CudaBackend::run_observed(const Observer& observer) {
  PAWL_TRY(device_->make_current());
  std::vector<std::byte> memory;
  for (size_t i = 0; i < steps_.size(); ++i) {
    PAWL_TRY(launch(steps_[i]));
    const StepRecord& step = artifact_.steps()[i];
    const TensorView view = PAWL_TRY(read(record(step.output[0]), &memory));
    TensorView output = output_view(artifact_, step, memory.data());
    output.pixel_stride = view.pixel_stride;
    observer(static_cast<int32_t>(i), output);
  }
  return {};
}

Result<TensorView> CudaBackend::tensor(int32_t index) {
  PAWL_TRY(device_->make_current());
  return read(record(index), &read_tensors_[index]);
}

// A copy of the tensor that the host can read: halves as floats, where they stood.
Result<TensorView> CudaBackend::read(const TensorRecord& tensor, std::vector<std::byte>* memory) {
  PAWL_TRY(wait());
  std::vector<std::byte> bytes(tensor_bytes(tensor));
  const bool nhwc = tensor.layout == Layout::kNhwc;
  // Between pixels of a view lie other tensors' channels, or nothing that was ever written.
  const size_t pixel_bytes = nhwc ? static_cast<size_t>(tensor.pixel_stride) *
                                        static_cast<size_t>(element_bytes(tensor.element))
                                  : bytes.size();
  const size_t run = nhwc ? static_cast<size_t>(tensor.extent[1]) *
                                static_cast<size_t>(element_bytes(tensor.element))
                          : bytes.size();
  if (run == pixel_bytes) {
    PAWL_TRY(check(driver().cuMemcpyDtoH(bytes.data(), address(tensor), bytes.size()),
                   "reading a tensor"));
  } else {
    for (size_t at = 0; at < bytes.size(); at += pixel_bytes) {
      PAWL_TRY(check(driver().cuMemcpyDtoH(bytes.data() + at, address(tensor) + at, run),
                     "reading a tensor"));
    }
  }
  if (tensor.element == Element::kFloat16) {
    const auto* halves = reinterpret_cast<const uint16_t*>(bytes.data());
    const size_t count = bytes.size() / sizeof(uint16_t);
    memory->resize(count * sizeof(float));
    auto* floats = reinterpret_cast<float*>(memory->data());
    for (size_t i = 0; i < count; ++i) floats[i] = kernels::half_value(halves[i]);
  } else {
    *memory = std::move(bytes);
  }
  return view_of(artifact_, tensor, memory->data());
}

}  // namespace

Result<std::unique_ptr<Backend>> make_cuda_backend(const Artifact& artifact,
                                                   const DecodeOptions& decode,
                                                   const std::string& driver_library) {
  std::unique_ptr<Device> device = PAWL_TRY(Device::open(driver_library).context(artifact.name()));
  if (device->capability() < cuda_capability(artifact.plan())) {
    return Error{Code::kUnsupported,
                 artifact.name() + ": compiled for " + std::string(artifact.target()) + ", " +
                     device->name() + " is sm_" + std::to_string(device->capability()) +
                     "; compile with --target cuda-sm" + std::to_string(device->capability())};
  }
  auto backend = std::make_unique<CudaBackend>(artifact, std::move(device));
  PAWL_TRY(backend->load());
  PAWL_TRY(backend->choose_kernels());
  PAWL_TRY(backend->prepare_detection(decode));
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace pawl::engine
