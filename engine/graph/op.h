// The operators of Pawl's graph: ONNX semantics in one canonical form.
//
// The importer reads opsets 7 to 23 and leaves only this form: every shape static, every
// parameter an attribute (never an input), every axis counted from the front, every `auto_pad`
// resolved to numbers. Inputs that remain are data. Attribute names and types:
//
//   Conv                 x, weight (OC, IC/group, KH, KW), [bias (OC)]
//                        ints kernel{KH,KW} strides{h,w} pads{top,left,bottom,right}
//                        dilations{h,w}; int group. Added by passes: string activation (none|relu|
//                        leaky_relu|silu|sigmoid|hard_sigmoid|hard_swish|tanh|mish|softplus|elu|
//                        gelu|clip), floats alpha, beta (clip: the bounds), and input 3: a
//                        residual, added after it
//   ConvTranspose        x, weight (IC, OC/group, KH, KW), [bias]; as Conv + ints output_padding
//   BatchNormalization   x, scale, bias, mean, variance; float epsilon
//   MaxPool AveragePool  x; ints kernel strides pads dilations; int count_include_pad (Average)
//   Resize               x; floats scales (rank; output extent = value shape);
//                        string mode (nearest|linear), coordinate (asymmetric|half_pixel|
//                        pytorch_half_pixel|align_corners), nearest (floor|ceil|
//                        round_prefer_floor|round_prefer_ceil)
//   Concat               int axis
//   Split                int axis; ints split (extents, one an output)
//   Slice                ints starts, steps (one a dimension; extents = output shape; steps != 0)
//   Reshape              extents = output shape (also stands for Flatten, Squeeze, Unsqueeze)
//   Transpose            ints perm
//   Expand Tile          Expand: extents = output shape. Tile: ints repeats
//   Pad                  ints pads (2*rank: all begins, then all ends); string mode
//                        (constant|reflect|edge|wrap); float value
//   Softmax              int axis (one axis; older coercing forms are wrapped in Reshape)
//   MatMul               a, b (numpy broadcasting); Gemm is imported as MatMul/Transpose/Add
//   Gather GatherElements  data, indices; int axis
//   Reduce{Max,Min,Mean,Sum,Prod}  ints axes; int keepdims (GlobalAveragePool is ReduceMean)
//   ArgMax               int axis, keepdims, select_last_index
//   TopK                 int axis, k, largest, sorted; outputs values, indices
//   LeakyRelu alpha; HardSigmoid alpha, beta; Clip min, max; Cast string to (dtype_name)
//   Elu alpha; Gelu string approximate; LayerNormalization int axis, float epsilon
//   DepthToSpace SpaceToDepth  int blocksize; string mode (DCR|CRD)
//   Mod int fmod (0: sign of the divisor, 1: of the dividend)
//
// Ops of the last group are made by passes only, never by the importer.
#pragma once

#include <cstdint>
#include <string_view>

namespace pawl::engine {

enum class Op : uint8_t {
  // Convolution and pooling
  kConv,
  kConvTranspose,
  kBatchNormalization,
  kMaxPool,
  kAveragePool,
  kResize,
  // Data movement
  kConcat,
  kSplit,
  kSlice,
  kReshape,
  kTranspose,
  kExpand,
  kTile,
  kPad,
  kGather,
  kGatherElements,
  kDepthToSpace,
  kSpaceToDepth,
  // Unary, elementwise
  kIdentity,
  kRelu,
  kLeakyRelu,
  kSigmoid,
  kHardSigmoid,
  kHardSwish,
  kTanh,
  kSoftplus,
  kMish,
  kExp,
  kLog,
  kSqrt,
  kErf,
  kNeg,
  kAbs,
  kFloor,
  kCeil,
  kReciprocal,
  kSin,
  kCos,
  kNot,
  kClip,
  kCast,
  kElu,
  kGelu,
  // Binary, elementwise with broadcasting
  kAdd,
  kSub,
  kMul,
  kDiv,
  kPow,
  kMod,
  kMin,
  kMax,
  kEqual,
  kLess,
  kGreater,
  kAnd,
  kOr,
  kWhere,
  // Reductions and linear algebra
  kSoftmax,
  kMatMul,
  kReduceMax,
  kReduceMin,
  kReduceMean,
  kReduceSum,
  kReduceProd,
  kArgMax,
  kTopK,
  kLayerNormalization,
  // Made by passes
  kSilu,       // x * sigmoid(x)
  kFocus,      // space-to-depth 2x2 of (N,C,H,W) in the channel order of YOLOv5/YOLOX; ints order:
               // the four (row, column) offsets, one a channel group
  kAttention,  // attention among the pixels of one image; ints heads, areas, key, value (channels
               // of a head); ints first, step {q, k, v}: head h takes its channels from first +
               // h*step on; float scale: softmax(scale * q^T k) applied to v, head by head, as (N,
               // heads*value, H, W). Areas split the pixels, row-major, into equal runs that attend
               // each to itself
};

std::string_view op_name(Op op);

}  // namespace pawl::engine
