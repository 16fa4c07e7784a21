#include "engine/graph/exported_size.h"

#include <charconv>
#include <string_view>

namespace pawl::engine {
namespace {

std::optional<int64_t> parse_side(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > (1 << 20)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<InputSize> exported_size(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find("imgsz");
  if (found == metadata.end() || found->second.size() > 64) return std::nullopt;
  std::string digits;
  for (const char c : found->second) {
    if (c != ' ' && c != '[' && c != ']' && c != '(' && c != ')') digits.push_back(c);
  }
  const std::string_view all = digits;
  const size_t comma = all.find(',');
  const auto height = parse_side(all.substr(0, comma));
  const auto width = comma == std::string_view::npos ? height : parse_side(all.substr(comma + 1));
  if (!height || !width) return std::nullopt;
  return InputSize{.width = *width, .height = *height};
}

}  // namespace pawl::engine
