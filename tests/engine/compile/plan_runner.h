// Runs a compiled graph beside the reference executor and compares every number, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "engine/artifact/artifact.h"
#include "engine/compile/compiler.h"
#include "engine/reference/reference.h"
#include "engine/runtime/session.h"
#include "tests/engine/graph_builder.h"

namespace pawl::test {

// A tensor of the plan in the logical order of the model.
inline std::vector<float> logical(const engine::TensorView& view) {
  int64_t count = 1;
  for (const int32_t extent : view.extent) count *= extent;
  std::vector<float> values(static_cast<size_t>(count));
  if (!view.nhwc) {
    std::memcpy(values.data(), view.data, values.size() * sizeof(float));
    return values;
  }
  const int64_t pixels = int64_t{view.extent[2]} * view.extent[3];
  for (int64_t c = 0; c < view.extent[1]; ++c) {
    for (int64_t p = 0; p < pixels; ++p) {
      values[static_cast<size_t>(c * pixels + p)] = view.data[p * view.pixel_stride + c];
    }
  }
  return values;
}

// Writes an NCHW tensor into the session's input.
inline void write_input(const Tensor& nchw, engine::Session* session) {
  const std::span<const float> x = nchw.as<float>();
  const std::span<float> input = session->input().floats;
  ASSERT_EQ(x.size(), input.size());
  const auto C = static_cast<size_t>(nchw.shape()[1]);
  const size_t pixels = x.size() / C;
  for (size_t c = 0; c < C; ++c) {
    for (size_t p = 0; p < pixels; ++p) input[p * C + c] = x[c * pixels + p];
  }
}

inline engine::CompileOptions without_head(const std::string& target = "native") {
  engine::CompileOptions options;
  options.target = target;
  options.head.head = "none";
  return options;
}

inline std::vector<std::vector<float>> run_session(engine::Session* session, const Tensor& input) {
  // Not a number wherever a value lives: a step that forgets to write shows.
  for (float& value : session->input().floats) value = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(session->run().ok());
  write_input(input, session);
  EXPECT_TRUE(session->run().ok());
  std::vector<std::vector<float>> outputs;
  const auto views = session->outputs().value();
  for (const engine::TensorView& view : views) outputs.push_back(logical(view));
  return outputs;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Every value the plan shows step by step against the value of that name in the model.
inline void compare_observed(engine::Session* session, const Tensor& input,
                             const std::map<std::string, std::vector<float>>& expected,
                             const std::map<std::string, Shape>& shapes, double bound) {
  std::map<std::string, std::vector<float>> seen;  // the last step that writes a value completes it
  write_input(input, session);
  const engine::Status observed =
      session->run_observed([&](int32_t, const engine::TensorView& view) {
        const std::string name(view.name);
        const auto shape = shapes.find(name);
        if (shape == shapes.end()) return;  // a value inside a step, or a part of one
        Shape wanted = shape->second;
        if (wanted.empty()) wanted = {1};
        if (Shape(view.extent.begin(), view.extent.end()) == wanted) seen[name] = logical(view);
      });
  EXPECT_TRUE(observed.ok());
  EXPECT_FALSE(seen.empty());
  for (const auto& [name, values] : seen) {
    EXPECT_LE(relative_error(values, expected.at(name)), bound) << "value " << name;
  }
}

struct RunOptions {
  std::string target = "native";
  double bound = 1e-4;  // of the largest magnitude
};

// Compiles, runs with 1, 2 and 3 threads (equal to the bit), compares outputs and observed values.
inline void expect_runs_as_reference(const Graph& graph, uint64_t seed,
                                     const RunOptions& options = {}) {
  const engine::Status valid = engine::validate(graph);
  ASSERT_TRUE(valid.ok()) << valid.error().message;
  const std::vector<Tensor> inputs = random_inputs(graph, seed);
  std::map<std::string, std::vector<float>> values;
  std::map<std::string, Shape> shapes;
  const auto expected = engine::run_reference(graph, inputs, [&](ValueId id, const Tensor& tensor) {
    values[graph.value(id).name] = floats_of(tensor);
    shapes[graph.value(id).name] = tensor.shape();
  });
  ASSERT_TRUE(expected.ok()) << expected.error().message;

  const auto compiled = engine::compile(graph, without_head(options.target));
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const auto artifact = engine::Artifact::from_bytes(compiled.value().artifact, "test");
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  std::vector<std::vector<float>> first;
  for (const int32_t threads : {1, 2, 3}) {
    auto session = engine::Session::create(artifact.value(), {.threads = threads});
    ASSERT_TRUE(session.ok()) << session.error().message;
    const std::vector<std::vector<float>> got = run_session(&session.value(), inputs[0]);
    ASSERT_EQ(got.size(), expected.value().size());
    for (size_t i = 0; i < got.size(); ++i) {
      if (threads == 1) {
        EXPECT_LE(relative_error(got[i], floats_of(expected.value()[i])), options.bound)
            << "output " << i << " " << graph.value(graph.outputs[i]).name;
      } else {
        EXPECT_TRUE(same_bits(got[i], first[i])) << "output " << i << ", threads " << threads;
      }
    }
    if (threads != 1) continue;
    first = got;
    compare_observed(&session.value(), inputs[0], values, shapes, options.bound);
  }
}

}  // namespace pawl::test
