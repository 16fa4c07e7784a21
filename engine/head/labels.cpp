#include "engine/head/labels.h"

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

Error bad(const std::string& what) {
  return {Code::kInvalidArgument, what};
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// Labels go into JSON, terminals and file names: one line of printable text each.
Status check_label(std::string_view label, const std::string& where) {
  if (label.empty()) return bad(where + " is empty");
  if (label.size() > kMaxLabelBytes) {
    return bad(where + " is " + std::to_string(label.size()) + " bytes long; at most " +
               std::to_string(kMaxLabelBytes));
  }
  for (const char c : label) {
    if (is_control(c)) return bad(where + " holds a control character");
  }
  return {};
}

// Bytes that a code point of UTF-8 has after its first; 4 where none begins like this.
size_t utf8_tail(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xC2 && first < 0xE0) return 1;
  if (first >= 0xE0 && first < 0xF0) return 2;
  return first >= 0xF0 && first < 0xF5 ? 3 : 4;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t tail = utf8_tail(static_cast<unsigned char>(text[i]));
    if (tail == 4 || text.size() - i <= tail) return false;
    for (size_t k = 1; k <= tail; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += tail + 1;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

void append_utf8(uint32_t code, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6)), put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12)), put(0x80 | ((code >> 6) & 0x3F)), put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18)), put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F)), put(0x80 | (code & 0x3F));
  }
}

// Reads the little of Python's and JSON's syntax that lists of names use.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  // The next character that is not blank, consumed only when it is `wanted`.
  bool take(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }

  std::optional<size_t> integer() {
    skip_blanks();
    size_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    at_ += static_cast<size_t>(end - begin);
    return value;
  }

  // A class number, which JSON and some exporters put in quotes.
  std::optional<size_t> key() {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') return integer();
    ++at_;
    const std::optional<size_t> value = integer();
    return value && take(quote) ? value : std::nullopt;
  }

  // A quoted name, or a bare word as Python writes numbers, None and True.
  std::optional<std::string> name() {
    skip_blanks();
    const size_t begin = at_;
    while (at_ < text_.size() && is_bare(text_[at_])) ++at_;
    if (at_ == begin) return quoted();
    const std::string_view word = text_.substr(begin, at_ - begin);
    return word == "None" || word == "null" ? std::string() : std::string(word);
  }

 private:
  static bool is_bare(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '+' || c == '_';
  }

  std::optional<std::string> quoted() {
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      const char c = text_[at_++];
      if (c != '\\') {
        value.push_back(c);
      } else if (!escape(&value)) {
        return std::nullopt;
      }
    }
    if (at_ >= text_.size()) return std::nullopt;
    ++at_;
    return value;
  }

  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool escape(std::string* value) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    switch (c) {
      case '\\':
      case '\'':
      case '"':
      case '/':
        value->push_back(c);
        return true;
      case 'n':
      case 't':
      case 'r':
      case 'b':
      case 'f':
        value->push_back('\n');  // some control character: not a label, whichever it is
        return true;
      case 'x':
        return code_point(2, value);
      case 'u':
        return code_point(4, value);
      case 'U':
        return code_point(8, value);
      default:
        return false;
    }
  }

  std::optional<uint32_t> hexadecimal(size_t digits) {
    if (text_.size() - at_ < digits) return std::nullopt;
    uint32_t code = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, begin + digits, code, 16);
    if (error != std::errc{} || end != begin + digits) return std::nullopt;
    at_ += digits;
    return code;
  }

  bool code_point(size_t digits, std::string* value) {
    std::optional<uint32_t> code = hexadecimal(digits);
    if (code && *code >= 0xD800 && *code < 0xDC00) code = pair_of(*code);
    if (!code || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) return false;
    append_utf8(*code, value);
    return true;
  }

  // JSON writes what is above U+FFFF as two halves.
  std::optional<uint32_t> pair_of(uint32_t high) {
    if (text_.substr(at_, 2) != "\\u") return std::nullopt;
    at_ += 2;
    const std::optional<uint32_t> low = hexadecimal(4);
    if (!low || *low < 0xDC00 || *low >= 0xE000) return std::nullopt;
    return 0x10000 + ((high - 0xD800) << 10) + (*low - 0xDC00);
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<std::string>> parse_labels(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  std::vector<std::string> labels;
  size_t line = 0;
  size_t first_blank = 0;  // line number of a blank line that may turn out to be inside
  while (!text.empty()) {
    ++line;
    const size_t end = text.find('\n');
    const std::string_view label = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (label.empty()) {
      if (first_blank == 0) first_blank = line;
      continue;
    }
    if (first_blank != 0) {
      return bad("labels: line " + std::to_string(first_blank) +
                 " is blank; every line before the last label must name a class");
    }
    if (labels.size() == kMaxLabels) {
      return bad("labels: more than " + std::to_string(kMaxLabels) + " lines");
    }
    PAWL_TRY(check_label(label, "labels: line " + std::to_string(line)));
    labels.emplace_back(label);
  }
  if (labels.empty()) return bad("labels: no label in the file; write one class name a line");
  return labels;
}

Result<ClassNames> parse_names_literal(std::string_view text) {
  LiteralReader reader(text);
  const bool dict = reader.take('{');
  const bool tuple = !dict && reader.take('(');
  if (!dict && !tuple && !reader.take('[')) {
    return bad("names: neither a {...} nor a [...] literal");
  }
  const char close = dict ? '}' : (tuple ? ')' : ']');

  std::map<size_t, std::string> entries;
  bool closed = reader.take(close);
  while (!closed) {
    const std::string where = "names: entry " + std::to_string(entries.size());
    size_t key = entries.size();
    if (dict) {
      const std::optional<size_t> read = reader.key();
      if (!read || !reader.take(':')) return bad(where + " has no 'number:' in front");
      key = *read;
    }
    if (key >= kMaxLabels)
      return bad("names: more than " + std::to_string(kMaxLabels) + " classes");
    std::optional<std::string> name = reader.name();
    if (!name) return bad(where + " is not a quoted string");
    if (!entries.emplace(key, std::move(*name)).second) {
      return bad("names: class " + std::to_string(key) + " has two names");
    }
    const bool comma = reader.take(',');
    closed = reader.take(close);
    if (!comma && !closed) return bad(where + " is not followed by ',' or the end");
  }
  if (!reader.at_end()) return bad("names: text after the end of the literal");
  if (entries.empty()) return bad("names: empty");

  ClassNames names;
  names.from_one = entries.begin()->first == 1 && entries.rbegin()->first == entries.size();
  const size_t first = names.from_one ? 1 : 0;
  names.labels.resize(entries.rbegin()->first + 1 - first);
  for (size_t i = 0; i < names.labels.size(); ++i) {
    const auto entry = entries.find(i + first);
    const std::string_view name = entry == entries.end() ? "" : trimmed(entry->second);
    if (check_label(name, "").ok() && is_utf8(name)) {
      names.labels[i] = name;
    } else {
      names.labels[i] = "class " + std::to_string(i);
      names.unnamed.push_back(i);
    }
  }
  // One number far out would otherwise make thousands of classes of a few names.
  if (names.unnamed.size() > entries.size()) {
    return bad("names: " + std::to_string(entries.size()) + " names for classes up to " +
               std::to_string(names.labels.size() - 1));
  }
  return names;
}

}  // namespace pawl::engine
