#include "apps/pawl/quantize_charts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "apps/pawl/quantize_summary.h"
#include "apps/pawl/text.h"

namespace pawl::program {
namespace {

using engine::QuantizedLayer;

constexpr double kDbShown = 60.0;  // more is drawn as this much

double shown_db(double db) {
  return std::isnan(db) ? 0.0 : std::clamp(db, 0.0, kDbShown);
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return printed("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", kind, x1,
                 y1, x2, y2);
}

std::string label(const char* kind, double x, double y, const std::string& text) {
  return printed("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", kind, x, y) + escaped(text) +
         "</text>";
}

std::string open_svg(const char* kind, double width, double height, const std::string& what) {
  return printed("<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", kind,
                 width, height) +
         escaped(what) + "\">";
}

// Heights 0 to 1 of `columns` columns: the logarithm of their counts.
std::vector<double> log_columns(const engine::Histogram& histogram, size_t columns) {
  std::vector<double> heights(columns, 0.0);
  for (size_t i = 0; i < engine::kHistogramBins; ++i) {
    heights[i * columns / engine::kHistogramBins] += histogram.count[i];
  }
  double top = 1.0;
  for (double& height : heights) {
    height = std::log10(1.0 + height);
    top = std::max(top, height);
  }
  for (double& height : heights) height /= top;
  return heights;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return safe;
}

const char* quality(double sqnr_db) {
  if (sqnr_db >= 25.0) return "good";
  return sqnr_db >= 10.0 ? "fair" : "poor";
}

std::string histogram_svg(const QuantizedLayer& layer) {
  constexpr double kWidth = 260.0;
  constexpr double kHeight = 44.0;
  constexpr size_t kColumns = 104;
  const double low = layer.seen.low;
  const double high = layer.seen.high;
  std::string svg =
      open_svg("histogram", kWidth, kHeight, "histogram of what " + layer.node + " gives");
  if (!(high > low)) return svg + label("note", 4.0, 27.0, "nothing but 0") + "</svg>";
  const auto x_of = [&](double value) {
    return std::clamp((value - low) / (high - low), 0.0, 1.0) * kWidth;
  };
  std::string area = printed("M0 %.0f", kHeight);
  const std::vector<double> heights = log_columns(layer.seen, kColumns);
  for (size_t i = 0; i < kColumns; ++i) {
    const double y = kHeight - heights[i] * (kHeight - 4.0);
    area += printed("V%.1fH%.1f", y, kWidth * static_cast<double>(i + 1) / kColumns);
  }
  svg += "<path class=\"" + std::string(layer.u8 ? "int8" : "float") + "\" d=\"" + area +
         printed("V%.0fZ\"/>", kHeight);
  svg += line("zero", x_of(0.0), 0.0, x_of(0.0), kHeight);
  const double from = x_of(layer.clip_low);
  const double to = x_of(layer.clip_high);
  if (from > 0.05) {
    svg += printed("<rect class=\"cut\" x=\"0\" y=\"0\" width=\"%.1f\" height=\"%.0f\"/>", from,
                   kHeight);
    svg += line("clip", from, 0.0, from, kHeight);
  }
  if (to < kWidth - 0.05) {
    svg += printed("<rect class=\"cut\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%.0f\"/>", to,
                   kWidth - to, kHeight);
    svg += line("clip", to, 0.0, to, kHeight);
  }
  return svg + "</svg>";
}

std::string profile_svg(const engine::QuantizeReport& report) {
  constexpr double kWidth = 1120.0;
  constexpr double kHeight = 250.0;
  constexpr double kLeft = 44.0;
  constexpr double kTop = 12.0;
  constexpr double kBottom = 222.0;
  std::string svg = open_svg("chart", kWidth, kHeight, "signal-to-noise ratio of every layer");
  const auto y_of = [](double db) { return kBottom - shown_db(db) / kDbShown * (kBottom - kTop); };
  for (const double db : {0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0}) {
    svg += line(db == 0.0 ? "axis" : "grid", kLeft, y_of(db), kWidth, y_of(db));
    svg += label("tick end", kLeft - 8.0, y_of(db) + 4.0, printed("%.0f", db));
  }
  const double step =
      (kWidth - kLeft) / static_cast<double>(std::max<size_t>(1, report.layers.size()));
  for (size_t i = 0; i < report.layers.size(); ++i) {
    const QuantizedLayer& layer = report.layers[i];
    if (!layer.output_sqnr_db) continue;
    const double y = y_of(*layer.output_sqnr_db);
    svg +=
        printed("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
                layer.int8 ? "int8" : "float", kLeft + step * static_cast<double>(i), y,
                std::max(1.0, step - 2.0), std::max(1.0, kBottom - y)) +
        escaped(layer.node + ": " + db_text(*layer.output_sqnr_db)) + "</title></rect>";
  }
  svg += label("tick", kLeft, kHeight - 8.0, "first layer");
  svg += label("tick end", kWidth, kHeight - 8.0, "last layer");
  return svg + "</svg>";
}

std::string search_svg(const engine::SearchResult& search, bool points) {
  constexpr double kWidth = 640.0;
  constexpr double kHeight = 300.0;
  constexpr double kLeft = 58.0;
  constexpr double kRight = 616.0;
  constexpr double kTop = 16.0;
  constexpr double kBottom = 254.0;
  double least_db = kDbShown;
  double most_db = 0.0;
  double most_ms = search.float_estimated_ms;
  for (const engine::SearchPoint& point : search.path) {
    least_db = std::min(least_db, shown_db(point.sqnr_db));
    most_db = std::max(most_db, shown_db(point.sqnr_db));
    most_ms = std::max(most_ms, point.estimated_ms);
  }
  if (!points) {
    least_db = std::min(least_db, shown_db(search.required));
    most_db = std::max(most_db, shown_db(search.required));
  }
  least_db = std::floor(least_db / 5.0) * 5.0;
  most_db = std::max(least_db + 10.0, std::ceil(most_db / 5.0 + 0.2) * 5.0);
  const auto x_of = [&](double ms) { return kLeft + ms / most_ms * (kRight - kLeft); };
  const auto y_of = [&](double db) {
    return kBottom - (shown_db(db) - least_db) / (most_db - least_db) * (kBottom - kTop);
  };
  std::string svg = open_svg("chart", kWidth, kHeight, "plans tried: time against accuracy");
  for (double db = least_db; db <= most_db; db += 5.0) {
    svg += line(db == least_db ? "axis" : "grid", kLeft, y_of(db), kRight, y_of(db));
    svg += label("tick end", kLeft - 8.0, y_of(db) + 4.0, printed("%.0f", db));
  }
  for (int i = 0; i <= 4; ++i) {
    const double ms = most_ms * i / 4.0;
    svg += label("tick middle", x_of(ms), kBottom + 18.0, printed("%.1f", ms));
  }
  svg += label("tick middle", (kLeft + kRight) / 2.0, kHeight - 8.0, "estimated ms a frame");
  svg += label("tick", 4.0, 12.0, "dB");
  if (!points) {
    svg += line("bound", kLeft, y_of(search.required), kRight, y_of(search.required));
    svg += label("tick boundtext", kLeft + 6.0, y_of(search.required) - 6.0, "asked for");
  }
  const double plain = x_of(search.float_estimated_ms);
  svg += line("plain", plain, kTop, plain, kBottom);
  svg += label("tick end", plain - 6.0, kTop + 10.0, "float");
  std::string path;
  for (const engine::SearchPoint& point : search.path) {
    path += printed("%s%.1f %.1f", path.empty() ? "M" : "L", x_of(point.estimated_ms),
                    y_of(point.sqnr_db));
  }
  svg += "<path class=\"trail\" d=\"" + path + "\"/>";
  for (const engine::SearchPoint& point : search.path) {
    const bool met = point.measured && *point.measured >= search.required;
    const char* kind = !point.measured ? "skipped" : (met ? "met" : "missed");
    svg += printed("<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"><title>", kind,
                   x_of(point.estimated_ms), y_of(point.sqnr_db)) +
           escaped(layers_text(static_cast<size_t>(point.float_layers)) +
                   " kept in float: " + db_text(point.sqnr_db)) +
           "</title></circle>";
  }
  return svg + "</svg>";
}

}  // namespace pawl::program
