// What a file's inputs become before its nodes are read. The image is the first input of four
// dimensions that is read. Beside it Paddle's exporter asks for `scale_factor` (frame to input, 1 here: boxes
// stay in pixels of the input) and `im_shape` (the input's size): both are constants. An input that
// no output depends on is left out. Any other stays an input of the graph.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/onnx/graph_builder.h"
#include "engine/onnx/importer.h"

namespace pawl::engine::onnx {

class ModelInputs {
 public:
  explicit ModelInputs(const ImportOptions& options) : options_(options) {}

  // Adds them to the graph, with what was assumed. `read`: names that nodes read or that leave the
  // graph.
  Status add(const OnnxModel& model, const std::set<std::string_view>& read, GraphBuilder* builder);

  int64_t batch() const { return batch_; }  // images that the file takes at once

  // What to say after an error if a fixed size was replaced or the batch is above 1; else empty.
  const std::string& hint() const { return hint_; }

 private:
  Result<Shape> fix_image(const OnnxInput& input, const OnnxModel& model, Graph* graph);
  Result<std::optional<InputSize>> size_of_open(const OnnxInput& input, const OnnxModel& model,
                                                size_t height, Graph* graph);
  Status replace_fixed(InputSize fixed, InputSize wanted);

  const ImportOptions& options_;
  InputSize size_;  // of the image, once fixed
  int64_t batch_ = 1;
  std::string hint_;
};

}  // namespace pawl::engine::onnx
