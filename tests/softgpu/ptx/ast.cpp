#include "tests/softgpu/ptx/ast.h"

namespace pawl::softgpu {

int32_t bytes_of(Type type) {
  switch (type) {
    case Type::kPred:
      return 0;
    case Type::kB8:
    case Type::kU8:
    case Type::kS8:
      return 1;
    case Type::kB16:
    case Type::kU16:
    case Type::kS16:
    case Type::kF16:
      return 2;
    case Type::kB64:
    case Type::kU64:
    case Type::kS64:
    case Type::kF64:
      return 8;
    default:
      return 4;
  }
}

bool parse_type(const std::string& text, Type* type) {
  static const std::map<std::string, Type> types = {
      {"pred", Type::kPred}, {"b8", Type::kB8},   {"b16", Type::kB16},     {"b32", Type::kB32},
      {"b64", Type::kB64},   {"u8", Type::kU8},   {"u16", Type::kU16},     {"u32", Type::kU32},
      {"u64", Type::kU64},   {"s8", Type::kS8},   {"s16", Type::kS16},     {"s32", Type::kS32},
      {"s64", Type::kS64},   {"f16", Type::kF16}, {"f16x2", Type::kF16x2}, {"f32", Type::kF32},
      {"f64", Type::kF64},
  };
  const auto found = types.find(text);
  if (found == types.end()) return false;
  *type = found->second;
  return true;
}

std::string Statement::opcode() const {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ".") + word;
  return text;
}

}  // namespace pawl::softgpu
