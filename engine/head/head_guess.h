// What a model is, from the outside: the shapes of its input and outputs, its metadata, and what
// the user said. Everything that had to be assumed is reported, one line each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/detect/head.h"
#include "engine/detect/level_binding.h"
#include "engine/head/overrides.h"
#include "platform/result.h"

namespace pawl::engine {

// Whether an output passed a sigmoid after its last convolution.
enum class Activation : uint8_t { kUnknown, kNone, kSigmoid };

struct OutputOutline {
  std::string name;
  std::vector<int64_t> shape;
  Activation activation = Activation::kUnknown;
};

// The parts of a model that recognition looks at; all of it untrusted.
struct ModelOutline {
  std::string input_name;
  std::vector<int64_t> input_shape;  // (1, C, H, W)
  std::vector<OutputOutline> outputs;
  std::map<std::string, std::string> metadata;
  bool has_exp = false;  // an Exp node anywhere: tells a decoded YOLOX from the usual export
};

struct HeadGuess {
  HeadSpec head;
  PreprocessSpec pre;
  std::string family;                // of head_families()
  std::vector<LevelBinding> levels;  // outputs by their number in the outline; empty for "none"
  std::vector<std::string> labels;   // as many as head.classes
  std::vector<std::string> assumptions;
};

// kUnsupported: not a detector, or none of the families. kInvalidArgument: overrides that do not
// fit the model (their message names the way out).
platform::Result<HeadGuess> guess_head(const ModelOutline& model, const HeadOverrides& overrides);

}  // namespace pawl::engine
