#include <algorithm>

#include "engine/reference/evaluation.h"

namespace pawl::engine::reference {
namespace {

// y in row-major order reads x at `start` plus the strides, which may be zero or negative.
void copy_strided(const Evaluation& e, int64_t start, const std::vector<int64_t>& strides) {
  Walk<1> walk(e.out().shape(), {strides});
  walk.start_at(start);
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    copy_element(&e.out(), i, e.in(0), walk.offset());
  }
}

// Copies `count` neighbouring elements.
void copy_run(Tensor* to, int64_t to_index, const Tensor& from, int64_t from_index, int64_t count) {
  if (count == 0) return;
  const size_t bytes = dtype_bytes(from.dtype());
  std::memcpy(to->bytes().data() + static_cast<size_t>(to_index) * bytes,
              from.bytes().data() + static_cast<size_t>(from_index) * bytes,
              static_cast<size_t>(count) * bytes);
}

}  // namespace

Status concat(const Evaluation& e) {
  const Lanes whole = lanes_of(e.out().shape(), e.node.integer("axis"));
  int64_t at = 0;  // along the axis
  for (size_t i = 0; i < e.inputs.size(); ++i) {
    const int64_t run = lanes_of(e.in(i).shape(), e.node.integer("axis")).extent * whole.inner;
    for (int64_t outer = 0; outer < whole.outer; ++outer) {
      copy_run(&e.out(), (outer * whole.extent + at) * whole.inner, e.in(i), outer * run, run);
    }
    at += run / std::max<int64_t>(whole.inner, 1);
  }
  return {};
}

Status split(const Evaluation& e) {
  const Lanes whole = lanes_of(e.in(0).shape(), e.node.integer("axis"));
  const auto& parts = e.node.integers("split");
  int64_t at = 0;
  for (size_t i = 0; i < e.outputs.size(); ++i) {
    const int64_t run = parts[i] * whole.inner;
    for (int64_t outer = 0; outer < whole.outer; ++outer) {
      copy_run(&e.outputs[i], outer * run, e.in(0), (outer * whole.extent + at) * whole.inner, run);
    }
    at += parts[i];
  }
  return {};
}

Status slice(const Evaluation& e) {
  std::vector<int64_t> strides = strides_of(e.in(0).shape());
  int64_t start = 0;
  for (size_t d = 0; d < strides.size(); ++d) {
    start += e.node.integers("starts")[d] * strides[d];
    strides[d] *= e.node.integers("steps")[d];
  }
  copy_strided(e, start, strides);
  return {};
}

Status reshape(const Evaluation& e) {
  e.out() = e.in(0).reshaped(e.out().shape());
  return {};
}

// Output dimension d is input dimension perm[d].
Status transpose(const Evaluation& e) {
  const std::vector<int64_t> own = strides_of(e.in(0).shape());
  std::vector<int64_t> strides;
  for (const int64_t axis : e.node.integers("perm")) {
    strides.push_back(own[static_cast<size_t>(axis)]);
  }
  copy_strided(e, 0, strides);
  return {};
}

Status expand(const Evaluation& e) {
  copy_strided(e, 0, broadcast_strides(e.in(0).shape(), e.out().shape()));
  return {};
}

Status tile(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ys = e.out().shape();
  const std::vector<int64_t> strides = strides_of(xs);
  Walk<1> walk(ys, {strides_of(ys)});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    int64_t source = 0;
    for (size_t d = 0; d < xs.size(); ++d) source += walk.index()[d] % xs[d] * strides[d];
    copy_element(&e.out(), i, e.in(0), source);
  }
  return {};
}

Status pad(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ys = e.out().shape();
  const auto& pads = e.node.integers("pads");
  const std::string& mode = e.node.text("mode");
  Tensor value(DType::kFloat32, {});
  value.as<float>()[0] = e.node.real("value");
  // The value in the type of the data.
  Tensor typed(e.out().dtype(), {});
  const Tensor* from[] = {&value};
  const Node to = {Op::kCast, {}, {}, {}, {{"to", std::string(dtype_name(typed.dtype()))}}};
  PAWL_TRY(cast({to, from, {&typed, 1}}));

  const std::vector<int64_t> strides = strides_of(xs);
  Walk<1> walk(ys, {strides_of(ys)});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    int64_t source = 0;
    bool inside = true;
    for (size_t d = 0; d < xs.size(); ++d) {
      int64_t at = walk.index()[d] - pads[d];
      if (mode == "edge") {
        at = std::clamp<int64_t>(at, 0, xs[d] - 1);
      } else if (mode == "wrap") {
        at = (at % xs[d] + xs[d]) % xs[d];
      } else if (mode == "reflect") {
        if (at < 0) at = -at;
        if (at >= xs[d]) at = 2 * (xs[d] - 1) - at;
      }
      inside = inside && at >= 0 && at < xs[d];
      source += at * strides[d];
    }
    if (inside) {
      copy_element(&e.out(), i, e.in(0), source);
    } else {
      copy_element(&e.out(), i, typed, 0);
    }
  }
  return {};
}

// Channels hold, outermost first, (row, column, c) in mode DCR and (c, row, column) in mode CRD.
Status depth_to_space(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ys = e.out().shape();
  const int64_t block = e.node.integer("blocksize");
  const bool crd = e.node.text("mode") == "CRD";
  Walk<1> walk(ys, {strides_of(ys)});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    const auto& at = walk.index();
    const int64_t part = at[2] % block * block + at[3] % block;
    const int64_t channel = crd ? at[1] * block * block + part : part * ys[1] + at[1];
    copy_element(&e.out(), i, e.in(0),
                 ((at[0] * xs[1] + channel) * xs[2] + at[2] / block) * xs[3] + at[3] / block);
  }
  return {};
}

Status space_to_depth(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ys = e.out().shape();
  const int64_t block = e.node.integer("blocksize");
  const bool crd = e.node.text("mode") == "CRD";
  Walk<1> walk(ys, {strides_of(ys)});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    const auto& at = walk.index();
    const int64_t channel = crd ? at[1] / (block * block) : at[1] % xs[1];
    const int64_t part = crd ? at[1] % (block * block) : at[1] / xs[1];
    const int64_t row = at[2] * block + part / block;
    const int64_t column = at[3] * block + part % block;
    copy_element(&e.out(), i, e.in(0), ((at[0] * xs[1] + channel) * xs[2] + row) * xs[3] + column);
  }
  return {};
}

// Channel group g holds the pixels at (order[2g], order[2g+1]) of each 2x2 block.
Status focus(const Evaluation& e) {
  const Shape& xs = e.in(0).shape();
  const Shape& ys = e.out().shape();
  const auto& order = e.node.integers("order");
  Walk<1> walk(ys, {strides_of(ys)});
  const int64_t count = e.out().count();
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    const auto& at = walk.index();
    const size_t group = static_cast<size_t>(at[1] / xs[1]);
    const int64_t row = at[2] * 2 + order[2 * group];
    const int64_t column = at[3] * 2 + order[2 * group + 1];
    copy_element(&e.out(), i, e.in(0),
                 ((at[0] * xs[1] + at[1] % xs[1]) * xs[2] + row) * xs[3] + column);
  }
  return {};
}

}  // namespace pawl::engine::reference
