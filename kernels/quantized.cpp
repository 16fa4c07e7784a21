#include "kernels/quantized.h"

namespace pawl::kernels {

bool epilogue_supports(Activation activation) {
  switch (activation) {
    case Activation::kNone:
    case Activation::kRelu:
    case Activation::kLeakyRelu:
    case Activation::kSigmoid:
    case Activation::kSilu:
    case Activation::kHardSwish:
    case Activation::kHardSigmoid:
    case Activation::kClip:
      return true;
    case Activation::kTanh:
    case Activation::kMish:
    case Activation::kGelu:
      return false;
  }
  return false;
}

}  // namespace pawl::kernels
