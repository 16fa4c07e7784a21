#include "engine/runtime/cpu/choose_kernel.h"

#include <algorithm>

#include "engine/runtime/steps/step_reader.h"
#include "kernels/cpu/attention/variants.h"
#include "kernels/cpu/conv/variants.h"
#include "kernels/cpu/conv_u8/variants.h"
#include "kernels/cpu/depthwise/variants.h"
#include "kernels/cpu/depthwise_u8/variants.h"
#include "kernels/cpu/isa.h"
#include "kernels/cpu/pixelwise/variants.h"
#include "kernels/cpu/pixelwise_u8/variants.h"
#include "kernels/cpu/pool/variants.h"
#include "kernels/cpu/rescale_u8/variants.h"
#include "kernels/cpu/resize/variants.h"
#include "kernels/cpu/winograd/variants.h"
#include "kernels/cpu/winograd_u8/variants.h"

namespace pawl::engine {
namespace {

using namespace kernels;  // NOLINT(google-build-using-namespace): an overload a kernel family

constexpr size_t kVectorFloats = 64;  // kernels may read a whole register past the last channel

bool winograd_u8_applies(const ConvU8Params& p) {
  const bool unit = p.stride_h == 1 && p.stride_w == 1 && p.dilation_h == 1 && p.dilation_w == 1;
  return unit && p.KH == 3 && p.KW == 3 && winograd_u8_wins(p);
}

struct Scratch {
  int32_t threads;

  template <typename Params>
  size_t operator()(const Params&) const {
    return 0;
  }
  size_t operator()(const AttentionParams& p) const {
    return attention_scratch_floats(p) * sizeof(float) * static_cast<size_t>(threads);
  }
  size_t operator()(const WinogradParams& p) const {
    return winograd_scratch_floats(p, threads) * sizeof(float);
  }
  size_t operator()(const ConvU8Params& p) const {
    return winograd_u8_applies(p) ? winograd_u8_scratch_words(p, threads) * sizeof(int32_t) : 0;
  }
  size_t operator()(const TopKParams& p) const {
    return static_cast<size_t>(p.n) * sizeof(int32_t) * static_cast<size_t>(threads);
  }
};

struct Choice {
  const CpuMemory& memory;

  Result<CpuStep> operator()(ConvParams p) const {
    p.zeros = memory.zeros;
    return CpuStep(best_usable(conv_variants()).run, p);
  }
  Result<CpuStep> operator()(WinogradParams p) const {
    p.scratch = reinterpret_cast<float*>(memory.scratch);
    return CpuStep(best_usable(winograd_variants()).run, p);
  }
  Result<CpuStep> operator()(const DepthwiseParams& p) const {
    return CpuStep(best_usable(depthwise_variants()).run, p);
  }
  Result<CpuStep> operator()(const PoolParams& p) const {
    return CpuStep(best_usable(pool_variants()).run, p);
  }
  Result<CpuStep> operator()(const ResizeParams& p) const {
    return CpuStep(best_usable(resize_variants()).run, p);
  }
  Result<CpuStep> operator()(const UnaryParams& p) const {
    return CpuStep(best_usable(pixelwise_variants()).unary, p);
  }
  Result<CpuStep> operator()(const BinaryParams& p) const {
    return CpuStep(best_usable(pixelwise_variants()).binary, p);
  }
  Result<CpuStep> operator()(const GatherParams& p) const {
    return CpuStep(best_usable(pixelwise_variants()).gather, p);
  }
  Result<CpuStep> operator()(const FocusParams& p) const {
    return CpuStep(best_usable(pixelwise_variants()).focus, p);
  }
  Result<CpuStep> operator()(AttentionParams p) const {
    p.scratch = reinterpret_cast<float*>(memory.scratch);
    return CpuStep(best_usable(attention_variants()).run, p);
  }
  Result<CpuStep> operator()(const PadParams<float>& p) const { return CpuStep(pad, p); }
  Result<CpuStep> operator()(const PadParams<uint8_t>& p) const { return CpuStep(pad_u8, p); }

  Result<CpuStep> operator()(const ConvU8Params& p) const;
  Result<CpuStep> operator()(const DepthwiseU8Params& p) const {
    return CpuStep(best_usable(depthwise_u8_variants()).run, p);
  }
  Result<CpuStep> operator()(const QuantizeParams& p) const {
    return CpuStep(best_usable(pixelwise_u8_variants()).quantize, p);
  }
  Result<CpuStep> operator()(const DequantizeParams& p) const {
    return CpuStep(best_usable(pixelwise_u8_variants()).dequantize, p);
  }
  Result<CpuStep> operator()(const CopyU8Params& p) const {
    return CpuStep(best_usable(pixelwise_u8_variants()).copy, p);
  }
  Result<CpuStep> operator()(const MaxPoolU8Params& p) const {
    return CpuStep(best_usable(pixelwise_u8_variants()).max_pool, p);
  }
  Result<CpuStep> operator()(const NearestU8Params& p) const {
    return CpuStep(best_usable(pixelwise_u8_variants()).nearest, p);
  }
  Result<CpuStep> operator()(const BinaryU8Params& p) const {
    return CpuStep(best_usable(rescale_u8_variants()).binary, p);
  }
  Result<CpuStep> operator()(const AveragePoolU8Params& p) const {
    return CpuStep(best_usable(rescale_u8_variants()).average_pool, p);
  }
  Result<CpuStep> operator()(const TableU8Params& p) const {
    return CpuStep(best_usable(rescale_u8_variants()).table, p);
  }

  Result<CpuStep> operator()(const StridedCopyParams& p) const { return CpuStep(strided_copy, p); }
  Result<CpuStep> operator()(const DenseBinaryParams& p) const { return CpuStep(dense_binary, p); }
  Result<CpuStep> operator()(const DenseUnaryParams& p) const { return CpuStep(dense_unary, p); }
  Result<CpuStep> operator()(const DenseReduceParams& p) const { return CpuStep(dense_reduce, p); }
  Result<CpuStep> operator()(const MatmulParams& p) const { return CpuStep(matmul, p); }
  Result<CpuStep> operator()(TopKParams p) const {
    p.scratch = reinterpret_cast<int32_t*>(memory.scratch);
    return CpuStep(topk, p);
  }
  Result<CpuStep> operator()(const DenseGatherParams& p) const { return CpuStep(dense_gather, p); }
};

// Where Winograd's form wins: the same bits from fewer multiplications. Its weights, eight times as
// large, are made here and not at compile time: the file stays small, and which CPUs gain differs.
Result<CpuStep> Choice::operator()(const ConvU8Params& p) const {
  const int32_t zero = p.pad[0];
  const bool even = std::all_of(p.pad, p.pad + p.IC, [zero](uint8_t pad) { return pad == zero; });
  if (!winograd_u8_applies(p) || !even || !winograd_u8_exact(p, zero)) {
    return CpuStep(best_usable(conv_u8_variants()).run, p);
  }
  const size_t weights = prepared_winograd_u8_words(p.OC, p.IC);
  const size_t biases = (static_cast<size_t>(p.OC) + 15) / 16 * 16;
  Block block;
  if (!block.allocate((weights + biases) * sizeof(int32_t))) {
    return Error{Code::kExhausted, "no memory for the transformed weights of a convolution"};
  }
  auto* words = reinterpret_cast<int32_t*>(block.get());
  prepare_winograd_u8(p, zero, words, words + weights);
  memory.prepared->push_back(std::move(block));
  return CpuStep(best_usable(winograd_u8_variants()).run,
                 WinogradU8Params{.conv = p,
                                  .zero = zero,
                                  .weight = words,
                                  .bias = words + weights,
                                  .scratch = reinterpret_cast<int32_t*>(memory.scratch)});
}

}  // namespace

Result<size_t> zero_floats(const Artifact& artifact) {
  int32_t channels = 0;
  for (const TensorRecord& tensor : artifact.tensors()) {
    if (tensor.layout == Layout::kNhwc) channels = std::max(channels, tensor.extent[1]);
  }
  if (channels > steps::kChannelsMax) {
    return Error{Code::kCorrupt, artifact.name() + ": an image has too many channels"};
  }
  return static_cast<size_t>(channels) + kVectorFloats;
}

size_t scratch_bytes(const StepParams& params, int32_t threads) {
  return std::visit(Scratch{threads}, params);
}

Result<CpuStep> choose_kernel(const StepParams& params, const CpuMemory& memory) {
  return std::visit(Choice{memory}, params);
}

}  // namespace pawl::engine
