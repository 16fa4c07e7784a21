// Heads that the tests of detection on a device, and the tests that these can fail, both use.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "tests/kernels/cuda/detect_problem.h"

namespace pawl::kernels::cuda {

inline engine::HeadSpec yolov8(int32_t classes) {
  engine::HeadSpec spec;
  spec.layout = engine::OutputLayout::kMaps;
  spec.box = engine::BoxCode::kDfl;
  spec.bins = 16;
  spec.classes = classes;
  spec.scores_are_logits = true;
  return spec;
}

// Every way a box and a score are written, in every memory layout, plain and hostile.
struct Form {
  engine::BoxCode box;
  bool objectness, logits, end_to_end, nms;
};

inline engine::HeadSpec spec_of(const Form& form, std::mt19937* random) {
  engine::HeadSpec spec;
  spec.layout = form.end_to_end ? engine::OutputLayout::kEndToEnd : engine::OutputLayout::kMaps;
  spec.box = form.box;
  spec.bins =
      form.box == engine::BoxCode::kDfl ? std::uniform_int_distribution<>(1, 17)(*random) : 1;
  spec.cell_offset = (*random)() % 2 == 0 ? 0.5F : 0.0F;
  spec.classes = std::uniform_int_distribution<>(1, 4)(*random) == 1
                     ? std::uniform_int_distribution<>(30, 200)(*random)
                     : std::uniform_int_distribution<>(1, 20)(*random);
  spec.objectness = form.objectness && !form.end_to_end;
  spec.scores_are_logits = form.logits;
  spec.nms = form.nms;
  return spec;
}

// Scores of a few dozen values, so that equal ones abound and unequal ones lie apart. `hostile`: the
// share of numbers that are none, infinite, or huge.
inline auto numbers_of(const engine::HeadSpec& spec, float hostile, std::mt19937* random) {
  return [spec, hostile, random](char part, int32_t, int32_t, int32_t channel) {
    const auto uniform = [&](float low, float high) {
      return std::uniform_real_distribution<float>(low, high)(*random);
    };
    if (uniform(0.0F, 1.0F) < hostile) {
      constexpr float kInf = std::numeric_limits<float>::infinity();
      constexpr float kHostile[] = {
          std::numeric_limits<float>::quiet_NaN(), kInf, -kInf, -0.0F, 60000.0F, 3e38F, -3e38F};
      return kHostile[(*random)() % 7];
    }
    const bool end_to_end = spec.layout == engine::OutputLayout::kEndToEnd;
    if (part == 's' && end_to_end && channel == 1) {  // a class number, whole or not, or none
      return std::round(uniform(-4.0F, 4.0F * static_cast<float>(spec.classes) + 4.0F)) / 4.0F;
    }
    if (part != 'b') {
      const float step = std::round(uniform(0.0F, 24.0F));
      return spec.scores_are_logits ? step / 4.0F - 4.0F : step / 16.0F;
    }
    switch (spec.box) {
      case engine::BoxCode::kCxcywh:
        return channel < 2 ? uniform(-50.0F, 350.0F) : uniform(-10.0F, 150.0F);
      case engine::BoxCode::kXyxy:
        return channel < 2 ? uniform(-50.0F, 250.0F) : uniform(100.0F, 350.0F);
      case engine::BoxCode::kLtrb:
        return uniform(-1.0F, 6.0F);
      default:
        return uniform(-3.0F, 3.0F);
    }
  };
}

// A head with something odd about it: the i-th of its kind has box code i % 6.
inline DetectProblem random_head(int32_t i, std::mt19937* random) {
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<>(low, high)(*random);
  };
  const Form form = {static_cast<engine::BoxCode>(i % 6), draw(0, 1) == 0, draw(0, 2) > 0,
                     draw(0, 5) == 0, draw(0, 4) > 0};
  const engine::HeadSpec spec = spec_of(form, random);
  engine::DecodeOptions options;
  constexpr float kConfidences[] = {0.0F, 0.001F, 0.26F, 0.26F, 0.81F, 0.96F};
  options.confidence = kConfidences[draw(0, 5)];
  constexpr float kIous[] = {0.0F, 0.3F, 0.45F, 0.7F, 1.0F};
  options.iou = kIous[draw(0, 4)];
  options.multi_label = draw(0, 3) == 0;
  options.class_aware = draw(0, 2) > 0;
  if (draw(0, 3) == 0) options.detections_max = draw(1, 20);
  if (draw(0, 3) == 0) options.candidates_max = draw(1, 100);
  std::vector<GridShape> grids;
  for (int level = draw(1, 4); level > 0; --level) {
    grids.push_back({draw(1, 14), draw(1, 14), static_cast<float>(draw(1, 32)),
                     static_cast<float>(draw(5, 90)), static_cast<float>(draw(5, 90))});
  }
  const float hostile = draw(0, 1) == 0 ? 0.0F : 0.03F;
  DetectProblem problem(spec, options, grids, static_cast<Memory>(draw(0, 3)), draw(0, 1) == 0,
                        numbers_of(spec, hostile, random));
  problem.placement = {0.5F + static_cast<float>(draw(0, 8)) / 4.0F,
                       1.25F,
                       static_cast<float>(draw(0, 40)),
                       static_cast<float>(draw(0, 40)),
                       draw(1, 600),
                       draw(1, 600)};
  return problem;
}

// 1777 pixels that all pass, with scores of so many values. Boxes are large, so that few are kept and
// all candidates are looked at.
inline DetectProblem many_candidates(int32_t values, int32_t limit, bool multi_label,
                                     std::mt19937* random) {
  engine::HeadSpec spec = yolov8(multi_label ? 3 : 2);
  spec.box = engine::BoxCode::kLtrb;
  spec.bins = 1;
  engine::DecodeOptions options;
  options.confidence = 0.001F;
  options.iou = 0.2F;
  options.candidates_max = limit;
  options.detections_max = 1000;
  options.multi_label = options.class_aware = multi_label;  // both, or neither
  DetectProblem problem(
      spec, options, {{47, 31, 8.0F, 0.0F, 0.0F}, {20, 16, 16.0F, 0.0F, 0.0F}}, Memory::kMaps,
      false, [&](char part, int32_t, int32_t, int32_t) {
        if (part == 'b') return std::uniform_real_distribution<float>(0.5F, 6.0F)(*random);
        return static_cast<float>(static_cast<int32_t>((*random)() % 5000) % values) / 1024.0F;
      });
  EXPECT_LT(problem.expected().size(), static_cast<size_t>(options.detections_max));
  return problem;
}

// So many candidates of 1066 pixels, far from each other: none may be lost.
inline DetectProblem exactly(int32_t count, std::mt19937* random) {
  engine::HeadSpec spec = yolov8(1);
  spec.box = engine::BoxCode::kXyxy;
  engine::DecodeOptions options;
  options.detections_max = 2000;
  DetectProblem problem(spec, options, {{41, 26, 8.0F, 0.0F, 0.0F}}, Memory::kPackedMaps, true,
                        [&](char part, int32_t, int32_t pixel, int32_t channel) {
                          const int32_t corner = (channel % 2 == 0 ? pixel % 41 : pixel / 41) * 8;
                          if (part == 'b') return static_cast<float>(corner + channel / 2 * 5);
                          const bool chosen =
                              pixel * 7 % 1066 < count;  // 7 and 1066 share no factor but 1
                          return chosen ? static_cast<float>((*random)() % 8) / 8.0F : -5.0F;
                        });
  problem.placement = {1.0F, 1.0F, 0.0F, 0.0F, 400, 300};
  EXPECT_EQ(problem.expected().size(), static_cast<size_t>(count));
  return problem;
}

// 71700 pixels, 1121 tiles; candidates lie in the first, in the last and here and there.
inline DetectProblem many_tiles(Memory memory) {
  engine::HeadSpec spec = yolov8(1);
  spec.box = engine::BoxCode::kXyxy;
  const GridShape grid = {300, 239, 1.0F, 0.0F, 0.0F};
  const int32_t pixels = grid.width * grid.height;
  return DetectProblem(spec, engine::DecodeOptions{}, {grid}, memory, true,
                       [&](char part, int32_t, int32_t pixel, int32_t channel) {
                         if (part == 'b')
                           return static_cast<float>(pixel % 97 * 3 + channel / 2 * 5);
                         const bool chosen =
                             pixel % 2311 == 0 || pixel > pixels - 3 || pixel == 65535;
                         return chosen ? static_cast<float>(pixel % 16) / 16.0F : -9.0F;
                       });
}

}  // namespace pawl::kernels::cuda
