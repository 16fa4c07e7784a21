// Proves that a graph compiles for every target on whatever machine this is, that the artifacts
// differ in what they ask of the machine and in nothing that is executed (so one that is compiled
// for arm64 on x86-64 computes what the one compiled there would), and that each runs exactly where
// its instruction set is.
#include <gtest/gtest.h>

#include <cstring>

#include "engine/compile/compiler.h"
#include "engine/plan/target.h"
#include "tests/engine/compile/plan_runner.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using kernels::Isa;

// Convolutions of each form: Winograd, direct, depthwise.
Graph convolutions() {
  test::GraphBuilder b(3);
  const ValueId wide = b.conv(b.input({1, 3, 24, 40}), 16, test::square(3));
  const ValueId deep = b.silu(b.conv(wide, 24, test::square(3)));
  const ValueId apart = b.conv(deep, 24, test::square(3, 1, 24));
  return b.finish({b.conv(apart, 7)});
}

Artifact compiled_for(const std::string& target, std::vector<std::byte>* bytes) {
  Result<Compiled> compiled = compile(convolutions(), test::without_head(target));
  EXPECT_TRUE(compiled.ok()) << target << ": " << compiled.error().message;
  *bytes = std::move(compiled.value().artifact);
  Result<Artifact> artifact = Artifact::from_bytes(*bytes, target);
  EXPECT_TRUE(artifact.ok()) << artifact.error().message;
  return std::move(artifact.value());
}

template <typename Record>
bool same_bytes(std::span<const Record> a, std::span<const Record> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST(Targets, DifferInWhatTheyAskOfTheMachineAlone) {
  const struct {
    const char* name;
    Isa isa;
  } targets[] = {{"cpu-x86-64-v4", Isa::kAvx512},
                 {"cpu-x86-64-v3", Isa::kAvx2},
                 {"cpu-arm64", Isa::kNeon},
                 {"cpu-generic", Isa::kScalar}};
  std::vector<std::byte> generic_bytes;
  const Artifact generic = compiled_for("cpu-generic", &generic_bytes);
  for (const auto& target : targets) {
    SCOPED_TRACE(target.name);
    std::vector<std::byte> bytes;
    const Artifact artifact = compiled_for(target.name, &bytes);
    EXPECT_EQ(artifact.target(), target.name);
    EXPECT_EQ(artifact.plan().isa, static_cast<uint32_t>(target.isa));
    EXPECT_TRUE(same_bytes(artifact.steps(), generic.steps()));
    EXPECT_TRUE(same_bytes(artifact.tensors(), generic.tensors()));
    EXPECT_TRUE(same_bytes(artifact.weights(), generic.weights()));
    const Result<Session> session = Session::create(artifact, {.threads = 1});
    EXPECT_EQ(session.ok(), kernels::hardware_has(target.isa));
    if (session.ok()) continue;
    EXPECT_EQ(session.error().code, platform::Code::kUnsupported);
  }
}

TEST(Targets, NativeIsTheBestOfThisMachine) {
  const platform::Result<Target> native = find_target("native");
  ASSERT_TRUE(native.ok());
  EXPECT_TRUE(kernels::hardware_has(native.value().isa));
  for (const char* name : {"cpu-x86-64-v4", "cpu-x86-64-v3", "cpu-arm64"}) {
    const platform::Result<Target> target = find_target(name);
    ASSERT_TRUE(target.ok()) << target.error().message;
    if (!kernels::hardware_has(target.value().isa)) continue;
    EXPECT_TRUE(kernels::includes(native.value().isa, target.value().isa)) << name;
  }
}

TEST(Targets, AnUnknownOneIsRefusedWithTheNamesThereAre) {
  const platform::Result<Target> target = find_target("cpu-arm");
  ASSERT_FALSE(target.ok());
  EXPECT_EQ(target.error().code, platform::Code::kUnsupported);
  for (const char* name : {"native", "cpu-arm64", "cpu-x86-64-v3", "cpu-generic"}) {
    EXPECT_NE(target.error().message.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace pawl::engine
