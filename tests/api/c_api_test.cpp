// Proves: the C interface, in the shared library, gives exactly what the C++ session gives; refuses
// null, uninitialised and hostile arguments with a message; keeps its promises about structs that
// grow, lifetimes and per-thread errors; survives threads that cannot start, and with a copy also a
// file that is overwritten.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "include/pawl/pawl.h"
#include "include/pawl/pawl.hpp"

// In the place of the C library's, for this program and the library: lets so many threads start.
namespace {
std::atomic<int> threads_left{std::numeric_limits<int>::max()};
}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  if (threads_left.fetch_sub(1) <= 0) return EAGAIN;
  return create(thread, attributes, start, argument);
}

namespace {

const std::string kGolden = std::string(PAWL_SOURCE_DIR) + "/tests/data/golden_v1.pawl";
constexpr int32_t kWidth = 61, kHeight = 47, kPadding = 5;

struct Picture {
  std::vector<uint8_t> pixels = std::vector<uint8_t>((kWidth * 3 + kPadding) * kHeight);
  pawl_frame frame;

  Picture() {
    std::mt19937 random(3);
    for (uint8_t& p : pixels) p = static_cast<uint8_t>(random());
    std::memset(&frame, 0xAB, sizeof(frame));
    pawl_frame_init(&frame, sizeof(frame));
    frame.width = kWidth;
    frame.height = kHeight;
    frame.stride = kWidth * 3 + kPadding;
    frame.data = pixels.data();
  }
};

pawl_session_options low_threshold() {
  pawl_session_options options;
  std::memset(&options, 0xAB, sizeof(options));
  pawl_session_options_init(&options, sizeof(options));
  options.threads = 2;
  options.confidence = 0.05F;
  return options;
}

class CApi : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pawl_artifact_open(kGolden.c_str(), &artifact_), PAWL_OK) << pawl_last_error();
    const pawl_session_options options = low_threshold();
    ASSERT_EQ(pawl_session_create(artifact_, &options, &session_), PAWL_OK) << pawl_last_error();
  }
  void TearDown() override {
    pawl_session_destroy(session_);
    pawl_artifact_close(artifact_);
  }
  pawl_artifact* artifact_ = nullptr;
  pawl_session* session_ = nullptr;
};

TEST_F(CApi, Versions) {
  EXPECT_EQ(pawl_api_version(), PAWL_API_VERSION);
  EXPECT_NE(std::strchr(pawl_version(), '.'), nullptr);
}

TEST_F(CApi, DetectsWhatTheCppSessionDetects) {
  const Picture picture;
  const pawl_detection* found = nullptr;
  size_t count = 0;
  ASSERT_EQ(pawl_session_detect(session_, &picture.frame, &found, &count), PAWL_OK);
  ASSERT_GT(count, 0U) << "the golden network must find something in noise";

  const auto artifact = pawl::Artifact::open(kGolden);
  ASSERT_TRUE(artifact.ok());
  auto session = pawl::Session::create(artifact.value(), {.threads = 1, .confidence = 0.05F});
  ASSERT_TRUE(session.ok()) << session.error().message;
  const auto expected = session.value().detect(pawl::Frame{.format = pawl::PixelFormat::kBgr8,
                                                           .width = kWidth,
                                                           .height = kHeight,
                                                           .stride = kWidth * 3 + kPadding,
                                                           .data = picture.pixels.data()});
  ASSERT_TRUE(expected.ok());
  ASSERT_EQ(count, expected.value().size());
  EXPECT_EQ(0, std::memcmp(found, expected.value().data(), count * sizeof(pawl_detection)));

  pawl_times times{};
  times.struct_size = sizeof(times);
  ASSERT_EQ(pawl_session_times(session_, &times), PAWL_OK);
  EXPECT_GT(times.preprocess_ns, 0);
  EXPECT_GT(times.infer_ns, 0);
  EXPECT_GE(times.postprocess_ns, 0);
}

TEST_F(CApi, SessionOutlivesItsArtifact) {
  pawl_artifact_close(artifact_);
  artifact_ = nullptr;
  const Picture picture;
  const pawl_detection* found = nullptr;
  size_t count = 0;
  EXPECT_EQ(pawl_session_detect(session_, &picture.frame, &found, &count), PAWL_OK);
}

TEST_F(CApi, DefaultOptions) {
  pawl_session* session = nullptr;
  ASSERT_EQ(pawl_session_create(artifact_, nullptr, &session), PAWL_OK) << pawl_last_error();
  pawl_session_destroy(session);
  pawl_session_options options;
  pawl_session_options_init(&options, sizeof(options));
  const pawl::SessionOptions cpp;
  EXPECT_EQ(options.struct_size, sizeof(options));
  EXPECT_EQ(options.threads, cpp.threads);
  EXPECT_EQ(options.confidence, cpp.confidence);
  EXPECT_EQ(options.iou, cpp.iou);
  EXPECT_EQ(options.detections_max, cpp.detections_max);
  EXPECT_EQ(options.multi_label, 0);
  EXPECT_EQ(options.pin, 0);
  EXPECT_EQ(options.pool, nullptr);
}

TEST_F(CApi, Labels) {
  EXPECT_STREQ(pawl_label(artifact_, 0), "scratch");
  EXPECT_STREQ(pawl_label(artifact_, 2), "st\xc3\xa4in");
  EXPECT_STREQ(pawl_label(artifact_, 3), "");
  EXPECT_STREQ(pawl_label(artifact_, -1), "");
  EXPECT_STREQ(pawl_label(nullptr, 0), "");
}

TEST_F(CApi, Digest) {
  EXPECT_EQ(pawl_artifact_verify(artifact_), PAWL_OK);
}

TEST_F(CApi, NullArguments) {
  const Picture picture;
  const pawl_detection* found = reinterpret_cast<const pawl_detection*>(&picture);
  size_t count = 77;
  pawl_artifact* artifact = artifact_;
  pawl_session* session = session_;
  EXPECT_EQ(pawl_artifact_open(nullptr, &artifact), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(artifact, nullptr);
  EXPECT_EQ(pawl_artifact_open(kGolden.c_str(), nullptr), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_artifact_verify(nullptr), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_session_create(nullptr, nullptr, &session), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(session, nullptr);
  EXPECT_EQ(pawl_session_create(artifact_, nullptr, nullptr), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_session_detect(nullptr, &picture.frame, &found, &count), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(found, nullptr);
  EXPECT_EQ(count, 0U);
  EXPECT_EQ(pawl_session_detect(session_, nullptr, &found, &count), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_session_detect(session_, &picture.frame, nullptr, &count), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_session_detect(session_, &picture.frame, &found, nullptr), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_session_times(nullptr, nullptr), PAWL_INVALID_ARGUMENT);
  EXPECT_NE(std::string(pawl_last_error()).find("null"), std::string::npos);
  pawl_artifact_close(nullptr);
  pawl_session_destroy(nullptr);
  pawl_session_options_init(nullptr, 24);
  pawl_frame_init(nullptr, 48);
}

TEST_F(CApi, ErrorsCarryCodeAndMessage) {
  pawl_artifact* artifact = nullptr;
  EXPECT_EQ(pawl_artifact_open("/nonexistent/model.pawl", &artifact), PAWL_NOT_FOUND);
  EXPECT_NE(std::string(pawl_last_error()).find("/nonexistent/model.pawl"), std::string::npos);
  EXPECT_EQ(pawl_artifact_open("/", &artifact), PAWL_IO);
  EXPECT_EQ(pawl_artifact_open(PAWL_SOURCE_DIR "/CMakeLists.txt", &artifact), PAWL_CORRUPT);

  pawl_session_options options = low_threshold();
  options.iou = 7.0F;
  pawl_session* session = nullptr;
  EXPECT_EQ(pawl_session_create(artifact_, &options, &session), PAWL_INVALID_ARGUMENT);
  EXPECT_NE(std::string(pawl_last_error()).find("iou"), std::string::npos);

  Picture picture;
  const pawl_detection* found = nullptr;
  size_t count = 0;
  picture.frame.format = 9;
  EXPECT_EQ(pawl_session_detect(session_, &picture.frame, &found, &count), PAWL_INVALID_ARGUMENT);
  picture.frame.format = PAWL_BGR8;
  picture.frame.data = nullptr;
  EXPECT_EQ(pawl_session_detect(session_, &picture.frame, &found, &count), PAWL_INVALID_ARGUMENT);
}

TEST_F(CApi, ErrorsAreOfTheirThread) {
  pawl_artifact* artifact = nullptr;
  ASSERT_EQ(pawl_artifact_open("/nonexistent/here", &artifact), PAWL_NOT_FOUND);
  std::string there = "unset";
  std::thread([&] { there = pawl_last_error(); }).join();
  EXPECT_EQ(there, "");
  EXPECT_NE(std::string(pawl_last_error()).find("here"), std::string::npos);
}

// A caller compiled against a later header, whose structs are longer.
TEST_F(CApi, StructsMayGrow) {
  struct Longer {
    pawl_session_options options;
    int32_t later_field;
  } longer;
  std::memset(&longer, 0xAB, sizeof(longer));
  pawl_session_options_init(&longer.options, sizeof(longer));
  EXPECT_EQ(longer.options.struct_size, sizeof(longer));
  EXPECT_EQ(longer.later_field, 0);
  pawl_session* session = nullptr;
  ASSERT_EQ(pawl_session_create(artifact_, &longer.options, &session), PAWL_OK);
  pawl_session_destroy(session);
  longer.later_field = 1;
  EXPECT_EQ(pawl_session_create(artifact_, &longer.options, &session), PAWL_UNSUPPORTED);
}

TEST_F(CApi, UninitialisedStructsAreRefused) {
  pawl_session_options options{};
  pawl_session* session = nullptr;
  EXPECT_EQ(pawl_session_create(artifact_, &options, &session), PAWL_INVALID_ARGUMENT);
  Picture picture;
  picture.frame.struct_size = 0;
  const pawl_detection* found = nullptr;
  size_t count = 0;
  EXPECT_EQ(pawl_session_detect(session_, &picture.frame, &found, &count), PAWL_INVALID_ARGUMENT);
  pawl_times times{};
  EXPECT_EQ(pawl_session_times(session_, &times), PAWL_INVALID_ARGUMENT);
}

// A caller compiled against version 1, whose options end before `pin`.
TEST_F(CApi, OptionsOfVersionOne) {
  unsigned char bytes[sizeof(pawl_session_options)];
  std::memset(bytes, 0xAB, sizeof(bytes));  // what lies behind the caller's struct is not read
  auto* const options = reinterpret_cast<pawl_session_options*>(bytes);
  constexpr size_t kVersionOneBytes = 24;
  pawl_session_options_init(options, kVersionOneBytes);
  pawl_session* session = nullptr;
  ASSERT_EQ(pawl_session_create(artifact_, options, &session), PAWL_OK) << pawl_last_error();
  pawl_session_destroy(session);
  options->struct_size = kVersionOneBytes - 1;
  EXPECT_EQ(pawl_session_create(artifact_, options, &session), PAWL_INVALID_ARGUMENT);
}

// Two cameras, one pool, each on a thread of its own; the pool's handle goes first.
TEST_F(CApi, SessionsShareAPool) {
  const Picture picture;
  const pawl_detection* found = nullptr;
  size_t count = 0;
  ASSERT_EQ(pawl_session_detect(session_, &picture.frame, &found, &count), PAWL_OK);
  const std::vector<pawl_detection> expected(found, found + count);

  pawl_pool* pool = nullptr;
  ASSERT_EQ(pawl_pool_create(2, 0, &pool), PAWL_OK) << pawl_last_error();
  pawl_session_options options = low_threshold();
  options.pool = pool;
  pawl_session* sessions[2] = {};
  for (pawl_session*& session : sessions) {
    ASSERT_EQ(pawl_session_create(artifact_, &options, &session), PAWL_OK) << pawl_last_error();
  }
  pawl_pool_destroy(pool);
  int equal[2] = {};
  std::vector<std::thread> cameras;
  for (size_t i = 0; i < 2; ++i) {
    cameras.emplace_back([&, i] {
      for (int run = 0; run < 20; ++run) {
        const pawl_detection* got = nullptr;
        size_t n = 0;
        if (pawl_session_detect(sessions[i], &picture.frame, &got, &n) != PAWL_OK) return;
        equal[i] += n == expected.size() &&
                    std::memcmp(got, expected.data(), n * sizeof(pawl_detection)) == 0;
      }
    });
  }
  for (std::thread& camera : cameras) camera.join();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(equal[i], 20);
    pawl_session_destroy(sessions[i]);
  }
}

TEST_F(CApi, PoolArguments) {
  EXPECT_EQ(pawl_pool_create(1, 0, nullptr), PAWL_INVALID_ARGUMENT);
  pawl_pool* pool = reinterpret_cast<pawl_pool*>(&pool);
  EXPECT_EQ(pawl_pool_create(-1, 0, &pool), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pool, nullptr);
  ASSERT_EQ(pawl_pool_create(0, 1, &pool), PAWL_OK);
  pawl_pool_destroy(pool);
  pawl_pool_destroy(nullptr);
  pawl_session_options options = low_threshold();
  options.reserved = 1;
  pawl_session* session = nullptr;
  EXPECT_EQ(pawl_session_create(artifact_, &options, &session), PAWL_INVALID_ARGUMENT);
}

size_t running_threads() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                                           std::filesystem::directory_iterator()));
}

// Whichever of them it is. Those that had started have ended again.
TEST_F(CApi, AThreadThatCannotStartIsExhaustion) {
  constexpr int kThreads = 6;
  const size_t before = running_threads();
  for (int allowed = 0; allowed < kThreads; ++allowed) {
    pawl_pool* pool = reinterpret_cast<pawl_pool*>(&pool);
    threads_left = allowed;
    const pawl_status status = pawl_pool_create(kThreads, 0, &pool);
    if (allowed == kThreads - 1) {  // the caller is one of them
      EXPECT_EQ(status, PAWL_OK);
      pawl_pool_destroy(pool);
    } else {
      EXPECT_EQ(status, PAWL_EXHAUSTED) << allowed;
      EXPECT_EQ(pool, nullptr);
      EXPECT_NE(std::string(pawl_last_error()).find("thread"), std::string::npos);
    }
    pawl_session_options options = low_threshold();
    options.threads = kThreads;
    pawl_session* session = reinterpret_cast<pawl_session*>(&pool);
    threads_left = std::min(allowed, kThreads - 2);
    EXPECT_EQ(pawl_session_create(artifact_, &options, &session), PAWL_EXHAUSTED);
    EXPECT_EQ(session, nullptr);
  }
  threads_left = std::numeric_limits<int>::max();
  // A joined thread may be listed a little longer.
  for (int wait = 0; wait < 200 && running_threads() > before; ++wait) ::usleep(10'000);
  EXPECT_EQ(running_threads(), before);
  pawl_session* session = nullptr;
  EXPECT_EQ(pawl_session_create(artifact_, nullptr, &session), PAWL_OK) << pawl_last_error();
  pawl_session_destroy(session);
}

// The same from the system itself: a user who may have no more processes.
TEST_F(CApi, TheSystemsLimitOfThreadsIsExhaustion) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become a user without processes";
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    constexpr uid_t kNobody = 65534;
    if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(kNobody) != 0) ::_exit(3);
    pawl_pool* pool = nullptr;
    ::_exit(pawl_pool_create(4, 0, &pool) == PAWL_EXHAUSTED && pool == nullptr ? 0 : 4);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  constexpr int kEmulator = 127;  // qemu-user ends itself where it cannot start a thread
  if (WEXITSTATUS(status) == kEmulator) GTEST_SKIP() << "an emulator got in the way";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(CApi, HostileFramesAreRefused) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto refused = [this](auto change) {
    Picture picture;
    change(&picture.frame);
    const pawl_detection* found = nullptr;
    size_t count = 0;
    return pawl_session_detect(session_, &picture.frame, &found, &count) == PAWL_INVALID_ARGUMENT;
  };
  for (const int64_t stride : {kLeast, kLeast + 1, kMost, int64_t{1} << 61, -(int64_t{1} << 61),
                               int64_t{0}, int64_t{-1}, int64_t{kWidth * 3 - 1}}) {
    EXPECT_TRUE(refused([&](pawl_frame* f) { f->stride = stride; })) << stride;
    EXPECT_TRUE(refused([&](pawl_frame* f) {
      f->format = PAWL_NV12;
      f->width = 60;
      f->height = 46;
      f->uv = f->data;
      f->uv_stride = stride == kWidth * 3 - 1 ? 59 : stride;
    })) << stride;
  }
  for (const int32_t side :
       {std::numeric_limits<int32_t>::min(), -1, 0, 16385, std::numeric_limits<int32_t>::max()}) {
    EXPECT_TRUE(refused([&](pawl_frame* f) { f->width = side; })) << side;
    EXPECT_TRUE(refused([&](pawl_frame* f) { f->height = side; })) << side;
  }
  // Never initialised: nothing is read up to a length that is no length.
  for (const uint32_t size : {0xABABABABU, 0xFFFFFFFFU, 4097U}) {
    EXPECT_TRUE(refused([&](pawl_frame* f) { f->struct_size = size; })) << size;
  }
  EXPECT_FALSE(refused([](pawl_frame*) {}));
}

// An update that does not know better than to write into the file.
TEST_F(CApi, ACopyDoesNotSeeItsFileChange) {
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("pawl_copy_" + std::to_string(::getpid()) + ".pawl"))
                               .string();
  std::filesystem::copy_file(kGolden, path);
  pawl_artifact* artifact = nullptr;
  pawl_session* session = nullptr;
  const pawl_session_options options = low_threshold();
  ASSERT_EQ(pawl_artifact_open_copy(path.c_str(), &artifact), PAWL_OK) << pawl_last_error();
  ASSERT_EQ(pawl_session_create(artifact, &options, &session), PAWL_OK) << pawl_last_error();
  std::ofstream(path, std::ios::binary | std::ios::trunc).close();  // a mapping would be SIGBUS now
  const Picture picture;
  const pawl_detection* found = nullptr;
  const pawl_detection* expected = nullptr;
  size_t count = 0, expected_count = 0;
  ASSERT_EQ(pawl_session_detect(session, &picture.frame, &found, &count), PAWL_OK);
  ASSERT_EQ(pawl_session_detect(session_, &picture.frame, &expected, &expected_count), PAWL_OK);
  ASSERT_EQ(count, expected_count);
  EXPECT_EQ(0, std::memcmp(found, expected, count * sizeof(pawl_detection)));
  EXPECT_STREQ(pawl_label(artifact, 0), "scratch");
  EXPECT_EQ(pawl_artifact_verify(artifact), PAWL_OK);
  pawl_session_destroy(session);
  pawl_artifact_close(artifact);
  std::filesystem::remove(path);

  EXPECT_EQ(pawl_artifact_open_copy(path.c_str(), &artifact), PAWL_NOT_FOUND);
  EXPECT_EQ(artifact, nullptr);
  EXPECT_EQ(pawl_artifact_open_copy(nullptr, &artifact), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_artifact_open_copy(kGolden.c_str(), nullptr), PAWL_INVALID_ARGUMENT);
  EXPECT_EQ(pawl_artifact_open_copy(PAWL_SOURCE_DIR "/CMakeLists.txt", &artifact), PAWL_CORRUPT);
}

// An init function called by an older program must not write past its shorter struct.
TEST_F(CApi, InitStaysInsideTheCallersStruct) {
  unsigned char bytes[sizeof(pawl_session_options)];
  std::memset(bytes, 0xAB, sizeof(bytes));
  pawl_session_options_init(reinterpret_cast<pawl_session_options*>(bytes), 8);
  for (size_t i = 8; i < sizeof(bytes); ++i) EXPECT_EQ(bytes[i], 0xAB) << i;
}

}  // namespace
