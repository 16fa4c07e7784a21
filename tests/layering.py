#!/usr/bin/env python3
"""Fails on an include that crosses the layers. The table is the one of the architecture: who may
include whom; a new edge needs an entry in docs/decisions. Usage: layering.py [repository root]"""

import re
import sys
from pathlib import Path

# Folder: the folders (or single headers) of ours it may include besides itself. The longest prefix
# that matches a file is its row.
MAY_INCLUDE = {
    "platform": [],
    "platform/imaging": ["platform", "platform/synthetic"],
    "platform/synthetic": [],
    "kernels": [],
    "engine/graph": ["platform"],
    "engine/reference": ["engine/graph", "platform"],
    "engine/onnx": ["engine/graph", "engine/reference", "platform"],
    "engine/passes": ["engine/graph", "engine/reference", "platform"],
    "engine/detect": ["platform", "kernels"],
    "engine/head": ["engine/detect", "platform"],
    "engine/artifact": ["engine/detect", "platform", "kernels"],
    "engine/plan": ["engine/graph", "engine/passes", "engine/artifact", "engine/detect", "platform",
                    "kernels"],
    "engine/runtime": ["engine/artifact", "engine/detect", "platform", "kernels"],
    # Calibration runs the float plan as a device would: the one compiler folder that sees runtime.
    "engine/quantize": ["engine/graph", "engine/passes", "engine/plan", "engine/artifact",
                        "engine/runtime", "engine/detect", "platform", "kernels"],
    "engine/compile": ["engine/graph", "engine/reference", "engine/passes", "engine/plan",
                       "engine/quantize",
                       "engine/artifact", "engine/detect", "engine/head", "platform", "kernels"],
    "engine/capi": ["include", "engine/artifact", "engine/runtime", "engine/detect", "platform"],
    "include": ["engine/artifact", "engine/runtime", "engine/detect", "platform"],
}
ANYTHING = ("apps", "tests", "bench")
OURS = ("platform", "kernels", "engine", "telemetry", "ota", "fleet", "include", *ANYTHING)
# Header prefix of a foreign library: the only folders that may see it.
FOREIGN = {"opencv2/": ("platform/imaging", "tests", "bench"),
           "google/protobuf/": ("engine/onnx",), "onnx/": ("engine/onnx", "tests/engine/onnx")}
# Kernels are pure mathematics. (cpu/isa.cpp reads one environment variable and on arm64 the processor's
# capabilities, hence no cstdlib and no sys/auxv.h here.)
KERNELS_NEVER = re.compile(r"(memory|vector|string|string_view|iostream|thread|mutex|atomic|filesystem|"
                           r"cstdio|functional|sys/(?!auxv\.h).*|unistd\.h|fcntl\.h)")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path):
    """The row of the table for a path: its longest prefix there, else its first part."""
    rows = [f for f in MAY_INCLUDE if path == f or path.startswith(f + "/")]
    return max(rows, key=len, default=path.split("/")[0])


def complaint(path, quote, target):
    folder = folder_of(path)
    for prefix, allowed in FOREIGN.items():
        if target.startswith(prefix) and not any(path.startswith(a + "/") for a in allowed):
            return f"{prefix}* belongs to {allowed[0]} alone"
    if folder == "kernels" and quote == "<" and KERNELS_NEVER.fullmatch(target):
        return "kernels touch no system, memory or text"
    if target.split("/")[0] not in OURS or folder in ANYTHING:
        return None
    if folder not in MAY_INCLUDE:
        return f"{folder} has no row in tests/layering.py"
    to = folder_of(target)
    if to == folder or to in MAY_INCLUDE[folder] or target in MAY_INCLUDE[folder]:
        return None
    return f"{folder} may include only {', '.join(MAY_INCLUDE[folder]) or 'itself'}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1])
    files = sorted(p for top in OURS for ext in ("h", "hpp", "cpp", "cu", "cuh")
                   for p in (root / top).rglob(f"*.{ext}"))
    wrong = 0
    for file in files:
        path = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            why = complaint(path, *found.groups()) if found else None
            if why:
                wrong += 1
                print(f"{path}:{number}: {line.strip()}: {why}")
    if not files:
        print(f"{root}: no sources found")
    print(f"layering: {len(files)} files, {wrong} forbidden includes")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
