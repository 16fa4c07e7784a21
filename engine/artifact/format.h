// Artifact format, version 1: the bytes of a .pawl file (docs/artifact-format.md).
//
// Little-endian, natural alignment, no pointers; records are read in place. Every enumerator value
// and every field offset here is frozen: change means a new version.
#pragma once

#include <cstdint>

namespace pawl::engine {

inline constexpr uint8_t kArtifactMagic[8] = {'P', 'A', 'W', 'L', '\r', '\n', 0x1a, '\n'};
// Readers refuse a greater major version, and accept any minor: it may add sections and nothing
// else. An unknown section is skipped unless it is flagged required.
inline constexpr uint16_t kArtifactMajor = 1;
inline constexpr uint16_t kArtifactMinor = 0;
inline constexpr uint32_t kSectionAlignment = 64;
inline constexpr uint32_t kSectionsMax = 64;
inline constexpr uint32_t kSectionRequired = 1U;  // SectionRecord::flags

struct ArtifactHeader {
  uint8_t magic[8];
  uint16_t major;
  uint16_t minor;
  uint32_t section_count;
  uint64_t file_bytes;
  uint64_t table_checksum;  // XXH64 (seed 0) of the section table, which follows this header
  uint8_t sha256[32];       // of the whole file with this field zero
};
static_assert(sizeof(ArtifactHeader) == 64);

enum class SectionKind : uint32_t {
  kPlan = 1,        // PlanHeader, then TensorRecord[], StepRecord[], name bytes
  kWeights = 2,     // raw, addressed by the plan
  kHead = 3,        // HeadRecord, then LevelRecord[]
  kLabels = 4,      // strings, each closed by a zero byte
  kProvenance = 5,  // key, value, key, value..., each closed by a zero byte
  kFallback = 6,    // a whole artifact for a CPU: what runs where the device fails
};

struct SectionRecord {
  uint32_t kind;
  uint32_t flags;
  uint64_t offset;  // from the start of the file, a multiple of kSectionAlignment
  uint64_t bytes;
  uint64_t checksum;  // XXH64, seed 0
};
static_assert(sizeof(SectionRecord) == 32);

inline constexpr uint32_t kCudaIsa = 0x10000;

struct PlanHeader {
  uint32_t tensor_count;
  uint32_t step_count;
  uint32_t name_bytes;
  uint32_t target_name;  // offset into the names
  uint64_t arena_bytes;
  uint64_t multiply_adds;  // a frame, for reports
  int32_t input_tensor;
  uint32_t isa;  // kernels::Isa the plan needs at least; a CUDA device: kCudaIsa + 87 for sm_87
  uint32_t reserved[4];
};
static_assert(sizeof(PlanHeader) == 56);

// The compute capability of the device a plan is for, 87 for sm_87; 0 for a plan of a CPU.
inline constexpr uint32_t kCapabilityMax = 200;
constexpr int32_t cuda_capability(const PlanHeader& plan) {
  return plan.isa > kCudaIsa && plan.isa <= kCudaIsa + kCapabilityMax
             ? static_cast<int32_t>(plan.isa - kCudaIsa)
             : 0;
}
constexpr bool is_cuda(const PlanHeader& plan) {
  return cuda_capability(plan) != 0;
}

enum class Layout : uint8_t { kRowMajor = 0, kNhwc = 1 };
enum class Storage : uint8_t { kArena = 0, kWeights = 1 };
enum class Element : uint8_t { kFloat32 = 0, kUint8 = 1, kFloat16 = 2 };
constexpr int64_t element_bytes(Element element) {
  return element == Element::kUint8 ? 1 : element == Element::kFloat16 ? 2 : 4;
}
inline constexpr uint8_t kTensorIsOutput = 1U;  // TensorRecord::flags
inline constexpr uint32_t kOutputsMax = 1024;

// A tensor. kNhwc: extent is (1, C, H, W), element (c, y, x) lies (y*W + x) * pixel_stride + c
// elements from the first. kRowMajor: dense in the order of extent, float32 only. kFloat16: in plans
// for CUDA devices alone, where it takes the place of float32 in images.
struct TensorRecord {
  uint64_t offset;  // of the first element, bytes into the arena or the weights; a multiple of the
                    // element's size
  uint32_t name;    // offset into the names
  Layout layout;
  Storage storage;
  uint8_t rank;
  uint8_t flags;
  int32_t extent[6];
  int32_t pixel_stride;
  uint32_t output_number;  // with kTensorIsOutput: which of the model's outputs this is
  Element element;
  uint8_t zero;  // kUint8: the real value is (u8 - zero) * scale
  uint16_t reserved;
  float scale;  // kUint8: positive and finite; else 0
};
static_assert(sizeof(TensorRecord) == 56);

// What a step computes; the kernel contract of the same name (kernels/*.h) is its definition.
enum class StepKind : uint16_t {
  kConv = 1,
  kDepthwise = 2,
  kPool = 3,
  kResize = 4,
  kUnary = 5,
  kBinary = 6,
  kGather = 7,
  kFocus = 8,
  kAttention = 9,
  kWinograd = 10,
  kPad = 11,
  kStridedCopy = 32,
  kDenseBinary = 33,
  kDenseUnary = 34,
  kDenseReduce = 35,
  kMatmul = 36,
  kTopK = 37,
  kDenseGather = 38,
  kConvU8 = 64,
  kDepthwiseU8 = 65,
  kQuantize = 66,
  kDequantize = 67,
  kCopyU8 = 68,
  kMaxPoolU8 = 69,
  kNearestU8 = 70,
  kBinaryU8 = 71,
  kAveragePoolU8 = 72,
  kTableU8 = 73,
  kPadU8 = 74,
};

inline constexpr uint64_t kNoData = ~uint64_t{0};

// One step. Shapes come from the tensors; what they cannot say is in `integer` and `real`, whose
// meaning by kind is the table in docs/artifact-format.md and the struct views in artifact/step.h.
struct StepRecord {
  StepKind kind;
  uint8_t activation;  // kernels::Activation
  uint8_t reserved0;
  uint32_t name;      // offset into the names: the graph node
  int32_t input[3];   // tensor indices, -1 where absent; [2] is the residual of a convolution
  int32_t output[2];  // [1] only for kTopK
  uint32_t reserved1;
  uint64_t data[3];  // byte offsets into the weights, kNoData where absent
  int64_t integer[20];
  float alpha;
  float beta;
};
static_assert(sizeof(StepRecord) == 224);

// HeadSpec and PreprocessSpec, field by field.
struct HeadRecord {
  uint32_t family;  // offset into the plan's names
  uint32_t level_count;
  uint8_t present;  // 0: compiled with --head none, no detections
  uint8_t layout, box, objectness, scores_are_logits, nms, fit, rgb;
  int32_t classes, bins;
  float cell_offset;
  int32_t width, height, channels;
  uint32_t pad_value;
  float mean[3], scale[3];
  uint32_t reserved;
};
static_assert(sizeof(HeadRecord) == 72);

// A HeadMap inside a tensor of the plan: element (p, c) is at `offset + p*pixel + c*channel` floats
// from the tensor's start.
struct MapRecord {
  int32_t tensor;  // -1: absent
  int32_t channels;
  int64_t offset, pixel, channel;
};
static_assert(sizeof(MapRecord) == 32);

struct LevelRecord {
  int32_t count, grid_width;
  float stride, anchor_w, anchor_h;
  uint32_t reserved;
  MapRecord box, scores, objectness;
};
static_assert(sizeof(LevelRecord) == 120);

}  // namespace pawl::engine
