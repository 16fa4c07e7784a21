// The state of one lowering and its steps by kind. Used by lower*.cpp only.
#pragma once

#include <string>
#include <vector>

#include "engine/plan/builder.h"
#include "engine/plan/lower.h"
#include "engine/plan/views.h"

namespace pawl::engine {

inline constexpr const char* kGroupsUneven =
    "groups whose channels are no multiple of what the device moves at once (8, or 16 bytes)";

class Lowering {
 public:
  Lowering(const Graph& graph, const Target& target, const GraphQuantization* quantization)
      : graph_(graph), target_(target), quantization_(quantization), builder_(target) {}
  Result<Lowered> run();

 private:
  // lower.cpp: values and tensors.
  Status check_input() const;
  int32_t native_tensor(ValueId id);  // in the layout that views_ chose
  int32_t image(ValueId id);          // as NHWC, converted if need be; -1 for kNoValue
  int32_t dense(ValueId id);          // as row-major, converted if need be
  int32_t output(const Node& node, size_t i = 0) { return native_tensor(node.outputs[i]); }
  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  bool nhwc(ValueId id) const { return views_[static_cast<size_t>(id)].nhwc; }
  void add_copy(const std::string& name, int32_t from, int32_t to, const CopyFields& fields);
  void convert(const std::string& name, int32_t from, int32_t to);  // NHWC <-> row-major
  Status lower_node(const Node& node);
  Error unsupported(const Node& node, const std::string& why) const;
  // Whether a view may start at a multiple of `channels` (Target::channel_multiple).
  bool channels_fit(int64_t channels) const {
    const int32_t multiple =
        quantization_ == nullptr ? target_.channel_multiple : target_.channel_multiple_u8;
    return channels % multiple == 0;
  }

  // lower_image.cpp.
  Status lower_on_images(const Node& node);
  Status lower_pool(const Node& node);
  Status lower_image_slice(const Node& node);
  bool outputs_are_views(const Node& node) const;
  void lower_image_concat(const Node& node);
  void lower_channel_gather(const Node& node);
  void lower_focus(const Node& node);
  void lower_image_unary(const Node& node);
  void lower_image_binary(const Node& node);

  // lower_convolution.cpp.
  Status lower_conv(const Node& node);
  Status lower_conv_transpose(const Node& node);
  void lower_dense_conv(const Node& node, int32_t x, int32_t y, int32_t residual, int64_t group,
                        int64_t groups);
  void lower_winograd(const Node& node, int32_t x, int32_t y, int32_t residual);
  void lower_depthwise(const Node& node, int32_t x, int32_t y, int32_t residual);

  // lower_resize.cpp.
  Status lower_resize(const Node& node);
  void add_nearest(const Node& node, int32_t x, const std::vector<int32_t>& rows_and_columns);
  Result<std::vector<int32_t>> nearest_table(const Node& node) const;  // rows, then columns

  // lower_pad.cpp.
  void lower_image_pad(const Node& node);
  void lower_dense_pad(const Node& node);
  static PadFields pad_fields(const Node& node);
  std::vector<int32_t> pad_table(const Node& node) const;  // not of a constant: rows, then columns

  // lower_blocks.cpp: DepthToSpace and SpaceToDepth, from a tensor in the output's layout.
  void lower_blocks(const Node& node, int32_t x);

  // lower_attention.cpp.
  Status lower_attention(const Node& node);

  // lower_dense.cpp.
  Status lower_dense(const Node& node);
  Status lower_matmul(const Node& node);
  Status lower_reduce(const Node& node);
  Status lower_gather(const Node& node);
  Status lower_topk(const Node& node);
  Status lower_dense_binary(const Node& node);
  Status lower_dense_unary(const Node& node);
  void lower_strided(const Node& node);  // Transpose, Slice, Split, Expand, Tile, Concat
  void truncate(const Node& node, int32_t x, int32_t y);  // y = x without its fraction

  // lower_quantized.cpp.
  struct Operands {
    int32_t x, y, residual;
  };
  bool is_u8(ValueId id) const;
  const QuantizedConv* quantized_conv(const Node& node) const;
  Result<int32_t> image_u8(const Node& node, ValueId id);  // quantized if need be
  int32_t dequantized(ValueId id);
  Status lower_on_u8(const Node& node);
  void lower_channel_range_u8(const Node& node);
  Status lower_conv_u8(const Node& node, const QuantizedConv& conv);
  void add_quantized_step(const Node& node, const QuantizedConv& conv, const Operands& operands,
                          int64_t first, int64_t count, bool depthwise);

  // lower_rescaled.cpp.
  Status lower_rescaled(const Node& node, StepKind kind);
  Status lower_table_u8(const Node& node);
  Status lower_binary_u8(const Node& node);
  Status lower_average_pool_u8(const Node& node);

  // lower_image.cpp, for both.
  std::vector<int32_t> gather_index(const Node& node) const;
  PoolFields pool_fields(const Node& node) const;

  const Graph& graph_;
  const Target target_;
  const GraphQuantization* quantization_;  // null: all float
  PlanBuilder builder_;
  std::vector<ValueView> views_;
  std::vector<int32_t> native_;       // tensor of each value, -1 until made
  std::vector<int32_t> converted_;    // the same in the other layout, -1 until made
  std::vector<int32_t> at_boundary_;  // the same as the other element type, -1 until made
  std::vector<int32_t> buffer_;       // buffer of each root value, -1 until made
  int32_t elided_ = 0;
  int32_t copies_ = 0;
};

// lower_convolution.cpp: the window attributes of a convolution or a pooling node.
ConvFields conv_fields(const Node& node);
// lower_image.cpp.
void set_activation(const kernels::ActivationParams& activation, StepRecord* step);

}  // namespace pawl::engine
