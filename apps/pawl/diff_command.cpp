// pawl diff: every tensor of a session against the float reference executor.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/pawl/arguments.h"
#include "apps/pawl/command.h"
#include "apps/pawl/file_guard.h"
#include "apps/pawl/json.h"
#include "apps/pawl/npy.h"
#include "apps/pawl/progress.h"
#include "apps/pawl/tensor_error.h"
#include "apps/pawl/text.h"
#include "engine/artifact/sha256.h"
#include "engine/onnx/importer.h"
#include "engine/reference/reference.h"
#include "engine/runtime/session.h"
#include "platform/imaging/images.h"
#include "platform/mapped_file.h"

namespace pawl::program {
namespace {

constexpr double kSuspiciousDb = 60.0;  // float32 rounding stays well above

struct DiffArguments {
  std::string model, onnx, input;
  bool json = false;
  bool worst_first = false;
};

struct PlanTensor {
  int32_t step = 0;
  std::vector<float> values;
};

struct Comparison {
  int32_t step;
  std::string name;
  std::string shape;
  TensorError error;
  bool suspicious() const { return !(error.sqnr_db >= kSuspiciousDb); }  // NaN too
};

// The session's tensors by the name of the value in the model file.
Result<std::map<std::string, PlanTensor, std::less<>>> observe(engine::Session* session) {
  std::map<std::string, PlanTensor, std::less<>> tensors;
  PAWL_TRY(session->run_observed([&tensors](int32_t step, const engine::TensorView& view) {
    tensors[std::string(view.name)] = {step, in_logical_order(view)};
  }));
  return tensors;
}

Result<std::vector<Comparison>> compare(
    const engine::Graph& graph, const engine::Tensor& input,
    const std::map<std::string, PlanTensor, std::less<>>& tensors) {
  std::vector<Comparison> comparisons;
  Progress progress("reference, nodes", static_cast<int64_t>(graph.nodes.size()));
  int64_t done = 0;
  const auto observer = [&](engine::ValueId id, const engine::Tensor& reference) {
    progress.advance(++done);
    const engine::Value& value = graph.value(id);
    const auto found = tensors.find(value.name);
    if (found == tensors.end() || reference.dtype() != engine::DType::kFloat32) return;
    const std::span<const float> wanted = reference.as<float>();
    if (wanted.size() != found->second.values.size()) return;
    comparisons.push_back({found->second.step, value.name, engine::to_string(value.shape),
                           tensor_error(found->second.values, wanted)});
  };
  PAWL_TRY(engine::run_reference(graph, std::span(&input, 1), observer));
  std::stable_sort(comparisons.begin(), comparisons.end(),
                   [](const Comparison& a, const Comparison& b) { return a.step < b.step; });
  return comparisons;
}

std::string db_text(double db) {
  if (std::isnan(db)) return "not finite";
  return std::isinf(db) && db > 0.0 ? "exact" : printed("%.1f", db);
}

void print_text(const std::vector<Comparison>& rows, size_t plan_tensors,
                const Comparison* first_suspicious) {
  TextTable table({"step", "SQNR dB", "max abs", "mean abs", "shape", "tensor"});
  for (const Comparison& row : rows) {
    table.add({std::to_string(row.step), db_text(row.error.sqnr_db),
               printed("%.3g", row.error.max_abs), printed("%.3g", row.error.mean_abs), row.shape,
               row.name});
  }
  std::fputs(table.str().c_str(), stdout);
  std::printf("%zu of %zu tensors of the plan exist in the model and were compared\n", rows.size(),
              plan_tensors);
  if (first_suspicious != nullptr) {
    std::printf("warning: below %.0f dB from step %d on: %s (%s dB)\n", kSuspiciousDb,
                first_suspicious->step, first_suspicious->name.c_str(),
                db_text(first_suspicious->error.sqnr_db).c_str());
  }
}

void print_json(const DiffArguments& arguments, const std::vector<Comparison>& rows,
                size_t plan_tensors, const Comparison* first_suspicious) {
  Json list = Json::array();
  for (const Comparison& row : rows) {
    list.push_back({{"step", row.step},
                    {"tensor", row.name},
                    {"shape", row.shape},
                    {"sqnr_db", rounded(row.error.sqnr_db, 3)},  // null: exact
                    {"exact", row.error.max_abs == 0.0},
                    {"max_abs", row.error.max_abs},
                    {"mean_abs", row.error.mean_abs}});
  }
  Json json = {{"model", arguments.model},  {"reference", arguments.onnx},
               {"input", arguments.input},  {"plan_tensors", plan_tensors},
               {"compared", rows.size()},   {"first_below_60_db", nullptr},
               {"tensors", std::move(list)}};
  if (first_suspicious != nullptr) json["first_below_60_db"] = first_suspicious->name;
  std::fputs(json_text(json).c_str(), stdout);
}

// Bytes, planes of which stand in units of the first channel's scale, as the network's input.
void normalise(const engine::HeadRecord& head, std::vector<float>* values) {
  const size_t plane = values->size() / static_cast<size_t>(head.channels);
  for (size_t i = 0; i < values->size(); ++i) {
    const size_t c = i / plane;
    (*values)[i] = ((*values)[i] / head.scale[0] - head.mean[c]) * head.scale[c];
  }
}

// An artifact knows which file it was compiled from, where `pawl compile` wrote it.
Status check_model(const engine::Artifact& artifact, const DiffArguments& arguments) {
  const std::string_view wanted = artifact.provenance("model.sha256");
  const auto file = PAWL_TRY(platform::MappedFile::open(arguments.onnx));
  if (wanted.empty() || engine::hex(engine::sha256(file.bytes())) == wanted) return {};
  return Error{Code::kInvalidArgument, arguments.onnx + ": not the file that " + arguments.model +
                                           " was compiled from, which was " +
                                           std::string(artifact.provenance("model.name")) +
                                           ", SHA-256 " + std::string(wanted.substr(0, 12)) +
                                           "...; compile this one"};
}

// The compiler lays a file of one size out anew for another; the reference runs files as they are.
Result<engine::Graph> import_at_size_of(const engine::Artifact& artifact,
                                        const DiffArguments& arguments) {
  const engine::InputSize size{artifact.head().width, artifact.head().height};
  auto graph = engine::import_onnx(arguments.onnx, {.input = size});
  if (graph.ok()) return graph;
  const auto fixed = engine::import_onnx(arguments.onnx);
  if (!fixed.ok() || fixed.value().inputs.size() != 1) return graph;
  const engine::Shape& own = fixed.value().value(fixed.value().inputs[0]).shape;
  return Error{Code::kUnsupported,
               arguments.onnx + ": its input is " + engine::to_string(own) + " and no other, but " +
                   arguments.model + " is laid out for " + std::to_string(size.width) + "x" +
                   std::to_string(size.height) + "; to compare, compile the model without --input"};
}

Status diff_models(const DiffArguments& arguments) {
  FileGuard guard;
  PAWL_TRY(guard.reads("the artifact", arguments.model));
  PAWL_TRY(guard.reads("the model", arguments.onnx));
  PAWL_TRY(guard.reads("the input", arguments.input));
  const auto artifact = PAWL_TRY(engine::Artifact::open(arguments.model));
  PAWL_TRY(check_model(artifact, arguments));
  const engine::HeadRecord& head = artifact.head();
  const auto graph = PAWL_TRY(import_at_size_of(artifact, arguments));
  if (graph.inputs.size() != 1) {
    return Error{Code::kUnsupported, arguments.onnx + ": has more than one input"};
  }
  const platform::Image image = PAWL_TRY(platform::load_image(arguments.input));
  auto session = PAWL_TRY(engine::Session::create(artifact, {.threads = 1}));
  PAWL_TRY(session.preprocess(image.frame()));
  std::vector<float> values =
      in_logical_order(PAWL_TRY(session.tensor(artifact.plan().input_tensor)));
  if (!session.input().bytes.empty()) normalise(head, &values);
  const engine::Shape& shape = graph.value(graph.inputs[0]).shape;
  if (shape != engine::Shape{1, head.channels, head.height, head.width}) {
    return Error{Code::kInvalidArgument, arguments.onnx + ": its input is " +
                                             engine::to_string(shape) +
                                             ", the artifact's is another; is it its model?"};
  }
  const auto input = engine::Tensor::of<float>(shape, values);
  const auto tensors = PAWL_TRY(observe(&session));
  auto rows = PAWL_TRY(compare(graph, input, tensors));
  if (rows.empty()) {
    return Error{Code::kInvalidArgument, arguments.onnx + ": shares no tensor with " +
                                             arguments.model + "; is it its model?"};
  }
  const auto bad = std::find_if(rows.begin(), rows.end(),
                                [](const Comparison& row) { return row.suspicious(); });
  std::optional<Comparison> first_suspicious;
  if (bad != rows.end()) first_suspicious = *bad;
  const Comparison* first = first_suspicious ? &*first_suspicious : nullptr;
  if (arguments.worst_first) {
    const auto rank = [](const Comparison& row) {
      return std::isnan(row.error.sqnr_db) ? -HUGE_VAL : row.error.sqnr_db;
    };
    std::stable_sort(rows.begin(), rows.end(), [&rank](const Comparison& a, const Comparison& b) {
      return rank(a) < rank(b);
    });
  }
  arguments.json ? print_json(arguments, rows, tensors.size(), first)
                 : print_text(rows, tensors.size(), first);
  return {};
}

}  // namespace

void add_diff(CLI::App* program, Action* action) {
  CLI::App* command = program->add_subcommand(
      "diff", "Compare an artifact's tensors with its model, computed by the float reference");
  auto arguments = std::make_shared<DiffArguments>();
  named(command->add_option("artifact", arguments->model, "The artifact"))
      ->required()
      ->option_text("FILE.pawl");
  named(command->add_option("model", arguments->onnx, "The model it was compiled from"))
      ->required()
      ->option_text("MODEL.onnx");
  named(command->add_option("--input", arguments->input, "Image to run both on"))
      ->required()
      ->option_text("IMAGE");
  command->add_flag("--worst", arguments->worst_first, "Worst tensor first; else in plan order");
  command->add_flag("--json", arguments->json, "Print as JSON");
  command->footer(
      "Example\n"
      "  pawl diff model.pawl model.onnx --input photo.jpg --worst");
  command->callback(
      [arguments, action] { *action = [arguments] { return diff_models(*arguments); }; });
}

}  // namespace pawl::program
