// A graph's nodes while spell_out() writes them anew. Used by spell_out*.cpp only.
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/graph/graph.h"

namespace pawl::engine {

using Attributes = std::map<std::string, Attribute, std::less<>>;

class Spelling {
 public:
  explicit Spelling(Graph* graph);
  int32_t run();

 private:
  // Appends a node, or what it is spelled as.
  void place(Node node);
  bool spelled(const Node& node);

  // A node that stands for a part of `of`, with one new output.
  ValueId add(const Node& of, Op op, std::vector<ValueId> inputs, Attributes attributes = {},
              const Shape* extents = nullptr);
  // The last one, which writes what `of` does.
  bool finish(const Node& of, Op op, std::vector<ValueId> inputs, Attributes attributes = {});

  ValueId constant(const Node& of, Tensor tensor);
  ValueId scalar(const Node& of, float value);
  ValueId whole_numbers(const Node& of, const Shape& shape, const std::vector<int64_t>& values);
  ValueId reshaped(const Node& of, ValueId x, const Shape& extents);
  ValueId expanded(const Node& of, ValueId x, const Shape& extents);
  ValueId transposed(const Node& of, ValueId x, const std::vector<int64_t>& perm);
  // `count` indices of an axis, from `start` in steps of `step`.
  ValueId sliced(const Node& of, ValueId x, size_t axis, int64_t start, int64_t count,
                 int64_t step = 1);

  // spell_out.cpp
  bool layer_normalization(const Node& node);
  bool batch_normalization(const Node& node);
  bool gelu(const Node& node);
  bool cast(const Node& node);
  bool where(const Node& node);
  bool tile(const Node& node);
  bool reduction(const Node& node);
  bool last_arg_max(const Node& node);
  bool top_k(const Node& node);
  bool gather_elements(const Node& node);
  bool matmul(const Node& node);

  // spell_out_windows.cpp
  bool conv(const Node& node);
  bool conv_transpose(const Node& node);
  bool pool(const Node& node);
  bool resize(const Node& node);
  bool image_by_image(const Node& node);
  ValueId windows(const Node& node, ValueId x);
  ValueId phase(const Node& node, int64_t row, int64_t column, int64_t OH, int64_t OW);

  const Shape& shape(ValueId id) const { return graph_.value(id).shape; }
  std::string fresh_name(const std::string& stem);

  Graph& graph_;
  std::vector<Node> nodes_;
  std::unordered_set<std::string> names_;
};

}  // namespace pawl::engine
