// pawl inspect: what is in an artifact, or in an ONNX file.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/file_guard.h"
#include "apps/pawl/file_kind.h"
#include "apps/pawl/inspect_report.h"
#include "apps/pawl/json.h"
#include "engine/artifact/artifact.h"
#include "engine/onnx/importer.h"
#include "platform/mapped_file.h"

namespace pawl::program {
namespace {

struct InspectArguments {
  std::string file;
  bool json = false;
  bool steps = false;
  bool verify = false;
};

void print(const Json& json) {
  std::fputs(json_text(json).c_str(), stdout);
}
void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

Status inspect_artifact(const InspectArguments& arguments, std::span<const std::byte> bytes) {
  const auto artifact = PAWL_TRY(engine::Artifact::open(arguments.file));
  if (arguments.verify) PAWL_TRY(artifact.verify_digest());
  const ArtifactReport report{artifact, bytes, arguments.steps, arguments.verify};
  arguments.json ? print(report.json()) : print(report.text());
  return {};
}

Status inspect_onnx(const InspectArguments& arguments) {
  const auto graph = PAWL_TRY(engine::import_onnx(arguments.file));
  const GraphReport report{graph, arguments.file};
  arguments.json ? print(report.json()) : print(report.text());
  return {};
}

Status inspect(const InspectArguments& arguments) {
  FileGuard guard;
  PAWL_TRY(guard.reads("the file", arguments.file));
  const auto file = PAWL_TRY(platform::MappedFile::open(arguments.file));
  if (is_artifact(file.bytes())) return inspect_artifact(arguments, file.bytes());
  if (arguments.file.ends_with(".pawl")) {
    // Not even the magic: let the reader say so in its words.
    PAWL_TRY(engine::Artifact::open(arguments.file));
  }
  return inspect_onnx(arguments);
}

}  // namespace

void add_inspect(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand("inspect", "Describe an artifact or an ONNX model");
  auto arguments = std::make_shared<InspectArguments>();
  named(command->add_option("file", arguments->file, "Artifact or model"))
      ->required()
      ->option_text("FILE.pawl|MODEL.onnx");
  command->add_flag("--json", arguments->json, "Print as JSON");
  command->add_flag("--steps", arguments->steps, "List the steps of the plan too");
  command->add_flag("--verify", arguments->verify, "Recompute the SHA-256 of the whole file");
  command->footer(
      "Examples\n"
      "  pawl inspect model.pawl --verify\n"
      "  pawl inspect model.onnx --json");
  command->callback([arguments, action] { *action = [arguments] { return inspect(*arguments); }; });
}

}  // namespace pawl::program
