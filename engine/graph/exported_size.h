// The image size that an exporter noted beside the graph.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/graph/graph.h"

namespace pawl::engine {

// Of `imgsz`, as Python prints it: "640" for both sides, or "[height, width]". Nothing where the
// key is missing or is something else. At most 2^20 a side.
std::optional<InputSize> exported_size(const std::map<std::string, std::string>& metadata);

}  // namespace pawl::engine
