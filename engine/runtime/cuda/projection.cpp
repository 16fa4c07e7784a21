#include "engine/runtime/cuda/projection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "engine/artifact/step_kind.h"
#include "engine/runtime/cuda/launch.h"
#include "kernels/cuda/conv.h"
#include "kernels/cuda/conv_u8.h"

namespace pawl::engine {
namespace {

// Peaks follow from clock and multiprocessors: an Ampere tensor core makes 1024 multiply-adds of
// float16 a clock and multiprocessor, 2048 of bytes; its ordinary lanes 128 of float32.
constexpr double kHalfAClock = 1024.0, kByteAClock = 2048.0, kFloatAClock = 128.0;

// What a good kernel reaches of them, and of the memory.
constexpr double kMatrixShare = 0.45, kMemoryShare = 0.75;
// From the end of a kernel of a graph to the start of the next that waits for it.
constexpr double kNodeUs = 1.5;

constexpr std::array kBoards = {
    Board{"orin-nano-super", "Jetson Orin Nano Super 8GB", 87, 8, 1.020e9, 102e9},
    Board{"orin-nx-16", "Jetson Orin NX 16GB", 87, 8, 0.918e9, 102.4e9},
    Board{"agx-orin-64", "Jetson AGX Orin 64GB", 87, 16, 1.301e9, 204.8e9},
};

double tensor_bytes_of(const Artifact& artifact, int32_t index) {
  if (index < 0) return 0.0;
  const TensorRecord& tensor = artifact.tensors()[static_cast<size_t>(index)];
  auto count = static_cast<double>(element_bytes(tensor.element));
  for (size_t i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
}

// Multiply-adds that the launch issues on tensor cores: whole tiles, K in whole steps of four
// chunks. 0 for kernels without tensor cores.
struct Tiles {
  double macs = 0.0, a_clock = kFloatAClock;
};
template <typename Variants>
Tiles tiles_of(const Variants& variants, const DeviceStep& chosen, double depth, double a_clock) {
  for (const auto& variant : variants) {
    if (std::strcmp(variant.kernel, chosen.launch.kernel) != 0) continue;
    const double tiles = double{1} * chosen.launch.grid[0] * chosen.launch.grid[1];
    return {tiles * variant.tile_pixels * variant.tile_channels * depth, a_clock};
  }
  return {};
}

double rounded_up(double value, double multiple) {
  return std::ceil(value / multiple) * multiple;
}

Tiles issued(const StepParams& params, const DeviceStep& chosen, double useful) {
  if (const auto* conv = std::get_if<kernels::ConvParams>(&params)) {
    const double depth = rounded_up(conv->KH * conv->KW * rounded_up(conv->IC, 8), 32);
    return tiles_of(kernels::cuda::kConvF16Variants, chosen, depth, kHalfAClock);
  }
  if (const auto* conv = std::get_if<kernels::ConvU8Params>(&params)) {
    const double depth = rounded_up(conv->KH * conv->KW * rounded_up(conv->IC, 16), 64);
    return tiles_of(kernels::cuda::kConvU8Variants, chosen, depth, kByteAClock);
  }
  return {useful, kFloatAClock};
}

}  // namespace

std::span<const Board> boards() {
  return kBoards;
}

const Board* find_board(std::string_view name) {
  const auto* const found =
      std::find_if(kBoards.begin(), kBoards.end(), [&](const Board& b) { return b.name == name; });
  return found == kBoards.end() ? nullptr : found;
}

Result<std::vector<StepProjection>> project(const Artifact& artifact, const Board& board) {
  const int32_t capability = cuda_capability(artifact.plan());
  if (capability == 0 || capability > board.capability) {
    return Error{Code::kUnsupported,
                 artifact.name() + ": compiled for " + std::string(artifact.target()) +
                     "; a projection for " + std::string(board.name) +
                     " needs an artifact of --target cuda-sm" + std::to_string(board.capability)};
  }
  // Addresses do not matter: nothing runs.
  const AddressBases nowhere{nullptr, nullptr};
  const DeviceTraits traits{board.multiprocessors};
  std::vector<StepProjection> steps;
  for (const StepRecord& step : artifact.steps()) {
    const StepParams params = PAWL_TRY(step_params(artifact, step, nowhere));
    const DeviceStep chosen = PAWL_TRY(device_step(artifact, step, params, traits));
    const auto useful = static_cast<double>(step_multiply_adds(artifact.tensors(), step));
    const Tiles tiles = issued(params, chosen, useful);
    // The last wave leaves multiprocessors idle.
    const double ctas =
        double{1} * chosen.launch.grid[0] * chosen.launch.grid[1] * chosen.launch.grid[2];
    const double busy = ctas / rounded_up(ctas, board.multiprocessors);
    const double peak = board.clock_hz * board.multiprocessors * tiles.a_clock;
    double bytes = 0.0;
    for (const int32_t input : step.input) bytes += tensor_bytes_of(artifact, input);
    for (const int32_t output : step.output) bytes += tensor_bytes_of(artifact, output);
    if (const StepKindInfo* info = find_step_kind(step.kind); info->work == Work::kConvolution) {
      const TensorRecord& x = artifact.tensors()[static_cast<size_t>(step.input[0])];
      const TensorRecord& y = artifact.tensors()[static_cast<size_t>(step.output[0])];
      const double pixels = double{1} * y.extent[2] * y.extent[3];
      bytes += useful / pixels * static_cast<double>(element_bytes(x.element));  // the weights
    }
    StepProjection projection;
    projection.issued = static_cast<int64_t>(tiles.macs);
    projection.compute_us = tiles.macs / (peak * kMatrixShare * busy) * 1e6;
    projection.memory_us = bytes / (board.bytes_a_second * kMemoryShare) * 1e6;
    projection.total_us = std::max(projection.compute_us, projection.memory_us) + kNodeUs;
    steps.push_back(projection);
  }
  return steps;
}

}  // namespace pawl::engine
