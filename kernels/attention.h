// Multi-head self-attention over the pixels of one NHWC feature map, float32.
//   scores[h,i,j] = scale * sum_d q[h,i,d] * k[h,j,d]
//   y[i, h*VD + e] = sum_j softmax_j(scores[h,i,:])[j] * v[h,j,e]
// Shapes   P pixels; q, k, v are channel ranges of one buffer `x` with x_pixel_stride floats a
//          pixel: of head h, q starts at channel q_offset + h*head_stride, and so on. D is the
//          extent of q and k, VD of v. y (P, heads*VD), y_pixel_stride.
// scratch  attention_scratch_floats() floats a part, one part after the other.
// Threads  as conv.h. Error: 1e-5 * max |v| for scores within +-20; ref is
//          cpu/attention/scalar.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::kernels {

inline constexpr int32_t kAttentionRows = 6;  // queries a variant may keep scores of at once

struct AttentionParams {
  int32_t P, heads, D, VD;
  int32_t x_pixel_stride, y_pixel_stride;
  int32_t q_offset, k_offset, v_offset, head_stride;
  float scale;
  const float* x;
  float* y;
  float* scratch;
};

size_t attention_scratch_floats(const AttentionParams& params);

}  // namespace pawl::kernels
