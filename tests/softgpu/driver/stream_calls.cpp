// Streams and events. A stream keeps its work until somebody waits for it: host code that reads a
// result too early reads what was there before.
#include <algorithm>
#include <chrono>

#include "tests/softgpu/driver/gpu.h"

using namespace pawl::cuda;
using namespace pawl::softgpu;

namespace {

bool known(Gpu& g, CUevent event) {
  return std::any_of(g.events.begin(), g.events.end(),
                     [&](const auto& e) { return e.get() == event; });
}
int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
// Works off the stream that the event was recorded in, up to the event.
void reach(Gpu& g, CUevent event, int64_t record) {
  CUstream_st* stream = g.find(event->stream);
  while (stream != nullptr && event->reached < record && !stream->queue.empty()) {
    const Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    work.run();
  }
}

}  // namespace

SOFTGPU_EXPORT CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return call(Needs::kContext, [&](Gpu& g) {
    auto made = std::make_unique<CUstream_st>();
    made->blocking = (flags & CU_STREAM_NON_BLOCKING) == 0;
    *stream = made.get();
    g.streams[*stream] = std::move(made);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuStreamDestroy_v2(CUstream stream) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (stream == nullptr || g.find(stream) == nullptr) return CUDA_ERROR_INVALID_HANDLE;
    g.drain(*stream);
    g.streams.erase(stream);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuStreamSynchronize(CUstream stream) {
  return call(Needs::kContext, [&](Gpu& g) {
    CUstream_st* s = g.find(stream);
    if (s == nullptr) return CUDA_ERROR_INVALID_HANDLE;
    if (s->capture != nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream == nullptr) {
      g.drain_blocking();
    } else {
      g.drain(*s);
    }
    return CUDA_SUCCESS;
  });
}
// Asking is waiting: whoever polls gets through.
SOFTGPU_EXPORT CUresult cuStreamQuery(CUstream stream) {
  return cuStreamSynchronize(stream);
}

SOFTGPU_EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  return call(Needs::kContext, [&](Gpu& g) {
    CUstream_st* s = g.find(stream);
    if (s == nullptr || !known(g, event)) return CUDA_ERROR_INVALID_HANDLE;
    if (event->capture != nullptr) {
      // Joins the capture: what it does from here on belongs to the graph.
      if (s->capture == nullptr) s->capture = event->capture;
      return s->capture == event->capture ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    const int64_t record = event->recorded;
    return g.enqueue(stream, {Work::Kind::kEvent, nullptr, [=] { reach(gpu(), event, record); }});
  });
}

SOFTGPU_EXPORT CUresult cuEventCreate(CUevent* event, unsigned) {
  return call(Needs::kContext, [&](Gpu& g) {
    auto made = std::make_unique<CUevent_st>();
    *event = made.get();
    g.events.insert(std::move(made));
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuEventDestroy_v2(CUevent event) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (!known(g, event)) return CUDA_ERROR_INVALID_HANDLE;
    reach(g, event, event->recorded);
    g.events.erase(std::find_if(g.events.begin(), g.events.end(),
                                [&](const auto& e) { return e.get() == event; }));
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) {
  return call(Needs::kContext, [&](Gpu& g) {
    CUstream_st* s = g.find(stream);
    if (s == nullptr || !known(g, event)) return CUDA_ERROR_INVALID_HANDLE;
    event->capture = s->capture;
    if (s->capture != nullptr) return CUDA_SUCCESS;  // orders streams of one graph, is no node
    event->stream = stream;
    const int64_t record = ++event->recorded;
    return g.enqueue(stream, {Work::Kind::kEvent, nullptr, [=] {
                                event->reached = record;
                                event->time_ns = now_ns();
                              }});
  });
}
SOFTGPU_EXPORT CUresult cuEventSynchronize(CUevent event) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (!known(g, event)) return CUDA_ERROR_INVALID_HANDLE;
    reach(g, event, event->recorded);
    return CUDA_SUCCESS;
  });
}
SOFTGPU_EXPORT CUresult cuEventQuery(CUevent event) {
  return cuEventSynchronize(event);
}
SOFTGPU_EXPORT CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  return call(Needs::kContext, [&](Gpu& g) {
    if (!known(g, start) || !known(g, end) || start->recorded == 0 || end->recorded == 0)
      return CUDA_ERROR_INVALID_HANDLE;
    if (start->reached < start->recorded || end->reached < end->recorded)
      return CUDA_ERROR_NOT_READY;
    *milliseconds = static_cast<float>(end->time_ns - start->time_ns) * 1e-6F;
    return CUDA_SUCCESS;
  });
}
