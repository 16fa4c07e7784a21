// Loops over the lanes of a warp, and values as registers hold them: 16-bit values in the low half
// of a 32-bit cell, the upper half zero.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tests/softgpu/device/block.h"

namespace pawl::softgpu {

template <typename T>
using Cell = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T>
T from_cell(Cell<T> cell) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(cell);
  } else if constexpr (sizeof(T) == 2) {
    return std::bit_cast<T>(static_cast<uint16_t>(cell));
  } else {
    return std::bit_cast<T>(cell);
  }
}
template <typename T>
Cell<T> to_cell(T value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<Cell<T>>(static_cast<std::make_unsigned_t<T>>(value));
  } else if constexpr (sizeof(T) == 2) {
    return std::bit_cast<uint16_t>(value);
  } else {
    return std::bit_cast<Cell<T>>(value);
  }
}

// f(lane) for the lanes of the mask. The full warp is a plain loop, which compilers vectorise.
template <typename F>
void for_lanes(uint32_t mask, F&& f) {
  if (mask == kAllLanes) {
    for (int32_t lane = 0; lane < kLanes; ++lane) f(lane);
  } else {
    for (; mask != 0; mask &= mask - 1) f(std::countr_zero(mask));
  }
}

// d[0] = F(s[0], ...), R and the types of the operands given. F is a class without state.
template <typename F, typename R, typename A>
void map1(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<Cell<R>>(i.d[0]);
  const auto* a = w.at<Cell<A>>(i.s[0]);
  for_lanes(mask, [&](int32_t l) { d[l] = to_cell<R>(F()(from_cell<A>(a[l]))); });
}
template <typename F, typename R, typename A, typename B>
void map2(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<Cell<R>>(i.d[0]);
  const auto* a = w.at<Cell<A>>(i.s[0]);
  const auto* b = w.at<Cell<B>>(i.s[1]);
  for_lanes(mask,
            [&](int32_t l) { d[l] = to_cell<R>(F()(from_cell<A>(a[l]), from_cell<B>(b[l]))); });
}
template <typename F, typename R, typename A, typename B, typename C>
void map3(Warp& w, const Instruction& i, uint32_t mask) {
  auto* d = w.at<Cell<R>>(i.d[0]);
  const auto* a = w.at<Cell<A>>(i.s[0]);
  const auto* b = w.at<Cell<B>>(i.s[1]);
  const auto* c = w.at<Cell<C>>(i.s[2]);
  for_lanes(mask, [&](int32_t l) {
    d[l] = to_cell<R>(F()(from_cell<A>(a[l]), from_cell<B>(b[l]), from_cell<C>(c[l])));
  });
}

}  // namespace pawl::softgpu
