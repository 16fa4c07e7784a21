#include "engine/runtime/steps/step_reader.h"

namespace pawl::engine::steps {
namespace {

constexpr int64_t kDeviceAlignment = 16;

}  // namespace

Error StepReader::broken(std::string_view what) const {
  return Error{Code::kCorrupt, artifact_.name() + ": step \"" +
                                   std::string(artifact_.text(step_.name)) +
                                   "\": " + std::string(what) + "; compile the model again"};
}

int64_t StepReader::count(const TensorRecord& tensor) {
  int64_t count = 1;
  for (int i = 0; i < tensor.rank; ++i) count *= tensor.extent[i];
  return count;
}

int64_t StepReader::footprint(const TensorRecord& tensor) {
  if (tensor.layout == Layout::kRowMajor) return count(tensor);
  const int64_t pixels = int64_t{tensor.extent[2]} * tensor.extent[3];
  return (pixels - 1) * tensor.pixel_stride + tensor.extent[1];
}

std::byte* StepReader::bytes(const TensorRecord& tensor) const {
  // Outputs are proved to lie in the arena by the reader, so nothing writes through the cast.
  std::byte* base =
      tensor.storage == Storage::kArena ? bases_.arena : const_cast<std::byte*>(bases_.weights);
  return base + tensor.offset;
}

Status StepReader::check_image(const TensorRecord& record) const {
  if (record.layout != Layout::kNhwc || record.rank != 4 || record.extent[0] != 1) {
    return broken("a tensor is not an image");
  }
  if (!all_within(1, kSideMax, record.extent[2], record.extent[3]) ||
      !all_within(1, kChannelsMax, record.extent[1]) || footprint(record) >= kTensorFloatsMax) {
    return broken("an image is larger than kernels can index");
  }
  return {};
}

// Kernels of a device move 16 bytes at once.
Status StepReader::check_alignment(const TensorRecord& record) const {
  const auto bytes = record.pixel_stride * element_bytes(record.element);
  if (cuda() && (bytes % kDeviceAlignment != 0 || record.offset % kDeviceAlignment != 0)) {
    return broken("an image's pixels do not start at multiples of 16 bytes");
  }
  return {};
}

Result<Image> StepReader::image(int32_t index) const {
  if (index < 0) return broken("a tensor is missing");
  const TensorRecord& record = tensor(index);
  if (record.element != (cuda() ? Element::kFloat16 : Element::kFloat32)) {
    return broken("a tensor is not of floats");
  }
  PAWL_TRY(check_image(record));
  PAWL_TRY(check_alignment(record));
  return Image{.H = record.extent[2],
               .W = record.extent[3],
               .C = record.extent[1],
               .pixel_stride = record.pixel_stride,
               .data = data(record)};
}

Result<ImageU8> StepReader::image_u8(int32_t index) const {
  if (index < 0) return broken("a tensor is missing");
  const TensorRecord& record = tensor(index);
  if (record.layout != Layout::kNhwc || record.element != Element::kUint8) {
    return broken("a tensor is not an 8-bit image");
  }
  PAWL_TRY(check_image(record));
  // Kernels read whole registers: the bytes behind the last channel must be the arena's too.
  const uint64_t end =
      record.offset + static_cast<uint64_t>(footprint(record) + kernels::kSpareBytes);
  if (record.storage != Storage::kArena || end > artifact_.plan().arena_bytes) {
    return broken("an 8-bit image ends too close to the end of the arena");
  }
  return ImageU8{.H = record.extent[2],
                 .W = record.extent[3],
                 .C = record.extent[1],
                 .pixel_stride = record.pixel_stride,
                 .data = reinterpret_cast<uint8_t*>(bytes(record)),
                 .quantization = {record.scale, record.zero}};
}

Result<const TensorRecord*> StepReader::dense(int32_t index) const {
  if (index < 0) return broken("a tensor is missing");
  const TensorRecord& record = tensor(index);
  if (record.layout != Layout::kRowMajor) return broken("a tensor is not row-major");
  if (count(record) >= kTensorFloatsMax) return broken("a tensor is too large");
  return &record;
}

Result<Image> StepReader::input_image(int i) const {
  return image(step_.input[i]);
}
Result<Image> StepReader::output_image(int i) const {
  return image(step_.output[i]);
}
Result<ImageU8> StepReader::input_u8(int i) const {
  ImageU8 image = PAWL_TRY(image_u8(step_.input[i]));
  PAWL_TRY(check_alignment(tensor(step_.input[i])));
  return image;
}
Result<ImageU8> StepReader::output_u8(int i) const {
  ImageU8 image = PAWL_TRY(image_u8(step_.output[i]));
  PAWL_TRY(check_alignment(tensor(step_.output[i])));
  return image;
}
Result<ImageU8> StepReader::output_u8_anywhere(int i) const {
  return image_u8(step_.output[i]);
}
Result<const TensorRecord*> StepReader::input_dense(int i) const {
  return dense(step_.input[i]);
}
Result<const TensorRecord*> StepReader::output_dense(int i) const {
  return dense(step_.output[i]);
}

}  // namespace pawl::engine::steps
