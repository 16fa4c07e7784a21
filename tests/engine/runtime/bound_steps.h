// The golden plan with room to bend its steps: step_params() as the judge of one changed step.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/artifact/step.h"
#include "engine/artifact/writer.h"
#include "engine/runtime/steps/step_params.h"
#include "tests/engine/artifact/golden_plan.h"

namespace pawl::engine::test {

// The step of that name; the golden plan has no two.
inline size_t step_named(const Plan& plan, std::string_view name) {
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    if (std::string_view(plan.names.data() + plan.steps[s].name) == name) return s;
  }
  ADD_FAILURE() << "no step " << name;
  return 0;
}

inline size_t tensor_named(const Plan& plan, std::string_view name) {
  for (size_t t = 0; t < plan.tensors.size(); ++t) {
    if (std::string_view(plan.names.data() + plan.tensors[t].name) == name) return t;
  }
  ADD_FAILURE() << "no tensor " << name;
  return 0;
}

// A plan as an artifact, of which single steps are read and never run.
class BoundSteps {
 public:
  explicit BoundSteps(Plan plan)
      : plan_(std::move(plan)),
        file_(write_artifact(plan_).value()),
        artifact_(Artifact::from_bytes(file_.bytes(), "bent")),
        arena_(plan_.header.arena_bytes + 64) {
    EXPECT_TRUE(artifact_.ok()) << artifact_.error().message;
  }

  const Plan& plan() const { return plan_; }
  StepRecord step(std::string_view name) const { return plan_.steps[step_named(plan_, name)]; }

  Status bind(const StepRecord& step) {
    const auto bound =
        step_params(artifact_.value(), step, {arena_.data(), artifact_.value().weights().data()});
    return bound.ok() ? Status() : Status(bound.error());
  }

  void expect_fits(const StepRecord& step, const std::string& what) {
    const Status bound = bind(step);
    EXPECT_TRUE(bound.ok()) << what << ": " << (bound.ok() ? "" : bound.error().message);
  }
  void expect_refused(const StepRecord& step, const std::string& what) {
    const Status bound = bind(step);
    EXPECT_FALSE(bound.ok()) << what << " was accepted";
    if (bound.ok()) return;
    EXPECT_EQ(bound.error().code, platform::Code::kCorrupt) << what;
    EXPECT_NE(bound.error().message.find("compile the model again"), std::string::npos) << what;
  }

 private:
  Plan plan_;
  AlignedBytes file_;
  Result<Artifact> artifact_;
  std::vector<std::byte> arena_;
};

}  // namespace pawl::engine::test
