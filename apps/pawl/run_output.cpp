#include "apps/pawl/run_output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/pawl/npy.h"
#include "apps/pawl/text.h"
#include "platform/imaging/draw.h"
#include "platform/imaging/images.h"

namespace pawl::program {
namespace {

namespace fs = std::filesystem;
using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

// An owned BGR8 copy of a frame from a Camera (BGR8 or grey).
platform::Image copy_of(const platform::Frame& frame) {
  platform::Image image = platform::Image::blank(frame.width, frame.height);
  for (int32_t y = 0; y < frame.height; ++y) {
    const uint8_t* from = frame.data + y * frame.stride;
    uint8_t* to = image.row(y);
    if (frame.format == platform::PixelFormat::kBgr8) {
      std::copy_n(from, image.stride, to);
      continue;
    }
    for (int32_t x = 0; x < frame.width; ++x, to += 3) to[0] = to[1] = to[2] = from[x];
  }
  return image;
}

// Tensor names hold slashes.
std::string file_name_of(std::string_view tensor) {
  std::string name(tensor.substr(0, 100));
  for (char& c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && c != '.' && c != '-') c = '_';
  }
  return name;
}

}  // namespace

std::string class_name(const engine::Artifact& artifact, int32_t class_id) {
  const auto labels = artifact.labels();
  const auto index = static_cast<size_t>(class_id);
  return class_id >= 0 && index < labels.size() ? std::string(labels[index])
                                                : "class " + std::to_string(class_id);
}

Json detections_json(const engine::Artifact& artifact, const std::string& source,
                     const platform::Frame& frame, std::span<const engine::Detection> detections,
                     const engine::StageTimes& times) {
  const auto number = [](float value, int digits) {
    return rounded(static_cast<double>(value), digits);
  };
  const auto ms = [](int64_t ns) { return rounded(static_cast<double>(ns) / 1e6, 4); };
  Json list = Json::array();
  for (const engine::Detection& d : detections) {
    list.push_back({{"class_id", d.class_id},
                    {"class", class_name(artifact, d.class_id)},
                    {"score", number(d.score, 6)},
                    {"box", Json::array({number(d.x1, 3), number(d.y1, 3), number(d.x2, 3),
                                         number(d.y2, 3)})}});
  }
  return {{"source", source},
          {"frame", frame.sequence},
          {"width", frame.width},
          {"height", frame.height},
          {"detections", std::move(list)},
          {"ms",
           {{"pre", ms(times.preprocess)},
            {"infer", ms(times.infer)},
            {"post", ms(times.postprocess)},
            {"total", ms(times.total())}}}};
}

Result<LineFile> LineFile::open(const std::string& path) {
  LineFile lines;
  if (path != "-") lines.file_.emplace(PAWL_TRY(platform::OutputFile::open(path)));
  return lines;
}

Status LineFile::write(const std::string& line) {
  if (file_) return file_->write(line);
  if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0) {
    return {};
  }
  return Error{Code::kIo, std::string("cannot write standard output: ") + std::strerror(errno)};
}

Status LineFile::finish() {
  return file_ ? file_->finish() : Status();
}

Status make_folder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure && !fs::is_directory(folder, failure)) {
    failure = std::make_error_code(std::errc::not_a_directory);
  }
  if (failure) return Error{Code::kIo, folder.string() + ": " + failure.message()};
  return {};
}

std::string frame_name(const std::string& source, bool is_image, uint64_t sequence) {
  if (is_image) return fs::path(source).filename().string();
  return printed("frame_%06llu", static_cast<unsigned long long>(sequence));
}

std::string annotated_name(const std::string& frame_name) {
  const std::string extension = fs::path(frame_name).extension().string();
  const bool keeps = extension == ".png" || extension == ".jpg" || extension == ".jpeg";
  return keeps ? frame_name : frame_name + ".jpg";
}

Status annotate(const fs::path& path, const engine::Artifact& artifact,
                const platform::Frame& frame, std::span<const engine::Detection> detections) {
  std::vector<platform::Mark> marks;
  for (const engine::Detection& d : detections) {
    marks.push_back(
        {d.x1, d.y1, d.x2, d.y2, d.class_id,
         class_name(artifact, d.class_id) + printed(" %.2f", static_cast<double>(d.score))});
  }
  return platform::save_image(path, PAWL_TRY(platform::draw_marks(copy_of(frame), marks)));
}

std::vector<std::string> raw_names(const std::string& frame_name,
                                   const engine::Artifact& artifact) {
  std::vector<std::string> names = {frame_name + ".input.npy"};
  if (artifact.head().present != 0) return names;
  for (const int32_t index : artifact.output_tensors()) {
    const engine::TensorRecord& output = artifact.tensors()[static_cast<size_t>(index)];
    std::string stem = frame_name + "." + file_name_of(artifact.text(output.name));
    // Names may differ in nothing but what a file name cannot hold.
    while (std::ranges::find(names, stem + ".npy") != names.end()) stem += '_';
    names.push_back(stem + ".npy");
  }
  return names;
}

Status write_raw(const fs::path& folder, const std::vector<std::string>& names,
                 const platform::Frame& frame, engine::Session* session) {
  PAWL_TRY(session->preprocess(frame));
  const engine::HeadRecord& head = session->artifact().head();
  const std::array<int64_t, 4> shape = {1, head.channels, head.height, head.width};
  const std::vector<float> input =
      in_logical_order(PAWL_TRY(session->tensor(session->artifact().plan().input_tensor)));
  PAWL_TRY(write_npy(folder / names[0], shape, input));
  if (head.present != 0) return {};
  PAWL_TRY(session->run());
  size_t next = 1;
  for (const engine::TensorView& output : PAWL_TRY(session->outputs())) {
    const std::vector<int64_t> extent(output.extent.begin(), output.extent.end());
    PAWL_TRY(write_npy(folder / names[next++], extent, in_logical_order(output)));
  }
  return {};
}

}  // namespace pawl::program
