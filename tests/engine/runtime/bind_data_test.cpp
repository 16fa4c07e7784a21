// Proves that binding takes a data block only where all of it lies in the weights, to the byte, and
// that no entry of a table, whichever, may point outside the image it selects from.
#include <cstdint>

#include "kernels/conv.h"
#include "kernels/conv_u8.h"
#include "kernels/winograd.h"
#include "tests/engine/runtime/bound_steps.h"

namespace pawl::engine {
namespace {

using test::BoundSteps;

constexpr int32_t kSide = 16, kChannels = 16;  // of the golden plan's maps

struct DataBlock {
  const char* step;
  int index;
  size_t bytes;  // as engine/artifact/step.h and the kernels' headers lay it out
};

std::vector<DataBlock> data_blocks() {
  const size_t conv = kernels::packed_conv_floats(kChannels, 3, 3, 3) * sizeof(float);
  const size_t dense_u8 = kernels::packed_conv_u8_bytes(kChannels, 2 * kChannels, 3, 3);
  const size_t narrow_u8 = kernels::packed_conv_u8_bytes(5, kChannels, 1, 1);
  const size_t winograd = kernels::packed_winograd_floats(8, 4) * sizeof(float);
  return {{"stem", 0, conv},
          {"stem", 1, 16 * 4},
          {"depthwise", 0, 9 * kChannels * 4},
          {"depthwise", 1, kChannels * 4},
          {"winograd", 0, winograd},
          {"winograd", 1, 16 * 4},
          {"resize", 0, 2 * 3 * kSide * 4},
          {"shuffle", 0, kChannels * 4},
          {"conv_u8", 0, dense_u8},
          {"conv_u8", 1, 16 * 4},
          {"conv_u8", 2, 2 * 16 * 4 + 64},  // scales, inverse scales, padding bytes
          {"conv_u8_to_float", 0, narrow_u8},
          {"conv_u8_to_float", 1, 16 * 4},
          {"conv_u8_to_float", 2, 2 * 16 * 4 + 64},
          {"depthwise_u8", 0, 9 * kChannels},
          {"depthwise_u8", 1, 16 * 4},
          {"depthwise_u8", 2, 2 * 16 * 4},
          {"copy_u8", 0, kChannels * 4},
          {"nearest_u8", 0, 2 * kSide * 4},
          {"table_u8", 0, 256}};
}

TEST(BindData, ABlockLiesInTheWeightsToItsLastByte) {
  const Plan golden = golden_plan();
  for (const DataBlock& block : data_blocks()) {
    const size_t s = test::step_named(golden, block.step);
    const uint64_t from = golden.steps[s].data[block.index];
    ASSERT_NE(from, kNoData) << block.step;
    ASSERT_LE(from + block.bytes, golden.weights.size()) << block.step;
    const std::string what = std::string(block.step) + " data " + std::to_string(block.index);
    // A copy of the block is the last thing in the weights: whole, and one byte short.
    for (const size_t missing : {0, 1}) {
      Plan plan = golden;
      plan.weights.resize((plan.weights.size() + 63) / 64 * 64);
      const size_t at = plan.weights.size();
      plan.weights.resize(at + block.bytes - missing);
      std::memcpy(plan.weights.data() + at, golden.weights.data() + from, block.bytes - missing);
      plan.steps[s].data[block.index] = at;
      BoundSteps steps(plan);
      if (missing == 0) {
        steps.expect_fits(plan.steps[s], what + " whole");
      } else {
        steps.expect_refused(plan.steps[s], what + " short of a byte");
      }
      StepRecord step = golden.steps[s];
      step.data[block.index] = from + 4;
      steps.expect_refused(step, what + " off its alignment");
      step.data[block.index] = (plan.weights.size() + 63) / 64 * 64;
      steps.expect_refused(step, what + " behind the weights");
      step.data[block.index] = uint64_t{1} << 63;
      steps.expect_refused(step, what + " far behind the weights");
      step.data[block.index] = kNoData;
      const bool optional = std::string_view(block.step) == "copy_u8";  // 16 channels as they are
      optional ? steps.expect_fits(step, what) : steps.expect_refused(step, what + " absent");
    }
  }
}

// Entries [first, first + count) of a step's int32 table select from `limit` things.
struct Table {
  const char* step;
  int32_t first, count, limit;
};

constexpr Table kTables[] = {
    {"resize", 0, 2 * kSide, kSide / 2},          // row0, row1
    {"resize", 3 * kSide, 2 * kSide, kSide / 2},  // col0, col1
    {"shuffle", 0, kChannels, 2 * kChannels},     // of neck
    {"copy_u8", 0, kChannels, kChannels},         //
    {"nearest_u8", 0, 2 * kSide, kSide / 2},      // row, col
};

TEST(BindData, EveryEntryOfEveryTableStaysInside) {
  const Plan golden = golden_plan();
  for (const Table& table : kTables) {
    const size_t s = test::step_named(golden, table.step);
    for (int32_t entry = table.first; entry < table.first + table.count; ++entry) {
      for (const int32_t value : {0, table.limit - 1, table.limit, -1, INT32_MIN, INT32_MAX}) {
        Plan plan = golden;
        std::memcpy(plan.weights.data() + plan.steps[s].data[0] +
                        static_cast<size_t>(entry) * sizeof(value),
                    &value, sizeof(value));
        BoundSteps steps(plan);
        const std::string what = std::string(table.step) + " entry " + std::to_string(entry) +
                                 " = " + std::to_string(value);
        if (value >= 0 && value < table.limit) {
          steps.expect_fits(plan.steps[s], what);
        } else {
          steps.expect_refused(plan.steps[s], what);
        }
      }
    }
  }
}

// Rows are as many as the image is high, columns as it is wide: told apart where they differ.
TEST(BindData, RowsAndColumnsAreNotMistaken) {
  for (const char* name : {"resize", "nearest_u8"}) {
    for (const bool wide : {false, true}) {
      Plan plan = golden_plan();
      const size_t s = test::step_named(plan, name);
      TensorRecord& x = plan.tensors[static_cast<size_t>(plan.steps[s].input[0])];
      const bool eight_bit = x.element == Element::kUint8;
      // One more along one axis, in a place of its own.
      x.extent[wide ? 3 : 2] += 1;
      x.offset = plan.header.arena_bytes;
      plan.header.arena_bytes += uint64_t{1} << 16;
      const int32_t per_axis = eight_bit ? 1 : 3;
      const int32_t first_column = per_axis * kSide;
      for (const bool column : {false, true}) {
        Plan bent = plan;
        const int32_t last = kSide / 2;  // the row or column that is new
        std::memcpy(bent.weights.data() + bent.steps[s].data[0] +
                        static_cast<size_t>(column ? first_column : 0) * sizeof(last),
                    &last, sizeof(last));
        BoundSteps steps(bent);
        const std::string what =
            std::string(name) + (wide ? " wide" : " high") + (column ? ", a column" : ", a row");
        column == wide ? steps.expect_fits(bent.steps[s], what)
                       : steps.expect_refused(bent.steps[s], what);
      }
    }
  }
}

}  // namespace
}  // namespace pawl::engine
