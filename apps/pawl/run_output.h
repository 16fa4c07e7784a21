// What `pawl run` leaves behind for each frame: JSON lines, annotated pictures, raw tensors.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/pawl/json.h"
#include "engine/artifact/artifact.h"
#include "engine/runtime/session.h"
#include "platform/frame.h"
#include "platform/output_file.h"
#include "platform/result.h"

namespace pawl::program {

// "dent", or "class 3" where the artifact names none.
std::string class_name(const engine::Artifact& artifact, int32_t class_id);

Json detections_json(const engine::Artifact& artifact, const std::string& source,
                     const platform::Frame& frame, std::span<const engine::Detection> detections,
                     const engine::StageTimes& times);

// Lines to an OutputFile (platform/output_file.h), or to standard output ("-").
class LineFile {
 public:
  static platform::Result<LineFile> open(const std::string& path);

  platform::Status write(const std::string& line);
  platform::Status finish();  // without it no file is left
  bool is_stdout() const { return !file_; }

 private:
  LineFile() = default;
  std::optional<platform::OutputFile> file_;
};

platform::Status make_folder(const std::filesystem::path& folder);

// "dog.jpg" of an image file, "frame_000123" of a video: names of the files made from a frame.
std::string frame_name(const std::string& source, bool is_image, uint64_t sequence);

// Of the frame's annotated picture: NAME, or NAME.jpg where that is no .png or .jpg.
std::string annotated_name(const std::string& frame_name);
platform::Status annotate(const std::filesystem::path& path, const engine::Artifact& artifact,
                          const platform::Frame& frame,
                          std::span<const engine::Detection> detections);

// NAME.input.npy and, of an artifact compiled with --head none, NAME.<output>.npy for every output.
std::vector<std::string> raw_names(const std::string& frame_name, const engine::Artifact& artifact);
// Those files. Runs preprocess (and the network) of the session itself.
platform::Status write_raw(const std::filesystem::path& folder,
                           const std::vector<std::string>& names, const platform::Frame& frame,
                           engine::Session* session);

}  // namespace pawl::program
