#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

// Calls visit(value) for each tap of the window of output (oh, ow) that lies inside the plane.
template <typename Visit>
void for_each_tap(const Node& node, const float* plane, int64_t H, int64_t W, int64_t oh,
                  int64_t ow, Visit visit) {
  const auto& kernel = node.integers("kernel");
  const auto& strides = node.integers("strides");
  const auto& pads = node.integers("pads");
  const auto& dilations = node.integers("dilations");
  for (int64_t kh = 0; kh < kernel[0]; ++kh) {
    const int64_t ih = oh * strides[0] - pads[0] + kh * dilations[0];
    if (ih < 0 || ih >= H) continue;
    for (int64_t kw = 0; kw < kernel[1]; ++kw) {
      const int64_t iw = ow * strides[1] - pads[1] + kw * dilations[1];
      if (iw < 0 || iw >= W) continue;
      visit(plane[ih * W + iw]);
    }
  }
}

// y[n,c,oh,ow] = pooled(plane of (n,c), oh, ow).
template <typename Pooled>
void for_each_window(const Evaluation& e, Pooled pooled) {
  const Shape& xs = e.in(0).shape();
  const Shape& ys = e.out().shape();
  float* y = e.y().data();
  for (int64_t plane = 0; plane < ys[0] * ys[1]; ++plane) {
    for (int64_t oh = 0; oh < ys[2]; ++oh) {
      for (int64_t ow = 0; ow < ys[3]; ++ow) {
        *y++ = pooled(e.x().data() + plane * xs[2] * xs[3], oh, ow);
      }
    }
  }
}

}  // namespace

// The maximum over the taps inside the input. A NaN wins, as it would in a comparison network that
// must not hide it.
Status max_pool(const Evaluation& e) {
  const int64_t H = e.in(0).shape()[2], W = e.in(0).shape()[3];
  for_each_window(e, [&](const float* plane, int64_t oh, int64_t ow) {
    float most = -std::numeric_limits<float>::infinity();
    for_each_tap(e.node, plane, H, W, oh, ow, [&](float value) {
      if (value > most || std::isnan(value)) most = value;
    });
    return most;
  });
  return {};
}

// The mean over the taps inside the input, or over the whole kernel if padding is counted.
Status average_pool(const Evaluation& e) {
  const int64_t H = e.in(0).shape()[2], W = e.in(0).shape()[3];
  const auto& kernel = e.node.integers("kernel");
  const bool count_padding = e.node.integer("count_include_pad") != 0;
  for_each_window(e, [&](const float* plane, int64_t oh, int64_t ow) {
    double sum = 0;
    int64_t count = 0;
    for_each_tap(e.node, plane, H, W, oh, ow, [&](float value) {
      sum += static_cast<double>(value);
      ++count;
    });
    if (count_padding) count = kernel[0] * kernel[1];
    return count == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(count));
  });
  return {};
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, by channel.
Status batch_normalization(const Evaluation& e) {
  const Lanes lanes = lanes_of(e.in(0).shape(), 1);
  const double epsilon = static_cast<double>(e.node.real("epsilon"));
  const auto x = e.x();
  const auto y = e.y();
  for (int64_t n = 0; n < lanes.outer; ++n) {
    for (int64_t c = 0; c < lanes.extent; ++c) {
      const auto parameter = [&](size_t input) {
        return static_cast<double>(e.x(input)[static_cast<size_t>(c)]);
      };
      const double factor = parameter(1) / std::sqrt(parameter(4) + epsilon);
      for (int64_t i = 0; i < lanes.inner; ++i) {
        const size_t at = static_cast<size_t>((n * lanes.extent + c) * lanes.inner + i);
        y[at] =
            static_cast<float>((static_cast<double>(x[at]) - parameter(3)) * factor + parameter(2));
      }
    }
  }
  return {};
}

}  // namespace pawl::engine::reference
