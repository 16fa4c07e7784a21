// Proves: instruction sets form the tree that cpu/isa.h states, what is usable is what the hardware has
// less what PAWL_ISA forbids, and dispatch takes the first usable variant.
#include "kernels/cpu/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace pawl::kernels {
namespace {

constexpr Isa kAll[] = {Isa::kScalar,  Isa::kAvx2, Isa::kAvx512,  Isa::kAvx512Vnni,
                        Isa::kAvxVnni, Isa::kNeon, Isa::kNeonDot, Isa::kNeonI8mm};

TEST(Isa, NamesRoundTrip) {
  for (const Isa isa : kAll) {
    Isa parsed = Isa::kScalar;
    EXPECT_TRUE(parse_isa(isa_name(isa), &parsed));
    EXPECT_EQ(parsed, isa);
    EXPECT_TRUE(is_isa(static_cast<uint32_t>(isa)));
  }
  Isa untouched = Isa::kAvx2;
  for (const char* name : {"", "AVX2", "avx", "avx2 ", "unknown"}) {
    EXPECT_FALSE(parse_isa(name, &untouched)) << name;
  }
  EXPECT_EQ(untouched, Isa::kAvx2);
  for (const uint32_t value : {5U, 15U, 19U, 255U, 256U, 0xffffffffU}) EXPECT_FALSE(is_isa(value));
  EXPECT_STREQ(isa_name(static_cast<Isa>(5)), "unknown");
}

TEST(Isa, Tree) {
  for (const Isa isa : kAll) {
    EXPECT_TRUE(includes(isa, isa));
    EXPECT_TRUE(includes(isa, Isa::kScalar));
    EXPECT_EQ(includes(Isa::kScalar, isa), isa == Isa::kScalar);
  }
  EXPECT_TRUE(includes(Isa::kAvx512Vnni, Isa::kAvx512));
  EXPECT_TRUE(includes(Isa::kAvx512Vnni, Isa::kAvx2));
  EXPECT_TRUE(includes(Isa::kAvxVnni, Isa::kAvx2));
  EXPECT_FALSE(includes(Isa::kAvxVnni, Isa::kAvx512));
  EXPECT_FALSE(includes(Isa::kAvx512Vnni, Isa::kAvxVnni));
  EXPECT_FALSE(includes(Isa::kAvx512, Isa::kAvx512Vnni));
  EXPECT_TRUE(includes(Isa::kNeonI8mm, Isa::kNeon));
  EXPECT_FALSE(includes(Isa::kNeon, Isa::kNeonDot));
  EXPECT_FALSE(includes(Isa::kNeonI8mm, Isa::kAvx2));
}

TEST(Isa, HardwareHasWhatItsBestSetIncludes) {
  EXPECT_TRUE(hardware_has(Isa::kScalar));
  EXPECT_TRUE(hardware_has(hardware_isa()));
  for (const Isa isa : kAll) {
    if (!includes(hardware_isa(), isa)) continue;
    EXPECT_TRUE(hardware_has(isa)) << isa_name(isa);
  }
#if defined(__aarch64__)
  EXPECT_TRUE(hardware_has(Isa::kNeon));
  EXPECT_FALSE(hardware_has(Isa::kAvx2));
#else
  EXPECT_FALSE(hardware_has(Isa::kNeon));
#endif
}

// Runs once without PAWL_ISA and once for each of its values (tests/kernels_rest.cmake).
TEST(Isa, UsableIsHardwareLessWhatTheVariableForbids) {
  const char* name = std::getenv("PAWL_ISA");
  Isa wanted = Isa::kScalar;
  const bool lowered = name != nullptr && parse_isa(name, &wanted) && hardware_has(wanted);
  for (const Isa isa : kAll) {
    EXPECT_EQ(usable(isa), hardware_has(isa) && (!lowered || includes(wanted, isa)))
        << isa_name(isa) << " with PAWL_ISA=" << (name == nullptr ? "(none)" : name);
  }
  EXPECT_TRUE(usable(Isa::kScalar));
}

struct Variant {
  const char* name;
  Isa isa;
};

TEST(Isa, DispatchTakesTheFirstUsable) {
  const Isa impossible = hardware_has(Isa::kNeon) ? Isa::kAvx2 : Isa::kNeon;
  const Variant refused[] = {{"impossible", impossible}, {"scalar", Isa::kScalar}};
  EXPECT_STREQ(best_usable(refused).name, "scalar");
  for (const Isa isa : kAll) {
    const Variant table[] = {{"impossible", impossible}, {"wanted", isa}, {"scalar", Isa::kScalar}};
    EXPECT_STREQ(best_usable(table).name, usable(isa) ? "wanted" : "scalar") << isa_name(isa);
  }
}

}  // namespace
}  // namespace pawl::kernels
