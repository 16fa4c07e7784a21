// Text for people: formatted strings, aligned tables, numbers at a readable scale.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pawl::program {

// As printf, to a string.
__attribute__((format(printf, 1, 2))) std::string printed(const char* format, ...);

std::string bytes_text(uint64_t bytes);                  // "12.3 MB", "840 bytes"
std::string counted(uint64_t count, const char* thing);  // "1 frame", "2 frames"

// Rows of cells under a header; numbers (cells that start with a digit, a sign or a point) are
// aligned right, the rest left.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }
  std::string str() const;  // lines, each closed by a newline and indented by two spaces

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pawl::program
