#include "tests/softgpu/ptx/parser.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace pawl::softgpu {

namespace {

std::vector<std::string> split_dots(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Registers declared between one pair of braces: single names, and %r<n> by prefix.
struct Scope {
  std::map<std::string, Type> singles;
  std::map<std::string, std::pair<Type, int64_t>> ranges;
  std::map<std::string, int32_t> used;  // name -> index in the function
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : tokens_(tokenize(text, file)) {
    module_.file = file;
  }

  Module run() {
    while (peek().kind != Token::Kind::kEnd) module_item();
    return std::move(module_);
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
  }
  Token take() {
    Token token = peek();
    if (position_ + 1 < tokens_.size()) ++position_;
    return token;
  }
  bool accept(std::string_view punctuation) {
    if (!peek().is(punctuation)) return false;
    take();
    return true;
  }
  void expect(std::string_view punctuation) {
    if (!accept(punctuation)) {
      fail("expected '" + std::string(punctuation) + "' before '" + peek().text + "'");
    }
  }
  std::string word() {
    if (peek().kind != Token::Kind::kWord) fail("expected a name before '" + peek().text + "'");
    return take().text;
  }
  int64_t integer() {
    const bool negative = accept("-");
    if (peek().kind != Token::Kind::kInteger)
      fail("expected a number before '" + peek().text + "'");
    const int64_t value = static_cast<int64_t>(take().bits);
    return negative ? -value : value;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw PtxError(module_.file, peek().line, what);
  }
  void skip_line() {
    const int32_t line = peek().line;
    while (peek().kind != Token::Kind::kEnd && peek().line == line) take();
  }

  // .loc, .file: to the end of the line. .section: its braces. True where one was passed over.
  bool skip_debug() {
    if (peek().is_word(".loc") || peek().is_word(".file")) {
      skip_line();
      return true;
    }
    if (peek().is_word(".section")) {
      while (!peek().is("{") && peek().kind != Token::Kind::kEnd) take();
      while (!peek().is("}") && peek().kind != Token::Kind::kEnd) take();
      expect("}");
      return true;
    }
    if (peek().is_word(".pragma")) {
      while (!peek().is(";") && peek().kind != Token::Kind::kEnd) take();
      expect(";");
      return true;
    }
    return false;
  }

  void module_item() {
    if (skip_debug()) return;
    if (peek().is_word(".version")) {
      take();
      const int64_t major = integer();  // "8.7" lexes as 8 and .7
      module_.version = static_cast<int32_t>(10 * major) + std::atoi(word().c_str() + 1);
    } else if (peek().is_word(".target")) {
      target();
    } else if (peek().is_word(".address_size")) {
      take();
      if (integer() != 64) fail("address size is not 64");
    } else {
      linked_item();
    }
  }

  void target() {
    take();
    const std::string name = word();
    if (name.rfind("sm_", 0) != 0) fail("unknown target " + name);
    module_.target = std::atoi(name.c_str() + 3);
    while (accept(",")) {
      const std::string option = word();
      if (option != "debug") fail("unknown target option " + option);
    }
  }

  void linked_item() {
    bool external = false;
    while (peek().is_word(".visible") || peek().is_word(".extern") || peek().is_word(".weak")) {
      external = take().text == ".extern" || external;
    }
    if (peek().is_word(".entry")) {
      function();
    } else if (peek().is_word(".global") || peek().is_word(".const") || peek().is_word(".shared")) {
      variable(&module_.variables, external);
    } else {
      fail("unknown directive " + peek().text);
    }
  }

  // .shared .align 16 .b8 name[1024] = {...};
  void variable(std::vector<Variable>* into, bool external) {
    Variable v;
    const std::string space = word();
    v.space = space == ".global"  ? Variable::Space::kGlobal
              : space == ".const" ? Variable::Space::kConst
              : space == ".local" ? Variable::Space::kLocal
                                  : Variable::Space::kShared;
    declared(&v);
    if (external && (v.space != Variable::Space::kShared || v.bytes != 0)) {
      fail("external variable " + v.name + " is defined nowhere");
    }
    if (!external && v.bytes == 0) fail("variable " + v.name + " has no size");
    expect(";");
    into->push_back(std::move(v));
  }

  // What follows the space: alignment, type, name, size, value.
  void declared(Variable* v) {
    Type type = Type::kB8;
    bool typed = false;
    while (peek().kind == Token::Kind::kWord && peek().text[0] == '.') {
      const std::string directive = word();
      if (directive == ".align") {
        v->align = integer();
      } else if (directive == ".ptr" || directive == ".global") {
        continue;  // of a parameter: what it points to
      } else if (parse_type(directive.substr(1), &type)) {
        typed = true;
      } else {
        fail("unknown directive " + directive);
      }
    }
    if (!typed) fail("variable without a type");
    v->name = word();
    const int64_t element = bytes_of(type);
    v->align = std::max(v->align, element);
    v->bytes = element;
    if (accept("[")) {
      v->bytes = peek().is("]") ? 0 : integer() * element;
      expect("]");
    }
    if (accept("=")) initial_value(v, static_cast<size_t>(element));
  }

  void initial_value(Variable* v, size_t element) {
    v->initialized = true;
    const bool list = accept("{");
    while (!peek().is("}") && !peek().is(";")) {
      const bool negative = accept("-");
      if (peek().kind == Token::Kind::kWord) fail("address as an initial value is not supported");
      uint64_t bits = take().bits;
      if (negative) bits = ~bits + 1;
      const size_t at = v->initial.size();
      v->initial.resize(at + element);
      std::memcpy(v->initial.data() + at, &bits, element);
      if (!accept(",")) break;
    }
    if (list) expect("}");
    v->initial.resize(static_cast<size_t>(v->bytes));
  }

  void function() {
    take();
    function_ = Function{};
    function_.line = peek().line;
    function_.name = word();
    if (accept("(")) {
      while (!accept(")")) {
        Variable v;
        v.space = Variable::Space::kParam;
        if (word() != ".param") fail("parameter without .param");
        declared(&v);
        function_.params.push_back(std::move(v));
        accept(",");
      }
    }
    while (!peek().is("{")) performance_directive();
    expect("{");
    scopes_.assign(1, Scope{});
    while (!scopes_.empty()) statement();
    module_.functions.push_back(std::move(function_));
  }

  void performance_directive() {
    const std::string name = word();
    if (name != ".maxntid" && name != ".reqntid" && name != ".minnctapersm" && name != ".maxnreg") {
      fail("unknown directive " + name);
    }
    int64_t product = integer();
    while (accept(",")) product *= integer();
    if (name == ".maxntid" || name == ".reqntid") function_.threads_max = product;
  }

  void statement() {
    if (skip_debug()) return;
    if (accept("{")) {
      scopes_.emplace_back();
    } else if (accept("}")) {
      scopes_.pop_back();
    } else if (accept(";")) {
      return;
    } else if (peek().is_word(".reg")) {
      register_declaration();
    } else if (peek().is_word(".shared") || peek().is_word(".local")) {
      variable(&function_.variables, false);
    } else if (peek().kind == Token::Kind::kWord && peek(1).is(":")) {
      label();
    } else {
      instruction();
    }
  }

  void register_declaration() {
    take();
    Type type = Type::kB32;
    const std::string name = word();
    if (!parse_type(name.substr(1), &type)) fail("unknown register type " + name);
    do {
      const std::string reg = word();
      if (accept("<")) {
        scopes_.back().ranges[reg] = {type, integer()};
        expect(">");
      } else {
        scopes_.back().singles[reg] = type;
      }
    } while (accept(","));
    expect(";");
  }

  void label() {
    const std::string name = word();
    expect(":");
    if (peek().is_word(".branchtargets")) {
      take();
      do function_.branch_targets[name].push_back(word());
      while (accept(","));
      expect(";");
      return;
    }
    if (!function_.labels.emplace(name, static_cast<int32_t>(function_.body.size())).second) {
      fail("label " + name + " is defined twice");
    }
  }

  void instruction() {
    Statement s;
    s.line = peek().line;
    if (accept("@")) {
      s.guard_negated = accept("!");
      s.guard = find_register(word());
      if (s.guard < 0 || function_.registers[static_cast<size_t>(s.guard)] != Type::kPred) {
        fail("guard is not a predicate");
      }
    }
    const std::string opcode = word();
    if (opcode[0] == '.') fail("unknown directive " + opcode);
    s.words = split_dots(opcode);
    if (!peek().is(";")) {
      do s.operands.push_back(operand());
      while (accept(","));
    }
    expect(";");
    function_.body.push_back(std::move(s));
  }

  Operand operand() {
    Operand first = simple_operand();
    if (!accept("|")) return first;
    Operand pair;
    pair.kind = Operand::Kind::kVector;
    pair.elements.push_back(std::move(first));
    pair.elements.push_back(simple_operand());
    return pair;
  }

  Operand simple_operand() {
    Operand result;
    if (accept("{")) {
      result.kind = Operand::Kind::kVector;
      do result.elements.push_back(simple_operand());
      while (accept(","));
      expect("}");
      return result;
    }
    if (accept("[")) {
      result.kind = Operand::Kind::kAddress;
      result.elements.push_back(simple_operand());
      if (accept("+")) {
        result.offset = integer();
      } else if (peek().is("-")) {
        result.offset = integer();
      }
      expect("]");
      return result;
    }
    result.negated = accept("!");
    const bool minus = accept("-");
    const Token token = take();
    result.bits = token.bits;
    switch (token.kind) {
      case Token::Kind::kInteger:
        result.kind = Operand::Kind::kInteger;
        if (minus) result.bits = ~result.bits + 1;
        return result;
      case Token::Kind::kFloat:
        result.kind = Operand::Kind::kFloat;
        if (minus) result.bits ^= 0x80000000U;
        return result;
      case Token::Kind::kDouble:
        result.kind = Operand::Kind::kDouble;
        if (minus) result.bits ^= uint64_t{1} << 63;
        return result;
      case Token::Kind::kWord:
        break;
      default:
        fail("unexpected '" + token.text + "'");
    }
    if (token.text == "_") return result;
    result.name = token.text;
    result.reg = find_register(token.text);
    result.kind = result.reg >= 0 ? Operand::Kind::kRegister : Operand::Kind::kName;
    return result;
  }

  // -1 if no scope declares it.
  int32_t find_register(const std::string& name) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      const auto used = scope->used.find(name);
      if (used != scope->used.end()) return used->second;
      Type type = Type::kB32;
      if (!declares(*scope, name, &type)) continue;
      const int32_t index = static_cast<int32_t>(function_.registers.size());
      function_.registers.push_back(type);
      function_.register_names.push_back(name);
      scope->used[name] = index;
      return index;
    }
    return -1;
  }

  static bool declares(const Scope& scope, const std::string& name, Type* type) {
    const auto single = scope.singles.find(name);
    if (single != scope.singles.end()) {
      *type = single->second;
      return true;
    }
    const size_t digits = name.find_last_not_of("0123456789") + 1;
    const auto range = scope.ranges.find(name.substr(0, digits));
    if (digits == name.size() || range == scope.ranges.end()) return false;
    *type = range->second.first;
    return std::atoll(name.c_str() + digits) < range->second.second;
  }

  std::vector<Token> tokens_;
  size_t position_ = 0;
  Module module_;
  Function function_;
  std::vector<Scope> scopes_;
};

}  // namespace

Module parse_ptx(std::string_view text, const std::string& file) {
  return Parser(text, file).run();
}

}  // namespace pawl::softgpu
