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
  size_t count = 1;
  for (const int32_t extent : view.extent) count *= static_cast<size_t>(extent);
  std::vector<float> values(count);
  engine::copy_elements(view, values);
  return values;
}

}  // namespace pawl::program
