// Pawl for C++: the names a program needs to run an artifact, in namespace pawl.
//
//   auto artifact = pawl::Artifact::open("model.pawl");
//   if (!artifact.ok()) return fail(artifact.error().message);
//   auto session = pawl::Session::create(artifact.value(), {.threads = 2});
//   if (!session.ok()) return fail(session.error().message);
//   auto detections = session.value().detect(frame);    // of each frame; allocates nothing
//
// Add the repository root and include/ to the include path and link pawl::runtime; C++20. The
// types are those of the engine, documented where they are declared: there is no second layer. For
// a stable binary interface, and for other languages, use pawl.h.
#pragma once

#include "engine/artifact/artifact.h"
#include "engine/detect/detection.h"
#include "engine/runtime/cpu/thread_pool.h"
#include "engine/runtime/session.h"
#include "platform/frame.h"
#include "platform/result.h"

namespace pawl {

// What went wrong, and how it is returned: nothing throws.
using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

// What comes from the camera; borrowed pixels.
using platform::Frame;
using platform::PixelFormat;

// What is run, how, and what it gives.
using engine::Artifact;
using engine::ArtifactOptions;
using engine::Detection;
using engine::PoolOptions;
using engine::Session;
using engine::SessionOptions;
using engine::StageTimes;
using engine::TensorView;
using engine::ThreadPool;

}  // namespace pawl
