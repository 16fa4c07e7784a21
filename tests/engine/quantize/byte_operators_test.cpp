// Proves that sums and products on bytes take their operands in either order, images of the same
// size as well as one number a channel, and stay close to the float network: two operands whose
// ranges differ show a scale that went to the wrong one. Images grow by another factor each way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/runtime/session.h"
#include "tests/engine/graph_builder.h"
#include "tests/engine/quantize/random_frames.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::kSide;
using test::RandomFrames;
using test::square;

// `first` of two operands: a quiet image, or a gate of one pixel. The other is loud.
Graph network(Op op, bool gate, bool quiet_first) {
  GraphBuilder b(21);
  const ValueId x = b.silu(b.conv(b.input({1, 3, kSide, kSide}), 16, square(3, 2)));
  test::ConvOptions loud_bias = square(3);
  loud_bias.bias_mean = 6.0F;  // another scale and zero point than the quiet one's
  const ValueId loud = b.unary(Op::kRelu, b.conv(x, 16, loud_bias));
  ValueId quiet = b.conv(x, 16, square(1));
  if (gate) {
    quiet = b.conv(b.reduce(Op::kReduceMean, quiet, {2, 3}, true), 16, square(1));
    quiet = b.unary(Op::kSigmoid, quiet);
  } else {
    quiet = b.silu(quiet);
  }
  const ValueId both = quiet_first ? b.binary(op, quiet, loud) : b.binary(op, loud, quiet);
  return b.finish({b.conv(b.silu(b.conv(both, 16, square(1))), 7, square(1))});
}

Result<Compiled> compiled(const Graph& graph, CalibrationFrames* frames) {
  CompileOptions options;
  options.head.head = "none";
  options.calibration = frames;
  return compile(graph, options);
}

std::vector<float> outputs(const Compiled& of, const platform::Frame& frame) {
  const auto artifact = Artifact::from_bytes(of.artifact, "test");
  EXPECT_TRUE(artifact.ok());
  auto session = Session::create(artifact.value(), {.threads = 1});
  EXPECT_TRUE(session.ok()) << session.error().message;
  EXPECT_TRUE(session.value().preprocess(frame).ok());
  EXPECT_TRUE(session.value().run().ok());
  const TensorView& view = session.value().outputs().value()[0];
  size_t count = 1;
  for (const int32_t extent : view.extent) count *= static_cast<size_t>(extent);
  std::vector<float> values(count);
  copy_elements(view, values);
  return values;
}

// Signal over error of the INT8 outputs, in decibels.
double sqnr_db(const Graph& graph) {
  RandomFrames frames(16, 1);
  const auto plain = compiled(graph, nullptr);
  const auto int8 = compiled(graph, &frames);
  EXPECT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_TRUE(int8.ok()) << int8.error().message;
  if (!plain.ok() || !int8.ok()) return 0.0;
  double signal = 0.0;
  double noise = 0.0;
  RandomFrames held_out(3, 900);
  for (size_t i = 0; i < held_out.count(); ++i) {
    const platform::Frame frame = held_out.frame(i).value();
    const std::vector<float> wanted = outputs(plain.value(), frame);
    const std::vector<float> found = outputs(int8.value(), frame);
    for (size_t k = 0; k < wanted.size(); ++k) {
      signal += double{wanted[k]} * double{wanted[k]};
      noise += std::pow(double{wanted[k]} - double{found[k]}, 2);
    }
  }
  return 10.0 * std::log10(signal / noise);
}

int64_t steps_of(const Graph& graph, StepKind kind) {
  RandomFrames frames(16, 1);
  const auto int8 = compiled(graph, &frames);
  EXPECT_TRUE(int8.ok()) << int8.error().message;
  if (!int8.ok()) return -1;
  const auto artifact = Artifact::from_bytes(int8.value().artifact, "test");
  return std::count_if(artifact.value().steps().begin(), artifact.value().steps().end(),
                       [kind](const StepRecord& step) { return step.kind == kind; });
}

TEST(ByteOperators, TakeTheirOperandsInEitherOrder) {
  for (const Op op : {Op::kAdd, Op::kMul}) {
    for (const bool gate : {false, true}) {
      for (const bool quiet_first : {false, true}) {
        SCOPED_TRACE(std::string(op_name(op)) + (gate ? " gate" : " image") +
                     (quiet_first ? " first" : " second"));
        const Graph graph = network(op, gate, quiet_first);
        // A sum with what one convolution alone makes is that convolution's residual.
        EXPECT_GE(steps_of(graph, StepKind::kBinaryU8), op == Op::kMul || gate ? 1 : 0);
        EXPECT_GT(sqnr_db(graph), 24.0);
      }
    }
  }
}

TEST(ByteOperators, ImagesGrowByAnotherFactorEachWay) {
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{2, 1}, {1, 3}, {3, 2}}) {
    GraphBuilder b(22);
    const ValueId x = b.silu(b.conv(b.input({1, 3, kSide, kSide}), 16, square(3, 2)));
    const ValueId up = b.resize(x, 16 * height, 16 * width, "nearest", "asymmetric", "floor");
    const ValueId y = b.silu(b.conv(up, 16, square(3)));
    const Graph graph = b.finish({b.conv(y, 7, square(1))});
    EXPECT_EQ(steps_of(graph, StepKind::kNearestU8), 1);
    EXPECT_GT(sqnr_db(graph), 24.0) << height << " " << width;
  }
}

}  // namespace
}  // namespace pawl::engine
