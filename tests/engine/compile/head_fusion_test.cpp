// Proves that a detector's tail is replaced only by a decode step that gives the same detections:
// small synthetic detectors of every supported kind are compiled with their head and, beside it,
// run without and decoded from their exported outputs. Tails with altered arithmetic stay as they
// are, and their boxes stay right.
#include "engine/compile/head_fusion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/compile/outline.h"
#include "engine/detect/decode.h"
#include "engine/detect/level_binding.h"
#include "tests/engine/compile/plan_runner.h"
#include "tests/engine/graph_builder.h"

namespace pawl::engine {
namespace {

using test::GraphBuilder;
using test::Ints;
using test::square;

constexpr int64_t kSide = 64;  // of the input: maps of 8x8, 4x4 and 2x2
constexpr float kStrides[] = {8.0F, 16.0F, 32.0F};

// A backbone without meaning: one map a level, 12 channels.
std::vector<ValueId> backbone(GraphBuilder* b) {
  ValueId x = b->silu(b->conv(b->input({1, 3, kSide, kSide}), 8, square(3, 2)));
  x = b->silu(b->conv(x, 8, square(3, 2)));
  std::vector<ValueId> maps;
  for (int level = 0; level < 3; ++level) {
    x = b->silu(b->conv(x, 12, square(3, 2)));
    maps.push_back(x);
  }
  return maps;
}

// A 1x1 convolution whose outputs vary enough to give confident and unsure cells.
ValueId head_conv(GraphBuilder* b, ValueId x, int64_t channels, float bias_mean = 0.0F,
                  float gain = 6.0F) {
  const int64_t C = b->shape(x)[1];
  const ValueId weight = b->random_constant({channels, C, 1, 1}, -gain, gain);
  const ValueId bias = b->random_constant({channels}, bias_mean - 0.5F, bias_mean + 0.5F);
  const test::Attributes attributes = {{"kernel", Ints{1, 1}},
                                       {"strides", Ints{1, 1}},
                                       {"pads", Ints{0, 0, 0, 0}},
                                       {"dilations", Ints{1, 1}},
                                       {"group", int64_t{1}}};
  return b->node(Op::kConv, {x, weight, bias}, attributes);
}

// (1, 2, cells): x and y of every cell's centre, level after level; or (1, cells, 2).
ValueId grid(GraphBuilder* b, float offset, bool rows) {
  std::vector<float> xs, ys;
  for (const float stride : kStrides) {
    const int side = static_cast<int>(kSide / static_cast<int64_t>(stride));
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        xs.push_back(static_cast<float>(x) + offset);
        ys.push_back(static_cast<float>(y) + offset);
      }
    }
  }
  const auto cells = static_cast<int64_t>(xs.size());
  std::vector<float> values = xs;
  values.insert(values.end(), ys.begin(), ys.end());
  if (!rows) return b->constant({1, 2, cells}, values);
  for (size_t i = 0; i < xs.size(); ++i) {
    values[2 * i] = xs[i];
    values[2 * i + 1] = ys[i];
  }
  return b->constant({1, cells, 2}, values);
}

// The stride of every cell, (1, 1, cells) or (1, cells, 1).
ValueId cell_strides(GraphBuilder* b, bool rows, const float (&strides)[3] = kStrides) {
  std::vector<float> values;
  for (int level = 0; level < 3; ++level) {
    const auto side = static_cast<size_t>(static_cast<float>(kSide) / kStrides[level]);
    values.insert(values.end(), side * side, strides[level]);
  }
  const auto cells = static_cast<int64_t>(values.size());
  return b->constant(rows ? Shape{1, cells, 1} : Shape{1, 1, cells}, values);
}

int64_t cells_of(GraphBuilder* b, ValueId map) {
  return b->shape(map)[2] * b->shape(map)[3];
}

// Levels flattened to (1, C, cells) and joined.
ValueId flattened(GraphBuilder* b, const std::vector<ValueId>& maps) {
  std::vector<ValueId> flat;
  for (const ValueId map : maps) {
    flat.push_back(b->reshape(map, {1, b->shape(map)[1], cells_of(b, map)}));
  }
  return b->concat(flat, 2);
}

struct V8Options {
  int64_t classes = 5;
  int64_t bins = 16;
  bool single_conv = false;    // one map for boxes and classes
  bool classes_first = false;  // with single_conv: the classes before the boxes
  float wrong_stride = 32.0F;  // of the last level
  bool swap_sides = false;     // top before left
  bool projection_by_matmul = false;
};

// YOLOv8: softmax over bins, expectation by a 1x1 convolution, distances to centre and size.
Graph yolov8(uint64_t seed, const V8Options& o) {
  GraphBuilder b(seed);
  std::vector<ValueId> joined;
  for (const ValueId map : backbone(&b)) {
    const int64_t box = 4 * o.bins;
    if (o.single_conv) {
      joined.push_back(head_conv(&b, map, box + o.classes, -1.0F));
    } else {
      const ValueId boxes = head_conv(&b, map, box);
      joined.push_back(b.concat({boxes, head_conv(&b, map, o.classes, -2.0F)}, 1));
    }
  }
  const ValueId flat = flattened(&b, joined);
  const int64_t cells = b.shape(flat)[2];
  const std::vector<ValueId> parts = o.classes_first ? b.split(flat, 1, {o.classes, 4 * o.bins})
                                                     : b.split(flat, 1, {4 * o.bins, o.classes});
  const ValueId box = parts[o.classes_first ? 1 : 0];
  const ValueId cls = parts[o.classes_first ? 0 : 1];
  // DFL: (1, 4, bins, cells) -> (1, bins, 4, cells), softmax over bins, weighted sum.
  const ValueId four = b.transpose(b.reshape(box, {1, 4, o.bins, cells}), {0, 2, 1, 3});
  const ValueId soft = b.softmax(four, 1);
  std::vector<float> numbers;
  for (int64_t i = 0; i < o.bins; ++i) numbers.push_back(static_cast<float>(i));
  ValueId sides = kNoValue;
  if (o.projection_by_matmul) {
    const ValueId last = b.transpose(soft, {0, 2, 3, 1});  // (1, 4, cells, bins)
    sides = b.node(Op::kMatMul, {last, b.constant({o.bins, 1}, numbers)});
  } else {
    const test::Attributes attributes = {{"kernel", Ints{1, 1}},
                                         {"strides", Ints{1, 1}},
                                         {"pads", Ints{0, 0, 0, 0}},
                                         {"dilations", Ints{1, 1}},
                                         {"group", int64_t{1}}};
    sides = b.node(Op::kConv, {soft, b.constant({1, o.bins, 1, 1}, numbers)}, attributes);
  }
  std::vector<ValueId> halves = b.split(b.reshape(sides, {1, 4, cells}), 1, {2, 2});
  if (o.swap_sides) {
    halves[0] = b.gather(halves[0], b.indices({2}, {1, 0}), 1);
    halves[1] = b.gather(halves[1], b.indices({2}, {1, 0}), 1);
  }
  const ValueId anchors = grid(&b, 0.5F, false);
  const ValueId x1y1 = b.binary(Op::kSub, anchors, halves[0]);
  const ValueId x2y2 = b.binary(Op::kAdd, anchors, halves[1]);
  const ValueId centre = b.binary(Op::kDiv, b.binary(Op::kAdd, x1y1, x2y2), b.scalar(2.0F));
  const ValueId size = b.binary(Op::kSub, x2y2, x1y1);
  const float strides[3] = {8.0F, 16.0F, o.wrong_stride};
  const ValueId scaled =
      b.binary(Op::kMul, b.concat({centre, size}, 1), cell_strides(&b, false, strides));
  return b.finish({b.concat({scaled, b.unary(Op::kSigmoid, cls)}, 1)});
}

// YOLO26: distances without bins, corners, then the best rows twice over.
Graph end_to_end(uint64_t seed, int64_t classes, int64_t k, bool wrong_score = false) {
  GraphBuilder b(seed);
  std::vector<ValueId> boxes, scores;
  for (const ValueId map : backbone(&b)) {
    // Mostly positive distances, as a trained network gives.
    boxes.push_back(head_conv(&b, map, 4, 2.0F, 2.0F));
    // Few scores pass, fewer than k: the decode step has no such limit.
    scores.push_back(head_conv(&b, map, classes, -3.5F));
  }
  const ValueId box = flattened(&b, boxes);
  const std::vector<ValueId> halves = b.split(box, 1, {2, 2});
  const ValueId anchors = grid(&b, 0.5F, false);
  const ValueId corners = b.binary(
      Op::kMul,
      b.concat({b.binary(Op::kSub, anchors, halves[0]), b.binary(Op::kAdd, anchors, halves[1])}, 1),
      cell_strides(&b, false));
  ValueId logits = flattened(&b, scores);
  if (wrong_score) logits = b.binary(Op::kMul, logits, b.scalar(0.5F));
  const ValueId rows = b.transpose(corners, {0, 2, 1});                               // (1, N, 4)
  const ValueId probability = b.transpose(b.unary(Op::kSigmoid, logits), {0, 2, 1});  // (1, N, nc)
  const ValueId best = b.top_k(b.reduce(Op::kReduceMax, probability, {2}, false), 1, k)[1];
  const ValueId column = b.reshape(best, {1, k, 1});
  const ValueId chosen_boxes = b.gather_elements(rows, b.expand(column, {1, k, 4}), 1);
  const ValueId chosen = b.gather_elements(probability, b.expand(column, {1, k, classes}), 1);
  const std::vector<ValueId> top = b.top_k(b.reshape(chosen, {1, k * classes}), 1, k);
  const ValueId nc = b.indices({}, {classes});
  const ValueId row = b.reshape(b.binary(Op::kDiv, top[1], nc), {1, k, 1});
  const ValueId cls = b.cast(b.binary(Op::kMod, top[1], nc), DType::kFloat32);
  const ValueId final_boxes = b.gather_elements(chosen_boxes, b.expand(row, {1, k, 4}), 1);
  Graph graph = b.finish(
      {b.concat({final_boxes, b.reshape(top[0], {1, k, 1}), b.reshape(cls, {1, k, 1})}, 2)});
  graph.metadata["end2end"] = "True";  // K may be a number of cells as well
  return graph;
}

// YOLOX as its exporter leaves it: rows (x y w h objectness classes) relative to the grid.
Graph yolox(uint64_t seed, int64_t classes, bool decoded) {
  GraphBuilder b(seed);
  std::vector<ValueId> joined;
  for (const ValueId map : backbone(&b)) {
    const ValueId box = head_conv(&b, map, 4, 0.5F, 1.0F);
    const ValueId objectness = b.unary(Op::kSigmoid, head_conv(&b, map, 1, 2.0F));
    const ValueId cls = b.unary(Op::kSigmoid, head_conv(&b, map, classes, 1.0F));
    joined.push_back(b.concat({box, objectness, cls}, 1));
  }
  const ValueId rows = b.transpose(flattened(&b, joined), {0, 2, 1});
  if (!decoded) return b.finish({rows});
  const std::vector<ValueId> parts = b.split(rows, 2, {2, 2, 1 + classes});
  const ValueId stride = cell_strides(&b, true);
  const ValueId xy = b.binary(Op::kMul, b.binary(Op::kAdd, parts[0], grid(&b, 0.0F, true)), stride);
  const ValueId wh = b.binary(Op::kMul, b.unary(Op::kExp, parts[1]), stride);
  return b.finish({b.concat({xy, wh, parts[2]}, 2)});
}

// YOLOv5: three anchors a cell, squares of sigmoids.
Graph yolov5(uint64_t seed, int64_t classes, float power) {
  GraphBuilder b(seed);
  std::vector<ValueId> joined;
  const std::vector<ValueId> maps = backbone(&b);
  for (size_t level = 0; level < maps.size(); ++level) {
    const ValueId conv = head_conv(&b, maps[level], 3 * (5 + classes), 0.0F, 4.0F);
    const int64_t side = b.shape(conv)[2];
    const ValueId cut =
        b.transpose(b.reshape(conv, {1, 3, 5 + classes, side, side}), {0, 1, 3, 4, 2});
    const std::vector<ValueId> parts = b.split(b.unary(Op::kSigmoid, cut), 4, {2, 2, 1 + classes});
    std::vector<float> corners, anchors;
    for (int64_t a = 0; a < 3; ++a) {
      for (int64_t y = 0; y < side; ++y) {
        for (int64_t x = 0; x < side; ++x) {
          corners.insert(corners.end(),
                         {static_cast<float>(x) - 0.5F, static_cast<float>(y) - 0.5F});
        }
      }
      const auto n = static_cast<float>(a + 1);
      anchors.insert(anchors.end(), {kStrides[level] * 0.7F * n, kStrides[level] * 0.4F * n + 2});
    }
    const ValueId two = b.scalar(2.0F);
    const ValueId shifted = b.binary(Op::kAdd, b.binary(Op::kMul, parts[0], two),
                                     b.constant({1, 3, side, side, 2}, corners));
    const ValueId xy = b.binary(Op::kMul, shifted, b.scalar(kStrides[level]));
    const ValueId squared = b.binary(Op::kPow, b.binary(Op::kMul, parts[1], two), b.scalar(power));
    const ValueId wh = b.binary(Op::kMul, squared, b.constant({1, 3, 1, 1, 2}, anchors));
    joined.push_back(b.reshape(b.concat({xy, wh, parts[2]}, 4), {1, 3 * side * side, 5 + classes}));
  }
  return b.finish({b.concat(joined, 1)});
}

// NanoDet: raw maps of classes and distances, from one convolution or two.
Graph nanodet(uint64_t seed, int64_t classes, bool single_conv) {
  GraphBuilder b(seed);
  std::vector<ValueId> scores, distances;
  for (const ValueId map : backbone(&b)) {
    ValueId cls = kNoValue;
    ValueId box = kNoValue;
    if (single_conv) {
      const std::vector<ValueId> parts =
          b.split(head_conv(&b, map, classes + 32, -1.0F), 1, {classes, 32});
      cls = parts[0];
      box = parts[1];
    } else {
      cls = head_conv(&b, map, classes, -1.0F);
      box = head_conv(&b, map, 32);
    }
    const auto rows = [&](ValueId value) {
      const Shape s = b.shape(value);
      return b.transpose(b.reshape(value, {1, s[1], s[2] * s[3]}), {0, 2, 1});
    };
    scores.push_back(rows(b.unary(Op::kSigmoid, cls)));
    distances.push_back(rows(box));
  }
  std::vector<ValueId> outputs = scores;
  outputs.insert(outputs.end(), distances.begin(), distances.end());
  return b.finish(outputs);
}

// The frame that every detector sees.
struct Photo {
  std::vector<uint8_t> pixels;
  platform::Frame frame;

  explicit Photo(uint64_t seed) : pixels(97 * 61 * 3) {
    std::mt19937_64 random(seed);
    for (uint8_t& p : pixels) p = static_cast<uint8_t>(random());
    frame.width = 97;
    frame.height = 61;
    frame.stride = 97 * 3;
    frame.data = pixels.data();
  }
};

// Detections by way of the exported outputs: the plan without a head, then the decoder.
std::vector<Detection> exported_detections(const Graph& graph, const HeadOverrides& overrides,
                                           const platform::Frame& frame, float iou) {
  const Result<HeadGuess> guess = guess_head(outline_of(graph), overrides);
  EXPECT_TRUE(guess.ok()) << guess.error().message;
  if (!guess.ok()) return {};
  const HeadGuess& g = guess.value();
  // The graph's own outputs, prepared as the head's family wants its pixels.
  CompileOptions options = test::without_head();
  options.head.rgb = g.pre.rgb;
  options.head.fit = g.pre.fit;
  options.head.mean = {g.pre.mean[0], g.pre.mean[1], g.pre.mean[2]};
  options.head.scale = {g.pre.scale[0], g.pre.scale[1], g.pre.scale[2]};
  const Result<Compiled> compiled = compile(graph, options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) return {};
  const Result<Artifact> artifact = Artifact::from_bytes(compiled.value().artifact, "exported");
  Result<Session> session = Session::create(artifact.value(), {.threads = 1});
  EXPECT_TRUE(session.ok());
  EXPECT_TRUE(session.value().preprocess(frame).ok());
  EXPECT_TRUE(session.value().run().ok());
  std::vector<std::vector<float>> outputs;
  const auto views = session.value().outputs().value();
  for (const TensorView& view : views) outputs.push_back(test::logical(view));
  std::vector<const float*> pointers;
  for (const std::vector<float>& output : outputs) pointers.push_back(output.data());
  std::vector<HeadLevel> levels(g.levels.size());
  bind_levels(g.levels, pointers, levels);
  Result<Decoder> decoder =
      Decoder::create(g.head, {.confidence = 0.25F, .iou = iou}, head_pixels(g.levels));
  EXPECT_TRUE(decoder.ok());
  const Placement placement = fit_frame(g.pre, frame.width, frame.height).placement;
  const std::span<const Detection> found = decoder.value().decode(levels, placement);
  return {found.begin(), found.end()};
}

std::string text_of(const Detection& d) {
  std::string text = "class " + std::to_string(d.class_id) + " score " + std::to_string(d.score);
  for (const float side : {d.x1, d.y1, d.x2, d.y2}) text += " " + std::to_string(side);
  return text;
}

// Each detection of one has its like in the other: class, score and box to a thirtieth of a pixel.
void expect_same_detections(const std::vector<Detection>& got,
                            const std::vector<Detection>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  std::vector<bool> taken(expected.size(), false);
  for (const Detection& d : got) {
    bool found = false;
    for (size_t i = 0; i < expected.size() && !found; ++i) {
      const Detection& e = expected[i];
      if (taken[i] || d.class_id != e.class_id || std::abs(d.score - e.score) > 2e-4F) continue;
      if (std::abs(d.x1 - e.x1) > 0.03F || std::abs(d.y1 - e.y1) > 0.03F ||
          std::abs(d.x2 - e.x2) > 0.03F || std::abs(d.y2 - e.y2) > 0.03F) {
        continue;
      }
      taken[i] = true;
      found = true;
    }
    EXPECT_TRUE(found) << "only fused: " << text_of(d);
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(taken[i]) << "only exported: " << text_of(expected[i]);
  }
}

// Compiles with the head, expects it fused or kept, and compares the detections of a few frames.
CompileReport expect_detects(const Graph& graph, bool fused, const std::string& family) {
  SCOPED_TRACE(graph.name);
  const Status valid = validate(graph);
  EXPECT_TRUE(valid.ok()) << valid.error().message;
  const Result<Compiled> compiled = compile(graph, {});
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) return {};
  EXPECT_EQ(compiled.value().report.head_fused, fused);
  EXPECT_EQ(compiled.value().report.family, family);
  const Result<Artifact> artifact = Artifact::from_bytes(compiled.value().artifact, "detector");
  EXPECT_TRUE(artifact.ok()) << artifact.error().message;
  size_t detections = 0;
  for (const float iou : {1.0F, 0.5F}) {
    Result<Session> session = Session::create(artifact.value(), {.threads = 2, .iou = iou});
    EXPECT_TRUE(session.ok()) << session.error().message;
    if (!session.ok()) return {};
    for (const uint64_t seed : {1, 2, 3}) {
      SCOPED_TRACE("iou " + std::to_string(iou) + " photo " + std::to_string(seed));
      const Photo photo(seed);
      const auto got = session.value().detect(photo.frame);
      EXPECT_TRUE(got.ok());
      const std::vector<Detection> list(got.value().begin(), got.value().end());
      expect_same_detections(list, exported_detections(graph, {}, photo.frame, iou));
      detections += list.size();
    }
  }
  EXPECT_GT(detections, 1U) << "nothing was compared";
  EXPECT_EQ(artifact.value().labels().size(), static_cast<size_t>(artifact.value().head().classes));
  return compiled.value().report;
}

TEST(HeadFusion, YoloV8) {
  expect_detects(yolov8(1, {}), true, "yolov8");
  expect_detects(yolov8(2, {.classes = 1}), true, "yolov8");
  expect_detects(yolov8(3, {.classes = 7, .single_conv = true}), true, "yolov8");
  expect_detects(yolov8(4, {.classes = 3, .projection_by_matmul = true}), true, "yolov8");
}

TEST(HeadFusion, YoloV8WithOtherBins) {
  expect_detects(yolov8(5, {.bins = 8}), true, "yolov8");
}

// As many classes as box channels: the two maps, or halves of one, look alike.
TEST(HeadFusion, ClassesAndBoxesOfEqualWidth) {
  expect_detects(yolov8(6, {.classes = 64}), true, "yolov8");
  expect_detects(yolov8(7, {.classes = 64, .single_conv = true}), true, "yolov8");
  expect_detects(yolov8(8, {.classes = 64, .single_conv = true, .classes_first = true}), true,
                 "yolov8");
}

TEST(HeadFusion, ClassesBeforeBoxes) {
  expect_detects(yolov8(9, {.classes = 6, .single_conv = true, .classes_first = true}), true,
                 "yolov8");
}

TEST(HeadFusion, AlteredArithmeticIsKept) {
  expect_detects(yolov8(10, {.wrong_stride = 33.0F}), false, "yolov8");
  expect_detects(yolov8(11, {.swap_sides = true}), false, "yolov8");
  expect_detects(yolov5(12, 4, 2.1F), false, "yolov5");
}

TEST(HeadFusion, EndToEnd) {
  const CompileReport report = expect_detects(end_to_end(13, 5, 80), true, "end2end");
  EXPECT_GT(report.steps, 0);
  expect_detects(end_to_end(14, 9, 84), true, "end2end");
  expect_detects(end_to_end(15, 5, 80, true), false, "end2end");
}

TEST(HeadFusion, Yolox) {
  expect_detects(yolox(16, 4, false), true, "yolox");
  expect_detects(yolox(17, 4, true), true, "yolox");
  expect_detects(yolox(18, 1, false), true, "yolox");
}

TEST(HeadFusion, YoloV5) {
  expect_detects(yolov5(19, 4, 2.0F), true, "yolov5");
  expect_detects(yolov5(20, 1, 2.0F), true, "yolov5");
}

TEST(HeadFusion, NanoDet) {
  expect_detects(nanodet(21, 6, false), true, "nanodet");
  expect_detects(nanodet(22, 6, true), true, "nanodet");
  // As many classes as distances.
  expect_detects(nanodet(23, 32, true), true, "nanodet");
}

TEST(HeadFusion, LeavesTheGraphWhereNothingFits) {
  Graph graph = yolov8(24, {.wrong_stride = 31.0F});
  const Result<HeadGuess> guess = guess_head(outline_of(graph), {});
  ASSERT_TRUE(guess.ok());
  const size_t nodes = graph.nodes.size();
  const std::vector<ValueId> outputs = graph.outputs;
  EXPECT_FALSE(fuse_head(&graph, guess.value()).has_value());
  EXPECT_EQ(graph.nodes.size(), nodes);
  EXPECT_EQ(graph.outputs, outputs);
}

// Anchors, strides and bins as a quantized file stores them: a scale and 8 bits each.
void round_tail_constants(Graph* graph) {
  for (Value& value : graph->values) {
    if (value.constant == nullptr || value.dtype != DType::kFloat32) continue;
    const bool bins = value.shape.size() == 4 && value.shape[0] == 1 && value.shape[1] == 16;
    if (value.shape.size() != 3 && !bins) continue;
    Tensor rounded = *value.constant;
    const std::span<float> numbers = rounded.as<float>();
    const float scale = *std::max_element(numbers.begin(), numbers.end()) / 127.0F;
    for (float& number : numbers) number = std::nearbyint(number / scale) * scale;
    value.constant = std::make_shared<const Tensor>(std::move(rounded));
  }
  graph->rounded_constants = true;
}

TEST(HeadFusion, RoundedConstantsOfAQuantizedFileAreTheDecoders) {
  const Graph exact = yolov8(26, {});
  Graph rounded = exact;
  round_tail_constants(&rounded);
  const auto detector = [](const Graph& graph) {
    const Result<Compiled> compiled = compile(graph, {});
    EXPECT_TRUE(compiled.ok()) << compiled.error().message;
    return compiled.value();
  };
  const Compiled made = detector(rounded);
  EXPECT_TRUE(made.report.head_fused);
  EXPECT_TRUE(std::any_of(
      made.report.assumptions.begin(), made.report.assumptions.end(),
      [](const std::string& line) { return line.find("rounds the head's") != std::string::npos; }));
  EXPECT_EQ(made.artifact, detector(exact).artifact);  // nothing of the rounding is left
  // In a float file the same numbers are another network, and other arithmetic is never taken.
  rounded.rounded_constants = false;
  EXPECT_FALSE(detector(rounded).report.head_fused);
  for (const V8Options& o : {V8Options{.wrong_stride = 40.0F}, V8Options{.wrong_stride = 24.0F},
                             V8Options{.swap_sides = true}}) {
    Graph altered = yolov8(27, o);
    round_tail_constants(&altered);
    EXPECT_FALSE(detector(altered).report.head_fused);
  }
}

TEST(HeadFusion, DropsTheTail) {
  Graph graph = yolov8(25, {});
  const Result<HeadGuess> guess = guess_head(outline_of(graph), {});
  ASSERT_TRUE(guess.ok());
  const std::optional<FusedHead> fused = fuse_head(&graph, guess.value());
  ASSERT_TRUE(fused.has_value());
  ASSERT_TRUE(validate(graph).ok());
  EXPECT_EQ(fused->head.box, BoxCode::kDfl);
  EXPECT_EQ(fused->head.bins, 16);
  ASSERT_EQ(fused->levels.size(), 3U);
  for (size_t level = 0; level < 3; ++level) {
    EXPECT_EQ(fused->levels[level].stride, kStrides[level]);
    EXPECT_EQ(graph.value(fused->levels[level].box.value).shape[1], 64);
    EXPECT_EQ(graph.value(fused->levels[level].scores.value).shape[1], 5);
  }
  EXPECT_TRUE(std::none_of(graph.nodes.begin(), graph.nodes.end(),
                           [](const Node& node) { return node.op == Op::kSoftmax; }));
}

}  // namespace
}  // namespace pawl::engine
