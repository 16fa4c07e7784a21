// Multi-head self-attention over the pixels of one NHWC map, float16 in and out, float32 inside: the
// contract of kernels/attention.h on halves; scratch is not used.
//
// Method   a warp for each query of a head walks the keys 32 at a time, keeping the largest score,
//          the sum of weights and the weighted values (Milakov and Gimelshein, "Online normalizer
//          calculation for softmax", arXiv:1805.02867).
// Parameters are those of the contract; x and y hold addresses of float16 bits.
// Requires sm_53.
// Error    for scores within +-20: 2e-5 * max |v| + 2^-11 * |y|.
//
// Included by device code: C++17.
#pragma once

#include "kernels/attention.h"
#include "kernels/cuda/launch.h"

namespace pawl::kernels::cuda {

Launch attention_f16_launch(const AttentionParams& params);

}  // namespace pawl::kernels::cuda
