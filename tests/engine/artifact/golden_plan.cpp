#include "tests/engine/artifact/golden_plan.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "engine/artifact/step.h"
#include "engine/artifact/writer.h"
#include "engine/artifact/xxh64.h"
#include "engine/detect/head.h"
#include "kernels/activation.h"
#include "kernels/conv.h"
#include "kernels/cpu/isa.h"
#include "kernels/panel.h"
#include "kernels/winograd.h"

namespace pawl::engine {
namespace {

using kernels::Activation;

constexpr int32_t kInputSide = 32;
constexpr int32_t kSide = 16;  // of the maps after the first convolution
constexpr int32_t kChannels = 16;
constexpr int32_t kClasses = 3;
constexpr int32_t kNeck = 4;  // tensor "neck", which the later parts read

// Adds tensors and steps to a plan; every name is one the reader can look up.
class GoldenBuilder {
 public:
  Plan plan;

  int32_t image(std::string_view name, int32_t channels, int32_t side) {
    const int32_t index = tensor(name, Layout::kNhwc, {1, channels, side, side}, channels);
    reserve(index);
    return index;
  }

  // An image of 8-bit elements.
  int32_t image_u8(std::string_view name, int32_t channels, int32_t side, float scale,
                   uint8_t zero) {
    const int32_t index = tensor(name, Layout::kNhwc, {1, channels, side, side}, channels);
    last().element = Element::kUint8;
    last().scale = scale;
    last().zero = zero;
    reserve(index);
    return index;
  }

  // A channel range of an image that is there already.
  int32_t channel_range(std::string_view name, int32_t whole, int32_t first, int32_t channels) {
    const TensorRecord from = plan.tensors[static_cast<size_t>(whole)];
    const int32_t index = tensor(name, Layout::kNhwc, {1, channels, from.extent[2], from.extent[3]},
                                 from.pixel_stride);
    last().offset = from.offset + static_cast<uint64_t>(first) * sizeof(float);
    return index;
  }

  int32_t rows(std::string_view name, std::vector<int32_t> extent) {
    const int32_t index = tensor(name, Layout::kRowMajor, std::move(extent), 0);
    reserve(index);
    return index;
  }

  int32_t constant(std::string_view name, std::vector<int32_t> extent,
                   const std::vector<float>& values) {
    const int32_t index = tensor(name, Layout::kRowMajor, std::move(extent), 0);
    last().storage = Storage::kWeights;
    last().offset = plan.add_weights(values.data(), values.size() * sizeof(float));
    return index;
  }

  StepRecord& step(std::string_view name, StepKind kind, std::vector<int32_t> inputs,
                   std::vector<int32_t> outputs) {
    StepRecord record{};
    record.kind = kind;
    record.name = plan.add_name(name);
    std::fill(std::begin(record.input), std::end(record.input), -1);
    std::fill(std::begin(record.output), std::end(record.output), -1);
    std::fill(std::begin(record.data), std::end(record.data), kNoData);
    std::copy(inputs.begin(), inputs.end(), record.input);
    std::copy(outputs.begin(), outputs.end(), record.output);
    plan.steps.push_back(record);
    return plan.steps.back();
  }

  uint64_t add_floats(const std::vector<float>& values) {
    return plan.add_weights(values.data(), values.size() * sizeof(float));
  }

  TensorRecord& last() { return plan.tensors.back(); }

  void mark_output(uint32_t number) {
    last().flags = kTensorIsOutput;
    last().output_number = number;
  }

 private:
  int32_t tensor(std::string_view name, Layout layout, std::vector<int32_t> extent,
                 int32_t pixel_stride) {
    TensorRecord record{};
    record.name = plan.add_name(name);
    record.layout = layout;
    record.storage = Storage::kArena;
    record.rank = static_cast<uint8_t>(extent.size());
    std::copy(extent.begin(), extent.end(), record.extent);
    record.pixel_stride = pixel_stride;
    plan.tensors.push_back(record);
    return static_cast<int32_t>(plan.tensors.size() - 1);
  }

  // Room of its own in the arena: nothing is reused in so small a plan.
  void reserve(int32_t index) {
    TensorRecord& record = plan.tensors[static_cast<size_t>(index)];
    record.offset = plan.header.arena_bytes;
    uint64_t elements = 1;
    for (uint8_t i = 0; i < record.rank; ++i) elements *= static_cast<uint64_t>(record.extent[i]);
    // 8-bit kernels read whole registers: 64 bytes to spare.
    const uint64_t bytes =
        record.element == Element::kUint8 ? elements + 64 : elements * sizeof(float);
    plan.header.arena_bytes += (bytes + 63) / 64 * 64;
  }
};

// Small exact fractions of both signs.
std::vector<float> pattern(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525U + 1013904223U;
    values[i] = static_cast<float>(static_cast<int32_t>(seed >> 27) - 16) / 64.0F;
  }
  return values;
}

void add_conv(GoldenBuilder& b, std::string_view name, int32_t x, int32_t y, int32_t kernel,
              int32_t stride, Activation activation) {
  const int32_t ic = b.plan.tensors[static_cast<size_t>(x)].extent[1];
  const int32_t oc = b.plan.tensors[static_cast<size_t>(y)].extent[1];
  const auto weights = pattern(static_cast<size_t>(oc * ic * kernel * kernel), 7);
  std::vector<float> packed(kernels::packed_conv_floats(oc, ic, kernel, kernel));
  kernels::pack_conv_weights(weights.data(), oc, ic, kernel, kernel, packed.data());
  std::vector<float> bias = pattern(static_cast<size_t>(oc), 3);
  bias.resize((bias.size() + kernels::kPanelChannels - 1) / kernels::kPanelChannels *
              kernels::kPanelChannels);
  StepRecord& step = b.step(name, StepKind::kConv, {x}, {y});
  step.activation = static_cast<uint8_t>(activation);
  step.data[0] = b.add_floats(packed);
  step.data[1] = b.add_floats(bias);
  const int32_t pad = kernel / 2;
  set_step_fields(ConvFields{kernel, kernel, stride, stride, pad, pad, 1, 1}, &step);
}

void add_depthwise(GoldenBuilder& b, int32_t x, int32_t y) {
  StepRecord& step = b.step("depthwise", StepKind::kDepthwise, {x}, {y});
  step.activation = static_cast<uint8_t>(Activation::kRelu);
  step.data[0] = b.add_floats(pattern(9 * kChannels, 11));
  step.data[1] = b.add_floats(pattern(kChannels, 5));
  set_step_fields(ConvFields{3, 3, 1, 1, 1, 1, 1, 1}, &step);
}

// Nearest, twice as wide and high: the table is row0, row1, row_t, col0, col1, col_t.
void add_resize(GoldenBuilder& b, int32_t x, int32_t y) {
  std::vector<int32_t> table;
  for (int axis = 0; axis < 2; ++axis) {
    for (int32_t i = 0; i < kSide; ++i) table.push_back(i / 2);
    table.insert(table.end(), 2 * kSide, 0);  // index1 and t: linear only
  }
  StepRecord& step = b.step("resize", StepKind::kResize, {x}, {y});
  step.data[0] = b.plan.add_weights(table.data(), table.size() * sizeof(int32_t));
  set_step_fields(ResizeFields{0}, &step);
}

// The convolutional part; returns box map and score map.
std::pair<int32_t, int32_t> add_network(GoldenBuilder& b) {
  const int32_t input = b.image("images", 3, kInputSide);
  b.plan.header.input_tensor = input;
  const int32_t stem = b.image("stem", kChannels, kSide);
  const int32_t deep = b.image("deep", kChannels, kSide);
  const int32_t pooled = b.image("pooled", kChannels, kSide / 2);
  const int32_t neck = b.image("neck", 2 * kChannels, kSide);
  const int32_t upper = b.channel_range("upper", neck, 0, kChannels);
  const int32_t sum = b.channel_range("sum", neck, kChannels, kChannels);

  add_conv(b, "stem", input, stem, 3, 2, Activation::kSilu);
  add_depthwise(b, stem, deep);
  StepRecord& pool = b.step("pool", StepKind::kPool, {deep}, {pooled});
  set_step_fields(PoolFields{0, 0, 2, 2, 2, 2, 0, 0, 1, 1}, &pool);
  add_resize(b, pooled, upper);
  set_step_fields(OpFields{0}, &b.step("sum", StepKind::kBinary, {stem, deep}, {sum}));

  const int32_t focused = b.image("focused", 2 * 4 * kChannels, kSide / 2);
  set_step_fields(FocusFields{{0, 1, 0, 1}, {0, 0, 1, 1}},
                  &b.step("focus", StepKind::kFocus, {neck}, {focused}));
  const int32_t shuffled = b.image("shuffled", kChannels, kSide);
  std::vector<int32_t> order(kChannels);
  for (int32_t c = 0; c < kChannels; ++c) order[static_cast<size_t>(c)] = c * 5 % kChannels;
  StepRecord& gather = b.step("shuffle", StepKind::kGather, {neck}, {shuffled});
  gather.data[0] = b.plan.add_weights(order.data(), order.size() * sizeof(int32_t));
  const int32_t squashed = b.image("squashed", kChannels, kSide);
  b.step("squash", StepKind::kUnary, {shuffled}, {squashed}).activation =
      static_cast<uint8_t>(Activation::kSigmoid);

  // Two heads of four channels: q, k, v of head h lie at 4h, 16 + 4h and 8 + 4h of `neck`.
  const int32_t attended = b.image("attended", 8, kSide);
  StepRecord& attention = b.step("attention", StepKind::kAttention, {neck}, {attended});
  attention.alpha = 0.5F;
  set_step_fields(AttentionFields{2, 4, 4, 0, 16, 8, 4}, &attention);

  const int32_t boxes = b.image("boxes", 4, kSide);
  b.mark_output(1);
  const int32_t scores = b.image("scores", kClasses, kSide);
  b.mark_output(0);
  add_conv(b, "boxes", neck, boxes, 1, 1, Activation::kRelu);
  add_conv(b, "scores", neck, scores, 1, 1, Activation::kNone);
  return {boxes, scores};
}

// Row-major operators over the scores, as a graph without a known head would have them.
void add_tail(GoldenBuilder& b, int32_t scores) {
  constexpr int32_t kPixels = kSide * kSide;
  const int32_t dense = b.rows("dense", {1, kClasses, kPixels});
  StepRecord& copy = b.step("to_rows", StepKind::kStridedCopy, {scores}, {dense});
  set_step_fields(CopyFields{{1, 1, 1, 1, kClasses, kPixels},
                             {0, 0, 0, 0, 1, kClasses},
                             {0, 0, 0, 0, kPixels, 1},
                             0,
                             0},
                  &copy);
  const int32_t probable = b.rows("probable", {1, kClasses, kPixels});
  set_step_fields(ReduceFields{0, 1, kClasses, kPixels},
                  &b.step("softmax", StepKind::kDenseReduce, {dense}, {probable}));
  const int32_t scaled = b.rows("scaled", {1, kClasses, kPixels});
  const int32_t factor = b.constant("factor", {kClasses, 1}, pattern(kClasses, 17));
  set_step_fields(OpFields{2},
                  &b.step("scale", StepKind::kDenseBinary, {probable, factor}, {scaled}));
  const int32_t powers = b.rows("powers", {1, kClasses, kPixels});
  set_step_fields(OpFields{1}, &b.step("exp", StepKind::kDenseUnary, {scaled}, {powers}));
  const int32_t matrix = b.constant("matrix", {kPixels, 2}, pattern(kPixels * 2, 19));
  const int32_t product = b.rows("product", {kClasses, 2});
  set_step_fields(MatmulFields{1, kClasses, kPixels, 2, 0, 0},
                  &b.step("matmul", StepKind::kMatmul, {powers, matrix}, {product}));
  const int32_t values = b.rows("values", {kClasses, 1});
  const int32_t indices = b.rows("indices", {kClasses, 1});
  set_step_fields(TopKFields{kClasses, 2, 1, 1},
                  &b.step("topk", StepKind::kTopK, {product}, {values, indices}));
  const int32_t picked = b.rows("picked", {kClasses, 2});
  b.mark_output(2);
  set_step_fields(DenseGatherFields{0, 1, kClasses, 2, kClasses},
                  &b.step("pick", StepKind::kDenseGather, {product, indices}, {picked}));
}

std::vector<int8_t> pattern_s8(size_t count, uint32_t seed) {
  std::vector<int8_t> values(count);
  for (int8_t& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<int8_t>(static_cast<int32_t>(seed >> 26) - 32);
  }
  return values;
}

// Weights, bias, and the scales of each channel, of sums and of y, with the padding bytes behind.
void add_u8_data(GoldenBuilder& b, StepRecord& step, size_t weights, int32_t channels,
                 size_t pad_bytes, uint8_t pad) {
  const float y_scale = b.plan.tensors[static_cast<size_t>(step.output[0])].scale;
  const auto padded = static_cast<size_t>((channels + 15) / 16 * 16);
  const std::vector<int8_t> weight = pattern_s8(weights, 23);
  const std::vector<int32_t> bias(padded, 100);
  const std::vector<float> scale(padded, 1.0F / 4096.0F);
  const std::vector<float> inverse(padded, 1.0F / y_scale);
  std::vector<uint8_t> table(2 * padded * sizeof(float) + pad_bytes, pad);
  std::memcpy(table.data(), scale.data(), padded * sizeof(float));
  std::memcpy(table.data() + padded * sizeof(float), inverse.data(), padded * sizeof(float));
  step.data[0] = b.plan.add_weights(weight.data(), weight.size());
  step.data[1] = b.plan.add_weights(bias.data(), bias.size() * sizeof(int32_t));
  step.data[2] = b.plan.add_weights(table.data(), table.size());
}

StepRecord& add_conv_u8(GoldenBuilder& b, std::string_view name, int32_t x, int32_t y,
                        int32_t kernel) {
  const TensorRecord from = b.plan.tensors[static_cast<size_t>(x)];
  const int32_t oc = b.plan.tensors[static_cast<size_t>(y)].extent[1];
  const int32_t ic = from.extent[1];
  StepRecord& step = b.step(name, StepKind::kConvU8, {x}, {y});
  const int32_t panel = kernel * kernel * ((ic + 3) / 4) * 64;
  add_u8_data(b, step, static_cast<size_t>((oc + 15) / 16 * panel), oc,
              static_cast<size_t>((ic + 63) / 64 * 64), from.zero);
  const int32_t pad = kernel / 2;
  set_step_fields(ConvFields{kernel, kernel, 1, 1, pad, pad, 1, 1}, &step);
  return step;
}

// The same kinds of layers in 8 bits, from `image` and back.
void add_quantized(GoldenBuilder& b, int32_t image) {
  const int32_t entered = b.image_u8("entered", 2 * kChannels, kSide, 1.0F / 32.0F, 128);
  b.step("quantize", StepKind::kQuantize, {image}, {entered});
  const int32_t dense = b.image_u8("dense_u8", kChannels, kSide, 1.0F / 64.0F, 9);
  add_conv_u8(b, "conv_u8", entered, dense, 3).activation = static_cast<uint8_t>(Activation::kSilu);

  const int32_t deep = b.image_u8("deep_u8", kChannels, kSide, 1.0F / 16.0F, 0);
  StepRecord& depthwise =
      b.step("depthwise_u8", StepKind::kDepthwiseU8, {dense, -1, dense}, {deep});
  depthwise.activation = static_cast<uint8_t>(Activation::kRelu);
  add_u8_data(b, depthwise, 9 * kChannels, kChannels, 0, 0);
  set_step_fields(ConvFields{3, 3, 1, 1, 1, 1, 1, 1}, &depthwise);

  const int32_t shuffled = b.image_u8("shuffled_u8", kChannels, kSide, 1.0F / 16.0F, 0);
  std::vector<int32_t> order(kChannels);
  for (int32_t c = 0; c < kChannels; ++c) order[static_cast<size_t>(c)] = c * 3 % kChannels;
  b.step("copy_u8", StepKind::kCopyU8, {deep}, {shuffled}).data[0] =
      b.plan.add_weights(order.data(), order.size() * sizeof(int32_t));
  const int32_t pooled = b.image_u8("pooled_u8", kChannels, kSide / 2, 1.0F / 16.0F, 0);
  set_step_fields(ConvFields{2, 2, 2, 2, 0, 0, 1, 1},
                  &b.step("pool_u8", StepKind::kMaxPoolU8, {shuffled}, {pooled}));
  const int32_t wide = b.image_u8("wide_u8", kChannels, kSide, 1.0F / 16.0F, 0);
  std::vector<int32_t> table;
  for (int32_t i = 0; i < 2 * kSide; ++i) table.push_back(i % kSide / 2);
  b.step("nearest_u8", StepKind::kNearestU8, {pooled}, {wide}).data[0] =
      b.plan.add_weights(table.data(), table.size() * sizeof(int32_t));

  const int32_t left = b.image("left_u8", kChannels, kSide);
  b.step("dequantize", StepKind::kDequantize, {wide}, {left});
  const int32_t narrow = b.image("narrow", 5, kSide);
  b.mark_output(3);
  add_conv_u8(b, "conv_u8_to_float", wide, narrow, 1);
}

// Operators on 8 bits whose output has a scale of its own, from `image` and back.
void add_rescaled(GoldenBuilder& b, int32_t image) {
  const int32_t x = b.image_u8("crossed_u8", 2 * kChannels, kSide, 1.0F / 32.0F, 120);
  b.step("cross", StepKind::kQuantize, {image}, {x});
  const int32_t sum = b.image_u8("sum_u8", 2 * kChannels, kSide, 1.0F / 16.0F, 118);
  set_step_fields(OpFields{0}, &b.step("add_u8", StepKind::kBinaryU8, {x, x}, {sum}));
  const int32_t mean = b.image_u8("mean_u8", 2 * kChannels, 1, 1.0F / 64.0F, 100);
  set_step_fields(PoolFields{1, 0, kSide, kSide, 1, 1, 0, 0, 1, 1},
                  &b.step("mean_u8", StepKind::kAveragePoolU8, {sum}, {mean}));
  const int32_t gate = b.image_u8("gate_u8", 2 * kChannels, 1, 1.0F / 255.0F, 0);
  std::vector<uint8_t> table(256);
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<uint8_t>(i * i / 255);
  b.step("table_u8", StepKind::kTableU8, {mean}, {gate}).data[0] =
      b.plan.add_weights(table.data(), table.size());
  const int32_t gated = b.image_u8("gated_u8", 2 * kChannels, kSide, 1.0F / 32.0F, 120);
  set_step_fields(OpFields{2}, &b.step("mul_u8", StepKind::kBinaryU8, {x, gate}, {gated}));
  const int32_t left = b.image("gated", 2 * kChannels, kSide);
  b.mark_output(4);
  b.step("uncross", StepKind::kDequantize, {gated}, {left});
}

// A 3x3 convolution by Winograd over the few channels of the boxes; the weights count as
// transformed.
void add_winograd(GoldenBuilder& b, int32_t boxes) {
  constexpr int32_t kOut = 8;
  const int32_t smooth = b.image("smooth", kOut, kSide);
  StepRecord& step = b.step("winograd", StepKind::kWinograd, {boxes}, {smooth});
  step.activation = static_cast<uint8_t>(Activation::kRelu);
  step.data[0] = b.add_floats(pattern(kernels::packed_winograd_floats(kOut, 4), 29));
  step.data[1] = b.add_floats(pattern(kernels::kPanelChannels, 31));
  set_step_fields(WinogradFields{1, 1}, &step);
}

MapRecord whole_map(int32_t tensor, int32_t channels) {
  return {tensor, channels, 0, channels, 1};
}

}  // namespace

Plan golden_plan() {
  GoldenBuilder b;
  b.plan.header.target_name = b.plan.add_name("cpu-generic");
  b.plan.header.isa = static_cast<uint32_t>(kernels::Isa::kScalar);
  b.plan.header.multiply_adds = 123456;
  const auto [boxes, scores] = add_network(b);
  add_tail(b, scores);
  add_quantized(b, kNeck);
  add_winograd(b, boxes);
  add_rescaled(b, kNeck);

  HeadRecord& head = b.plan.head;
  head.family = b.plan.add_name("golden");
  head.present = 1;
  head.layout = static_cast<uint8_t>(OutputLayout::kMaps);
  head.box = static_cast<uint8_t>(BoxCode::kLtrb);
  head.scores_are_logits = 1;
  head.nms = 1;
  head.rgb = 1;
  head.classes = kClasses;
  head.bins = 1;
  head.cell_offset = 0.5F;
  head.width = kInputSide;
  head.height = kInputSide;
  head.channels = 3;
  head.pad_value = 114;
  std::fill(std::begin(head.scale), std::end(head.scale), 1.0F / 256.0F);

  LevelRecord level{};
  level.count = kSide * kSide;
  level.grid_width = kSide;
  level.stride = 2.0F;
  level.box = whole_map(boxes, 4);
  level.scores = whole_map(scores, kClasses);
  level.objectness.tensor = -1;
  b.plan.levels = {level};
  b.plan.labels = {"scratch", "dent", "st\xc3\xa4in"};
  b.plan.provenance = {{"model.name", "golden"}, {"compiler.version", "0.1.0"}, {"empty", ""}};
  return b.plan;
}

std::vector<std::byte> golden_bytes() {
  return write_artifact(golden_plan()).value();
}

AlignedBytes::AlignedBytes(std::span<const std::byte> bytes) : data_(nullptr), size_(bytes.size()) {
  void* memory = nullptr;
  if (posix_memalign(&memory, kSectionAlignment, std::max<size_t>(size_, 1)) != 0) std::abort();
  data_ = static_cast<std::byte*>(memory);
  std::copy(bytes.begin(), bytes.end(), data_);
}

AlignedBytes::~AlignedBytes() {
  std::free(data_);
}

void repair_checksums(std::span<std::byte> file) {
  ArtifactHeader header;
  if (file.size() < sizeof(header)) return;
  std::memcpy(&header, file.data(), sizeof(header));
  const uint64_t table_bytes = uint64_t{header.section_count} * sizeof(SectionRecord);
  if (table_bytes > file.size() - sizeof(header)) return;
  const std::span<std::byte> table = file.subspan(sizeof(header), table_bytes);
  for (size_t at = 0; at < table.size(); at += sizeof(SectionRecord)) {
    SectionRecord section;
    std::memcpy(&section, &table[at], sizeof(section));
    if (section.offset > file.size() || section.bytes > file.size() - section.offset) continue;
    section.checksum = xxh64(file.subspan(section.offset, section.bytes));
    std::memcpy(&table[at], &section, sizeof(section));
  }
  header.table_checksum = xxh64(table);
  std::memcpy(file.data(), &header, sizeof(header));
}

}  // namespace pawl::engine
