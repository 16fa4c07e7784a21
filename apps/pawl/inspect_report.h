// The reports of `pawl inspect`, as text and as JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "apps/pawl/json.h"
#include "engine/artifact/artifact.h"
#include "engine/graph/graph.h"

namespace pawl::program {

// Borrows the artifact. `bytes`: the whole file, which Artifact::open has accepted.
struct ArtifactReport {
  const engine::Artifact& artifact;
  std::span<const std::byte> bytes;
  bool steps = false;     // list them
  bool verified = false;  // the digest was recomputed

  std::string text() const;
  Json json() const;

 private:
  std::vector<engine::SectionRecord> sections() const;
};

// Borrows the graph, as imported.
struct GraphReport {
  const engine::Graph& graph;
  std::string file;

  std::string text() const;
  Json json() const;
};

}  // namespace pawl::program
