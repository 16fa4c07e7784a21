"""Engines under measurement, each in its own process; speed.py, memory.py and accuracy.py hold one
object for each: round(seconds), peak(frames) and, of a peer, infer(tensor); all end with close().
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import pawl_cli

WORKER = Path(__file__).with_name("worker.py")


class Peer:
    """A worker.py that has loaded the model."""

    def __init__(self, engine, model, threads, precision, shape):
        self.engine = engine
        self.said = tempfile.TemporaryFile("w+")  # a pipe that nobody reads would fill up
        self.process = subprocess.Popen(
            [sys.executable, WORKER, engine, model, str(threads), precision, json.dumps(shape)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, text=True)
        self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.said.seek(0)
            said = self.said.read().strip().splitlines()[-1:]
            self.close()
            raise RuntimeError(f"{self.engine} ended: {''.join(said) or 'without a word'}")
        return json.loads(line)

    def _call(self, **command):
        print(json.dumps(command), file=self.process.stdin, flush=True)
        return self._answer()

    def round(self, seconds):
        return self._call(do="round", seconds=seconds)

    def peak(self, frames):
        return self._call(do="memory", frames=frames)

    def infer(self, tensor):
        with tempfile.TemporaryDirectory(prefix="pawl-peer-") as folder:
            given, found = f"{folder}/input.npy", f"{folder}/outputs.npz"
            np.save(given, tensor)
            self._call(do="infer", input=given, outputs=found)
            with np.load(found) as arrays:
                return [arrays[name] for name in arrays.files]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.said.close()


class Pawl:
    """`pawl bench` of an artifact, started for each round. Its time is that of the network and of
    decoding and suppression behind it, which the graphs of the peers have in part inside."""

    def __init__(self, pawl, artifact, threads):
        self.pawl, self.artifact, self.threads = pawl, artifact, threads
        self.least = self._bench(0.01)

    def _bench(self, seconds):
        """What the program reports, and the processor seconds it took in all."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = pawl_cli.call(self.pawl, "bench", self.artifact, "--threads", self.threads,
                             "--seconds", seconds, "--json")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return json.loads(text), (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def round(self, seconds):
        result, cpu = self._bench(seconds)
        infer, post = result["ms"]["infer"], result["ms"]["post"]
        # Loading and warming up cost the same however long the run is: the difference to the
        # shortest run is the network's.
        frames = max(1, result["frames"] - self.least[0]["frames"])
        return {**{key: infer[key] + post[key] for key in infer}, "infer": infer["p50"],
                "cpu": 1000 * (cpu - self.least[1]) / frames, "frames": result["frames"]}

    def peak(self, frames):
        """VmHWM of the whole process, looked at until it ends: the system's own account of children
        includes what this process held when it forked."""
        # The program takes seconds; one frame tells how many, and on a busy machine far too many.
        seconds = min(5.0, 1e-3 * frames * self.least[0]["ms"]["total"]["p50"])
        process = subprocess.Popen(
            [self.pawl, "bench", self.artifact, "--threads", str(self.threads), "--seconds",
             str(seconds), "--json"], stdout=subprocess.PIPE, text=True)
        peak = 0
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            program, _, rest = status.partition("VmHWM:")
            if rest and program.startswith("Name:\t" + Path(self.pawl).name[:15]):
                peak = int(rest.split()[0])
            time.sleep(0.002)
        text, _ = process.communicate()
        return {"peak_kb": peak, "frames": json.loads(text)["frames"]}

    def close(self):
        pass
