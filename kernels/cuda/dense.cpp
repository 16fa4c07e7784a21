#include "kernels/cuda/dense.h"

#include "kernels/cuda/grid.h"

namespace pawl::kernels::cuda {
namespace {

int64_t product(const int64_t (&extent)[kRank]) {
  int64_t count = 1;
  for (const int64_t e : extent) count *= e;
  return count;
}

}  // namespace

Launch copy_launch(const CopyLaunchParams& p) {
  return element_launch("dense", "strided_copy", product(p.copy.extent));
}
Launch dense_binary_launch(const DenseBinaryParams& p) {
  return element_launch("dense", "dense_binary", product(p.extent));
}
Launch dense_unary_launch(const DenseUnaryParams& p) {
  return element_launch("dense", "dense_unary", p.count);
}
Launch dense_reduce_launch(const DenseReduceParams& p) {
  const bool softmax = p.kind == DenseReduceParams::Kind::kSoftmax;
  return element_launch("dense", softmax ? "dense_softmax" : "dense_reduce", p.outer * p.inner);
}
Launch matmul_launch(const MatmulParams& p) {
  return element_launch("dense", "matmul", p.batch * p.M * p.N);
}
Launch topk_launch(const TopKParams& p) {
  return element_launch("dense", "topk", p.rows * p.n);
}
Launch dense_gather_launch(const DenseGatherParams& p) {
  return element_launch("dense", "dense_gather", p.outer * p.count * p.inner);
}

}  // namespace pawl::kernels::cuda
