#include "engine/onnx/model_inputs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/graph/exported_size.h"
#include "engine/graph/inference.h"
#include "platform/frame.h"

namespace pawl::engine::onnx {
namespace {

std::string text_of(InputSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

bool is_channels(const std::optional<int64_t>& extent) {
  return extent && (*extent == 1 || *extent == 3 || *extent == 4);
}

bool in_range(InputSize size) {
  return size.width >= 1 && size.height >= 1 && size.width <= platform::kImageSideMax &&
         size.height <= platform::kImageSideMax;
}

Result<Shape> fix_other(const OnnxInput& input) {
  Shape shape;
  for (size_t d = 0; d < input.shape.size(); ++d) {
    if (!input.shape[d] && d > 0) {
      return Error{Code::kUnsupported, "input \"" + input.name + "\": dimension " +
                                           std::to_string(d) +
                                           " is dynamic; export the model with it fixed"};
    }
    shape.push_back(d == 0 && !input.shape[d] ? 1 : *input.shape[d]);
  }
  return shape;
}

// The numbers of one of Paddle's inputs, pairs of height and width; none if it is not one.
std::optional<Tensor> paddle_constant(const OnnxInput& input, const Shape& shape, InputSize size) {
  const bool scale = input.name == "scale_factor";
  if (!scale && input.name != "im_shape") return std::nullopt;
  if (input.dtype != DType::kFloat32 || shape.empty() || shape.back() != 2) return std::nullopt;
  Tensor tensor(DType::kFloat32, shape);
  const std::span<float> numbers = tensor.as<float>();
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int64_t side = i % 2 == 0 ? size.height : size.width;
    numbers[i] = scale ? 1.0F : static_cast<float>(side);
  }
  return tensor;
}

}  // namespace

Status ModelInputs::add(const OnnxModel& model, const std::set<std::string_view>& read,
                        GraphBuilder* builder) {
  Graph& graph = builder->graph();
  const auto first_image = [&model](const auto& also) {
    return std::find_if(model.inputs.begin(), model.inputs.end(), [&also](const OnnxInput& input) {
      return input.shape.size() == 4 && also(input);
    });
  };
  auto image = first_image([&read](const OnnxInput& input) { return read.count(input.name) > 0; });
  if (image == model.inputs.end()) image = first_image([](const OnnxInput&) { return true; });
  const bool has_image = image != model.inputs.end();
  if (options_.input && !has_image) {
    return Error{Code::kInvalidArgument,
                 "--input is of no use: no input of the model has four dimensions"};
  }
  Shape image_shape;
  if (has_image) image_shape = PAWL_TRY(fix_image(*image, model, &graph));
  for (auto input = model.inputs.begin(); input != model.inputs.end(); ++input) {
    const bool beside = has_image && input != image;
    const std::string quoted = "input \"" + input->name + "\"";
    if (beside && read.count(input->name) == 0) {
      graph.assumptions.push_back(quoted + " is ignored: no output depends on it");
      continue;
    }
    Shape shape = input == image ? image_shape : PAWL_TRY(fix_other(*input));
    PAWL_TRY(check_type({input->dtype, shape}).context(quoted));
    if (std::optional<Tensor> known =
            beside ? paddle_constant(*input, shape, size_) : std::nullopt) {
      graph.assumptions.push_back(
          quoted + (input->name == "im_shape"
                        ? " is taken as the size of the network's input, " + text_of(size_)
                        : " is taken as 1: boxes stay in pixels of the network's input"));
      builder->bind(input->name, graph.add_constant(input->name, std::move(*known)));
      continue;
    }
    const ValueId id = graph.add_value(input->name, input->dtype, std::move(shape));
    graph.inputs.push_back(id);
    builder->bind(input->name, id);
  }
  return {};
}

// The size for an image whose height or width is open; none where both are fixed.
Result<std::optional<InputSize>> ModelInputs::size_of_open(const OnnxInput& input,
                                                           const OnnxModel& model, size_t height,
                                                           Graph* graph) {
  const auto& h = input.shape[height];
  const auto& w = input.shape[height + 1];
  if (h && w) return std::optional<InputSize>();
  const std::optional<InputSize> noted = exported_size(model.metadata);
  if (!noted || !in_range(*noted) || h.value_or(noted->height) != noted->height ||
      w.value_or(noted->width) != noted->width) {
    return Error{Code::kInvalidArgument, "input \"" + input.name +
                                             "\" has a dynamic height or width; fix it with "
                                             "--input WxH, for example --input 640x640"};
  }
  graph->assumptions.push_back("height and width are open in the file and taken as " +
                               text_of(*noted) +
                               ", the imgsz of its metadata; --input WxH changes it");
  return noted;
}

Result<Shape> ModelInputs::fix_image(const OnnxInput& input, const OnnxModel& model, Graph* graph) {
  // NHWC only where the channels can be nowhere else.
  const bool last = !is_channels(input.shape[1]) && is_channels(input.shape[3]);
  const size_t channels = last ? 3 : 1;
  const size_t height = last ? 1 : 2;
  const size_t width = height + 1;
  const auto& h = input.shape[height];
  const auto& w = input.shape[width];
  batch_ = input.shape[0].value_or(1);
  if (batch_ > 1) {
    hint_ = "the model takes " + std::to_string(batch_) +
            " images at once: if that is the cause, export it with batch 1";
  }
  Shape shape = {batch_, 1, 1, 1};
  shape[channels] = input.shape[channels].value_or(3);
  if (options_.input) {
    size_ = *options_.input;
    if (!in_range(size_)) {
      return Error{Code::kInvalidArgument, "the input size " + text_of(size_) +
                                               " is out of range (1 to " +
                                               std::to_string(platform::kImageSideMax) + ")"};
    }
    if (h && w && (*h != size_.height || *w != size_.width)) {
      PAWL_TRY(replace_fixed({*w, *h}, size_));
    }
  } else {
    const auto open = PAWL_TRY(size_of_open(input, model, height, graph));
    size_ = open ? *open : InputSize{.width = *w, .height = *h};
  }
  shape[height] = size_.height;
  shape[width] = size_.width;
  return shape;
}

Status ModelInputs::replace_fixed(InputSize fixed, InputSize wanted) {
  // Anchors baked into the file have the right length, and the wrong values, at a size of equal
  // area. Nothing later would notice.
  const bool alike = static_cast<double>(fixed.width) * static_cast<double>(fixed.height) ==
                     static_cast<double>(wanted.width) * static_cast<double>(wanted.height);
  hint_ = "the model was exported for " + text_of(fixed) + " only: use --input " + text_of(fixed) +
          ", or export it at " + text_of(wanted) + " or with dynamic axes";
  if (alike) return Error{Code::kInvalidArgument, hint_};
  return {};
}

}  // namespace pawl::engine::onnx
