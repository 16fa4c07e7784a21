#include "platform/synthetic/camera_light.h"

#include <algorithm>
#include <cmath>

#include "platform/synthetic/scene_math.h"

namespace pawl::platform::synthetic {
namespace {

constexpr size_t kNoisePool = size_t{1} << 19;

// A slow wave of the frame's time, -1..1, whose phase the seed sets.
float wander(float seconds, float period, uint64_t seed, uint64_t salt) {
  return sin_turns(seconds / period + unit_float(mix_bits(seed ^ (salt << 32))));
}

}  // namespace

CameraLight::CameraLight(uint64_t seed, int width, int height, float fps, float drift, float noise)
    : seed_(seed),
      width_(width),
      height_(height),
      fps_(fps),
      drift_(drift),
      noise_(kNoisePool + 3 * static_cast<size_t>(width)),
      columns_(3 * static_cast<size_t>(width)) {
  Random random(seed ^ 0x4015Eull);
  for (int8_t& value : noise_) {
    // The sum of four uniforms is near enough a Gaussian; its deviation is sqrt(4 / 12).
    float sum = -2.0f;
    for (int i = 0; i < 4; ++i) sum += random.uniform(0.0f, 1.0f);
    const float grey = sum * 1.7320508f * noise * 255.0f;
    value = static_cast<int8_t>(std::floor(std::clamp(grey, -127.0f, 127.0f) + 0.5f));
  }
}

void CameraLight::expose(int64_t index, uint8_t* bgr, ptrdiff_t stride) {
  // Wrapped to a day so that float keeps its resolution.
  const int64_t day = static_cast<int64_t>(fps_ * 86400.0f);
  const float seconds = static_cast<float>(index % day) / fps_;
  const float level = 1.04f + drift_ * (0.26f * wander(seconds, 97.0f, seed_, 1) +
                                        0.30f * wander(seconds, 731.0f, seed_, 2));
  const float warm = drift_ * 0.16f * wander(seconds, 463.0f, seed_, 3);
  const float spot_x = 0.46f + drift_ * 0.5f * wander(seconds, 211.0f, seed_, 4);
  const float spot_y = 0.42f + drift_ * 0.4f * wander(seconds, 307.0f, seed_, 5);
  const float channel[3] = {1.0f - warm, 1.0f, 1.0f + warm};

  for (int x = 0; x < width_; ++x) {
    const float fx = (static_cast<float>(x) + 0.5f) / static_cast<float>(width_);
    const float edge = fx - 0.5f;
    const float gain =
        level * (0.86f + 0.24f * bell((fx - spot_x) * 0.9f)) * (1.0f - 0.42f * edge * edge);
    for (int c = 0; c < 3; ++c) {
      columns_[static_cast<size_t>(3 * x + c)] =
          static_cast<uint32_t>(gain * channel[c] * 256.0f + 0.5f);
    }
  }
  const size_t count = 3 * static_cast<size_t>(width_);
  const uint32_t* columns = columns_.data();
  for (int y = 0; y < height_; ++y) {
    const float fy = (static_cast<float>(y) + 0.5f) / static_cast<float>(height_);
    const float edge = fy - 0.5f;
    const float gain = (0.90f + 0.16f * bell((fy - spot_y) * 0.9f)) * (1.0f - 0.34f * edge * edge);
    const uint32_t row_gain = static_cast<uint32_t>(gain * 256.0f + 0.5f);
    const uint64_t draw =
        mix_bits(mix_bits(seed_ ^ static_cast<uint64_t>(index)) + static_cast<uint64_t>(y));
    const int8_t* noise = &noise_[static_cast<size_t>(draw % kNoisePool)];
    uint8_t* row = bgr + y * stride;
    for (size_t i = 0; i < count; ++i) {
      const int lit = static_cast<int>((row[i] * columns[i] * row_gain) >> 16) + noise[i];
      row[i] = static_cast<uint8_t>(std::clamp(lit, 0, 255));
    }
  }
}

}  // namespace pawl::platform::synthetic
