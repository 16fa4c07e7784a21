#include "platform/imaging/jpeg.h"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "platform/imaging/orientation.h"

namespace pawl::platform {
namespace {

// A progressive file may hold any number of scans over the same pixels; real encoders write ten.
constexpr int kScansMax = 200;
constexpr int kFullChromaQuality = 90;
constexpr char kExifMark[6] = {'E', 'x', 'i', 'f', 0, 0};

// libjpeg reports by calling back; fatal errors must not return, hence the jump. The functions that
// call setjmp hold no object with a destructor.
struct Reports {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  bool ended_early;   // bytes that the library made up stand for the end marker or more
  bool data_missing;  // and pixels were made up too
};

Reports* reports_of(j_common_ptr info) {
  return reinterpret_cast<Reports*>(info->err);
}

[[noreturn]] void fatal(j_common_ptr info) {
  Reports* reports = reports_of(info);
  reports->manager.format_message(info, reports->message);
  std::longjmp(reports->escape, 1);
}

void note(j_common_ptr info, int level) {
  if (level >= 0) return;  // trace output
  Reports* reports = reports_of(info);
  const int code = reports->manager.msg_code;
  if (code == JWRN_JPEG_EOF) reports->ended_early = true;
  if (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_BOGUS_PROGRESSION) {
    reports->data_missing = true;
  }
}

void keep_silent(j_common_ptr) {}

void count_scans(j_common_ptr info) {
  const auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number <= kScansMax) return;
  Reports* reports = reports_of(info);
  std::snprintf(reports->message, sizeof(reports->message), "more than %d scans", kScansMax);
  std::longjmp(reports->escape, 1);
}

void install(Reports* reports) {
  jpeg_std_error(&reports->manager);
  reports->manager.error_exit = fatal;
  reports->manager.emit_message = note;
  reports->manager.output_message = keep_silent;
  reports->message[0] = '\0';
  reports->ended_early = false;
  reports->data_missing = false;
}

class Reader {
 public:
  Reader() { install(&reports_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { jpeg_destroy_decompress(&info_); }

  bool read_header(std::span<const std::byte> bytes) {
    info_.err = &reports_.manager;
    if (setjmp(reports_.escape) != 0) return false;
    jpeg_create_decompress(&info_);
    progress_.progress_monitor = count_scans;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&info_, TRUE);
    const bool inks = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    info_.out_color_space = inks ? JCS_CMYK : JCS_EXT_BGR;
    orientation_ = orientation_of(info_.marker_list);
    return true;
  }

  // Rows of `channels()` bytes a pixel.
  bool decode(uint8_t* pixels, size_t stride) {
    if (setjmp(reports_.escape) != 0) return false;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + info_.output_scanline * stride;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    // Asked before the library forgets it.
    if (reports_.ended_early && !every_scan_came()) reports_.data_missing = true;
    jpeg_finish_decompress(&info_);
    return true;
  }

  int64_t width() const { return info_.image_width; }
  int64_t height() const { return info_.image_height; }
  bool inks() const { return info_.out_color_space == JCS_CMYK; }
  bool data_missing() const { return reports_.data_missing; }
  std::string message() const { return reports_.message; }
  int orientation() const { return orientation_; }

 private:
  // Of the first Exif block that has one; XMP and others share the marker.
  static int orientation_of(jpeg_saved_marker_ptr marker) {
    for (; marker != nullptr; marker = marker->next) {
      const std::span<const JOCTET> app1(marker->data, marker->data_length);
      if (app1.size() < sizeof(kExifMark)) continue;
      if (std::memcmp(app1.data(), kExifMark, sizeof(kExifMark)) != 0) continue;
      const auto tiff = std::as_bytes(app1.subspan(sizeof(kExifMark)));
      if (const auto found = exif_orientation(tiff)) return *found;
    }
    return 1;
  }

  // Within a scan the library warns of missing data. Scans that are missing altogether leave no
  // trace but this; nor does arithmetic coding, whose end is not known without the marker.
  bool every_scan_came() const {
    if (info_.arith_code != FALSE) return false;
    for (int c = 0; c < info_.num_components; ++c) {
      if (info_.comp_info[c].quant_table == nullptr) return false;
      if (info_.coef_bits == nullptr) continue;  // not progressive
      for (int k = 0; k < DCTSIZE2; ++k) {
        if (info_.coef_bits[c][k] != 0) return false;
      }
    }
    return true;
  }

  int orientation_ = 1;
  jpeg_decompress_struct info_ = {};
  jpeg_progress_mgr progress_ = {};
  Reports reports_;
};

// Inks are taken as Adobe stores them, whether its marker is there or not: inverted, 255 is none.
Image from_inks(const std::vector<uint8_t>& inks, int32_t width, int32_t height) {
  Image image = Image::blank(width, height);
  const uint8_t* ink = inks.data();
  for (int32_t y = 0; y < height; ++y) {
    uint8_t* out = image.row(y);
    for (int32_t x = 0; x < width; ++x, ink += 4, out += 3) {
      const int light = ink[3];
      for (int c = 0; c < 3; ++c) {
        out[c] = static_cast<uint8_t>(light - ((255 - ink[2 - c]) * light >> 8));
      }
    }
  }
  return image;
}

}  // namespace

Result<Image> decode_jpeg(std::span<const std::byte> bytes, const ImageLimits& limits) {
  Reader reader;
  if (!reader.read_header(bytes)) return Error{Code::kCorrupt, "damaged JPEG: " + reader.message()};
  PAWL_TRY(check_limits(reader.width(), reader.height(), limits));
  const auto width = static_cast<int32_t>(reader.width());
  const auto height = static_cast<int32_t>(reader.height());
  const size_t row_bytes = static_cast<size_t>(width) * (reader.inks() ? 4 : 3);
  std::vector<uint8_t> pixels(row_bytes * static_cast<size_t>(height));
  if (!reader.decode(pixels.data(), row_bytes)) {
    return Error{Code::kCorrupt, "damaged JPEG: " + reader.message()};
  }
  if (reader.data_missing()) {
    return Error{Code::kCorrupt, "truncated or damaged JPEG: picture data is missing"};
  }
  Image image;
  if (reader.inks()) {
    image = from_inks(pixels, width, height);
  } else {
    image = {width, height, static_cast<ptrdiff_t>(row_bytes), std::move(pixels)};
  }
  return upright(std::move(image), reader.orientation());
}

namespace {

class Writer {
 public:
  Writer() { install(&reports_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    jpeg_destroy_compress(&info_);
    std::free(bytes_);
  }

  bool encode(const Image& image, int quality) {
    info_.err = &reports_.manager;
    if (setjmp(reports_.escape) != 0) return false;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &bytes_, &size_);
    info_.image_width = static_cast<JDIMENSION>(image.width);
    info_.image_height = static_cast<JDIMENSION>(image.height);
    info_.input_components = 3;
    info_.in_color_space = JCS_EXT_BGR;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    if (quality >= kFullChromaQuality) {
      info_.comp_info[0].h_samp_factor = 1;
      info_.comp_info[0].v_samp_factor = 1;
    }
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      // The library does not write to its input; its type is older than const.
      JSAMPROW row = const_cast<JSAMPROW>(image.row(static_cast<int32_t>(info_.next_scanline)));
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return true;
  }

  std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(bytes_), size_};
  }
  std::string message() const { return reports_.message; }

 private:
  jpeg_compress_struct info_ = {};
  Reports reports_;
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

Result<std::vector<std::byte>> encode_jpeg(const Image& image, int quality) {
  Writer writer;
  if (!writer.encode(image, quality)) {
    return Error{Code::kInvalidArgument, "cannot be written as JPEG: " + writer.message()};
  }
  return std::vector<std::byte>(writer.bytes().begin(), writer.bytes().end());
}

}  // namespace pawl::platform
