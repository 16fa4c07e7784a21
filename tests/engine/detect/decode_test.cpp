// Proves: every box code decodes as its formula says in double precision, in any memory layout with
// bitwise equal results; thresholds, labels, ties and limits behave as decode.h states; hostile
// numbers never reach a detection; decoding allocates nothing.
#include "engine/detect/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "tests/engine/detect/allocation_count.h"

namespace pawl::engine {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct GridShape {
  int32_t width, height;
  float stride, anchor_w, anchor_h;
};
// Odd sizes, and one level of more pixels than a scan takes at a time.
constexpr GridShape kGrids[] = {
    {40, 31, 8.0F, 10.0F, 13.0F}, {20, 16, 16.0F, 30.0F, 61.0F}, {10, 8, 32.0F, 116.0F, 90.0F}};

// A head's numbers, independent of memory layout: [pixel][channel] of boxes, objectness, scores.
struct Numbers {
  HeadSpec spec;
  int32_t box_channels = 4;
  std::vector<std::vector<float>> box, score;
  std::vector<float> object;
  int32_t pixels() const { return static_cast<int32_t>(box.size()); }
};

HeadSpec spec_of(BoxCode code, int32_t classes, bool objectness, bool logits) {
  HeadSpec spec;
  spec.layout = OutputLayout::kMaps;
  spec.box = code;
  spec.classes = classes;
  spec.bins = code == BoxCode::kDfl ? 8 : 1;
  spec.objectness = objectness;
  spec.scores_are_logits = logits;
  return spec;
}

float box_number(BoxCode code, int32_t channel, std::mt19937* random) {
  const auto uniform = [&](float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(*random);
  };
  switch (code) {
    case BoxCode::kCxcywh:
      return channel < 2 ? uniform(0, 320) : uniform(1, 150);
    case BoxCode::kXyxy:
      return channel < 2 ? uniform(0, 200) : uniform(150, 320);
    case BoxCode::kLtrb:
      return uniform(0, 5);
    default:
      return uniform(-3, 3);
  }
}

Numbers random_numbers(const HeadSpec& spec, unsigned seed) {
  Numbers numbers;
  numbers.spec = spec;
  numbers.box_channels = spec.box == BoxCode::kDfl ? 4 * spec.bins : 4;
  std::mt19937 random(seed);
  const auto score = [&] {
    return spec.scores_are_logits ? std::uniform_real_distribution<float>(-6, 3)(random)
                                  : std::uniform_real_distribution<float>(0, 1)(random);
  };
  for (const GridShape& grid : kGrids) {
    for (int32_t p = 0; p < grid.width * grid.height; ++p) {
      std::vector<float> box, scores;
      for (int32_t c = 0; c < numbers.box_channels; ++c) {
        box.push_back(box_number(spec.box, c, &random));
      }
      for (int32_t c = 0; c < spec.classes; ++c) scores.push_back(score());
      numbers.box.push_back(box);
      numbers.score.push_back(scores);
      numbers.object.push_back(score());
    }
  }
  return numbers;
}

enum class Memory { kRows, kColumns, kMaps };

// The same numbers laid out in memory, poison between them.
struct Stored {
  std::vector<std::vector<float>> blocks;
  std::vector<HeadLevel> levels;
};

Stored store(const Numbers& n, Memory memory) {
  Stored stored;
  const int32_t object_at = n.box_channels;
  const int32_t score_at = n.box_channels + (n.spec.objectness ? 1 : 0);
  const int32_t channels = score_at + n.spec.classes;
  const ptrdiff_t all = n.pixels();
  int32_t first = 0;
  stored.blocks.reserve(10);
  for (const GridShape& grid : kGrids) {
    HeadLevel level;
    level.count = grid.width * grid.height;
    level.grid_width = grid.width;
    level.stride = grid.stride;
    level.anchor_w = grid.anchor_w;
    level.anchor_h = grid.anchor_h;
    const auto put = [&](HeadMap map, int32_t count, auto value) {
      for (int32_t p = 0; p < level.count; ++p) {
        for (int32_t c = 0; c < count; ++c) {
          const_cast<float*>(map.data)[p * map.pixel + c * map.channel] =
              value(static_cast<size_t>(first + p), static_cast<size_t>(c));
        }
      }
    };
    const auto map_at = [&](int32_t channel, int32_t count) -> HeadMap {
      if (memory == Memory::kMaps) {  // a map of its own, rows padded
        stored.blocks.emplace_back(static_cast<size_t>(level.count * (count + 3)), kNan);
        return {stored.blocks.back().data(), count + 3, 1};
      }
      if (stored.blocks.empty()) {
        stored.blocks.emplace_back(static_cast<size_t>(all * channels), kNan);
      }
      const float* base = stored.blocks[0].data();
      if (memory == Memory::kRows) return {base + first * channels + channel, channels, 1};
      return {base + channel * all + first, 1, all};
    };
    level.box = map_at(0, n.box_channels);
    put(level.box, n.box_channels, [&](size_t p, size_t c) { return n.box[p][c]; });
    if (n.spec.objectness) {
      level.objectness = map_at(object_at, 1);
      put(level.objectness, 1, [&](size_t p, size_t) { return n.object[p]; });
    }
    level.scores = map_at(score_at, n.spec.classes);
    put(level.scores, n.spec.classes, [&](size_t p, size_t c) { return n.score[p][c]; });
    stored.levels.push_back(level);
    first += level.count;
  }
  return stored;
}

Placement whole_frame() {
  Placement placement;
  placement.scale_x = 2.0F;
  placement.scale_y = 2.0F;
  placement.offset_y = 12.0F;
  placement.frame_width = 640;
  placement.frame_height = 440;
  return placement;
}

std::vector<Detection> decode(const Numbers& numbers, const DecodeOptions& options,
                              Memory memory = Memory::kRows) {
  const Stored stored = store(numbers, memory);
  auto decoder = Decoder::create(numbers.spec, options, numbers.pixels());
  EXPECT_TRUE(decoder.ok()) << (decoder.ok() ? "" : decoder.error().message);
  const auto found = decoder.value().decode(stored.levels, whole_frame());
  return {found.begin(), found.end()};
}

// --- the formulas of head.h in double precision ---------------------------------------------

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

struct Wanted {
  double score, box[4];
  int32_t class_id;
};

void wanted_box(const Numbers& n, size_t pixel, double out[4]) {
  size_t first = 0;
  const GridShape* grid = kGrids;
  while (pixel - first >= static_cast<size_t>(grid->width * grid->height)) {
    first += static_cast<size_t>(grid->width * grid->height);
    ++grid;
  }
  const auto gx = static_cast<double>((pixel - first) % static_cast<size_t>(grid->width));
  const auto gy = static_cast<double>((pixel - first) / static_cast<size_t>(grid->width));
  const double s = grid->stride;
  const std::vector<float>& b = n.box[pixel];
  double side[4];
  double cx = 0, cy = 0, w = 0, h = 0;
  switch (n.spec.box) {
    case BoxCode::kXyxy:
      for (int i = 0; i < 4; ++i) out[i] = b[static_cast<size_t>(i)];
      return;
    case BoxCode::kDfl:
    case BoxCode::kLtrb:
      for (size_t i = 0; i < 4; ++i) {
        const auto bins = static_cast<size_t>(n.spec.bins);
        double total = 0, sum = 0;
        for (size_t k = 0; k < bins; ++k) {
          total += std::exp(double{b[i * bins + k]});
          sum += std::exp(double{b[i * bins + k]}) * static_cast<double>(k);
        }
        side[i] = n.spec.box == BoxCode::kDfl ? sum / total : b[i];
      }
      out[0] = (gx + double{n.spec.cell_offset} - side[0]) * s;
      out[1] = (gy + double{n.spec.cell_offset} - side[1]) * s;
      out[2] = (gx + double{n.spec.cell_offset} + side[2]) * s;
      out[3] = (gy + double{n.spec.cell_offset} + side[3]) * s;
      return;
    case BoxCode::kCxcywh:
      cx = b[0], cy = b[1], w = b[2], h = b[3];
      break;
    case BoxCode::kYolox:
      cx = (b[0] + gx) * s, cy = (b[1] + gy) * s;
      w = std::exp(double{b[2]}) * s, h = std::exp(double{b[3]}) * s;
      break;
    case BoxCode::kYolov5:
      cx = (2 * sigmoid(b[0]) - 0.5 + gx) * s, cy = (2 * sigmoid(b[1]) - 0.5 + gy) * s;
      w = std::pow(2 * sigmoid(b[2]), 2) * grid->anchor_w;
      h = std::pow(2 * sigmoid(b[3]), 2) * grid->anchor_h;
      break;
  }
  out[0] = cx - w / 2, out[1] = cy - h / 2, out[2] = cx + w / 2, out[3] = cy + h / 2;
}

// All candidates above conf, suppression aside, in frame pixels.
std::vector<Wanted> wanted_of(const Numbers& n, double conf, bool multi_label) {
  std::vector<Wanted> all;
  const Placement f = whole_frame();
  for (size_t p = 0; p < n.box.size(); ++p) {
    const auto real = [&](double raw) { return n.spec.scores_are_logits ? sigmoid(raw) : raw; };
    const double object = n.spec.objectness ? real(n.object[p]) : 1.0;
    const auto best = static_cast<size_t>(std::max_element(n.score[p].begin(), n.score[p].end()) -
                                          n.score[p].begin());
    for (size_t c = 0; c < n.score[p].size(); ++c) {
      Wanted w{object * real(n.score[p][c]), {}, static_cast<int32_t>(c)};
      if ((!multi_label && c != best) || w.score <= conf) continue;
      wanted_box(n, p, w.box);
      for (int i = 0; i < 4; ++i) {
        const bool x = i % 2 == 0;
        w.box[i] = (w.box[i] - double{x ? f.offset_x : f.offset_y}) * double{f.scale_x};
        w.box[i] = std::clamp<double>(w.box[i], 0, x ? f.frame_width : f.frame_height);
      }
      if (w.box[0] < w.box[2] && w.box[1] < w.box[3]) all.push_back(w);
    }
  }
  return all;
}

struct Case {
  BoxCode code;
  int32_t classes;
  bool objectness, logits;
};
constexpr Case kCases[] = {
    {BoxCode::kCxcywh, 80, false, false}, {BoxCode::kCxcywh, 7, true, false},
    {BoxCode::kXyxy, 3, false, false},    {BoxCode::kDfl, 80, false, true},
    {BoxCode::kDfl, 6, false, false},     {BoxCode::kLtrb, 17, false, true},
    {BoxCode::kYolox, 80, true, false},   {BoxCode::kYolox, 1, false, true},
    {BoxCode::kYolov5, 33, true, true},   {BoxCode::kYolov5, 1, true, true},
};

TEST(Decode, FollowsTheFormulas) {
  for (const Case& c : kCases) {
    for (const bool multi_label : {false, true}) {
      SCOPED_TRACE(testing::Message() << "code " << static_cast<int>(c.code) << " classes "
                                      << c.classes << " multi " << multi_label);
      HeadSpec spec = spec_of(c.code, c.classes, c.objectness, c.logits);
      // Nothing suppressed either way: a network that does it itself always ranks every class.
      spec.nms = !multi_label;
      const Numbers numbers = random_numbers(spec, 31);
      DecodeOptions options;
      options.iou = 1.0F;
      options.confidence = 0.6F;
      options.detections_max = 100000;
      options.candidates_max = 1 << 20;
      options.multi_label = multi_label;
      const std::vector<Detection> found = decode(numbers, options);
      std::vector<Wanted> wanted = wanted_of(numbers, double{options.confidence}, multi_label);
      ASSERT_EQ(found.size(), wanted.size());
      ASSERT_GT(found.size(), 20U);
      for (size_t i = 1; i < found.size(); ++i) ASSERT_GE(found[i - 1].score, found[i].score);

      std::sort(wanted.begin(), wanted.end(),
                [](const Wanted& a, const Wanted& b) { return a.score > b.score; });
      std::vector<bool> used(wanted.size());
      for (size_t i = 0; i < found.size(); ++i) {
        const Detection& d = found[i];
        bool matched = false;
        // Scores closer than float resolution may have changed places.
        auto j = static_cast<size_t>(
            std::lower_bound(wanted.begin(), wanted.end(), double{d.score} + 2e-6,
                             [](const Wanted& w, double s) { return w.score > s; }) -
            wanted.begin());
        for (; j < wanted.size() && wanted[j].score > double{d.score} - 2e-6 && !matched; ++j) {
          const Wanted& w = wanted[j];
          const auto near = [](double a, double b) { return std::fabs(a - b) <= 2e-3; };
          if (used[j] || w.class_id != d.class_id || !near(w.box[0], d.x1)) continue;
          matched = near(w.box[1], d.y1) && near(w.box[2], d.x2) && near(w.box[3], d.y2);
          if (matched) used[j] = true;
        }
        ASSERT_TRUE(matched) << "detection " << i << " score " << d.score;
      }
    }
  }
}

TEST(Decode, MemoryLayoutsAgreeBitForBit) {
  for (const Case& c : kCases) {
    for (const bool multi_label : {false, true}) {
      const HeadSpec spec = spec_of(c.code, c.classes, c.objectness, c.logits);
      const Numbers numbers = random_numbers(spec, 32);
      DecodeOptions options;
      options.confidence = 0.3F;
      options.multi_label = multi_label;
      const std::vector<Detection> rows = decode(numbers, options, Memory::kRows);
      ASSERT_FALSE(rows.empty());
      for (const Memory memory : {Memory::kRows, Memory::kColumns, Memory::kMaps}) {
        const std::vector<Detection> other = decode(numbers, options, memory);
        ASSERT_EQ(other.size(), rows.size());
        EXPECT_EQ(std::memcmp(other.data(), rows.data(), rows.size() * sizeof(Detection)), 0);
      }
    }
  }
}

// Ten boxes far apart, so that suppression has nothing to do.
Numbers spread(int32_t classes) {
  HeadSpec spec = spec_of(BoxCode::kCxcywh, classes, false, false);
  Numbers numbers = random_numbers(spec, 33);
  for (size_t p = 0; p < numbers.box.size(); ++p) {
    numbers.box[p] = {10.0F + 30.0F * static_cast<float>(p % 10), 100.0F, 20.0F, 20.0F};
    std::fill(numbers.score[p].begin(), numbers.score[p].end(), 0.0F);
  }
  return numbers;
}

TEST(Decode, TiesGoToTheFirstClassAndTheFirstBox) {
  Numbers numbers = spread(20);
  numbers.score[5][7] = numbers.score[5][3] = numbers.score[5][18] = 0.5F;
  numbers.score[2][4] = 0.5F;
  numbers.score[9][0] = 0.75F;
  for (const Memory memory : {Memory::kRows, Memory::kColumns, Memory::kMaps}) {
    const std::vector<Detection> found = decode(numbers, {}, memory);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].class_id, 0);
    EXPECT_EQ(found[1].class_id, 4);
    EXPECT_EQ(found[2].class_id, 3);
    DecodeOptions options;
    options.multi_label = true;
    const std::vector<Detection> labels = decode(numbers, options, memory);
    ASSERT_EQ(labels.size(), 5U);
    EXPECT_EQ(labels[2].class_id, 3);
    EXPECT_EQ(labels[3].class_id, 7);
    EXPECT_EQ(labels[4].class_id, 18);
  }
}

TEST(Decode, ThresholdIsStrict) {
  Numbers numbers = spread(3);
  numbers.score[0][1] = 0.5F;
  numbers.score[1][1] = std::nextafter(0.5F, 1.0F);
  DecodeOptions options;
  options.confidence = 0.5F;
  EXPECT_EQ(decode(numbers, options).size(), 1U);

  // In logit space: logit(0.5) is 0.
  numbers.spec.scores_are_logits = true;
  for (std::vector<float>& scores : numbers.score) std::fill(scores.begin(), scores.end(), -9.0F);
  numbers.score[0][1] = 0.0F;
  numbers.score[1][1] = 0.001F;
  EXPECT_EQ(decode(numbers, options).size(), 1U);
  // Everything passes, and suppression leaves one box at each of ten places.
  options.confidence = 0.0F;
  options.class_aware = false;
  EXPECT_EQ(decode(numbers, options).size(), 10U);
}

TEST(Decode, ClassesSuppressApartOrTogether) {
  Numbers numbers = spread(2);
  numbers.box[1] = numbers.box[0];
  numbers.score[0][0] = 0.9F;
  numbers.score[1][1] = 0.8F;
  DecodeOptions options;
  EXPECT_EQ(decode(numbers, options).size(), 2U);
  options.class_aware = false;
  ASSERT_EQ(decode(numbers, options).size(), 1U);
  EXPECT_EQ(decode(numbers, options)[0].score, 0.9F);
  numbers.spec.nms = false;
  EXPECT_EQ(decode(numbers, options).size(), 2U);
}

// Fewer candidates than pass: the best of them, as a full sort would have it.
TEST(Decode, CandidateLimitKeepsTheBest) {
  HeadSpec spec = spec_of(BoxCode::kCxcywh, 5, false, false);
  spec.nms = false;
  Numbers numbers = random_numbers(spec, 34);
  std::mt19937 random(35);
  for (auto& scores : numbers.score) {
    for (float& s : scores) s = static_cast<float>(random() % 64) / 64.0F;  // many ties
  }
  DecodeOptions options;
  options.confidence = 0.1F;
  options.multi_label = true;
  options.detections_max = 100000;
  const std::vector<Detection> all = decode(numbers, options);
  ASSERT_GT(all.size(), 5000U);
  for (const int32_t limit : {1, 2, 99, 1000, 4999}) {
    options.candidates_max = limit;
    const std::vector<Detection> some = decode(numbers, options);
    ASSERT_EQ(some.size(), static_cast<size_t>(limit));
    EXPECT_EQ(std::memcmp(some.data(), all.data(), some.size() * sizeof(Detection)), 0);
  }
  options.candidates_max = 30000;
  options.detections_max = 17;
  EXPECT_EQ(decode(numbers, options).size(), 17U);
}

TEST(Decode, EndToEndRows) {
  HeadSpec spec;
  spec.layout = OutputLayout::kEndToEnd;
  spec.box = BoxCode::kXyxy;
  spec.classes = 4;
  spec.nms = false;
  const float rows[][6] = {
      {10, 20, 50, 60, 0.5F, 1},
      {10, 20, 50, 60, 0.75F, 3},  // duplicates stay
      {10, 20, 50, 60, 0.25F, 0},  // at the threshold
      {10, 20, 50, 60, 0.9F, 4},
      {10, 20, 50, 60, 0.9F, -1},  // no such class
      {10, 20, 50, 60, 0.9F, kNan},
      {10, 20, 50, 60, kNan, 0},
      {kNan, 20, 50, 60, 0.9F, 0},
      {10, 20, 50, 60, 0.9F, 1e30F},
      {50, 20, 10, 60, 0.9F, 0},  // corners the wrong way round
      {-100, -100, 1000, 1000, 0.625F, 2.0F},
  };
  HeadLevel level;
  level.count = 11;
  level.box = {rows[0], 6, 1};
  level.scores = {rows[0] + 4, 6, 1};
  auto decoder = Decoder::create(spec, {}, 11);
  ASSERT_TRUE(decoder.ok());
  const auto found = decoder.value().decode({&level, 1}, whole_frame());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].class_id, 3);
  EXPECT_EQ(found[1].class_id, 2);
  EXPECT_EQ(found[2].class_id, 1);
  EXPECT_EQ(found[0].x1, 20.0F);
  EXPECT_EQ(found[0].y1, 16.0F);
  EXPECT_EQ(found[0].x2, 100.0F);
  EXPECT_EQ(found[0].y2, 96.0F);
  EXPECT_EQ(found[1].x1, 0.0F);
  EXPECT_EQ(found[1].x2, 640.0F);
  EXPECT_EQ(found[1].y2, 440.0F);
}

TEST(Decode, BoxesInThePaddingAreDropped) {
  Numbers numbers = spread(1);
  numbers.box[0] = {
      100,
      5,
      20,
      14,
  };  // above the frame, which starts at y = 12
  numbers.box[1] = {
      100,
      5,
      20,
      15,
  };                                    // half a pixel of it inside
  numbers.box[2] = {400, 100, 20, 20};  // right of it
  numbers.score[0][0] = numbers.score[1][0] = numbers.score[2][0] = 0.9F;
  const std::vector<Detection> found = decode(numbers, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].y1, 0.0F);
  EXPECT_EQ(found[0].y2, 1.0F);
}

// Any float at all in the maps: detections stay finite and inside the frame, and all layouts agree.
TEST(Decode, SurvivesHostileNumbers) {
  constexpr float kNasty[] = {kNan, kInf, -kInf, 3e38F, -3e38F, 1e-45F, 0.0F, -0.0F, 90.0F, -90.0F};
  size_t total = 0;
  for (const Case& c : kCases) {
    Numbers numbers = random_numbers(spec_of(c.code, c.classes, c.objectness, c.logits), 36);
    std::mt19937 random(37);
    const auto spoil = [&](float* value) {
      if (random() % 4 == 0) *value = kNasty[random() % std::size(kNasty)];
    };
    for (auto& box : numbers.box)
      std::for_each(box.begin(), box.end(), [&](float& v) { spoil(&v); });
    for (auto& s : numbers.score) std::for_each(s.begin(), s.end(), [&](float& v) { spoil(&v); });
    for (float& v : numbers.object) spoil(&v);
    DecodeOptions options;
    options.multi_label = c.classes % 2 == 1;
    options.detections_max = 5000;
    const std::vector<Detection> found = decode(numbers, options);
    for (const Detection& d : found) {
      ASSERT_TRUE(d.score > 0.25F && d.score <= 1.0F);
      ASSERT_TRUE(d.x1 >= 0.0F && d.x1 <= d.x2 && d.x2 <= 640.0F);
      ASSERT_TRUE(d.y1 >= 0.0F && d.y1 <= d.y2 && d.y2 <= 440.0F);
      ASSERT_TRUE(d.class_id >= 0 && d.class_id < c.classes);
    }
    for (const Memory memory : {Memory::kColumns, Memory::kMaps}) {
      const std::vector<Detection> other = decode(numbers, options, memory);
      ASSERT_EQ(other.size(), found.size());
      EXPECT_EQ(std::memcmp(other.data(), found.data(), found.size() * sizeof(Detection)), 0);
    }
    total += found.size();
  }
  EXPECT_GT(total, 100U);
}

TEST(Decode, AllocatesNothing) {
  for (const bool multi_label : {false, true}) {
    for (const Case& c : kCases) {
      const Numbers numbers =
          random_numbers(spec_of(c.code, c.classes, c.objectness, c.logits), 38);
      DecodeOptions options;
      options.confidence = 0.01F;
      options.multi_label = multi_label;
      options.candidates_max = 3000;  // full, so the heap works too
      auto decoder = Decoder::create(numbers.spec, options, numbers.pixels());
      ASSERT_TRUE(decoder.ok());
      const Stored stored = store(numbers, Memory::kColumns);
      const Placement placement = whole_frame();
      const int64_t before = test::allocation_count();
      size_t found = 0;
      for (int i = 0; i < 3; ++i) found = decoder.value().decode(stored.levels, placement).size();
      EXPECT_EQ(test::allocation_count(), before);
      EXPECT_GT(found, 10U);
    }
  }
}

TEST(Decode, RefusesOptionsThatMakeNoSense) {
  const HeadSpec spec = spec_of(BoxCode::kCxcywh, 3, false, false);
  const auto refused = [&](auto change) {
    DecodeOptions options;
    change(options);
    const auto decoder = Decoder::create(spec, options, 100);
    return !decoder.ok() && decoder.error().code == platform::Code::kInvalidArgument;
  };
  for (const float conf : {-0.1F, 1.0F, 2.0F, kNan, kInf}) {
    EXPECT_TRUE(refused([&](DecodeOptions& o) { o.confidence = conf; })) << conf;
  }
  for (const float iou : {-0.1F, 1.1F, kNan, -kInf}) {
    EXPECT_TRUE(refused([&](DecodeOptions& o) { o.iou = iou; })) << iou;
  }
  for (const int32_t count : {0, -1, std::numeric_limits<int32_t>::max()}) {
    EXPECT_TRUE(refused([&](DecodeOptions& o) { o.detections_max = count; }));
    EXPECT_TRUE(refused([&](DecodeOptions& o) { o.candidates_max = count; }));
  }
  EXPECT_FALSE(refused([](DecodeOptions&) {}));
  EXPECT_FALSE(Decoder::create(spec, {}, 0).ok());
  EXPECT_FALSE(Decoder::create(spec, {}, std::numeric_limits<int32_t>::max()).ok());
  HeadSpec bad = spec;
  bad.classes = 0;
  EXPECT_FALSE(Decoder::create(bad, {}, 100).ok());
}

}  // namespace
}  // namespace pawl::engine
