#!/usr/bin/env python3
"""Speed of Pawl and its peers on the same float32 networks, interleaved round by round.

One round is every engine in turn, back-to-back runs of the network alone for a few seconds each;
every other round goes backwards, so that drift of the machine falls on all alike. Reported: the
medians of the rounds with their spread, and the ratio to Pawl's of each round.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import cases
import pawl_cli
import report
from engines import ENGINES

QUANTILES = (("min", 0), ("p25", 25), ("p50", 50), ("p75", 75), ("p90", 90))


class Context:
    """What engines need besides the model."""

    def __init__(self, arguments, scratch):
        self.pawl = pawl_cli.find_pawl(arguments.pawl) if any_pawl(arguments.engines) else None
        self.compile = arguments.compile
        self.ncnn = arguments.ncnn
        self.scratch = scratch

    @staticmethod
    def input_shape(model):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        return session.get_inputs()[0].shape


def any_pawl(names):
    return any(name.startswith("pawl") for name in names)


def spread(values):
    return {name: float(np.percentile(values, q)) for name, q in QUANTILES}


def measure(model, threads, arguments, context):
    """Rounds of all engines on one model with one thread count."""
    engines, without = {}, {}
    for name in arguments.engines:
        try:
            engines[name] = ENGINES[name](model, threads, context)
        except RuntimeError as error:
            without[name] = str(error)
            print(f"{model.stem}: without {name}: {error}", file=sys.stderr)
    first = arguments.engines[0]
    if first in without:
        raise SystemExit(f"{model.stem}: {first} does not run it, so there is nothing to compare")
    rounds = []
    for number in range(arguments.rounds):
        order = list(engines) if number % 2 == 0 else list(engines)[::-1]
        rounds.append({name: engines[name].round(arguments.seconds) for name in order})
    result = {"model": model.stem, "threads": threads, "rounds": rounds, "engines": {},
              "without": without}
    for name in engines:
        medians = np.array([r[name]["p50"] for r in rounds])
        result["engines"][name] = {
            "ms": spread(medians), "cpu_ms": spread([r[name]["cpu"] for r in rounds]),
            "frames": sum(r[name]["frames"] for r in rounds),
            # Of the first engine to this one: below 1 the first is faster.
            "ratio": spread([r[first]["p50"] / r[name]["p50"] for r in rounds]),
            "cpu_ratio": spread([r[first]["cpu"] / r[name]["cpu"] for r in rounds]),
        }
    return result


def page(results, facts):
    first = facts["engines"][0]
    header = ["model", "threads", "engine", *(name for name, _ in QUANTILES),
              f"{first} / engine", "p25..p75", "CPU ms", "CPU ratio"]
    rows = []
    for r in results:
        for name, found in r["engines"].items():
            ratio = found["ratio"]
            same = name == first
            rows.append([r["model"], r["threads"], name,
                         *(f"{found['ms'][q]:.2f}" for q, _ in QUANTILES),
                         "" if same else f"{ratio['p50']:.3f}",
                         "" if same else f"{ratio['p25']:.3f}..{ratio['p75']:.3f}",
                         f"{found['cpu_ms']['p50']:.2f}",
                         "" if same else f"{found['cpu_ratio']['p50']:.3f}"])
    machine = facts["machine"]
    return "\n".join([
        f"# Speed, float32, {facts['date']}", "",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; load average "
        f"{facts['load_average'][0]} before, {facts['load_average'][1]} after; "
        + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()), "",
        f"Milliseconds a run of the network alone: spread of the medians of {facts['rounds']} "
        f"interleaved rounds of {facts['seconds']:g} s. A ratio below 1: {first} is faster. CPU ms: "
        "processor time of a run, over all threads, waiting included; the steadier number of one "
        "thread on a busy machine.", "",
        f"Command: `{facts['command']}`", "", report.table(header, rows)])


def chosen_models(arguments, shared):
    known = {case.name: shared / "models" / case.file for case in cases.CASES}
    for name in arguments.models or ["yolov8n"]:
        model = known.get(name, Path(name))
        if not model.is_file():
            raise SystemExit(f"{name}: neither a file nor one of {', '.join(known)}")
        yield model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="ONNX file or a name of cases.py; default yolov8n")
    parser.add_argument("--engines", default="pawl,onnxruntime", help=f"of {', '.join(ENGINES)}; the first is the one compared")
    parser.add_argument("--threads", default="1,2", help="thread counts, as 1,2")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each engine in each round")
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--compile", nargs=1, action="extend", default=[], metavar="FLAG",
                        help="passed to pawl compile, as in --compile=--target=cpu-x86-64-v3")
    parser.add_argument("--ncnn", metavar="DIR", help="folder of models converted for ncnn")
    parser.add_argument("--out", help="folder for the result files; default bench/results")
    arguments = parser.parse_args()
    arguments.engines = arguments.engines.split(",")
    if unknown := set(arguments.engines) - set(ENGINES):
        parser.error(f"no engine {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")

    shared = pawl_cli.find_shared()
    results, load = [], [report.machine()["load_average"][0]]
    with tempfile.TemporaryDirectory(prefix="pawl-speed-") as scratch:
        context = Context(arguments, scratch)
        versions = {name: ENGINES[name].version(context) for name in arguments.engines}
        for model in chosen_models(arguments, shared):
            for threads in map(int, arguments.threads.split(",")):
                results.append(measure(model, threads, arguments, context))
                medians = (f"{n} {e['ms']['p50']:.2f}" for n, e in results[-1]["engines"].items())
                print(f"{model.stem}, {threads} threads: {', '.join(medians)} ms", file=sys.stderr)
    load.append(report.machine()["load_average"][0])

    facts = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "load_average": load,
             "versions": versions, "engines": arguments.engines, "rounds": arguments.rounds,
             "seconds": arguments.seconds, "command": report.command()}
    text = page(results, facts)
    print(text)
    paths = report.write("speed", {**facts, "results": results}, text, arguments.out)
    print(f"written: {paths[0]}\n         {paths[1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
