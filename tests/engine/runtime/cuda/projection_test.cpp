// Proves: a projection counts what the formulas of docs/performance.md say, grows with the network,
// shrinks with the board, and is refused for plans that no such board runs.
#include "engine/runtime/cuda/projection.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/compile/compiler.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

Artifact convolution(std::vector<std::byte>* bytes, const std::string& target, int64_t channels,
                     int64_t side) {
  GraphBuilder b(1);
  const Graph graph = b.finish(
      {b.conv(b.conv(b.input({1, 3, side, side}), channels, square(1)), channels, square(3))});
  CompileOptions options;
  options.target = target;
  options.head.head = "none";
  Result<Compiled> compiled = compile(graph, options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  *bytes = std::move(compiled.value().artifact);
  return Artifact::from_bytes(*bytes, "test").value();
}

double sum(const std::vector<StepProjection>& steps) {
  double us = 0.0;
  for (const StepProjection& step : steps) us += step.total_us;
  return us;
}

// 64 channels to 64 over 80 x 80 by 3 x 3: depth 576 is whole steps, and whole tiles fit.
TEST(Projection, CountsAsDocumented) {
  std::vector<std::byte> bytes;
  const Artifact artifact = convolution(&bytes, "cuda-sm87", 64, 80);
  const Board& board = *find_board("orin-nano-super");
  const auto steps = project(artifact, board);
  ASSERT_TRUE(steps.ok()) << steps.error().message;
  const StepProjection& last = steps.value().back();
  EXPECT_EQ(last.issued, int64_t{80} * 80 * 64 * 576);
  const double peak = 1.020e9 * 8 * 1024;
  EXPECT_GE(last.compute_us, static_cast<double>(last.issued) / (peak * 0.45) * 1e6);
  EXPECT_LE(last.compute_us, static_cast<double>(last.issued) / (peak * 0.45 * 0.5) * 1e6);
  const double moved = (2.0 * 80 * 80 * 64 + 576.0 * 64) * 2;
  EXPECT_NEAR(last.memory_us, moved / (102e9 * 0.75) * 1e6, 1e-6);
  EXPECT_DOUBLE_EQ(last.total_us, std::max(last.compute_us, last.memory_us) + 1.5);
}

TEST(Projection, GrowsWithTheNetworkAndShrinksWithTheBoard) {
  std::vector<std::byte> small_bytes, large_bytes;
  const Artifact small = convolution(&small_bytes, "cuda-sm80", 32, 40);
  const Artifact large = convolution(&large_bytes, "cuda-sm80", 64, 80);
  for (const Board& board : boards()) {
    EXPECT_EQ(find_board(board.name), &board);
    EXPECT_LT(sum(project(small, board).value()), sum(project(large, board).value()));
  }
  EXPECT_GT(sum(project(large, *find_board("orin-nano-super")).value()),
            sum(project(large, *find_board("agx-orin-64")).value()));
  EXPECT_EQ(find_board("nothing"), nullptr);
}

TEST(Projection, RefusesOtherPlans) {
  std::vector<std::byte> cpu_bytes, later_bytes;
  const Artifact cpu = convolution(&cpu_bytes, "cpu-generic", 16, 20);
  const Artifact later = convolution(&later_bytes, "cuda-sm90", 16, 20);
  for (const Artifact* artifact : {&cpu, &later}) {
    const auto refused = project(*artifact, boards()[0]);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, platform::Code::kUnsupported);
    EXPECT_NE(refused.error().message.find("cuda-sm87"), std::string::npos);
  }
}

}  // namespace
}  // namespace pawl::engine
