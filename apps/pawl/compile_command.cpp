// pawl compile: ONNX to artifact.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/pawl/arguments.h"
#include "apps/pawl/calibration_folder.h"
#include "apps/pawl/command.h"
#include "apps/pawl/json.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/text.h"
#include "engine/artifact/artifact.h"
#include "engine/artifact/sha256.h"
#include "engine/compile/compiler.h"
#include "engine/detect/labels.h"
#include "engine/onnx/importer.h"
#include "platform/files.h"
#include "platform/mapped_file.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLabelFileBytesMax = size_t{16} << 20;

struct CompileArguments {
  std::string model, output, input, labels, head = "auto", pre;
  std::string calibration;  // folder
  std::string scales;
  bool int8 = false;
  bool json = false;
  engine::ImportOptions import;
  engine::CompileOptions compile;
};

// Throws CLI::ValidationError for what the user typed wrongly.
void check(CompileArguments* arguments) {
  if (!arguments->input.empty()) {
    arguments->import.input = parse_size("--input", arguments->input);
  }
  const auto reject = [](const Status& status) {
    if (status.ok()) return;
    throw CLI::ValidationError(status.error().message, CLI::ExitCodes::ValidationError);
  };
  if (arguments->int8 && arguments->calibration.empty()) {
    throw CLI::ValidationError("--int8 needs --calib DIR: images of what the camera will see",
                               CLI::ExitCodes::ValidationError);
  }
  if (!arguments->scales.empty() && !arguments->int8) {
    throw CLI::ValidationError("--scales is for --int8", CLI::ExitCodes::ValidationError);
  }
  if (arguments->scales == "from-model") {
    arguments->compile.quantize.scales = engine::ScaleSource::kModel;
  }
  reject(engine::parse_head(arguments->head, &arguments->compile.head));
  reject(engine::parse_pre(arguments->pre, &arguments->compile.head));
}

Result<std::string> sha256_of_file(const fs::path& path) {
  const auto file = PAWL_TRY(platform::MappedFile::open(path));
  std::string hex;
  for (const uint8_t byte : engine::sha256(file.bytes())) hex += printed("%02x", byte);
  return hex;
}

// An artifact is read in place, so it must lie as a mapped file would.
class AlignedCopy {
 public:
  explicit AlignedCopy(std::span<const std::byte> bytes)
      : room_(bytes.size() + engine::kSectionAlignment), size_(bytes.size()) {
    const auto address = reinterpret_cast<uintptr_t>(room_.data());
    start_ = room_.data() + (0 - address) % engine::kSectionAlignment;
    std::copy(bytes.begin(), bytes.end(), start_);
  }
  std::span<const std::byte> bytes() const { return {start_, size_}; }

 private:
  std::vector<std::byte> room_;
  std::byte* start_ = nullptr;
  size_t size_;
};

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

void add_quantization(const engine::QuantizeReport& report, TextTable* table) {
  if (report.layers.empty()) return;
  int64_t all = 0;
  int64_t eight_bit = 0;
  size_t layers = 0;
  for (const engine::QuantizedLayer& layer : report.layers) {
    all += layer.multiply_adds;
    if (!layer.int8) continue;
    ++layers;
    eight_bit += layer.multiply_adds;
  }
  table->add(
      {"precision", printed("INT8 in %zu of %zu convolutions, %.1f %% of their multiply-adds",
                            layers, report.layers.size(),
                            100.0 * static_cast<double>(eight_bit) / static_cast<double>(all))});
  table->add({"calibrated on", printed("%zu images", report.frames)});
  const size_t declared = report.groups_declared;
  if (declared == 0) return;
  table->add(
      {"scales", printed("%zu from the model, %zu calibrated (%zu because it has several for "
                         "what Pawl keeps together)",
                         declared, report.groups_calibrated, report.groups_differing)});
}

void print_report(const CompileArguments& arguments, const engine::Compiled& compiled,
                  const engine::Artifact& artifact) {
  const engine::CompileReport& report = compiled.report;
  for (const std::string& line : report.assumptions) std::printf("assumed: %s\n", line.c_str());
  for (const auto* warnings : {&report.warnings, &report.quantization.warnings}) {
    for (const std::string& line : *warnings) {
      std::fprintf(stderr, "pawl compile: warning: %s\n", line.c_str());
    }
  }
  TextTable table({"compiled", fs::path(arguments.model).filename().string()});
  table.add({"target", report.target});
  table.add({"network input", head_size(artifact)});
  table.add({"head", report.family});
  if (artifact.head().present != 0) table.add({"classes", classes_text(artifact)});
  table.add({"nodes -> steps", printed("%d -> %d", report.nodes, report.steps)});
  table.add({"multiply-adds",
             printed("%.2f G a frame", static_cast<double>(report.multiply_adds) / 1e9)});
  add_quantization(report.quantization, &table);
  table.add({"arena", bytes_text(static_cast<uint64_t>(report.arena_bytes))});
  table.add({"weights", bytes_text(static_cast<uint64_t>(report.weight_bytes))});
  table.add({"concat inputs in place", std::to_string(report.concats_elided)});
  table.add({"copies left", std::to_string(report.copies)});
  table.add({"written", arguments.output + ", " + bytes_text(compiled.artifact.size())});
  std::fputs(table.str().c_str(), stdout);
}

void print_json(const CompileArguments& arguments, const engine::Compiled& compiled,
                const engine::Artifact& artifact) {
  const engine::CompileReport& report = compiled.report;
  const Json json = {{"model", arguments.model},
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
  std::fputs(json_text(json).c_str(), stdout);
}

// Float, or INT8 calibrated on the folder.
Result<engine::Compiled> compile_graph(const engine::Graph& graph, CompileArguments& arguments) {
  if (!arguments.int8) return engine::compile(graph, arguments.compile);
  auto frames = PAWL_TRY(CalibrationFolder::open(arguments.calibration));
  Progress progress("calibrating", static_cast<int64_t>(2 * frames.count()));
  arguments.compile.calibration = &frames;
  arguments.compile.quantize.progress = [&progress](size_t done, size_t) {
    progress.advance(static_cast<int64_t>(done));
  };
  return engine::compile(graph, arguments.compile);
}

Status compile_model(CompileArguments& arguments) {
  const fs::path model = arguments.model;
  if (!arguments.labels.empty()) {
    const auto text = PAWL_TRY(platform::read_text_file(arguments.labels, kLabelFileBytesMax));
    arguments.compile.head.labels = PAWL_TRY(engine::parse_labels(text).context(arguments.labels));
  }
  const auto graph = PAWL_TRY(engine::import_onnx(model, arguments.import));
  const auto digest = PAWL_TRY(sha256_of_file(model));
  arguments.compile.provenance = {{"model.name", model.filename().string()},
                                  {"model.sha256", digest},
                                  {"model.producer", graph.producer},
                                  {"model.opset", std::to_string(graph.opset)},
                                  {"compiler.version", "pawl " PAWL_VERSION}};
  const auto compiled = PAWL_TRY(compile_graph(graph, arguments).context(model.string()));
  // What a device would refuse is not written.
  const AlignedCopy copy(compiled.artifact);
  const auto artifact =
      PAWL_TRY(engine::Artifact::from_bytes(copy.bytes(), arguments.output).context("the result"));
  PAWL_TRY(platform::replace_file(arguments.output, compiled.artifact));
  arguments.json ? print_json(arguments, compiled, artifact)
                 : print_report(arguments, compiled, artifact);
  return {};
}

}  // namespace

void add_compile(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand("compile", "Compile an ONNX model for a target");
  auto arguments = std::make_shared<CompileArguments>();
  command->add_option("model", arguments->model, "The model")
      ->required()
      ->option_text("MODEL.onnx");
  command->add_option("-o,--output", arguments->output, "The artifact")
      ->required()
      ->option_text("OUT.pawl");
  command
      ->add_option("--target", arguments->compile.target,
                   "native, cpu-generic, cpu-arm64, cpu-x86-64-v3 (AVX2) or "
                   "cpu-x86-64-v4 (AVX-512)")
      ->option_text("T [native]");
  command->add_option("--input", arguments->input, "Network input; else the model's own")
      ->option_text("WxH");
  command->add_option("--labels", arguments->labels, "Class names, one a line")
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
  command->add_flag("--int8", arguments->int8, "8-bit weights and activations; needs --calib");
  command->add_option("--calib", arguments->calibration, "Images to calibrate --int8 on")
      ->option_text("DIR");
  command
      ->add_option("--scales", arguments->scales,
                   "Activation scales of --int8: calibrate, or from-model (those that a quantized "
                   "model file declares; the others are calibrated)")
      ->check(CLI::IsMember({"calibrate", "from-model"}))
      ->option_text("FROM [calibrate]");
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->footer(
      "Examples\n"
      "  pawl compile yolov8n.onnx -o yolov8n.pawl\n"
      "  pawl compile yolov8n.onnx -o line.pawl --input 640x384 --target cpu-x86-64-v3\n"
      "  pawl compile custom.onnx -o custom.pawl --head yolox --pre color=bgr,scale=1");
  command->callback([arguments, action] {
    check(arguments.get());
    *action = [arguments] { return compile_model(*arguments); };
  });
}

}  // namespace pawl::program
