// DepthToSpace and SpaceToDepth: one strided copy, between images as between row-major values.
#include <array>
#include <utility>

#include "engine/plan/lowering.h"

namespace pawl::engine {
namespace {

// Distances in a (N, C, H, W) tensor, in floats.
struct Distances {
  int64_t image, channel, row, column;
};

Distances distances(const TensorRecord& tensor) {
  const int64_t C = tensor.extent[1];
  const int64_t H = tensor.extent[2];
  const int64_t W = tensor.extent[3];
  if (tensor.layout == Layout::kNhwc) {
    const int64_t pixel = tensor.pixel_stride;
    return {.image = 0, .channel = 1, .row = W * pixel, .column = pixel};
  }
  return {.image = C * H * W, .channel = H * W, .row = W, .column = 1};
}

}  // namespace

// The deep side has a channel for each pixel (i, j) of a block and channel c of the flat side:
// (i, j, c) in the order DCR, (c, i, j) in the order CRD.
void Lowering::lower_blocks(const Node& node, int32_t x) {
  const int32_t y = output(node);
  const bool deepens = node.op == Op::kSpaceToDepth;
  const Shape& deep_shape = shape(deepens ? node.outputs[0] : node.inputs[0]);
  const Distances deep = distances(builder_.tensor(deepens ? y : x));
  const Distances flat = distances(builder_.tensor(deepens ? x : y));
  const int64_t block = node.integer("blocksize");
  const int64_t C = deep_shape[1] / (block * block);
  const bool channel_last = node.text("mode") == "DCR";
  struct Axis {
    int64_t extent, deep, flat;
  };
  const int64_t phase = channel_last ? C * deep.channel : deep.channel;  // from j to j + 1
  const Axis n{deep_shape[0], deep.image, flat.image};
  const Axis c{C, channel_last ? deep.channel : block * block * deep.channel, flat.channel};
  const Axis h{deep_shape[2], deep.row, block * flat.row};
  const Axis i{block, block * phase, flat.row};
  const Axis w{deep_shape[3], deep.column, block * flat.column};
  const Axis j{block, phase, flat.column};
  // In the order of y's memory.
  std::array<Axis, 6> axes = {n, c, h, i, w, j};
  if (deepens)
    axes = channel_last ? std::array<Axis, 6>{n, i, j, c, h, w}
                        : std::array<Axis, 6>{n, c, i, j, h, w};
  if (nhwc(node.outputs[0])) {
    axes = {n, h, i, w, j, c};
    if (deepens)
      axes = channel_last ? std::array<Axis, 6>{n, h, w, i, j, c}
                          : std::array<Axis, 6>{n, h, w, c, i, j};
  }
  CopyFields fields{};
  for (size_t d = 0; d < axes.size(); ++d) {
    fields.extent[d] = axes[d].extent;
    fields.x_stride[d] = deepens ? axes[d].flat : axes[d].deep;
    fields.y_stride[d] = deepens ? axes[d].deep : axes[d].flat;
  }
  add_copy(node.name, x, y, fields);
}

}  // namespace pawl::engine
