// Tensor-core products and the loads that feed them (sm_80). All 32 lanes take part in each.
#pragma once

#include <cstdint>

namespace pawl::kernels::cuda {

// Four 8x8 matrices of 16-bit elements. Lane 8 i + r gives the address of row r of matrix i, and
// receives from each matrix two neighbouring elements of row lane/4, from column 2 (lane%4).
__device__ inline void load_matrices(uint32_t (&m)[4], uint32_t row_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(row_address)
               : "memory");
}

// sum (16x8) += a (16x16) * b (16x8), halves and float32 sums. In lane l, a[0..3] hold rows l/4 and
// l/4 + 8 of columns 2 (l%4), and the same of columns + 8; b[0..1] rows 2 (l%4) and + 8 of column
// l/4; sum[0..3] columns 2 (l%4), + 1 of row l/4, and of row l/4 + 8.
__device__ inline void multiply_add_f16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0,
                                        uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// sum (16x8) += a (16x32) * b (32x8), u8 by s8 into s32, wrapping. A register holds four elements
// along K where multiply_add_f16 has two: in bytes the layouts are the same.
__device__ inline void multiply_add_u8(int (&sum)[4], const uint32_t (&a)[4], uint32_t b0,
                                       uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+r"(sum[0]), "+r"(sum[1]), "+r"(sum[2]), "+r"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

}  // namespace pawl::kernels::cuda
