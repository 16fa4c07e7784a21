// Proves that the table of step kinds is the one that docs/artifact-format.md states, in order and
// without holes, that numbers outside it are no kind, and that work and cost are counted.
#include "engine/artifact/step_kind.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "engine/artifact/step.h"
#include "engine/artifact/step_cost.h"

namespace pawl::engine {
namespace {

// Numbers in the first column of the format's table of kinds.
std::set<int> documented_kinds() {
  std::ifstream file(PAWL_SOURCE_DIR "/docs/artifact-format.md");
  std::set<int> kinds;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "| kind | name | integer | data |") inside = true;
    if (inside && line.empty()) break;
    if (inside && line.size() > 2 && line[2] >= '0' && line[2] <= '9') {
      kinds.insert(std::stoi(line.substr(2)));
    }
  }
  return kinds;
}

TEST(StepKind, IsTheTableOfTheFormat) {
  std::set<int> kinds;
  std::set<std::string> names;
  int last = 0;
  for (const StepKindInfo& info : step_kinds()) {
    const int kind = static_cast<int>(info.kind);
    EXPECT_GT(kind, last) << "out of order";
    last = kind;
    kinds.insert(kind);
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_STREQ(step_kind_name(info.kind), info.name);
    EXPECT_EQ(find_step_kind(info.kind), &info);
  }
  EXPECT_EQ(kinds, documented_kinds());
  for (int kind = 0; kind < 300; ++kind) {
    const bool known = kinds.count(kind) != 0;
    EXPECT_EQ(find_step_kind(static_cast<StepKind>(kind)) != nullptr, known) << kind;
  }
  EXPECT_STREQ(step_kind_name(static_cast<StepKind>(63)), "unknown");
}

// A tensor of an image; costs are counted from shapes alone.
TensorRecord image(int32_t C, int32_t H, int32_t W, Element element) {
  TensorRecord t{};
  t.layout = Layout::kNhwc;
  t.rank = 4;
  t.extent[0] = 1, t.extent[1] = C, t.extent[2] = H, t.extent[3] = W;
  t.element = element;
  return t;
}

TEST(StepKind, EveryKindCostsTimeAndMoreOfItCostsMore) {
  const std::vector<TensorRecord> small(3, image(16, 8, 8, Element::kFloat32));
  const std::vector<TensorRecord> large(3, image(32, 16, 16, Element::kFloat32));
  for (const StepKindInfo& info : step_kinds()) {
    StepRecord step{};
    step.kind = info.kind;
    step.input[0] = 0, step.input[1] = (info.inputs & 2U) != 0 ? 1 : -1, step.input[2] = -1;
    step.output[0] = 2, step.output[1] = (info.outputs & 2U) != 0 ? 1 : -1;
    std::fill(std::begin(step.integer), std::end(step.integer), 3);
    for (const kernels::Isa isa : {kernels::Isa::kScalar, kernels::Isa::kAvx2,
                                   kernels::Isa::kAvx512Vnni, kernels::Isa::kNeon}) {
      const double least = step_ns(small, step, isa);
      EXPECT_GT(least, 0.0) << info.name;
      EXPECT_GT(step_ns(large, step, isa), least) << info.name;
      EXPECT_LE(least, step_ns(small, step, kernels::Isa::kScalar)) << info.name;
    }
    EXPECT_EQ(step_multiply_adds(small, step) > 0, info.work != Work::kNone) << info.name;
  }
}

// 16 channels of 8x8 from 16: as the formulas of the contracts say.
TEST(StepKind, MultiplyAdds) {
  const std::vector<TensorRecord> tensors(2, image(16, 8, 8, Element::kUint8));
  const auto count = [&](StepKind kind, auto fields) {
    StepRecord step{};
    step.kind = kind;
    step.output[0] = 1;
    set_step_fields(fields, &step);
    return step_multiply_adds(tensors, step);
  };
  const ConvFields window{.KH = 3,
                          .KW = 5,
                          .stride_h = 1,
                          .stride_w = 1,
                          .pad_top = 1,
                          .pad_left = 2,
                          .dilation_h = 1,
                          .dilation_w = 1};
  EXPECT_EQ(count(StepKind::kConv, window), 16 * 64 * 16 * 15);
  EXPECT_EQ(count(StepKind::kConvU8, window), 16 * 64 * 16 * 15);
  EXPECT_EQ(count(StepKind::kDepthwise, window), 16 * 64 * 15);
  EXPECT_EQ(count(StepKind::kDepthwiseU8, window), 16 * 64 * 15);
  EXPECT_EQ(count(StepKind::kWinograd, WinogradFields{}), 16 * 64 * 16 * 9);
  EXPECT_EQ(
      count(StepKind::kMatmul,
            MatmulFields{
                .batch = 2, .M = 3, .K = 5, .N = 7, .a_batch_stride = 0, .b_batch_stride = 0}),
      2 * 3 * 5 * 7);
  EXPECT_EQ(count(StepKind::kAttention, AttentionFields{.heads = 2,
                                                        .D = 3,
                                                        .VD = 5,
                                                        .q_offset = 0,
                                                        .k_offset = 0,
                                                        .v_offset = 0,
                                                        .head_stride = 0}),
            2 * 64 * 64 * 8);
  ConvFields huge{};
  huge.KH = huge.KW = int64_t{1} << 40;
  EXPECT_EQ(count(StepKind::kConv, huge), int64_t{9'000'000'000'000'000'000});
}

}  // namespace
}  // namespace pawl::engine
