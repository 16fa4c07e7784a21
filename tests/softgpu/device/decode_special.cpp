// rcp sqrt rsqrt ex2 lg2 sin cos tanh: correctly rounded here, where .approx on hardware is within
// a few ulp. copysign.
#include <cmath>

#include "tests/softgpu/device/arithmetic.h"
#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

// `Formula` computes in double; halves and pairs are lifted.
template <typename Formula>
struct InDouble : Lift<InDouble<Formula>> {
  static float number(float x) { return static_cast<float>(Formula::of(static_cast<double>(x))); }
  static double number(double x) { return Formula::of(x); }
};
struct Reciprocal {
  static double of(double x) { return 1.0 / x; }
};
struct Root {
  static double of(double x) { return std::sqrt(x); }
};
struct ReciprocalRoot {
  static double of(double x) { return 1.0 / std::sqrt(x); }
};
struct Exponential {
  static double of(double x) { return std::exp2(x); }
};
struct Logarithm {
  static double of(double x) { return std::log2(x); }
};
struct Sine {
  static double of(double x) { return std::sin(x); }
};
struct Cosine {
  static double of(double x) { return std::cos(x); }
};
struct HyperbolicTangent {
  static double of(double x) { return std::tanh(x); }
};

template <typename Formula>
void special(Decoder& d) {
  d.take("approx") || d.take("rn");
  const bool ftz = d.take("ftz");
  const Type type = d.take_type();
  using F = InDouble<Formula>;
  switch (type) {
    case Type::kF16:
      d.out().execute = map1<F, Half, Half>;
      break;
    case Type::kF16x2:
      d.out().execute = map1<F, HalfPair, HalfPair>;
      break;
    case Type::kF32:
      d.out().execute = ftz ? map1<Flushing<F>, float, float> : map1<F, float, float>;
      break;
    case Type::kF64:
      d.out().execute = map1<F, double, double>;
      break;
    default:
      d.fail("unsupported type");
  }
  d.out().kind = Class::kSpecial;
  d.result(0);
  d.sources({type});
}

struct CopySign {
  float operator()(float sign, float magnitude) const { return std::copysign(magnitude, sign); }
};
void copysign(Decoder& d) {
  const Type type = d.take_type();
  if (type != Type::kF32) d.fail("unsupported type");
  d.out().execute = map2<CopySign, float, float, float>;
  d.out().kind = Class::kFloat;
  d.result(0);
  d.sources({type, type});
}

}  // namespace

void add_special(DecodeTable& table) {
  table["rcp"] = special<Reciprocal>;
  table["sqrt"] = special<Root>;
  table["rsqrt"] = special<ReciprocalRoot>;
  table["ex2"] = special<Exponential>;
  table["lg2"] = special<Logarithm>;
  table["sin"] = special<Sine>;
  table["cos"] = special<Cosine>;
  table["tanh"] = special<HyperbolicTangent>;
  table["copysign"] = copysign;
}

}  // namespace pawl::softgpu
