// What `pawl run` leaves behind for each frame: JSON lines, annotated pictures, raw tensors.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "apps/pawl/json.h"
#include "engine/artifact/artifact.h"
#include "engine/runtime/session.h"
#include "platform/frame.h"
#include "platform/result.h"

namespace pawl::program {

// "dent", or "class 3" where the artifact names none.
std::string class_name(const engine::Artifact& artifact, int32_t class_id);

Json detections_json(const engine::Artifact& artifact, const std::string& source,
                     const platform::Frame& frame, std::span<const engine::Detection> detections,
                     const engine::StageTimes& times);

// Lines to a file that appears under its name when finish() succeeds, or to standard output ("-").
class LineFile {
 public:
  static platform::Result<LineFile> open(const std::string& path);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&&) = delete;
  ~LineFile();  // without finish(): nothing is left

  platform::Status write(const std::string& line);
  platform::Status finish();
  bool is_stdout() const { return file_ == stdout; }

 private:
  LineFile(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  std::string partial_path() const { return path_ + ".part"; }
  std::FILE* file_;
  std::string path_;
};

platform::Status make_folder(const std::filesystem::path& folder);

// "dog.jpg" of an image file, "frame_000123" of a video: names of the files made from a frame.
std::string frame_name(const std::string& source, bool is_image, uint64_t sequence);

platform::Status annotate(const std::filesystem::path& folder, const std::string& name,
                          const engine::Artifact& artifact, const platform::Frame& frame,
                          std::span<const engine::Detection> detections);

// NAME.input.npy and, of an artifact compiled with --head none, NAME.<output>.npy for every output.
// Runs preprocess (and the network) of the session itself.
platform::Status write_raw(const std::filesystem::path& folder, const std::string& name,
                           const platform::Frame& frame, engine::Session* session);

}  // namespace pawl::program
