// Float32 arrays in NumPy's .npy format, version 1.0, for checks by other programs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/runtime/session.h"
#include "platform/result.h"

namespace pawl::program {

// Row-major. Requires the product of `shape` to be values.size(). Written whole or not at all.
platform::Status write_npy(const std::filesystem::path& path, std::span<const int64_t> shape,
                           std::span<const float> values);

// A plan tensor, dense in its logical order: (N, C, H, W) for images.
std::vector<float> in_logical_order(const engine::TensorView& view);

}  // namespace pawl::program
