#include "apps/pawl/quantize_summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace pawl::program {
namespace {

using engine::CompileReport;
using engine::QuantizedLayer;

// "6: outputs come from it, 2: needed for the accuracy asked for"
std::string float_reasons(const engine::QuantizeReport& report) {
  std::map<std::string, int> reasons;
  for (const QuantizedLayer& layer : report.layers) {
    if (!layer.int8) ++reasons[layer.reason];
  }
  std::string text;
  for (const auto& [reason, count] : reasons) {
    text += (text.empty() ? "" : "; ") + std::to_string(count) + ": " + reason;
  }
  return text.empty() ? "none" : text;
}

std::string worst_layers(const engine::QuantizeReport& report) {
  constexpr size_t kShown = 3;
  std::vector<const QuantizedLayer*> order;
  for (const QuantizedLayer& layer : report.layers) {
    if (layer.output_sqnr_db) order.push_back(&layer);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return *a->output_sqnr_db < *b->output_sqnr_db;
  });
  std::string text;
  for (size_t i = 0; i < std::min(kShown, order.size()); ++i) {
    text += (text.empty() ? "" : ", ") + order[i]->node + " " + db_text(*order[i]->output_sqnr_db);
  }
  return text;
}

std::string search_text(const engine::SearchResult& search, bool points) {
  const auto value = [points](double x) { return points ? printed("%.2f", x) : db_text(x); };
  return printed("%zu plans tried: all in INT8 %s, %s asked for, %s with %s more in float",
                 search.plans, value(search.all_int8).c_str(), value(search.required).c_str(),
                 value(search.reached).c_str(), layers_text(search.kept.size()).c_str());
}

Json optional_number(const std::optional<double>& value, int digits) {
  return value ? rounded(*value, digits) : Json(nullptr);
}

Json search_json(const engine::SearchResult& search) {
  Json kept = Json::array();
  Json path = Json::array();
  for (const engine::SearchPoint& point : search.path) {
    path.push_back({{"float_layers", point.float_layers},
                    {"sqnr_db", rounded(point.sqnr_db, 2)},
                    {"measured", optional_number(point.measured, 4)},
                    {"estimated_ms", rounded(point.estimated_ms, 4)}});
  }
  return {{"plans", search.plans},
          {"kept", search.kept.size()},
          {"required", rounded(search.required, 4)},
          {"all_int8", rounded(search.all_int8, 4)},
          {"reached", rounded(search.reached, 4)},
          {"estimated_ms",
           {{"float", rounded(search.float_estimated_ms, 4)},
            {"all_int8", rounded(search.int8_estimated_ms, 4)},
            {"chosen", rounded(search.estimated_ms, 4)}}},
          {"path", std::move(path)}};
}

}  // namespace

Int8Share int8_share(const engine::QuantizeReport& report) {
  Int8Share share;
  int64_t all = 0;
  int64_t eight_bit = 0;
  for (const QuantizedLayer& layer : report.layers) {
    ++share.all;
    all += layer.multiply_adds;
    if (!layer.int8) continue;
    ++share.int8;
    eight_bit += layer.multiply_adds;
  }
  if (all > 0) share.of_work = static_cast<double>(eight_bit) / static_cast<double>(all);
  return share;
}

std::string db_text(double db) {
  return std::isfinite(db) ? printed("%.1f dB", db) : "exact";
}

std::string layers_text(size_t layers) {
  return std::to_string(layers) + (layers == 1 ? " layer" : " layers");
}

std::string accuracy_text(const CompileReport& report) {
  if (!report.search || !report.search->float_accuracy) return "";
  const double lost = *report.search->float_accuracy - report.search->reached;
  return printed("%.2f in float, %.2f in INT8: %.2f points %s", *report.search->float_accuracy,
                 report.search->reached, std::fabs(lost), lost >= 0.0 ? "lost" : "won");
}

void add_quantization(const CompileReport& report, const std::string& measure, TextTable* table) {
  const engine::QuantizeReport& quantized = report.quantization;
  if (quantized.layers.empty()) return;
  const Int8Share share = int8_share(quantized);
  table->add(
      {"precision", printed("INT8 in %zu of %zu convolutions, %.1f %% of their multiply-adds",
                            share.int8, share.all, 100.0 * share.of_work)});
  table->add({"in float", float_reasons(quantized)});
  table->add({"calibrated on", counted(quantized.frames, "image")});
  if (quantized.groups_declared > 0) {
    table->add(
        {"scales", printed("%zu from the model, %zu calibrated (%zu because it has several for "
                           "what Pawl keeps together)",
                           quantized.groups_declared, quantized.groups_calibrated,
                           quantized.groups_differing)});
  }
  table->add({"outputs' SQNR",
              db_text(report.error.sqnr_db) + " on " + counted(report.error.frames, "image")});
  table->add({"worst layers", worst_layers(quantized)});
  if (!measure.empty()) table->add({"accuracy", accuracy_text(report) + " (" + measure + ")"});
  if (report.search && report.search->bounded()) {
    table->add({"search", search_text(*report.search, !measure.empty())});
  }
}

TextTable layer_table(const CompileReport& report) {
  TextTable table({"layer", "precision", "MMAC", "weights", "output", "seen", "kept", "why float"});
  for (const QuantizedLayer& layer : report.quantization.layers) {
    const auto range = [](float low, float high) {
      return printed("%.3g .. %.3g", static_cast<double>(low), static_cast<double>(high));
    };
    table.add({layer.node, layer.int8 ? "INT8" : "float",
               printed("%.1f", static_cast<double>(layer.multiply_adds) / 1e6),
               layer.int8 ? db_text(layer.weight_sqnr_db) : "",
               layer.output_sqnr_db ? db_text(*layer.output_sqnr_db) : "",
               range(layer.seen.low, layer.seen.high),
               layer.u8 ? range(layer.clip_low, layer.clip_high) : "all of it", layer.reason});
  }
  return table;
}

Json quantization_json(const CompileReport& report, const std::string& measure) {
  Json layers = Json::array();
  for (const QuantizedLayer& layer : report.quantization.layers) {
    layers.push_back({{"name", layer.node},
                      {"int8", layer.int8},
                      {"reason", layer.reason},
                      {"multiply_adds", layer.multiply_adds},
                      {"weight_sqnr_db", layer.int8 ? rounded(layer.weight_sqnr_db, 2) : nullptr},
                      {"output_sqnr_db", optional_number(layer.output_sqnr_db, 2)}});
  }
  const Int8Share share = int8_share(report.quantization);
  Json json = {{"calibration_images", report.quantization.frames},
               {"int8_layers", share.int8},
               {"layers", std::move(layers)},
               {"sqnr_db", rounded(report.error.sqnr_db, 2)},
               {"warnings", report.quantization.warnings}};
  if (!measure.empty()) {
    json["accuracy"] = {{"measure", measure},
                        {"float", rounded(*report.search->float_accuracy, 4)},
                        {"int8", rounded(report.search->reached, 4)}};
  }
  if (report.search) json["search"] = search_json(*report.search);
  return json;
}

}  // namespace pawl::program
