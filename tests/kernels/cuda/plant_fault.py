#!/usr/bin/env python3
"""Writes kernels/cuda/FAMILY.cu with one fault planted, for the test that each is noticed. A fault is
a replacement of text that must occur exactly once, so a change of the kernel cannot make one
silently vanish. Usage: plant_fault.py --list FAMILY | plant_fault.py FAMILY FAULT OUTPUT"""

import re
import sys
from pathlib import Path

PREFETCH = "if (step + kStages - 1 < steps) loader.start(stages + filling * kStageBytes);"
CONV = {
    "none": [],
    # Order
    "no_barrier": [("    __syncthreads();\n    " + PREFETCH, "    " + PREFETCH)],
    "wait_count": [("copy_async_wait<kStages - 2>()", "copy_async_wait<kStages - 1>()")],
    "no_commit": [("    copy_async_commit();\n    multiply_stage", "    multiply_stage")],
    "commit_if": [(PREFETCH + "\n    copy_async_commit();",
                   PREFETCH.replace("loader", "{ loader") + " copy_async_commit(); }")],
    "early_prefetch": [("    copy_async_wait<kStages - 2>();", "    " + PREFETCH + "\n    copy_async_wait<kStages - 2>();"),
                       ("    __syncthreads();\n    " + PREFETCH, "    __syncthreads();")],
    "stale_stage": [("reading = reading + 1 == kStages ?", "reading = reading + 2 == kStages ?")],
    "slab_barrier": [("  __syncthreads();\n  store<Form>(p", "  store<Form>(p")],
    # Places
    "swizzle": [("swizzled(x_row + 16 * m + lane % 16, k + lane / 16)",
                 "swizzled(x_row + 16 * m + lane % 16, (k + lane / 16) ^ 1)")],
    "weight_rows": [("lane / 16 * 8 + lane % 8, k + lane / 8 % 2", "lane / 8 % 2 * 8 + lane % 8, k + lane / 16")],
    # Right numbers, at twice the cost
    "bank_conflicts": [("chunk ^ (row >> 1 & 3)", "chunk ^ (row & 3)")],
    # Bounds
    "halo": [("static_cast<unsigned>(ix) < static_cast", "static_cast<unsigned>(ix) <= static_cast")],
    "pixel_bound": [("if (pixel < p.OH * p.OW && oc < p.OC)", "if (oc < p.OC)")],
    "channel_bound": [("if (oc + 8 <= p.OC)", "if (oc < p.OC)")],
    "zero_fill": [("inside ? channels * kElementBytes : Form::kOutsideBytes", "channels * kElementBytes")],
    "depth_tail": [("inside_k = depth_.ky < p_.KH", "inside_k = true")],
    "channel_tail": [("min(p_.IC - depth_.chunk * Form::kChunk, Form::kChunk)", "Form::kChunk")],
}
END = "  // Most tiles of a frame end here."
CANDIDATES = {
    "none": [],
    # Order
    "clear_barrier": [("  __syncthreads();\n  if (p.scores == ScoreForm::kEndToEnd) {",
                       "  if (p.scores == ScoreForm::kEndToEnd) {")],
    "scan_barrier": [("  __syncthreads();\n\n" + END, END)],
    "count_barrier": [("  __syncthreads();\n\n  // Each pixel's keys", "  // Each pixel's keys")],
    "sum_barrier": [("  __syncthreads();\n  if (warp == 0) {", "  if (warp == 0) {")],
    "total_barrier": [("  __syncthreads();\n  if (total == 0) return;", "  if (total == 0) return;")],
    # Places
    "level": [("p.levels[i].first_tile > tile", "p.levels[i].first_tile > tile + 1")],
    "last_tile": [("min(kTilePixels, level.count - first)", "kTilePixels")],
    "group_tail": [("kWidth > 1 && count == kWidth", "kWidth > 1 && count != 0")],
    "alignment": [("map.data) % 16 == 0 && outer % kWidth == 0", "map.data) % 16 == 0")],
    "wrap": [("      g -= g >= groups ? groups : 0;\n", "")],
    "outside": [("o < outer ? min(kWidth, inner - at[u]) : 0", "min(kWidth, inner - at[u])")],
    "base_alignment": [("reinterpret_cast<uintptr_t>(map.data) % 16 == 0 && ", "")],
    "class_place": [("here & ((1U << lane) - 1)", "here & (1U << lane)")],
    "next_classes": [("      to += __popc(here);\n", "")],
    "empty_tile": [("    if (threadIdx.x == 0) p.tile_counts[tile] = 0;\n", "")],
    # Numbers
    "first_of_equals": [("other.class_id < best.class_id", "other.class_id > best.class_id")],
    "objectness": [("level.objectness : level.scores", "level.scores : level.scores")],
    "end_to_end_class": [("label > -0.5F", "label >= -0.5F")],
    "infinite_area": [("finite((b.x2 - b.x1) * (b.y2 - b.y1)) && ", "")],
    "padding": [("b.x2 > f.offset_x", "b.x2 > 0.0F")],
    "softmax_top": [("pixel, first + b) - top)", "pixel, first + b) - 0.0F)")],
}
SUPPRESS = {
    "none": [],
    # Order
    "tile_barrier": [("    begins[threadIdx.x] = begin;\n    __syncthreads();", "    begins[threadIdx.x] = begin;")],
    "exchange_barrier": [("        exchange[me] = key;\n        __syncthreads();", "        exchange[me] = key;")],
    "exchange_again": [("        __syncthreads();\n        exchange[me] = key;", "        exchange[me] = key;")],
    "bin_barrier": [("1U);\n  __syncthreads();", "1U);")],
    "place_barrier": [("    place += count;\n  }\n  __syncthreads();", "    place += count;\n  }")],
    "round_barrier": [("words[warp] = word;\n    __syncthreads();", "words[warp] = word;")],
    "one_buffer": [("candidates.alive[round % 2]", "candidates.alive[0]")],
    "chunk_barrier": [("  __syncthreads();\n  return kept;", "  return kept;")],
    # Places
    "tile_sum": [("    n += sum;", "    n = sum;")],
    "few": [("found <= kFewCandidates", "found <= kFewCandidates + 1")],
    "padding_keys": [("uint64_t key = ~0ULL;", "uint64_t key = 0;")],
    "candidates_max": [("min(found, p.candidates_max)", "found")],
    "detections_max": [("for (int round = 0; kept < p.detections_max; ++round)", "for (int round = 0;; ++round)")],
    # Numbers
    "bitonic": [("((me & step) == 0) == ((me & size) == 0)", "(me & step) == 0")],
    "unstable": [("min(warp * share, n)", "min((kSortWarps - 1 - warp) * share, n)")],
    "digit": [("n, shift + 8, bins", "n, shift, bins")],
    "class_aware": [("(!p.class_aware || candidates.classes", "(candidates.classes")],
    "class_aware_kept": [("p.class_aware && p.kept[k]", "p.kept[k]")],
    "kept": [("k < kept && alive", "k + 1 < kept && alive")],
    "apart": [("  if (width <= 0.0F || height <= 0.0F) return false;\n", "")],
    "score": [("fminf(b.score, 1.0F)", "b.score")],
    "clip": [("fminf(fmaxf(moved, 0.0F), static_cast<float>(size))", "fmaxf(moved, 0.0F)")],
}
# Of kernels that multiply no matrices; noticed by their own tests (faults_noticed.py).
OTHERS = {
    "pool": {
        "pool_halo": [("ix >= p.IW) continue", "ix > p.IW) continue")],
        "pool_lowest": [("b = -__int_as_float(0x7F800000)", "b = 0.0F")],
        "pool_padding": [("if (p.count_padding) taps = p.KH * p.KW;", "")],
        "pool_stride": [("ox * p.stride_w", "ox * p.stride_h")],
    },
    "resize": {
        "resize_row": [("r == 0 ? p.row0[oy] : p.row1[oy]", "p.row0[oy]")],
        "resize_blend": [("(row[1][i] - row[0][i]) * down", "(row[1][i] - row[0][i]) * right")],
    },
    "pixelwise": {
        "load_tail": [("i < count ? __half2float(reinterpret_cast<const __half*>(at)[i]) : 0.0F",
                       "__half2float(reinterpret_cast<const __half*>(at)[i])")],
        "store_tail": [("if (i < count) reinterpret_cast<__half*>(at)[i]",
                        "reinterpret_cast<__half*>(at)[i]")],
        "last_pixel": [("place->pixel < pixels", "place->pixel <= pixels")],
        "one_pixel": [("p.b, place.pixel, p.b_pixel_stride", "p.b, place.pixel, p.a_pixel_stride")],
        "focus_place": [("dy = p.dy[g], dx = p.dx[g]", "dy = p.dy[g]")],
        "pad_halo": [("iy < p.IH && ix", "iy <= p.IH && ix")],
    },
    "depthwise": {
        "stage_barrier": [("    __syncthreads();\n    for (int tap = 0;", "    for (int tap = 0;")],
        "reuse_barrier": [("if (first > 0) __syncthreads();", "")],
        "row_tail": [("c < count ? from[c] : 0.0F", "from[c]")],
        "depthwise_dilation": [("kx * p.dilation_w", "kx * p.dilation_h")],
        "row_halves": [("kHalf = 48", "kHalf = 32")],  # right numbers, at twice the cost
    },
    "attention": {
        "key_bound": [("key + lane < p.P", "key + lane <= p.P")],
        "shrink": [("total * shrink", "total")],
        "value_bound": [("if (first + e < p.VD) out[e]", "out[e]")],
    },
    "dense": {
        "tie": [("other == key ? j < i", "other == key ? j > i")],
        "lost": [("return sum + lost;", "return sum;")],
        "batch": [("b * p.b_batch_stride", "b * p.K * p.N")],
        "modulo": [("remainder + b : remainder", "remainder : remainder")],
        "negative_index": [("if (value < 0.0F) value += static_cast<float>(axis);", "")],
        "half_output": [("if (p.y_half) {", "if (p.x_half) {")],
    },
    "bytes": {
        "two_roundings": [("__fmaf_rn(__int2float_rn(left), p.a_factor, addend)",
                           "__fadd_rn(__fmul_rn(__int2float_rn(left), p.a_factor), addend)")],
        "taps_outside": [("    if (!inside) return;\n", "")],
        "pad_byte": [("inside ? byte_of(x, i) : p.pad", "byte_of(x, i)")],
        "sign": [("byte * static_cast<int8_t>(byte_of(weights, i))", "byte * byte_of(weights, i)")],
        "any_channel": [("(to) % 8 == 0", "(to) % 2 == 0")],
        "epilogue_order": [("  activate_quantized(v, e.activation);\n", ""),
                           ("  if (out.y_half != nullptr) {",
                            "  activate_quantized(v, e.activation);\n  if (out.y_half != nullptr) {")],
    },
    "sppf": {
        "rows_barrier": [("  __syncthreads();\n\n  for (int i = static_cast<int>(threadIdx.x); i < 3", "  for (int i = static_cast<int>(threadIdx.x); i < 3")],
        "outside": [("uint4 v = lowest;", "uint4 v = make_uint4(0, 0, 0, 0);")],
        "reach": [("reach = 2 * output + 2", "reach = 2 * output + 1")],
        "byte_tail": [("if (i < count) to[i]", "to[i]")],
        "tile_bound": [("if (oy >= p.H || ox >= p.W)", "if (oy >= p.H)")],
    },
    "letterbox": {
        "border": [("ix = min(max(ix, 0), s.frame.IW - 1);", "ix = max(ix, 0);")],
        "last_shift": [("+ 2) >> 2", "+ 1) >> 2")],
        "gray_order": [("p.channels == 3 && p.rgb", "p.rgb")],
        "chroma": [("ix / 2 * 2", "ix")],
        "spare_channels": [("__floats2half2_rn(v[2], 0.0F)", "__floats2half2_rn(v[2], v[2])")],
    },
}
# Of each family its faults and the header that most of its kernel is in, which becomes part of the file.
FAMILIES = {
    "conv": (CONV, "kernels/cuda/device/implicit_gemm.cuh"),
    "candidates": (CANDIDATES, "kernels/cuda/device/head_map.cuh"),
    "suppress": (SUPPRESS, "kernels/cuda/device/sort.cuh"),
    **{family: (faults, "kernels/cuda/device/channels.cuh") for family, faults in OTHERS.items()},
    "bytes": (OTHERS["bytes"], "kernels/cuda/device/epilogue_u8.cuh"),
}
ROOT = Path(__file__).resolve().parents[3]
KEPT = ("conv_f16_64x64", "conv_f16_32x32")  # the others of conv would only cost time


def main():
    if sys.argv[1] == "--list":
        print(";".join(FAMILIES[sys.argv[2]][0]), end="")
        return 0
    family, fault, output = sys.argv[1:]
    faults, inlined = FAMILIES[family]
    source = ROOT / f"kernels/cuda/{family}.cu"
    text = source.read_text(encoding="utf-8")
    header = (ROOT / inlined).read_text(encoding="utf-8").replace("#pragma once\n", "")
    text = text.replace(f'#include "{inlined}"\n', header)
    for old, new in faults[fault]:
        if text.count(old) != 1:
            print(f"{source}: fault {fault}: {text.count(old)} times: {old}", file=sys.stderr)
            return 1
        text = text.replace(old, new)
    if family == "conv":
        text = re.sub(r"^__global__.*?^}\n", lambda entry: entry[0] if any(f"{k}(" in entry[0] for k in KEPT)
                      else "", text, flags=re.MULTILINE | re.DOTALL)
    Path(output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
