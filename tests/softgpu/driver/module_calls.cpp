// Modules out of PTX text, functions, launches.
#include <algorithm>
#include <cstring>

#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/driver/gpu.h"
#include "tests/softgpu/ptx/parser.h"

using namespace pawl::cuda;
using namespace pawl::softgpu;

namespace {

constexpr uint32_t kStaticSharedMax = 48 * 1024;

// PTX that a driver of this version reads: each toolkit has its own, and the newest come in steps.
int32_t ptx_version_max(int64_t driver) {
  if (driver >= 13000) return 90 + static_cast<int32_t>(driver % 1000 / 10);
  if (driver >= 12000) {
    constexpr int32_t kByMinor[] = {80, 81, 82, 83, 84, 85, 85, 85, 87, 88};
    return kByMinor[std::min<int64_t>(driver % 1000 / 10, 9)];
  }
  return 70 + static_cast<int32_t>(driver % 1000 / 10);
}

bool starts_with(const void* image, std::string_view magic) {
  return std::memcmp(image, magic.data(), magic.size()) == 0;
}

CUresult refuse(Gpu& g, CUresult code, const std::string& why) {
  g.message = why;
  return code;
}

CUresult load(Gpu& g, CUmodule* result, const void* image) {
  if (g.options.refuse_modules != 0)
    return refuse(g, CUDA_ERROR_INVALID_IMAGE, "injected: refused");
  // A cubin is for a real device, a fat binary mostly holds some: neither is executed here.
  if (starts_with(image,
                  "\x7F"
                  "ELF") ||
      starts_with(image, "\x50\xED\x55\xBA")) {
    return refuse(g, CUDA_ERROR_NO_BINARY_FOR_GPU,
                  "machine code: the software GPU executes PTX only");
  }
  Module module;
  try {
    module = parse_ptx(static_cast<const char*>(image), "ptx");
  } catch (const PtxError& error) {
    return refuse(g, CUDA_ERROR_INVALID_PTX, error.what());
  }
  if (module.version > ptx_version_max(g.options.driver_version)) {
    return refuse(g, CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "PTX newer than the driver");
  }
  if (module.target > g.options.capability) {
    return refuse(g, CUDA_ERROR_INVALID_PTX, "PTX for a newer device");
  }
  auto made = std::make_unique<CUmod_st>();
  Symbols symbols;
  for (const Variable& v : module.variables) {
    if (v.space == Variable::Space::kShared) continue;
    Allocation* a = g.memory->allocate(static_cast<size_t>(v.bytes));
    if (a == nullptr) return refuse(g, CUDA_ERROR_OUT_OF_MEMORY, "variable " + v.name);
    // Without a value they are zero, as in C.
    std::memset(a->data, 0, a->bytes);
    std::copy(v.initial.begin(), v.initial.end(), a->data);
    a->shadow.mark(0, a->bytes, Shadow::kHost);
    symbols[v.name] = {v.space, a->address};
    made->variables[v.name] = a;
  }
  try {
    for (const Function& f : module.functions) {
      auto function = std::make_unique<CUfunc_st>(CUfunc_st{decode(module, f, symbols)});
      if (function->program.shared_bytes > kStaticSharedMax) {
        return refuse(g, CUDA_ERROR_INVALID_PTX,
                      f.name + ": more than 48 KiB of static shared memory");
      }
      function->dynamic_shared_max = kStaticSharedMax - function->program.shared_bytes;
      made->functions[f.name] = std::move(function);
    }
  } catch (const PtxError& error) {
    return refuse(g, CUDA_ERROR_INVALID_PTX, error.what());
  }
  *result = made.get();
  g.modules.insert(std::move(made));
  return CUDA_SUCCESS;
}

auto find_module(Gpu& g, CUmodule module) {
  return std::find_if(g.modules.begin(), g.modules.end(),
                      [&](const auto& m) { return m.get() == module; });
}

CUresult check_launch(const CUfunc_st& f, const Dim3& grid, const Dim3& block,
                      uint32_t shared_bytes) {
  const bool sizes = grid.x != 0 && grid.y != 0 && grid.z != 0 && block.count() != 0 &&
                     grid.x <= 0x7FFFFFFFU && grid.y <= 65535 && grid.z <= 65535 &&
                     block.count() <= 1024 && block.z <= 64;
  if (!sizes || static_cast<int64_t>(block.count()) > f.program.threads_max)
    return CUDA_ERROR_INVALID_VALUE;
  if (shared_bytes > f.dynamic_shared_max) return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

}  // namespace

SOFTGPU_EXPORT CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return call(Needs::kContext, [&](Gpu& g) { return load(g, module, image); });
}
SOFTGPU_EXPORT CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned, int32_t*,
                                           void**) {
  return cuModuleLoadData(module, image);
}
SOFTGPU_EXPORT CUresult cuModuleUnload(CUmodule module) {
  return call(Needs::kContext, [&](Gpu& g) {
    const auto found = find_module(g, module);
    if (found == g.modules.end()) return CUDA_ERROR_INVALID_HANDLE;
    g.drain_all();
    for (const auto& [name, allocation] : module->variables) g.memory->free(allocation->address);
    g.findings.forget_places();
    g.modules.erase(found);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuModuleGetFunction(CUfunction* function, CUmodule module,
                                            const char* name) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (find_module(g, module) == g.modules.end()) return CUDA_ERROR_INVALID_HANDLE;
    const auto found = module->functions.find(name);
    if (found == module->functions.end()) return CUDA_ERROR_NOT_FOUND;
    *function = found->second.get();
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr* address, size_t* bytes, CUmodule module,
                                             const char* name) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (find_module(g, module) == g.modules.end()) return CUDA_ERROR_INVALID_HANDLE;
    const auto found = module->variables.find(name);
    if (found == module->variables.end()) return CUDA_ERROR_NOT_FOUND;
    if (address != nullptr) *address = found->second->address;
    if (bytes != nullptr) *bytes = found->second->bytes;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute,
                                           CUfunction function) {
  return call(Needs::kContext, [&](Gpu&) {
    switch (attribute) {
      case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *value = static_cast<int>(function->program.threads_max);
        break;
      case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
        *value = static_cast<int>(function->program.shared_bytes);
        break;
      case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
        *value = static_cast<int>(function->program.local_bytes);
        break;
      case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        *value = static_cast<int>(function->dynamic_shared_max);
        break;
      default:
        return CUDA_ERROR_NOT_SUPPORTED;  // registers: nobody allocated any
    }
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute,
                                           int value) {
  return call(Needs::kContext, [&](Gpu&) {
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 ||
        static_cast<uint32_t>(value) + function->program.shared_bytes > 99 * 1024) {
      return CUDA_ERROR_INVALID_VALUE;
    }
    function->dynamic_shared_max = static_cast<uint32_t>(value);
    return CUDA_SUCCESS;
  });
}

SOFTGPU_EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y,
                                       unsigned grid_z, unsigned block_x, unsigned block_y,
                                       unsigned block_z, unsigned shared_bytes, CUstream stream,
                                       void** parameters, void** extra) {
  return call(Needs::kContext, [&](Gpu& g) {
    const Dim3 grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
    if (extra != nullptr) return CUDA_ERROR_NOT_SUPPORTED;
    const CUresult checked = check_launch(*function, grid, block, shared_bytes);
    if (checked != CUDA_SUCCESS) return checked;
    if (g.options.fail_launch > 0 && --g.options.fail_launch == 0) {
      return refuse(g, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "injected: the launch is refused");
    }
    // The values are taken now, as the driver does.
    std::vector<uint8_t> values(function->program.parameter_bytes);
    for (size_t i = 0; i < function->program.parameters.size(); ++i) {
      const Parameter& p = function->program.parameters[i];
      std::memcpy(values.data() + p.offset, parameters[i], p.bytes);
    }
    return g.enqueue(stream, {Work::Kind::kKernel, function, [=, values = std::move(values)] {
                                gpu().run_kernel(function, grid, block, shared_bytes, values);
                              }});
  });
}
