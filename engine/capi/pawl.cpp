#include "include/pawl/pawl.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "engine/artifact/artifact.h"
#include "engine/runtime/cpu/thread_pool.h"
#include "engine/runtime/session.h"

struct pawl_artifact {
  pawl::engine::Artifact artifact;
};

struct pawl_session {
  pawl::engine::Session session;
};

struct pawl_pool {
  std::shared_ptr<pawl::engine::ThreadPool> pool;
};

namespace {

using pawl::engine::Artifact;
using pawl::engine::ArtifactOptions;
using pawl::engine::Detection;
using pawl::engine::Session;
using pawl::engine::SessionOptions;
using pawl::engine::ThreadPool;
using pawl::platform::Code;
using pawl::platform::Error;
using pawl::platform::Frame;
using pawl::platform::PixelFormat;

// Detections are handed out as they lie in the session.
static_assert(sizeof(pawl_detection) == sizeof(Detection));
static_assert(offsetof(pawl_detection, class_id) == offsetof(Detection, class_id));
static_assert(offsetof(pawl_detection, score) == offsetof(Detection, score));
static_assert(offsetof(pawl_detection, x1) == offsetof(Detection, x1));
static_assert(offsetof(pawl_detection, y2) == offsetof(Detection, y2));

// Frozen: what version 1 had is the least a caller may pass, what there is now never moves.
constexpr uint32_t kFirstOptionsBytes = 24;
constexpr uint32_t kFirstFrameBytes = 48;
// No struct will be this long: what says so was never initialised, and is not to be read to its
// end.
constexpr uint32_t kStructBytesMax = 4096;
static_assert(offsetof(pawl_session_options, pin) == kFirstOptionsBytes);
static_assert(sizeof(pawl_session_options) == 40);
static_assert(sizeof(pawl_frame) == kFirstFrameBytes);
static_assert(sizeof(pawl_times) == 32);

// Fixed, so that a failure allocates nothing and a thread's end destroys nothing.
thread_local char last_error[1024] = "";

pawl_status fail(pawl_status status, const char* message) {
  std::snprintf(last_error, sizeof(last_error), "%s", message);
  return status;
}

pawl_status fail(const Error& error) {
  switch (error.code) {
    case Code::kInvalidArgument:
      return fail(PAWL_INVALID_ARGUMENT, error.message.c_str());
    case Code::kNotFound:
      return fail(PAWL_NOT_FOUND, error.message.c_str());
    case Code::kCorrupt:
      return fail(PAWL_CORRUPT, error.message.c_str());
    case Code::kUnsupported:
      return fail(PAWL_UNSUPPORTED, error.message.c_str());
    case Code::kIo:
      return fail(PAWL_IO, error.message.c_str());
    case Code::kExhausted:
      return fail(PAWL_EXHAUSTED, error.message.c_str());
  }
  return fail(PAWL_UNSUPPORTED, error.message.c_str());
}

// Copies over the defaults in *known what the caller's header and this library both know of a
// struct that may grow. A longer one is fine as long as what we do not know of is zero, its
// default.
template <typename Struct>
pawl_status read_struct(const Struct* given, uint32_t first_bytes, const char* name,
                        Struct* known) {
  uint32_t size = 0;
  std::memcpy(&size, given, sizeof(size));
  if (size < first_bytes || size > kStructBytesMax) {
    std::snprintf(last_error, sizeof(last_error), "%s: struct_size %u; initialise it first", name,
                  size);
    return PAWL_INVALID_ARGUMENT;
  }
  const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
  const size_t shared = std::min(sizeof(Struct), size_t{size});
  if (std::any_of(bytes + shared, bytes + size, [](unsigned char b) { return b != 0; })) {
    std::snprintf(last_error, sizeof(last_error),
                  "%s: sets a field that this libpawl does not know; update it", name);
    return PAWL_UNSUPPORTED;
  }
  std::memcpy(known, given, shared);
  return PAWL_OK;
}

// The defaults, as far as the caller's struct goes; zero beyond what we know.
template <typename Struct>
void init_struct(const Struct& defaults, Struct* target, size_t size) {
  if (target == nullptr || size < sizeof(uint32_t)) return;
  std::memset(target, 0, size);
  std::memcpy(target, &defaults, std::min(size, sizeof(Struct)));
  const auto stated = static_cast<uint32_t>(size);
  std::memcpy(target, &stated, sizeof(stated));
}

pawl_session_options default_options() {
  const SessionOptions defaults;
  return {.struct_size = sizeof(pawl_session_options),
          .threads = defaults.threads,
          .confidence = defaults.confidence,
          .iou = defaults.iou,
          .detections_max = defaults.detections_max,
          .multi_label = defaults.multi_label ? 1 : 0,
          .pin = defaults.pin ? 1 : 0,
          .reserved = 0,
          .pool = nullptr};
}

pawl_status refuse_null(const char* function, const char* argument) {
  std::snprintf(last_error, sizeof(last_error), "%s: %s is null", function, argument);
  return PAWL_INVALID_ARGUMENT;
}

pawl_status open_artifact(const char* function, const char* path, const ArtifactOptions& options,
                          pawl_artifact** artifact) {
  if (artifact == nullptr) return refuse_null(function, "artifact");
  *artifact = nullptr;
  if (path == nullptr) return refuse_null(function, "path");
  auto opened = Artifact::open(path, options);
  if (!opened.ok()) return fail(opened.error());
  *artifact = std::make_unique<pawl_artifact>(pawl_artifact{std::move(opened).value()}).release();
  return PAWL_OK;
}

}  // namespace

extern "C" {

int32_t pawl_api_version(void) {
  return PAWL_API_VERSION;
}

const char* pawl_version(void) {
  return PAWL_VERSION;
}

const char* pawl_last_error(void) {
  return last_error;
}

pawl_status pawl_artifact_open(const char* path, pawl_artifact** artifact) {
  return open_artifact("pawl_artifact_open", path, {}, artifact);
}

pawl_status pawl_artifact_open_copy(const char* path, pawl_artifact** artifact) {
  return open_artifact("pawl_artifact_open_copy", path, {.copy = true}, artifact);
}

pawl_status pawl_artifact_verify(const pawl_artifact* artifact) {
  if (artifact == nullptr) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_artifact_verify: artifact is null");
  }
  const auto verified = artifact->artifact.verify_digest();
  return verified.ok() ? PAWL_OK : fail(verified.error());
}

void pawl_artifact_close(pawl_artifact* artifact) {
  const std::unique_ptr<pawl_artifact> owned(artifact);
}

const char* pawl_label(const pawl_artifact* artifact, int32_t class_id) {
  if (artifact == nullptr || class_id < 0) return "";
  const auto labels = artifact->artifact.labels();
  const auto index = static_cast<size_t>(class_id);
  return index < labels.size() ? labels[index].data() : "";  // closed in the file by a zero byte
}

pawl_status pawl_pool_create(int32_t threads, int32_t pin, pawl_pool** pool) {
  if (pool == nullptr) return fail(PAWL_INVALID_ARGUMENT, "pawl_pool_create: pool is null");
  *pool = nullptr;
  auto created = ThreadPool::create({.threads = threads, .pin = pin != 0});
  if (!created.ok()) return fail(created.error());
  *pool = std::make_unique<pawl_pool>(pawl_pool{std::move(created).value()}).release();
  return PAWL_OK;
}

void pawl_pool_destroy(pawl_pool* pool) {
  const std::unique_ptr<pawl_pool> owned(pool);
}

void pawl_session_options_init(pawl_session_options* options, size_t struct_size) {
  init_struct(default_options(), options, struct_size);
}

pawl_status pawl_session_create(const pawl_artifact* artifact, const pawl_session_options* options,
                                pawl_session** session) {
  if (session == nullptr)
    return fail(PAWL_INVALID_ARGUMENT, "pawl_session_create: session is null");
  *session = nullptr;
  if (artifact == nullptr) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_session_create: artifact is null");
  }
  pawl_session_options known = default_options();
  if (options != nullptr) {
    const pawl_status status =
        read_struct(options, kFirstOptionsBytes, "pawl_session_options", &known);
    if (status != PAWL_OK) return status;
  }
  if (known.reserved != 0) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_session_options: reserved is not 0");
  }
  SessionOptions chosen{.threads = known.threads,
                        .confidence = known.confidence,
                        .iou = known.iou,
                        .detections_max = known.detections_max,
                        .multi_label = known.multi_label != 0,
                        .pin = known.pin != 0};
  if (known.pool != nullptr) chosen.pool = known.pool->pool;
  auto created = Session::create(artifact->artifact, chosen);
  if (!created.ok()) return fail(created.error());
  *session = std::make_unique<pawl_session>(pawl_session{std::move(created).value()}).release();
  return PAWL_OK;
}

void pawl_session_destroy(pawl_session* session) {
  const std::unique_ptr<pawl_session> owned(session);
}

void pawl_frame_init(pawl_frame* frame, size_t struct_size) {
  init_struct(pawl_frame{}, frame, struct_size);
}

pawl_status pawl_session_detect(pawl_session* session, const pawl_frame* frame,
                                const pawl_detection** detections, size_t* count) {
  if (detections != nullptr) *detections = nullptr;
  if (count != nullptr) *count = 0;
  if (session == nullptr || frame == nullptr || detections == nullptr || count == nullptr) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_session_detect: an argument is null");
  }
  pawl_frame known;
  const pawl_status status = read_struct(frame, kFirstFrameBytes, "pawl_frame", &known);
  if (status != PAWL_OK) return status;
  if (known.format < PAWL_BGR8 || known.format > PAWL_NV12) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_frame: unknown format");
  }
  const Frame pixels{.format = static_cast<PixelFormat>(known.format),
                     .width = known.width,
                     .height = known.height,
                     .stride = static_cast<ptrdiff_t>(known.stride),
                     .data = known.data,
                     .uv = known.uv,
                     .uv_stride = static_cast<ptrdiff_t>(known.uv_stride)};
  const auto found = session->session.detect(pixels);
  if (!found.ok()) return fail(found.error());
  *detections = reinterpret_cast<const pawl_detection*>(found.value().data());
  *count = found.value().size();
  return PAWL_OK;
}

pawl_status pawl_session_times(const pawl_session* session, pawl_times* times) {
  if (session == nullptr || times == nullptr) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_session_times: an argument is null");
  }
  if (times->struct_size < sizeof(pawl_times)) {
    return fail(PAWL_INVALID_ARGUMENT, "pawl_times: struct_size is not set");
  }
  const auto& last = session->session.times();
  times->preprocess_ns = last.preprocess;
  times->infer_ns = last.infer;
  times->postprocess_ns = last.postprocess;
  return PAWL_OK;
}

}  // extern "C"
