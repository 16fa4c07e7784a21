// pawl bench: how long a frame takes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/device_notice.h"
#include "apps/pawl/file_guard.h"
#include "apps/pawl/json.h"
#include "apps/pawl/latency.h"
#include "apps/pawl/plan_text.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/projection_report.h"
#include "apps/pawl/text.h"
#include "engine/artifact/step_kind.h"
#include "engine/runtime/session.h"
#include "platform/imaging/images.h"
#include "platform/stop_signals.h"
#include "platform/synthetic/line_scene.h"

namespace pawl::program {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWarmUpFrames = 5;
constexpr double kWarmUpSecondsMax = 2.0;
constexpr int64_t kSyntheticFrames = 4;  // so that branches do not learn one picture
constexpr size_t kSamplesMax = 10'000'000;

struct BenchArguments {
  std::string model, input, project;
  double seconds = 5.0;
  double paced_fps = 0.0;  // 0: one frame after the other
  bool layers = false;
  bool json = false;
  engine::ArtifactOptions artifact;
  engine::SessionOptions session;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool is_over(const BenchArguments& arguments, Clock::time_point start) {
  return platform::stop_requested() || seconds_since(start) >= arguments.seconds;
}

Result<std::vector<platform::Image>> bench_images(const std::string& input) {
  std::vector<platform::Image> images;
  if (!input.empty()) {
    images.push_back(PAWL_TRY(platform::load_image(input)));
    return images;
  }
  platform::LineScene scene(platform::LineOptions{});
  for (int64_t i = 0; i < kSyntheticFrames; ++i) {
    images.push_back(platform::Image::blank(scene.options().width, scene.options().height));
    scene.render(i * 3, images.back().pixels.data(), images.back().stride, nullptr);
  }
  return images;
}

// Whole frames as a camera's user sees them: preprocess, network, decoding.
Status measure_frames(const BenchArguments& arguments, const std::vector<platform::Image>& images,
                      engine::Session* session, StageSeries* series) {
  const auto detect = [&](size_t index) {
    return session->detect(images[index % images.size()].frame());
  };
  const Clock::time_point warm_up = Clock::now();
  for (size_t i = 0; i < kWarmUpFrames && seconds_since(warm_up) < kWarmUpSecondsMax; ++i) {
    PAWL_TRY(detect(i));
  }
  Progress progress("frames", 0);
  const Clock::time_point start = Clock::now();
  for (size_t i = 0; series->count() < kSamplesMax; ++i) {
    if (arguments.paced_fps > 0.0) {
      const double due = static_cast<double>(i) / arguments.paced_fps;
      const std::chrono::duration<double> wait(std::min(due, arguments.seconds));
      platform::sleep_until_stop(start + std::chrono::duration_cast<Clock::duration>(wait));
    }
    if (i > 0 && is_over(arguments, start)) break;
    PAWL_TRY(detect(i));
    series->add(session->times());
    progress.advance(static_cast<int64_t>(i + 1));
  }
  return {};
}

struct Layers {
  std::vector<double> ms;  // a step, median of the runs
  int64_t runs = 0;
};

Result<Layers> measure_layers(const BenchArguments& arguments, engine::Session* session) {
  const size_t count = session->artifact().steps().size();
  std::vector<std::vector<int64_t>> samples(count);
  std::vector<int64_t> ns(count);
  Layers layers;
  const Clock::time_point start = Clock::now();
  while (layers.runs == 0 || (layers.runs < 3 && !platform::stop_requested()) ||
         (layers.runs < 10'000 && !is_over(arguments, start))) {
    std::fill(ns.begin(), ns.end(), 0);
    PAWL_TRY(session->run_timed(ns));
    for (size_t i = 0; i < count; ++i) samples[i].push_back(ns[i]);
    ++layers.runs;
  }
  for (auto& step : samples) layers.ms.push_back(percentiles_ms(std::move(step)).p50);
  return layers;
}

// Two operations a multiply-add, as in every published GFLOP/s.
double gflops(int64_t multiply_adds, double ms) {
  return ms > 0.0 ? 2.0 * static_cast<double>(multiply_adds) / ms / 1e6 : 0.0;
}

void print_layers(const engine::Artifact& artifact, const Layers& layers) {
  const double total = std::accumulate(layers.ms.begin(), layers.ms.end(), 0.0);
  TextTable table({"step", "kind", "output", "ms", "share", "GFLOP/s", "name"});
  for (size_t i = 0; i < layers.ms.size(); ++i) {
    const engine::StepRecord& step = artifact.steps()[i];
    const int64_t work = step_multiply_adds(artifact.tensors(), step);
    table.add({std::to_string(i), engine::step_kind_name(step.kind),
               tensor_shape(artifact, step.output[0]), printed("%.3f", layers.ms[i]),
               printed("%.1f%%", 100.0 * layers.ms[i] / std::max(1e-9, total)),
               work == 0 ? "" : printed("%.1f", gflops(work, layers.ms[i])),
               std::string(artifact.text(step.name))});
  }
  std::fputs(table.str().c_str(), stdout);
  std::printf("%.3f ms, the sum of the steps' medians over %lld runs\n", total,
              static_cast<long long>(layers.runs));
}

Json layers_json(const engine::Artifact& artifact, const Layers& layers) {
  Json list = Json::array();
  for (size_t i = 0; i < layers.ms.size(); ++i) {
    const engine::StepRecord& step = artifact.steps()[i];
    const int64_t work = step_multiply_adds(artifact.tensors(), step);
    list.push_back({{"step", i},
                    {"kind", engine::step_kind_name(step.kind)},
                    {"name", artifact.text(step.name)},
                    {"output", tensor_shape(artifact, step.output[0])},
                    {"ms", rounded(layers.ms[i], 5)},
                    {"gflops", rounded(gflops(work, layers.ms[i]), 2)}});
  }
  return list;
}

// The network on its own, for artifacts compiled with --head none.
Status measure_network(const BenchArguments& arguments, engine::Session* session,
                       StageSeries* series) {
  std::ranges::fill(session->input().floats, 0.5F);
  std::ranges::fill(session->input().bytes, uint8_t{128});
  for (int i = 0; i < kWarmUpFrames; ++i) PAWL_TRY(session->run());
  const Clock::time_point start = Clock::now();
  while (series->count() == 0 || !is_over(arguments, start)) {
    const Clock::time_point before = Clock::now();
    PAWL_TRY(session->run());
    engine::StageTimes times;
    times.infer =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - before).count();
    series->add(times);
  }
  return {};
}

Status bench_model(const BenchArguments& arguments) {
  FileGuard guard;
  PAWL_TRY(guard.reads("the artifact", arguments.model));
  PAWL_TRY(guard.reads("the input", arguments.input));
  const auto artifact = PAWL_TRY(engine::Artifact::open(arguments.model, arguments.artifact));
  if (!arguments.project.empty()) {
    return print_projection(artifact, arguments.project, arguments.layers, arguments.json);
  }
  auto session = PAWL_TRY(engine::Session::create(artifact, arguments.session));
  DeviceNotice notice("bench");
  notice.check(session);
  session.pool()->pin_caller();
  platform::stop_on_signals();
  const auto images = PAWL_TRY(bench_images(arguments.input));
  StageSeries series;
  if (artifact.head().present != 0) {
    PAWL_TRY(measure_frames(arguments, images, &session, &series));
  } else {
    PAWL_TRY(measure_network(arguments, &session, &series));
  }
  notice.check(session);
  Layers layers;
  if (arguments.layers) layers = PAWL_TRY(measure_layers(arguments, &session));
  if (arguments.json) {
    Json json = {{"model", arguments.model},
                 {"target", session.artifact().target()},
                 {"precision", precision_name(session.artifact())},
                 {"device_fault", session.device_fault()},
                 {"threads", session.threads()},
                 {"cpu", cpu_name()},
                 {"ms", series.json()},
                 {"frames", series.count()}};
    if (arguments.layers) json["layers"] = layers_json(session.artifact(), layers);
    std::fputs(json_text(json).c_str(), stdout);
    return {};
  }
  std::printf("%s for %s, %s, %s of %dx%d, %s\n", arguments.model.c_str(),
              std::string(session.artifact().target()).c_str(),
              counted(static_cast<uint64_t>(session.threads()), "thread").c_str(),
              counted(series.count(), "frame").c_str(), images[0].width, images[0].height,
              cpu_name().c_str());
  std::fputs(series.table().c_str(), stdout);
  if (arguments.layers) print_layers(session.artifact(), layers);
  return {};
}

}  // namespace

void add_bench(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand("bench", "Measure latency");
  auto arguments = std::make_shared<BenchArguments>();
  named(command->add_option("model", arguments->model, "The artifact"))
      ->required()
      ->option_text("FILE.pawl");
  add_threads(command, &arguments->session);
  add_pin(command, &arguments->session);
  add_copy(command, &arguments->artifact);
  in_range(command->add_option("--seconds", arguments->seconds,
                               "Measure for this long, after a warm-up"),
           0.01, 86400.0)
      ->option_text("S [5]");
  in_range(command->add_option("--paced", arguments->paced_fps,
                               "Frames a second, as from a camera: sleeps in between"),
           0.001, 10000.0)
      ->option_text("FPS");
  named(command->add_option("--input", arguments->input,
                            "Image; else 1280x720 of the synthetic line"))
      ->option_text("IMAGE");
  named(command->add_option(
            "--project", arguments->project,
            "Run nothing: what a plan for a CUDA device should take on " + board_names()))
      ->option_text("BOARD");
  command->add_flag("--layers", arguments->layers, "Time each step of the plan too");
  command->add_flag("--json", arguments->json, "Print as JSON");
  command->footer(
      "Examples\n"
      "  pawl bench model.pawl --threads 1 --seconds 10\n"
      "  pawl bench model.pawl --paced 25 --json\n"
      "  pawl bench orin.pawl --project orin-nano-super --layers");
  command->callback(
      [arguments, action] { *action = [arguments] { return bench_model(*arguments); }; });
}

}  // namespace pawl::program
