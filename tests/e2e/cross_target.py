#!/usr/bin/env python3
"""Proves that a model compiled on this machine for arm64 runs there as here: the demo model, float
and INT8, is compiled for cpu-arm64 and runs under an emulator as each of several processors; what
every step wrote is compared with cpu-generic on this machine. 8-bit elements and the frame are
equal to the bit, floats within a bound, detections the same. Standard library only.

  cross_target.py --pawl build/dev/bin/pawl --here build/dev/tests/cross_target
                  --there build/arm64/tests/cross_target --emulator "qemu-aarch64 -L ROOT"
                  --model models/demo/demo.onnx"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# Processor to emulate: the instruction set that has to be found on it.
PROCESSORS = {"cortex-a72": "neon", "cortex-a76": "neondot", "max": "neoni8mm"}
FLOAT_BOUND = 1e-4  # of the largest magnitude of the step
BOX_BOUND = 0.05    # pixels
SCORE_BOUND = 1e-3


def run(command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(part) for part in command)}: {done.stderr.strip()}")
    return [line.split() for line in done.stdout.splitlines()]


def values(words):
    return [float(word) for word in words]


def within(a, b, bound):
    return len(a) == len(b) and all(abs(x - y) <= bound for x, y in zip(a, b))


def difference(here, there):
    """What is not as it should be in a pair of lines, or None."""
    kind = here[0]
    if kind in ("frame", "u8"):
        return None if here == there else "not the same bits"
    if kind == "f32":
        bound = FLOAT_BOUND * float(here[3])
        same = here[:3] == there[:3] and within(values(here[3:]), values(there[3:]), bound)
        return None if same else f"differs by more than {bound:g}"
    same = (here[:2] == there[:2] and within(values(here[2:3]), values(there[2:3]), SCORE_BOUND)
            and within(values(here[3:]), values(there[3:]), BOX_BOUND))
    return None if same else "another detection"


def compare(here, there, what):
    """Exits at the first difference. Returns lines by kind."""
    if [line[0] for line in here] != [line[0] for line in there]:
        sys.exit(f"{what}: other steps or detections, {len(here)} lines here, {len(there)} there")
    for a, b in zip(here, there):
        wrong = difference(a, b)
        if wrong:
            sys.exit(f"{what}: {wrong}\n  here  {' '.join(a)}\n  there {' '.join(b)}")
    return {kind: sum(line[0] == kind for line in here) for kind in ("u8", "f32", "detection")}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--pawl", "--here", "--there", "--model"):
        parser.add_argument(name, required=True)
    parser.add_argument("--emulator", type=shlex.split, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / "scene"
        run([options.pawl, "scene", "--out", scene, "--count", 32, "--width", 640,
             "--height", 360, "--seed", 11])
        for precision, flags in (("float", []), ("int8", ["--int8", "--calib", scene / "images"])):
            paths = {}
            for target in ("cpu-generic", "cpu-arm64"):
                paths[target] = Path(folder) / f"{precision}-{target}.pawl"
                run([options.pawl, "compile", options.model, "-o", paths[target],
                     "--target", target, *flags])
            here = run([options.here, paths["cpu-generic"]])
            # Float kernels are the same on all of them.
            for processor in PROCESSORS if precision == "int8" else ("max",):
                what = f"{precision} on {processor}"
                there = run([*options.emulator, options.there, paths["cpu-arm64"]],
                            QEMU_CPU=processor)
                if there[0] != ["isa", PROCESSORS[processor]]:
                    sys.exit(f"{what}: found instruction set {there[0]}")
                found = compare(here[1:], there[1:], what)
                if found["detection"] == 0 or (precision == "int8") != (found["u8"] > 0):
                    sys.exit(f"{what}: proves nothing: {found}")
                print(f"{what}: {found['u8']} steps of 8 bits equal, {found['f32']} float steps "
                      f"within {FLOAT_BOUND:g}, {found['detection']} detections", flush=True)


if __name__ == "__main__":
    main()
