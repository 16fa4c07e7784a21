#include "apps/pawl/run_output.h"

#include <algorithm>
#include <array>
#include <cerrno>
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
  if (path == "-") return LineFile(stdout, path);
  LineFile lines(nullptr, path);
  lines.file_ = std::fopen(lines.partial_path().c_str(), "we");
  if (lines.file_ == nullptr) {
    return Error{Code::kIo, "cannot write " + path + ": " + std::strerror(errno)};
  }
  return lines;
}

LineFile::LineFile(LineFile&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)), path_(std::move(other.path_)) {}

LineFile::~LineFile() {
  if (file_ == nullptr || is_stdout()) return;
  std::fclose(file_);
  std::error_code ignored;
  fs::remove(partial_path(), ignored);
}

Status LineFile::write(const std::string& line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), file_) == line.size();
  if (written && (!is_stdout() || std::fflush(file_) == 0)) return {};
  return Error{Code::kIo, "cannot write " + path_ + ": " + std::strerror(errno)};
}

Status LineFile::finish() {
  if (is_stdout()) return {};
  const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
  std::error_code failure;
  if (closed) fs::rename(partial_path(), path_, failure);
  if (closed && !failure) return {};
  std::error_code ignored;
  fs::remove(partial_path(), ignored);
  return Error{Code::kIo, "cannot write " + path_ + ": " +
                              (failure ? failure.message() : std::strerror(errno))};
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

Status annotate(const fs::path& folder, const std::string& name, const engine::Artifact& artifact,
                const platform::Frame& frame, std::span<const engine::Detection> detections) {
  std::vector<platform::Mark> marks;
  for (const engine::Detection& d : detections) {
    marks.push_back(
        {d.x1, d.y1, d.x2, d.y2, d.class_id,
         class_name(artifact, d.class_id) + printed(" %.2f", static_cast<double>(d.score))});
  }
  const platform::Image drawn = PAWL_TRY(platform::draw_marks(copy_of(frame), marks));
  const std::string extension = fs::path(name).extension().string();
  const bool keeps = extension == ".png" || extension == ".jpg" || extension == ".jpeg";
  return platform::save_image(folder / (keeps ? name : name + ".jpg"), drawn);
}

Status write_raw(const fs::path& folder, const std::string& name, const platform::Frame& frame,
                 engine::Session* session) {
  PAWL_TRY(session->preprocess(frame));
  const engine::HeadRecord& head = session->artifact().head();
  const std::array<int64_t, 4> shape = {1, head.channels, head.height, head.width};
  const std::vector<float> input = in_logical_order(session->input_view());
  PAWL_TRY(write_npy(folder / (name + ".input.npy"), shape, input));
  if (head.present != 0) return {};
  session->run();
  for (const engine::TensorView& output : session->outputs()) {
    const std::vector<int64_t> extent(output.extent.begin(), output.extent.end());
    PAWL_TRY(write_npy(folder / (name + "." + file_name_of(output.name) + ".npy"), extent,
                       in_logical_order(output)));
  }
  return {};
}

}  // namespace pawl::program
