#!/usr/bin/env python3
"""Proves: the tests of the CUDA kernels beside convolution can fail. Each runs with every fault that
plant_fault.py has for its family, built by the same compiler, and must fail; without a fault it passes.
A fault of order or bounds must show as the finding named here, not only as wrong numbers on a lucky
day. Usage: faults_noticed.py FOLDER_OF_TESTS FOLDER_OF_PTX"""

import os
import subprocess
import sys
from pathlib import Path

from plant_fault import OTHERS

# The test of a family, and which part of it.
TESTS = {
    "pool": "images_test ImagesF16.Pool",
    "resize": "images_test ImagesF16.Resize",
    "pixelwise": "images_test ImagesF16.UnaryAndBinary:ImagesF16.GatherFocusAndPad",
    "depthwise": "images_test ImagesF16.Depthwise",
    "attention": "images_test ImagesF16.Attention",
    "dense": "dense_test *",
    "bytes": "bytes_test *",
    "sppf": "sppf_test *",
    "letterbox": "letterbox_test *",
}
OTHER_TESTS = {"row_halves": "traffic_test Traffic.Depthwise"}
# What its report must hold; others may show as anything.
REPORTS = {
    "load_tail": "of an allocation",
    "store_tail": "of an allocation",
    "last_pixel": "of an allocation",
    "stage_barrier": "race",
    "reuse_barrier": "race",
    "row_tail": "of an allocation",
    "row_halves": "bank_conflicts",
    "rows_barrier": "race",
    "any_channel": "for 8 bytes",
}


def run(folder, test, planted):
    program, tests = test.split()
    environment = dict(os.environ, PAWL_PLANTED=planted)
    done = subprocess.run([folder / f"kernels.cuda.{program}", f"--gtest_filter={tests}", "--gtest_fail_fast"],
                          env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    folder, faults = (Path(argument) for argument in sys.argv[1:])
    wrong = []
    for test in sorted(set(TESTS.values()) | set(OTHER_TESTS.values())):
        code, output = run(folder, test, "")
        if code != 0 or "PASSED" not in output or "SKIPPED" in output:
            wrong.append(f"{test} does not pass without a fault:\n{output[-2000:]}")
    for family, test in TESTS.items():
        for fault in OTHERS[family]:
            code, output = run(folder, OTHER_TESTS.get(fault, test), f"{family}={faults / family / fault}.ptx")
            print(f"{family}: {fault}: {'noticed' if code == 1 else f'exit code {code}'}")
            if code != 1 or "Failure" not in output or "no module" in output:
                wrong.append(f"{family}: fault {fault} is not noticed: {output[-2000:]}")
            elif REPORTS.get(fault, "") not in output:
                wrong.append(f"{family}: fault {fault} does not show as {REPORTS[fault]}: {output[:3000]}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
