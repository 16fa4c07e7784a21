// Parser of the PTX that compilers write for kernels: entries, variables, registers with scopes,
// labels, branch tables. What it does not know (a directive, .func, call) is an error, never
// skipped; only lines for debuggers (.loc, .file, .section) and .pragma are.
#pragma once

#include <string>
#include <string_view>

#include "tests/softgpu/ptx/ast.h"
#include "tests/softgpu/ptx/lexer.h"

namespace pawl::softgpu {

// Throws PtxError. `file` is what messages call the text.
Module parse_ptx(std::string_view text, const std::string& file);

}  // namespace pawl::softgpu
