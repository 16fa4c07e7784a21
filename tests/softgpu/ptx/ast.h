// A PTX module as the parser leaves it: names resolved to registers of the function, nothing yet
// said about what an instruction does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pawl::softgpu {

enum class Type : uint8_t {
  kPred,
  kB8,
  kB16,
  kB32,
  kB64,
  kU8,
  kU16,
  kU32,
  kU64,
  kS8,
  kS16,
  kS32,
  kS64,
  kF16,
  kF16x2,
  kF32,
  kF64,
};

// 0 for a predicate.
int32_t bytes_of(Type type);
// False if `text` ("u32", without the dot) names none of the above.
bool parse_type(const std::string& text, Type* type);

struct Operand {
  enum class Kind : uint8_t {
    kRegister,
    kInteger,
    kFloat,
    kDouble,
    kName,     // variable, label, special register
    kAddress,  // [elements[0] + offset]
    kVector,   // {a, b}; also p|q
    kSink,     // _
  };
  Kind kind = Kind::kSink;
  std::string name;
  int32_t reg = -1;      // index in Function::registers
  uint64_t bits = 0;     // kInteger, kFloat, kDouble
  int64_t offset = 0;    // kAddress
  bool negated = false;  // !p
  std::vector<Operand> elements;
};

struct Statement {
  int32_t line = 0;
  std::vector<std::string> words;  // "ld.global.u32" in its parts
  int32_t guard = -1;              // register; -1: none
  bool guard_negated = false;
  std::vector<Operand> operands;

  std::string opcode() const;
};

struct Variable {
  enum class Space : uint8_t { kGlobal, kConst, kShared, kLocal, kParam };
  Space space = Space::kGlobal;
  std::string name;
  int64_t align = 1;
  int64_t bytes = 0;  // 0: extern shared, sized at launch
  std::vector<uint8_t> initial;
  bool initialized = false;
};

struct Function {
  std::string name;
  int32_t line = 0;
  std::vector<Variable> params;
  std::vector<Type> registers;
  std::vector<std::string> register_names;
  std::vector<Variable> variables;  // shared and local
  std::vector<Statement> body;
  std::map<std::string, int32_t> labels;  // index in body; may be its size
  std::map<std::string, std::vector<std::string>> branch_targets;
  int64_t threads_max = 1024;
};

struct Module {
  std::string file;
  int32_t version = 0;  // 87 for PTX 8.7
  int32_t target = 0;   // 80 for sm_80
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

}  // namespace pawl::softgpu
