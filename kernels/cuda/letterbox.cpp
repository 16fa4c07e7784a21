#include "kernels/cuda/letterbox.h"

#include <algorithm>
#include <cstring>

namespace pawl::kernels::cuda {
namespace {

constexpr uint32_t kThreads = 128;
constexpr size_t kAlignment = 16;

size_t rounded_up(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

FrameHeader header_of(const LetterboxParams& p, size_t* end) {
  FrameHeader h{};
  h.layout = static_cast<int32_t>(p.layout);
  h.IW = p.IW, h.IH = p.IH;
  h.fit_x = p.fit_x, h.fit_y = p.fit_y, h.fit_w = p.fit_w, h.fit_h = p.fit_h;
  const bool colour = p.layout == PixelLayout::kBgr8 || p.layout == PixelLayout::kRgb8;
  const auto width = static_cast<size_t>(p.IW), height = static_cast<size_t>(p.IH);
  size_t at = rounded_up(sizeof(FrameHeader));
  h.tables = static_cast<uint32_t>(at);
  at = rounded_up(at + 2 * sizeof(int32_t) * static_cast<size_t>(p.fit_w + p.fit_h));
  h.pixels = static_cast<uint32_t>(at);
  h.row_bytes = static_cast<uint32_t>(width * (colour ? 3 : 1));
  at = rounded_up(at + h.row_bytes * height);
  if (p.layout == PixelLayout::kNv12) {
    h.uv = static_cast<uint32_t>(at);
    h.uv_row_bytes = static_cast<uint32_t>((width + 1) / 2 * 2);
    at = rounded_up(at + h.uv_row_bytes * ((height + 1) / 2));
  }
  *end = at;
  return h;
}

// Rows that follow each other are one copy.
void copy_rows(uint8_t* to, const uint8_t* from, ptrdiff_t stride, size_t row_bytes, size_t rows) {
  if (stride == static_cast<ptrdiff_t>(row_bytes)) {
    std::memcpy(to, from, row_bytes * rows);
    return;
  }
  for (size_t row = 0; row < rows; ++row) {
    std::memcpy(to + row * row_bytes, from + stride * static_cast<ptrdiff_t>(row), row_bytes);
  }
}

}  // namespace

size_t frame_block_bytes(const LetterboxParams& frame) {
  size_t bytes = 0;
  header_of(frame, &bytes);
  return bytes;
}

void fill_frame_block(const LetterboxParams& p, void* block) {
  size_t end = 0;
  const FrameHeader header = header_of(p, &end);
  auto* const bytes = static_cast<uint8_t*>(block);
  std::memcpy(bytes, &header, sizeof(header));
  auto* table = reinterpret_cast<int32_t*>(bytes + header.tables);
  table = std::copy_n(p.col_index, p.fit_w, table);
  table = std::copy_n(p.col_weight, p.fit_w, table);
  table = std::copy_n(p.row_index, p.fit_h, table);
  std::copy_n(p.row_weight, p.fit_h, table);
  copy_rows(bytes + header.pixels, p.data, p.stride, header.row_bytes, static_cast<size_t>(p.IH));
  if (p.layout == PixelLayout::kNv12) {
    copy_rows(bytes + header.uv, p.uv, p.uv_stride, header.uv_row_bytes,
              static_cast<size_t>((p.IH + 1) / 2));
  }
}

Launch letterbox_launch(const LetterboxLaunchParams& params) {
  const auto pixels = static_cast<uint32_t>(params.OW) * static_cast<uint32_t>(params.OH);
  return {"letterbox",
          params.y_u8 != nullptr ? "letterbox_u8" : "letterbox_f16",
          {(pixels + kThreads - 1) / kThreads, 1, 1},
          kThreads};
}

}  // namespace pawl::kernels::cuda
