#!/usr/bin/env python3
"""Peak resident memory of a process that loads one model and runs 50 frames with two threads.

Pawl's whole process stands beside the whole process of each peer, a Python process with NumPy and
the peer's package, and beside what is the peer's own in that: its peak less that of the same process
without the package ("engine"), and less what had been resident once the package was imported
("model").
"""

import argparse
import sys
import time
from importlib.metadata import version

import cases
import pawl_cli
import report
from prepare import PAWLS, PEERS, PRECISIONS, Models
from processes import Peer
from speed import input_shape, start

THREADS, FRAMES = 2, 50


def bare(shape):
    """Peak of worker.py with NumPy and the input tensor, and no engine."""
    peer = Peer("nothing", "-", THREADS, "-", shape)
    try:
        return peer.peak(FRAMES)["peak_kb"]
    finally:
        peer.close()


def measure(case, precision, engines, models):
    base = bare(input_shape(models.shared / "models" / case.file))
    result = {"model": case.name, "precision": precision, "bare_kb": base, "kb": {}, "without": {}}
    for name in engines:
        try:
            engine = start(name, case, precision, THREADS, models)
        except RuntimeError as error:
            result["without"][name] = str(error)
            continue
        try:
            found = engine.peak(FRAMES)
        finally:
            engine.close()
        result["kb"][name] = {"whole": found["peak_kb"]}
        if name in PEERS:
            result["kb"][name].update(engine=found["peak_kb"] - base,
                                      model=found["peak_kb"] - found["imported_kb"])
    return result


def page(results, facts):
    header = ["model", "precision", "bare Python"]
    for name in facts["engines"]:
        header.append(name if name in PAWLS else f"{name}: whole / engine / model")
    rows = []
    for result in results:
        row = [result["model"], result["precision"], f"{result['bare_kb'] / 1024:.1f}"]
        for name in facts["engines"]:
            kb = result["kb"].get(name)
            row.append(" / ".join(f"{value / 1024:.1f}" for value in kb.values()) if kb else "-")
        rows.append(row)
    machine = facts["machine"]
    without = sorted({f"- {r['model']} {r['precision']}, without {name}: {why}"
                      for r in results for name, why in r["without"].items()})
    return "\n".join([
        f"# Peak resident memory, {facts['date']}", "",
        f"{machine['cpu']}, {machine['system']}; "
        + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()), "",
        f"MiB (VmHWM) after loading one model and {FRAMES} frames with {THREADS} threads. Peers run in "
        "Python: whole is the process, engine what it adds to bare Python with NumPy, model what it "
        "adds to the process that has imported the package. Pawl's is the whole program, pictures and "
        "preprocessing included where it decodes (pawl-head).", "",
        f"Command: `{facts['command']}`", "", report.table(header, rows), "", *without])


def main():
    every = [*PAWLS, *PEERS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"default: {', '.join(cases.TIMED)}")
    parser.add_argument("--engines", default=",".join(every))
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--prepared", help="folder of the prepared models; default build/peers")
    parser.add_argument("--out", help="folder for the result files; default bench/results")
    arguments = parser.parse_args()
    engines = arguments.engines.split(",")
    if unknown := set(engines) - set(every):
        parser.error(f"no engine {', '.join(unknown)}; there are {', '.join(every)}")
    models = Models(arguments.prepared, pawl_cli.find_pawl(arguments.pawl))

    results = []
    for case in cases.chosen(arguments.models or cases.TIMED):
        for precision in PRECISIONS:
            results.append(measure(case, precision, engines, models))
            print(f"{case.name} {precision}: done", file=sys.stderr)
    facts = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "engines": engines,
             "versions": {"pawl": pawl_cli.call(models.pawl, "--version").split()[-1],
                          **{name: version(name) for name in engines if name in PEERS}},
             "command": report.command()}
    text = page(results, facts)
    print(text)
    paths = report.write("memory", {**facts, "results": results}, text, arguments.out)
    print(f"written: {paths[0]}\n         {paths[1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
