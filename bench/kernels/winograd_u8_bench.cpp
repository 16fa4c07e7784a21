// Exact Winograd against direct convolution on u8 over the 3x3 layers of YOLOs at 640x640,
// interleaved run by run so that clocks and neighbours meet both: CPU time of each, their ratio
// (above 1 Winograd wins), and effective GOP/s: those of the direct form in Winograd's time.
// Single thread. Run as: taskset -c 1 kernels.winograd_u8_bench [--benchmark_filter=vnni]
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "bench/kernels/timing.h"
#include "kernels/conv_u8.h"
#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cpu/winograd_u8/variants.h"
#include "kernels/winograd_u8.h"

namespace pawl::kernels {
namespace {

struct Layer {
  int32_t IC, OC, OH;
};

constexpr Layer kLayers[] = {
    {16, 16, 160}, {16, 16, 80},  {16, 32, 80},   {24, 24, 80},   {32, 32, 80},  {32, 64, 80},
    {64, 64, 80},  {64, 80, 80},  {80, 80, 80},   {32, 32, 40},   {64, 64, 40},  {64, 80, 40},
    {80, 80, 40},  {128, 64, 40}, {128, 80, 40},  {128, 128, 40}, {32, 32, 20},  {64, 64, 20},
    {64, 80, 20},  {80, 80, 20},  {128, 128, 20}, {256, 64, 20},  {256, 80, 20}, {256, 256, 20},
    {64, 64, 13},  {64, 64, 10},  {128, 128, 10}, {256, 256, 10},
};

// A layer with the operands of both forms.
class Problem {
 public:
  explicit Problem(const Layer& layer)
      : pixels_(static_cast<size_t>(layer.OH) * static_cast<size_t>(layer.OH)),
        IC_(static_cast<size_t>(layer.IC)),
        OC_(static_cast<size_t>(layer.OC)),
        panels_((OC_ + 15) / 16 * 16),
        x_(filled<uint8_t>(pixels_ * IC_ + 64, 0)),
        y_(filled<uint8_t>(pixels_ * OC_, 0)),
        pad_(filled<uint8_t>(IC_ + 4, kZero)),
        packed_(filled<int8_t>(packed_conv_u8_bytes(layer.OC, layer.IC, 3, 3), 0)),
        bias_(filled<int32_t>(panels_, 0)),
        scale_(filled<float>(panels_, 1e-4F)),
        inverse_scale_(filled<float>(panels_, 40.0F)),
        weight_(filled<int32_t>(prepared_winograd_u8_words(layer.OC, layer.IC), 0)),
        winograd_bias_(filled<int32_t>(panels_, 0)) {
    std::mt19937 engine(1);
    for (size_t i = 0; i < pixels_ * IC_; ++i) x_.get()[i] = static_cast<uint8_t>(engine());
    std::vector<int8_t> source(OC_ * IC_ * 9);
    for (int8_t& w : source) w = static_cast<int8_t>(static_cast<int>(engine() % 101) - 50);
    pack_conv_u8_weights(source.data(), layer.OC, layer.IC, 3, 3, packed_.get());
    direct.IH = direct.IW = direct.OH = direct.OW = layer.OH;
    direct.IC = layer.IC, direct.OC = layer.OC;
    direct.KH = direct.KW = 3;
    direct.stride_h = direct.stride_w = direct.dilation_h = direct.dilation_w = 1;
    direct.pad_top = direct.pad_left = 1;
    direct.x_pixel_stride = layer.IC, direct.y_pixel_stride = layer.OC;
    direct.x = x_.get(), direct.y = y_.get(), direct.pad = pad_.get();
    direct.weight = packed_.get(), direct.bias = bias_.get();
    direct.epilogue.scale = scale_.get();
    direct.epilogue.inverse_scale = inverse_scale_.get();
    direct.epilogue.activation.kind = Activation::kSilu;
    direct.epilogue.zero = 7;
    prepare_winograd_u8(direct, kZero, weight_.get(), winograd_bias_.get());
    scratch_ = filled<int32_t>(winograd_u8_scratch_words(direct, 1), 0);
    winograd = {.conv = direct,
                .zero = kZero,
                .weight = weight_.get(),
                .bias = winograd_bias_.get(),
                .scratch = scratch_.get()};
  }
  double ops() const { return 2.0 * 9.0 * static_cast<double>(pixels_ * IC_ * OC_); }

  ConvU8Params direct{};
  WinogradU8Params winograd{};

 private:
  static constexpr uint8_t kZero = 12;
  size_t pixels_, IC_, OC_, panels_;
  Array<uint8_t> x_, y_, pad_;
  Array<int8_t> packed_;
  Array<int32_t> bias_;
  Array<float> scale_, inverse_scale_;
  Array<int32_t> weight_, winograd_bias_, scratch_;
};

void run_layer(benchmark::State& state, const ConvU8Variant& direct,
               const WinogradU8Variant& variant, const Layer& layer) {
  const Problem problem(layer);
  std::vector<double> direct_seconds, seconds, ratios;
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
  }
  state.counters["direct_us"] = 1e6 * median(direct_seconds);
  state.counters["winograd_us"] = 1e6 * median(seconds);
  state.counters["ratio"] = median(ratios);
  state.counters["GOP/s"] = 1e-9 * problem.ops() / median(seconds);
}

bool register_layers() {
  for (const WinogradU8Variant& variant : winograd_u8_variants()) {
    if (variant.isa == Isa::kScalar || !usable(variant.isa)) continue;
    for (const ConvU8Variant& direct : conv_u8_variants()) {
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
