// Allocation, copies, fills.
#include <cstring>

#include "tests/softgpu/driver/gpu.h"

using namespace pawl::cuda;
using namespace pawl::softgpu;

namespace {

// The bytes of a copy on the device's side; a copy out of what nobody wrote is a fault of the host.
Allocation& resolve(Gpu& g, CUdeviceptr address, size_t bytes) {
  Allocation* found = g.memory->find(address, bytes);
  if (found == nullptr) {
    throw DeviceFault(CUDA_ERROR_ILLEGAL_ADDRESS, "copy or fill: " + g.memory->describe(address));
  }
  return *found;
}

void copy_in(Gpu& g, CUdeviceptr to, const void* from, size_t bytes) {
  Allocation& a = resolve(g, to, bytes);
  std::memcpy(a.data + (to - a.address), from, bytes);
  a.shadow.mark(to - a.address, bytes, Shadow::kHost);
}
constexpr char kCopyOut = 0;  // its address is the place of a finding

void copy_out(Gpu& g, void* to, CUdeviceptr from, size_t bytes) {
  Allocation& a = resolve(g, from, bytes);
  if (!a.shadow.written(from - a.address, bytes) &&
      g.findings.add(FindingKind::kUninitialised, &kCopyOut)) {
    g.findings.set_text("uninitialised: copy to the host from " + g.memory->describe(from));
  }
  std::memcpy(to, a.data + (from - a.address), bytes);
}
void copy_within(Gpu& g, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  std::vector<uint8_t> between(bytes);
  copy_out(g, between.data(), from, bytes);
  copy_in(g, to, between.data(), bytes);
}
void fill(Gpu& g, CUdeviceptr to, uint8_t value, size_t bytes) {
  const std::vector<uint8_t> values(bytes, value);
  copy_in(g, to, values.data(), bytes);
}

// Now, in turn with the streams that take turns.
template <typename F>
CUresult at_once(F&& body) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (g.capturing()) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    g.drain_blocking();
    body(g);
    return CUDA_SUCCESS;
  });
}
// A range that is wrong is refused when it is enqueued.
CUresult later(CUstream stream, Work::Kind kind, std::initializer_list<CUdeviceptr> addresses,
               size_t bytes, std::function<void()> run) {
  return call(Needs::kContext, [&](Gpu& g) {
    for (const CUdeviceptr address : addresses) {
      if (g.memory->find(address, bytes) == nullptr) return CUDA_ERROR_INVALID_VALUE;
    }
    return g.enqueue(stream, {kind, nullptr, std::move(run)});
  });
}

}  // namespace

SOFTGPU_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    const Allocation* made = g.memory->allocate(bytes);
    if (made == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
    *address = made->address;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  return call(Needs::kContext, [&](Gpu& g) {
    g.drain_all();
    return address == 0 || g.memory->free(address) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
SOFTGPU_EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  return call(Needs::kContext, [&](Gpu& g) {
    *total = g.memory->bytes_max();
    *free = *total - g.memory->bytes_used();
    return CUDA_SUCCESS;
  });
}

SOFTGPU_EXPORT CUresult cuMemHostAlloc(void** block, size_t bytes, unsigned flags) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    std::unique_ptr<uint8_t[]> made(new uint8_t[bytes]);
    *block = made.get();
    if ((flags & CU_MEMHOSTALLOC_DEVICEMAP) != 0) {
      g.host_addresses[*block] = g.memory->map_host(*block, bytes)->address;
    }
    g.host_blocks[*block] = std::move(made);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* address, void* block, unsigned) {
  return call(Needs::kContext, [&](Gpu& g) {
    const auto found = g.host_addresses.find(block);
    if (found == g.host_addresses.end()) return CUDA_ERROR_INVALID_VALUE;
    *address = found->second;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuMemFreeHost(void* block) {
  return call(Needs::kContext, [&](Gpu& g) {
    g.drain_all();
    const auto mapped = g.host_addresses.find(block);
    if (mapped != g.host_addresses.end()) {
      g.memory->free(mapped->second);
      g.host_addresses.erase(mapped);
    }
    return g.host_blocks.erase(block) == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

SOFTGPU_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  return at_once([&](Gpu& g) { copy_in(g, to, from, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  return at_once([&](Gpu& g) { copy_out(g, to, from, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return at_once([&](Gpu& g) { copy_within(g, to, from, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t bytes) {
  return at_once([&](Gpu& g) { fill(g, to, value, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes,
                                             CUstream stream) {
  return later(stream, Work::Kind::kCopy, {to}, bytes, [=] { copy_in(gpu(), to, from, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes,
                                             CUstream stream) {
  return later(stream, Work::Kind::kCopy, {from}, bytes, [=] { copy_out(gpu(), to, from, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                                             CUstream stream) {
  return later(stream, Work::Kind::kCopy, {to, from}, bytes,
               [=] { copy_within(gpu(), to, from, bytes); });
}
SOFTGPU_EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes,
                                        CUstream stream) {
  return later(stream, Work::Kind::kSet, {to}, bytes, [=] { fill(gpu(), to, value, bytes); });
}
