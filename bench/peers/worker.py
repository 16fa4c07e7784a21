"""One engine with one model in one process, commanded by lines of JSON.

Between two commands the process sleeps in a read, so that its idle thread pool can be held to
account: `idle` tells the processor time that it took since the last answer.

    {"do": "round", "seconds": 1.0}  ->  {"p50", "p90", "p99", "max", "cpu": ms, "frames": n}
    {"do": "memory", "frames": 50}   ->  {"imported_kb": VmRSS with the library, "peak_kb": VmHWM}
    {"do": "infer", "input": FILE.npy, "outputs": FILE.npz}
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from engines import ENGINES

WARM_UP = 3  # runs at the start of each round, not counted


def timed_round(run, seconds):
    for _ in range(WARM_UP):
        run()
    samples = []
    cpu = time.process_time()
    end = time.perf_counter() + seconds
    now = time.perf_counter()
    while not samples or now < end:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        samples.append(1000 * (now - start))
    p50, p90, p99 = np.percentile(samples, [50, 90, 99])
    cpu = 1000 * (time.process_time() - cpu) / len(samples)
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99), "max": max(samples), "cpu": cpu,
            "frames": len(samples)}


def memory_kb(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"no {field} in /proc/self/status")


def main():
    # Libraries print to standard output now and then; answers go to a copy of it.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    name, model, threads, precision, shape = sys.argv[1:]
    if name != "nothing":
        importlib.import_module(name)
    imported = memory_kb("VmRSS")
    engine = ENGINES[name](Path(model), int(threads), precision, json.loads(shape))
    print(json.dumps({"ready": name}), file=answers)
    answered = time.process_time()
    for line in sys.stdin:
        command = json.loads(line)
        idle = time.process_time() - answered
        if command["do"] == "round":
            answer = timed_round(engine.run, command["seconds"])
        elif command["do"] == "memory":
            for _ in range(command["frames"]):
                engine.run()
            answer = {"imported_kb": imported, "peak_kb": memory_kb("VmHWM")}
        else:
            engine.given[...] = np.load(command["input"])
            engine.run()
            np.savez(command["outputs"], *engine.outputs())
            answer = {}
        print(json.dumps({**answer, "idle_cpu_ms": 1000 * idle}), file=answers)
        answered = time.process_time()


if __name__ == "__main__":
    main()
