#include "tests/softgpu/ptx/lexer.h"

#include <cctype>
#include <cstdlib>

namespace pawl::softgpu {
namespace {

bool starts_word(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '%' ||
         c == '.';
}
bool continues_word(char c) {
  return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

class Lexer {
 public:
  Lexer(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (skip_blank()) tokens.push_back(next());
    tokens.push_back({Token::Kind::kEnd, "", 0, line_});
    return tokens;
  }

 private:
  char at(size_t ahead) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }

  // False at the end of the text. Spaces and comments are passed over.
  bool skip_blank() {
    while (position_ < text_.size()) {
      if (at(0) == '/' && at(1) == '/') {
        while (position_ < text_.size() && at(0) != '\n') ++position_;
      } else if (at(0) == '/' && at(1) == '*') {
        const size_t end = text_.find("*/", position_);
        if (end == std::string_view::npos) throw PtxError(file_, line_, "comment without an end");
        for (; position_ < end + 2; ++position_) line_ += at(0) == '\n' ? 1 : 0;
      } else if (std::isspace(static_cast<unsigned char>(at(0))) != 0) {
        line_ += at(0) == '\n' ? 1 : 0;
        ++position_;
      } else {
        return true;
      }
    }
    return false;
  }

  Token next() {
    const char c = at(0);
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) return number();
    if (starts_word(c)) return word();
    if (c == '"') return quoted();
    if (std::string_view("{}[](),;:@!+-|<>=").find(c) == std::string_view::npos) {
      throw PtxError(file_, line_, std::string("unexpected character '") + c + "'");
    }
    ++position_;
    return {Token::Kind::kPunctuation, std::string(1, c), 0, line_};
  }

  Token word() {
    const size_t start = position_;
    while (continues_word(at(0)) || (at(0) == ':' && at(1) == ':' && continues_word(at(2)))) {
      position_ += at(0) == ':' ? 2 : 1;
    }
    return {Token::Kind::kWord, std::string(text_.substr(start, position_ - start)), 0, line_};
  }

  Token quoted() {
    const size_t end = text_.find('"', position_ + 1);
    if (end == std::string_view::npos) throw PtxError(file_, line_, "string without an end");
    Token token{Token::Kind::kText, std::string(text_.substr(position_ + 1, end - position_ - 1)),
                0, line_};
    position_ = end + 1;
    return token;
  }

  // 12, 0x1F, 0b101, 017, 12U; 0f3F800000 and 0d3FF0000000000000 are the bits of a float.
  Token number() {
    const size_t start = position_;
    while (continues_word(at(0)) && at(0) != '.') ++position_;
    std::string digits(text_.substr(start, position_ - start));
    const char form = digits.size() > 1 && digits[0] == '0' ? digits[1] : '\0';
    Token token{Token::Kind::kInteger, digits, 0, line_};
    int base = 10;
    if (form == 'f' || form == 'F' || form == 'd' || form == 'D') {
      const bool wide = form == 'd' || form == 'D';
      if (digits.size() != (wide ? 18U : 10U)) throw malformed(digits);
      token.kind = wide ? Token::Kind::kDouble : Token::Kind::kFloat;
      base = 16;
    } else if (digits.back() == 'U') {
      digits.pop_back();
    }
    if (form == 'x' || form == 'X') base = 16;
    if (form == 'b' || form == 'B') base = 2;
    const bool prefixed = base != 10;
    if (!prefixed && form != '\0') base = 8;
    char* end = nullptr;
    const std::string rest = prefixed ? digits.substr(2) : digits;
    token.bits = std::strtoull(rest.c_str(), &end, base);
    if (rest.empty() || *end != '\0') throw malformed(digits);
    return token;
  }

  PtxError malformed(const std::string& digits) const {
    return {file_, line_, "malformed number " + digits};
  }

  std::string_view text_;
  const std::string& file_;
  size_t position_ = 0;
  int32_t line_ = 1;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, const std::string& file) {
  return Lexer(text, file).run();
}

}  // namespace pawl::softgpu
