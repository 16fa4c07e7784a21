// Proves which convolutions run by Winograd: 3x3, stride 1, undilated, ungrouped, pads of at most
// two on the top and the left, channels and pixels enough. Each condition broken alone turns to
// another step, and every one computes what the reference does.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/engine/compile/plan_runner.h"

namespace pawl::engine {
namespace {

using test::ConvOptions;
using test::GraphBuilder;

ConvOptions three(std::array<int64_t, 4> pads = {1, 1, 1, 1}) {
  return {.kernel_h = 3, .kernel_w = 3, .pads = pads};
}

struct Case {
  std::string what;
  int64_t channels;  // in
  int64_t height, width;
  ConvOptions o;
  bool winograd;
};

std::vector<Case> cases() {
  std::vector<Case> all = {{"same", 16, 24, 20, three(), true}};
  for (int64_t top = 0; top <= 4; ++top) {
    for (int64_t left = 0; left <= 4; ++left) {
      all.push_back({"pads " + std::to_string(top) + " " + std::to_string(left), 16, 24, 20,
                     three({top, left, 1, 1}), top <= 2 && left <= 2});
    }
  }
  for (int64_t end = 0; end <= 5; ++end) {  // the far sides are free
    all.push_back({"end pads " + std::to_string(end), 16, 24, 20, three({1, 1, end, 1}), true});
    all.push_back({"end pads 1 " + std::to_string(end), 16, 24, 20, three({1, 1, 1, end}), true});
  }
  ConvOptions o = three();
  o.kernel_h = 1;
  all.push_back({"1x3", 16, 24, 20, o, false});
  o = three();
  o.kernel_w = 1;
  all.push_back({"3x1", 16, 24, 20, o, false});
  o = three({2, 2, 2, 2});
  o.kernel_h = o.kernel_w = 5;
  all.push_back({"5x5", 16, 24, 20, o, false});
  for (const size_t axis : {size_t{0}, size_t{1}}) {
    o = three();
    o.strides[axis] = 2;
    all.push_back({"stride along " + std::to_string(axis), 16, 48, 40, o, false});
    o = three();
    o.dilations[axis] = 2;
    all.push_back({"dilation along " + std::to_string(axis), 16, 24, 20, o, false});
  }
  o = three();
  o.group = 2;
  all.push_back({"groups", 32, 24, 20, o, false});
  o.group = 16;
  all.push_back({"depthwise", 16, 24, 20, o, false});
  all.push_back({"eleven channels", 11, 24, 20, three(), false});
  all.push_back({"twelve channels", 12, 24, 20, three(), true});
  all.push_back({"few pixels", 16, 12, 14, three(), false});
  all.push_back({"pixels enough", 16, 14, 14, three(), true});
  return all;
}

TEST(WinogradChoice, EachConditionCounts) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.what);
    GraphBuilder b(23);
    const ValueId x = b.silu(b.conv(b.input({1, 3, c.height, c.width}), c.channels));
    const Graph graph = b.finish({b.unary(Op::kRelu, b.conv(x, 16, c.o))});
    const auto compiled = compile(graph, test::without_head());
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    const auto artifact = Artifact::from_bytes(compiled.value().artifact, "test");
    ASSERT_TRUE(artifact.ok());
    bool winograd = false;
    for (const StepRecord& step : artifact.value().steps()) {
      winograd = winograd || step.kind == StepKind::kWinograd;
    }
    EXPECT_EQ(winograd, c.winograd);
    test::expect_runs_as_reference(graph, 7);
  }
}

}  // namespace
}  // namespace pawl::engine
