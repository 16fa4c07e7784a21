// Attention blocks in the spellings of exporters, chosen at random: where queries, keys and values
// come from, how their matrices lie, where the scale stands, which axis the softmax runs along.
#pragma once

#include <cmath>
#include <vector>

#include "tests/engine/graph_builder.h"

namespace pawl::test {

// What makes a block something that no fused step does, while it looks like one.
enum class Flaw {
  kNone,
  kScaleAHead,      // one factor a head
  kMask,            // something is added to the scores
  kScaledValues,    // values times a constant
  kScaledWeights,   // a factor behind the softmax
  kQueriesSoftmax,  // weights of a key sum to 1, not those of a query
  kWeightsReadTwice,
  kOtherHeads,      // values of another head than the weights'
  kColumns,         // areas are columns, not rows
  kWrongPixels,     // the result's pixels are turned
  kShiftedQueries,  // every query is the next pixel's, the last one the next channel's first
};
inline constexpr Flaw kFlaws[] = {Flaw::kScaleAHead,     Flaw::kMask,
                                  Flaw::kScaledValues,   Flaw::kScaledWeights,
                                  Flaw::kQueriesSoftmax, Flaw::kWeightsReadTwice,
                                  Flaw::kOtherHeads,     Flaw::kColumns,
                                  Flaw::kWrongPixels,    Flaw::kShiftedQueries};

struct AttentionExtents {
  int64_t heads, areas, key, value;
};

class AttentionBlock {
 public:
  AttentionBlock(GraphBuilder* b, AttentionExtents extents, Flaw flaw = Flaw::kNone)
      : b_(*b), e_(extents), flaw_(flaw) {}

  // The image of results (1, heads*value, H, W).
  ValueId make(ValueId x) {
    height_ = b_.shape(x)[2];
    width_ = b_.shape(x)[3];
    tokens_ = height_ * width_ / e_.areas;
    merge_batch_ = b_.coin();
    heads_first_ = flaw_ == Flaw::kNone && b_.coin();
    ValueId operands[3];
    take_operands(x, operands);
    const ValueId scores = scored(operands[0], operands[1]);
    return mixed(scores, operands[2]);
  }
  ValueId values() const { return values_; }  // (areas, heads, value, tokens), or heads first
  bool heads_first() const { return heads_first_; }
  // Something else that was made on the way and must be kept alive, or kNoValue.
  ValueId also() const { return also_; }

 private:
  // (1, heads*extent, H, W) to (areas, heads, extent, tokens), or to (heads, areas, ..).
  ValueId grouped(ValueId image, int64_t extent) {
    ValueId y = engine::kNoValue;
    if (flaw_ == Flaw::kColumns) {
      y = b_.reshape(image, {e_.heads, extent, tokens_, e_.areas});
      y = b_.transpose(y, {3, 0, 1, 2});
    } else if (heads_first_) {
      y = b_.reshape(image, {e_.heads, extent, e_.areas, tokens_});
      y = b_.transpose(y, {0, 2, 1, 3});
    } else if (e_.areas > 1 && b_.coin()) {  // as YOLO12: pixels first
      y = b_.transpose(b_.reshape(image, {1, e_.heads * extent, height_ * width_}), {0, 2, 1});
      y = b_.reshape(y, {e_.areas, tokens_, e_.heads * extent});
      y = b_.reshape(y, {e_.areas, tokens_, e_.heads, extent});
      y = b_.transpose(y, {0, 2, 3, 1});
    } else if (e_.areas > 1) {
      y = b_.reshape(image, {e_.heads, extent, e_.areas, tokens_});
      y = b_.transpose(y, {2, 0, 1, 3});
    } else {
      y = b_.reshape(image, {1, e_.heads, extent, tokens_});
    }
    return y;
  }
  ValueId stacked(ValueId y) {
    const Shape s = b_.shape(y);
    return merge_batch_ ? b_.reshape(y, {s[0] * s[1], s[2], s[3]}) : y;
  }

  void take_operands(ValueId x, ValueId operands[3]) {
    const int64_t D = e_.key;
    const int64_t V = e_.value;
    const int64_t h = e_.heads;
    switch (b_.pick(0, 3)) {
      case 0: {  // every head's q, k and v together
        const ValueId all = grouped(b_.conv(x, h * (2 * D + V)), 2 * D + V);
        const auto parts = b_.split(all, 2, {D, D, V});
        for (size_t i = 0; i < 3; ++i) operands[i] = parts[i];
        break;
      }
      case 1: {  // all q, all k, all v
        const auto parts = b_.split(b_.conv(x, h * (2 * D + V)), 1, {h * D, h * D, h * V});
        for (size_t i = 0; i < 3; ++i) operands[i] = grouped(parts[i], i == 2 ? V : D);
        break;
      }
      case 2: {  // values first, by slices
        const ValueId all = b_.conv(x, h * (2 * D + V));
        operands[0] = grouped(b_.slice_axis(all, 1, h * V, h * D), D);
        operands[1] = grouped(b_.slice_axis(all, 1, h * (V + D), h * D), D);
        operands[2] = grouped(b_.slice_axis(all, 1, 0, h * V), V);
        break;
      }
      default:  // three convolutions
        operands[0] = grouped(b_.conv(x, h * D), D);
        operands[1] = grouped(b_.conv(x, h * D), D);
        operands[2] = grouped(b_.conv(x, h * V), V);
    }
    values_ = operands[2];
    if (flaw_ == Flaw::kScaledValues) operands[2] = times(operands[2], 0.5F);
    if (flaw_ == Flaw::kShiftedQueries) {
      const int64_t elements = h * D * height_ * width_;
      const ValueId flat = b_.reshape(b_.conv(x, h * D + 1), {elements + height_ * width_});
      const ValueId next = b_.slice_axis(flat, 0, 1, elements);
      operands[0] = grouped(b_.reshape(next, {1, h * D, height_, width_}), D);
    }
    if (flaw_ == Flaw::kOtherHeads) {
      const auto halves = b_.split(operands[2], 1, {1, h - 1});
      operands[2] = b_.concat({halves[1], halves[0]}, 1);
    }
    if (flaw_ == Flaw::kScaleAHead) {
      operands[0] = b_.binary(Op::kMul, operands[0], b_.random_constant({h, 1, 1}, 0.3F, 0.6F));
    }
    for (size_t i = 0; i < 3; ++i) operands[i] = stacked(operands[i]);
  }

  // Swaps the last two axes.
  ValueId turned(ValueId y) {
    return b_.transpose(y, merge_batch_ ? Ints{0, 2, 1} : Ints{0, 1, 3, 2});
  }
  // A constant factor as Mul or Div, scalar, vector or whole tensor, on either side.
  ValueId times(ValueId y, float factor) {
    const Shape shapes[] = {{}, {1}, Shape(b_.shape(y).size(), 1), b_.shape(y)};
    const Shape& s = shapes[b_.pick(0, 3)];
    const auto count = static_cast<size_t>(engine::element_count(s));
    if (b_.coin()) {
      return b_.binary(Op::kDiv, y, b_.constant(s, std::vector<float>(count, 1.0F / factor)));
    }
    const ValueId c = b_.constant(s, std::vector<float>(count, factor));
    return b_.coin() ? b_.binary(Op::kMul, y, c) : b_.binary(Op::kMul, c, y);
  }

  // (.., queries, keys), or (.., keys, queries): rows_are_queries_ says which.
  ValueId scored(ValueId q, ValueId k) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(e_.key));
    const int64_t place = b_.pick(0, 4);
    if (place == 0) q = times(q, scale);
    if (place == 1) k = times(k, scale);
    if (place == 2) {
      q = times(q, std::sqrt(scale));
      k = times(k, std::sqrt(scale));
    }
    rows_are_queries_ = b_.coin();
    ValueId y = rows_are_queries_ ? b_.node(Op::kMatMul, {turned(q), k})
                                  : b_.node(Op::kMatMul, {turned(k), q});
    if (place == 3) y = times(y, scale);
    if (flaw_ == Flaw::kMask) y = b_.binary(Op::kAdd, y, b_.random_constant({tokens_, tokens_}));
    if (b_.pick(0, 3) == 0) {
      y = turned(y);
      rows_are_queries_ = !rows_are_queries_;
    }
    const auto rank = static_cast<int64_t>(b_.shape(y).size());
    const bool along_columns = rows_are_queries_ != (flaw_ == Flaw::kQueriesSoftmax);
    ValueId weights = b_.softmax(y, along_columns ? rank - 1 : rank - 2);
    if (flaw_ == Flaw::kScaledWeights) weights = times(weights, 0.7F);
    if (flaw_ == Flaw::kWeightsReadTwice) also_ = b_.unary(Op::kNeg, weights);
    return weights;
  }

  ValueId mixed(ValueId weights, ValueId v) {
    const int64_t V = e_.value;
    // (queries, keys) * (keys, value), or (value, keys) * (keys, queries).
    const bool queries_are_rows = b_.coin();
    if (queries_are_rows != rows_are_queries_) weights = turned(weights);
    ValueId y = queries_are_rows ? b_.node(Op::kMatMul, {weights, turned(v)})
                                 : b_.node(Op::kMatMul, {v, weights});
    if (queries_are_rows) y = turned(y);
    if (flaw_ == Flaw::kWrongPixels) {
      y = b_.reshape(y, {e_.areas, e_.heads * V, height_ / e_.areas, width_});
      y = b_.reshape(b_.transpose(y, {0, 1, 3, 2}), {e_.areas, e_.heads, V, tokens_});
    }
    if (heads_first_) {
      y = b_.reshape(y, {e_.heads, e_.areas, V, tokens_});
      return b_.reshape(b_.transpose(y, {0, 2, 1, 3}), {1, e_.heads * V, height_, width_});
    }
    y = b_.reshape(y, {e_.areas, e_.heads, V, tokens_});
    if (flaw_ == Flaw::kColumns) {
      y = b_.transpose(y, {1, 2, 3, 0});
    } else if (e_.areas > 1 && b_.coin()) {  // as YOLO12: through (H, W, C)
      y = b_.reshape(b_.transpose(y, {0, 3, 1, 2}), {1, height_, width_, e_.heads * V});
      return b_.transpose(y, {0, 3, 1, 2});
    } else if (e_.areas > 1) {
      y = b_.transpose(y, {1, 2, 0, 3});
    }
    return b_.reshape(y, {1, e_.heads * V, height_, width_});
  }

  GraphBuilder& b_;
  AttentionExtents e_;
  Flaw flaw_;
  int64_t height_ = 0, width_ = 0, tokens_ = 0;
  bool merge_batch_ = false, heads_first_ = false, rows_are_queries_ = false;
  ValueId values_ = engine::kNoValue, also_ = engine::kNoValue;
};

}  // namespace pawl::test
