#!/usr/bin/env python3
"""Speed of Pawl and its peers on the same networks, float32 and INT8, interleaved round by round.

Each model in each precision on each number of threads: every engine in turn runs back to back for a
second, and every other round goes backwards, so that drift of the machine falls on all alike. Each
engine is a process of its own that sleeps between its turns.
"""

import argparse
import sys
import time
from importlib.metadata import version

import numpy as np
import onnx

import cases
import pawl_cli
import report
from prepare import PAWLS, PEERS, PRECISIONS, Models, Unavailable
from processes import Pawl, Peer

# A pool may spin for a while after its last run before it sleeps.
SETTLE_SECONDS = 0.1


def input_shape(path):
    """Of the single input of an ONNX file, read without its weights in mind."""
    entry = onnx.load(str(path), load_external_data=False).graph.input[0]
    return [d.dim_value for d in entry.type.tensor_type.shape.dim]


def start(engine, case, precision, threads, models):
    file = models.get(engine, case, precision)
    if engine in PAWLS:
        return Pawl(models.pawl, file, threads)
    return Peer(engine, file, threads, precision, input_shape(models.shared / "models" / case.file))


def measure(case, precision, threads, arguments, models):
    """Rounds of all engines on one model; an engine that cannot run it is named in `without`."""
    engines, without = {}, {}
    try:
        for name in arguments.engines:
            try:
                engines[name] = start(name, case, precision, threads, models)
            except RuntimeError as error:
                without[name] = str(error)
        rounds = []
        for number in range(arguments.rounds):
            turns = {}
            for name in list(engines)[:: 1 if number % 2 == 0 else -1]:
                time.sleep(SETTLE_SECONDS)
                turns[name] = engines[name].round(arguments.seconds)
            rounds.append(turns)
    finally:
        for engine in engines.values():
            engine.close()
    return {"model": case.name, "precision": precision, "threads": threads, "rounds": rounds,
            "without": without, "ms": {name: summary([r[name] for r in rounds]) for name in engines}}


def summary(turns):
    """Medians over the rounds, and how far the rounds' medians lie apart."""
    of = {key: np.array([turn[key] for turn in turns]) for key in ("p50", "p90", "cpu")}
    return {**{key: float(np.median(values)) for key, values in of.items()},
            "least": float(of["p50"].min()), "most": float(of["p50"].max()),
            "frames": sum(turn["frames"] for turn in turns)}


def best_peer(result):
    peers = {name: ms["p50"] for name, ms in result["ms"].items() if name in PEERS}
    return min(peers, key=peers.get, default=None)


def ratios(result):
    """{pawl...: its p50 over the best peer's}, the median over the rounds of the ratio in each."""
    best = best_peer(result)
    return {name: float(np.median([r[name]["p50"] / r[best]["p50"] for r in result["rounds"]]))
            for name in result["ms"] if name in PAWLS and best}


def means(results):
    """Geometric means of the ratios, {(precision, threads): {pawl...: mean}}."""
    groups = {}
    for result in results:
        group = groups.setdefault((result["precision"], result["threads"]), {})
        for name, ratio in ratios(result).items():
            group.setdefault(name, []).append(ratio)
    return {key: {name: float(np.exp(np.mean(np.log(values)))) for name, values in group.items()}
            for key, group in groups.items()}


def page(results, facts):
    names = facts["engines"]
    pawls = [name for name in names if name in PAWLS]
    header = ["model", "precision", "threads", *names, "best peer", *(f"{n} / best" for n in pawls)]
    rows = []
    for result in results:
        times = [f"{ms['p50']:.2f} / {ms['p90']:.2f}" if (ms := result["ms"].get(name)) else "-"
                 for name in names]
        found = ratios(result)
        rows.append([result["model"], result["precision"], result["threads"], *times,
                     best_peer(result) or "-",
                     *(f"{found[name]:.3f}" if name in found else "-" for name in pawls)])
    overall = [[precision, threads, *(f"{mean[name]:.3f}" if name in mean else "-" for name in pawls)]
               for (precision, threads), mean in means(results).items()]
    machine = facts["machine"]
    without = sorted({f"- {r['model']} {r['precision']}, without {name}: {why}"
                      for r in results for name, why in r["without"].items()})
    return "\n".join([
        f"# Speed, {facts['date']}", "",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; load average "
        f"{facts['load_average'][0]} before, {facts['load_average'][1]} after; "
        + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()), "",
        f"Milliseconds a frame, p50 / p90: medians of {facts['rounds']} interleaved rounds of "
        f"{facts['seconds']:g} s. A ratio below 1: Pawl is faster than the fastest peer of that row. "
        "pawl computes the peers' graph to its end; pawl-head leaves decoding to Pawl's decoder, whose "
        "time, suppression included, is counted.", "",
        f"Command: `{facts['command']}`", "", report.table(header, rows), "",
        "Geometric means of the ratios over the models:", "",
        report.table(["precision", "threads", *(f"{n} / best" for n in pawls)], overall), "", *without])


def main():
    every = [*PAWLS, *PEERS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"default: {', '.join(cases.TIMED)}")
    parser.add_argument("--engines", default=",".join(every))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--threads", default="1,2", help="thread counts, as 1,2")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each engine in each round")
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--prepared", help="folder of the prepared models; default build/peers")
    parser.add_argument("--out", help="folder for the result files; default bench/results")
    arguments = parser.parse_args()
    arguments.engines = arguments.engines.split(",")
    if unknown := set(arguments.engines) - set(every):
        parser.error(f"no engine {', '.join(unknown)}; there are {', '.join(every)}")
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    chosen = cases.chosen(arguments.models or cases.TIMED)
    precisions = arguments.precisions.split(",")
    models = Models(arguments.prepared, pawl_cli.find_pawl(arguments.pawl))

    for case in chosen:  # all made before anything is timed
        for engine in arguments.engines:
            for precision in precisions:
                try:
                    models.get(engine, case, precision)
                except Unavailable:
                    pass  # told by the rows that lack it
    load, results = [report.machine()["load_average"][0]], []
    for precision in precisions:
        for threads in map(int, arguments.threads.split(",")):
            for case in chosen:
                results.append(measure(case, precision, threads, arguments, models))
                medians = ", ".join(f"{n} {ms['p50']:.2f}" for n, ms in results[-1]["ms"].items())
                print(f"{case.name} {precision}, {threads} threads: {medians} ms", file=sys.stderr)
    load.append(report.machine()["load_average"][0])

    versions = {"pawl": pawl_cli.call(models.pawl, "--version").split()[-1],
                **{name: version(name) for name in arguments.engines if name in PEERS}}
    facts = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "load_average": load,
             "versions": versions, "engines": arguments.engines, "rounds": arguments.rounds,
             "seconds": arguments.seconds, "command": report.command()}
    text = page(results, facts)
    print(text)
    summed = [{"precision": p, "threads": t, **mean} for (p, t), mean in means(results).items()]
    paths = report.write("speed", {**facts, "means": summed, "results": results}, text, arguments.out)
    print(f"written: {paths[0]}\n         {paths[1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
