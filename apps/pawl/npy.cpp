#include "apps/pawl/npy.h"

#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "apps/pawl/text.h"
#include "platform/files.h"

namespace pawl::program {
namespace {

static_assert(std::endian::native == std::endian::little, "the header says '<f4'");
constexpr size_t kPreambleBytes = 10;  // magic, version, header length
constexpr size_t kAlignment = 64;

std::string header(std::span<const int64_t> shape) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (const int64_t extent : shape) text += std::to_string(extent) + ",";
  text += "), }";
  const size_t unpadded = kPreambleBytes + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  return text;
}

}  // namespace

platform::Status write_npy(const std::filesystem::path& path, std::span<const int64_t> shape,
                           std::span<const float> values) {
  const std::string text = header(shape);
  std::string file("\x93NUMPY\x01\x00", 8);
  file.push_back(static_cast<char>(text.size() & 0xFFU));
  file.push_back(static_cast<char>(text.size() >> 8U));
  file += text;
  file.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return platform::replace_file(path, std::string_view(file));
}

std::vector<float> in_logical_order(const engine::TensorView& view) {
  int64_t count = 1;
  for (const int32_t extent : view.extent) count *= extent;
  if (!view.nhwc) return {view.data, view.data + count};
  const int64_t channels = view.extent[1];
  const int64_t pixels = channels == 0 ? 0 : count / channels;
  std::vector<float> values(static_cast<size_t>(count));
  for (int64_t p = 0; p < pixels; ++p) {
    const float* pixel = view.data + p * view.pixel_stride;
    for (int64_t c = 0; c < channels; ++c) values[static_cast<size_t>(c * pixels + p)] = pixel[c];
  }
  return values;
}

std::vector<float> nchw_of_nhwc(std::span<const float> nhwc, int64_t channels) {
  const auto pixels = static_cast<int64_t>(nhwc.size()) / channels;
  std::vector<float> values(nhwc.size());
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t c = 0; c < channels; ++c) {
      values[static_cast<size_t>(c * pixels + p)] = nhwc[static_cast<size_t>(p * channels + c)];
    }
  }
  return values;
}

}  // namespace pawl::program
