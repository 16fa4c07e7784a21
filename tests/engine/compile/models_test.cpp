// Proves on trained detectors that compiling gives the detections of the exported graph: the fused
// head against the network without a head, whose outputs the decoder reads as exported. Models come
// from PAWL_SHARED or the folder shared beside the checkout; the test says so where there are none.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "engine/compile/outline.h"
#include "engine/detect/decode.h"
#include "engine/detect/level_binding.h"
#include "engine/onnx/importer.h"
#include "tests/engine/compile/plan_runner.h"

namespace pawl::engine {
namespace {

struct Model {
  const char* name;
  const char* file;
  const char* family;
};

class Models : public testing::TestWithParam<Model> {};

std::filesystem::path shared_models() {
  const char* shared = std::getenv("PAWL_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : PAWL_SHARED_DIR) / "models";
}

// Shaded rectangles over a gradient, with noise: edges and areas, as in a photograph.
std::vector<uint8_t> photo_like(int32_t width, int32_t height) {
  std::mt19937_64 random(5);
  std::vector<uint8_t> pixels(static_cast<size_t>(width * height * 3));
  struct Patch {
    int32_t x1, y1, x2, y2, colour[3];
  };
  std::vector<Patch> patches(60);
  for (Patch& p : patches) {
    p.x1 = static_cast<int32_t>(random() % static_cast<uint64_t>(width));
    p.y1 = static_cast<int32_t>(random() % static_cast<uint64_t>(height));
    p.x2 = p.x1 + 10 + static_cast<int32_t>(random() % 160);
    p.y2 = p.y1 + 10 + static_cast<int32_t>(random() % 200);
    for (int32_t& c : p.colour) c = static_cast<int32_t>(random() % 200);
  }
  for (int32_t y = 0; y < height; ++y) {
    for (int32_t x = 0; x < width; ++x) {
      int32_t colour[3] = {x * 120 / width, y * 120 / height, 70};
      for (const Patch& p : patches) {
        if (x >= p.x1 && x < p.x2 && y >= p.y1 && y < p.y2) {
          for (int c = 0; c < 3; ++c) colour[c] = p.colour[c] + (y - p.y1) * 40 / (p.y2 - p.y1);
        }
      }
      for (int c = 0; c < 3; ++c) {
        const int32_t noise = static_cast<int32_t>(random() % 15) - 7;
        pixels[static_cast<size_t>((y * width + x) * 3 + c)] =
            static_cast<uint8_t>(std::clamp(colour[c] + noise, 0, 255));
      }
    }
  }
  return pixels;
}

// Low, so that a frame without objects gives something to compare.
constexpr float kConfidence = 0.002F;

std::vector<Detection> fused_detections(const Graph& graph, const Model& model,
                                        const platform::Frame& frame) {
  const Result<Compiled> compiled = compile(graph, {});
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) return {};
  EXPECT_EQ(compiled.value().report.family, model.family);
  EXPECT_TRUE(compiled.value().report.head_fused);
  const Result<Artifact> artifact = Artifact::from_bytes(compiled.value().artifact, model.name);
  EXPECT_TRUE(artifact.ok()) << artifact.error().message;
  Result<Session> session =
      Session::create(artifact.value(), {.threads = 2, .confidence = kConfidence, .iou = 0.7F});
  EXPECT_TRUE(session.ok()) << session.error().message;
  const auto found = session.value().detect(frame);
  EXPECT_TRUE(found.ok());
  const std::vector<Detection> first(found.value().begin(), found.value().end());
  const auto again = session.value().detect(frame);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), again.value().begin(), again.value().end(),
                         [](const Detection& a, const Detection& b) {
                           return a.class_id == b.class_id && a.score == b.score && a.x1 == b.x1;
                         }));
  return first;
}

std::vector<Detection> exported_detections(const Graph& graph, const platform::Frame& frame) {
  const Result<HeadGuess> guess = guess_head(outline_of(graph), {});
  EXPECT_TRUE(guess.ok()) << guess.error().message;
  if (!guess.ok()) return {};
  const HeadGuess& g = guess.value();
  CompileOptions options = test::without_head();
  options.head.rgb = g.pre.rgb;
  options.head.fit = g.pre.fit;
  options.head.pad_value = g.pre.pad_value;
  options.head.mean = {g.pre.mean[0], g.pre.mean[1], g.pre.mean[2]};
  options.head.scale = {g.pre.scale[0], g.pre.scale[1], g.pre.scale[2]};
  const Result<Compiled> compiled = compile(graph, options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) return {};
  const Result<Artifact> artifact = Artifact::from_bytes(compiled.value().artifact, "exported");
  Result<Session> session = Session::create(artifact.value(), {.threads = 2});
  EXPECT_TRUE(session.ok()) << session.error().message;
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
      Decoder::create(g.head, {.confidence = kConfidence, .iou = 0.7F}, head_pixels(g.levels));
  EXPECT_TRUE(decoder.ok());
  const std::span<const Detection> found =
      decoder.value().decode(levels, fit_frame(g.pre, frame.width, frame.height).placement);
  return {found.begin(), found.end()};
}

TEST_P(Models, FusedEqualsExported) {
  const std::filesystem::path path = shared_models() / GetParam().file;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "no model " << path << ": set PAWL_SHARED to the folder of shared models";
  }
  const Result<Graph> graph = import_onnx(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const std::vector<uint8_t> pixels = photo_like(640, 425);
  platform::Frame frame;
  frame.width = 640;
  frame.height = 425;
  frame.stride = 640 * 3;
  frame.data = pixels.data();
  const std::vector<Detection> fused = fused_detections(graph.value(), GetParam(), frame);
  const std::vector<Detection> exported = exported_detections(graph.value(), frame);
  ASSERT_GT(exported.size(), 5U) << "nothing to compare";
  EXPECT_EQ(fused.size(), exported.size());
  std::vector<bool> taken(exported.size(), false);
  size_t unlike = 0;
  for (const Detection& d : fused) {
    bool found = false;
    for (size_t i = 0; i < exported.size() && !found; ++i) {
      const Detection& e = exported[i];
      found = !taken[i] && d.class_id == e.class_id && std::abs(d.score - e.score) < 1e-3F &&
              std::abs(d.x1 - e.x1) < 0.2F && std::abs(d.y1 - e.y1) < 0.2F &&
              std::abs(d.x2 - e.x2) < 0.2F && std::abs(d.y2 - e.y2) < 0.2F;
      if (found) taken[i] = true;
    }
    if (!found) ++unlike;
  }
  EXPECT_EQ(unlike, 0U) << "of " << fused.size();
}

INSTANTIATE_TEST_SUITE_P(Shared, Models,
                         testing::Values(Model{"yolov8n", "yolov8n_coco.onnx", "yolov8"},
                                         Model{"yolox_nano", "yolox_nano_coco.onnx", "yolox"},
                                         Model{"nanodet_m", "nanodet_m_coco.onnx", "nanodet"},
                                         Model{"yolov5n", "yolov5n_coco_fp16.onnx", "yolov5"}),
                         [](const testing::TestParamInfo<Model>& model) {
                           return model.param.name;
                         });

}  // namespace
}  // namespace pawl::engine
