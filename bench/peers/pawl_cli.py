"""Calls of the `pawl` program and what it prints."""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def find_pawl(given=None):
    """The program to test: --pawl, $PAWL, or the release build."""
    candidates = [given, os.environ.get("PAWL"), ROOT / "build/release/bin/pawl"]
    for candidate in filter(None, candidates):
        if Path(candidate).is_file():
            return Path(candidate)
    raise SystemExit("no pawl program: run scripts/demo to build it, or pass --pawl PATH")


def find_shared():
    """The folder with models/ and images/: $PAWL_SHARED, or `shared` beside the checkout."""
    folder = Path(os.environ.get("PAWL_SHARED", ROOT.parent / "shared"))
    if not (folder / "models").is_dir():
        raise SystemExit(f"{folder}: no models/ here; set PAWL_SHARED")
    return folder


def call(pawl, *arguments):
    """Standard output of one run; what it said on standard error ends this program if it failed."""
    command = [str(pawl), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n  exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def compile_model(pawl, model, out, *flags):
    call(pawl, "compile", model, "-o", out, *flags)
    return out


def detect(pawl, artifact, folder, conf, iou, *flags):
    """{picture stem: rows x1 y1 x2 y2 score class} for every picture of a folder."""
    lines = call(pawl, "run", artifact, "--input", folder, "--conf", conf, "--iou", iou,
                 "--json", "-", *flags)
    found = {}
    for line in filter(str.strip, lines.splitlines()):
        frame = json.loads(line)
        rows = [d["box"] + [d["score"], d["class_id"]] for d in frame["detections"]]
        found[Path(frame["source"]).stem] = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return found


def raw_tensor(folder, picture, name):
    """What `pawl run --raw` wrote of one picture: its "input", or the output called `name`."""
    plain = re.sub(r"[^0-9A-Za-z.-]", "_", name[:100])
    path = Path(folder) / f"{picture.name}.{plain}.npy"
    if not path.exists():
        there = sorted(p.name for p in Path(folder).glob(f"{picture.name}.*"))
        raise RuntimeError(f"pawl run --raw wrote no {path.name}, but: {', '.join(there) or 'nothing'}")
    return np.load(path)
