// Verifies and times one artifact on the CUDA device at hand: bench/gpu/run calls it. Links the
// engine alone.
//   gpu_bench FILE.pawl [--seconds S] [--driver libcuda.so.1] [--cold]
// Prints one JSON object; progress and what is wrong go to standard error. Exit status 1 where the
// device does not run the plan, or finds other boxes than the CPU.
//   --cold   one frame and no more: the process's own time is the measurement.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/artifact/step_kind.h"
#include "engine/runtime/cuda/device.h"
#include "engine/runtime/session.h"
#include "platform/synthetic/line_scene.h"

namespace pawl {
namespace {

using Clock = std::chrono::steady_clock;
using engine::Detection;

constexpr int64_t kFrames = 8;  // of the synthetic line, and as many of noise
constexpr double kPacedFps = 25.0;
constexpr double kOverlapMin = 0.99, kMatchedMin = 0.999;

struct Arguments {
  std::string model, driver = "libcuda.so.1";
  double seconds = 5.0;
  bool cold = false;
};

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Pixels {
  std::vector<uint8_t> bytes;
  platform::Frame frame;
};

std::vector<Pixels> frames() {
  platform::LineScene scene(platform::LineOptions{});
  const int32_t width = scene.options().width, height = scene.options().height;
  const size_t size = size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height);
  std::mt19937 random(1);
  std::vector<Pixels> all(2 * kFrames);
  for (int64_t i = 0; i < 2 * kFrames; ++i) {
    Pixels& one = all[static_cast<size_t>(i)];
    one.bytes.resize(size);
    if (i < kFrames) {
      scene.render(i * scene.independent_stride(), one.bytes.data(), 3 * width, nullptr);
    } else {
      for (uint8_t& b : one.bytes) b = static_cast<uint8_t>(random());
    }
    one.frame = {.width = width, .height = height, .stride = 3 * width, .data = one.bytes.data()};
  }
  return all;
}

double overlap(const Detection& a, const Detection& b) {
  const double w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const double h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (w <= 0 || h <= 0) return 0.0;
  const auto area = [](const Detection& d) {
    return static_cast<double>(d.x2 - d.x1) * static_cast<double>(d.y2 - d.y1);
  };
  return w * h / (area(a) + area(b) - w * h);
}

// How many of the CPU's boxes the device has too.
size_t matched(const std::vector<Detection>& wanted, const std::vector<Detection>& found) {
  return static_cast<size_t>(std::count_if(wanted.begin(), wanted.end(), [&](const Detection& w) {
    return std::any_of(found.begin(), found.end(), [&](const Detection& f) {
      return f.class_id == w.class_id && overlap(w, f) >= kOverlapMin;
    });
  }));
}

struct Spread {
  explicit Spread(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const auto at = [&](double share) {
      return samples[static_cast<size_t>(share * static_cast<double>(samples.size() - 1))];
    };
    p50 = at(0.5), p90 = at(0.9), p99 = at(0.99), max = samples.back(), count = samples.size();
  }
  void print(const char* name, const char* end) const {
    std::printf(
        "  \"%s\": {\"p50\": %.4f, \"p90\": %.4f, \"p99\": %.4f, \"max\": %.4f, "
        "\"frames\": %zu}%s\n",
        name, p50, p90, p99, max, count, end);
  }
  double p50 = 0, p90 = 0, p99 = 0, max = 0;
  size_t count = 0;
};

int fail(const std::string& what) {
  std::fprintf(stderr, "gpu_bench: %s\n", what.c_str());
  return 1;
}

// Seconds of frames, back to back or as a camera sends them.
platform::Result<std::vector<double>> time_frames(engine::Session& session,
                                                  const std::vector<Pixels>& all, double seconds,
                                                  double fps) {
  std::vector<double> ms;
  const Clock::time_point start = Clock::now();
  for (size_t i = 0; ms.size() < 10 || ms_since(start) < 1e3 * seconds; ++i) {
    if (fps > 0) {
      std::this_thread::sleep_until(
          start + std::chrono::duration_cast<Clock::duration>(
                      std::chrono::duration<double>(static_cast<double>(i) / fps)));
    }
    const Clock::time_point before = Clock::now();
    PAWL_TRY(session.detect(all[i % all.size()].frame));
    ms.push_back(ms_since(before));
  }
  return ms;
}

int run(const Arguments& arguments) {
  const Clock::time_point start = Clock::now();
  const auto artifact = engine::Artifact::open(arguments.model);
  if (!artifact.ok()) return fail(artifact.error().message);
  if (artifact.value().head().present == 0) return fail(arguments.model + ": has no head");
  auto session = engine::Session::create(artifact.value(), {.cuda_driver = arguments.driver});
  if (!session.ok()) return fail(session.error().message);
  engine::Session& device = session.value();
  if (!device.device_fault().empty()) return fail(device.device_fault());
  const double loaded_ms = ms_since(start);
  const std::vector<Pixels> all = frames();
  const Clock::time_point first = Clock::now();
  if (const auto found = device.detect(all[0].frame); !found.ok()) {
    return fail(found.error().message);
  }
  const double first_ms = ms_since(first);
  if (arguments.cold) {
    std::printf("{\"load_ms\": %.2f, \"first_frame_ms\": %.2f}\n", loaded_ms, first_ms);
    return 0;
  }

  // Against the CPU's plan of the same artifact.
  size_t boxes = 0, same = 0;
  if (const engine::Artifact* cpu = artifact.value().fallback(); cpu != nullptr) {
    auto reference = engine::Session::create(*cpu, {});
    if (!reference.ok()) return fail(reference.error().message);
    for (const Pixels& one : all) {
      const auto wanted = reference.value().detect(one.frame);
      if (!wanted.ok()) return fail(wanted.error().message);
      const std::vector<Detection> cpu_boxes(wanted.value().begin(), wanted.value().end());
      const auto found = device.detect(one.frame);
      if (!found.ok()) return fail(found.error().message);
      const std::vector<Detection> boxes_found(found.value().begin(), found.value().end());
      boxes += cpu_boxes.size();
      same += matched(cpu_boxes, boxes_found);
    }
  }

  auto back_to_back = time_frames(device, all, arguments.seconds, 0.0);
  if (!back_to_back.ok()) return fail(back_to_back.error().message);
  auto paced = time_frames(device, all, arguments.seconds, kPacedFps);
  if (!paced.ok()) return fail(paced.error().message);

  const auto& plan = artifact.value();
  std::vector<std::vector<double>> step_us(plan.steps().size());
  for (int i = 0; i < 30; ++i) {
    std::vector<int64_t> ns(plan.steps().size(), 0);
    if (const auto timed = device.run_timed(ns); !timed.ok()) return fail(timed.error().message);
    for (size_t s = 0; s < ns.size(); ++s) step_us[s].push_back(static_cast<double>(ns[s]) / 1e3);
  }
  if (!device.device_fault().empty()) return fail(device.device_fault());

  std::string name = "?";
  int32_t capability = 0;
  size_t free_bytes = 0, total_bytes = 0;
  if (const auto opened = cuda::Device::open(arguments.driver); opened.ok()) {
    const cuda::Device& gpu = *opened.value();
    name = gpu.name(), capability = gpu.capability();
    gpu.driver().cuMemGetInfo(&free_bytes, &total_bytes);
  }
  std::printf("{\n  \"model\": \"%s\",\n  \"target\": \"%s\",\n  \"device\": \"%s\",\n",
              arguments.model.c_str(), std::string(plan.target()).c_str(), name.c_str());
  std::printf("  \"capability\": %d,\n  \"device_bytes\": %zu,\n", capability,
              static_cast<size_t>(plan.plan().arena_bytes) + plan.weights().size());
  std::printf("  \"device_bytes_in_use\": %zu,\n", total_bytes - free_bytes);
  std::printf("  \"load_ms\": %.2f,\n  \"first_frame_ms\": %.2f,\n", loaded_ms, first_ms);
  std::printf("  \"boxes\": %zu,\n  \"boxes_matched\": %zu,\n", boxes, same);
  Spread(std::move(back_to_back).value()).print("ms_back_to_back", ",");
  Spread(std::move(paced).value()).print("ms_paced_25_fps", ",");
  std::printf("  \"steps\": [\n");
  for (size_t s = 0; s < step_us.size(); ++s) {
    const engine::StepRecord& step = plan.steps()[s];
    std::printf("    {\"step\": %zu, \"kind\": \"%s\", \"name\": \"%s\", \"us\": %.2f}%s\n", s,
                engine::step_kind_name(step.kind), std::string(plan.text(step.name)).c_str(),
                Spread(step_us[s]).p50, s + 1 < step_us.size() ? "," : "");
  }
  std::printf("  ]\n}\n");
  if (static_cast<double>(same) < kMatchedMin * static_cast<double>(boxes)) {
    return fail(std::to_string(boxes - same) + " of " + std::to_string(boxes) +
                " boxes differ from the CPU's");
  }
  return 0;
}

}  // namespace
}  // namespace pawl

int main(int argc, char** argv) {
  pawl::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--cold") {
      arguments.cold = true;
    } else if (word == "--seconds" && i + 1 < argc) {
      arguments.seconds = std::atof(argv[++i]);
    } else if (word == "--driver" && i + 1 < argc) {
      arguments.driver = argv[++i];
    } else if (arguments.model.empty() && word.rfind("--", 0) != 0) {
      arguments.model = word;
    } else {
      std::fprintf(stderr, "gpu_bench: %s is not understood\n", word.c_str());
      return 2;
    }
  }
  if (arguments.model.empty()) {
    std::fprintf(stderr, "usage: gpu_bench FILE.pawl [--seconds S] [--driver LIB] [--cold]\n");
    return 2;
  }
  return pawl::run(arguments);
}
