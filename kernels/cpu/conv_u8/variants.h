// Variants of kernels/conv_u8.h for the instruction sets of CPUs. All are exact: AVX2 widens to 16
// bits (vpmovzx/vpmaddwd), without the saturation of vpmaddubsw or the loss of a weight bit; arm64
// before I8MM multiplies signed bytes, x - 128 for x, and adds 128 times the weights to the bias.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/conv_u8.h"
#include "kernels/cpu/isa.h"

namespace pawl::kernels {

using ConvU8Fn = void (*)(const ConvU8Params&, int32_t part, int32_t parts);
struct ConvU8Variant {
  const char* name;
  Isa isa;
  ConvU8Fn run;
};
std::span<const ConvU8Variant> conv_u8_variants();  // best first, scalar last

}  // namespace pawl::kernels
