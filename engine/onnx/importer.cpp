#include "engine/onnx/importer.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/graph/inference.h"
#include "engine/onnx/coarse_scores.h"
#include "engine/onnx/expand_quantized.h"
#include "engine/onnx/graph_builder.h"
#include "engine/onnx/image_input.h"
#include "engine/onnx/model.h"
#include "engine/onnx/model_inputs.h"
#include "engine/onnx/operators.h"
#include "engine/onnx/single_frame.h"
#include "platform/files.h"

namespace pawl::engine {
namespace onnx {
namespace {

constexpr int64_t kOpsetMin = 7;
constexpr int64_t kOpsetMax = 23;

// The indices of the nodes that the outputs need, in an order in which every input is known.
// Nodes that do not depend on each other keep the order of the file.
class NodeOrder {
 public:
  explicit NodeOrder(const OnnxModel& model) : model_(model) {}

  Result<std::vector<size_t>> compute() {
    PAWL_TRY(index_producers());
    PAWL_TRY(mark_needed());
    return sort();
  }

 private:
  static constexpr int64_t kNobody = -1;  // producer of inputs and initialisers

  static std::string describe(const OnnxNode& node) {
    return "node \"" + node.name + "\" (operator " + node.op_type + ")";
  }

  Status index_producers() {
    for (const OnnxInput& input : model_.inputs) {
      if (input.name.empty() || !producer_.emplace(input.name, kNobody).second) {
        return Error{Code::kCorrupt, "input \"" + input.name + "\" is listed twice or has no name"};
      }
    }
    for (const auto& [name, tensor] : model_.initialisers) producer_.emplace(name, kNobody);
    for (size_t i = 0; i < model_.nodes.size(); ++i) {
      for (const std::string& output : model_.nodes[i].outputs) {
        if (output.empty()) continue;
        if (!producer_.emplace(output, static_cast<int64_t>(i)).second) {
          return Error{Code::kCorrupt,
                       describe(model_.nodes[i]) + " writes \"" + output +
                           "\", which is an input, an initialiser or another node's output"};
        }
      }
    }
    return {};
  }

  // Walks back from the outputs.
  Status mark_needed() {
    needed_.assign(model_.nodes.size(), false);
    std::vector<size_t> open;
    const auto require = [&](const std::string& name, const std::string& reader) -> Status {
      const auto found = producer_.find(name);
      if (found == producer_.end()) {
        return Error{Code::kCorrupt, reader + " \"" + name + "\", which nothing produces"};
      }
      if (found->second == kNobody || needed_[static_cast<size_t>(found->second)]) return {};
      needed_[static_cast<size_t>(found->second)] = true;
      open.push_back(static_cast<size_t>(found->second));
      return {};
    };
    if (model_.outputs.empty()) return Error{Code::kCorrupt, "the graph has no output"};
    for (const std::string& output : model_.outputs) PAWL_TRY(require(output, "the graph outputs"));
    while (!open.empty()) {
      const OnnxNode& node = model_.nodes[open.back()];
      open.pop_back();
      for (const std::string& input : node.inputs) {
        if (!input.empty()) PAWL_TRY(require(input, describe(node) + " reads"));
      }
    }
    return {};
  }

  Result<std::vector<size_t>> sort() const {
    std::vector<std::vector<size_t>> readers(model_.nodes.size());
    std::vector<size_t> waiting(model_.nodes.size(), 0);
    size_t total = 0;
    std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
    for (size_t i = 0; i < model_.nodes.size(); ++i) {
      if (!needed_[i]) continue;
      ++total;
      for (const std::string& input : model_.nodes[i].inputs) {
        if (input.empty()) continue;
        const int64_t producer = producer_.find(input)->second;
        if (producer == kNobody) continue;
        readers[static_cast<size_t>(producer)].push_back(i);
        ++waiting[i];
      }
      if (waiting[i] == 0) ready.push(i);
    }
    std::vector<size_t> order;
    while (!ready.empty()) {
      const size_t next = ready.top();
      ready.pop();
      order.push_back(next);
      for (const size_t reader : readers[next]) {
        if (--waiting[reader] == 0) ready.push(reader);
      }
    }
    if (order.size() == total) return order;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i] > 0) {
        return Error{Code::kCorrupt, describe(model_.nodes[i]) + " depends on its own output"};
      }
    }
    return order;
  }

  const OnnxModel& model_;
  std::unordered_map<std::string, int64_t> producer_;
  std::vector<bool> needed_;
};

Result<int64_t> default_opset(const OnnxModel& model) {
  const auto found = model.opsets.find("");
  if (found == model.opsets.end()) {
    return Error{Code::kCorrupt, "the file does not name its opset"};
  }
  if (found->second < kOpsetMin || found->second > kOpsetMax) {
    return Error{Code::kUnsupported, "opset " + std::to_string(found->second) +
                                         " is not supported; export the model with one from " +
                                         std::to_string(kOpsetMin) + " to " +
                                         std::to_string(kOpsetMax)};
  }
  return found->second;
}

Status import_plain(GraphBuilder* builder, const OnnxModel& model, const OnnxNode& node) {
  const auto opset = model.opsets.find(node.domain);
  NodeImport in(builder, node, opset == model.opsets.end() ? 0 : opset->second);
  const bool quantized = is_quantized_operator(node.op_type);
  const bool own = node.domain.empty() || (quantized && node.domain == "com.microsoft");
  const Handler handler = own ? find_handler(node.op_type) : nullptr;
  if (handler == nullptr) {
    return in.unsupported(quantized ? "this quantized operator is not supported; export the model "
                                      "in float32, Pawl quantizes it"
                                    : "this operator is not supported");
  }
  if (moves_numbers(node.op_type)) {
    PAWL_TRY(in.carry_codes(node.op_type == "Concat" ? in.input_count() : 1));
  }
  PAWL_TRY(handler(in));
  return in.refuse_unread_attributes();
}

Status import_node(GraphBuilder* builder, const OnnxModel& model, const OnnxNode& node) {
  if (!is_expandable(node)) return import_plain(builder, model, node);
  const std::string where = "operator " + node.op_type;
  const int64_t opset = builder->graph().opset;
  const std::vector<OnnxNode> parts =
      PAWL_TRY(expand(builder, node, opset).context("node \"" + node.name + "\" (" + where + ")"));
  for (const OnnxNode& part : parts) {
    PAWL_TRY(import_plain(builder, model, part).context(where));
  }
  const bool integer = is_quantized_operator(node.op_type) && node.op_type.find("QLinear") != 0;
  ++(integer ? builder->dialects().integer : builder->dialects().linear);
  return {};
}

std::string counted(int64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// Tells the user what became of a quantized file.
void describe_quantized(const QuantizedDialects& dialects, Graph* graph) {
  std::vector<std::string> made_of;
  if (dialects.linear > 0) made_of.push_back("QLinear, " + counted(dialects.linear, "operator"));
  if (dialects.linear == 0 && dialects.pairs > 0) {
    made_of.push_back("QDQ, " + counted(dialects.pairs, "pair"));
  }
  if (dialects.integer > 0) {
    made_of.push_back("dynamic, " + counted(dialects.integer, "integer operator"));
  }
  if (made_of.empty()) return;
  graph->rounded_constants = true;
  std::string kinds;
  for (const std::string& kind : made_of) kinds += (kinds.empty() ? "" : "; ") + kind;
  const bool scaled = std::any_of(graph->values.begin(), graph->values.end(),
                                  [](const Value& value) { return value.declared.has_value(); });
  graph->assumptions.push_back("the file is quantized (" + kinds +
                               "): weights folded back to float; " +
                               (scaled ? "--int8 --scales from-model keeps its activation scales"
                                       : "it holds no activation scales, --int8 calibrates them"));
  if (!dialects.rectified.empty()) {
    graph->assumptions.push_back(
        counted(static_cast<int64_t>(dialects.rectified.size()), "zero point") +
        " at the lowest code behind a convolution or sum: the ReLU that quantizers leave out");
  }
}

// Binds the graph's outputs; their values have the names of the file.
Status finish_outputs(GraphBuilder* builder, const OnnxModel& model) {
  Graph& graph = builder->graph();
  std::vector<bool> taken(graph.values.size(), false);
  for (const ValueId id : graph.inputs) taken[static_cast<size_t>(id)] = true;
  for (const std::string& name : model.outputs) {
    ValueId id = builder->find(name);
    if (id == kNoValue) {
      return Error{Code::kUnsupported, "graph output \"" + name +
                                           "\" is an optional output of its node, which is not "
                                           "supported"};
    }
    if (builder->value(id).name != name) {
      // The value of a node that did nothing. It takes the output's name if it can.
      if (!taken[static_cast<size_t>(id)] && builder->value(id).constant == nullptr) {
        graph.value(id).name = name;
      } else {
        Node node{Op::kIdentity, name, {id}, {}, {}};
        const auto outputs = PAWL_TRY(builder->append(std::move(node), {name}, nullptr));
        id = outputs[0];
        taken.resize(graph.values.size(), false);
      }
    }
    taken[static_cast<size_t>(id)] = true;
    graph.outputs.push_back(id);
  }
  return {};
}

// Names that the nodes to import read, and the outputs'.
std::set<std::string_view> names_read(const OnnxModel& model, const std::vector<size_t>& order) {
  std::set<std::string_view> names(model.outputs.begin(), model.outputs.end());
  for (const size_t index : order) {
    names.insert(model.nodes[index].inputs.begin(), model.nodes[index].inputs.end());
  }
  return names;
}

// Exports with suppression inside: the user hears of that, and not of the operators around it.
Status refuse_suppression(const OnnxModel& model, const std::vector<size_t>& order, int64_t opset) {
  for (const size_t index : order) {
    const OnnxNode& node = model.nodes[index];
    const bool suppresses = node.op_type == "NonMaxSuppression" ||
                            node.op_type.find("NMS") != std::string::npos ||
                            node.op_type.find("Nms") != std::string::npos;
    if (!suppresses) continue;
    return Error{Code::kUnsupported,
                 "node \"" + node.name + "\" (operator " + node.op_type + ", opset " +
                     std::to_string(opset) +
                     "): the file suppresses overlapping boxes itself; export it without "
                     "(Ultralytics: nms=False), Pawl does that"};
  }
  return {};
}

Result<Graph> build(OnnxModel model, const ImportOptions& options) {
  const int64_t opset = PAWL_TRY(default_opset(model));
  const std::vector<size_t> order = PAWL_TRY(NodeOrder(model).compute());
  GraphBuilder builder(model, opset);
  PAWL_TRY(refuse_suppression(model, order, opset));
  ModelInputs inputs(options);
  PAWL_TRY(inputs.add(model, names_read(model, order), &builder));
  for (auto& [name, tensor] : model.initialisers) {
    builder.bind(name, builder.graph().add_constant(name, std::move(tensor)));
  }
  for (const size_t index : order) {
    Status status = import_node(&builder, model, model.nodes[index]);
    if (status.ok()) continue;
    if (!inputs.hint().empty()) {
      status.error() = {Code::kInvalidArgument, status.error().message + "; " + inputs.hint()};
    }
    return std::move(status).error();
  }
  PAWL_TRY(finish_outputs(&builder, model));
  remove_dead_nodes(&builder.graph());
  take_planes(&builder.graph());
  if (inputs.batch() > 1) PAWL_TRY(take_single_frame(inputs.batch(), &builder.graph()));
  PAWL_TRY(validate(builder.graph()));
  describe_quantized(builder.dialects(), &builder.graph());
  warn_of_coarse_scores(&builder.graph());
  return std::move(builder.graph());
}

}  // namespace
}  // namespace onnx

Result<Graph> import_onnx(std::span<const std::byte> bytes, const std::string& name_for_messages,
                          const ImportOptions& options) {
  auto model = PAWL_TRY(onnx::parse_model(bytes).context(name_for_messages));
  return onnx::build(std::move(model), options).context(name_for_messages);
}

Result<Graph> import_onnx(const std::filesystem::path& path, const ImportOptions& options) {
  const auto bytes =
      PAWL_TRY(platform::read_file(path, static_cast<size_t>(options.file_bytes_max)));
  return import_onnx(bytes, path.string(), options);
}

}  // namespace pawl::engine
