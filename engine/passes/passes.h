// Graph passes: each rewrites the graph into an equivalent one with less to do at run time.
//
// A pass keeps the value names it does not remove, so that `pawl diff` can compare by name, and the
// reference executor runs the graph after every pass: that is how passes are tested.
// Every pass returns how many places it rewrote.
#pragma once

#include <cstdint>

#include "engine/graph/graph.h"

namespace pawl::engine {

// Pad of the image by a constant becomes padding of the convolution or pool behind it where that is
// the same: zeros for a convolution or a mean, what no window's maximum is for a MaxPool.
int32_t fold_padding(Graph* graph);

// Conv -> BatchNormalization becomes Conv; so does Conv -> Mul/Add/Sub/Div by a constant a channel.
int32_t fold_into_convolutions(Graph* graph);

// BatchNormalization that no convolution took in becomes Mul and Add.
int32_t decompose_batch_norms(Graph* graph);

// x*sigmoid(x) -> Silu, x*hard_sigmoid(x) -> HardSwish, x*tanh(softplus(x)) -> Mish.
int32_t recognise_activations(Graph* graph);

// Conv -> activation becomes Conv with attribute `activation`.
int32_t fuse_activations(Graph* graph);

// Add(Conv, other) becomes Conv with `other` as fourth input, added after the activation.
int32_t fuse_residuals(Graph* graph);

// Four strided slices and a concat become Focus (YOLOv5 up to 5.0, YOLOX), and so does SpaceToDepth
// by 2.
int32_t recognise_focus(Graph* graph);

// Focus -> Conv becomes Conv of twice the window, stride and padding on what Focus reads.
int32_t fold_focus(Graph* graph);

// Softmax between two matrix products becomes Attention on the image that queries, keys and values
// are channels of (YOLO10, 11, 12 and 26), whatever reshapes, transposes and constant factors stand
// between; where they come from several images, these are concatenated first.
int32_t recognise_attention(Graph* graph);

// Chains of Reshape, Transpose, Split and the like that end in an image of the same pixels become
// Slice or, with a constant permutation, Gather (axis 1): ShuffleNet's channel shuffle, the values
// that YOLO11 takes out of its attention.
int32_t recognise_channel_moves(Graph* graph);

// All of the above, in the order that makes each one's input simple, and no dead node left.
void optimise(Graph* graph);

}  // namespace pawl::engine
