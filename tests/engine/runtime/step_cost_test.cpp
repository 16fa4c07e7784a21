// Proves that small steps stay on one thread, large ones get all of them, nothing in between gets
// more than it can use, and that multiply-adds are counted as the definition says.
#include <gtest/gtest.h>

#include "engine/artifact/step_kind.h"
#include "engine/compile/compiler.h"
#include "engine/runtime/cpu/step_parts.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

// A network of one convolution on an image of `side` x `side`. `bytes` holds it.
Artifact convolution(std::vector<std::byte>* bytes, int64_t channels, int64_t side,
                     int64_t kernel) {
  GraphBuilder b(1);
  const Graph graph =
      b.finish({b.conv(b.input({1, channels, side, side}), channels, square(kernel, 1))});
  CompileOptions options;
  options.head.head = "none";
  Result<Compiled> compiled = compile(graph, options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  *bytes = std::move(compiled.value().artifact);
  Result<Artifact> artifact = Artifact::from_bytes(*bytes, "test");
  EXPECT_TRUE(artifact.ok()) << artifact.error().message;
  return std::move(artifact).value();
}

TEST(StepCost, PartsGrowWithTheWork) {
  for (const int32_t threads : {1, 2, 3, 8, 256}) {
    std::vector<std::byte> small_bytes, large_bytes;
    const Artifact small = convolution(&small_bytes, 3, 4, 1);
    EXPECT_EQ(step_parts(small, small.steps()[0], threads), 1);
    const Artifact large = convolution(&large_bytes, 3, 1000, 3);
    EXPECT_EQ(step_parts(large, large.steps()[0], threads), threads);
    int32_t last = 1;
    for (const int64_t side : {4, 8, 16, 32, 64, 128, 256}) {
      std::vector<std::byte> bytes;
      const Artifact artifact = convolution(&bytes, 3, side, 3);
      const int32_t parts = step_parts(artifact, artifact.steps()[0], threads);
      EXPECT_GE(parts, last);
      EXPECT_LE(parts, threads);
      last = parts;
    }
  }
}

TEST(StepCost, MultiplyAddsOfAConvolution) {
  std::vector<std::byte> bytes;
  const Artifact artifact = convolution(&bytes, 3, 20, 3);
  int64_t total = 0;
  for (const StepRecord& step : artifact.steps())
    total += step_multiply_adds(artifact.tensors(), step);
  const auto& output = artifact.tensors()[static_cast<size_t>(artifact.steps()[0].output[0])];
  EXPECT_EQ(total, int64_t{output.extent[2]} * output.extent[3] * 3 * 3 * 9);
}

}  // namespace
}  // namespace pawl::engine
