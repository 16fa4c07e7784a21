#!/usr/bin/env python3
"""Writes kernels/cuda/conv.cu with one fault planted, for the test that each is noticed. A fault is
a replacement of text that must occur exactly once, so a change of the kernel cannot make one
silently vanish. Usage: plant_fault.py --list | plant_fault.py CONV_CU FAULT OUTPUT"""

import re
import sys
from pathlib import Path

PREFETCH = "if (step + kStages - 1 < steps) loader.start(stages + filling * kStageBytes);"
FAULTS = {
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
KEPT = ("conv_f16_64x64", "conv_f16_32x32")  # the others would only cost time
HEADER = "kernels/cuda/device/implicit_gemm.cuh"  # most of the kernel: becomes part of the file


def main():
    if sys.argv[1] == "--list":
        print(";".join(FAULTS), end="")
        return 0
    source, fault, output = sys.argv[1:]
    source = Path(source)
    text = source.read_text(encoding="utf-8")
    header = (source.parents[2] / HEADER).read_text(encoding="utf-8").replace("#pragma once\n", "")
    text = text.replace(f'#include "{HEADER}"\n', header)
    for old, new in FAULTS[fault]:
        if text.count(old) != 1:
            print(f"{source}: fault {fault}: {text.count(old)} times: {old}", file=sys.stderr)
            return 1
        text = text.replace(old, new)
    text = re.sub(r"^__global__.*?^}\n", lambda entry: entry[0] if any(f"{k}(" in entry[0] for k in KEPT)
                  else "", text, flags=re.MULTILINE | re.DOTALL)
    Path(output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
