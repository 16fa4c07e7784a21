// Proves, on trees of files as different machines show them, that fast cores come first and second
// threads of a core last, that control groups of both versions limit the threads, and that files
// which are missing or nonsense limit nothing; and that a pinned thread stays where it was put.
#include "platform/processors.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace pawl::platform {
namespace {

namespace fs = std::filesystem;

class Machine {
 public:
  Machine() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(::testing::TempDir()) /
            ("pawl-processors-" + std::to_string(::getpid()) + "-" + test->name());
    fs::remove_all(root_);
  }
  ~Machine() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  Machine& file(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    return *this;
  }
  Machine& processor(int number, const std::string& siblings, const std::string& speed_file = "",
                     const std::string& speed = "") {
    const std::string folder = "sys/devices/system/cpu/cpu" + std::to_string(number) + "/";
    file(folder + "topology/thread_siblings_list", siblings + "\n");
    if (!speed_file.empty()) file(folder + speed_file, speed + "\n");
    return *this;
  }
  Processors read(std::vector<int32_t> allowed) const { return read_processors(root_, allowed); }

 private:
  fs::path root_;
};

using Order = std::vector<int32_t>;

TEST(Processors, BareTree) {
  const Processors p = Machine().read({3, 5});
  EXPECT_EQ(p.order, (Order{3, 5}));
  EXPECT_EQ(p.cores, 2);
  EXPECT_EQ(p.threads(), 2);
  EXPECT_EQ(Machine().read({}).order, (Order{0}));
  EXPECT_EQ(Machine().read({}).threads(), 1);
}

TEST(Processors, SecondThreadsOfACoreComeLast) {
  Machine machine;
  for (int i = 0; i < 8; ++i) {
    machine.processor(i, std::to_string(i % 4) + "," + std::to_string(i % 4 + 4));
  }
  const Processors p = machine.read({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(p.order, (Order{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(p.cores, 4);
  EXPECT_EQ(p.threads(), 4);
  // Where only a second thread is allowed, it is that core's first.
  const Processors some = machine.read({2, 4, 6});
  EXPECT_EQ(some.order, (Order{2, 4, 6}));
  EXPECT_EQ(some.cores, 2);
}

TEST(Processors, BigCoresFirst) {
  Machine arm;
  for (int i = 0; i < 4; ++i) arm.processor(i, std::to_string(i), "cpu_capacity", "446");
  for (int i = 4; i < 6; ++i) arm.processor(i, std::to_string(i), "cpu_capacity", "1024");
  EXPECT_EQ(arm.read({0, 1, 2, 3, 4, 5}).order, (Order{4, 5, 0, 1, 2, 3}));
  EXPECT_EQ(arm.read({0, 1, 2, 3, 4, 5}).threads(), 6);
}

TEST(Processors, HybridWithSiblings) {
  Machine hybrid;  // two fast cores of two threads, two slow ones of one
  const std::string frequency = "cpufreq/cpuinfo_max_freq";
  hybrid.processor(0, "0-1", frequency, "5200000").processor(1, "0-1", frequency, "5200000");
  hybrid.processor(2, "2-3", frequency, "5200000").processor(3, "2-3", frequency, "5200000");
  hybrid.processor(4, "4", frequency, "3900000").processor(5, "5", frequency, "3900000");
  const Processors p = hybrid.read({0, 1, 2, 3, 4, 5});
  EXPECT_EQ(p.order, (Order{0, 2, 4, 5, 1, 3}));
  EXPECT_EQ(p.threads(), 4);
}

TEST(Processors, QuotaOfVersionTwo) {
  Machine machine;
  machine.file("proc/self/cgroup", "0::/kube/pod/box\n");
  const Order all{0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(machine.read(all).quota, 0.0);
  machine.file("sys/fs/cgroup/kube/pod/box/cpu.max", "max 100000\n");
  EXPECT_EQ(machine.read(all).threads(), 8);
  machine.file("sys/fs/cgroup/kube/cpu.max", "600000 100000\n");  // around it
  EXPECT_EQ(machine.read(all).threads(), 6);
  machine.file("sys/fs/cgroup/kube/pod/box/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(machine.read(all).quota, 1.5);
  EXPECT_EQ(machine.read(all).threads(), 2);
  EXPECT_EQ(machine.read({0}).threads(), 1);
  machine.file("sys/fs/cgroup/kube/pod/box/cpu.max", "5000 100000\n");
  EXPECT_EQ(machine.read(all).threads(), 1);
  EXPECT_EQ(machine.read(all).order, all);  // a quota takes time, not processors
}

TEST(Processors, QuotaOfVersionOneAsAContainerSeesIt) {
  Machine machine;
  // The path outside, while the container's own group is mounted as the root.
  machine.file("proc/self/cgroup",
               "5:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/docker/1f\n");
  machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(machine.read({0, 1, 2, 3}).threads(), 3);
  machine.file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(machine.read({0, 1, 2, 3}).threads(), 4);
}

TEST(Processors, NonsenseLimitsNothing) {
  const std::string quotas[] = {"",      "\n",     "0 100000",  "100000 0",
                                "-5 -5", "100000", "x y",       "99999999999999999999999 1",
                                "max",   " ",      "150000 max"};
  for (const std::string& quota : quotas) {
    Machine machine;
    machine.file("sys/fs/cgroup/cpu.max", quota);
    for (const char* groups : {"0::/", "", ":", "0:", "0::", "::::\n\n0::/../..", "4:cpu"}) {
      machine.file("proc/self/cgroup", groups);
      EXPECT_EQ(machine.read({0, 1, 2}).threads(), 3) << quota << " in " << groups;
    }
  }
}

TEST(Processors, OfThisProcess) {
  const Processors p = usable_processors();
  ASSERT_FALSE(p.order.empty());
  EXPECT_GE(p.threads(), 1);
  EXPECT_LE(p.threads(), p.cores);
  EXPECT_LE(static_cast<size_t>(p.cores), p.order.size());
  std::thread([&] {  // its own, so that the others stay free
    for (const int32_t processor : p.order) {
      ASSERT_TRUE(pin_this_thread(processor));
      EXPECT_EQ(sched_getcpu(), processor);
      EXPECT_EQ(usable_processors().order, (Order{processor}));
    }
    EXPECT_FALSE(pin_this_thread(-1));
    EXPECT_FALSE(pin_this_thread(1 << 20));
  })
      .join();
}

}  // namespace
}  // namespace pawl::platform
