#!/usr/bin/env python3
"""Each layer of an artifact against the roof: multiply-adds a second of one thread, and what share of
the processor's peak that is. The peak is measured by kernels.peak_bench right before and right after
the layers, the better of the two counts."""

import argparse
import json
import sys
import time
from pathlib import Path

import pawl_cli
import report


def find_peak_bench(given, pawl):
    """--peak, or the benchmark in the build folder of the program."""
    path = Path(given) if given else pawl.parent.parent / "bench" / "kernels.peak_bench"
    if not path.is_file():
        raise SystemExit(f"{path}: no such program; build the target kernels.peak_bench (preset "
                         "release) or pass --peak PATH")
    return path


def peaks(program):
    """Giga multiply-adds a second of the best instructions here, {"float32": ..., "u8": ...}."""
    found = json.loads(pawl_cli.call(program, "--benchmark_format=json", "--benchmark_min_time=0.2"))
    best = {}
    for entry in found["benchmarks"]:
        if "GOP/s" in entry:
            kind = entry["name"].split("/")[1].split("_")[0]
            best[kind] = max(best.get(kind, 0.0), entry["GOP/s"] / 2)
    return best


def page(layers, roof, facts):
    """The layers in their order, then sums by kind: where the time goes, and how near the roof."""
    total = sum(layer["ms"] for layer in layers)
    rows, kinds = [], {}
    for layer in layers:
        peak = roof["u8" if "u8" in layer["kind"] else "float32"]
        gmacs = layer["gflops"] / 2
        rows.append([layer["step"], layer["kind"], layer["name"], layer["output"],
                     f"{layer['ms']:.3f}", f"{100 * layer['ms'] / total:.1f}",
                     f"{gmacs:.1f}" if gmacs else "", f"{100 * gmacs / peak:.0f}" if gmacs else ""])
        kind = kinds.setdefault(layer["kind"], {"steps": 0, "ms": 0.0, "work": 0.0, "peak": peak})
        kind["steps"] += 1
        kind["ms"] += layer["ms"]
        kind["work"] += gmacs * layer["ms"]  # mega multiply-adds
    sums = [[name, kind["steps"], f"{kind['ms']:.3f}", f"{100 * kind['ms'] / total:.1f}",
             f"{kind['work'] / kind['ms']:.1f}" if kind["work"] else "",
             f"{100 * kind['work'] / kind['ms'] / kind['peak']:.0f}" if kind["work"] else ""]
            for name, kind in sorted(kinds.items(), key=lambda item: -item[1]["ms"])]
    least = sum(kind["work"] / kind["peak"] for kind in kinds.values())
    sums.append(["all", len(layers), f"{total:.3f}", "100.0",
                 f"{sum(kind['work'] for kind in kinds.values()) / total:.1f}",
                 f"{100 * least / total:.0f}"])
    roofs = ", ".join(f"{name} {value:.0f}" for name, value in roof.items())
    return "\n".join([
        f"# Layers of {facts['model']}, {facts['date']}", "",
        f"{facts['machine']['cpu']}, one thread, target {facts['target']}, {facts['precision']}. Peak, "
        f"giga multiply-adds a second: {roofs}. At the peak throughout it would take {least:.2f} ms. "
        "Multiply-adds are those of the direct form: Winograd does fewer, and may exceed the peak.", "",
        f"Command: `{facts['command']}`", "",
        report.table(["kind", "steps", "ms", "% of time", "GMAC/s", "% of peak"], sums), "",
        report.table(["step", "kind", "name", "output", "ms", "% of time", "GMAC/s", "% of peak"], rows)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("artifact", metavar="FILE.pawl")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--peak", help="kernels.peak_bench; default beside the program's build")
    parser.add_argument("--out", help="folder for result files; default: print only")
    arguments = parser.parse_args()
    pawl = pawl_cli.find_pawl(arguments.pawl)
    program = find_peak_bench(arguments.peak, pawl)

    before = peaks(program)
    found = json.loads(pawl_cli.call(pawl, "bench", arguments.artifact, "--threads", 1, "--seconds",
                                     arguments.seconds, "--layers", "--json"))
    after = peaks(program)
    roof = {kind: max(before[kind], after[kind]) for kind in before}
    facts = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "model": found["model"],
             "target": found["target"], "precision": found["precision"], "command": report.command()}
    text = page(found["layers"], roof, facts)
    print(text)
    if arguments.out:
        stem = f"layers-{Path(arguments.artifact).stem}"
        result = {**facts, "peak_gmacs": roof, "layers": found["layers"]}
        paths = report.write(stem, result, text, arguments.out)
        print(f"written: {paths[0]}\n         {paths[1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
