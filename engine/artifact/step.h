// What StepRecord::integer and ::data mean, by kind: one view struct a kind, writer and reader
// both.
//
// Frozen with the format: the order of the fields is the order in StepRecord::integer.
#pragma once

#include <cstdint>
#include <cstring>

#include "engine/artifact/format.h"

namespace pawl::engine {

// The largest kernel extent, stride, pad and dilation of a step. A graph allows more (kWindowMax).
inline constexpr int64_t kKernelWindowMax = 256;

// kConv and kDepthwise. data[0] packed weights, data[1] bias.
struct ConvFields {
  int64_t KH, KW, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
};

// kWinograd. data[0] transformed weights, data[1] bias.
struct WinogradFields {
  int64_t pad_top, pad_left;
};

// kPool, kAveragePoolU8.
struct PoolFields {
  int64_t kind, count_padding;  // kernels::PoolKind
  int64_t KH, KW, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
};

// kResize. data[0]: int32 row0[OH], row1[OH]; float row_t[OH]; int32 col0[OW], col1[OW];
// float col_t[OW].
struct ResizeFields {
  int64_t kind;  // kernels::ResizeKind
};

// kBinary, kBinaryU8, kDenseBinary, kDenseUnary: the operator's enumerator in kernels/.
struct OpFields {
  int64_t op;
};

// kGather: data[0] int32 index[C]. kTableU8: data[0] u8 table[256].

// kPad; StepRecord::alpha is the number around the image. kPadU8: that is its zero point.
struct PadFields {
  int64_t pad_top, pad_left;
};

// kFocus: offsets of the four channel groups.
struct FocusFields {
  int64_t dy[4], dx[4];
};

// kAttention; StepRecord::alpha is the scale.
struct AttentionFields {
  int64_t heads, D, VD, q_offset, k_offset, v_offset, head_stride;
};

// kStridedCopy: strides and starts in floats.
struct CopyFields {
  int64_t extent[6], x_stride[6], y_stride[6], x_start, y_start;
};

// kDenseReduce; kind is kernels::DenseReduceParams::Kind.
struct ReduceFields {
  int64_t kind, outer, axis, inner;
};

struct MatmulFields {
  int64_t batch, M, K, N, a_batch_stride, b_batch_stride;
};

struct TopKFields {
  int64_t rows, n, k, largest;
};

struct DenseGatherFields {
  int64_t elementwise, outer, axis, inner, count;
};

template <typename Fields>
Fields step_fields(const StepRecord& step) {
  static_assert(sizeof(Fields) <= sizeof(step.integer));
  Fields fields;
  std::memcpy(&fields, step.integer, sizeof(Fields));
  return fields;
}

template <typename Fields>
void set_step_fields(const Fields& fields, StepRecord* step) {
  static_assert(sizeof(Fields) <= sizeof(step->integer));
  std::memcpy(step->integer, &fields, sizeof(Fields));
}

}  // namespace pawl::engine
