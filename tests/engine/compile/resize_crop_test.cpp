// Proves that a network which cuts rows or columns out of an image is not laid out for another
// size: where the cut begins was right for one size only. Its own size stays possible.
#include <gtest/gtest.h>

#include <string>

#include "engine/compile/compiler.h"
#include "engine/compile/resize_network.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::square;

ValueId head_conv(GraphBuilder* b, ValueId x, int64_t channels, float bias) {
  return b->conv(x, channels, {.bias_mean = bias});
}

// A detector whose neck is twice as large for a moment and cut to size along `axes`, from `start`
// of its rows and columns.
Graph detector(const std::vector<size_t>& axes, int64_t start) {
  GraphBuilder b(3);
  ValueId x = b.silu(b.conv(b.input({1, 3, 64, 64}), 8, square(3, 2)));
  x = b.silu(b.conv(x, 12, square(3, 2)));
  ValueId neck = b.silu(b.conv(x, 12, square(3, 2)));
  int64_t extent[2] = {8, 8};
  for (const size_t axis : axes) extent[axis - 2] = 16;
  if (!axes.empty()) neck = b.resize(neck, extent[0], extent[1], "nearest", "asymmetric", "floor");
  for (const size_t axis : axes) neck = b.slice_axis(neck, axis, start, 8);
  const ValueId halves = b.slice_axis(neck, 1, 0, 12);  // channels may be cut
  std::vector<ValueId> flat;
  for (const ValueId map : {halves, b.silu(b.conv(halves, 12, square(3, 2)))}) {
    const ValueId all =
        b.concat({head_conv(&b, map, 4, 0.3F), b.unary(Op::kSigmoid, head_conv(&b, map, 1, 1.0F)),
                  b.unary(Op::kSigmoid, head_conv(&b, map, 5, 1.0F))},
                 1);
    flat.push_back(b.reshape(all, {1, 10, b.shape(map)[2] * b.shape(map)[3]}));
  }
  return b.finish({b.transpose(b.concat(flat, 2), {0, 2, 1})});
}

std::string refusal(const Graph& graph, InputSize size) {
  CompileOptions options;
  options.input = size;
  const auto compiled = compile(graph, options);
  return compiled.ok() ? "" : compiled.error().message;
}

TEST(ResizeCrop, CutsOfRowsAndColumnsStateASize) {
  EXPECT_EQ(refusal(detector({}, 0), {96, 64}), "");
  for (const int64_t start : {0, 8}) {
    for (const std::vector<size_t>& axes :
         {std::vector<size_t>{2}, std::vector<size_t>{3}, std::vector<size_t>{2, 3}}) {
      for (const InputSize size : {InputSize{96, 64}, InputSize{64, 96}, InputSize{128, 128}}) {
        EXPECT_NE(refusal(detector(axes, start), size).find("states the size"), std::string::npos)
            << axes.size() << " axes, first " << axes[0] << ", from " << start << ", " << size.width
            << "x" << size.height << ": " << refusal(detector(axes, start), size);
      }
    }
  }
}

}  // namespace
}  // namespace pawl::engine
