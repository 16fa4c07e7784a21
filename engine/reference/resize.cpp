#include "engine/graph/resampling.h"
#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

ResampledAxis axis_of(const Evaluation& e, size_t dimension) {
  ResampledAxis axis;
  axis.in = e.in(0).shape()[dimension];
  axis.out = e.out().shape()[dimension];
  axis.scale = e.node.reals("scales")[dimension];
  PAWL_CHECK(parse_coordinate(e.node.text("coordinate"), &axis.coordinate));
  return axis;
}

// An extent that does not change is copied, whatever the coordinates say.
int64_t nearest_source(const ResampledAxis& axis, Nearest nearest, int64_t x) {
  return axis.in == axis.out && axis.scale == 1.0F ? x : nearest_index(axis, nearest, x);
}

void resize_nearest(const Evaluation& e) {
  Nearest nearest = Nearest::kFloor;
  PAWL_CHECK(parse_nearest(e.node.text("nearest"), &nearest));
  const Shape& ys = e.out().shape();
  const std::vector<int64_t> strides = strides_of(e.in(0).shape());
  // offsets[d][i]: where output index i of dimension d reads.
  std::vector<std::vector<int64_t>> offsets(ys.size());
  for (size_t d = 0; d < ys.size(); ++d) {
    const ResampledAxis axis = axis_of(e, d);
    for (int64_t i = 0; i < ys[d]; ++i) {
      offsets[d].push_back(nearest_source(axis, nearest, i) * strides[d]);
    }
  }
  Walk<1> walk(ys, {strides_of(ys)});
  for (float& y : e.y()) {
    int64_t source = 0;
    for (size_t d = 0; d < ys.size(); ++d) {
      source += offsets[d][static_cast<size_t>(walk.index()[d])];
    }
    y = e.x()[static_cast<size_t>(source)];
    walk.next();
  }
}

// Bilinear over the last two dimensions; the ones before them do not change.
void resize_linear(const Evaluation& e) {
  const size_t rank = e.out().shape().size();
  const ResampledAxis rows = rank >= 2 ? axis_of(e, rank - 2) : ResampledAxis{};
  const ResampledAxis columns = axis_of(e, rank - 1);
  const float* plane = e.x().data();
  float* y = e.y().data();
  const int64_t planes = e.out().count() / (rows.out * columns.out);
  for (int64_t p = 0; p < planes; ++p, plane += rows.in * columns.in) {
    for (int64_t oh = 0; oh < rows.out; ++oh) {
      const LinearTap v = linear_tap(rows, oh);
      for (int64_t ow = 0; ow < columns.out; ++ow) {
        const LinearTap h = linear_tap(columns, ow);
        const auto blend = [&](const float* row) {
          const double weight = static_cast<double>(h.weight);
          return (1 - weight) * static_cast<double>(row[h.low]) +
                 weight * static_cast<double>(row[h.high]);
        };
        const double weight = static_cast<double>(v.weight);
        *y++ = static_cast<float>((1 - weight) * blend(plane + v.low * columns.in) +
                                  weight * blend(plane + v.high * columns.in));
      }
    }
  }
}

}  // namespace

Status resize(const Evaluation& e) {
  if (e.out().shape().empty()) {
    e.out() = e.in(0);
  } else if (e.node.text("mode") == "nearest") {
    resize_nearest(e);
  } else {
    resize_linear(e);
  }
  return {};
}

}  // namespace pawl::engine::reference
