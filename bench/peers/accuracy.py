#!/usr/bin/env python3
"""What INT8 costs in accuracy: mAP50-95 of Pawl and its peers, float32 and INT8.

All models are calibrated on the same pictures and judged on the same others, by the decoders of
heads.py and the evaluator of evaluate.py. Pawl's detections are those of `pawl run`, as users get
them; parity.py shows that its decoder agrees with the one here.
"""

import argparse
import sys
import time
from importlib.metadata import version

import onnxruntime

import cases
import evaluate
import heads
import pawl_cli
import report
from prepare import PEERS, PRECISIONS, Models
from preprocess import preprocess, read_image
from processes import Peer
from speed import input_shape

MODELS = ("yolov8n", "yolo11n", "yolox_nano", "steel_defect", "demo")
CONF, IOU = 0.001, 0.7


def peer_detections(engine, file, precision, case, shape, pictures):
    peer = Peer(engine, file, 2, precision, shape)
    height, width = shape[2:]
    found = {}
    try:
        for path in pictures.paths:
            tensor, placement = preprocess(read_image(path), case.pre, width, height)
            found[path.stem] = heads.detections(
                case.decode, peer.infer(tensor), placement, width, height, CONF, IOU)
    finally:
        peer.close()
    return found


def measure(case, engines, models, limit):
    """{engine: {precision: mAP50-95}}; None where the engine has no such model."""
    source = models.shared / "models" / case.file
    session = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"])
    pictures = cases.pictures(models.root(case), case.pictures, cases.class_names(session), limit)
    truth = {path.stem: pictures.labels_of(path) for path in pictures.paths}
    result = {"model": case.name, "pictures": len(truth), "map50_95": {}, "without": {}}
    for engine in engines:
        for precision in PRECISIONS:
            start = time.monotonic()
            try:
                file = models.get(engine, case, precision)
                if engine in PEERS:
                    found = peer_detections(engine, file, precision, case, input_shape(source), pictures)
                else:
                    found = pawl_cli.detect(models.pawl, file, pictures.folder, CONF, IOU)
            except RuntimeError as error:
                result["without"][f"{engine} {precision}"] = str(error)
                continue
            value = float(evaluate.mean_average_precision(found, truth)[0])
            result["map50_95"].setdefault(engine, {})[precision] = value
            print(f"{case.name}: {engine} {precision} {value:.4f}, "
                  f"{time.monotonic() - start:.0f} s", file=sys.stderr)
    return result


def page(results, facts):
    header = ["model", "pictures"]
    for engine in facts["engines"]:
        header += [f"{engine} fp32", "int8", "difference"]
    rows = []
    for result in results:
        row = [result["model"], result["pictures"]]
        for engine in facts["engines"]:
            maps = result["map50_95"].get(engine, {})
            both = all(precision in maps for precision in PRECISIONS)
            row += [f"{maps[p]:.4f}" if p in maps else "-" for p in PRECISIONS]
            row += [f"{maps['int8'] - maps['fp32']:+.4f}" if both else "-"]
        rows.append(row)
    machine = facts["machine"]
    without = sorted({f"- {r['model']}, without {name}: {why}"
                      for r in results for name, why in r["without"].items()})
    return "\n".join([
        f"# Accuracy of INT8, {facts['date']}", "",
        f"{machine['cpu']}, {machine['system']}; "
        + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()), "",
        f"mAP50-95, best class of each box, confidence {CONF}, suppression at IoU {IOU}. With so few "
        "pictures a difference of 0.003 is noise.", "",
        f"Command: `{facts['command']}`", "", report.table(header, rows), "", *without])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"default: {', '.join(MODELS)}")
    parser.add_argument("--engines", default=",".join(["pawl-head", *PEERS]))
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--prepared", help="folder of the prepared models; default build/peers")
    parser.add_argument("--limit", type=int, help="only the first N pictures")
    parser.add_argument("--out", help="folder for the result files; default bench/results")
    arguments = parser.parse_args()
    engines = arguments.engines.split(",")
    if unknown := set(engines) - {"pawl-head", *PEERS}:
        parser.error(f"no engine {', '.join(unknown)}; there are pawl-head, {', '.join(PEERS)}")
    models = Models(arguments.prepared, pawl_cli.find_pawl(arguments.pawl))

    results = []
    for case in cases.chosen(arguments.models or MODELS):
        results.append(measure(case, engines, models, arguments.limit))
    facts = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "engines": engines,
             "versions": {"pawl": pawl_cli.call(models.pawl, "--version").split()[-1],
                          **{name: version(name) for name in engines if name in PEERS}},
             "command": report.command()}
    text = page(results, facts)
    print(text)
    paths = report.write("int8-accuracy", {**facts, "results": results}, text, arguments.out)
    print(f"written: {paths[0]}\n         {paths[1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
