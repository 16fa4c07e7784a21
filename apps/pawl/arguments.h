// Argument forms that several commands share. Errors are the parser's: exit status 2.
#pragma once

#include <cstdint>
#include <string>

#include "engine/onnx/importer.h"
#include "engine/runtime/session.h"

namespace CLI {
class App;
}

namespace pawl::program {

// "640x384" to width and height, 1 to 16384 each. Throws CLI::ValidationError.
engine::InputSize parse_size(const std::string& option, const std::string& text);

// --threads
void add_threads(CLI::App* command, engine::SessionOptions* options);

// --pin, for commands whose own thread calls the session: that is theirs to pin.
void add_pin(CLI::App* command, engine::SessionOptions* options);

// --conf, --iou and --max-det, whose defaults are those in *options.
void add_thresholds(CLI::App* command, engine::SessionOptions* options);

}  // namespace pawl::program
