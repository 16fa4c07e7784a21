// From the parser's statements to what is executed. Each decode_*.cpp knows a family of
// instructions; a modifier that is not asked for is left over, and that is an error.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/softgpu/device/instruction.h"
#include "tests/softgpu/ptx/ast.h"

namespace pawl::softgpu {

// Variables of the module and where they lie: generic addresses are for cvta.
struct Symbol {
  Variable::Space space;
  uint64_t address;
};
using Symbols = std::map<std::string, Symbol>;

// Throws PtxError. `symbols`: the module's variables; those of the function are laid out here.
Program decode(const Module& module, const Function& function, const Symbols& symbols);

// One statement on its way.
class Decoder {
 public:
  Decoder(const Module& module, const Function& function, const Symbols& symbols);
  Program run();

  // The modifiers, in any order. take: true if it was there.
  bool take(const char* modifier);
  // The first of the words that is there, else fails.
  std::string take_one_of(std::initializer_list<const char*> words);
  bool has_type() const;
  Type take_type();
  void take_memory_hints();  // cache operators and levels: they change nothing here

  size_t operands() const { return statement_->operands.size(); }
  const Operand& operand(size_t index) const;
  bool is_constant(size_t index) const;
  uint64_t constant(size_t index) const;  // fails if it is none

  // Appends operand `index` to d or s. Vectors give all their elements.
  void result(size_t index);
  void source(size_t index, Type type);
  void source(const Operand& operand, Type type);
  void sources(std::initializer_list<Type> types);  // operands 1, 2, ...
  void address(size_t index);                       // [register + offset]
  Place constant_place(uint64_t bits, bool wide);

  [[noreturn]] void fail(const std::string& what) const;
  int32_t label(const std::string& name) const;
  const Function& function() const { return function_; }
  const Symbols& symbols() const { return symbols_; }
  Program& program() { return program_; }
  Instruction& out() { return out_; }

 private:
  void lay_out_variables();
  void lay_out_parameters();
  void lay_out_registers();
  void one(const Statement& statement);
  Place place_of(const Operand& operand, bool wide);
  Place unit(bool wide);

  const Module& module_;
  const Function& function_;
  Symbols symbols_;
  Program program_;
  std::vector<Place> places_;
  std::map<std::pair<uint64_t, bool>, Place> constants_;
  const Statement* statement_ = nullptr;
  std::vector<std::string> modifiers_;
  Instruction out_;
};

// Sets out() for one statement. Keyed by the first word of the opcode.
using DecodeFn = void (*)(Decoder&);
using DecodeTable = std::map<std::string, DecodeFn>;
void add_arithmetic(DecodeTable&);
void add_bits(DecodeTable&);
void add_special(DecodeTable&);
void add_compare(DecodeTable&);
void add_convert(DecodeTable&);
void add_move(DecodeTable&);
void add_memory(DecodeTable&);
void add_atomic(DecodeTable&);
void add_async(DecodeTable&);
void add_matrix(DecodeTable&);
void add_warp(DecodeTable&);
void add_control(DecodeTable&);

}  // namespace pawl::softgpu
