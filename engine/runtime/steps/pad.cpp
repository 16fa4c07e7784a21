#include "engine/runtime/steps/readers.h"

namespace pawl::engine::steps {
namespace {

// kPad and kPadU8 differ in their elements alone.
template <typename Element, typename View>
Result<kernels::PadParams<Element>> pad_params(const StepReader& reader, const View& x,
                                               const View& y) {
  const auto f = step_fields<PadFields>(reader.record());
  if (x.C != y.C) return reader.broken("channels differ");
  if (!all_within(0, kSideMax, f.pad_top, f.pad_left) || f.pad_top + x.H > y.H ||
      f.pad_left + x.W > y.W) {
    return reader.broken("the image does not fit the padded one");
  }
  kernels::PadParams<Element> params{};
  set_images(x, y, &params);
  params.C = x.C;
  params.pad_top = static_cast<int32_t>(f.pad_top);
  params.pad_left = static_cast<int32_t>(f.pad_left);
  return params;
}

}  // namespace

Result<StepParams> read_pad(const StepReader& reader) {
  const Image x = PAWL_TRY(reader.input_image(0));
  const Image y = PAWL_TRY(reader.output_image(0));
  kernels::PadParams<float> params = PAWL_TRY(pad_params<float>(reader, x, y));
  params.value = reader.record().alpha;
  return StepParams(params);
}

Result<StepParams> read_pad_u8(const StepReader& reader) {
  const ImageU8 x = PAWL_TRY(reader.input_u8(0));
  const ImageU8 y = PAWL_TRY(reader.output_u8(0));
  kernels::PadParams<uint8_t> params = PAWL_TRY(pad_params<uint8_t>(reader, x, y));
  params.value = static_cast<uint8_t>(x.quantization.zero);
  return StepParams(params);
}

}  // namespace pawl::engine::steps
