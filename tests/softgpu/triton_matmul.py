#!/usr/bin/env python3
"""Compiles matrix products with Triton (PyPI `triton`), which needs no GPU, to sm_80 PTX: f16 and
s8, with masks, so that the software GPU is tried on code that nobody here wrote. Exits with 77 where
Triton cannot be imported; $PAWL_TRITON_PYTHON names an interpreter that can.
Usage: triton_matmul.py OUTPUT_FOLDER, which receives f16_64x64x32.ptx and so on."""

import os
import sys
from pathlib import Path

try:
    import triton
    import triton.language as tl
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
except ImportError as error:
    other = os.environ.pop("PAWL_TRITON_PYTHON", None)
    if other:
        os.execv(other, [other, *sys.argv])
    print(f"triton cannot be imported: {error}")
    sys.exit(77)


@triton.jit
def matmul(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, SUM: tl.constexpr):
    rm = tl.program_id(0) * BM + tl.arange(0, BM)
    rn = tl.program_id(1) * BN + tl.arange(0, BN)
    rk = tl.arange(0, BK)
    ap = a + rm[:, None] * K + rk[None, :]
    bp = b + rk[:, None] * N + rn[None, :]
    acc = tl.zeros((BM, BN), dtype=SUM)
    for k in range(0, K, BK):
        x = tl.load(ap, mask=(rm[:, None] < M) & (rk[None, :] + k < K), other=0)
        y = tl.load(bp, mask=(rk[:, None] + k < K) & (rn[None, :] < N), other=0)
        acc = tl.dot(x, y, acc, out_dtype=SUM)
        ap += BK
        bp += BK * N
    tl.store(c + rm[:, None] * N + rn[None, :], acc, mask=(rm[:, None] < M) & (rn[None, :] < N))


def compile_one(folder, element, tile, warps, stages):
    operand, result, total = {"f16": ("*fp16", "*fp32", tl.float32), "s8": ("*i8", "*i32", tl.int32)}[element]
    BM, BN, BK = tile
    aligned = [["tt.divisibility", 16]]
    source = ASTSource(
        fn=matmul,
        signature={"a": operand, "b": operand, "c": result, "M": "i32", "N": "i32", "K": "i32",
                   "BM": "constexpr", "BN": "constexpr", "BK": "constexpr", "SUM": "constexpr"},
        constexprs={"BM": BM, "BN": BN, "BK": BK, "SUM": total},
        attrs={(i,): aligned for i in (0, 1, 2, 4, 5)})
    made = triton.compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warps": warps, "num_stages": stages})
    # The test reads the launch from the first line.
    header = f"// {element} {BM} {BN} {32 * warps} {made.metadata.shared}\n"
    (folder / f"{element}_{BM}x{BN}x{BK}_{stages}.ptx").write_text(header + made.asm["ptx"], encoding="utf-8")


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for element in ("f16", "s8"):
        for tile, warps, stages in (((64, 64, 32), 4, 3), ((32, 128, 64), 4, 4), ((16, 16, 32), 1, 2)):
            compile_one(folder, element, tile, warps, stages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
