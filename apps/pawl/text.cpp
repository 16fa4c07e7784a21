#include "apps/pawl/text.h"

#include <algorithm>
#include <cctype>
#include <cstdarg>
#include <cstdio>
#include <utility>

namespace pawl::program {
namespace {

constexpr size_t kCellBytesMax = 120;

// Cells on a terminal: bytes from files must not carry control characters there.
std::string printable(const std::string& text) {
  std::string shown = text.substr(0, kCellBytesMax);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return shown;
}

// Of UTF-8 text on a terminal, near enough: one column a code point.
size_t columns(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_number(const std::string& cell) {
  if (cell.empty()) return true;
  const char c = cell.front();
  return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.';
}

}  // namespace

std::string printed(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  const int count = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  std::string text(static_cast<size_t>(std::max(0, count)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

std::string bytes_text(uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 10'000) return printed("%llu bytes", static_cast<unsigned long long>(bytes));
  if (bytes < 1'000'000) return printed("%.1f kB", value / 1e3);
  return printed("%.2f MB", value / 1e6);
}

std::string counted(uint64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

TextTable::TextTable(std::vector<std::string> header) {
  rows_.push_back(std::move(header));
}

void TextTable::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::str() const {
  const size_t count = rows_.front().size();
  std::vector<size_t> width(count, 0);
  std::vector<bool> numeric(count, true);
  for (size_t r = 0; r < rows_.size(); ++r) {
    for (size_t c = 0; c < count; ++c) {
      width[c] = std::max(width[c], columns(rows_[r][c]));
      if (r > 0 && !is_number(rows_[r][c])) numeric[c] = false;
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < count; ++c) {
      const std::string padding(width[c] - columns(row[c]), ' ');
      line += c == 0 ? "  " : "   ";
      line += numeric[c] ? padding + row[c] : row[c] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace pawl::program
