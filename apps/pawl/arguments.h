// Argument forms that several commands share. Errors are the parser's: exit status 2.
#pragma once

#include <cstdint>
#include <string>

#include "engine/onnx/importer.h"
#include "engine/runtime/session.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pawl::program {

// Refuses what is no decimal number from `low` to `high`: neither "nan" nor "inf" is one, and what
// does not fit is not wrapped. Returns the option.
CLI::Option* in_range(CLI::Option* option, double low, double high);
CLI::Option* in_range(CLI::Option* option, int64_t low, int64_t high);
CLI::Option* in_range(CLI::Option* option, uint64_t low, uint64_t high);

// Refuses an empty text, such as a shell variable that is not set. Returns the option.
CLI::Option* named(CLI::Option* option);

// "640x384" to width and height, 1 to 16384 each. Throws CLI::ValidationError.
engine::InputSize parse_size(const std::string& option, const std::string& text);

// --threads
void add_threads(CLI::App* command, engine::SessionOptions* options);

// --pin, for commands whose own thread calls the session: that is theirs to pin.
void add_pin(CLI::App* command, engine::SessionOptions* options);

// --copy, for commands that run for long beside whatever updates the artifact.
void add_copy(CLI::App* command, engine::ArtifactOptions* options);

// --conf, --iou and --max-det, whose defaults are those in *options.
void add_thresholds(CLI::App* command, engine::SessionOptions* options);

}  // namespace pawl::program
