// Convolutions, pools and resizes that no step does as they are.
#include <algorithm>

#include "engine/graph/resampling.h"
#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"
#include "engine/plan/spelling.h"
#include "engine/plan/views.h"

namespace pawl::engine {
namespace {

bool is_constant(const Graph& graph, ValueId id) {
  return !constant_floats(graph, id).empty();
}

bool has_bias(const Node& conv) {
  return conv.inputs.size() > 2 && conv.inputs[2] != kNoValue;
}

// A transposed convolution with one tap for each output pixel, which lower() deals out.
bool tiles_its_output(const Node& node) {
  const auto all = [&](const char* key, int64_t wanted) {
    const std::vector<int64_t>& values = node.integers(key);
    return std::all_of(values.begin(), values.end(), [=](int64_t v) { return v == wanted; });
  };
  return node.integers("kernel") == node.integers("strides") && all("pads", 0) &&
         all("output_padding", 0) && all("dilations", 1) && node.integer("group") == 1;
}

}  // namespace

// Each image of a batch by itself, with everything else that the node reads.
bool Spelling::image_by_image(const Node& node) {
  const int64_t images = shape(node.inputs[0])[0];
  std::vector<ValueId> results;
  for (int64_t n = 0; n < images; ++n) {
    std::vector<ValueId> inputs = node.inputs;
    inputs[0] = sliced(node, inputs[0], 0, n, 1);
    if (inputs.size() > 3) inputs[3] = sliced(node, inputs[3], 0, n, 1);
    results.push_back(add(node, node.op, std::move(inputs), node.attributes));
  }
  return finish(node, Op::kConcat, std::move(results), {{"axis", int64_t{0}}});
}

bool Spelling::conv(const Node& node) {
  if (shape(node.inputs[0])[0] != 1) return image_by_image(node);
  if (has_constant_weights(graph_, node)) return false;
  const bool weights_known = is_constant(graph_, node.inputs[1]);
  PAWL_CHECK(!node.has("activation") && node.inputs.size() <= 3);  // fused with known ones only
  const Shape out = shape(node.outputs[0]);
  const auto product = [&] {
    if (weights_known) {
      return add(node, Op::kConv, {node.inputs[0], node.inputs[1]}, node.attributes);
    }
    const int64_t groups = node.integer("group");
    const Shape w = shape(node.inputs[1]);
    const ValueId rows =
        reshaped(node, node.inputs[1], {groups, w[0] / groups, w[1] * w[2] * w[3]});
    return reshaped(node, add(node, Op::kMatMul, {rows, windows(node, node.inputs[0])}), out);
  };
  if (!has_bias(node)) return finish(node, Op::kIdentity, {product()});
  const ValueId bias = reshaped(node, node.inputs[2], {out[1], 1, 1});
  return finish(node, Op::kAdd, {product(), bias});
}

// (groups, C/groups * KH*KW, OH*OW): what each window of a convolution reads, a column each.
ValueId Spelling::windows(const Node& node, ValueId x) {
  const std::vector<int64_t>& kernel = node.integers("kernel");
  const std::vector<int64_t>& strides = node.integers("strides");
  const std::vector<int64_t>& dilations = node.integers("dilations");
  const std::vector<int64_t>& p = node.integers("pads");
  const Shape out = shape(node.outputs[0]);
  const int64_t groups = node.integer("group");
  const int64_t per_group = shape(x)[1] / groups;
  const int64_t pixels = out[2] * out[3];
  const std::vector<int64_t> pads = {0, 0, p[0], p[1], 0, 0, p[2], p[3]};
  if (std::any_of(p.begin(), p.end(), [](int64_t pad) { return pad > 0; })) {
    x = add(node, Op::kPad, {x},
            {{"pads", pads}, {"mode", std::string("constant")}, {"value", 0.0F}});
  }
  std::vector<ValueId> taps;
  for (int64_t ky = 0; ky < kernel[0]; ++ky) {
    const ValueId rows = sliced(node, x, 2, ky * dilations[0], out[2], strides[0]);
    for (int64_t kx = 0; kx < kernel[1]; ++kx) {
      const ValueId tap = sliced(node, rows, 3, kx * dilations[1], out[3], strides[1]);
      taps.push_back(reshaped(node, tap, {groups, per_group, 1, pixels}));
    }
  }
  const auto count = static_cast<int64_t>(taps.size());
  const ValueId all = add(node, Op::kConcat, std::move(taps), {{"axis", int64_t{2}}});
  return reshaped(node, all, {groups, per_group * count, pixels});
}

// With stride (sh, sw), output pixel (q*sh + row, r*sw + column) is a convolution of the input
// around (q, r) by every sh-th, sw-th tap. This is that convolution, for output rows 0 to OH*sh.
//   y[q] = sum_m x[q - m] * w[row + m*sh]
ValueId Spelling::phase(const Node& node, int64_t row, int64_t column, int64_t OH, int64_t OW) {
  const std::vector<int64_t>& kernel = node.integers("kernel");
  const std::vector<int64_t>& strides = node.integers("strides");
  const std::vector<int64_t>& dilations = node.integers("dilations");
  const Shape in = shape(node.inputs[0]);
  const Shape w = shape(node.inputs[1]);  // (IC, OC/groups, KH, KW)
  const int64_t groups = node.integer("group");
  const int64_t ic = w[0] / groups;
  // All phases have windows of one extent, so that their outputs have too.
  const auto taps = [&](size_t d) {
    return ((kernel[d] - 1) * dilations[d] + 1 + strides[d] - 1) / strides[d];
  };
  const int64_t MH = taps(0);
  const int64_t MW = taps(1);
  Tensor weight(DType::kFloat32, {groups * w[1], ic, MH, MW});
  const std::span<float> to = weight.as<float>();
  const std::span<const float> from = constant_floats(graph_, node.inputs[1]);
  // The tap of the file that output offset `at` reads, or -1 between dilated ones.
  const auto tap = [&](size_t d, int64_t at) {
    return at % dilations[d] == 0 && at / dilations[d] < kernel[d] ? at / dilations[d] : -1;
  };
  size_t next = 0;
  for (int64_t oc = 0; oc < groups * w[1]; ++oc) {
    for (int64_t c = 0; c < ic; ++c) {
      for (int64_t y = 0; y < MH; ++y) {
        for (int64_t x = 0; x < MW; ++x, ++next) {
          const int64_t ky = tap(0, row + (MH - 1 - y) * strides[0]);
          const int64_t kx = tap(1, column + (MW - 1 - x) * strides[1]);
          if (ky < 0 || kx < 0) continue;
          const int64_t filter = (oc / w[1] * ic + c) * w[1] + oc % w[1];
          to[next] = from[static_cast<size_t>((filter * w[2] + ky) * w[3] + kx)];
        }
      }
    }
  }
  std::vector<ValueId> inputs = {node.inputs[0], constant(node, std::move(weight))};
  if (has_bias(node)) inputs.push_back(node.inputs[2]);
  return add(node, Op::kConv, std::move(inputs),
             {{"kernel", std::vector<int64_t>{MH, MW}},
              {"strides", std::vector<int64_t>{1, 1}},
              {"pads", std::vector<int64_t>{MH - 1, MW - 1, OH - in[2], OW - in[3]}},
              {"dilations", std::vector<int64_t>{1, 1}},
              {"group", groups}});
}

// All phases side by side as channels, moved to blocks of pixels, and the padding cut off.
bool Spelling::conv_transpose(const Node& node) {
  if (shape(node.inputs[0])[0] != 1) return image_by_image(node);
  if (!is_constant(graph_, node.inputs[1])) return false;
  if (has_bias(node) && !is_constant(graph_, node.inputs[2])) {
    const ValueId product =
        add(node, Op::kConvTranspose, {node.inputs[0], node.inputs[1]}, node.attributes);
    const ValueId bias = reshaped(node, node.inputs[2], {shape(product)[1], 1, 1});
    return finish(node, Op::kAdd, {product, bias});
  }
  if (tiles_its_output(node)) return false;
  const std::vector<int64_t>& strides = node.integers("strides");
  const std::vector<int64_t>& pads = node.integers("pads");
  const Shape in = shape(node.inputs[0]);
  const Shape out = shape(node.outputs[0]);
  const auto blocks = [&](size_t d) {
    return std::max(in[d + 2], (pads[d] + out[d + 2] + strides[d] - 1) / strides[d]);
  };
  const int64_t OH = blocks(0);
  const int64_t OW = blocks(1);
  std::vector<ValueId> phases;
  for (int64_t row = 0; row < strides[0]; ++row) {
    for (int64_t column = 0; column < strides[1]; ++column) {
      phases.push_back(phase(node, row, column, OH, OW));
    }
  }
  ValueId y = phases[0];
  if (phases.size() > 1) y = add(node, Op::kConcat, std::move(phases), {{"axis", int64_t{1}}});
  if (strides[0] == strides[1] && strides[0] > 1) {
    y = add(node, Op::kDepthToSpace, {y},
            {{"blocksize", strides[0]}, {"mode", std::string("DCR")}});
  } else if (strides[0] != strides[1]) {
    y = reshaped(node, y, {strides[0], strides[1], out[1], OH, OW});
    y = transposed(node, y, {2, 3, 0, 4, 1});
    y = reshaped(node, y, {1, out[1], OH * strides[0], OW * strides[1]});
  }
  return finish(node, Op::kSlice, {y},
                {{"starts", std::vector<int64_t>{0, 0, pads[0], pads[1]}},
                 {"steps", std::vector<int64_t>{1, 1, 1, 1}}});
}

// Images of a batch are channels of one image to a pool, and a window over everything is a
// reduction, of any size.
bool Spelling::pool(const Node& node) {
  const Shape in = shape(node.inputs[0]);
  const Shape out = shape(node.outputs[0]);
  const std::vector<int64_t>& pads = node.integers("pads");
  const bool everything = node.integers("kernel") == std::vector<int64_t>{in[2], in[3]} &&
                          std::all_of(pads.begin(), pads.end(), [](int64_t p) { return p == 0; }) &&
                          node.integers("dilations") == std::vector<int64_t>{1, 1};
  if (everything && !window_fits(node)) {
    return finish(node, node.op == Op::kMaxPool ? Op::kReduceMax : Op::kReduceMean,
                  {node.inputs[0]},
                  {{"axes", std::vector<int64_t>{2, 3}}, {"keepdims", int64_t{1}}});
  }
  if (in[0] == 1) return false;
  const ValueId x = reshaped(node, node.inputs[0], {1, in[0] * in[1], in[2], in[3]});
  return finish(node, Op::kReshape, {add(node, node.op, {x}, node.attributes)});
}

// Along one axis after the other: each index reads one or blends two.
bool Spelling::resize(const Node& node) {
  const Shape in = shape(node.inputs[0]);
  const Shape out = shape(node.outputs[0]);
  if (is_image(in) && in[1] == out[1]) return false;
  Coordinate coordinate{};
  Nearest nearest{};
  const bool linear = node.text("mode") == "linear";
  PAWL_CHECK(parse_coordinate(node.text("coordinate"), &coordinate));
  PAWL_CHECK(linear || parse_nearest(node.text("nearest"), &nearest));
  ValueId x = node.inputs[0];
  for (size_t d = 0; d < in.size(); ++d) {
    const ResampledAxis along{in[d], out[d], node.reals("scales")[d], coordinate};
    std::vector<int64_t> low;
    std::vector<int64_t> high;
    std::vector<float> weight;
    bool same = in[d] == out[d];
    for (int64_t i = 0; i < out[d]; ++i) {
      const LinearTap tap =
          linear ? linear_tap(along, i) : LinearTap{nearest_index(along, nearest, i), 0, 0.0F};
      low.push_back(tap.low);
      high.push_back(tap.high);
      weight.push_back(tap.weight);
      same = same && tap.low == i && tap.weight == 0.0F;
    }
    if (same) continue;
    const auto gathered = [&](const std::vector<int64_t>& index) {
      return add(node, Op::kGather, {x, whole_numbers(node, {out[d]}, index)},
                 {{"axis", static_cast<int64_t>(d)}});
    };
    const ValueId first = gathered(low);
    if (linear) {
      Shape broadcast(in.size() - d, 1);
      broadcast[0] = out[d];
      const ValueId t =
          constant(node, Tensor::of<float>(broadcast, std::span<const float>(weight)));
      const ValueId step = add(node, Op::kSub, {gathered(high), first});
      x = add(node, Op::kAdd, {first, add(node, Op::kMul, {step, t})});
    } else {
      x = first;
    }
  }
  return finish(node, Op::kIdentity, {x});
}

}  // namespace pawl::engine
