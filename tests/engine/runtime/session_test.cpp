// Proves the promises of Session: no heap allocation after the first frame, the same detections
// from run to run and from one thread count to another, frames of every format and none that
// crashes, artifacts and sessions that move and die in any order, and that a plan for a better CPU
// is refused.
#include "engine/runtime/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <new>
#include <thread>

#include "engine/artifact/writer.h"
#include "engine/compile/compiler.h"
#include "engine/passes/passes.h"
#include "engine/plan/lower.h"
#include "kernels/cpu/isa.h"
#include "tests/engine/graph_builder.h"

namespace {
std::atomic<int64_t> allocations{0};  // by every thread of the program
}

// The whole C heap of this program is counted, operator new above it included. Sanitizers bring
// their own heap, which tells of its allocations.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*,
                                                                           size_t),
                                                         void (*freed)(const volatile void*));
namespace {
[[maybe_unused]] const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { ++allocations; }, [](const volatile void*) {});
}
#else
extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* memory, size_t bytes);
void* malloc(size_t bytes) noexcept {
  ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) noexcept {
  ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, size_t bytes) noexcept {
  ++allocations;
  return __libc_realloc(memory, bytes);
}
}
#endif

namespace pawl::engine {
namespace {

using platform::Frame;
using platform::PixelFormat;
using test::GraphBuilder;
using test::square;

// A detector of YOLOX's shape for 64x48 frames: convolutions, a residual, concats, three levels.
Graph detector(uint64_t seed, int64_t channels = 3) {
  GraphBuilder b(seed);
  ValueId x = b.silu(b.conv(b.input({1, channels, 48 * 2, 64 * 2}), 8, square(3, 2)));
  x = b.silu(b.conv(x, 12, square(3, 2)));
  std::vector<ValueId> levels;
  for (int level = 0; level < 3; ++level) {
    x = b.silu(b.conv(x, 12, square(3, 2)));
    x = b.binary(Op::kAdd, x, b.silu(b.conv(x, 12, square(3, 1, 12))));
    const ValueId box = b.conv(x, 4);
    const ValueId score = b.unary(Op::kSigmoid, b.conv(x, 5, {.bias_mean = 1.0F}));
    const ValueId map = b.concat({box, score}, 1);
    levels.push_back(b.reshape(map, {1, 9, b.shape(map)[2] * b.shape(map)[3]}));
  }
  return b.finish({b.transpose(b.concat(levels, 2), {0, 2, 1})});
}

std::vector<std::byte> detector_bytes(uint64_t seed = 1, int64_t channels = 3) {
  CompileOptions options;
  options.head.head = "yolox";
  const Result<Compiled> compiled = compile(detector(seed, channels), options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  return compiled.ok() ? compiled.value().artifact : std::vector<std::byte>();
}

Artifact open(const std::vector<std::byte>& bytes) {
  Result<Artifact> artifact = Artifact::from_bytes(bytes, "test");
  EXPECT_TRUE(artifact.ok()) << artifact.error().message;
  return std::move(artifact).value();
}

SessionOptions sensitive(int32_t threads) {
  return {.threads = threads, .confidence = 0.05F};
}

Session session_of(const Artifact& artifact, int32_t threads) {
  Result<Session> session = Session::create(artifact, sensitive(threads));
  EXPECT_TRUE(session.ok()) << session.error().message;
  return std::move(session).value();
}

// A frame of noise with rows wider than the image, and the memory it borrows.
struct Picture {
  std::vector<uint8_t> bytes, chroma;
  Frame frame;

  Picture(PixelFormat format, int32_t width, int32_t height, uint64_t seed) {
    const int channels = format == PixelFormat::kBgr8 || format == PixelFormat::kRgb8 ? 3 : 1;
    const ptrdiff_t stride = width * channels + 13;
    bytes.resize(static_cast<size_t>(stride * height));
    std::mt19937_64 random(seed);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    frame = Frame{
        .format = format, .width = width, .height = height, .stride = stride, .data = bytes.data()};
    if (format != PixelFormat::kNv12) return;
    chroma.resize(static_cast<size_t>((width + 6) * (height / 2)));
    for (uint8_t& byte : chroma) byte = static_cast<uint8_t>(random());
    frame.uv = chroma.data();
    frame.uv_stride = width + 6;
  }
};

std::vector<Detection> detect(Session* session, const Frame& frame) {
  const auto found = session->detect(frame);
  EXPECT_TRUE(found.ok()) << found.error().message;
  if (!found.ok()) return {};
  return {found.value().begin(), found.value().end()};
}

bool identical(const std::vector<Detection>& a, const std::vector<Detection>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Detection)) == 0;
}

TEST(Session, AllocatesNothingAfterTheFirstFrame) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  for (const int32_t threads : {1, 2}) {
    Session session = session_of(artifact, threads);
    const Picture small(PixelFormat::kBgr8, 100, 70, 1);
    const Picture other(PixelFormat::kNv12, 128, 96, 2);
    for (const Picture* picture : {&small, &other}) {
      const auto first = session.detect(picture->frame);  // a new size may allocate once
      ASSERT_TRUE(first.ok());
      ASSERT_FALSE(first.value().empty());
      const int64_t before = allocations;
      for (int i = 0; i < 50; ++i) {
        if (!session.detect(picture->frame).ok()) FAIL();
      }
      EXPECT_EQ(allocations - before, 0) << threads << " threads";
    }
    EXPECT_TRUE(session.preprocess(small.frame).ok());
    const int64_t before = allocations;
    EXPECT_TRUE(session.run().ok());
    EXPECT_EQ(allocations - before, 0);
  }
  const int64_t before = allocations;
  std::vector<int>(1000).swap(*std::make_unique<std::vector<int>>(2000));
  EXPECT_GT(allocations - before, 0) << "nothing is counted";
}

TEST(Session, SameDetectionsEveryRunAndThreadCount) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  const Picture picture(PixelFormat::kBgr8, 97, 61, 3);
  const Picture between(PixelFormat::kGray8, 300, 20, 4);
  std::vector<Detection> first;
  for (const int32_t threads : {1, 2, 3, 5}) {
    Session session = session_of(artifact, threads);
    EXPECT_EQ(session.threads(), threads);
    for (int run = 0; run < 4; ++run) {
      const std::vector<Detection> got = detect(&session, picture.frame);
      if (first.empty()) first = got;
      EXPECT_TRUE(identical(got, first)) << threads << " threads, run " << run;
      detect(&session, between.frame);
    }
  }
  EXPECT_GT(first.size(), 3U);
}

TEST(Session, EveryPixelFormat) {
  for (const int64_t channels : {1, 3}) {
    const std::vector<std::byte> bytes = detector_bytes(2, channels);
    const Artifact artifact = open(bytes);
    Session session = session_of(artifact, 2);
    for (const PixelFormat format :
         {PixelFormat::kBgr8, PixelFormat::kRgb8, PixelFormat::kGray8, PixelFormat::kNv12}) {
      for (const int32_t width : {2, 64, 202}) {
        for (const int32_t height : {2, 48, 302}) {
          const Picture picture(format, width, height, 5);
          for (const Detection& d : detect(&session, picture.frame)) {
            EXPECT_GE(d.x1, 0.0F);
            EXPECT_LE(d.x2, static_cast<float>(width));
            EXPECT_GE(d.y1, 0.0F);
            EXPECT_LE(d.y2, static_cast<float>(height));
            EXPECT_GE(d.class_id, 0);
            EXPECT_LT(d.class_id, 4);
            EXPECT_GT(d.score, 0.05F);
          }
        }
      }
    }
  }
}

TEST(Session, BottomUpFrames) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  Session session = session_of(artifact, 1);
  const Picture picture(PixelFormat::kBgr8, 90, 50, 6);
  const std::vector<Detection> upright = detect(&session, picture.frame);
  // The same rows in the opposite order in memory.
  std::vector<uint8_t> reversed(picture.bytes.size());
  const auto row = static_cast<size_t>(picture.frame.stride);
  for (size_t y = 0; y < 50; ++y) {
    std::copy_n(&picture.bytes[y * row], row, &reversed[(49 - y) * row]);
  }
  Frame frame = picture.frame;
  frame.data = &reversed[49 * row];
  frame.stride = -picture.frame.stride;
  EXPECT_TRUE(identical(detect(&session, frame), upright));
}

TEST(Session, HostileFramesAreRefusedAndForgotten) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  Session session = session_of(artifact, 2);
  const Picture good(PixelFormat::kBgr8, 90, 50, 7);
  const Picture nv12(PixelFormat::kNv12, 90, 50, 7);
  const std::vector<Detection> expected = detect(&session, good.frame);

  std::vector<Frame> hostile;
  const auto broken = [&hostile](const Frame& from, auto&& change) {
    Frame frame = from;
    change(&frame);
    hostile.push_back(frame);
  };
  broken(good.frame, [](Frame* f) { f->data = nullptr; });
  for (const int32_t side :
       {0, -1, 16385, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    broken(good.frame, [side](Frame* f) { f->width = side; });
    broken(good.frame, [side](Frame* f) { f->height = side; });
    broken(nv12.frame, [side](Frame* f) { f->width = side; });
  }
  for (const ptrdiff_t stride : {0, 1, -1, 269, -269}) {
    broken(good.frame, [stride](Frame* f) { f->stride = stride; });
  }
  broken(nv12.frame, [](Frame* f) { f->uv = nullptr; });
  broken(nv12.frame, [](Frame* f) { f->width = 89; });
  broken(nv12.frame, [](Frame* f) { f->height = 49; });
  broken(nv12.frame, [](Frame* f) { f->uv_stride = 10; });
  broken(good.frame, [](Frame* f) { f->format = static_cast<PixelFormat>(77); });
  broken(Frame{}, [](Frame*) {});
  for (size_t i = 0; i < hostile.size(); ++i) {
    const auto refused = session.detect(hostile[i]);
    ASSERT_FALSE(refused.ok()) << "frame " << i;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_FALSE(session.preprocess(hostile[i]).ok());
  }
  EXPECT_TRUE(identical(detect(&session, good.frame), expected));
}

TEST(Session, OutlivesTheArtifactAndMoves) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Picture picture(PixelFormat::kRgb8, 90, 50, 8);
  auto artifact = std::make_unique<Artifact>(open(bytes));
  Session session = session_of(*artifact, 2);
  const std::vector<Detection> expected = detect(&session, picture.frame);
  artifact.reset();
  EXPECT_TRUE(identical(detect(&session, picture.frame), expected));
  Session moved = std::move(session);
  EXPECT_TRUE(identical(detect(&moved, picture.frame), expected));
  EXPECT_EQ(moved.artifact().name(), "test");
  Session replaced = session_of(open(bytes), 1);
  replaced = std::move(moved);
  EXPECT_TRUE(identical(detect(&replaced, picture.frame), expected));
  EXPECT_EQ(replaced.threads(), 2);
}

TEST(Session, TwoSessionsAtOnce) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  const Picture one(PixelFormat::kBgr8, 90, 50, 9);
  const Picture two(PixelFormat::kNv12, 120, 80, 10);
  const Picture* pictures[] = {&one, &two};
  std::vector<Detection> expected[2];
  for (size_t i = 0; i < 2; ++i) {
    Session session = session_of(artifact, 1);
    expected[i] = detect(&session, pictures[i]->frame);
  }
  std::atomic<int> different{0};
  std::vector<std::thread> cameras;
  for (size_t i = 0; i < 2; ++i) {
    cameras.emplace_back([&, i] {
      Session session = session_of(artifact, 2);
      for (int run = 0; run < 25; ++run) {
        if (!identical(detect(&session, pictures[i]->frame), expected[i])) ++different;
      }
    });
  }
  for (std::thread& camera : cameras) camera.join();
  EXPECT_EQ(different, 0);
}

int64_t threads_of_this_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

const int64_t kThreadsAtStart = threads_of_this_process();

// A thread that was joined may be listed a little longer.
bool threads_settle_at(int64_t count) {
  for (int tries = 0; tries < 2000 && threads_of_this_process() != count; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return threads_of_this_process() == count;
}

// Four cameras, two models, one pool: what separate sessions find, from no more threads than the
// pool has, without allocating.
TEST(Session, SharedPool) {
  const std::vector<std::byte> models[] = {detector_bytes(1), detector_bytes(2)};
  const Artifact artifacts[] = {open(models[0]), open(models[1])};
  for (const int32_t threads : {1, 2, 4}) {
    ASSERT_TRUE(threads_settle_at(kThreadsAtStart));
    auto pool = ThreadPool::create({.threads = threads});
    ASSERT_TRUE(pool.ok());
    std::vector<Picture> pictures;
    std::vector<std::vector<Detection>> expected;
    std::vector<Session> sessions;
    for (size_t i = 0; i < 4; ++i) {
      const auto format = i % 2 == 0 ? PixelFormat::kBgr8 : PixelFormat::kNv12;
      pictures.emplace_back(format, 80 + 8 * static_cast<int32_t>(i), 60, i);
      Session alone = session_of(artifacts[i / 2], 1);
      expected.push_back(detect(&alone, pictures[i].frame));
      SessionOptions options = sensitive(77);  // the pool's threads count
      options.pool = pool.value();
      Result<Session> session = Session::create(artifacts[i / 2], options);
      ASSERT_TRUE(session.ok());
      EXPECT_EQ(session.value().threads(), threads);
      sessions.push_back(std::move(session).value());
      EXPECT_TRUE(identical(detect(&sessions[i], pictures[i].frame), expected[i]));
    }
    EXPECT_TRUE(threads_settle_at(kThreadsAtStart + threads - 1));
    pool.value().reset();  // the sessions keep it

    std::atomic<int> different{0}, ready{0}, done{0};
    int64_t allocated_before = 0;
    std::vector<std::thread> cameras;
    for (size_t i = 0; i < 4; ++i) {
      cameras.emplace_back([&, i] {
        for (++ready; ready < 5;) std::this_thread::yield();
        for (int run = 0; run < 30; ++run) {
          const auto found = sessions[i].detect(pictures[i].frame);
          const bool same = found.ok() && found.value().size() == expected[i].size() &&
                            std::equal(found.value().begin(), found.value().end(),
                                       expected[i].begin(), [](const auto& a, const auto& b) {
                                         return std::memcmp(&a, &b, sizeof(a)) == 0;
                                       });
          if (!same) ++different;
        }
        for (++done; done < 5;) std::this_thread::yield();
      });
    }
    while (ready < 4) std::this_thread::yield();
    allocated_before = allocations;
    ++ready;
    while (done < 4) std::this_thread::yield();
    EXPECT_EQ(allocations - allocated_before, 0);
    ++done;
    for (std::thread& camera : cameras) camera.join();
    EXPECT_EQ(different, 0) << threads << " threads";
    sessions.erase(sessions.begin(), sessions.begin() + 3);
    EXPECT_TRUE(identical(detect(sessions.data(), pictures[3].frame), expected[3]));
    sessions.clear();
    EXPECT_TRUE(threads_settle_at(kThreadsAtStart));
  }
}

TEST(Session, RefusesAPlanForABetterCpu) {
  GraphBuilder b(11);
  const Graph graph = b.finish({b.conv(b.input({1, 3, 8, 8}), 4)});
  for (uint32_t isa = 0; isa <= 20; ++isa) {
    Graph optimised = graph;
    optimise(&optimised);
    Result<Lowered> lowered = lower(optimised, portable_target());
    ASSERT_TRUE(lowered.ok());
    Plan& plan = lowered.value().plan;
    plan.header.isa = isa;
    plan.header.target_name = plan.add_name("cpu-tomorrow");
    plan.head.width = plan.head.height = 8;
    plan.head.channels = 3;
    for (float& scale : plan.head.scale) scale = 1.0F;
    const Result<std::vector<std::byte>> bytes = write_artifact(plan);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    const Result<Artifact> artifact = Artifact::from_bytes(bytes.value(), "test");
    if (!kernels::is_isa(isa)) {
      ASSERT_FALSE(artifact.ok());
      EXPECT_EQ(artifact.error().code, Code::kUnsupported);
      continue;
    }
    ASSERT_TRUE(artifact.ok()) << artifact.error().message;
    const Result<Session> session = Session::create(artifact.value(), {.threads = 1});
    const bool runs = kernels::hardware_has(static_cast<kernels::Isa>(isa));
    EXPECT_EQ(session.ok(), runs) << "isa " << isa;
    if (runs || session.ok()) continue;
    EXPECT_EQ(session.error().code, Code::kUnsupported);
    EXPECT_NE(session.error().message.find("cpu-tomorrow"), std::string::npos);
  }
}

TEST(Session, RefusesOptionsWithoutMeaning) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  const SessionOptions nonsense[] = {
      {.threads = -1},
      {.threads = 1000000},
      {.threads = 1, .confidence = -0.5F},
      {.threads = 1, .confidence = std::numeric_limits<float>::quiet_NaN()},
      {.threads = 1, .iou = 7.0F},
      {.threads = 1, .detections_max = -4}};
  for (const SessionOptions& options : nonsense) {
    const Result<Session> session = Session::create(artifact, options);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().code, Code::kInvalidArgument) << session.error().message;
  }
  const Result<Session> all_cores = Session::create(artifact, {});
  ASSERT_TRUE(all_cores.ok());
  EXPECT_GE(all_cores.value().threads(), 1);
}

TEST(Session, DetectionsMaxAndConfidence) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  const Picture picture(PixelFormat::kBgr8, 97, 61, 12);
  Session all = session_of(artifact, 1);
  const std::vector<Detection> every = detect(&all, picture.frame);
  ASSERT_GT(every.size(), 2U);
  EXPECT_TRUE(
      std::is_sorted(every.begin(), every.end(),
                     [](const Detection& a, const Detection& b) { return a.score > b.score; }));
  SessionOptions two = sensitive(1);
  two.detections_max = 2;
  Result<Session> few = Session::create(artifact, two);
  ASSERT_TRUE(few.ok());
  const std::vector<Detection> best = detect(&few.value(), picture.frame);
  EXPECT_TRUE(identical(best, {every.begin(), every.begin() + 2}));
}

TEST(Session, WithoutAHead) {
  CompileOptions options;
  options.head.head = "none";
  const Result<Compiled> compiled = compile(detector(3), options);
  ASSERT_TRUE(compiled.ok());
  const Artifact artifact = open(compiled.value().artifact);
  Session session = session_of(artifact, 1);
  const Picture picture(PixelFormat::kBgr8, 97, 61, 13);
  const auto refused = session.detect(picture.frame);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  EXPECT_TRUE(session.preprocess(picture.frame).ok());
  EXPECT_TRUE(session.run().ok());
  ASSERT_EQ(session.outputs().value().size(), 1U);
}

TEST(Session, TimesEveryStepAndStage) {
  const std::vector<std::byte> bytes = detector_bytes();
  const Artifact artifact = open(bytes);
  Session session = session_of(artifact, 2);
  const Picture picture(PixelFormat::kBgr8, 97, 61, 14);
  detect(&session, picture.frame);
  EXPECT_GT(session.times().preprocess, 0);
  EXPECT_GT(session.times().infer, 0);
  EXPECT_EQ(session.times().total(),
            session.times().preprocess + session.times().infer + session.times().postprocess);
  std::vector<int64_t> ns(artifact.steps().size(), 0);
  EXPECT_TRUE(session.run_timed(ns).ok());
  EXPECT_TRUE(std::all_of(ns.begin(), ns.end(), [](int64_t t) { return t >= 0; }));
  EXPECT_GT(*std::max_element(ns.begin(), ns.end()), 0);
}

}  // namespace
}  // namespace pawl::engine
