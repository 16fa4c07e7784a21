// Class names: from a text file, one a line, or from the Python or JSON literal that exporters
// leave in a model's metadata. Both are bytes from outside.
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

// Class names of a model's metadata.
struct ClassNames {
  std::vector<std::string> labels;  // by class number; "class 4" where the file has no usable name
  std::vector<size_t> unnamed;      // the classes of which that is so, ascending
  bool from_one = false;            // the text counts 1, 2, ...: its first name is class 0 here
};

// {0: 'person', 1: 'car'}, {"0": "person"} or ['person', "car"], keys in any order, with the
// escapes of Python and JSON. A class that is left out, or whose name is empty, longer than
// kMaxLabelBytes, not UTF-8 or not one line of text, is unnamed; the others keep their names. An
// error where the text as a whole cannot be read, or gives a class two names.
platform::Result<ClassNames> parse_names_literal(std::string_view text);

}  // namespace pawl::engine
