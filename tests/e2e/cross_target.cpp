// Runs an artifact on one frame of the synthetic line and prints what came out of every step, for
// cross_target.py to compare between machines:
//   isa NAME                                  the best instruction set in use
//   frame HASH
//   u8 STEP NAME HASH                         a step that wrote 8-bit elements
//   f32 STEP NAME LARGEST VALUE...            one that wrote floats: the largest magnitude, samples
//   detection CLASS SCORE X1 Y1 X2 Y2
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/runtime/session.h"
#include "kernels/cpu/isa.h"
#include "platform/synthetic/line_scene.h"

namespace pawl::engine {
namespace {

constexpr int64_t kFrame = 1;  // has faults of several classes
constexpr size_t kSamples = 64;

using platform::Status;

uint64_t hash(const void* data, size_t bytes) {  // FNV-1a
  uint64_t hash = 1469598103934665603ULL;
  for (const auto* byte = static_cast<const uint8_t*>(data); bytes > 0; --bytes, ++byte) {
    hash = (hash ^ *byte) * 1099511628211ULL;
  }
  return hash;
}

void print_step(int32_t step, const TensorView& tensor) {
  size_t count = 1;
  for (const int32_t extent : tensor.extent) count *= static_cast<size_t>(extent);
  std::vector<float> values(count);
  copy_elements(tensor, values);
  const std::string name(tensor.name);
  if (tensor.data_u8 != nullptr) {
    std::printf("u8 %d %s %016llx\n", step, name.c_str(),
                static_cast<unsigned long long>(hash(values.data(), count * sizeof(float))));
    return;
  }
  float largest = 0.0F;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  std::printf("f32 %d %s %.9g", step, name.c_str(), static_cast<double>(largest));
  for (size_t i = 0; i < kSamples; ++i) {
    std::printf(" %.9g", static_cast<double>(values[(count - 1) * i / (kSamples - 1)]));
  }
  std::printf("\n");
}

Status run(const char* path) {
  const Artifact artifact = PAWL_TRY(Artifact::open(path));
  Session session = PAWL_TRY(Session::create(artifact, {.threads = 2}));
  kernels::Isa isa = kernels::Isa::kScalar;
  for (uint32_t value = 0; value < 256; ++value) {
    const auto candidate = static_cast<kernels::Isa>(value);
    if (kernels::usable(candidate) && kernels::includes(candidate, isa)) isa = candidate;
  }
  std::printf("isa %s\n", kernels::isa_name(isa));

  platform::LineScene scene({.seed = 3});
  const int32_t width = scene.options().width;
  const int32_t height = scene.options().height;
  std::vector<uint8_t> pixels(size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height));
  scene.render(kFrame * scene.independent_stride(), pixels.data(), 3 * width, nullptr);
  std::printf("frame %016llx\n",
              static_cast<unsigned long long>(hash(pixels.data(), pixels.size())));
  const platform::Frame frame{
      .width = width, .height = height, .stride = 3 * width, .data = pixels.data()};

  PAWL_TRY(session.preprocess(frame));
  PAWL_TRY(session.run_observed(print_step));
  for (const Detection& found : PAWL_TRY(session.detect(frame))) {
    std::printf("detection %d %.9g %.9g %.9g %.9g %.9g\n", found.class_id,
                static_cast<double>(found.score), static_cast<double>(found.x1),
                static_cast<double>(found.y1), static_cast<double>(found.x2),
                static_cast<double>(found.y2));
  }
  return {};
}

}  // namespace
}  // namespace pawl::engine

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: cross_target MODEL.pawl\n");
    return 2;
  }
  const pawl::platform::Status status = pawl::engine::run(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "cross_target: %s\n", status.error().message.c_str());
  return 1;
}
