// pawl compile: ONNX to artifact.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/compile_int8.h"
#include "apps/pawl/file_guard.h"
#include "apps/pawl/file_kind.h"
#include "apps/pawl/json.h"
#include "apps/pawl/quantize_page.h"
#include "apps/pawl/quantize_summary.h"
#include "apps/pawl/text.h"
#include "engine/artifact/artifact.h"
#include "engine/artifact/sha256.h"
#include "engine/compile/compiler.h"
#include "engine/head/labels.h"
#include "engine/onnx/importer.h"
#include "engine/plan/target.h"
#include "platform/files.h"
#include "platform/mapped_file.h"
#include "platform/output_file.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLabelFileBytesMax = size_t{16} << 20;

struct CompileArguments {
  std::string model, output, input, labels, head = "auto", pre;
  Int8Arguments int8;
  bool json = false, half = false, no_cpu_fallback = false;
  engine::ImportOptions import;
  engine::CompileOptions compile;
};

// What only CUDA devices have is refused for others. Unknown targets are compile()'s to name.
void check_target(CompileArguments* arguments) {
  arguments->compile.cpu_fallback = !arguments->no_cpu_fallback;
  const auto target = engine::find_target(arguments->compile.target);
  if (!target.ok() || target.value().cuda()) return;
  const auto refuse = [&](const char* option, const char* instead) {
    throw CLI::ValidationError(
        std::string(option) + " needs a CUDA target (--target cuda-sm87); " + instead,
        CLI::ExitCodes::ValidationError);
  };
  if (arguments->half) refuse("--half", "for a CPU leave it out, or use --int8");
  if (arguments->no_cpu_fallback) refuse("--no-cpu-fallback", "a CPU's plan falls back on nothing");
}

// Throws CLI::ValidationError for what the user typed wrongly.
void check(CompileArguments* arguments) {
  if (!arguments->input.empty()) {
    arguments->import.input = parse_size("--input", arguments->input);
  }
  const auto reject = [](const Status& status) {
    if (status.ok()) return;
    throw CLI::ValidationError(status.error().message, CLI::ExitCodes::ValidationError);
  };
  check_int8(arguments->int8);
  check_target(arguments);
  reject(engine::parse_head(arguments->head, &arguments->compile.head));
  reject(engine::parse_pre(arguments->pre, &arguments->compile.head));
}

Result<std::string> sha256_of_file(const fs::path& path) {
  const auto file = PAWL_TRY(platform::MappedFile::open(path));
  return engine::hex(engine::sha256(file.bytes()));
}

std::string head_size(const engine::Artifact& artifact) {
  return printed("%dx%d", artifact.head().width, artifact.head().height);
}

std::string classes_text(const engine::Artifact& artifact) {
  const int32_t count = artifact.head().classes;
  std::string text = std::to_string(count);
  const auto labels = artifact.labels();
  if (labels.empty()) return text + " (unnamed: --labels FILE gives names)";
  text += " (";
  constexpr size_t kShown = 6;
  for (size_t i = 0; i < labels.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : ", ") + std::string(labels[i]);
  }
  return text + (labels.size() > kShown ? ", ...)" : ")");
}

void print_report(const CompileArguments& arguments, const engine::Compiled& compiled,
                  const std::string& measure, const engine::Artifact& artifact) {
  const engine::CompileReport& report = compiled.report;
  for (const std::string& line : report.assumptions) std::printf("assumed: %s\n", line.c_str());
  TextTable table({"compiled", fs::path(arguments.model).filename().string()});
  table.add({"target", report.target});
  table.add({"network input", head_size(artifact)});
  table.add({"head", report.family});
  if (artifact.head().present != 0) table.add({"classes", classes_text(artifact)});
  table.add({"nodes -> steps", printed("%d -> %d", report.nodes, report.steps)});
  table.add({"multiply-adds",
             printed("%.2f G a frame", static_cast<double>(report.multiply_adds) / 1e9)});
  add_quantization(report, measure, &table);
  table.add({"arena", bytes_text(static_cast<uint64_t>(report.arena_bytes))});
  table.add({"weights", bytes_text(static_cast<uint64_t>(report.weight_bytes))});
  if (is_cuda(artifact.plan())) {
    const engine::Artifact* cpu = artifact.fallback();
    table.add({"plan for the CPU", cpu == nullptr ? "none" : bytes_text(cpu->file_bytes())});
  }
  table.add({"concat inputs in place", std::to_string(report.concats_elided)});
  table.add({"copies left", std::to_string(report.copies)});
  table.add({"written", arguments.output + ", " + bytes_text(compiled.artifact.size())});
  std::fputs(table.str().c_str(), stdout);
  if (arguments.int8.layers) std::fputs(layer_table(report).str().c_str(), stdout);
}

void print_json(const CompileArguments& arguments, const engine::Compiled& compiled,
                const std::string& measure, const engine::Artifact& artifact) {
  const engine::CompileReport& report = compiled.report;
  Json json = {{"model", arguments.model},
               {"output", arguments.output},
               {"bytes", compiled.artifact.size()},
               {"sha256", artifact.digest_hex()},
               {"target", report.target},
               {"width", artifact.head().width},
               {"height", artifact.head().height},
               {"head", report.family},
               {"classes", artifact.head().classes},
               {"assumptions", report.assumptions},
               {"warnings", report.warnings},
               {"nodes", report.nodes},
               {"steps", report.steps},
               {"multiply_adds", report.multiply_adds},
               {"arena_bytes", report.arena_bytes},
               {"weight_bytes", report.weight_bytes},
               {"concats_elided", report.concats_elided},
               {"copies", report.copies}};
  if (arguments.int8.int8) json["quantization"] = quantization_json(report, measure);
  std::fputs(json_text(json).c_str(), stdout);
}

Status guard_outputs(const CompileArguments& arguments) {
  FileGuard guard;
  const Int8Arguments& int8 = arguments.int8;
  PAWL_TRY(guard.reads("the model", arguments.model));
  PAWL_TRY(guard.reads("the file of --labels", arguments.labels));
  PAWL_TRY(guard.reads_pictures("a picture of --calib", int8.calibration));
  PAWL_TRY(guard.reads_pictures("a picture of --val", int8.validation));
  PAWL_TRY(guard.reads_labels("a file of --calib-labels", int8.calibration_labels));
  PAWL_TRY(guard.reads_labels("a file of --val-labels", int8.validation_labels));
  PAWL_TRY(guard.writes("-o", arguments.output));
  return guard.writes("--report", int8.report);
}

// The artifact, and the report where one is asked for: that gets its name first, so that an
// artifact is never there without it, and none of them before both are on the disk.
Status write_results(const CompileArguments& arguments, const engine::Compiled& compiled,
                     const std::string& measure, const engine::Artifact& artifact) {
  std::optional<platform::OutputFile> report;
  if (!arguments.int8.report.empty()) {
    report.emplace(PAWL_TRY(platform::OutputFile::open(arguments.int8.report)));
    PAWL_TRY(report->write(quantize_page({.model = fs::path(arguments.model).filename().string(),
                                          .measure = measure,
                                          .report = compiled.report,
                                          .artifact = artifact})));
  }
  auto output = PAWL_TRY(platform::OutputFile::open(arguments.output));
  PAWL_TRY(output.write(compiled.artifact));
  if (report) PAWL_TRY(report->finish());
  return output.finish();
}

// Every other file is the importer's to judge.
Status refuse_artifact(const std::string& model) {
  const auto file = platform::MappedFile::open(model);
  if (!file.ok() || !is_artifact(file.value().bytes())) return {};
  return Error{Code::kInvalidArgument,
               model +
                   ": compiled already; give the ONNX model that it was compiled from, or run "
                   "it as it is: pawl run " +
                   model};
}

// A file whose size is fixed is read as it is; the compiler then lays it out for --input.
Result<engine::Graph> import_model(const fs::path& model, CompileArguments* arguments) {
  auto graph = engine::import_onnx(model, arguments->import);
  if (graph.ok() || !arguments->import.input) return graph;
  auto fixed = engine::import_onnx(model);
  if (!fixed.ok()) return graph;
  arguments->compile.input = arguments->import.input;
  return fixed;
}

Status compile_model(CompileArguments& arguments) {
  PAWL_TRY(guard_outputs(arguments));
  const fs::path model = arguments.model;
  if (!arguments.labels.empty()) {
    const auto text = PAWL_TRY(platform::read_text_file(arguments.labels, kLabelFileBytesMax));
    arguments.compile.head.labels = PAWL_TRY(engine::parse_labels(text).context(arguments.labels));
  }
  PAWL_TRY(refuse_artifact(arguments.model));
  const auto graph = PAWL_TRY(import_model(model, &arguments));
  const auto digest = PAWL_TRY(sha256_of_file(model));
  arguments.compile.provenance = {{"model.name", model.filename().string()},
                                  {"model.sha256", digest},
                                  {"model.producer", graph.producer},
                                  {"model.opset", std::to_string(graph.opset)},
                                  {"compiler.version", "pawl " PAWL_VERSION}};
  std::unique_ptr<Int8Job> int8;
  if (arguments.int8.int8) {
    int8 = PAWL_TRY(Int8Job::open(arguments.int8));
    int8->apply(&arguments.compile);
  }
  auto compiled = PAWL_TRY(engine::compile(graph, arguments.compile).context(model.string()));
  // What a device would refuse is not written.
  const auto artifact = PAWL_TRY(
      engine::Artifact::from_bytes(compiled.artifact, arguments.output).context("the result"));
  const std::string measure = int8 ? int8->measure() : "";
  if (int8) {
    std::vector<std::string>& warnings = compiled.report.quantization.warnings;
    warnings.insert(warnings.end(), int8->warnings().begin(), int8->warnings().end());
    int8.reset();  // and its progress line
  }
  PAWL_TRY(write_results(arguments, compiled, measure, artifact));
  for (const auto* warnings : {&compiled.report.warnings, &compiled.report.quantization.warnings}) {
    for (const std::string& line : *warnings) {
      std::fprintf(stderr, "pawl compile: warning: %s\n", line.c_str());
    }
  }
  arguments.json ? print_json(arguments, compiled, measure, artifact)
                 : print_report(arguments, compiled, measure, artifact);
  return {};
}

}  // namespace

void add_compile(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand("compile", "Compile an ONNX model for a target");
  auto arguments = std::make_shared<CompileArguments>();
  named(command->add_option("model", arguments->model, "The model"))
      ->required()
      ->option_text("MODEL.onnx");
  named(command->add_option("-o,--output", arguments->output, "The artifact"))
      ->required()
      ->option_text("OUT.pawl");
  command
      ->add_option("--target", arguments->compile.target,
                   "native, cpu-generic, cpu-arm64, cpu-x86-64-v3 (AVX2), cpu-x86-64-v4 (AVX-512), "
                   "cuda-sm87 (Orin), cuda-sm80, cuda-sm86, cuda-sm89 or cuda-sm90")
      ->option_text("T [native]");
  named(command->add_option("--input", arguments->input, "Network input; else the model's own"))
      ->option_text("WxH");
  named(command->add_option("--labels", arguments->labels, "Class names, one a line"))
      ->option_text("FILE");
  command
      ->add_option("--head", arguments->head,
                   "Detection head: auto, none (keep the outputs), or a family")
      ->option_text("HEAD [auto]");
  command
      ->add_option("--pre", arguments->pre,
                   "Preprocessing, as KEY=VALUE,...: color=rgb|bgr, fit=letterbox|topleft|"
                   "stretch, pad=0..255, scale=, mean=, std=")
      ->option_text("...");
  add_int8_options(command, &arguments->int8);
  command->add_flag("--half", arguments->half,
                    "Float16: what CUDA targets have unless --int8 is given");
  command->add_flag(
      "--no-cpu-fallback", arguments->no_cpu_fallback,
      "With a CUDA target: no plan for the CPU, which else runs where the device fails");
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->footer(
      "Examples\n"
      "  pawl compile yolov8n.onnx -o yolov8n.pawl\n"
      "  pawl compile yolov8n.onnx -o line.pawl --input 640x384 --target cpu-x86-64-v3\n"
      "  pawl compile yolov8n.onnx -o small.pawl --int8 --calib photos/ --val val/images \\\n"
      "      --val-labels val/labels --max-drop 0.5 --report small.html\n"
      "  pawl compile yolov8n.onnx -o orin.pawl --target cuda-sm87\n"
      "  pawl compile custom.onnx -o custom.pawl --head yolox --pre color=bgr,scale=1");
  command->callback([arguments, action] {
    check(arguments.get());
    *action = [arguments] { return compile_model(*arguments); };
  });
}

}  // namespace pawl::program
