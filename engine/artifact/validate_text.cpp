#include <cstring>
#include <string>

#include "engine/artifact/validate.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;

// Strings that fill `section`, each closed by a zero byte.
Result<std::vector<std::string_view>> split_strings(std::span<const std::byte> section,
                                                    const char* name, size_t count_max) {
  std::vector<std::string_view> strings;
  const auto* at = reinterpret_cast<const char*>(section.data());
  size_t left = section.size();
  while (left > 0) {
    const auto* const end = static_cast<const char*>(std::memchr(at, 0, left));
    if (end == nullptr) {
      return Error{Code::kCorrupt, std::string(name) + ": last text is not closed"};
    }
    if (strings.size() == count_max) {
      return Error{Code::kCorrupt,
                   std::string(name) + ": more than " + std::to_string(count_max) + " texts"};
    }
    const auto length = static_cast<size_t>(end - at);
    strings.emplace_back(at, length);
    at = end + 1;
    left -= length + 1;
  }
  return strings;
}

}  // namespace

Result<std::vector<std::string_view>> split_labels(std::span<const std::byte> section) {
  return split_strings(section, "labels", kLabelsMax);
}

Result<std::vector<StringPair>> split_provenance(std::span<const std::byte> section) {
  const auto strings = PAWL_TRY(split_strings(section, "provenance", 2 * kProvenanceMax));
  if (strings.size() % 2 != 0) {
    return Error{Code::kCorrupt, "provenance: a key without a value"};
  }
  std::vector<StringPair> pairs;
  pairs.reserve(strings.size() / 2);
  for (size_t i = 0; i < strings.size(); i += 2) pairs.emplace_back(strings[i], strings[i + 1]);
  return pairs;
}

}  // namespace pawl::engine
