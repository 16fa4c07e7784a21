// pawl bench --project: what a plan should take on a board that is not at hand.
#pragma once

#include <string>

#include "engine/artifact/artifact.h"

namespace pawl::program {

// The boards' names, for help and errors: "orin-nano-super, ...".
std::string board_names();

// Prints the sum, and with `layers` every step. Errors: kInvalidArgument for an unknown board.
platform::Status print_projection(const engine::Artifact& artifact, const std::string& board,
                                  bool layers, bool json);

}  // namespace pawl::program
