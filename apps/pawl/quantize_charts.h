// The drawings of the INT8 report: SVG elements, coloured by the page's style sheet.
#pragma once

#include <string>
#include <string_view>

#include "engine/compile/compiler.h"

namespace pawl::program {

// Text of an element or a quoted attribute.
std::string escaped(std::string_view text);

// "good" from 25 dB on, "fair" from 10 dB on, "poor": classes of the style sheet.
const char* quality(double sqnr_db);

// What a layer gives on the calibration images, counts on a logarithmic scale; what the 256 levels
// cut off is shaded.
std::string histogram_svg(const engine::QuantizedLayer& layer);

// Every layer's signal-to-noise ratio, in the order they run.
std::string profile_svg(const engine::QuantizeReport& report);

// What was tried: estimated time against the signal-to-noise ratio of the outputs. `points`: the
// bound counts points of accuracy, not decibels.
std::string search_svg(const engine::SearchResult& search, bool points);

}  // namespace pawl::program
