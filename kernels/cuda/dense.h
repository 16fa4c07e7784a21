// The operators of kernels/dense.h on row-major float32 tensors: correct first, a thread an element
// (of a reduction or softmax, a slice). Strided copies also go between float16 images and float32
// tensors.
//
// Parameters are those of the contracts; scratch is not used. Requires sm_53; fewer than 2^31
// elements in every tensor.
// Error    copies, gathers, top-k, comparisons, argmax: none. Sums and means: compensated float32,
//          2^-22 * sum |x|. Matrix products: K * 2^-23 * sum |a*b|. exp, log, pow, sin, cos: 2^-20
//          relative; activations as device/activation.cuh; softmax 4e-6 relative.
//
// Included by device code: C++17.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/dense.h"

namespace pawl::kernels::cuda {

struct CopyLaunchParams {
  StridedCopyParams copy;  // strides in elements
  bool x_half, y_half;     // which of the two are float16
};

Launch copy_launch(const CopyLaunchParams& params);
Launch dense_binary_launch(const DenseBinaryParams& params);
Launch dense_unary_launch(const DenseUnaryParams& params);
Launch dense_reduce_launch(const DenseReduceParams& params);
Launch matmul_launch(const MatmulParams& params);
Launch topk_launch(const TopKParams& params);
Launch dense_gather_launch(const DenseGatherParams& params);

}  // namespace pawl::kernels::cuda
