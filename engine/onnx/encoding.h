// How the whole numbers of a quantized file stand for real ones: real = (code - zero) * scale.
//
// A quantized file is imported as the float network that it approximates. A name that holds codes
// in the file is bound to the value they stand for, unrounded, together with their encoding; a
// DequantizeLinear of the same encoding is then nothing at all, and one of another encoding is the
// multiplication and addition that it is in the file.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine::onnx {

struct Encoding {
  std::vector<float> scale;   // positive, finite: one, or one an index of dimension `axis`
  std::vector<int32_t> zero;  // as many
  int64_t axis = 0;
  int32_t lowest = 0, highest = 255;  // code

  bool per_tensor() const { return scale.size() == 1; }
  bool operator==(const Encoding&) const = default;
};

// What the file was made of, counted while it is imported.
struct QuantizedDialects {
  int64_t pairs = 0;                     // QuantizeLinear of what is computed
  int64_t linear = 0;                    // QLinear*
  int64_t integer = 0;                   // ConvInteger, MatMulInteger
  std::map<ValueId, ValueId> rectified;  // ReLUs that codes stood for, by what they cut
};

}  // namespace pawl::engine::onnx
