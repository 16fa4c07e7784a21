// ldmatrix and mma.sync. Where the elements lie in the lanes' registers is of the PTX manual; that
// it was read right is shown by executing what another compiler made (tests/softgpu/README.md).
#include <algorithm>

#include "tests/softgpu/device/access.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/float16.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

// Lane 8 m + r holds the address of row r of matrix m: 8 elements of 2 bytes. Lane l receives from
// each matrix the elements 2 (l % 4), +1 of row l / 4, or transposed.
void run_load(Warp& w, const Instruction& i, uint32_t) {
  const bool transposed = (i.option & 1) != 0;
  uint64_t addresses[kLanes];
  uint16_t rows[4][8][8];
  const int32_t matrices = i.elements;
  for (int32_t l = 0; l < 8 * matrices; ++l) {
    addresses[l] = lane_address(w, i, l);
    if ((i.option & 2) != 0) resolve_generic(&addresses[l]);
    std::memcpy(rows[l / 8][l % 8], touch(w, i, l, Space::kShared, addresses[l], 16, Touch::kRead),
                16);
  }
  for (int32_t m = 0; m < matrices; ++m) {
    auto* d = w.at<uint32_t>(i.d[static_cast<size_t>(m)]);
    for (int32_t l = 0; l < kLanes; ++l) {
      const int32_t a = l / 4, b = l % 4 * 2;
      d[l] = transposed ? rows[m][b][a] | uint32_t{rows[m][b + 1][a]} << 16
                        : rows[m][a][b] | uint32_t{rows[m][a][b + 1]} << 16;
    }
  }
  count_shared(w, matrices == 4 ? kAllLanes : (1U << 8 * matrices) - 1, addresses, 16);
}

void load(Decoder& d) {
  d.take_one_of({"sync"});
  d.take_one_of({"aligned"});
  d.take_one_of({"m8n8"});
  const std::string count = d.take_one_of({"x1", "x2", "x4"});
  d.out().elements = static_cast<uint8_t>(count[1] - '0');
  d.out().option = d.take("trans") ? 1 : 0;
  if (!d.take("shared") && !d.take("shared::cta")) d.out().option |= 2;
  if (d.take_type() != Type::kB16) d.fail("unsupported type");
  d.out().flow = Flow::kCollective;
  d.out().kind = Class::kMatrixLoad;
  d.out().execute = run_load;
  d.result(0);
  d.address(1);
  if (d.out().results != d.out().elements) d.fail("wrong number of results");
}

// Rows of an accumulator register: c[2 h + e] of lane l is at row l / 4 + 8 h, column l % 4 * 2 + e.
template <typename T>
void gather_sum(Warp& w, const Instruction& i, size_t first, T (&sum)[16][8]) {
  for (size_t r = 0; r < 4; ++r) {
    const auto* c = w.at<T>(i.s[first + r]);
    for (size_t l = 0; l < kLanes; ++l) sum[l / 4 + r / 2 * 8][l % 4 * 2 + r % 2] = c[l];
  }
}
template <typename T>
void scatter_sum(Warp& w, const Instruction& i, const T (&sum)[16][8]) {
  for (size_t r = 0; r < 4; ++r) {
    auto* d = w.at<T>(i.d[r]);
    for (size_t l = 0; l < kLanes; ++l) d[l] = sum[l / 4 + r / 2 * 8][l % 4 * 2 + r % 2];
  }
}

// What a register's part of 16 or 8 bits stands for. Sums of a tile are floats for bytes too: 32
// products of at most 255 * 128 are exact in them.
struct HalfElement {
  static constexpr size_t kBits = 16;
  static float value(uint32_t bits) { return half_to_float(bits); }
};
struct SignedByte {
  static constexpr size_t kBits = 8;
  static float value(uint32_t bits) { return static_cast<float>(static_cast<int8_t>(bits)); }
};
struct UnsignedByte {
  static constexpr size_t kBits = 8;
  static float value(uint32_t bits) { return static_cast<float>(static_cast<int32_t>(bits)); }
};

// Registers hold several neighbouring elements along K. Register r of A is row half r % 2 and K half
// r / 2, of B K half r. Bits are gathered first and converted in one go, which compilers vectorise.
template <size_t K, typename ElementA, typename ElementB>
void multiply(Warp& w, const Instruction& i, float (&sum)[16][8]) {
  constexpr size_t kBits = ElementA::kBits, kPer = 32 / kBits, kHalf = 4 * kPer,
                   kHalves = K / kHalf;
  constexpr uint32_t kLow = (1U << kBits) - 1;
  uint32_t bits_a[16 * K], bits_b[K * 8];
  for (size_t r = 0; r < 2 * kHalves; ++r) {
    const auto* word = w.at<uint32_t>(i.s[r]);
    for (size_t l = 0; l < kLanes; ++l) {
      uint32_t* to = bits_a + (l / 4 + r % 2 * 8) * K + r / 2 * kHalf + l % 4 * kPer;
      for (size_t e = 0; e < kPer; ++e) to[e] = word[l] >> kBits * e & kLow;
    }
  }
  for (size_t r = 0; r < kHalves; ++r) {
    const auto* word = w.at<uint32_t>(i.s[2 * kHalves + r]);
    for (size_t l = 0; l < kLanes; ++l) {
      uint32_t* to = bits_b + (r * kHalf + l % 4 * kPer) * 8 + l / 4;
      for (size_t e = 0; e < kPer; ++e) to[8 * e] = word[l] >> kBits * e & kLow;
    }
  }
  float a[16 * K], b[K * 8];
  for (size_t n = 0; n < 16 * K; ++n) a[n] = ElementA::value(bits_a[n]);
  for (size_t n = 0; n < K * 8; ++n) b[n] = ElementB::value(bits_b[n]);
  for (size_t m = 0; m < 16; ++m) {
    float row[8];
    for (size_t n = 0; n < 8; ++n) row[n] = sum[m][n];
    for (size_t k = 0; k < K; ++k) {
      for (size_t n = 0; n < 8; ++n) row[n] += a[m * K + k] * b[k * 8 + n];
    }
    for (size_t n = 0; n < 8; ++n) sum[m][n] = row[n];
  }
  w.block.counters().multiply_adds += static_cast<int64_t>(16 * 8 * K);
}

// Products of halves are exact in float; the order of the sum is the manual's to leave open.
template <size_t K>
void run_half(Warp& w, const Instruction& i, uint32_t) {
  float sum[16][8];
  gather_sum(w, i, 3 * K / 8, sum);
  multiply<K, HalfElement, HalfElement>(w, i, sum);
  scatter_sum(w, i, sum);
}
// Accumulators of f16: two registers of pairs.
template <size_t K>
void run_half_sum(Warp& w, const Instruction& i, uint32_t) {
  float sum[16][8];
  for (size_t r = 0; r < 2; ++r) {
    const auto* c = w.at<uint32_t>(i.s[3 * K / 8 + r]);
    for (size_t l = 0; l < kLanes; ++l) {
      for (size_t e = 0; e < 2; ++e)
        sum[l / 4 + r * 8][l % 4 * 2 + e] = half_to_float(c[l] >> 16 * e & 0xFFFF);
    }
  }
  multiply<K, HalfElement, HalfElement>(w, i, sum);
  for (size_t r = 0; r < 2; ++r) {
    auto* d = w.at<uint32_t>(i.d[r]);
    for (size_t l = 0; l < kLanes; ++l) {
      const float* at = &sum[l / 4 + r * 8][l % 4 * 2];
      d[l] = float_to_half(at[0]) | uint32_t{float_to_half(at[1])} << 16;
    }
  }
}
template <size_t K, typename ElementA, typename ElementB>
void run_bytes(Warp& w, const Instruction& i, uint32_t) {
  int32_t start[16][8];
  gather_sum(w, i, 3 * K / 16, start);
  float products[16][8] = {};
  multiply<K, ElementA, ElementB>(w, i, products);
  // Wraps in 32 bits, or saturates where the instruction says so.
  for (size_t m = 0; m < 16; ++m) {
    for (size_t n = 0; n < 8; ++n) {
      const int64_t exact = int64_t{start[m][n]} + static_cast<int64_t>(products[m][n]);
      start[m][n] = static_cast<int32_t>(
          i.option == 0 ? exact : std::clamp<int64_t>(exact, INT32_MIN, INT32_MAX));
    }
  }
  scatter_sum(w, i, start);
}

template <size_t K>
Execute bytes_by_sign(bool a, bool b) {
  return a ? (b ? run_bytes<K, SignedByte, SignedByte> : run_bytes<K, SignedByte, UnsignedByte>)
           : (b ? run_bytes<K, UnsignedByte, SignedByte>
                : run_bytes<K, UnsignedByte, UnsignedByte>);
}

void multiply_add(Decoder& d) {
  d.take_one_of({"sync"});
  d.take_one_of({"aligned"});
  const std::string shape = d.take_one_of({"m16n8k8", "m16n8k16", "m16n8k32"});
  d.take_one_of({"row"});
  d.take_one_of({"col"});
  const Type result = d.take_type();
  std::string bytes_a, bytes_b;
  d.out().option = d.take("satfinite") ? 1 : 0;
  const bool halves = result != Type::kS32;
  size_t registers = 0;  // of the accumulator
  const size_t K = static_cast<size_t>(std::stoi(shape.substr(6)));
  if (halves) {
    const Type a = d.take_type(), b = d.take_type(), c = d.take_type();
    if (a != Type::kF16 || b != Type::kF16 || c != result || K == 32) d.fail("unsupported types");
    const bool wide = result == Type::kF32;
    if (!wide && result != Type::kF16) d.fail("unsupported types");
    d.out().execute =
        K == 16 ? (wide ? run_half<16> : run_half_sum<16>) : (wide ? run_half<8> : run_half_sum<8>);
    registers = wide ? 4 : 2;
  } else {
    const Type a = d.take_type(), b = d.take_type(), c = d.take_type();
    const bool bytes = bytes_of(a) == 1 && bytes_of(b) == 1 && c == Type::kS32;
    if (!bytes || K == 8) d.fail("unsupported types");
    const bool sa = a == Type::kS8, sb = b == Type::kS8;
    d.out().execute = K == 32 ? bytes_by_sign<32>(sa, sb) : bytes_by_sign<16>(sa, sb);
    registers = 4;
  }
  const size_t halves_of_k = K / (halves ? 8 : 16);
  d.out().flow = Flow::kCollective;
  d.out().kind = Class::kMatrix;
  d.result(0);
  for (size_t s = 1; s <= 3; ++s) d.source(s, Type::kB32);
  if (d.out().results != registers || d.out().sources != 3 * halves_of_k + registers) {
    d.fail("wrong number of registers");
  }
}

}  // namespace

void add_matrix(DecodeTable& table) {
  table["ldmatrix"] = load;
  table["mma"] = multiply_add;
}

}  // namespace pawl::softgpu
