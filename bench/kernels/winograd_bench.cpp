// Winograd against direct convolution over the 3x3 layers of YOLOv8n at 640x640, interleaved run by
// run so that clocks and neighbours meet both: CPU time of each, their ratio (above 1 Winograd
// wins), and the share of the FMA peak that the products Winograd does not skip come to.
// Single thread. Run as: taskset -c 1 kernels.winograd_bench [--benchmark_filter=avx512]
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/kernels/peak.h"
#include "bench/kernels/timing.h"
#include "kernels/conv.h"
#include "kernels/cpu/conv/variants.h"
#include "kernels/cpu/winograd/variants.h"
#include "kernels/winograd.h"

namespace pawl::kernels {
namespace {

struct Layer {
  int32_t IC, OC, OH;
};

constexpr Layer kLayers[] = {
    {8, 16, 160},   {16, 16, 160}, {16, 16, 80},  {16, 32, 80},   {32, 32, 80},   {64, 64, 80},
    {64, 80, 80},   {80, 80, 80},  {32, 32, 40},  {64, 64, 40},   {64, 80, 40},   {80, 80, 40},
    {128, 128, 40}, {64, 64, 20},  {64, 80, 20},  {80, 80, 20},   {128, 64, 40},  {128, 80, 40},
    {128, 128, 20}, {256, 64, 20}, {256, 80, 20}, {256, 256, 20}, {128, 128, 10}, {64, 64, 10},
};

// A layer with the operands of both forms.
class Problem {
 public:
  explicit Problem(const Layer& layer)
      : pixels_(static_cast<size_t>(layer.OH) * static_cast<size_t>(layer.OH)),
        IC_(static_cast<size_t>(layer.IC)),
        OC_(static_cast<size_t>(layer.OC)),
        x_(random_floats(pixels_ * IC_, -1.0F, 1.0F)),
        bias_(filled((OC_ + 15) / 16 * 16, 0.0F)),
        zeros_(filled(IC_, 0.0F)),
        y_(filled(pixels_ * OC_, 0.0F)),
        direct_weight_(filled(packed_conv_floats(layer.OC, layer.IC, 3, 3), 0.0F)),
        weight_(filled(packed_winograd_floats(layer.OC, layer.IC), 0.0F)) {
    const Array<float> source = random_floats(OC_ * IC_ * 9, -0.1F, 0.1F);
    pack_conv_weights(source.get(), layer.OC, layer.IC, 3, 3, direct_weight_.get());
    pack_winograd_weights(source.get(), layer.OC, layer.IC, weight_.get());
    direct.IH = direct.IW = direct.OH = direct.OW = layer.OH;
    direct.IC = layer.IC, direct.OC = layer.OC;
    direct.KH = direct.KW = 3;
    direct.stride_h = direct.stride_w = direct.dilation_h = direct.dilation_w = 1;
    direct.pad_top = direct.pad_left = 1;
    direct.x_pixel_stride = layer.IC, direct.y_pixel_stride = layer.OC;
    direct.x = x_.get(), direct.y = y_.get();
    direct.bias = bias_.get(), direct.zeros = zeros_.get();
    direct.weight = direct_weight_.get();
    direct.activation.kind = Activation::kSilu;
    winograd.IH = winograd.IW = winograd.OH = winograd.OW = layer.OH;
    winograd.IC = layer.IC, winograd.OC = layer.OC;
    winograd.pad_top = winograd.pad_left = 1;
    winograd.x_pixel_stride = layer.IC, winograd.y_pixel_stride = layer.OC;
    winograd.x = x_.get(), winograd.y = y_.get(), winograd.bias = bias_.get();
    winograd.weight = weight_.get();
    winograd.activation.kind = Activation::kSilu;
    scratch_ = filled(winograd_scratch_floats(winograd, 1), 0.0F);
    winograd.scratch = scratch_.get();
  }
  double product_flops() const { return 2.0 * 2.25 * static_cast<double>(pixels_ * IC_ * OC_); }

  ConvParams direct{};
  WinogradParams winograd{};

 private:
  size_t pixels_, IC_, OC_;
  Array<float> x_, bias_, zeros_, y_, direct_weight_, weight_, scratch_;
};

void run_layer(benchmark::State& state, const ConvVariant& direct, const WinogradVariant& variant,
               const Layer& layer) {
  const Problem problem(layer);
  std::vector<double> direct_seconds, seconds, ratios, shares;
  for (auto _ : state) {
    const double start = cpu_seconds();
    direct.run(problem.direct, 0, 1);
    const double middle = cpu_seconds();
    variant.run(problem.winograd, 0, 1);
    const double end = cpu_seconds();
    state.SetIterationTime(end - middle);
    direct_seconds.push_back(middle - start);
    seconds.push_back(end - middle);
    ratios.push_back((middle - start) / (end - middle));
    shares.push_back(problem.product_flops() / (end - middle) /
                     measured(peak_of(float_peaks(), variant.isa)));
  }
  state.counters["direct_us"] = 1e6 * median(direct_seconds);
  state.counters["winograd_us"] = 1e6 * median(seconds);
  state.counters["ratio"] = median(ratios);
  state.counters["peak%"] = 100.0 * median(shares);
}

bool register_layers() {
  for (const WinogradVariant& variant : winograd_variants()) {
    if (variant.isa == Isa::kScalar || !usable(variant.isa)) continue;
    for (const ConvVariant& direct : conv_variants()) {
      if (direct.isa != variant.isa) continue;
      for (const Layer& layer : kLayers) {
        const std::string name = std::string(variant.name) + '/' + std::to_string(layer.IC) + '_' +
                                 std::to_string(layer.OC) + '_' + std::to_string(layer.OH);
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&](benchmark::State& state) { run_layer(state, direct, variant, layer); })
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_layers();

}  // namespace
}  // namespace pawl::kernels
