// pawl: the workstation program. Exit status: 0 done, 1 failed, 2 wrong usage.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>

#include "apps/pawl/command.h"
#include "apps/pawl/usage_error.h"
#include "kernels/cpu/isa.h"
#include "platform/standard_streams.h"
#include "platform/stop_signals.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kExamples = R"(Examples
  pawl compile model.onnx -o model.pawl --input 640x384
  pawl run model.pawl --input photos/ --annotate marked/
  pawl eval model.pawl --images photos/ --labels labels/
  pawl bench model.pawl --threads 1 --seconds 5

pawl COMMAND --help explains a command.)";

// One line, whatever the text holds.
void report(const std::string& command, std::string message) {
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  std::fprintf(stderr, "%s: %s\n", command.c_str(), message.c_str());
}

std::string command_of(const CLI::App& program) {
  const auto chosen = program.get_subcommands();
  return chosen.empty() ? "pawl" : "pawl " + chosen.front()->get_name();
}

// False, with a line, for a PAWL_ISA that names nothing. Kernels ignore such a name, and whoever
// typed it would measure the wrong ones.
bool know_isa(const std::string& command) {
  using pawl::kernels::Isa;
  const char* const name = std::getenv("PAWL_ISA");
  Isa isa = Isa::kScalar;
  if (name == nullptr || *name == '\0') return true;
  if (!pawl::kernels::parse_isa(name, &isa)) {
    std::string known;
    for (uint32_t value = 0; value <= UINT8_MAX; ++value) {
      if (!pawl::kernels::is_isa(value)) continue;
      known += (known.empty() ? "" : ", ") + std::string(isa_name(static_cast<Isa>(value)));
    }
    report(command, std::string("PAWL_ISA=") + name + " is no instruction set; there are " + known);
    return false;
  }
  if (!pawl::kernels::hardware_has(isa)) {
    report(command, std::string("warning: this CPU has no ") + name + ", so PAWL_ISA is ignored");
  }
  return true;
}

int run_program(int argc, char** argv) {
  CLI::App program("Compiles detection models and runs them on images, video and cameras.", "pawl");
  program.set_version_flag("--version", "pawl " PAWL_VERSION);
  program.require_subcommand(1);
  program.footer(kExamples);
  pawl::program::Action action;
  pawl::program::add_compile(&program, &action);
  pawl::program::add_inspect(&program, &action);
  pawl::program::add_run(&program, &action);
  pawl::program::add_eval(&program, &action);
  pawl::program::add_diff(&program, &action);
  pawl::program::add_bench(&program, &action);
  pawl::program::add_scene(&program, &action);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return program.exit(e);  // --help and --version
  } catch (const CLI::ParseError& e) {
    const auto [command, message] = pawl::program::usage_error(program, e);
    report(command, message + " (see " + command + " --help)");
    return kWrongUsage;
  }
  if (!know_isa(command_of(program))) return kWrongUsage;
  const pawl::platform::Status status = action();
  if (status.ok()) return 0;
  report(command_of(program), status.error().message);
  return kFailed;
}

// What was printed has to have arrived, too.
int close_streams(int status) {
  const pawl::platform::Status printed = pawl::platform::close_standard_output();
  if (!printed.ok() && status == 0) {
    report("pawl", printed.error().message);
    return kFailed;
  }
  return status == 0 && pawl::platform::standard_error_failed() ? kFailed : status;
}

}  // namespace

int main(int argc, char** argv) {
  pawl::platform::fill_standard_streams();
  pawl::platform::end_on_signals();
  try {
    return close_streams(run_program(argc, argv));
  } catch (const std::bad_alloc&) {
    report("pawl", "out of memory");
  } catch (const std::exception& e) {
    report("pawl", std::string("internal error: ") + e.what());
  }
  return kFailed;
}
