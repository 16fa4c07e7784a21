#include "tests/softgpu/driver/gpu.h"

#include <algorithm>

namespace pawl::softgpu {

Gpu& gpu() {
  static Gpu* one = new Gpu;  // outlives whoever calls at exit
  return *one;
}

void Gpu::drop_context() {
  streams.clear();
  null_stream = CUstream_st{};
  events.clear();
  graphs.clear();
  executables.clear();
  findings.forget_places();
  modules.clear();
  memory.reset();
  host_addresses.clear();
  host_blocks.clear();
  sticky = CUDA_SUCCESS;
  next_stamp = Shadow::kFirstBase;
}

CUstream_st* Gpu::find(CUstream stream) {
  if (stream == nullptr) return &null_stream;
  const auto found = streams.find(stream);
  return found == streams.end() ? nullptr : found->second.get();
}

CUresult Gpu::enqueue(CUstream stream, Work work) {
  CUstream_st* s = find(stream);
  if (s == nullptr) return CUDA_ERROR_INVALID_HANDLE;
  if (s->capture != nullptr) {
    s->capture->work.push_back(std::move(work));
    return CUDA_SUCCESS;
  }
  s->queue.push_back(std::move(work));
  if (options.eager != 0) drain(*s);
  return CUDA_SUCCESS;
}

void Gpu::drain(CUstream_st& stream) {
  while (!stream.queue.empty()) {
    const Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    work.run();
  }
}

void Gpu::drain_blocking() {
  drain(null_stream);
  for (auto& [handle, stream] : streams) {
    if (stream->blocking) drain(*stream);
  }
}

void Gpu::drain_all() {
  drain(null_stream);
  for (auto& [handle, stream] : streams) drain(*stream);
}

bool Gpu::capturing() const {
  return std::any_of(streams.begin(), streams.end(),
                     [](const auto& s) { return s.second->capture != nullptr; });
}

void Gpu::run_kernel(CUfunction function, const Dim3& grid, const Dim3& block,
                     uint32_t shared_bytes, const std::vector<uint8_t>& parameters) {
  const auto due = [](int64_t* countdown) { return *countdown > 0 && --*countdown == 0; };
  if (due(&options.lose_device)) {
    lost = true;
    throw DeviceFault(CUDA_ERROR_ECC_UNCORRECTABLE, "injected: the device is lost");
  }
  if (due(&options.fault_launch)) {
    throw DeviceFault(CUDA_ERROR_LAUNCH_FAILED, "injected: the kernel dies");
  }
  if (next_stamp + stamps_of(grid) >= Shadow::kPending) {
    throw DeviceFault(CUDA_ERROR_UNKNOWN,
                      "more CTAs in one context than the shadow can tell apart");
  }
  Counters& count = counters[function->program.name];
  ++count.launches;
  ++launches;
  const uint64_t seed =
      options.seed == 0 ? 0 : static_cast<uint64_t>(options.seed) * 1000003 + launches;
  Launch launch{
      function->program, grid,     block, shared_bytes, parameters.data(),
      *memory,           findings, count, seed,         static_cast<uint32_t>(next_stamp)};
  next_stamp += stamps_of(grid);
  run_grid(launch);
}

namespace {

int64_t* option_value(Options& o, Option option) {
  switch (option) {
    case Option::kSeed:
      return &o.seed;
    case Option::kEager:
      return &o.eager;
    case Option::kDevices:
      return &o.devices;
    case Option::kCapability:
      return &o.capability;
    case Option::kDriverVersion:
      return &o.driver_version;
    case Option::kMemoryBytes:
      return &o.memory_bytes;
    case Option::kIntegrated:
      return &o.integrated;
    case Option::kRefuseModules:
      return &o.refuse_modules;
    case Option::kFailLaunch:
      return &o.fail_launch;
    case Option::kFaultLaunch:
      return &o.fault_launch;
    case Option::kLoseDevice:
      return &o.lose_device;
  }
  return nullptr;
}

}  // namespace

SOFTGPU_EXPORT void softgpu_reset() {
  Gpu& g = gpu();
  const std::lock_guard<std::recursive_mutex> lock(g.mutex);
  g.drop_context();
  g.options = Options{};
  g.initialized = g.lost = false;
  g.context_references = 0;
  g.findings.clear();
  g.counters.clear();
  g.message.clear();
  g.launches = 0;
}

SOFTGPU_EXPORT void softgpu_set(Option option, int64_t value) {
  Gpu& g = gpu();
  const std::lock_guard<std::recursive_mutex> lock(g.mutex);
  *option_value(g.options, option) = value;
}

SOFTGPU_EXPORT int32_t softgpu_finding_count() {
  return static_cast<int32_t>(gpu().findings.entries().size());
}

SOFTGPU_EXPORT const char* softgpu_finding(int32_t index) {
  Gpu& g = gpu();
  const auto& all = g.findings.entries();
  if (index < 0 || static_cast<size_t>(index) >= all.size()) return "";
  const Findings::Entry& entry = all[static_cast<size_t>(index)];
  g.finding_text = entry.text + " (" + std::to_string(entry.count) + " times)";
  return g.finding_text.c_str();
}

SOFTGPU_EXPORT void softgpu_clear_findings() {
  gpu().findings.clear();
}

SOFTGPU_EXPORT bool softgpu_counters(const char* kernel, Counters* counters) {
  const auto& all = gpu().counters;
  *counters = Counters{};
  bool any = false;
  for (const auto& [name, c] : all) {
    if (kernel != nullptr && name != kernel) continue;
    any = true;
    counters->launches += c.launches;
    for (size_t i = 0; i < kClasses; ++i) counters->warp_instructions[i] += c.warp_instructions[i];
    counters->multiply_adds += c.multiply_adds;
    counters->bank_conflicts += c.bank_conflicts;
    counters->global_requests += c.global_requests;
    counters->global_sectors += c.global_sectors;
    counters->global_sectors_ideal += c.global_sectors_ideal;
    counters->global_sectors_distinct += c.global_sectors_distinct;
    counters->global_bytes += c.global_bytes;
  }
  return any;
}

SOFTGPU_EXPORT const char* softgpu_last_message() {
  return gpu().message.c_str();
}

}  // namespace pawl::softgpu
