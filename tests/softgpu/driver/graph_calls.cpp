// Graphs by stream capture. Nodes run in the order in which they were captured, which is one that
// the graph allows; an update must leave kinds, kernels and their number as they are.
#include <algorithm>

#include "tests/softgpu/driver/gpu.h"

using namespace pawl::cuda;
using namespace pawl::softgpu;

namespace {

template <typename Set, typename Handle>
auto find_in(Set& all, Handle handle) {
  return std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.get() == handle; });
}

bool same_shape(const std::vector<Work>& a, const std::vector<Work>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Work& x, const Work& y) {
    return x.kind == y.kind && x.function == y.function;
  });
}

}  // namespace

SOFTGPU_EXPORT CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode) {
  return call(Needs::kContext, [&](Gpu& g) {
    CUstream_st* s = g.find(stream);
    if (stream == nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (s == nullptr) return CUDA_ERROR_INVALID_HANDLE;
    if (s->capture != nullptr) return CUDA_ERROR_INVALID_VALUE;
    s->capture = std::make_shared<Capture>();
    s->capture_origin = true;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  return call(Needs::kContext, [&](Gpu& g) {
    CUstream_st* s = stream == nullptr ? nullptr : g.find(stream);
    if (s == nullptr) return CUDA_ERROR_INVALID_HANDLE;
    if (s->capture == nullptr || !s->capture_origin) return CUDA_ERROR_INVALID_VALUE;
    const std::shared_ptr<Capture> capture = s->capture;
    for (auto& [handle, other] : g.streams) {
      if (other->capture == capture) other->capture.reset();
    }
    s->capture_origin = false;
    auto made = std::make_unique<CUgraph_st>(CUgraph_st{std::move(capture->work)});
    *graph = made.get();
    g.graphs.insert(std::move(made));
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuGraphGetNodes(CUgraph graph, void** nodes, size_t* count) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (find_in(g.graphs, graph) == g.graphs.end()) return CUDA_ERROR_INVALID_HANDLE;
    if (nodes != nullptr) return CUDA_ERROR_NOT_SUPPORTED;
    *count = graph->work.size();
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  return call(Needs::kContext, [&](Gpu& g) {
    const auto found = find_in(g.graphs, graph);
    if (found == g.graphs.end()) return CUDA_ERROR_INVALID_HANDLE;
    g.graphs.erase(found);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph,
                                                    unsigned long long) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (find_in(g.graphs, graph) == g.graphs.end()) return CUDA_ERROR_INVALID_HANDLE;
    auto made = std::make_unique<CUgraphExec_st>(CUgraphExec_st{graph->work});
    *executable = made.get();
    g.executables.insert(std::move(made));
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuGraphExecUpdate(CUgraphExec executable, CUgraph graph, void**,
                                          int32_t* result) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (find_in(g.executables, executable) == g.executables.end() ||
        find_in(g.graphs, graph) == g.graphs.end()) {
      return CUDA_ERROR_INVALID_HANDLE;
    }
    const bool same = same_shape(executable->work, graph->work);
    if (result != nullptr) *result = same ? 0 : 1;
    if (!same) return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    executable->work = graph->work;
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuGraphExecDestroy(CUgraphExec executable) {
  return call(Needs::kContext, [&](Gpu& g) {
    const auto found = find_in(g.executables, executable);
    if (found == g.executables.end()) return CUDA_ERROR_INVALID_HANDLE;
    g.executables.erase(found);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (find_in(g.executables, executable) == g.executables.end()) return CUDA_ERROR_INVALID_HANDLE;
    for (const Work& work : executable->work) {
      const CUresult result = g.enqueue(stream, work);
      if (result != CUDA_SUCCESS) return result;
    }
    return CUDA_SUCCESS;
  });
}
