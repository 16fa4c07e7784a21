#!/usr/bin/env python3
"""The models as each engine runs them, made once and kept.

A model is made again if its file, the calibration pictures, the engine's version, the recipe or, for
Pawl, the program changes: all of that is in `made.json` beside it.
"""

import argparse
import hashlib
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import calibration
import cases
import convert_ncnn
import pawl_cli
import quantize_onnxruntime
import quantize_openvino
from widen import widened

FOLDER = pawl_cli.ROOT / "build" / "peers"
PRECISIONS = ("fp32", "int8")
PEERS = {"onnxruntime": quantize_onnxruntime, "openvino": quantize_openvino, "ncnn": convert_ncnn}
# Of `pawl compile`. pawl computes what the peers compute: the graph to its last node. pawl-head is
# what `pawl run` uses: the decoding at the end of the graph left to Pawl's decoder.
PAWLS = {"pawl": ("--head", "none"), "pawl-head": ()}
Unavailable = convert_ncnn.Unavailable


def _digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


class Models:
    """Gives the file of (engine, case, precision), making it if need be."""

    def __init__(self, folder=None, pawl=None):
        self.folder = Path(folder or FOLDER).resolve()
        self.pawl = pawl
        self.shared = pawl_cli.find_shared()

    def root(self, case):
        """The folder with images/ of the case: shared, or the rendered line of the demo model."""
        if case.pictures != "line":
            return self.shared
        cases.render_line(self.pawl, self.folder)
        return self.folder

    def get(self, engine, case, precision):
        """Raises Unavailable where the engine has no such model."""
        folder = self.folder / case.name / f"{engine}-{precision}"
        record = folder / "made.json"
        facts = self._facts(engine, case)
        if record.exists():
            known = json.loads(record.read_text())
            if known["from"] == facts and Path(known["file"]).exists():
                return Path(known["file"])
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            left.unlink()
        if sys.stderr.isatty():
            print(f"{case.name}: preparing {engine} {precision} ...", end="\r", file=sys.stderr)
        start = time.monotonic()
        file = self._make(engine, case, precision, folder)
        record.write_text(json.dumps({"from": facts, "file": str(file)}, indent=1) + "\n")
        print(f"{case.name}: prepared {engine} {precision}, {time.monotonic() - start:.0f} s",
              file=sys.stderr)
        return file

    def _facts(self, engine, case):
        """What a prepared model depends on."""
        facts = {"model": _digest(self.shared / "models" / case.file),
                 "pictures": len(calibration.pictures(case, self.root(case)))}
        if engine in PAWLS:
            return {**facts, "program": _digest(self.pawl),
                    "flags": [*PAWLS[engine], *self._flags(engine, case)]}
        peer = PEERS[engine]
        return {**facts, "recipe": peer.RECIPE,
                "packages": {name: version(name) for name in peer.PACKAGES}}

    def _make(self, engine, case, precision, folder):
        source, root = self.shared / "models" / case.file, self.root(case)
        if engine in PEERS:
            return PEERS[engine].make(case, precision, self._float32(case, source), folder, root)
        quantize = ["--int8", "--calib", root / "images" / case.pictures / "calib"]
        return pawl_cli.compile_model(
            self.pawl, source, folder / "model.pawl", *PAWLS[engine], *self._flags(engine, case),
            *(quantize if precision == "int8" else []))

    def _float32(self, case, source):
        if not case.float16:
            return source
        wide = self.folder / case.name / "float32.onnx"
        if not wide.exists():
            wide.write_bytes(widened(source))
        return wide

    def _flags(self, engine, case):
        return case.pre.pawl_flags() if engine == "pawl" else list(case.compile_flags)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: those of speed.py")
    parser.add_argument("--engines", default=",".join([*PAWLS, *PEERS]))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--prepared", help="folder of the prepared models; default build/peers")
    arguments = parser.parse_args()
    engines = arguments.engines.split(",")
    needs_pawl = "demo" in arguments.models or not set(PAWLS).isdisjoint(engines)
    models = Models(arguments.prepared, pawl_cli.find_pawl(arguments.pawl) if needs_pawl else None)
    for case in cases.chosen(arguments.models or cases.TIMED):
        for engine in engines:
            for precision in arguments.precisions.split(","):
                try:
                    models.get(engine, case, precision)
                except Unavailable as error:
                    print(f"{case.name}: without {engine} {precision}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
