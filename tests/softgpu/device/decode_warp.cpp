// shfl vote match redux activemask bar.warp: what lanes of a warp tell each other.
#include <algorithm>

#include "tests/softgpu/device/decoder.h"
#include "tests/softgpu/device/lanes.h"

namespace pawl::softgpu {
namespace {

enum class Shuffle : uint32_t { kUp, kDown, kButterfly, kIndex };

// s: value, lane or distance, clamp and segment, members.
void run_shuffle(Warp& w, const Instruction& i, uint32_t mask) {
  const auto *a = w.at<uint32_t>(i.s[0]), *b = w.at<uint32_t>(i.s[1]), *c = w.at<uint32_t>(i.s[2]);
  uint32_t values[kLanes], inside = 0;
  for_lanes(mask, [&](int32_t lane) {
    const uint32_t l = static_cast<uint32_t>(lane);
    const uint32_t offset = b[l] & 31, segment = c[l] >> 8 & 31, clamp = c[l] & 31;
    const uint32_t low = l & segment, limit = low | (clamp & ~segment);
    uint32_t from = 0;
    bool valid = false;
    switch (static_cast<Shuffle>(i.option)) {
      case Shuffle::kUp:
        from = l - offset, valid = static_cast<int32_t>(from) >= static_cast<int32_t>(limit);
        break;
      case Shuffle::kDown:
        from = l + offset, valid = from <= limit;
        break;
      case Shuffle::kButterfly:
        from = l ^ offset, valid = from <= limit;
        break;
      case Shuffle::kIndex:
        from = low | (offset & ~segment), valid = from <= limit;
        break;
    }
    if (!valid) from = l;
    if ((mask >> (from & 31) & 1) == 0) {
      w.block.report(FindingKind::kUninitialised, w, i, lane, "reads a lane that takes no part");
    }
    values[l] = a[from & 31];
    inside |= static_cast<uint32_t>(valid) << l;
  });
  auto* d = w.at<uint32_t>(i.d[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = values[l]; });
  if (i.results > 1) {
    uint32_t& p = *w.at<uint32_t>(i.d[1]);
    p = (p & ~mask) | inside;
  }
}
void shuffle(Decoder& d) {
  d.take_one_of({"sync"});
  const std::string mode = d.take_one_of({"up", "down", "bfly", "idx"});
  if (d.take_type() != Type::kB32) d.fail("unsupported type");
  d.out().option = static_cast<uint32_t>(mode == "up"     ? Shuffle::kUp
                                         : mode == "down" ? Shuffle::kDown
                                         : mode == "bfly" ? Shuffle::kButterfly
                                                          : Shuffle::kIndex);
  d.out().execute = run_shuffle;
  d.out().flow = Flow::kMasked;
  d.out().kind = Class::kShuffle;
  d.result(0);
  d.sources({Type::kB32, Type::kB32, Type::kB32, Type::kB32});
}

enum class Vote : uint32_t { kAll, kAny, kUniform, kBallot };

// option: vote, 8 where the predicate is negated.
void run_vote(Warp& w, const Instruction& i, uint32_t mask) {
  const uint32_t given = w.predicate(i.s[0]);
  const uint32_t yes = ((i.option & 8) != 0 ? ~given : given) & mask;
  const auto vote = static_cast<Vote>(i.option & 7);
  if (vote == Vote::kBallot) {
    auto* d = w.at<uint32_t>(i.d[0]);
    for_lanes(mask, [&](int32_t l) { d[l] = yes; });
    return;
  }
  const bool result = vote == Vote::kAll   ? yes == mask
                      : vote == Vote::kAny ? yes != 0
                                           : yes == mask || yes == 0;
  uint32_t& d = *w.at<uint32_t>(i.d[0]);
  d = result ? d | mask : d & ~mask;
}
void vote(Decoder& d) {
  d.take_one_of({"sync"});
  const std::string mode = d.take_one_of({"all", "any", "uni", "ballot"});
  d.take_type();
  d.out().option = static_cast<uint32_t>(mode == "all"   ? Vote::kAll
                                         : mode == "any" ? Vote::kAny
                                         : mode == "uni" ? Vote::kUniform
                                                         : Vote::kBallot);
  if (d.operand(1).negated) d.out().option |= 8;
  d.out().execute = run_vote;
  d.out().flow = Flow::kMasked;
  d.out().kind = Class::kShuffle;
  d.result(0);
  d.sources({Type::kPred, Type::kB32});
}

template <typename C>
void run_match_any(Warp& w, const Instruction& i, uint32_t mask) {
  const auto* a = w.at<C>(i.s[0]);
  uint32_t same[kLanes] = {};
  for_lanes(mask, [&](int32_t l) {
    for_lanes(mask,
              [&](int32_t other) { same[l] |= static_cast<uint32_t>(a[other] == a[l]) << other; });
  });
  auto* d = w.at<uint32_t>(i.d[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = same[l]; });
}
template <typename C>
void run_match_all(Warp& w, const Instruction& i, uint32_t mask) {
  const auto* a = w.at<C>(i.s[0]);
  const C first = a[std::countr_zero(mask)];
  bool all = true;
  for_lanes(mask, [&](int32_t l) { all = all && a[l] == first; });
  auto* d = w.at<uint32_t>(i.d[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = all ? mask : 0; });
  if (i.results > 1) {
    uint32_t& p = *w.at<uint32_t>(i.d[1]);
    p = all ? p | mask : p & ~mask;
  }
}
void match(Decoder& d) {
  const bool any = d.take_one_of({"any", "all"}) == "any";
  d.take_one_of({"sync"});
  const Type type = d.take_type();
  const bool wide = bytes_of(type) == 8;
  d.out().execute = any ? (wide ? run_match_any<uint64_t> : run_match_any<uint32_t>)
                        : (wide ? run_match_all<uint64_t> : run_match_all<uint32_t>);
  d.out().flow = Flow::kMasked;
  d.out().kind = Class::kShuffle;
  d.result(0);
  d.sources({type, Type::kB32});
}

enum class Reduction : uint32_t { kAdd, kMin, kMax, kAnd, kOr, kXor };

template <typename T>
void run_reduce(Warp& w, const Instruction& i, uint32_t mask) {
  const auto* a = w.at<uint32_t>(i.s[0]);
  T total = static_cast<T>(a[std::countr_zero(mask)]);
  for_lanes(mask & (mask - 1), [&](int32_t l) {
    const T x = static_cast<T>(a[l]);
    switch (static_cast<Reduction>(i.option)) {
      case Reduction::kAdd:
        total = static_cast<T>(static_cast<uint32_t>(total) + a[l]);
        break;
      case Reduction::kMin:
        total = std::min(total, x);
        break;
      case Reduction::kMax:
        total = std::max(total, x);
        break;
      case Reduction::kAnd:
        total &= x;
        break;
      case Reduction::kOr:
        total |= x;
        break;
      case Reduction::kXor:
        total ^= x;
        break;
    }
  });
  auto* d = w.at<uint32_t>(i.d[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = static_cast<uint32_t>(total); });
}
void reduce(Decoder& d) {
  static const std::map<std::string, Reduction> all = {
      {"add", Reduction::kAdd}, {"min", Reduction::kMin}, {"max", Reduction::kMax},
      {"and", Reduction::kAnd}, {"or", Reduction::kOr},   {"xor", Reduction::kXor}};
  d.take_one_of({"sync"});
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& o) { return d.take(o.first.c_str()); });
  if (found == all.end()) d.fail("missing operation");
  const Type type = d.take_type();
  if (bytes_of(type) != 4) d.fail("unsupported type");
  d.out().option = static_cast<uint32_t>(found->second);
  d.out().execute = type == Type::kS32 ? run_reduce<int32_t> : run_reduce<uint32_t>;
  d.out().flow = Flow::kMasked;
  d.out().kind = Class::kShuffle;
  d.result(0);
  d.sources({type, Type::kB32});
}

void run_active(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<uint32_t>(i.d[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = mask; });
}
void active(Decoder& d) {
  if (d.take_type() != Type::kB32) d.fail("unsupported type");
  d.out().execute = run_active;
  d.out().kind = Class::kShuffle;
  d.result(0);
}

}  // namespace

void add_warp(DecodeTable& table) {
  table["shfl"] = shuffle;
  table["vote"] = vote;
  table["match"] = match;
  table["redux"] = reduce;
  table["activemask"] = active;
}

}  // namespace pawl::softgpu
