// The INT8 report: one HTML file without scripts or references, for whoever decides whether to
// trust an INT8 model.
#pragma once

#include <string>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"

namespace pawl::program {

struct QuantizePage {
  std::string model;    // file name
  std::string measure;  // what accuracy means; empty where it was not measured
  const engine::CompileReport& report;
  const engine::Artifact& artifact;
};

// Well-formed as XML too, so that any parser reads it.
std::string quantize_page(const QuantizePage& page);

}  // namespace pawl::program
