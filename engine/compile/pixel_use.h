// What a network does to its pixels before it looks at them: exports with pre-processing inside
// scale, normalise or reorder the channels first, and what Pawl does to a frame must not do it
// twice. Found by running those first nodes on one pixel.
#pragma once

#include "engine/graph/graph.h"
#include "engine/head/head_guess.h"

namespace pawl::engine {

// `graph`: with one image input (1, C, H, W). Everything unknown where its first nodes do more than
// arithmetic on each channel by itself, or where several values leave them.
PixelUse pixel_use(const Graph& graph);

}  // namespace pawl::engine
