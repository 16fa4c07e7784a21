// The commands of `pawl`. Each add_* describes its arguments to the parser; when its command was
// given, *action is what to do. Wrong arguments end in the parser (exit status 2), the action's
// Error in main (exit status 1, one line).
#pragma once

#include <functional>

#include "platform/result.h"

namespace CLI {
class App;
}

namespace pawl::program {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

using Action = std::function<Status()>;

void add_compile(CLI::App* program, Action* action);
void add_inspect(CLI::App* program, Action* action);
void add_run(CLI::App* program, Action* action);
void add_eval(CLI::App* program, Action* action);
void add_diff(CLI::App* program, Action* action);
void add_bench(CLI::App* program, Action* action);
void add_scene(CLI::App* program, Action* action);

}  // namespace pawl::program
