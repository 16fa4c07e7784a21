// How messages of head recognition show what a file or a user wrote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

// 'text', short and printable, whatever it was.
std::string quote(std::string_view text);

// (1, 84, 8400)
std::string shape_text(const std::vector<int64_t>& shape);

// "3 classes", "1 class"
std::string counted(int64_t count, const char* thing, const char* things);

}  // namespace pawl::engine
