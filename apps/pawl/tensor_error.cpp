#include "apps/pawl/tensor_error.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace pawl::program {

TensorError tensor_error(std::span<const float> x, std::span<const float> reference) {
  double signal = 0.0;
  double noise = 0.0;
  double sum = 0.0;
  TensorError error;
  for (size_t i = 0; i < x.size(); ++i) {
    const auto wanted = static_cast<double>(reference[i]);
    const auto found = static_cast<double>(x[i]);
    if (found == wanted) {  // infinities too, which a mask may hold
      if (std::isfinite(wanted)) signal += wanted * wanted;
      continue;
    }
    const double difference = std::fabs(found - wanted);
    if (!std::isfinite(difference)) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      return {nan, nan, nan};
    }
    signal += wanted * wanted;
    noise += difference * difference;
    sum += difference;
    error.max_abs = std::max(error.max_abs, difference);
  }
  error.mean_abs = x.empty() ? 0.0 : sum / static_cast<double>(x.size());
  error.sqnr_db =
      noise > 0.0 ? 10.0 * std::log10(signal / noise) : std::numeric_limits<double>::infinity();
  return error;
}

}  // namespace pawl::program
