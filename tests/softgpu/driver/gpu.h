// The state behind the driver's calls: one device, its primary context, modules, streams, graphs.
// Calls may come from any thread; one lock makes them take turns.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/runtime/cuda/driver_types.h"
#include "tests/softgpu/control.h"
#include "tests/softgpu/device/block.h"
#include "tests/softgpu/device/findings.h"
#include "tests/softgpu/device/memory.h"

// The driver's own opaque types are the objects themselves.
namespace pawl::cuda {

struct CUfunc_st {
  softgpu::Program program;
  uint32_t dynamic_shared_max = 0;
};
struct CUmod_st {
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
  std::map<std::string, softgpu::Allocation*> variables;
};

}  // namespace pawl::cuda

namespace pawl::softgpu {

// One thing a stream does. Kind and function decide whether a graph can be updated in place.
struct Work {
  enum class Kind : uint8_t { kKernel, kCopy, kSet, kEvent };
  Kind kind;
  const void* function;       // of a kernel
  std::function<void()> run;  // throws DeviceFault
};

struct Capture {
  std::vector<Work> work;
};

}  // namespace pawl::softgpu

namespace pawl::cuda {

struct CUstream_st {
  bool blocking = true;  // takes turns with the null stream
  std::deque<softgpu::Work> queue;
  std::shared_ptr<softgpu::Capture> capture;
  bool capture_origin = false;
};
struct CUevent_st {
  CUstream stream = nullptr;  // where it was recorded last
  int64_t recorded = 0, reached = 0;
  int64_t time_ns = 0;
  std::shared_ptr<softgpu::Capture> capture;
};
struct CUgraph_st {
  std::vector<softgpu::Work> work;
};
struct CUgraphExec_st {
  std::vector<softgpu::Work> work;
};
struct CUctx_st {};

}  // namespace pawl::cuda

namespace pawl::softgpu {

using namespace cuda;

struct Options {
  int64_t seed = 0, eager = 0, devices = 1, capability = 80, driver_version = 13000;
  int64_t memory_bytes = int64_t{4} << 30;
  int64_t integrated = 0, refuse_modules = 0, fail_launch = 0, fault_launch = 0, lose_device = 0;
};

struct Gpu {
  std::recursive_mutex mutex;
  Options options;
  bool initialized = false;
  int64_t context_references = 0;
  CUctx_st context;
  CUresult sticky = CUDA_SUCCESS;
  bool lost = false;
  std::unique_ptr<DeviceMemory> memory;
  Findings findings;
  std::map<std::string, Counters> counters;
  std::string message, finding_text;
  uint64_t next_stamp = Shadow::kFirstBase;
  uint64_t launches = 0;
  std::set<std::unique_ptr<CUmod_st>> modules;
  std::map<CUstream, std::unique_ptr<CUstream_st>> streams;
  std::set<std::unique_ptr<CUevent_st>> events;
  std::set<std::unique_ptr<CUgraph_st>> graphs;
  std::set<std::unique_ptr<CUgraphExec_st>> executables;
  std::map<void*, std::unique_ptr<uint8_t[]>> host_blocks;
  std::map<void*, uint64_t> host_addresses;
  CUstream_st null_stream;

  // Drops the context with all that is in it.
  void drop_context();
  // The stream of a handle; the null stream for null. Null where there is no such.
  CUstream_st* find(CUstream stream);
  // Does the work, or leaves it in the stream's queue, or in the graph that is being captured.
  CUresult enqueue(CUstream stream, Work work);
  void drain(CUstream_st& stream);
  void drain_all();
  // What synchronous copies wait for: all streams but those that are non-blocking.
  void drain_blocking();
  void run_kernel(CUfunction function, const Dim3& grid, const Dim3& block, uint32_t shared_bytes,
                  const std::vector<uint8_t>& parameters);
  bool capturing() const;
};

Gpu& gpu();

enum class Needs : uint8_t { kNothing, kInit, kContext };

// The body of a driver call: takes the lock, refuses what comes too early or after a fatal error,
// turns faults into sticky errors.
template <typename F>
CUresult call(Needs needs, F&& body) {
  Gpu& g = gpu();
  const std::lock_guard<std::recursive_mutex> lock(g.mutex);
  if (needs != Needs::kNothing && !g.initialized) return CUDA_ERROR_NOT_INITIALIZED;
  if (g.lost && needs != Needs::kNothing) return CUDA_ERROR_UNKNOWN;
  if (needs == Needs::kContext) {
    if (g.context_references == 0) return CUDA_ERROR_INVALID_CONTEXT;
    if (g.sticky != CUDA_SUCCESS) return g.sticky;
  }
  try {
    return body(g);
  } catch (const DeviceFault& fault) {
    g.message = fault.what();
    g.sticky = static_cast<CUresult>(fault.code());
    return g.sticky;
  }
}

}  // namespace pawl::softgpu

#define SOFTGPU_EXPORT extern "C" __attribute__((visibility("default")))
