// Dense convolution over the layer shapes of YOLOv8n at 640x640: GFLOP/s, and the share of the FMA
// peak of the variant's instruction set, measured beside each layer because clocks wander.
// Single thread. Run as: taskset -c 1 kernels.conv_bench [--benchmark_filter=avx512]
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/kernels/layers.h"
#include "bench/kernels/peak.h"
#include "bench/kernels/timing.h"
#include "kernels/conv.h"
#include "kernels/cpu/conv/variants.h"

namespace pawl::kernels {
namespace {

void run_layer(benchmark::State& state, const ConvVariant& variant, const Layer& layer) {
  const int32_t pad = layer.kernel / 2;
  ConvParams p{};
  p.OH = p.OW = layer.OH;
  p.IH = p.IW = layer.OH * layer.stride;
  p.IC = layer.IC;
  p.OC = layer.OC;
  p.KH = p.KW = layer.kernel;
  p.stride_h = p.stride_w = layer.stride;
  p.pad_top = p.pad_left = pad;
  p.dilation_h = p.dilation_w = 1;
  p.x_pixel_stride = p.IC;
  p.y_pixel_stride = p.OC;
  const size_t pixels = static_cast<size_t>(p.OH) * static_cast<size_t>(p.OW);
  const size_t taps = static_cast<size_t>(p.KH) * static_cast<size_t>(p.KW);
  const size_t IC = static_cast<size_t>(p.IC);
  const size_t OC = static_cast<size_t>(p.OC);
  const Array<float> x =
      random_floats(static_cast<size_t>(p.IH) * static_cast<size_t>(p.IW) * IC, -1.0F, 1.0F);
  const Array<float> weight = random_floats(OC * IC * taps, -0.1F, 0.1F);
  const Array<float> packed = filled(packed_conv_floats(p.OC, p.IC, p.KH, p.KW), 0.0F);
  pack_conv_weights(weight.get(), p.OC, p.IC, p.KH, p.KW, packed.get());
  const Array<float> bias = filled((OC + 15) / 16 * 16, 0.0F);
  const Array<float> zeros = filled(IC, 0.0F);
  const Array<float> y = filled(pixels * OC, 0.0F);
  p.x = x.get();
  p.weight = packed.get();
  p.bias = bias.get();
  p.zeros = zeros.get();
  p.y = y.get();
  p.activation.kind = Activation::kSilu;

  const double flops = 2.0 * static_cast<double>(pixels * OC * IC * taps);
  std::vector<double> rates, peaks;
  for (auto _ : state) {
    const double start = cpu_seconds();
    variant.run(p, 0, 1);
    const double seconds = cpu_seconds() - start;
    state.SetIterationTime(seconds);
    rates.push_back(flops / seconds);
    // Interleaved with the layer, so that a change of clock meets both.
    peaks.push_back(measured(peak_of(float_peaks(), variant.isa)));
  }
  const double rate = median(rates);
  state.counters["GFLOP/s"] = 1e-9 * rate;
  state.counters["peak%"] = 100.0 * rate / median(peaks);
}

bool register_layers() {
  for (const ConvVariant& variant : conv_variants()) {
    if (variant.isa == Isa::kScalar || !usable(variant.isa)) continue;
    for (const Layer& layer : kYolov8nLayers) {
      const std::string name = std::string(variant.name) + '/' + layer.name;
      benchmark::RegisterBenchmark(
          name.c_str(),
          [&variant, &layer](benchmark::State& state) { run_layer(state, variant, layer); })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_layers();

}  // namespace
}  // namespace pawl::kernels
