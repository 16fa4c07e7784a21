// Models that find boxes and more, or none at all: segmentation, keypoints, oriented boxes,
// classification. Their outputs resemble detection heads; read as one, mask coefficients, keypoints
// and angles would be classes.
#pragma once

#include "engine/head/head_guess.h"
#include "platform/result.h"

namespace pawl::engine {

// kUnsupported, with what the model is and what to do, where its metadata, its outputs or its nodes
// say that it is no plain detector. `named`: classes that names tell of, 0 where none do.
platform::Status refuse_other_tasks(const ModelOutline& model, int64_t named);

}  // namespace pawl::engine
