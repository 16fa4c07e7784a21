#include "tests/softgpu/device/decoder.h"

#include <algorithm>

#include "tests/softgpu/device/block.h"
#include "tests/softgpu/ptx/lexer.h"

namespace pawl::softgpu {
namespace {

const DecodeTable& table() {
  static const DecodeTable all = [] {
    DecodeTable t;
    for (const auto add :
         {add_arithmetic, add_bits, add_special, add_compare, add_convert, add_move, add_memory,
          add_atomic, add_async, add_matrix, add_warp, add_control}) {
      add(t);
    }
    return t;
  }();
  return all;
}

const std::map<std::string, Special>& specials() {
  static const std::map<std::string, Special> all = {
      {"%tid.x", Special::kTidX},         {"%tid.y", Special::kTidY},
      {"%tid.z", Special::kTidZ},         {"%ntid.x", Special::kNtidX},
      {"%ntid.y", Special::kNtidY},       {"%ntid.z", Special::kNtidZ},
      {"%ctaid.x", Special::kCtaidX},     {"%ctaid.y", Special::kCtaidY},
      {"%ctaid.z", Special::kCtaidZ},     {"%nctaid.x", Special::kNctaidX},
      {"%nctaid.y", Special::kNctaidY},   {"%nctaid.z", Special::kNctaidZ},
      {"%laneid", Special::kLaneid},      {"%warpid", Special::kWarpid},
      {"%lanemask_eq", Special::kMaskEq}, {"%lanemask_lt", Special::kMaskLt},
      {"%lanemask_le", Special::kMaskLe}, {"%lanemask_gt", Special::kMaskGt},
      {"%lanemask_ge", Special::kMaskGe},
  };
  return all;
}

int64_t align_up(int64_t at, int64_t align) {
  return (at + align - 1) / align * align;
}

}  // namespace

Program decode(const Module& module, const Function& function, const Symbols& symbols) {
  return Decoder(module, function, symbols).run();
}

Decoder::Decoder(const Module& module, const Function& function, const Symbols& symbols)
    : module_(module), function_(function), symbols_(symbols) {
  program_.name = function.name;
  program_.file = module.file;
  program_.threads_max = function.threads_max;
  program_.register_bytes = kSpecials * kUnitBytes;
}

Program Decoder::run() {
  lay_out_variables();
  lay_out_parameters();
  lay_out_registers();
  for (const Statement& statement : function_.body) one(statement);
  // A label may stand behind the last instruction.
  out_ = Instruction{};
  out_.flow = Flow::kExit;
  program_.code.push_back(out_);
  program_.opcodes.push_back("end");
  return std::move(program_);
}

Place Decoder::unit(bool wide) {
  const Place place = program_.register_bytes;
  program_.register_bytes += wide ? 2 * kUnitBytes : kUnitBytes;
  return place;
}

// Shared variables of the module come first, as far as they have a size; those that are sized at
// launch all start behind.
void Decoder::lay_out_variables() {
  int64_t shared = 0, local = 0;
  const auto place = [](int64_t* end, const Variable& v) {
    const int64_t at = align_up(*end, v.align);
    *end = at + v.bytes;
    return Symbol{v.space, static_cast<uint64_t>(at)};
  };
  std::vector<const Variable*> sized_at_launch;
  const auto lay_out = [&](const std::vector<Variable>& variables) {
    for (const Variable& v : variables) {
      if (v.space == Variable::Space::kShared && v.bytes == 0) sized_at_launch.push_back(&v);
      if (v.space == Variable::Space::kShared && v.bytes != 0) symbols_[v.name] = place(&shared, v);
      if (v.space == Variable::Space::kLocal) symbols_[v.name] = place(&local, v);
    }
  };
  lay_out(module_.variables);
  lay_out(function_.variables);
  for (const Variable* v : sized_at_launch) shared = align_up(shared, v->align);
  for (const Variable* v : sized_at_launch) {
    symbols_[v->name] = {v->space, static_cast<uint64_t>(shared)};
  }
  program_.shared_bytes = static_cast<uint32_t>(shared);
  program_.local_bytes = static_cast<uint32_t>(align_up(local, 16));
}

void Decoder::lay_out_parameters() {
  int64_t end = 0;
  for (const Variable& v : function_.params) {
    const int64_t at = align_up(end, v.align);
    end = at + v.bytes;
    symbols_[v.name] = {v.space, static_cast<uint64_t>(at)};
    program_.parameters.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(v.bytes)});
  }
  program_.parameter_bytes = static_cast<uint32_t>(end);
}

void Decoder::lay_out_registers() {
  for (const Type type : function_.registers) places_.push_back(unit(bytes_of(type) == 8));
}

void Decoder::one(const Statement& statement) {
  statement_ = &statement;
  modifiers_.assign(statement.words.begin() + 1, statement.words.end());
  out_ = Instruction{};
  out_.line = statement.line;
  if (statement.guard >= 0) {
    out_.guarded = true;
    out_.guard_negated = statement.guard_negated;
    out_.guard = places_[static_cast<size_t>(statement.guard)];
  }
  const auto found = table().find(statement.words[0]);
  if (found == table().end()) fail("unknown instruction");
  found->second(*this);
  if (!modifiers_.empty()) fail("unknown modifier ." + modifiers_.front());
  program_.code.push_back(out_);
  program_.opcodes.push_back(statement.opcode());
}

void Decoder::fail(const std::string& what) const {
  throw PtxError(module_.file, statement_->line, what + " in " + statement_->opcode());
}

bool Decoder::take(const char* modifier) {
  const auto found = std::find(modifiers_.begin(), modifiers_.end(), modifier);
  if (found == modifiers_.end()) return false;
  modifiers_.erase(found);
  return true;
}

std::string Decoder::take_one_of(std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (take(word)) return word;
  }
  fail("missing modifier");
}

bool Decoder::has_type() const {
  Type type;
  return std::any_of(modifiers_.begin(), modifiers_.end(),
                     [&](const std::string& m) { return parse_type(m, &type); });
}

Type Decoder::take_type() {
  Type type = Type::kB32;
  for (auto m = modifiers_.begin(); m != modifiers_.end(); ++m) {
    if (!parse_type(*m, &type)) continue;
    modifiers_.erase(m);
    return type;
  }
  fail("missing type");
}

void Decoder::take_memory_hints() {
  for (const char* hint : {"ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "L1::evict_last",
                           "L1::evict_first", "L1::evict_normal", "L1::evict_unchanged",
                           "L1::no_allocate", "L2::64B", "L2::128B", "L2::256B"}) {
    take(hint);
  }
}

const Operand& Decoder::operand(size_t index) const {
  if (index >= operands()) fail("too few operands");
  return statement_->operands[index];
}

bool Decoder::is_constant(size_t index) const {
  return operand(index).kind == Operand::Kind::kInteger;
}

uint64_t Decoder::constant(size_t index) const {
  if (!is_constant(index)) fail("operand " + std::to_string(index) + " is not a constant");
  return operand(index).bits;
}

Place Decoder::constant_place(uint64_t bits, bool wide) {
  const auto [found, fresh] = constants_.try_emplace({bits, wide}, 0);
  if (fresh) {
    found->second = unit(wide);
    program_.constants.push_back({found->second, bits, wide});
  }
  return found->second;
}

Place Decoder::place_of(const Operand& o, bool wide) {
  switch (o.kind) {
    case Operand::Kind::kRegister:
      return places_[static_cast<size_t>(o.reg)];
    case Operand::Kind::kInteger:
      return constant_place(wide ? o.bits : o.bits & 0xFFFFFFFFU, wide);
    case Operand::Kind::kFloat:
      if (wide) fail("32-bit constant for a 64-bit operand");
      return constant_place(o.bits, false);
    case Operand::Kind::kDouble:
      return constant_place(o.bits, true);
    case Operand::Kind::kName: {
      const auto special = specials().find(o.name);
      if (special != specials().end()) return static_cast<Place>(special->second) * kUnitBytes;
      const auto symbol = symbols_.find(o.name);
      if (symbol != symbols_.end()) return constant_place(symbol->second.address, wide);
      fail("unknown name " + o.name);
    }
    default:
      fail("unexpected form of operand");
  }
}

void Decoder::result(size_t index) {
  const auto add = [&](const Operand& o) {
    if (out_.results == out_.d.size()) fail("too many results");
    Place place = 0;
    if (o.kind == Operand::Kind::kSink) {
      place = unit(true);
    } else if (o.kind == Operand::Kind::kRegister) {
      place = places_[static_cast<size_t>(o.reg)];
    } else {
      fail("result is not a register");
    }
    out_.d[out_.results++] = place;
  };
  const Operand& o = operand(index);
  if (o.kind == Operand::Kind::kVector) {
    for (const Operand& element : o.elements) add(element);
  } else {
    add(o);
  }
}

void Decoder::source(size_t index, Type type) {
  source(operand(index), type);
}

void Decoder::source(const Operand& o, Type type) {
  if (o.kind == Operand::Kind::kVector) {
    for (const Operand& element : o.elements) source(element, type);
    return;
  }
  if (out_.sources == out_.s.size()) fail("too many sources");
  const bool wide = bytes_of(type) == 8;
  if (o.kind == Operand::Kind::kRegister &&
      (bytes_of(function_.registers[static_cast<size_t>(o.reg)]) == 8) != wide) {
    fail("register of another size");
  }
  Place place = place_of(o, wide);
  // A predicate is a mask of lanes; 16-bit cells keep their upper half zero.
  if (o.kind == Operand::Kind::kInteger && type == Type::kPred) {
    place = constant_place(o.bits != 0 ? kAllLanes : 0, false);
  }
  if (o.kind == Operand::Kind::kInteger && bytes_of(type) == 2) {
    place = constant_place(o.bits & 0xFFFFU, false);
  }
  out_.s[out_.sources++] = place;
}

void Decoder::sources(std::initializer_list<Type> types) {
  size_t index = 1;
  for (const Type type : types) source(index++, type);
  if (operands() != index) fail("wrong number of operands");
}

void Decoder::address(size_t index) {
  const Operand& o = operand(index);
  if (o.kind != Operand::Kind::kAddress) fail("operand is not an address");
  const Operand& base = o.elements[0];
  out_.offset = o.offset;
  out_.wide_address = true;
  Type type = Type::kB64;
  if (base.kind == Operand::Kind::kRegister) {
    type = function_.registers[static_cast<size_t>(base.reg)];
    out_.wide_address = bytes_of(type) == 8;
  }
  source(base, out_.wide_address ? Type::kB64 : Type::kB32);
}

int32_t Decoder::label(const std::string& name) const {
  const auto found = function_.labels.find(name);
  if (found == function_.labels.end()) fail("unknown label " + name);
  return found->second;
}

}  // namespace pawl::softgpu
