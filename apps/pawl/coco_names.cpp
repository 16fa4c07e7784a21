#include "apps/pawl/coco_names.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace pawl::program {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;

std::string with_slashes(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  return path;
}

// Takes the last part off.
std::string_view take_name(std::string_view* path) {
  const size_t slash = path->rfind('/');
  const size_t start = slash == std::string_view::npos ? 0 : slash + 1;
  const std::string_view name = path->substr(start);
  path->remove_suffix(path->size() - (start == 0 ? 0 : start - 1));
  return name;
}

std::string_view name_of(std::string_view path) {
  return take_name(&path);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// "a%20b" to "a b".
std::string without_percent(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && text.size() - i > 2 &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      plain.push_back(static_cast<char>(value));
      i += 2;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

// How many folders agree, from the end, twice; and one more if the name does to the letter.
int agreement(std::string_view a, std::string_view b) {
  int parts = name_of(a) == name_of(b) ? 1 : 0;
  take_name(&a);
  take_name(&b);
  while (!a.empty() && !b.empty() && take_name(&a) == take_name(&b)) parts += 2;
  return parts;
}

}  // namespace

CocoNames::CocoNames(std::span<const std::string> file_names) {
  for (const std::string& file_name : file_names) {
    const size_t index = paths_.size();
    paths_.push_back(with_slashes(file_name));
    const std::string name = lower_case(name_of(paths_.back()));
    const std::string plain = without_percent(name);
    by_name_.emplace(name, index);
    if (plain != name) by_name_.emplace(lower_case(plain), index);
  }
}

Result<int64_t> CocoNames::find(const std::filesystem::path& image) const {
  const std::string path = with_slashes(image.string());
  const auto [first, last] = by_name_.equal_range(lower_case(name_of(path)));
  int64_t best = -1;
  int64_t equal = -1;  // another that fits as well
  int most = -1;
  for (auto it = first; it != last; ++it) {
    const int parts = agreement(path, paths_[it->second]);
    const auto index = static_cast<int64_t>(it->second);
    if (parts == most) equal = index;
    if (parts <= most) continue;
    most = parts;
    best = index;
    equal = -1;
  }
  if (equal < 0) return best;
  const auto [low, high] = std::minmax(best, equal);
  return Error{Code::kInvalidArgument,
               "images[" + std::to_string(low) + "] and images[" + std::to_string(high) +
                   "] may both be " + image.string() + ": " + paths_[static_cast<size_t>(low)] +
                   ", " + paths_[static_cast<size_t>(high)]};
}

}  // namespace pawl::program
