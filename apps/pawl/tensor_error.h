// How far a tensor is from its reference.
#pragma once

#include <span>

namespace pawl::program {

struct TensorError {
  double sqnr_db = 0.0;  // 10 log10(sum ref^2 / sum (x - ref)^2); infinite when equal, NaN when x
                         // has a value that is not finite where the reference is
  double max_abs = 0.0;
  double mean_abs = 0.0;
};

// Requires equal sizes.
TensorError tensor_error(std::span<const float> x, std::span<const float> reference);

}  // namespace pawl::program
