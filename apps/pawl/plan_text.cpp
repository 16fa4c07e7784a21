#include "apps/pawl/plan_text.h"

#include <cstddef>

namespace pawl::program {
namespace {

const engine::TensorRecord& tensor_at(const engine::Artifact& artifact, int32_t index) {
  return artifact.tensors()[static_cast<size_t>(index)];
}

}  // namespace

const char* precision_name(const engine::Artifact& artifact) {
  for (const engine::TensorRecord& tensor : artifact.tensors()) {
    if (tensor.element == engine::Element::kUint8) return "int8";
  }
  return is_cuda(artifact.plan()) ? "float16" : "float32";
}

std::string tensor_shape(const engine::Artifact& artifact, int32_t tensor) {
  if (tensor < 0) return "-";
  const engine::TensorRecord& record = tensor_at(artifact, tensor);
  std::string text;
  for (size_t i = 0; i < record.rank; ++i) {
    text += (i == 0 ? "" : "x") + std::to_string(record.extent[i]);
  }
  return text.empty() ? "scalar" : text;
}

}  // namespace pawl::program
