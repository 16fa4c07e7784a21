#include <algorithm>
#include <vector>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

// The output columns ow in [first, last) whose tap iw = ow * stride + offset lies in [0, extent).
struct Columns {
  int64_t first;
  int64_t last;
};
Columns columns_inside(int64_t out, int64_t stride, int64_t offset, int64_t extent) {
  const int64_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const int64_t last = extent > offset ? (extent - 1 - offset) / stride + 1 : 0;
  return {first, std::min(out, last)};
}

Activation activation_of(const Node& node) {
  if (!node.has("activation")) return {};
  struct Named {
    const char* name;
    Activation activation;
  };
  static constexpr Named kNamed[] = {{"none", {Op::kIdentity, 0, 0}},
                                     {"relu", {Op::kRelu, 0, 0}},
                                     {"leaky_relu", {Op::kLeakyRelu, 0, 0}},
                                     {"silu", {Op::kSilu, 0, 0}},
                                     {"sigmoid", {Op::kSigmoid, 0, 0}},
                                     {"hard_sigmoid", {Op::kHardSigmoid, 0.2, 0.5}},
                                     {"hard_swish", {Op::kHardSwish, 0, 0}},
                                     {"tanh", {Op::kTanh, 0, 0}},
                                     {"mish", {Op::kMish, 0, 0}},
                                     {"softplus", {Op::kSoftplus, 0, 0}},
                                     {"elu", {Op::kElu, 1, 0}},
                                     {"gelu", {Op::kGelu, 0, 0}},
                                     {"clip", {Op::kClip, 0, 0}}};
  const std::string& name = node.text("activation");
  const auto* named = std::find_if(std::begin(kNamed), std::end(kNamed),
                                   [&](const Named& candidate) { return name == candidate.name; });
  PAWL_CHECK(named != std::end(kNamed));
  Activation activation = named->activation;
  if (node.has("alpha")) activation.alpha = static_cast<double>(node.real("alpha"));
  if (node.has("beta")) activation.beta = static_cast<double>(node.real("beta"));
  return activation;
}

}  // namespace

// y[n,oc,oh,ow] = residual + act(bias[oc] + sum_{ic,kh,kw} w[oc,ic,kh,kw] * x[n, g*ICg+ic,
//                 oh*sh - top + kh*dh, ow*sw - left + kw*dw]); taps outside x are zero.
Status conv(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ws = e.in(1).shape();
  const Shape& ys = e.out().shape();
  const auto x = e.x(0);
  const auto weight = e.x(1);
  const auto y = e.y();
  const int64_t H = xs[2], W = xs[3], OC = ys[1], OH = ys[2], OW = ys[3];
  const int64_t IC = ws[1], KH = ws[2], KW = ws[3];  // IC: input channels of one group
  const int64_t per_group = OC / e.node.integer("group");
  const auto& strides = e.node.integers("strides");
  const auto& pads = e.node.integers("pads");
  const auto& dilations = e.node.integers("dilations");
  const Activation activation = activation_of(e.node);

  std::vector<double> row(static_cast<size_t>(OW));
  for (int64_t n = 0; n < ys[0]; ++n) {
    for (int64_t oc = 0; oc < OC; ++oc) {
      const double bias = e.has(2) ? static_cast<double>(e.x(2)[static_cast<size_t>(oc)]) : 0.0;
      const int64_t group = oc / per_group;
      for (int64_t oh = 0; oh < OH; ++oh) {
        std::fill(row.begin(), row.end(), bias);
        for (int64_t ic = 0; ic < IC; ++ic) {
          const float* plane = x.data() + (n * xs[1] + group * IC + ic) * H * W;
          for (int64_t kh = 0; kh < KH; ++kh) {
            const int64_t ih = oh * strides[0] - pads[0] + kh * dilations[0];
            if (ih < 0 || ih >= H) continue;
            for (int64_t kw = 0; kw < KW; ++kw) {
              const int64_t offset = kw * dilations[1] - pads[1];
              const Columns columns = columns_inside(OW, strides[1], offset, W);
              const double w = static_cast<double>(
                  weight[static_cast<size_t>(((oc * IC + ic) * KH + kh) * KW + kw)]);
              const float* source = plane + ih * W;
              for (int64_t ow = columns.first; ow < columns.last; ++ow) {
                row[static_cast<size_t>(ow)] +=
                    w * static_cast<double>(source[ow * strides[1] + offset]);
              }
            }
          }
        }
        const size_t at = static_cast<size_t>(((n * OC + oc) * OH + oh) * OW);
        for (size_t ow = 0; ow < row.size(); ++ow) {
          const double residual = e.has(3) ? static_cast<double>(e.x(3)[at + ow]) : 0.0;
          y[at + ow] = static_cast<float>(activation(row[ow]) + residual);
        }
      }
    }
  }
  return {};
}

// Scatter form: x[n,ic,ih,iw] * w[ic,oc,kh,kw] is added to y[n,oc, ih*sh - top + kh*dh, ...].
Status conv_transpose(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ws = e.in(1).shape();
  const Shape& ys = e.out().shape();
  const auto x = e.x(0);
  const auto weight = e.x(1);
  const int64_t IC = xs[1], H = xs[2], W = xs[3], OC = ys[1], OH = ys[2], OW = ys[3];
  const int64_t per_group = ws[1], KH = ws[2], KW = ws[3];
  const int64_t ic_per_group = IC / e.node.integer("group");
  const auto& strides = e.node.integers("strides");
  const auto& pads = e.node.integers("pads");
  const auto& dilations = e.node.integers("dilations");

  std::vector<double> plane(static_cast<size_t>(OH * OW));
  for (int64_t n = 0; n < ys[0]; ++n) {
    for (int64_t oc = 0; oc < OC; ++oc) {
      const double bias = e.has(2) ? static_cast<double>(e.x(2)[static_cast<size_t>(oc)]) : 0.0;
      std::fill(plane.begin(), plane.end(), bias);
      const int64_t first = oc / per_group * ic_per_group;
      for (int64_t ic = first; ic < first + ic_per_group; ++ic) {
        for (int64_t kh = 0; kh < KH; ++kh) {
          for (int64_t kw = 0; kw < KW; ++kw) {
            const double w = static_cast<double>(weight[static_cast<size_t>(
                ((ic * per_group + oc % per_group) * KH + kh) * KW + kw)]);
            for (int64_t ih = 0; ih < H; ++ih) {
              const int64_t oh = ih * strides[0] - pads[0] + kh * dilations[0];
              if (oh < 0 || oh >= OH) continue;
              for (int64_t iw = 0; iw < W; ++iw) {
                const int64_t ow = iw * strides[1] - pads[1] + kw * dilations[1];
                if (ow < 0 || ow >= OW) continue;
                plane[static_cast<size_t>(oh * OW + ow)] +=
                    w *
                    static_cast<double>(x[static_cast<size_t>(((n * IC + ic) * H + ih) * W + iw)]);
              }
            }
          }
        }
      }
      for (size_t i = 0; i < plane.size(); ++i) {
        e.y()[static_cast<size_t>(n * OC + oc) * plane.size() + i] = static_cast<float>(plane[i]);
      }
    }
  }
  return {};
}

}  // namespace pawl::engine::reference
