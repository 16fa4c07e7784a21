// Which convolutions may run on 8 bits and which values are then stored so: what follows from the
// graph alone, before any number is measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/detect/head.h"
#include "engine/graph/graph.h"

namespace pawl::engine {

// Convolutions that stay float, by node index, and why.
using KeptFloat = std::map<int32_t, std::string>;

struct Precision {
  std::vector<bool> int8;       // by node: a convolution on 8-bit weights
  std::vector<bool> u8;         // by ValueId: stored on 8 bits
  std::vector<bool> equalized;  // by ValueId: u8, its channels may be multiplied one by one
};

class PrecisionRules {
 public:
  // Borrows the graph (optimised). `float_nodes`: names of convolutions to keep in float.
  PrecisionRules(const Graph& graph, const PreprocessSpec& pre,
                 const std::vector<std::string>& float_nodes);

  // Convolutions that never run on 8 bits.
  const KeptFloat& refused() const { return refused_; }
  // Values that concat, split, pooling, nearest resize and shuffles join carry the same number,
  // counted from 0; they are quantized alike or not at all. -1: a constant. By ValueId.
  const std::vector<int32_t>& group() const { return group_; }
  int32_t group_count() const { return group_count_; }
  // Groups whose scale is given: their values are not equalized. By group, or empty.
  void keep_scales(std::vector<bool> given) { given_ = std::move(given); }
  // Whether the value, which convolutions alone read, is read by depthwise or grouped ones only.
  bool read_by_groups(ValueId id) const;

  // Every convolution on 8 bits but the refused and the kept. The kept read and write float: a
  // value that one of them reads is not stored on 8 bits, though others that read it may quantize
  // it for themselves. Keeping more makes no value u8 that was not, and none equalized.
  Precision choose(const KeptFloat& kept) const;

 private:
  void join_values();
  std::vector<bool> u8_groups(const std::vector<bool>& int8, const KeptFloat& kept) const;
  bool may_be_equalized(const Node& node, const Precision& precision) const;

  const Graph& graph_;
  Uses uses_;
  KeptFloat refused_;
  std::vector<int32_t> group_;
  int32_t group_count_ = 0;
  std::vector<int32_t> members_;  // values of each group
  std::vector<bool> given_;       // by group
};

}  // namespace pawl::engine
