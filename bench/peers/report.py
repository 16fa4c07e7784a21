"""The machine, the versions, and result files under bench/results/."""

import datetime
import json
import os
import platform
import re
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"


def cpu_name():
    """Model name of the first processor, with family numbers where the name says little."""
    facts = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    name = facts.get("model name") or platform.processor() or platform.machine()
    if re.search(r"Xeon\(R\) Processor$", name):
        name += f" (family {facts.get('cpu family')}, model {facts.get('model')})"
    return name


def machine():
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.platform())
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "system": system,
        "kernel": platform.release(),
        "load_average": [round(x, 2) for x in os.getloadavg()],
    }


def command():
    """How to repeat this run, with program and paths as given."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def write(kind, result, markdown, folder=None):
    """bench/results/<date>-<kind>-<cpu>.json and .md; returns the two paths."""
    folder = Path(folder) if folder else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    cpu = re.sub(r"\((R|TM|tm)\)", "", result["machine"]["cpu"]).lower()
    cpu = re.sub(r"[^a-z0-9]+", "-", cpu).strip("-")
    stem = folder / f"{datetime.date.today().isoformat()}-{kind}-{cpu}"
    stem.with_suffix(".json").write_text(json.dumps(result, indent=1, default=float) + "\n")
    stem.with_suffix(".md").write_text(markdown + "\n")
    return stem.with_suffix(".json"), stem.with_suffix(".md")


def table(header, rows):
    """A markdown table with padded columns."""
    cells = [[str(c) for c in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
