// Attention on NHWC images.
#include "engine/plan/lowering.h"

namespace pawl::engine {

// A step has one distance from head to head, and attends over all pixels of its tensors: operands
// that lie further apart than others take a step a head, and every area is a run of pixels of its
// own.
Status Lowering::lower_attention(const Node& node) {
  const std::vector<int64_t>& first = node.integers("first");
  const std::vector<int64_t>& distance = node.integers("step");
  const int64_t heads = node.integer("heads");
  const int64_t areas = node.integer("areas");
  const int64_t key = node.integer("key");
  const int64_t value = node.integer("value");
  const int32_t x = image(node.inputs[0]);
  const int32_t y = output(node);
  const Shape& in = shape(node.inputs[0]);
  const int64_t pixels = in[2] * in[3] / areas;
  const bool together = distance[0] == distance[1] && distance[1] == distance[2];
  const int64_t heads_a_step = together ? heads : 1;
  if (heads_a_step != heads && !channels_fit(value)) return unsupported(node, kGroupsUneven);
  for (int64_t area = 0; area < areas; ++area) {
    const auto band = [&](int32_t whole) {
      return areas == 1 ? whole : builder_.add_pixel_range(whole, area * pixels, pixels);
    };
    const int32_t from = band(x);
    const int32_t to = band(y);
    for (int64_t h = 0; h < heads; h += heads_a_step) {
      const int32_t results =
          heads_a_step == heads ? to : builder_.add_channel_range(to, h * value, value);
      StepRecord& step = builder_.add_step(StepKind::kAttention, node.name, {{from}, {results}});
      step.alpha = node.real("scale");
      set_step_fields(AttentionFields{.heads = heads_a_step,
                                      .D = key,
                                      .VD = value,
                                      .q_offset = first[0] + h * distance[0],
                                      .k_offset = first[1] + h * distance[1],
                                      .v_offset = first[2] + h * distance[2],
                                      .head_stride = distance[0]},
                      &step);
    }
  }
  builder_.add_multiply_adds(heads * areas * pixels * pixels * (key + value));
  return {};
}

}  // namespace pawl::engine
