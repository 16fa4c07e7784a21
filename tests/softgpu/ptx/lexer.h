// PTX text as tokens. A word holds its dots: "ld.global.v4.u32", "%tid.x", ".reg", "$L__BB0_2".
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::softgpu {

// What was read cannot be executed as it stands: "kernel.ptx:12: unknown instruction foo.bar".
class PtxError : public std::runtime_error {
 public:
  PtxError(const std::string& file, int32_t line, const std::string& what)
      : std::runtime_error(file + ":" + std::to_string(line) + ": " + what) {}
};

struct Token {
  enum class Kind : uint8_t { kWord, kInteger, kFloat, kDouble, kText, kPunctuation, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;   // kWord, kText, kPunctuation (one character)
  uint64_t bits = 0;  // kInteger: value; kFloat, kDouble: the bits
  int32_t line = 0;

  bool is(std::string_view punctuation) const {
    return kind == Kind::kPunctuation && text == punctuation;
  }
  bool is_word(std::string_view word) const { return kind == Kind::kWord && text == word; }
};

// The last token is kEnd. Throws PtxError on a character that PTX does not have.
std::vector<Token> tokenize(std::string_view text, const std::string& file);

}  // namespace pawl::softgpu
