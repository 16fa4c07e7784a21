#include "platform/imaging/png.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "platform/imaging/orientation.h"

namespace pawl::platform {
namespace {

// Fatal errors of libpng must not return: they leave by longjmp. The functions that call setjmp
// hold no object with a destructor.
struct Reports {
  std::jmp_buf escape;
  char message[200];
};

[[noreturn]] void fatal(png_structp png, png_const_charp text) {
  auto* reports = static_cast<Reports*>(png_get_error_ptr(png));
  std::snprintf(reports->message, sizeof(reports->message), "%s", text);
  std::longjmp(reports->escape, 1);
}

void ignore(png_structp, png_const_charp) {}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reports_, fatal, ignore);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  bool ready() const { return info_ != nullptr; }

  bool read_header() {
    if (setjmp(reports_.escape) != 0) return false;
    png_set_user_limits(png_, 0x7fffffff, 0x7fffffff);  // ours are checked by the caller
    png_set_read_fn(png_, this, read_bytes);
    png_read_info(png_, info_);
    return true;
  }

  // Everything becomes BGR, eight bits.
  bool decode(uint8_t* pixels, size_t stride) {
    if (setjmp(reports_.escape) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    png_set_bgr(png_);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != stride) png_error(png_, "unexpected row size");
    const png_uint_32 height = png_get_image_height(png_, info_);
    for (int pass = 0; pass < passes; ++pass) {
      for (png_uint_32 y = 0; y < height; ++y) png_read_row(png_, pixels + y * stride, nullptr);
    }
    png_read_end(png_, info_);
    return true;
  }

  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }
  bool ended_early() const { return ended_early_; }
  std::string message() const { return reports_.message; }

  // After decode(): the Exif block may lie behind the pixels.
  int orientation() const {
    png_uint_32 size = 0;
    png_bytep exif = nullptr;
    if (png_get_eXIf_1(png_, info_, &size, &exif) == 0) return 1;
    return exif_orientation(std::as_bytes(std::span(exif, size))).value_or(1);
  }

 private:
  static void read_bytes(png_structp png, png_bytep out, size_t count) {
    auto* self = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > self->bytes_.size() - self->at_) {
      self->ended_early_ = true;
      png_error(png, "the file ends early");
    }
    std::memcpy(out, self->bytes_.data() + self->at_, count);
    self->at_ += count;
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  bool ended_early_ = false;
  Reports reports_ = {};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

class Writer {
 public:
  Writer() {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &reports_, fatal, ignore);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { png_destroy_write_struct(&png_, &info_); }

  bool ready() const { return info_ != nullptr; }

  bool encode(const Image& image) {
    if (setjmp(reports_.escape) != 0) return false;
    png_set_write_fn(png_, &bytes_, append, flush);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // Frames of the line are noisy: level 3 is three times as quick as 6 and as small within 1 %.
    png_set_compression_level(png_, 3);
    png_write_info(png_, info_);
    png_set_bgr(png_);
    for (int32_t y = 0; y < image.height; ++y) png_write_row(png_, image.row(y));
    png_write_end(png_, nullptr);
    return true;
  }

  std::vector<std::byte>& bytes() { return bytes_; }
  std::string message() const { return reports_.message; }

 private:
  static void append(png_structp png, png_bytep data, size_t count) {
    auto* out = static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
    const auto* from = reinterpret_cast<const std::byte*>(data);
    out->insert(out->end(), from, from + count);
  }
  static void flush(png_structp) {}

  Reports reports_ = {};
  std::vector<std::byte> bytes_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Result<Image> decode_png(std::span<const std::byte> bytes, const ImageLimits& limits) {
  Reader reader(bytes);
  if (!reader.ready()) return Error{Code::kExhausted, "no memory to read a PNG"};
  const auto damaged = [&reader] {
    return Error{Code::kCorrupt,
                 (reader.ended_early() ? "truncated PNG: " : "damaged PNG: ") + reader.message()};
  };
  if (!reader.read_header()) return damaged();
  PAWL_TRY(check_limits(reader.width(), reader.height(), limits));
  Image image =
      Image::blank(static_cast<int32_t>(reader.width()), static_cast<int32_t>(reader.height()));
  if (!reader.decode(image.pixels.data(), static_cast<size_t>(image.stride))) return damaged();
  return upright(std::move(image), reader.orientation());
}

Result<std::vector<std::byte>> encode_png(const Image& image) {
  Writer writer;
  if (!writer.ready()) return Error{Code::kExhausted, "no memory to write a PNG"};
  if (!writer.encode(image)) {
    return Error{Code::kInvalidArgument, "cannot be written as PNG: " + writer.message()};
  }
  return std::move(writer.bytes());
}

}  // namespace pawl::platform
