#include "platform/imaging/webp.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/imaging/media_plugin.h"
#include "platform/imaging/orientation.h"

namespace pawl::platform {
namespace {

using Bytes = std::span<const std::byte>;

constexpr size_t kFileHeaderBytes = 12;   // RIFF, size, WEBP
constexpr size_t kChunkHeaderBytes = 8;   // name, size
constexpr size_t kExtendedBytes = 10;     // of VP8X: flags, three reserved bytes, canvas size
constexpr size_t kFrameHeaderBytes = 16;  // of ANMF: place, size, duration, flags
constexpr unsigned kAnimated = 0x02;
constexpr unsigned kHasExif = 0x08;
constexpr unsigned kHasAlpha = 0x10;

int32_t number24(Bytes bytes, size_t at) {
  return std::to_integer<int32_t>(bytes[at]) | std::to_integer<int32_t>(bytes[at + 1]) << 8 |
         std::to_integer<int32_t>(bytes[at + 2]) << 16;
}

uint32_t number32(Bytes bytes, size_t at) {
  return static_cast<uint32_t>(number24(bytes, at)) | std::to_integer<uint32_t>(bytes[at + 3])
                                                          << 24;
}

struct Chunk {
  std::string_view name;
  Bytes whole;  // with its header, without padding
  Bytes body;
};

// Takes the chunk that `bytes` begin with; nothing at the end, and where a chunk is cut off.
std::optional<Chunk> take_chunk(Bytes* bytes) {
  if (bytes->size() < kChunkHeaderBytes) return std::nullopt;
  const size_t size = number32(*bytes, 4);
  if (size > bytes->size() - kChunkHeaderBytes) return std::nullopt;
  Chunk chunk;
  chunk.name = {reinterpret_cast<const char*>(bytes->data()), 4};
  chunk.whole = bytes->first(kChunkHeaderBytes + size);
  chunk.body = chunk.whole.subspan(kChunkHeaderBytes);
  *bytes = bytes->subspan(std::min(bytes->size(), chunk.whole.size() + size % 2));
  return chunk;
}

// What a file with a VP8X chunk says around its picture.
struct Container {
  bool animated = false;
  int32_t width = 0;
  int32_t height = 0;
  int orientation = 1;
  Bytes first_frame;  // the body of the first ANMF
};

std::optional<Container> read_container(Bytes file) {
  Bytes rest = file.subspan(kFileHeaderBytes);
  const auto extended = take_chunk(&rest);
  if (!extended || extended->name != "VP8X" || extended->body.size() < kExtendedBytes) {
    return std::nullopt;
  }
  const auto flags = std::to_integer<unsigned>(extended->body[0]);
  Container container;
  container.animated = (flags & kAnimated) != 0;
  container.width = number24(extended->body, 4) + 1;
  container.height = number24(extended->body, 7) + 1;
  while (const auto chunk = take_chunk(&rest)) {
    if (chunk->name == "ANMF" && container.first_frame.empty()) container.first_frame = chunk->body;
    if (chunk->name == "EXIF" && (flags & kHasExif) != 0) {
      container.orientation = exif_orientation(chunk->body).value_or(1);
    }
  }
  return container;
}

void append(std::string_view text, std::vector<std::byte>* out) {
  const auto bytes = std::as_bytes(std::span(text));
  out->insert(out->end(), bytes.begin(), bytes.end());
}

void append_number(uint32_t value, int width, std::vector<std::byte>* out) {
  for (int i = 0; i < width; ++i) out->push_back(static_cast<std::byte>(value >> (8 * i)));
}

// A frame of an animation as a file of its own.
std::vector<std::byte> still_file(Bytes frame) {
  Bytes chunks = frame.subspan(kFrameHeaderBytes);
  std::vector<std::byte> body;
  bool alpha = false;
  while (const auto chunk = take_chunk(&chunks)) {
    if (chunk->name != "ALPH" && chunk->name != "VP8 " && chunk->name != "VP8L") continue;
    alpha = alpha || chunk->name == "ALPH";
    body.insert(body.end(), chunk->whole.begin(), chunk->whole.end());
    if (chunk->whole.size() % 2 != 0) body.push_back(std::byte{0});
  }
  std::vector<std::byte> file;
  append("RIFF", &file);
  const size_t extended = alpha ? kChunkHeaderBytes + kExtendedBytes : 0;
  append_number(static_cast<uint32_t>(4 + extended + body.size()), 4, &file);
  append("WEBP", &file);
  if (alpha) {
    append("VP8X", &file);
    append_number(kExtendedBytes, 4, &file);
    append_number(kHasAlpha, 4, &file);
    file.insert(file.end(), frame.begin() + 6, frame.begin() + 12);  // width and height less one
  }
  file.insert(file.end(), body.begin(), body.end());
  return file;
}

Result<Image> first_picture(const Container& container) {
  const Error damaged = {Code::kCorrupt, "truncated or damaged animated WebP: no whole frame"};
  const Bytes frame = container.first_frame;
  if (frame.size() < kFrameHeaderBytes) return damaged;
  const int32_t x = 2 * number24(frame, 0);
  const int32_t y = 2 * number24(frame, 3);
  const int32_t width = number24(frame, 6) + 1;
  const int32_t height = number24(frame, 9) + 1;
  if (x > container.width - width || y > container.height - height) return damaged;
  MediaPlugin* plugin = PAWL_TRY(media_plugin());
  Image picture = PAWL_TRY(plugin->decode_image(still_file(frame), {}));
  if (picture.width != width || picture.height != height) return damaged;
  if (width == container.width && height == container.height) return picture;
  Image canvas = Image::blank(container.width, container.height);
  for (int32_t row = 0; row < height; ++row) {
    std::memcpy(canvas.row(y + row) + 3 * static_cast<ptrdiff_t>(x), picture.row(row),
                3 * static_cast<size_t>(width));
  }
  return canvas;
}

}  // namespace

Result<Image> decode_webp(std::span<const std::byte> bytes, const ImageLimits& limits) {
  if (bytes.size() < kFileHeaderBytes || number32(bytes, 4) > bytes.size() - kChunkHeaderBytes) {
    return Error{Code::kCorrupt, "truncated WebP: the file ends early"};
  }
  const auto container = read_container(bytes);
  if (container) PAWL_TRY(check_limits(container->width, container->height, limits));
  if (container && container->animated) {
    return upright(PAWL_TRY(first_picture(*container)), container->orientation);
  }
  MediaPlugin* plugin = PAWL_TRY(media_plugin());
  return upright(PAWL_TRY(plugin->decode_image(bytes, limits)),
                 container ? container->orientation : 1);
}

}  // namespace pawl::platform
