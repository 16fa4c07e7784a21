// Class names: from a text file, one a line, or from the Python literal that exporters leave in a
// model's metadata. Both are bytes from outside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/result.h"

namespace pawl::engine {

// Limits: a longer file is not a list of labels.
inline constexpr size_t kMaxLabels = 65536;
inline constexpr size_t kMaxLabelBytes = 256;

// One label a line. A byte-order mark, CRLF and blank lines at the end are accepted; a blank line
// between labels is an error, since it would shift every class after it. Spaces around a label go.
platform::Result<std::vector<std::string>> parse_labels(std::string_view text);

// {0: 'person', 1: 'car'} in any key order, or ['person', "car"], with Python's escapes. The keys
// must be 0 to n-1, each once.
platform::Result<std::vector<std::string>> parse_names_literal(std::string_view text);

}  // namespace pawl::engine
