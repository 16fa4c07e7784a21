#include "apps/pawl/projection_report.h"

#include <cstdio>
#include <vector>

#include "apps/pawl/json.h"
#include "apps/pawl/plan_text.h"
#include "apps/pawl/text.h"
#include "engine/artifact/step_kind.h"
#include "engine/runtime/cuda/projection.h"

namespace pawl::program {
namespace {

struct Totals {
  double us = 0.0, useful = 0.0, issued = 0.0;
};

Totals totals_of(const engine::Artifact& artifact,
                 const std::vector<engine::StepProjection>& steps) {
  Totals totals;
  for (size_t i = 0; i < steps.size(); ++i) {
    totals.us += steps[i].total_us;
    totals.useful +=
        static_cast<double>(step_multiply_adds(artifact.tensors(), artifact.steps()[i]));
    totals.issued += static_cast<double>(steps[i].issued);
  }
  return totals;
}

Json projection_json(const engine::Artifact& artifact, const engine::Board& board,
                     const std::vector<engine::StepProjection>& steps, bool layers) {
  const Totals totals = totals_of(artifact, steps);
  Json json = {{"projection", true},
               {"board", board.name},
               {"model", artifact.name()},
               {"target", artifact.target()},
               {"precision", precision_name(artifact)},
               {"network_ms", rounded(totals.us / 1e3, 4)},
               {"steps", steps.size()},
               {"multiply_adds", static_cast<int64_t>(totals.useful)},
               {"multiply_adds_issued", static_cast<int64_t>(totals.issued)}};
  if (!layers) return json;
  Json list = Json::array();
  for (size_t i = 0; i < steps.size(); ++i) {
    const engine::StepRecord& step = artifact.steps()[i];
    list.push_back({{"step", i},
                    {"kind", engine::step_kind_name(step.kind)},
                    {"name", artifact.text(step.name)},
                    {"compute_us", rounded(steps[i].compute_us, 3)},
                    {"memory_us", rounded(steps[i].memory_us, 3)},
                    {"us", rounded(steps[i].total_us, 3)}});
  }
  json["layers"] = list;
  return json;
}

}  // namespace

std::string board_names() {
  std::string names;
  for (const engine::Board& board : engine::boards()) {
    names.append(names.empty() ? "" : ", ").append(board.name);
  }
  return names;
}

platform::Status print_projection(const engine::Artifact& artifact, const std::string& board_name,
                                  bool layers, bool json) {
  const engine::Board* board = engine::find_board(board_name);
  if (board == nullptr) {
    return platform::Error{
        platform::Code::kInvalidArgument,
        "--project " + board_name + ": no such board; choose one of " + board_names()};
  }
  const auto steps = PAWL_TRY(engine::project(artifact, *board));
  if (json) {
    std::fputs(json_text(projection_json(artifact, *board, steps, layers)).c_str(), stdout);
    return {};
  }
  if (layers) {
    TextTable table({"step", "kind", "output", "compute us", "memory us", "us", "name"});
    for (size_t i = 0; i < steps.size(); ++i) {
      const engine::StepRecord& step = artifact.steps()[i];
      table.add({std::to_string(i), engine::step_kind_name(step.kind),
                 tensor_shape(artifact, step.output[0]), printed("%.1f", steps[i].compute_us),
                 printed("%.1f", steps[i].memory_us), printed("%.1f", steps[i].total_us),
                 std::string(artifact.text(step.name))});
    }
    std::fputs(table.str().c_str(), stdout);
  }
  const Totals totals = totals_of(artifact, steps);
  std::printf(
      "projection, not a measurement: %.2f ms, the network of %s (%s) on %s\n"
      "%.2f G multiply-adds, %.2f G with the rims of tiles; how it is counted: "
      "docs/performance.md\n",
      totals.us / 1e3, artifact.name().c_str(), precision_name(artifact),
      std::string(board->title).c_str(), totals.useful / 1e9, totals.issued / 1e9);
  return {};
}

}  // namespace pawl::program
