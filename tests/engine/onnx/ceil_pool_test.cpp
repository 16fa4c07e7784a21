// Proves that pools round their output up as ONNX defines it, for every stride, dilation and pad of
// a small exhaustive set: the last window counts only if it begins inside the input or the leading
// pad, never in the trailing pad, and averages divide by what count_include_pad says.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "tests/engine/onnx/model_builder.h"

namespace pawl::engine::test {
namespace {

struct Axis {
  int64_t extent, kernel, stride, dilation, pad_begin, pad_end;

  int64_t span() const { return (kernel - 1) * dilation + 1; }
  bool possible() const {
    return extent + pad_begin + pad_end >= span() && pad_begin < kernel && pad_end < kernel;
  }
  // The operator's definition: rounded up, less a window that begins in the trailing pad.
  int64_t outputs(bool ceil) const {
    const int64_t room = extent + pad_begin + pad_end - span();
    int64_t count = (ceil ? (room + stride - 1) / stride : room / stride) + 1;
    if (ceil && (count - 1) * stride >= extent + pad_begin) --count;
    return count;
  }
};

enum class Kind { kMax, kAverage, kAverageWithPads };

// By definition, along W only; H is one row. Input value i is i * i - 7.
Floats pooled(const Axis& a, bool ceil, Kind kind) {
  Floats outputs;
  for (int64_t o = 0; o < a.outputs(ceil); ++o) {
    double sum = 0.0;
    float most = -std::numeric_limits<float>::infinity();
    int64_t inside = 0;
    int64_t padded = 0;  // what lies in the input or its pads, not beyond
    for (int64_t k = 0; k < a.kernel; ++k) {
      const int64_t at = o * a.stride + k * a.dilation - a.pad_begin;
      if (at < a.extent + a.pad_end) ++padded;
      if (at < 0 || at >= a.extent) continue;
      const auto value = static_cast<float>(at * at - 7);
      sum += double{value};
      most = std::max(most, value);
      ++inside;
    }
    const int64_t divisor = kind == Kind::kAverageWithPads ? padded : inside;
    outputs.push_back(kind == Kind::kMax ? most
                                         : static_cast<float>(sum / static_cast<double>(divisor)));
  }
  return outputs;
}

std::vector<Axis> axes(bool dilated) {
  std::vector<Axis> all;
  for (const int64_t extent : {1, 3, 4, 7}) {
    for (int64_t kernel = 1; kernel <= 4; ++kernel) {
      for (int64_t stride = 1; stride <= 5; ++stride) {
        for (int64_t dilation = 1; dilation <= (dilated ? 2 : 1); ++dilation) {
          for (int64_t begin = 0; begin < kernel; ++begin) {
            for (int64_t end = 0; end < kernel; ++end) {
              const Axis a{extent, kernel, stride, dilation, begin, end};
              if (a.possible()) all.push_back(a);
            }
          }
        }
      }
    }
  }
  return all;
}

// Whether some window holds pads alone: then there is no maximum and no mean to speak of.
bool has_empty_window(const Axis& a, bool ceil) {
  for (int64_t o = 0; o < a.outputs(ceil); ++o) {
    bool any = false;
    for (int64_t k = 0; k < a.kernel; ++k) {
      const int64_t at = o * a.stride + k * a.dilation - a.pad_begin;
      any = any || (at >= 0 && at < a.extent);
    }
    if (!any) return true;
  }
  return false;
}

Floats input_values(int64_t extent) {
  Floats values;
  for (int64_t i = 0; i < extent; ++i) values.push_back(static_cast<float>(i * i - 7));
  return values;
}

// Both orientations: along W, and along H.
void expect_pooled(const Axis& a, bool ceil, Kind kind) {
  const Floats expected = pooled(a, ceil, kind);
  for (const bool along_width : {true, false}) {
    const auto pair = [along_width](int64_t along, int64_t across) {
      return along_width ? Ints{across, along} : Ints{along, across};
    };
    const Ints begin = pair(a.pad_begin, 0);
    const Ints end = pair(a.pad_end, 0);
    const auto count = static_cast<int64_t>(expected.size());
    const Ints in = pair(a.extent, 1);
    const Ints out = pair(count, 1);
    SingleNode node(kind == Kind::kMax ? "MaxPool" : "AveragePool", kind == Kind::kMax ? 12 : 19,
                    {real_tensor({1, 1, in[0], in[1]}, input_values(a.extent))});
    node.set("kernel_shape", pair(a.kernel, 1))
        .set("strides", pair(a.stride, 1))
        .set("dilations", pair(a.dilation, 1))
        .set("pads", Ints{begin[0], begin[1], end[0], end[1]})
        .set("ceil_mode", int64_t{ceil});
    if (kind != Kind::kMax) {
      node.set("count_include_pad", int64_t{kind == Kind::kAverageWithPads});
    }
    SCOPED_TRACE("extent " + std::to_string(a.extent) + " kernel " + std::to_string(a.kernel) +
                 " stride " + std::to_string(a.stride) + " dilation " + std::to_string(a.dilation) +
                 " pads " + std::to_string(a.pad_begin) + " " + std::to_string(a.pad_end) +
                 (ceil ? " ceil" : " floor") + (along_width ? " W" : " H"));
    expect_real(node.run(), {1, 1, out[0], out[1]}, expected, 1e-5F);
  }
}

TEST(CeilPool, MaximaRoundUpAsDefined) {
  size_t shortened = 0;
  for (const Axis& a : axes(true)) {
    for (const bool ceil : {false, true}) {
      if (has_empty_window(a, ceil)) continue;
      expect_pooled(a, ceil, Kind::kMax);
      if (HasFailure()) return;
    }
    const int64_t room = a.extent + a.pad_begin + a.pad_end - a.span();
    if (a.outputs(true) < (room + a.stride - 1) / a.stride + 1) ++shortened;
  }
  EXPECT_GT(shortened, 50U);  // a window that would begin in the trailing pad
}

TEST(CeilPool, MeansRoundUpAndDivideAsDefined) {
  for (const Axis& a : axes(false)) {
    for (const Kind kind : {Kind::kAverage, Kind::kAverageWithPads}) {
      for (const bool ceil : {false, true}) {
        if (has_empty_window(a, ceil)) continue;
        expect_pooled(a, ceil, kind);
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace pawl::engine::test
