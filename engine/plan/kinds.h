// Which nodes run on NHWC images, and the kernel enumerators that operators map to.
#pragma once

#include <optional>

#include "engine/artifact/format.h"
#include "engine/artifact/step.h"
#include "engine/graph/graph.h"
#include "kernels/activation.h"
#include "kernels/dense.h"
#include "kernels/pixelwise.h"

namespace pawl::engine {

// `input_is_nhwc`: whether any input lies NHWC already (elementwise nodes follow their input).
bool runs_on_images(const Graph& graph, const Node& node, bool input_is_nhwc);

// No kernel extent, stride, pad or dilation above kKernelWindowMax.
bool window_fits(const Node& node);
inline constexpr const char* kWindowTooLarge = "a window, stride or pad of more than 256";

// Slice that takes a contiguous range of channels and everything else whole.
bool is_channel_slice(const Graph& graph, const Node& node);

// Slice or Split of an image whose outputs are whole channel ranges: views, where it lies NHWC.
bool is_channel_range(const Graph& graph, const Node& node);

// Pad along H and W alone.
bool pads_pixels(const Node& node);

// Constant channel permutation or selection: Gather(axis 1) with constant 1-D indices.
bool is_channel_gather(const Graph& graph, const Node& node);

// The activation a node or a fused convolution applies; nullopt if a kernel has none for it.
std::optional<kernels::ActivationParams> activation_of(const Node& node);

// The step that does `node` on 8-bit images and gives its output a scale of its own; nullopt where
// there is none.
std::optional<StepKind> rescaling_step(const Graph& graph, const Node& node);

std::optional<kernels::BinaryOp> pixelwise_op(Op op);
std::optional<kernels::DenseBinaryOp> dense_binary_op(Op op);
std::optional<kernels::DenseUnaryOp> dense_unary_op(Op op);
std::optional<kernels::DenseReduceParams::Kind> reduce_kind(Op op);

}  // namespace pawl::engine
