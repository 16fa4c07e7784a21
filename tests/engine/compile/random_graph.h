// Random small detectors-like graphs: every operator the compiler takes, odd shapes, values read
// several times, in both layouts.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/engine/attention_block.h"
#include "tests/engine/graph_builder.h"

namespace pawl::test {

class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : b_(seed) {}

  Graph make() {
    const ValueId in = b_.input({1, b_.coin() ? 3 : 1, b_.pick(5, 13), b_.pick(5, 13)});
    images_ = {in};
    if (b_.pick(0, 3) > 0) add(b_.conv(in, b_.pick(2, 20), square(3)));
    const int64_t steps = b_.pick(3, 12);
    for (int64_t i = 0; i < steps; ++i) {
      const ValueId x = images_[static_cast<size_t>(
          b_.pick(std::max<int64_t>(0, static_cast<int64_t>(images_.size()) - 4),
                  static_cast<int64_t>(images_.size()) - 1))];
      step(x);
    }
    return finish(in);
  }

 private:
  const Shape& shape(ValueId id) const { return b_.shape(id); }

  void add(ValueId id) {
    const Shape& s = shape(id);
    const bool image = s.size() == 4 && s[0] == 1;
    // Growing maps are kept as outputs and not built on.
    if (image && s[1] <= 40 && s[2] <= 26 && s[3] <= 26) images_.push_back(id);
    made_.push_back(id);
  }

  // Outputs: everything nobody reads, and now and then a value in the middle.
  Graph finish(ValueId in) {
    Graph graph = b_.finish({});
    const engine::Uses uses = engine::compute_uses(graph);
    for (const ValueId id : made_) {
      const bool read = !uses.consumers[static_cast<size_t>(id)].empty();
      const bool twice = std::count(graph.outputs.begin(), graph.outputs.end(), id) != 0;
      if (id != in && !twice && (!read || b_.pick(0, 7) == 0)) graph.outputs.push_back(id);
    }
    return graph;
  }

  void step(ValueId x) {
    switch (b_.pick(0, 13)) {
      case 0:
      case 1:
        return convolve(x);
      case 2:
        return pool(x);
      case 3:
        return resize(x);
      case 4:
        return concat(x);
      case 5:
        return split(x);
      case 6:
        return slice(x);
      case 7:
        return unary(x);
      case 8:
        return with_constant(x);
      case 9:
        return with_value(x);
      case 10:
        return rearrange(x);
      case 11:
        return reduce(x);
      case 12:
        return attention(x);
      default:
        return select(x);
    }
  }

  ConvOptions random_window(ValueId x, int64_t kernel_max) {
    ConvOptions o;
    for (int attempt = 0; attempt < 50; ++attempt) {
      o.kernel_h = b_.pick(1, kernel_max);
      o.kernel_w = b_.pick(1, kernel_max);
      o.strides = {b_.pick(1, 3), b_.pick(1, 3)};
      o.dilations = {b_.pick(1, 2), b_.pick(1, 2)};
      o.pads = {b_.pick(0, o.kernel_h - 1), b_.pick(0, o.kernel_w - 1), b_.pick(0, o.kernel_h - 1),
                b_.pick(0, o.kernel_w - 1)};
      const int64_t h = shape(x)[2] + o.pads[0] + o.pads[2];
      const int64_t w = shape(x)[3] + o.pads[1] + o.pads[3];
      if ((o.kernel_h - 1) * o.dilations[0] < h && (o.kernel_w - 1) * o.dilations[1] < w) return o;
    }
    return ConvOptions{};
  }

  void convolve(ValueId x) {
    const int64_t C = shape(x)[1];
    ConvOptions o = b_.coin() ? square(3) : random_window(x, 5);
    o.bias = b_.pick(0, 3) != 0;
    int64_t channels = b_.pick(1, 20);
    switch (b_.pick(0, 3)) {
      case 0:  // depthwise
        o.group = C;
        channels = C;
        break;
      case 1: {  // grouped, also with several outputs a channel
        Ints divisors;
        for (int64_t g = 1; g <= C; ++g) {
          if (C % g == 0 && g <= 8) divisors.push_back(g);
        }
        o.group =
            divisors[static_cast<size_t>(b_.pick(0, static_cast<int64_t>(divisors.size()) - 1))];
        channels = o.group * b_.pick(1, 3);
        break;
      }
      case 2:
        if (b_.pick(0, 2) == 0) {
          return add(b_.conv_transpose(x, b_.pick(1, 9), b_.pick(1, 3), b_.pick(1, 2), b_.coin()));
        }
        break;
      default:
        break;
    }
    ValueId y = b_.conv(x, channels, o);
    if (b_.pick(0, 3) == 0) y = b_.batch_norm(y);
    if (b_.coin()) y = b_.pick(0, 2) == 0 ? b_.silu(y) : activation(y);
    if (shape(y) == shape(x) && b_.coin()) {
      y = b_.coin() ? b_.binary(Op::kAdd, x, y) : b_.binary(Op::kAdd, y, x);
    }
    add(y);
  }

  void pool(ValueId x) {
    ConvOptions o = random_window(x, 4);
    const Op op = b_.coin() ? Op::kMaxPool : Op::kAveragePool;
    add(b_.pool(op, x, o, b_.coin()));
  }

  void resize(ValueId x) {
    static constexpr const char* kCoordinates[] = {"asymmetric", "half_pixel", "pytorch_half_pixel",
                                                   "align_corners"};
    static constexpr const char* kNearest[] = {"floor", "ceil", "round_prefer_floor",
                                               "round_prefer_ceil"};
    add(b_.resize(x, b_.pick(1, 2 * shape(x)[2]), b_.pick(1, 2 * shape(x)[3]),
                  b_.coin() ? "linear" : "nearest", kCoordinates[b_.pick(0, 3)],
                  kNearest[b_.pick(0, 3)]));
  }

  void concat(ValueId x) {
    const auto axis = static_cast<size_t>(b_.pick(1, 3));
    std::vector<ValueId> parts = {x};
    for (const ValueId other : images_) {
      Shape s = shape(other);
      s[axis] = shape(x)[axis];
      if (s == shape(x) && b_.coin()) parts.push_back(other);
      if (parts.size() == 4) break;
    }
    if (b_.coin()) parts.push_back(b_.unary(Op::kTanh, x));
    if (b_.pick(0, 3) == 0) parts.push_back(b_.random_constant(shape(x)));
    std::shuffle(parts.begin(), parts.end(), b_.random());
    add(b_.concat(parts, static_cast<int64_t>(axis)));
  }

  void split(ValueId x) {
    const auto axis = static_cast<size_t>(b_.pick(0, 2) == 0 ? b_.pick(2, 3) : 1);
    const int64_t extent = shape(x)[axis];
    if (extent < 2) return unary(x);
    const int64_t first = b_.pick(1, extent - 1);
    std::vector<ValueId> parts = b_.split(x, static_cast<int64_t>(axis), {first, extent - first});
    for (const ValueId part : parts) add(part);
    if (b_.coin()) std::reverse(parts.begin(), parts.end());
    if (b_.coin()) add(b_.concat(parts, static_cast<int64_t>(axis)));
    if (axis == 1 && b_.coin()) {  // C2f
      const ValueId more = b_.conv(parts.back(), b_.pick(1, 6), square(3));
      parts.push_back(more);
      add(b_.concat(parts, 1));
    }
  }

  void slice(ValueId x) {
    const Shape& in = shape(x);
    Ints starts(4, 0);
    Ints steps(4, 1);
    Shape extents = in;
    for (size_t axis = 1; axis < 4; ++axis) {
      if (b_.pick(0, 2) == 0) continue;
      starts[axis] = b_.pick(0, in[axis] - 1);
      steps[axis] = b_.pick(1, std::min<int64_t>(3, in[axis]));
      int64_t room = in[axis] - 1 - starts[axis];
      if (b_.pick(0, 3) == 0) {
        room = starts[axis];
        steps[axis] = -steps[axis];
      }
      extents[axis] = 1 + b_.pick(0, room / std::abs(steps[axis]));
    }
    const ValueId y = b_.slice(x, starts, steps, extents);
    add(y);
    if (b_.coin()) add(b_.concat({b_.unary(Op::kTanh, y), y}, 1));
  }

  ValueId activation(ValueId x) {
    static constexpr Op kPlain[] = {Op::kRelu, Op::kSigmoid,   Op::kTanh,
                                    Op::kMish, Op::kHardSwish, Op::kSoftplus};
    switch (b_.pick(0, 5)) {
      case 0:
        return b_.node(Op::kLeakyRelu, {x}, {{"alpha", 0.1F}});
      case 1:
        return b_.node(Op::kHardSigmoid, {x}, {{"alpha", 0.2F}, {"beta", 0.4F}});
      case 2:
        return b_.node(Op::kClip, {x}, {{"min", -0.5F}, {"max", 0.75F}});
      case 3:
        return b_.node(Op::kGelu, {x}, {{"approximate", std::string("none")}});
      default:
        return b_.unary(kPlain[b_.pick(0, 5)], x);
    }
  }

  ValueId positive(ValueId x) { return b_.binary(Op::kAdd, b_.unary(Op::kSigmoid, x), half()); }
  ValueId half() { return b_.scalar(0.5F); }

  void unary(ValueId x) {
    switch (b_.pick(0, 10)) {
      case 0:
        return add(b_.unary(Op::kNeg, x));
      case 1:
        return add(b_.unary(Op::kAbs, x));
      case 2:
        return add(b_.unary(Op::kExp, b_.unary(Op::kTanh, x)));
      case 3:
        return add(b_.unary(Op::kLog, positive(x)));
      case 4:
        return add(b_.unary(Op::kSqrt, positive(x)));
      case 5:
        return add(b_.unary(b_.coin() ? Op::kSin : Op::kCos, x));
      case 6:
        return add(b_.unary(Op::kReciprocal, positive(x)));
      case 7:
        return add(b_.node(Op::kElu, {x}, {{"alpha", 0.7F}}));
      case 8:
        return add(b_.unary(b_.coin() ? Op::kErf : Op::kIdentity, x));
      default:
        return add(activation(x));
    }
  }

  void with_constant(ValueId x) {
    const Shape in = shape(x);
    const Shape shapes[] = {{},         {1}, {in[1], 1, 1},       {1, in[1], 1, 1}, {in[3]},
                            {in[2], 1}, in,  {1, 1, in[2], in[3]}};
    const Shape& s = shapes[b_.pick(0, 7)];
    switch (b_.pick(0, 7)) {
      case 0:
        return add(b_.binary(Op::kDiv, x, b_.random_constant(s, 0.5F, 2.0F)));
      case 1:
        return add(b_.binary(Op::kDiv, b_.random_constant(s), positive(x)));
      case 2:
        return add(b_.binary(Op::kPow, positive(x), b_.random_constant(s, -2.0F, 2.0F)));
      default:
        break;
    }
    static constexpr Op kOps[] = {Op::kAdd, Op::kSub, Op::kMul, Op::kMin, Op::kMax};
    const Op op = kOps[b_.pick(0, 4)];
    const ValueId c = b_.random_constant(s);
    add(b_.coin() ? b_.binary(op, x, c) : b_.binary(op, c, x));
  }

  void with_value(ValueId x) {
    static constexpr Op kOps[] = {Op::kAdd, Op::kSub, Op::kMul, Op::kMin, Op::kMax};
    const Op op = kOps[b_.pick(0, 4)];
    const int64_t kind = b_.pick(0, 3);
    ValueId other = x;
    if (kind == 0) {  // squeeze and excite
      other = b_.reduce(Op::kReduceMean, x, {2, 3}, true);
      if (b_.coin()) other = b_.unary(Op::kSigmoid, b_.conv(other, shape(x)[1]));
    } else if (kind == 1) {
      other = b_.reduce(Op::kReduceMax, x, {b_.pick(1, 3)}, true);
    } else {
      for (const ValueId image : images_) {
        if (image != x && shape(image) == shape(x)) other = image;
      }
      if (other == x) other = b_.conv(x, shape(x)[1]);
    }
    const ValueId y = b_.coin() ? b_.binary(op, x, other) : b_.binary(op, other, x);
    add(op == Op::kMul ? b_.unary(Op::kTanh, y) : y);
  }

  // Channel gathers, shuffles, Focus, and reshapes there and back.
  void rearrange(ValueId x) {
    const Shape in = shape(x);
    switch (b_.pick(0, 4)) {
      case 0: {
        Ints index;
        for (int64_t i = b_.pick(1, 2 * in[1]); i > 0; --i) {
          index.push_back(b_.pick(-in[1], in[1] - 1));
        }
        return add(b_.gather(x, b_.indices({static_cast<int64_t>(index.size())}, index), 1));
      }
      case 1: {
        if (in[1] % 2 != 0) break;
        const ValueId grouped = b_.reshape(x, {1, 2, in[1] / 2, in[2], in[3]});
        return add(b_.reshape(b_.transpose(grouped, {0, 2, 1, 3, 4}), in));
      }
      case 2: {
        if (in[2] % 2 != 0 || in[3] % 2 != 0) break;
        std::vector<ValueId> parts;
        for (const int64_t phase : {0, 2, 1, 3}) {
          parts.push_back(b_.slice(x, {0, 0, phase / 2, phase % 2}, {1, 1, 2, 2},
                                   {1, in[1], in[2] / 2, in[3] / 2}));
        }
        if (b_.pick(0, 3) == 0) parts.pop_back();
        return add(b_.concat(parts, 1));
      }
      case 3:
        return add(b_.transpose(x, b_.coin() ? Ints{0, 1, 3, 2} : Ints{0, 3, 1, 2}));
      default:
        break;
    }
    const ValueId rows = b_.transpose(b_.reshape(x, {1, in[1], in[2] * in[3]}), {0, 2, 1});
    add(b_.conv(b_.reshape(rows, {1, in[2], in[3], in[1]}), 3));
  }

  void reduce(ValueId x) {
    static constexpr Op kOps[] = {Op::kReduceMean, Op::kReduceMax, Op::kReduceMin, Op::kReduceSum};
    static const Ints kAxes[] = {{2, 3}, {1}, {2}, {3}, {1, 2}, {1, 2, 3}, {3, 2}};
    const Op op = b_.coin() ? Op::kReduceMean : kOps[b_.pick(0, 3)];
    add(b_.reduce(op, x, kAxes[b_.pick(0, 6)], b_.pick(0, 2) != 0));
  }

  // What a transformer block does, in any spelling; some that no fused step does.
  void attention(ValueId x) {
    const Shape in = shape(x);
    const int64_t P = in[2] * in[3];
    Ints areas = {1, 1, 1};
    for (const int64_t count : {2, 3, 4}) {
      if (P % count == 0 && P > count) areas.push_back(count);
    }
    const int64_t count =
        areas[static_cast<size_t>(b_.pick(0, static_cast<int64_t>(areas.size()) - 1))];
    const Flaw flaws[] = {Flaw::kNone, Flaw::kNone,           Flaw::kScaleAHead,
                          Flaw::kMask, Flaw::kQueriesSoftmax, Flaw::kScaledWeights};
    AttentionBlock block(&b_, {b_.pick(1, 3), count, b_.pick(1, 6), b_.pick(1, 9)},
                         flaws[b_.pick(0, 5)]);
    const ValueId y = block.make(x);
    add(b_.coin() ? b_.conv(y, in[1]) : y);
    const ValueId dense =
        b_.node(Op::kMatMul, {b_.reshape(x, {in[1], P}), b_.random_constant({P, b_.pick(1, 5)})});
    add(b_.coin() ? b_.softmax(dense, b_.pick(0, 1)) : dense);
  }

  // The end of a suppression-free head: best rows by score.
  void select(ValueId x) {
    const Shape in = shape(x);
    const int64_t P = in[2] * in[3];
    // Distinct scores: an order that rounding cannot change.
    std::vector<float> spread(static_cast<size_t>(P));
    for (size_t i = 0; i < spread.size(); ++i) spread[i] = 3.0F * static_cast<float>(i);
    std::shuffle(spread.begin(), spread.end(), b_.random());
    const ValueId rows = b_.transpose(b_.reshape(x, {1, in[1], P}), {0, 2, 1});
    const ValueId scores = b_.reduce(Op::kReduceMax, rows, {2}, false);
    const ValueId bounded = b_.unary(Op::kTanh, scores);
    const ValueId distinct = b_.binary(Op::kAdd, bounded, b_.constant({1, P}, spread));
    const int64_t k = b_.pick(1, P);
    const std::vector<ValueId> best = b_.top_k(distinct, 1, k, b_.coin());
    add(best[0]);
    add(best[1]);
    const ValueId column = b_.reshape(best[1], {1, k, 1});
    const ValueId wide = b_.expand(column, {1, k, in[1]});
    add(b_.gather_elements(rows, wide, 1));
    add(b_.gather(rows, b_.reshape(best[1], {k}), 1));
    const ValueId three = b_.indices({1}, {3});
    add(b_.cast(b_.binary(Op::kMod, best[1], three), DType::kFloat32));
    add(b_.binary(Op::kDiv, best[1], three));
    add(b_.node(Op::kArgMax, {distinct},
                {{"axis", int64_t{1}},
                 {"keepdims", int64_t{b_.coin()}},
                 {"select_last_index", int64_t{0}}}));
  }

  GraphBuilder b_;
  std::vector<ValueId> images_;
  std::vector<ValueId> made_;
};

}  // namespace pawl::test
