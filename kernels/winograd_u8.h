// 3x3 convolution of stride 1, NHWC, u8 activations, s8 weights, by Winograd's F(4x4, 3x3) in
// integers that lose nothing: the same bits as kernels/conv_u8.h from half its multiplications.
//
// Windows and weights transform into 16-bit integers at the points 0, +-1, +-2, infinity; sums and
// the transform back wrap around modulo 2^32. What comes out is 9 * 2^k times the sum, k <= 6: a
// multiplication by the inverse of 9 and a shift recover it where the sum itself stays within 26
// bits, which winograd_u8_exact() makes sure of.
//
// Shapes, strides, epilogue and overlap as in kernels/conv_u8.h.
// Weights  made from the packed ones of conv_u8.h by prepare_winograd_u8:
//          [ceil(OC/16)][36][ceil(IC/2)][16][2], eight times their bytes; 64-byte aligned.
// scratch  winograd_u8_scratch_words() words, 64-byte aligned, of any content. Part i uses the i-th
//          of `parts` equal pieces.
// Threads  call once per part in [0, parts), concurrently: parts write disjoint outputs.
// Error    none: bit-equal to cpu/conv_u8/scalar.cpp.
// Source   kernels/winograd.h; the arithmetic modulo 2^32 is our own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/conv_u8.h"

namespace pawl::kernels {

struct WinogradU8Params {
  ConvU8Params conv;      // what is computed; its weight, bias and pad are not read
  int32_t zero;           // of x
  const int32_t* weight;  // prepared: two 16-bit weights a word
  const int32_t* bias;    // prepared, (OC rounded up to 16)
  int32_t* scratch;
};

// Of any variant; reads IC, OC, OH and OW alone.
size_t winograd_u8_scratch_words(const ConvU8Params& params, int32_t parts);

// True where the form applies and no input can carry a sum of `params.weight` out of its 26 bits.
bool winograd_u8_exact(const ConvU8Params& params, int32_t zero);

// params.weight and params.bias -> what WinogradU8Params points to.
size_t prepared_winograd_u8_words(int32_t OC, int32_t IC);
void prepare_winograd_u8(const ConvU8Params& params, int32_t zero, int32_t* weight, int32_t* bias);

// True where the best usable variant is quicker than the direct form of its instruction set: from
// channels_min on, where tiles are few enough to waste little. Direct time / Winograd time, one
// thread, AMD Zen 5, bench/kernels/winograd_u8_bench.cpp:
//   IC->OC @ OH=OW  AVX-512 VNNI  AVX2     IC->OC @ OH=OW  AVX-512 VNNI  AVX2
//     16->16 @160       0.8       2.1        128->128 @40      1.7       4.4
//     24->24 @80        1.0       2.0        128->128 @20      1.7       4.6
//     32->32 @80        1.3       3.0        256->64 @20       1.6       4.7
//     64->64 @80        1.5       3.9        256->256 @20      1.8       4.4
//     80->80 @80        1.5       4.0         64->64 @13       1.1       2.8
//     64->64 @20        1.6       3.8        256->256 @10      1.3       3.5
// AVX-VNNI: 1.3 to 1.7 from 32 channels on at 20x20 and more, 1.1 to 1.2 at 10x10.
bool winograd_u8_wins(const ConvU8Params& params);

}  // namespace pawl::kernels
