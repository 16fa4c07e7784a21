#include "apps/pawl/quantize_page.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "apps/pawl/quantize_charts.h"
#include "apps/pawl/quantize_style.h"
#include "apps/pawl/quantize_summary.h"
#include "apps/pawl/text.h"

namespace pawl::program {
namespace {

using engine::QuantizedLayer;
using engine::SearchPoint;
using engine::SearchResult;

std::string element(const char* name, const std::string& inside, const char* kind = "") {
  const std::string attribute = *kind == '\0' ? "" : " class=\"" + std::string(kind) + "\"";
  return "<" + std::string(name) + attribute + ">" + inside + "</" + name + ">\n";
}

std::string graded(double db) {
  return element("b", db_text(db), quality(db));
}

std::string tile(const std::string& number, const std::string& what) {
  return element("div", element("b", escaped(number)) + element("span", escaped(what)), "tile");
}

class Page {
 public:
  explicit Page(const QuantizePage& page)
      : page_(page), report_(page.report), quantized_(page.report.quantization) {}

  std::string str() const;

 private:
  std::string heading() const;
  std::string verdict() const;
  std::string tiles() const;
  std::string warnings() const;
  std::string profile() const;
  std::string search() const;
  std::string search_table(const SearchResult& search) const;
  std::string outputs() const;
  std::string layers() const;
  std::string layer_row(const QuantizedLayer& layer, double all_work) const;
  std::string provenance() const;
  std::string glossary() const;

  bool points() const { return !page_.measure.empty(); }
  std::string in_unit(double value) const {
    return points() ? printed("%.2f", value) : db_text(value);
  }

  const QuantizePage& page_;
  const engine::CompileReport& report_;
  const engine::QuantizeReport& quantized_;
};

std::string Page::heading() const {
  const engine::HeadRecord& head = page_.artifact.head();
  return element("header", element("p", "INT8 report") + element("h1", escaped(page_.model)) +
                               element("p", escaped(printed("%s, network input %dx%d, for %s",
                                                            report_.family.c_str(), head.width,
                                                            head.height, report_.target.c_str()))));
}

std::string Page::verdict() const {
  const Int8Share share = int8_share(quantized_);
  std::string text = printed("%zu of %zu convolutions run on 8 bits. ", share.int8, share.all);
  if (points()) {
    text += "mAP50-95 is " + accuracy_text(report_) + ". ";
  } else {
    text += "The outputs differ from the float network's by " +
            printed("%.1f %%", 100.0 * std::pow(10.0, -report_.error.sqnr_db / 20.0)) +
            " of their size (" + db_text(report_.error.sqnr_db) + "). ";
  }
  if (report_.search && report_.search->bounded()) {
    const size_t kept = report_.search->kept.size();
    text += kept == 0 ? "No layer had to be kept in float for it."
                      : layers_text(kept) + (kept == 1 ? " is" : " are") + " kept in float for it.";
  }
  return element("p", escaped(text), "verdict");
}

std::string Page::tiles() const {
  const Int8Share share = int8_share(quantized_);
  std::string inside =
      tile(printed("%.1f %%", 100.0 * share.of_work), "of the multiply-adds on 8 bits");
  if (points()) {
    const SearchResult& search = *report_.search;
    inside += tile(printed("%+.2f points", search.reached - *search.float_accuracy), page_.measure);
  }
  inside += tile(db_text(report_.error.sqnr_db),
                 "outputs' signal over error, " + counted(report_.error.frames, "image"));
  if (report_.search) {
    const SearchResult& search = *report_.search;
    inside += tile(printed("%.2f x", search.float_estimated_ms / search.estimated_ms),
                   printed("as fast as float, estimated: %.1f ms for %.1f ms", search.estimated_ms,
                           search.float_estimated_ms));
  }
  inside += tile(counted(quantized_.frames, "image"), "calibrated on");
  return element("div", inside, "tiles");
}

std::string Page::warnings() const {
  if (quantized_.warnings.empty()) return "";
  std::string lines;
  for (const std::string& line : quantized_.warnings) {
    lines += element("p", "Warning: " + escaped(line));
  }
  return element("div", lines, "warnings");
}

std::string Page::profile() const {
  return element("h2", "Error through the network") +
         element("p",
                 "Each layer's output in the INT8 plan against the same tensor of the float plan, "
                 "on the same images: signal over error in decibels, in the order the layers run. "
                 "A low bar in the middle matters if the bars behind it stay low.",
                 "lead") +
         profile_svg(quantized_) +
         element("p", element("span", "INT8", "key-int8") + element("span", "float", "key-float"),
                 "legend");
}

std::string Page::search_table(const SearchResult& search) const {
  std::string rows =
      element("tr", element("th", "in float", "n") + element("th", "outputs", "n") +
                        element("th", points() ? "mAP50-95" : "bound", "n") +
                        element("th", "estimated", "n") + element("th", "ran in", "n"));
  for (const SearchPoint& point : search.path) {
    if (!point.measured) continue;  // in the drawing
    const std::string measured = element("b", in_unit(*point.measured),
                                         *point.measured >= search.required ? "good" : "poor");
    rows += element("tr", element("td", std::to_string(point.float_layers), "n") +
                              element("td", db_text(point.sqnr_db), "n") +
                              element("td", measured, "n") +
                              element("td", printed("%.2f ms", point.estimated_ms), "n") +
                              element("td", printed("%.1f ms", point.median_ms), "n"));
  }
  rows +=
      element("tr", element("td", element("b", printed("%zu, chosen", search.kept.size())), "n") +
                        element("td", "", "n") +
                        element("td", element("b", in_unit(search.reached), "good"), "n") +
                        element("td", printed("%.2f ms", search.estimated_ms), "n") +
                        element("td", "", "n"));
  return element("table", rows);
}

std::string Page::search() const {
  if (!report_.search || !report_.search->bounded()) return "";
  const SearchResult& search = *report_.search;
  std::string text = printed("%zu plans were built and run. ", search.plans);
  if (points()) {
    text += "Float reaches " + printed("%.2f", *search.float_accuracy) + " (" + page_.measure +
            "), all layers on 8 bits " + printed("%.2f", search.all_int8) + "; at least " +
            printed("%.2f", search.required) + " was asked for.";
  } else {
    text += "With all layers on 8 bits the outputs have " + db_text(search.all_int8) +
            "; at least " + db_text(search.required) + " was asked for.";
  }
  text +=
      " Estimated times are a model of one core and decide; times it ran in were taken on the "
      "way, on whatever else this machine was doing.";
  return element("h2", "Search") + element("p", escaped(text), "lead") +
         element("div",
                 element("div", search_svg(search, points()) +
                                    element("p",
                                            element("span", "meets the bound", "key-met") +
                                                element("span", "misses it", "key-missed") +
                                                element("span", "not measured", "key-skipped"),
                                            "legend")) +
                     element("div", search_table(search), "scroll"),
                 "pair");
}

std::string Page::outputs() const {
  std::string rows =
      element("tr", element("th", "output") + element("th", "signal over error", "n"));
  for (const engine::PlanError::Output& output : report_.error.outputs) {
    rows += element("tr", element("td", escaped(output.name), "name") +
                              element("td", graded(output.sqnr_db), "n"));
  }
  return element("h2", "Outputs") +
         element("p",
                 escaped("The maps that boxes and scores are decoded from, on " +
                         counted(report_.error.frames, "image") + "."),
                 "lead") +
         element("div", element("table", rows), "narrow");
}

std::string Page::layer_row(const QuantizedLayer& layer, double all_work) const {
  const std::string name =
      escaped(layer.node) + (layer.reason.empty() ? "" : element("small", escaped(layer.reason)));
  std::string range = printed("%.3g .. %.3g", static_cast<double>(layer.seen.low),
                              static_cast<double>(layer.seen.high));
  if (layer.u8) {
    range += element("small", printed("kept %.3g .. %.3g", static_cast<double>(layer.clip_low),
                                      static_cast<double>(layer.clip_high)));
  }
  if (layer.equalized) range += element("small", "channels equalized");
  if (layer.silent()) range = element("b", "nothing but 0", "poor");
  return element("tr",
                 element("td", name, "name") +
                     element("td", element("span", layer.int8 ? "INT8" : "float",
                                           layer.int8 ? "mark int8" : "mark float")) +
                     element("td",
                             printed("%.1f %%", 100.0 * static_cast<double>(layer.multiply_adds) /
                                                    std::max(1.0, all_work)),
                             "n") +
                     element("td", layer.int8 ? graded(layer.weight_sqnr_db) : "", "n") +
                     element("td", layer.output_sqnr_db ? graded(*layer.output_sqnr_db) : "", "n") +
                     element("td", range, "n") + element("td", histogram_svg(layer)));
}

std::string Page::layers() const {
  double work = 0.0;
  for (const QuantizedLayer& layer : quantized_.layers) {
    work += static_cast<double>(layer.multiply_adds);
  }
  std::string rows;
  for (const QuantizedLayer& layer : quantized_.layers) rows += layer_row(layer, work);
  const std::string head = element(
      "tr", element("th", "layer") + element("th", "precision") + element("th", "work", "n") +
                element("th", "weights", "n") + element("th", "output", "n") +
                element("th", "seen, kept", "n") + element("th", "what it gives"));
  return element("h2", "Layers") +
         element("p",
                 "In the order they run. The drawing counts what the layer gave on the calibration "
                 "images, on a logarithmic scale; what lies in the red is cut off by the bounds "
                 "that lose least. The dashed line is zero.",
                 "lead") +
         element("div",
                 element("table", element("thead", head) + element("tbody", rows), "layers"));
}

std::string Page::provenance() const {
  std::string rows;
  for (const auto& [key, value] : page_.artifact.provenance()) {
    rows +=
        element("tr", element("td", escaped(key), "key") + element("td", escaped(value), "value"));
  }
  rows += element("tr", element("td", "artifact.sha256", "key") +
                            element("td", page_.artifact.digest_hex(), "value"));
  return element("h2", "Provenance") +
         element("p", "As it is stored in the artifact; pawl inspect prints it.", "lead") +
         element("table", rows);
}

std::string Page::glossary() const {
  const auto entry = [](const char* term, const char* meaning) {
    return element("dt", term) + element("dd", meaning);
  };
  return element("h2", "How to read this") +
         element(
             "dl",
             entry(
                 "signal over error",
                 "Power of the float tensor over power of the difference, in decibels: 20 dB is an "
                 "error of 10 % of the tensor's size, 30 dB of 3 %. Green from 25 dB on, "
                 "red below 10. How much a detector bears differs; accuracy on labelled "
                 "images is the proof.") +
                 entry("weights", "The same for the rounded weights of the layer.") +
                 entry("kept",
                       "The 256 levels span this. What is beyond is set to the nearest bound; "
                       "the bounds are those of least square error.") +
                 entry("channels equalized",
                       "Stored with a factor a channel, which the next layer's weights divide "
                       "away; numbers and drawing count them so multiplied.") +
                 entry("float", "These layers compute in 32-bit floating point."));
}

std::string Page::str() const {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n" +
         element("title", "INT8 report: " + escaped(page_.model)) +
         element("style", kQuantizeStyle) + "</head>\n<body>\n" +
         element("main", heading() + verdict() + tiles() + warnings() + profile() + search() +
                             outputs() + layers() + provenance() + glossary()) +
         "</body>\n</html>\n";
}

}  // namespace

std::string quantize_page(const QuantizePage& page) {
  return Page(page).str();
}

}  // namespace pawl::program
