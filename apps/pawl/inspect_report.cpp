#include "apps/pawl/inspect_report.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "apps/pawl/plan_text.h"
#include "apps/pawl/text.h"
#include "engine/artifact/step_kind.h"

namespace pawl::program {
namespace {

const char* section_name(uint32_t kind) {
  switch (static_cast<engine::SectionKind>(kind)) {
    case engine::SectionKind::kPlan:
      return "plan";
    case engine::SectionKind::kWeights:
      return "weights";
    case engine::SectionKind::kHead:
      return "head";
    case engine::SectionKind::kLabels:
      return "labels";
    case engine::SectionKind::kProvenance:
      return "provenance";
    case engine::SectionKind::kFallback:
      return "fallback";
  }
  return "unknown";
}

const char* fit_name(uint8_t fit) {
  switch (static_cast<engine::Fit>(fit)) {
    case engine::Fit::kLetterboxCentred:
      return "letterbox";
    case engine::Fit::kLetterboxTopLeft:
      return "topleft";
    case engine::Fit::kStretch:
      return "stretch";
  }
  return "unknown";
}

std::string checksum_text(uint64_t checksum) {
  return printed("%016llx", static_cast<unsigned long long>(checksum));
}

std::string floats_text(const float (&values)[3], int32_t channels) {
  std::string text;
  for (int32_t i = 0; i < channels && i < 3; ++i) {
    text += (i == 0 ? "" : ":") + printed("%.6g", static_cast<double>(values[i]));
  }
  return text;
}

Json floats_json(const float (&values)[3]) {
  Json list = Json::array();
  for (const float value : values) list.push_back(rounded(static_cast<double>(value), 9));
  return list;
}

std::string preprocess_text(const engine::HeadRecord& head) {
  return printed("%dx%dx%d %s, %s, pad %u, mean %s, scale %s", head.channels, head.height,
                 head.width, head.channels == 1 ? "grey" : (head.rgb != 0 ? "RGB" : "BGR"),
                 fit_name(head.fit), head.pad_value, floats_text(head.mean, head.channels).c_str(),
                 floats_text(head.scale, head.channels).c_str());
}

std::string labels_text(std::span<const std::string_view> labels) {
  constexpr size_t kShown = 12;
  std::string text = std::to_string(labels.size());
  for (size_t i = 0; i < std::min(kShown, labels.size()); ++i) {
    text += (i == 0 ? ": " : ", ") + std::string(labels[i]);
  }
  return text + (labels.size() > kShown ? ", ..." : "");
}

std::string value_text(const engine::Graph& graph, engine::ValueId id) {
  const engine::Value& value = graph.value(id);
  return value.name + " " + engine::to_string(value.shape) + " " + engine::dtype_name(value.dtype);
}

std::vector<std::pair<std::string, int>> histogram(const engine::Graph& graph) {
  std::map<std::string, int> counts;
  for (const engine::Node& node : graph.nodes) ++counts[std::string(engine::op_name(node.op))];
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

int64_t constant_bytes(const engine::Graph& graph) {
  int64_t bytes = 0;
  for (const engine::Value& value : graph.values) {
    if (value.constant != nullptr) bytes += static_cast<int64_t>(value.constant->bytes().size());
  }
  return bytes;
}

}  // namespace

std::vector<engine::SectionRecord> ArtifactReport::sections() const {
  engine::ArtifactHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::vector<engine::SectionRecord> records(header.section_count);
  std::memcpy(records.data(), bytes.data() + sizeof(header),
              records.size() * sizeof(engine::SectionRecord));
  return records;
}

std::string ArtifactReport::text() const {
  const engine::HeadRecord& head = artifact.head();
  const engine::PlanHeader& plan = artifact.plan();
  TextTable facts({"artifact", artifact.name()});
  engine::ArtifactHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  facts.add({"format", printed("version %u.%u", header.major, header.minor)});
  facts.add({"size", bytes_text(artifact.file_bytes())});
  facts.add({"sha256", artifact.digest_hex() + (verified ? " verified" : "")});
  facts.add({"target", std::string(artifact.target())});
  facts.add({"input", preprocess_text(head)});
  if (head.present != 0) {
    facts.add(
        {"head", std::string(artifact.text(head.family)) + printed(", %d classes", head.classes)});
    facts.add({"labels", labels_text(artifact.labels())});
  } else {
    facts.add({"head", "none"});
  }
  facts.add({"precision", precision_name(artifact)});
  facts.add({"plan", printed("%u steps, %u tensors", plan.step_count, plan.tensor_count)});
  facts.add(
      {"multiply-adds", printed("%.2f G a frame", static_cast<double>(plan.multiply_adds) / 1e9)});
  facts.add({"arena", bytes_text(plan.arena_bytes)});
  for (const auto& [key, value] : artifact.provenance()) {
    facts.add({std::string(key), std::string(value)});
  }
  TextTable table({"section", "offset", "bytes", "xxh64"});
  for (const engine::SectionRecord& section : sections()) {
    table.add({section_name(section.kind), std::to_string(section.offset),
               std::to_string(section.bytes), "x" + checksum_text(section.checksum)});
  }
  std::string text = facts.str() + '\n' + table.str();
  if (!steps) return text;
  TextTable list({"step", "kind", "output", "MMAC", "name"});
  for (size_t i = 0; i < artifact.steps().size(); ++i) {
    const engine::StepRecord& step = artifact.steps()[i];
    const int64_t work = step_multiply_adds(artifact.tensors(), step);
    list.add({std::to_string(i), engine::step_kind_name(step.kind),
              tensor_shape(artifact, step.output[0]),
              work == 0 ? "" : printed("%.2f", static_cast<double>(work) / 1e6),
              std::string(artifact.text(step.name))});
  }
  return text + '\n' + list.str();
}

Json ArtifactReport::json() const {
  const engine::HeadRecord& head = artifact.head();
  const engine::PlanHeader& plan = artifact.plan();
  Json section_list = Json::array();
  for (const engine::SectionRecord& section : sections()) {
    section_list.push_back({{"section", section_name(section.kind)},
                            {"offset", section.offset},
                            {"bytes", section.bytes},
                            {"xxh64", checksum_text(section.checksum)}});
  }
  Json provenance = Json::object();
  for (const auto& [key, value] : artifact.provenance()) provenance[std::string(key)] = value;
  Json json = {{"kind", "artifact"},
               {"file", artifact.name()},
               {"bytes", artifact.file_bytes()},
               {"sha256", artifact.digest_hex()},
               {"verified", verified},
               {"target", artifact.target()},
               {"preprocess",
                {{"width", head.width},
                 {"height", head.height},
                 {"channels", head.channels},
                 {"rgb", head.rgb != 0},
                 {"fit", fit_name(head.fit)},
                 {"pad", head.pad_value},
                 {"mean", floats_json(head.mean)},
                 {"scale", floats_json(head.scale)}}},
               {"head", head.present != 0 ? artifact.text(head.family) : "none"},
               {"classes", head.classes},
               {"labels", artifact.labels()},
               {"precision", precision_name(artifact)},
               {"steps", plan.step_count},
               {"tensors", plan.tensor_count},
               {"multiply_adds", plan.multiply_adds},
               {"arena_bytes", plan.arena_bytes},
               {"provenance", std::move(provenance)},
               {"sections", std::move(section_list)}};
  if (!steps) return json;
  Json list = Json::array();
  for (const engine::StepRecord& step : artifact.steps()) {
    list.push_back({{"kind", engine::step_kind_name(step.kind)},
                    {"name", artifact.text(step.name)},
                    {"output", tensor_shape(artifact, step.output[0])},
                    {"multiply_adds", step_multiply_adds(artifact.tensors(), step)}});
  }
  json["plan"] = std::move(list);
  return json;
}

std::string GraphReport::text() const {
  TextTable facts({"model", file});
  facts.add({"graph", graph.name});
  facts.add({"producer", graph.producer});
  facts.add({"opset", printed("%lld", static_cast<long long>(graph.opset))});
  for (const engine::ValueId id : graph.inputs) facts.add({"input", value_text(graph, id)});
  for (const engine::ValueId id : graph.outputs) facts.add({"output", value_text(graph, id)});
  facts.add({"nodes", std::to_string(graph.nodes.size())});
  facts.add({"constants", bytes_text(static_cast<uint64_t>(constant_bytes(graph)))});
  for (const auto& [key, value] : graph.metadata) facts.add({key, value});
  TextTable operators({"operator", "nodes"});
  for (const auto& [name, count] : histogram(graph)) {
    operators.add({name, std::to_string(count)});
  }
  return facts.str() + '\n' + operators.str();
}

Json GraphReport::json() const {
  const auto values = [this](const std::vector<engine::ValueId>& ids) {
    Json list = Json::array();
    for (const engine::ValueId id : ids) {
      const engine::Value& value = graph.value(id);
      list.push_back({{"name", value.name},
                      {"shape", value.shape},
                      {"type", engine::dtype_name(value.dtype)}});
    }
    return list;
  };
  Json operators = Json::object();
  for (const auto& [name, count] : histogram(graph)) operators[name] = count;
  Json metadata = Json::object();
  for (const auto& [key, value] : graph.metadata) metadata[key] = value;
  return {{"kind", "onnx"},
          {"file", file},
          {"graph", graph.name},
          {"producer", graph.producer},
          {"opset", graph.opset},
          {"inputs", values(graph.inputs)},
          {"outputs", values(graph.outputs)},
          {"nodes", graph.nodes.size()},
          {"constant_bytes", constant_bytes(graph)},
          {"operators", std::move(operators)},
          {"metadata", std::move(metadata)}};
}

}  // namespace pawl::program
