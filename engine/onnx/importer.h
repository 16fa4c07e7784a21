// ONNX file -> Graph in canonical form (engine/graph/op.h).
//
// Opsets 7 to 23 of the default domain. Every shape becomes static, constants are
// folded, no-ops disappear. A value keeps the name that the file gives it; values that the importer
// adds are named after the output they lead to, with a suffix.
//
// Quantized files (QDQ, QLinear* with those of com.microsoft, ConvInteger and MatMulInteger) become
// the float network that they approximate: weights are codes times scales, activations are not
// rounded, and the scales that the file gives to activations stay with their values
// (Value::declared). Graph::assumptions says so, Graph::warnings names scales that cannot be meant.
//
// The graph takes one image, as planes of floats: files for a batch, with channels last or for
// bytes are rewritten where that gives the same results (single_frame.h, image_input.h); so are
// inputs beside the image (model_inputs.h). Graph::assumptions says so.
//
// Errors are one line and name the node, its operator and opset, and what is not supported:
//   node "/model.22/Foo" (operator Foo, opset 17): attribute "bar" is not known
// kNotFound/kIo: the file. kCorrupt: not ONNX, or it contradicts itself. kUnsupported: valid, but
// not for Pawl. kExhausted: above a limit (kTensorBytesMax a tensor). kInvalidArgument: options
// that do not fit the model. The bytes are not trusted: no input makes this crash, or allocate more
// than a small multiple of the file and the limits on folding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "engine/graph/graph.h"

namespace pawl::engine {

struct ImportOptions {
  // Fixes height and width of the image input (the first of four dimensions) where they are
  // dynamic and the metadata's imgsz is not meant, and replaces them where they are not, if the
  // graph allows.
  std::optional<InputSize> input;
  int64_t file_bytes_max = (int64_t{1} << 31) - 1;  // what protobuf can address
};

Result<Graph> import_onnx(const std::filesystem::path& path, const ImportOptions& options = {});
Result<Graph> import_onnx(std::span<const std::byte> bytes, const std::string& name_for_messages,
                          const ImportOptions& options = {});

}  // namespace pawl::engine
