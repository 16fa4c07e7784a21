// Picture files with an Exif block spliced in, and an encoder for the kinds of JPEG that ours does
// not write.
#pragma once

#include <jpeglib.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "platform/imaging/images.h"

namespace pawl::platform {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes number(uint32_t value, int width, bool little) {
  Bytes bytes;
  for (int i = 0; i < width; ++i) {
    bytes.push_back(static_cast<std::byte>(value >> (8 * (little ? i : width - 1 - i))));
  }
  return bytes;
}

// From the TIFF header on: a maker's name that lies elsewhere in the block, then the orientation.
inline Bytes exif_block(uint32_t orientation, bool little = true) {
  const auto n = [little](uint32_t value, int width) { return number(value, width, little); };
  return bytes_of(little ? "II" : "MM") + n(42, 2) + n(8, 4) + n(2, 2) +             //
         n(0x010F, 2) + n(2, 2) + n(6, 4) + n(38, 4) +                               //
         n(0x0112, 2) + n(3, 2) + n(1, 4) + n(orientation, 2) + n(0, 2) + n(0, 4) +  //
         bytes_of(std::string_view("maker\0", 6));
}

inline Bytes jpeg_segment(uint8_t marker, const Bytes& body) {
  return Bytes{std::byte{0xFF}, std::byte{marker}} +
         number(static_cast<uint32_t>(body.size() + 2), 2, false) + body;
}
inline Bytes app1_exif(const Bytes& block) {
  return jpeg_segment(0xE1, bytes_of(std::string_view("Exif\0\0", 6)) + block);
}
inline Bytes app1_xmp() {
  return jpeg_segment(0xE1, bytes_of(std::string_view("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta "
                                                      "tiff:Orientation='8'/>",
                                                      63)));
}

// `added` at byte `at` of `file`.
inline Bytes spliced(Bytes file, size_t at, const Bytes& added) {
  file.insert(file.begin() + static_cast<ptrdiff_t>(at), added.begin(), added.end());
  return file;
}
constexpr size_t kAfterSoi = 2;
constexpr size_t kAfterJfif = 2 + 2 + 16;
constexpr size_t kAfterIhdr = 8 + 25;

inline Bytes png_chunk(std::string_view name, const Bytes& body) {
  const Bytes named = bytes_of(name) + body;
  const auto sum =
      crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size()));
  return number(static_cast<uint32_t>(body.size()), 4, false) + named +
         number(static_cast<uint32_t>(sum), 4, false);
}

inline Bytes riff_chunk(std::string_view name, const Bytes& body) {
  Bytes chunk = bytes_of(name) + number(static_cast<uint32_t>(body.size()), 4, true) + body;
  if (body.size() % 2 != 0) chunk.push_back(std::byte{0});
  return chunk;
}
inline Bytes webp_file(const Bytes& chunks) {
  return bytes_of("RIFF") + number(static_cast<uint32_t>(chunks.size() + 4), 4, true) +
         bytes_of("WEBP") + chunks;
}
inline Bytes webp_extended(uint8_t flags, uint32_t width, uint32_t height) {
  return riff_chunk(
      "VP8X", number(flags, 4, true) + number(width - 1, 3, true) + number(height - 1, 3, true));
}
inline Bytes without_riff_header(const Bytes& webp) {
  return {webp.begin() + 12, webp.end()};
}

enum class JpegKind {
  kBaseline,
  kProgressive,
  kScanAComponent,
  kRestarts,
  kGrey,
  kInks,
  kArithmetic
};

inline Bytes jpeg_of(const Image& image, JpegKind kind) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &out, &size);
  const bool grey = kind == JpegKind::kGrey;
  const bool inks = kind == JpegKind::kInks;
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = grey ? 1 : inks ? 4 : 3;
  info.in_color_space = grey ? JCS_GRAYSCALE : inks ? JCS_CMYK : JCS_EXT_BGR;
  jpeg_set_defaults(&info);
  jpeg_scan_info scans[3] = {};
  if (kind == JpegKind::kProgressive) jpeg_simple_progression(&info);
  if (kind == JpegKind::kRestarts) info.restart_interval = 2;
  if (kind == JpegKind::kArithmetic) info.arith_code = TRUE;
  if (kind == JpegKind::kScanAComponent) {
    for (int c = 0; c < 3; ++c) scans[c] = {1, {c, 0, 0, 0}, 0, 63, 0, 0};
    info.scan_info = scans;
    info.num_scans = 3;
  }
  jpeg_start_compress(&info, TRUE);
  std::vector<unsigned char> row(static_cast<size_t>(image.width) * 4);
  while (info.next_scanline < info.image_height) {
    const uint8_t* from = image.row(static_cast<int32_t>(info.next_scanline));
    for (int32_t x = 0; x < image.width; ++x) {
      for (int c = 0; c < info.input_components; ++c) {
        row[static_cast<size_t>(x * info.input_components + c)] = from[3 * x + c % 3];
      }
    }
    JSAMPROW line = row.data();
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  const auto* bytes = reinterpret_cast<const std::byte*>(out);
  Bytes file(bytes, bytes + size);
  jpeg_destroy_compress(&info);
  std::free(out);
  return file;
}

inline bool same_pixels(const Image& a, const Image& b) {
  return a.width == b.width && a.height == b.height && a.pixels == b.pixels;
}

}  // namespace pawl::platform
