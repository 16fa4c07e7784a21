// Proves that the nodes in front of a graph's outputs tell heads apart that have the same shapes,
// and models of other tasks from detectors: each kind of tail as its exporter writes it, without
// any metadata, at an input size where shapes read several ways.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/compile/outline.h"
#include "engine/head/head_guess.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::Ints;
using test::square;

constexpr int64_t kCells = 64 + 16 + 4;  // of a 64x64 input

class Tail {
 public:
  explicit Tail(uint64_t seed) : b(seed) {
    ValueId x = b.silu(b.conv(b.input({1, 3, 64, 64}), 8, square(3, 2)));
    x = b.silu(b.conv(x, 8, square(3, 2)));
    quarter = x;
    for (int level = 0; level < 3; ++level) {
      x = b.silu(b.conv(x, 12, square(3, 2)));
      maps.push_back(x);
    }
  }

  // A convolution a level, flattened and joined: (1, channels, cells).
  ValueId joined(int64_t channels) {
    std::vector<ValueId> levels;
    for (const ValueId map : maps) levels.push_back(flat(b.conv(map, channels)));
    return b.concat(levels, 2);
  }
  ValueId flat(ValueId map) {
    const Shape s = b.shape(map);
    return b.reshape(map, {1, s[1], s[2] * s[3]});
  }
  ValueId sigmoid(ValueId x) { return b.unary(Op::kSigmoid, x); }
  ValueId rows(ValueId columns) { return b.transpose(columns, {0, 2, 1}); }
  ValueId arithmetic(ValueId x) { return b.binary(Op::kMul, x, b.random_constant(b.shape(x))); }

  // Distances to centre and size, times stride: (1, 4, cells).
  ValueId decoded(ValueId distances) {
    const std::vector<ValueId> halves = b.split(distances, 1, {2, 2});
    const ValueId anchors = b.random_constant({1, 2, kCells});
    const ValueId low = b.binary(Op::kSub, anchors, halves[0]);
    const ValueId high = b.binary(Op::kAdd, anchors, halves[1]);
    const ValueId centre = b.binary(Op::kDiv, b.binary(Op::kAdd, low, high), b.scalar(2.0F));
    return arithmetic(b.concat({centre, b.binary(Op::kSub, high, low)}, 1));
  }
  // Boxes and classes from a convolution each, joined on every level, cut, decoded.
  ValueId v8(int64_t classes) {
    std::vector<ValueId> levels;
    for (const ValueId map : maps) {
      levels.push_back(flat(b.concat({b.conv(map, 4), b.conv(map, classes)}, 1)));
    }
    const std::vector<ValueId> parts = b.split(b.concat(levels, 2), 1, {4, classes});
    return b.concat({decoded(parts[0]), sigmoid(parts[1])}, 1);
  }
  // One convolution a level for all.
  ValueId one_convolution(int64_t classes, bool objectness) {
    const int64_t scores = classes + (objectness ? 1 : 0);
    const std::vector<ValueId> parts = b.split(joined(4 + scores), 1, {4, scores});
    return b.concat({decoded(parts[0]), sigmoid(parts[1])}, 1);
  }
  ValueId yolox(int64_t classes, bool exp) {
    std::vector<ValueId> levels;
    for (const ValueId map : maps) {
      levels.push_back(flat(
          b.concat({b.conv(map, 4), sigmoid(b.conv(map, 1)), sigmoid(b.conv(map, classes))}, 1)));
    }
    const ValueId all = rows(b.concat(levels, 2));
    if (!exp) return all;
    const std::vector<ValueId> parts = b.split(all, 2, {2, 2, 1 + classes});
    const ValueId centre = b.binary(Op::kAdd, parts[0], b.random_constant({1, kCells, 2}));
    const ValueId size = arithmetic(b.unary(Op::kExp, parts[1]));
    return b.concat({arithmetic(centre), size, parts[2]}, 2);
  }
  ValueId yolov6(int64_t classes) {
    const ValueId ones = b.constant({1, kCells, 1}, std::vector<float>(kCells, 1.0F));
    return b.concat({rows(decoded(joined(4))), ones, rows(sigmoid(joined(classes)))}, 2);
  }
  // Three anchors a cell.
  ValueId yolov5(int64_t classes, int64_t more = 0) {
    std::vector<ValueId> levels;
    for (const ValueId map : maps) {
      const Shape s = b.shape(map);
      const int64_t numbers = 5 + classes + more;
      const ValueId all = b.transpose(
          b.reshape(b.conv(map, 3 * numbers), {1, 3, numbers, s[2], s[3]}), {0, 1, 3, 4, 2});
      std::vector<int64_t> cut = {2, 2, 1 + classes};
      if (more > 0) cut.push_back(more);
      const std::vector<ValueId> parts = b.split(all, 4, cut);
      std::vector<ValueId> joined = {arithmetic(sigmoid(parts[0])), arithmetic(sigmoid(parts[1])),
                                     sigmoid(parts[2])};
      if (more > 0) joined.push_back(parts[3]);
      levels.push_back(b.reshape(b.concat(joined, 4), {1, 3 * s[2] * s[3], numbers}));
    }
    return b.concat(levels, 1);
  }
  // The best `k` rows of boxes and classes; `more` columns chosen with them.
  ValueId end_to_end(int64_t classes, int64_t k, ValueId more = kNoValue) {
    const ValueId boxes = rows(decoded(joined(4)));
    const ValueId scores = rows(sigmoid(joined(classes)));
    const std::vector<ValueId> top = b.top_k(b.reduce(Op::kReduceMax, scores, {2}, false), 1, k);
    const ValueId column = b.reshape(top[1], {1, k, 1});
    const auto chosen = [&](ValueId x) {
      const int64_t width = b.shape(x)[2];
      return b.gather_elements(x, b.expand(column, {1, k, width}), 1);
    };
    const ValueId number = b.binary(Op::kMod, column, b.indices({}, {classes}));
    std::vector<ValueId> parts = {chosen(boxes), b.reshape(top[0], {1, k, 1}),
                                  b.cast(number, DType::kFloat32)};
    if (more != kNoValue) parts.push_back(chosen(rows(more)));
    return b.concat(parts, 2);
  }
  // (1, 3*points, cells), as pose exports decode them.
  ValueId keypoints(int64_t points) {
    const ValueId cut = b.reshape(joined(3 * points), {1, points, 3, kCells});
    const std::vector<ValueId> parts = b.split(cut, 2, {2, 1});
    return b.reshape(b.concat({arithmetic(parts[0]), sigmoid(parts[1])}, 2),
                     {1, 3 * points, kCells});
  }
  // Boxes turned by an angle, and the angle: v8-obb.
  ValueId oriented(int64_t classes) {
    const ValueId angle = b.binary(
        Op::kMul, b.binary(Op::kSub, sigmoid(joined(1)), b.scalar(0.25F)), b.scalar(3.14F));
    const std::vector<ValueId> halves = b.split(joined(4), 1, {2, 2});
    const ValueId turned =
        b.binary(Op::kAdd, b.binary(Op::kMul, halves[0], b.unary(Op::kCos, angle)),
                 b.binary(Op::kMul, halves[1], b.unary(Op::kSin, angle)));
    const ValueId boxes =
        arithmetic(b.concat({turned, b.binary(Op::kAdd, halves[0], halves[1])}, 1));
    return b.concat({boxes, sigmoid(joined(classes)), angle}, 1);
  }
  ValueId prototypes(int64_t masks) { return b.conv(quarter, masks); }

  GraphBuilder b;
  ValueId quarter = kNoValue;
  std::vector<ValueId> maps;
};

HeadGuess guessed(Tail* tail, const std::vector<ValueId>& outputs) {
  const Graph graph = tail->b.finish(outputs);
  EXPECT_TRUE(validate(graph).ok());
  const auto guess = guess_head(outline_of(graph), {});
  EXPECT_TRUE(guess.ok()) << (guess.ok() ? "" : guess.error().message);
  return guess.ok() ? guess.value() : HeadGuess{};
}

std::string refusal(Tail* tail, const std::vector<ValueId>& outputs,
                    std::map<std::string, std::string> metadata = {}) {
  Graph graph = tail->b.finish(outputs);
  EXPECT_TRUE(validate(graph).ok());
  graph.metadata = std::move(metadata);
  const auto guess = guess_head(outline_of(graph), {});
  EXPECT_FALSE(guess.ok()) << guess.value().family;
  return guess.ok() ? "" : guess.error().message;
}

void expect_says(const std::string& message, const std::string& text) {
  EXPECT_NE(message.find(text), std::string::npos) << text << " in " << message;
}

TEST(Recognition, TellsRowsApartWithoutNames) {
  for (const int64_t classes : {1, 2, 3, 79, 80}) {
    SCOPED_TRACE(classes);
    Tail x(1), decoded(2), six(3), rows(4), columns(5), five(6);
    const HeadGuess yolox = guessed(&x, {x.yolox(classes, false)});
    EXPECT_EQ(yolox.family, "yolox");
    EXPECT_EQ(yolox.head.box, BoxCode::kYolox);
    EXPECT_EQ(yolox.head.classes, classes);
    const HeadGuess exp = guessed(&decoded, {decoded.yolox(classes, true)});
    EXPECT_EQ(exp.family, "yolox");
    EXPECT_EQ(exp.head.box, BoxCode::kCxcywh);
    const HeadGuess v6 = guessed(&six, {six.yolov6(classes)});
    EXPECT_EQ(v6.family, "yolov6");
    EXPECT_EQ(v6.head.classes, classes);
    const HeadGuess v5 = guessed(&five, {five.yolov5(classes)});
    EXPECT_EQ(v5.family, "yolov5");
    EXPECT_EQ(v5.head.classes, classes);
    const HeadGuess v8 = guessed(&rows, {rows.rows(rows.v8(classes))});
    EXPECT_EQ(v8.family, "yolov8-rows");
    EXPECT_EQ(v8.head.classes, classes);
    // 84 columns of 84 cells are rows as well.
    const HeadGuess usual = guessed(&columns, {columns.v8(classes)});
    EXPECT_EQ(usual.family, "yolov8");
    EXPECT_EQ(usual.head.classes, classes);
  }
}

TEST(Recognition, OneConvolutionForAllIsAQuestion) {
  Tail tail(7);
  const std::string message = refusal(&tail, {tail.rows(tail.one_convolution(79, true))});
  expect_says(message, "yolov6 (79 classes) or yolov8-rows (80 classes)");
  expect_says(message, "--head");
  // Columns have no objectness to doubt.
  Tail columns(8);
  EXPECT_EQ(guessed(&columns, {columns.one_convolution(30, false)}).head.classes, 30);
}

TEST(Recognition, EndToEndByItsIndices) {
  for (const int64_t classes : {1, 2, 80}) {
    for (const int64_t k : {30, 64, 84}) {  // 64 and 84 are numbers of cells, too
      Tail tail(9);
      const HeadGuess guess = guessed(&tail, {tail.end_to_end(classes, k)});
      EXPECT_EQ(guess.family, "end2end") << classes << " classes, " << k << " rows";
      EXPECT_FALSE(guess.head.nms);
    }
  }
}

TEST(Recognition, RefusesOtherTasksWithoutMetadata) {
  for (const int64_t classes : {1, 3, 80}) {
    SCOPED_TRACE(classes);
    const std::string named = "{0: 'a'" + std::string(classes == 1 ? "}" : ", 1: 'b', 2: 'c'}");
    for (const bool with_names : {false, true}) {
      if (with_names && classes == 80) continue;
      std::map<std::string, std::string> metadata;
      if (with_names) metadata["names"] = named;
      Tail segment(10), pose(11), obb(12), five(13);
      const ValueId masks = segment.b.concat({segment.v8(classes), segment.joined(8)}, 1);
      expect_says(refusal(&segment, {masks, segment.prototypes(8)}, metadata), "mask prototypes");
      expect_says(refusal(&five, {five.yolov5(classes, 8), five.prototypes(8)}, metadata),
                  "mask prototypes");
      const ValueId points = pose.b.concat({pose.v8(classes), pose.keypoints(17)}, 1);
      expect_says(refusal(&pose, {points}, metadata), "17 keypoints");
      expect_says(refusal(&obb, {obb.oriented(classes)}, metadata), "oriented boxes");
      Tail best(14), best_points(15);
      expect_says(refusal(&best, {best.end_to_end(classes, 30, best.joined(8)), best.prototypes(8)},
                          metadata),
                  "mask prototypes");
      expect_says(
          refusal(&best_points, {best_points.end_to_end(classes, 30, best_points.keypoints(5))},
                  metadata),
          "5 keypoints");
    }
  }
}

TEST(Recognition, RefusesFractionsAndClassifiers) {
  Tail detr(16);
  const ValueId rows =
      detr.rows(detr.b.concat({detr.sigmoid(detr.joined(4)), detr.sigmoid(detr.joined(6))}, 1));
  expect_says(refusal(&detr, {rows}), "fractions of the input");
  Tail classifier(17);
  const ValueId pooled = classifier.b.reduce(Op::kReduceMean, classifier.maps[2], {2, 3}, false);
  expect_says(refusal(&classifier, {classifier.b.softmax(pooled, 1)}), "classifies");
}

}  // namespace
}  // namespace pawl::engine
