// What --int8 did, for the terminal: a few lines, a table of layers, JSON.
#pragma once

#include <string>

#include "apps/pawl/json.h"
#include "apps/pawl/text.h"
#include "engine/compile/compiler.h"

namespace pawl::program {

// Convolutions on 8 bits of all, and their share of the multiply-adds.
struct Int8Share {
  size_t int8 = 0, all = 0;
  double of_work = 0.0;  // 0 to 1
};
Int8Share int8_share(const engine::QuantizeReport& report);

std::string db_text(double db);          // "27.7 dB"; "exact"
std::string layers_text(size_t layers);  // "1 layer", "3 layers"

// "43.07 in float, 42.90 in INT8: 0.17 points lost"; empty where it was not measured.
std::string accuracy_text(const engine::CompileReport& report);

// Rows of the summary table; none for a float plan. `measure`: what accuracy means, or empty.
void add_quantization(const engine::CompileReport& report, const std::string& measure,
                      TextTable* table);
TextTable layer_table(const engine::CompileReport& report);
Json quantization_json(const engine::CompileReport& report, const std::string& measure);

}  // namespace pawl::program
