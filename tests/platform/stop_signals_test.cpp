// Proves: a signal that ends the program leaves no temporary file and still ends it by that signal;
// after stop_on_signals() the first one only asks and the second ends; what nohup and a supervisor
// ignore stays ignored; a closed standard stream never becomes the number of a file.
#include "platform/stop_signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "platform/output_file.h"
#include "platform/standard_streams.h"

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class Signals : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pawl_signals_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // Runs in a process of its own, whose exit status is what `work` returns; the wait status.
  static int in_child(const std::function<int()>& work) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
  }
  static bool ended_by(int status, int number) {
    return WIFSIGNALED(status) && WTERMSIG(status) == number;
  }
  static bool exited_with(int status, int code) {
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
  }

  fs::path folder_;
};

TEST_F(Signals, EndTheProgramWithoutATrace) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    const int status = in_child([&] {
      std::signal(SIGHUP, SIG_DFL);  // whatever started the tests
      std::signal(SIGPIPE, SIG_DFL);
      end_on_signals();
      auto one = OutputFile::open(folder_ / "one");
      auto other = OutputFile::open(folder_ / "other");
      if (!one.ok() || !one.value().write(std::string_view("half")).ok()) return 3;
      if (fs::is_empty(folder_)) return 4;
      std::raise(number);
      return 0;
    });
    EXPECT_TRUE(ended_by(status, number)) << number << ": " << status;
    EXPECT_TRUE(fs::is_empty(folder_)) << number;
  }
}

TEST_F(Signals, TheFirstAsksTheSecondEnds) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const int status = in_child([&] {
      std::signal(SIGHUP, SIG_DFL);
      end_on_signals();
      stop_on_signals();
      auto kept = OutputFile::open(folder_ / "kept");
      if (!kept.ok() || stop_requested()) return 3;
      const Clock::time_point start = Clock::now();
      std::raise(number);
      if (!stop_requested()) return 4;
      sleep_until_stop(start + std::chrono::minutes(1));
      if (Clock::now() - start > std::chrono::seconds(10)) return 5;
      if (!kept.value().finish().ok()) return 6;
      auto lost = OutputFile::open(folder_ / "lost");
      std::raise(SIGTERM);
      return 0;
    });
    EXPECT_TRUE(ended_by(status, SIGTERM)) << number << ": " << status;
    EXPECT_TRUE(fs::exists(folder_ / "kept"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
    fs::remove(folder_ / "kept");
  }
}

TEST_F(Signals, AStopReachesASleeper) {
  EXPECT_TRUE(exited_with(in_child([] {
                            end_on_signals();
                            stop_on_signals();
                            const pid_t self = ::getpid();
                            if (::fork() == 0) {
                              ::usleep(100'000);
                              ::kill(self, SIGTERM);
                              ::_exit(0);
                            }
                            const Clock::time_point start = Clock::now();
                            sleep_until_stop(start + std::chrono::seconds(30));
                            return Clock::now() - start < std::chrono::seconds(10) ? 0 : 1;
                          }),
                          0));
  const Clock::time_point due = Clock::now() + std::chrono::milliseconds(120);
  sleep_until_stop(due);
  EXPECT_GE(Clock::now(), due);
}

TEST_F(Signals, WhatIsIgnoredStaysIgnored) {
  EXPECT_TRUE(exited_with(in_child([] {
                            std::signal(SIGHUP, SIG_IGN);  // nohup
                            std::signal(SIGPIPE, SIG_IGN);
                            end_on_signals();
                            std::raise(SIGHUP);
                            std::raise(SIGPIPE);
                            return 0;
                          }),
                          0));
  // Shells ignore it for what runs in the background, which kill -INT is to stop all the same.
  EXPECT_TRUE(ended_by(in_child([] {
                         std::signal(SIGINT, SIG_IGN);
                         end_on_signals();
                         std::raise(SIGINT);
                         return 0;
                       }),
                       SIGINT));
}

TEST_F(Signals, AFileOverItsLimitIsAFailedWrite) {
  EXPECT_TRUE(exited_with(in_child([&] {
                            end_on_signals();
                            const rlimit small{.rlim_cur = 1000, .rlim_max = 1000};
                            ::setrlimit(RLIMIT_FSIZE, &small);
                            auto file = OutputFile::open(folder_ / "file");
                            if (!file.ok()) return 3;
                            return file.value().write(std::string(5000, 'x')).ok() ? 1 : 0;
                          }),
                          0));
}

TEST_F(Signals, AClosedStreamIsNotTheNextFile) {
  for (const int missing : {1, 2, 4, 3, 5, 6, 7}) {  // a bit a stream
    const int status = in_child([&] {
      for (int stream = 0; stream < 3; ++stream) {
        if ((missing >> stream & 1) != 0) ::close(stream);
      }
      fill_standard_streams();
      const int file = ::open((folder_ / "file").c_str(), O_RDWR | O_CREAT, 0600);
      if (file <= STDERR_FILENO) return 3;
      std::fprintf(stderr, "dropped where it is closed\n");
      std::printf("lost where it is closed\n");
      const bool failed = !close_standard_output().ok();
      return failed == ((missing & 2) != 0) && !standard_error_failed() ? 0 : 4;
    });
    EXPECT_TRUE(exited_with(status, 0)) << missing << ": " << status;
    EXPECT_EQ(fs::file_size(folder_ / "file"), 0U) << missing;
  }
}

TEST_F(Signals, AFullStandardOutputIsAnError) {
  for (const size_t bytes : {1U, 100'000U}) {  // at the end, or before
    EXPECT_TRUE(exited_with(in_child([bytes] {
                              ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO);
                              std::fputs(std::string(bytes, 'x').c_str(), stdout);
                              return close_standard_output().ok() ? 1 : 0;
                            }),
                            0));
  }
}

}  // namespace
}  // namespace pawl::platform
