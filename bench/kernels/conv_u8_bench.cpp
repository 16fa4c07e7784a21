// Dense and depthwise u8 convolution over the layer shapes of YOLOv8n at 640x640: GOP/s (two a
// product), and the share of the peak of the variant's multiply-add instruction, measured in
// registers beside each layer because clocks wander. "epilogue" has next to no sum: cycles/vector
// is what 16 outputs cost from int32 to u8 through SiLU. Single thread. Run as: taskset -c 1
// kernels.conv_u8_bench [--benchmark_filter=vnni]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "bench/kernels/layers.h"
#include "bench/kernels/peak.h"
#include "bench/kernels/timing.h"
#include "kernels/conv_u8.h"
#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cpu/depthwise_u8/variants.h"
#include "kernels/depthwise_u8.h"

namespace pawl::kernels {
namespace {

// Next to no sum: what the epilogue costs.
constexpr Layer kEpilogue[] = {{"epilogue", 4, 32, 1, 1, 80}};

constexpr Layer kDepthwiseLayers[] = {
    {"depthwise_64_80", 64, 64, 3, 1, 80},
    {"depthwise_128_s2_40", 128, 128, 3, 2, 40},
    {"depthwise_5x5_128_40", 128, 128, 5, 1, 40},
};

// Operands of a layer; the dense and the depthwise convolution read the same ones.
struct Operands {
  explicit Operands(const Layer& layer)
      : x(pixels(layer) * static_cast<size_t>(layer.stride * layer.stride * layer.IC) + 64),
        weight(static_cast<size_t>(layer.OC * layer.IC * layer.kernel * layer.kernel)),
        packed(packed_conv_u8_bytes(layer.OC, layer.IC, layer.kernel, layer.kernel)),
        bias(channels(layer)),
        scale(channels(layer), 1e-5F),
        inverse_scale(channels(layer), 10.0F),
        pad(static_cast<size_t>(layer.IC) + 4, uint8_t{128}),
        y(pixels(layer) * static_cast<size_t>(layer.OC) + 64) {
    std::mt19937 engine(1);
    for (uint8_t& value : x) value = static_cast<uint8_t>(engine());
    for (int8_t& value : weight) value = static_cast<int8_t>(engine());
    epilogue.scale = scale.data();
    epilogue.activation.kind = Activation::kSilu;
    epilogue.inverse_scale = inverse_scale.data();
    epilogue.zero = 3;
  }
  static size_t pixels(const Layer& layer) {
    return static_cast<size_t>(layer.OH) * static_cast<size_t>(layer.OH);
  }
  static size_t channels(const Layer& layer) {
    return static_cast<size_t>((layer.OC + 15) / 16 * 16);
  }

  std::vector<uint8_t> x;
  std::vector<int8_t> weight, packed;
  std::vector<int32_t> bias;
  std::vector<float> scale, inverse_scale;
  std::vector<uint8_t> pad, y;
  Epilogue epilogue{};
};

template <class Params>
void set_shape(const Layer& layer, Operands& operands, Params& p) {
  p.OH = p.OW = layer.OH;
  p.IH = p.IW = layer.OH * layer.stride;
  p.KH = p.KW = layer.kernel;
  p.stride_h = p.stride_w = layer.stride;
  p.pad_top = p.pad_left = layer.kernel / 2;
  p.dilation_h = p.dilation_w = 1;
  p.x_pixel_stride = layer.IC;
  p.y_pixel_stride = layer.OC;
  p.x = operands.x.data();
  p.weight = operands.packed.data();
  p.bias = operands.bias.data();
  p.y = operands.y.data();
  p.epilogue = operands.epilogue;
}

template <class Params>
void measure(benchmark::State& state, void (*run)(const Params&, int32_t, int32_t), const Params& p,
             Isa isa, double products, double outputs) {
  const Peak peak_instruction = peak_of(u8_peaks(), isa);
  std::vector<double> seconds, peaks;
  for (auto _ : state) {
    const double start = cpu_seconds();
    run(p, 0, 1);
    seconds.push_back(cpu_seconds() - start);
    state.SetIterationTime(seconds.back());
    // Interleaved with the layer, so that a change of clock meets both.
    peaks.push_back(measured(peak_instruction));
  }
  const double operations = 2.0 * products / median(seconds);
  // The best, since nothing but a disturbance makes it less.
  const double peak = *std::max_element(peaks.begin(), peaks.end());
  state.counters["GOP/s"] = 1e-9 * operations;
  state.counters["peak%"] = 100.0 * operations / peak;
  const double clock = peak / peak_instruction.operations_a_cycle;
  state.counters["cycles/vector"] = median(seconds) * clock / (outputs / 16.0);
}

void run_dense(benchmark::State& state, const ConvU8Variant& variant, const Layer& layer) {
  Operands operands(layer);
  pack_conv_u8_weights(operands.weight.data(), layer.OC, layer.IC, layer.kernel, layer.kernel,
                       operands.packed.data());
  ConvU8Params p{};
  set_shape(layer, operands, p);
  p.IC = layer.IC;
  p.OC = layer.OC;
  p.pad = operands.pad.data();
  const double outputs = static_cast<double>(Operands::pixels(layer)) * layer.OC;
  measure(state, variant.run, p, variant.isa, outputs * layer.IC * layer.kernel * layer.kernel,
          outputs);
}

void run_depthwise(benchmark::State& state, const DepthwiseU8Variant& variant, const Layer& layer) {
  Operands operands(layer);
  pack_depthwise_u8_weights(operands.weight.data(), layer.OC, layer.kernel, layer.kernel,
                            operands.packed.data());
  DepthwiseU8Params p{};
  set_shape(layer, operands, p);
  p.C = layer.OC;
  p.pad = 128;
  const double outputs = static_cast<double>(Operands::pixels(layer)) * layer.OC;
  measure(state, variant.run, p, variant.isa, outputs * layer.kernel * layer.kernel, outputs);
}

template <class Variant>
void register_layers(std::span<const Variant> variants, std::span<const Layer> layers,
                     void (*run)(benchmark::State&, const Variant&, const Layer&)) {
  for (const Variant& variant : variants) {
    if (variant.isa == Isa::kScalar || !usable(variant.isa)) continue;
    for (const Layer& layer : layers) {
      const std::string name = std::string(variant.name) + '/' + layer.name;
      benchmark::RegisterBenchmark(
          name.c_str(),
          [run, &variant, &layer](benchmark::State& state) { run(state, variant, layer); })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

bool register_all() {
  register_layers(conv_u8_variants(), std::span<const Layer>(kYolov8nLayers), run_dense);
  register_layers(conv_u8_variants(), std::span<const Layer>(kEpilogue), run_dense);
  register_layers(depthwise_u8_variants(), std::span<const Layer>(kDepthwiseLayers), run_depthwise);
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
}  // namespace pawl::kernels
