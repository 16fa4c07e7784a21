// Variants of kernels/pixelwise_u8.h for the instruction sets of CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/isa.h"
#include "kernels/pixelwise_u8.h"

namespace pawl::kernels {

struct PixelwiseU8Variant {
  const char* name;
  Isa isa;
  void (*quantize)(const QuantizeParams&, int32_t part, int32_t parts);
  void (*dequantize)(const DequantizeParams&, int32_t part, int32_t parts);
  void (*copy)(const CopyU8Params&, int32_t part, int32_t parts);
  void (*max_pool)(const MaxPoolU8Params&, int32_t part, int32_t parts);
  void (*nearest)(const NearestU8Params&, int32_t part, int32_t parts);
};
std::span<const PixelwiseU8Variant> pixelwise_u8_variants();  // best first, scalar last

}  // namespace pawl::kernels
