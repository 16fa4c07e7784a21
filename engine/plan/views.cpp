#include "engine/plan/views.h"

#include <algorithm>

#include "engine/passes/rewrite.h"
#include "engine/plan/kinds.h"

namespace pawl::engine {

bool is_image(const Shape& shape) {
  return shape.size() == 4 && shape[0] == 1;
}

namespace {

class ViewAssigner {
 public:
  ViewAssigner(const Graph& graph, int64_t channel_multiple)
      : graph_(graph),
        channel_multiple_(channel_multiple),
        views_(graph.values.size()),
        fixed_(graph.values.size(), false) {
    for (size_t i = 0; i < views_.size(); ++i) views_[i].root = static_cast<ValueId>(i);
  }

  std::vector<ValueView> run(int32_t* elided) {
    for (const ValueId input : graph_.inputs) {
      view(input).nhwc = is_image(graph_.value(input).shape);
      fixed_[static_cast<size_t>(input)] = true;  // the preprocessor writes dense pixels
    }
    for (const Node& node : graph_.nodes) choose_layout(node);
    for (const Node& node : graph_.nodes) view_ranges(node);
    for (const Node& node : graph_.nodes) place_concat(node, elided);
    for (size_t i = 0; i < views_.size(); ++i) resolve(static_cast<ValueId>(i));
    return std::move(views_);
  }

 private:
  ValueView& view(ValueId id) { return views_[static_cast<size_t>(id)]; }
  bool nhwc(ValueId id) { return id != kNoValue && view(id).nhwc; }
  int64_t channels(ValueId id) const { return graph_.value(id).shape[1]; }

  void choose_layout(const Node& node) {
    const bool image = is_image(graph_.value(node.outputs[0]).shape);
    const bool any = std::any_of(node.inputs.begin(), node.inputs.end(),
                                 [this](ValueId id) { return nhwc(id); });
    const bool keeps = image && runs_on_images(graph_, node, any);
    for (const ValueId output : node.outputs) view(output).nhwc = keeps;
  }

  // Split and Slice of whole channel ranges are views of their input.
  void view_ranges(const Node& node) {
    if (node.op != Op::kSplit && node.op != Op::kSlice) return;
    if (!nhwc(node.inputs[0]) || !nhwc(node.outputs[0])) return;
    if (!is_channel_range(graph_, node)) return;
    if (!aligned(node)) return;
    int64_t channel = node.op == Op::kSlice ? node.integers("starts")[1] : 0;
    for (const ValueId output : node.outputs) {
      view(output).root = node.inputs[0];
      view(output).channel = channel;
      channel += channels(output);
    }
  }

  // Whether every output of a Split or Slice starts where a view may.
  bool aligned(const Node& node) const {
    int64_t channel = node.op == Op::kSlice ? node.integers("starts")[1] : 0;
    for (const ValueId output : node.outputs) {
      if (channel % channel_multiple_ != 0) return false;
      channel += channels(output);
    }
    return true;
  }

  struct Place {
    ValueId root;
    int64_t channel;
  };

  // The outermost value `id` is part of, and where `id` starts in it.
  Place climb(ValueId id) {
    Place place{id, 0};
    while (view(place.root).root != place.root) {
      place.channel += view(place.root).channel;
      place.root = view(place.root).root;
    }
    return place;
  }

  void place_concat(const Node& node, int32_t* elided) {
    if (node.op != Op::kConcat || node.integer("axis") != 1 || !nhwc(node.outputs[0])) return;
    const ValueId whole = node.outputs[0];
    int64_t offset = 0;
    for (const ValueId input : node.inputs) {
      if (nhwc(input) && place_input(node, whole, input, offset)) ++*elided;
      offset += channels(input);
    }
  }

  // Makes the buffer of `input` a part of `whole`, if every channel of that buffer belongs there.
  bool place_input(const Node& node, ValueId whole, ValueId input, int64_t offset) {
    const Place place = climb(input);
    if (place.root == whole) return place.channel == offset;  // came along with an earlier input
    const auto root = static_cast<size_t>(place.root);
    if (fixed_[root] || graph_.value(place.root).constant) return false;
    const int64_t start = offset - place.channel;
    const int64_t end = start + channels(place.root);
    if (start < 0 || end > channels(whole) || start % channel_multiple_ != 0) return false;
    int64_t other = 0;
    for (const ValueId peer : node.inputs) {
      const int64_t next = other + channels(peer);
      if (other < end && next > start) {  // shares channels with the buffer
        const Place p = climb(peer);
        if (p.root != place.root || other - p.channel != start) return false;
      }
      other = next;
    }
    view(place.root).root = whole;
    view(place.root).channel = start;
    return true;
  }

  void resolve(ValueId id) {
    const Place place = climb(id);
    view(id).root = place.root;
    view(id).channel = place.channel;
  }

  const Graph& graph_;
  const int64_t channel_multiple_;
  std::vector<ValueView> views_;
  std::vector<bool> fixed_;  // must keep a dense buffer of their own
};

}  // namespace

std::vector<ValueView> assign_views(const Graph& graph, int64_t channel_multiple, int32_t* elided) {
  *elided = 0;
  return ViewAssigner(graph, channel_multiple).run(elided);
}

}  // namespace pawl::engine
