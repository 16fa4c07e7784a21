// Proves which declared scales a group of joined values takes over: one that all who declare agree
// on, in scale and in zero point; members that declare nothing do not matter.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/quantize/declared_scales.h"

namespace pawl::engine {
namespace {

Graph declaring(const std::vector<std::optional<DeclaredScale>>& scales) {
  Graph graph;
  for (size_t i = 0; i < scales.size(); ++i) {
    graph.add_value("v" + std::to_string(i), DType::kFloat32, {1});
    graph.values.back().declared = scales[i];
  }
  return graph;
}

TEST(DeclaredGroups, AgreeInScaleAndZeroPoint) {
  const DeclaredScale same{0.5F, 10}, other_zero{0.5F, 11}, other_scale{0.25F, 10};
  const Graph graph = declaring({same, same, std::nullopt,  // 0: agree
                                 same, other_zero,          // 1
                                 same, other_scale,         // 2
                                 other_zero,                // 3: alone
                                 std::nullopt,              // 4: nothing
                                 other_scale});             // in no group
  const auto made = declared_scales(graph, {0, 0, 0, 1, 1, 2, 2, 3, 4, -1});
  ASSERT_TRUE(made.ok()) << made.error().message;
  const DeclaredScales& scales = made.value();
  ASSERT_EQ(scales.groups.size(), 5U);
  ASSERT_TRUE(scales.groups[0].has_value());
  EXPECT_EQ(scales.groups[0]->scale, 0.5F);
  EXPECT_EQ(scales.groups[0]->zero, 10);
  EXPECT_FALSE(scales.groups[1].has_value());
  EXPECT_FALSE(scales.groups[2].has_value());
  ASSERT_TRUE(scales.groups[3].has_value());
  EXPECT_EQ(scales.groups[3]->zero, 11);
  EXPECT_FALSE(scales.groups[4].has_value());
  EXPECT_EQ(scales.differing, (std::vector<bool>{false, true, true, false, false}));
}

TEST(DeclaredGroups, WithoutAnyIsAnError) {
  const auto none = declared_scales(declaring({std::nullopt, std::nullopt}), {0, 0});
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("declares no scales"), std::string::npos);
  EXPECT_FALSE(declared_scales(declaring({DeclaredScale{0.5F, 1}}), {-1}).ok());
}

}  // namespace
}  // namespace pawl::engine
