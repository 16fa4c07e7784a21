// What a model is: the shapes of its input and outputs, its metadata, what its nodes do to the
// pixels first and to the outputs last, and what the user said. Nothing is decided against what
// the file says; where it leaves several readings, the error lists them. Everything that had to be
// assumed is reported, one line each.
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
enum class OutputActivation : uint8_t { kUnknown, kNone, kSigmoid };

// Numbers next to each other along an axis of an output that were computed alike.
struct OutputPart {
  enum class Source : uint8_t {
    kUnknown,      // mixed, or by operators that hide it
    kConvolution,  // nothing behind a convolution
    kSigmoid,      // nothing behind a sigmoid
    kArithmetic,
    kConstant,  // the same for every image
    kIndex,     // whole numbers: an index of TopK, ArgMax and the like
  };
  int64_t extent = 0;
  Source source = Source::kUnknown;
  bool whole = false;  // all channels of a convolution, or of one on each level
};
using AxisParts = std::vector<OutputPart>;  // their extents sum to that of the axis

struct OutputOutline {
  std::string name;
  std::vector<int64_t> shape;
  OutputActivation activation = OutputActivation::kUnknown;
  // Between the output and the last convolutions or matrix products in front of it:
  std::vector<AxisParts> parts = {};  // of each axis; empty: unknown
  bool exp = false;                   // an Exp: a decoded YOLOX has one, its usual export has not
  bool ranked = false;                // a TopK
  bool rotated = false;               // a sine or cosine
};

// What the network does to pixels before its first layer.
struct PixelUse {
  enum class Range : uint8_t {
    kUnknown,  // nothing, or nothing that tells
    kBytes,    // expects 0..255 and scales it
    kUnit,     // expects 0..1 and normalises it
  };
  Range range = Range::kUnknown;
  std::string words;      // "the network divides them by 255 itself"
  bool reversed = false;  // the order of three channels
};

// The parts of a model that recognition looks at; all of it untrusted.
struct ModelOutline {
  std::string input_name;
  std::vector<int64_t> input_shape;  // (1, C, H, W)
  PixelUse pixels;
  std::vector<OutputOutline> outputs;
  std::map<std::string, std::string> metadata;
  int64_t exported_width = 0, exported_height = 0;  // as the metadata says; 0: unknown
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
