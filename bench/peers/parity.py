#!/usr/bin/env python3
"""Pawl against ONNX Runtime, same models and pictures: input tensors, raw outputs, boxes, mAP.

Exit status 1 if a bar is missed. README.md beside this file says what each number means.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

import cases
import compare
import evaluate
import heads
import pawl_cli
import report
from preprocess import preprocess, read_image
from widen import widened

RELATIVE_MAX = 1e-3
BOX_SHARE_MIN = 0.999
MAP_GAP_MAX = 0.001
# Of the input tensor: division here, multiplication by the reciprocal there; one rounding each.
INPUT_ULPS_MAX = 2

CONF, IOU = 0.25, 0.45
MAP_CONF, MAP_IOU = 0.001, 0.7


class Reference:
    """ONNX Runtime and the family's own pre- and post-processing."""

    def __init__(self, case, model, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        self.case = case
        self.input_name = entry.name
        self.output_names = [o.name for o in self.session.get_outputs()]
        self.height, self.width = entry.shape[2:]

    def run(self, path):
        """Input tensor, outputs in model order, and the way back to the picture."""
        tensor, placement = preprocess(read_image(path), self.case.pre, self.width, self.height)
        return tensor, self.session.run(None, {self.input_name: tensor}), placement

    def detections(self, outputs, placement, conf, iou, multi_label=False):
        return heads.detections(self.case.decode, outputs, placement, self.width, self.height, conf,
                                iou, multi_label)


def input_ulps(a, b):
    """Largest difference in units of the last place of the larger magnitude."""
    if a.shape != b.shape:
        raise RuntimeError(f"input shape {a.shape} where the reference has {b.shape}")
    unit = np.spacing(np.maximum(np.abs(a), np.abs(b)).astype(np.float32))
    return float((np.abs(a.astype(np.float64) - b) / unit).max())


def evaluated_by_pawl(pawl, artifact, folder, labels, *flags):
    """mAP50-95 that `pawl eval` finds, with every class of a box over the threshold."""
    text = pawl_cli.call(pawl, "eval", artifact, "--images", folder, "--labels", labels, "--conf",
                         MAP_CONF, "--iou", MAP_IOU, "--json", *flags)
    return json.loads(text)["map50_95"]


class AsStored:
    """How far ONNX Runtime on a float16 file as it stands is from Pawl: told beside the comparison,
    with no bar, since the difference is the rounding of its casts."""

    def __init__(self, case, model, threads):
        self.reference = Reference(case, str(model), threads)
        self.gap = compare.TensorGap()
        self.boxes = compare.BoxMatch(CONF)

    def add(self, path, ours, found):
        _, outputs, placement = self.reference.run(path)
        self.gap.add(ours, outputs[0])
        self.boxes.add(path.name, found, self.reference.detections(outputs, placement, CONF, IOU))

    def result(self):
        return {"output_relative": self.gap.relative, "box_share": self.boxes.share,
                "boxes_counted": self.boxes.counted, "boxes_matched": self.boxes.matched}


def compare_model(case, arguments, pawl, shared):
    model = shared / "models" / case.file
    reference = Reference(case, widened(model) if case.float16 else str(model), arguments.threads)
    stored = AsStored(case, model, arguments.threads) if case.float16 else None
    names = cases.class_names(reference.session)
    pictures = cases.pictures(shared, case.pictures, names, arguments.limit)
    gaps = {name: compare.TensorGap() for name in reference.output_names}
    boxes = compare.BoxMatch(CONF)
    ulps = absolute = 0.0
    scored, scored_multi, truth = {}, {}, {}

    with tempfile.TemporaryDirectory(prefix="pawl-parity-") as scratch:
        scratch = Path(scratch)
        folder = pictures.folder
        if arguments.limit:  # pawl takes a folder: one that holds the chosen pictures only
            folder = scratch / "pictures"
            folder.mkdir()
            for path in pictures.paths:
                (folder / path.name).symlink_to(path.resolve())
        raw = pawl_cli.compile_model(pawl, model, scratch / "raw.pawl", "--head", "none",
                                     *case.pre.pawl_flags(), *arguments.compile)
        whole = pawl_cli.compile_model(pawl, model, scratch / "whole.pawl", *case.compile_flags,
                                       *arguments.compile)
        threads = ("--threads", arguments.threads)
        pawl_cli.call(pawl, "run", raw, "--input", folder, "--raw", scratch / "raw", *threads)
        found = pawl_cli.detect(pawl, whole, folder, CONF, IOU, *threads)
        found_all = pawl_cli.detect(pawl, whole, folder, MAP_CONF, MAP_IOU, *threads)

        for path in pictures.paths:
            tensor, outputs, placement = reference.run(path)
            given = pawl_cli.raw_tensor(scratch / "raw", path, "input")
            ulps = max(ulps, input_ulps(given, tensor))
            absolute = max(absolute, float(np.abs(given - tensor).max()))
            for name, output in zip(reference.output_names, outputs):
                ours = pawl_cli.raw_tensor(scratch / "raw", path, name)
                if case.end_to_end:
                    gaps[name].add_rows(ours[0], output[0])
                else:
                    gaps[name].add(ours, output)
            boxes.add(path.name, found[path.stem], reference.detections(outputs, placement, CONF, IOU))
            if stored:
                stored.add(path, ours, found[path.stem])
            scored[path.stem] = reference.detections(outputs, placement, MAP_CONF, MAP_IOU)
            scored_multi[path.stem] = reference.detections(outputs, placement, MAP_CONF, MAP_IOU, True)
            truth[path.stem] = pictures.labels_of(path)

        by_pawl = evaluated_by_pawl(pawl, whole, folder, pictures.labels, *threads)

    maps = {
        # One class a box, both by the evaluator here.
        "pawl": evaluate.mean_average_precision(found_all, truth)[0],
        "reference": evaluate.mean_average_precision(scored, truth)[0],
        # Every class a box: Pawl's own evaluator on its detections, the one here on the reference's.
        "pawl_eval": by_pawl,
        "reference_multi_label": evaluate.mean_average_precision(scored_multi, truth)[0],
    }

    worst = max(gaps.values(), key=lambda gap: gap.relative)
    result = {
        "model": case.name,
        "file": case.file,
        "pictures": len(pictures.paths),
        "input": {"ulps": ulps, "absolute": absolute},
        "outputs": {name: {**vars(gap), "close_share": gap.close_share} for name, gap in gaps.items()},
        "output_relative": worst.relative,
        "output_close_share": min(gap.close_share for gap in gaps.values()),
        "boxes": {"share": boxes.share, "counted": boxes.counted, "matched": boxes.matched,
                  "near_threshold": boxes.near_threshold, "missed": boxes.missed},
        "map50_95": maps,
        "float16_file_as_stored": stored.result() if stored else None,
    }
    result["missed_bars"] = missed_bars(result)
    return result


def missed_bars(result):
    """One line for each bar that does not hold."""
    lines = []
    if result["input"]["ulps"] > INPUT_ULPS_MAX:
        lines.append(f"input differs by {result['input']['absolute']:.3g}")
    if not result["output_relative"] <= RELATIVE_MAX:
        lines.append(f"outputs differ by {result['output_relative']:.3g}, bar {RELATIVE_MAX}")
    lone = sum(output["unmatched"] for output in result["outputs"].values())
    if lone:
        lines.append(f"{lone} output rows without a partner")
    boxes = result["boxes"]
    if not boxes["share"] >= BOX_SHARE_MIN:
        lines.append(f"boxes match {100 * boxes['share']:.2f} %, bar {100 * BOX_SHARE_MIN} %")
    maps = result["map50_95"]
    for ours, theirs in (("pawl", "reference"), ("pawl_eval", "reference_multi_label")):
        gap = abs(maps[ours] - maps[theirs])
        if not gap <= MAP_GAP_MAX:
            lines.append(f"mAP50-95, {ours} - {theirs}: {gap:.4f}, bar {MAP_GAP_MAX}")
    return lines


def summary(results, facts):
    """The markdown page."""
    rows = []
    for r in results:
        if "error" in r:
            rows.append([r["model"], *[""] * 8, "failed"])
            continue
        boxes, both = r["boxes"], r["map50_95"]
        rows.append([
            r["model"], r["pictures"], f"{r['input']['absolute']:.1e}", f"{r['output_relative']:.1e}",
            f"{100 * r['output_close_share']:.4f} %",
            f"{boxes['matched']}/{boxes['counted']} = {100 * boxes['share']:.2f} %",
            boxes["near_threshold"],
            f"{both['pawl']:.4f} / {both['reference']:.4f}",
            f"{both['pawl_eval']:.4f} / {both['reference_multi_label']:.4f}",
            "missed" if r["missed_bars"] else "holds",
        ])
    header = ["model", "pictures", "input max abs", "output rel. error", "elements within 1e-3",
              "boxes matched", "near threshold", "mAP50-95 pawl / ORT", "pawl eval / ORT multi-label", "bars"]
    lines = [f"# Parity with ONNX Runtime, {facts['date']}", "",
             f"{facts['machine']['cpu']}, {facts['machine']['cores']} cores, {facts['machine']['system']}; "
             f"{facts['pawl']}; " + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()), "",
             f"Command: `{facts['command']}`", "", report.table(header, rows), ""]
    for r in results:
        lines += [f"- {r['model']}: {line}" for line in r.get("missed_bars", [])]
        lines += [f"- {r['model']}: {r['error']}"] if "error" in r else []
        if stored := r.get("float16_file_as_stored"):
            lines.append(
                f"- {r['model']}: the reference is the file's network in float32. ONNX Runtime on the "
                f"file as it stands rounds to float16 on the way: outputs {stored['output_relative']:.1e} "
                f"apart, boxes {stored['boxes_matched']}/{stored['boxes_counted']}")
        for miss in r.get("boxes", {}).get("missed", []):
            lines.append(f"- {r['model']}: box without a partner: {json.dumps(miss)}")
    return "\n".join(lines)


def main():
    known = [case.name for case in cases.CASES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(known)}; default all")
    parser.add_argument("--pawl", help="the program; default $PAWL or build/release")
    parser.add_argument("--limit", type=int, help="only the first N pictures")
    parser.add_argument("--threads", type=int, default=0, help="of both; default one a core")
    parser.add_argument("--compile", nargs=1, action="extend", default=[], metavar="FLAG",
                        help="passed to pawl compile, as in --compile=--target=cpu-generic")
    parser.add_argument("--out", help="folder for the result files; default bench/results")
    arguments = parser.parse_args()
    unknown = set(arguments.models) - set(known)
    if unknown:
        parser.error(f"no model {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    pawl, shared = pawl_cli.find_pawl(arguments.pawl), pawl_cli.find_shared()

    facts = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": report.machine(),
        "pawl": pawl_cli.call(pawl, "--version").strip(),
        "versions": {"onnxruntime": onnxruntime.__version__, "numpy": np.__version__,
                     "opencv": cv2.__version__},
        "command": report.command(),
    }
    results = []
    for case in cases.CASES:
        if arguments.models and case.name not in arguments.models:
            continue
        start = time.monotonic()
        try:
            results.append(compare_model(case, arguments, pawl, shared))
        except RuntimeError as error:
            results.append({"model": case.name, "error": str(error), "missed_bars": ["did not run"]})
        print(f"{case.name}: {time.monotonic() - start:.0f} s, "
              f"{'; '.join(results[-1]['missed_bars']) or 'all bars hold'}", file=sys.stderr)

    page = summary(results, facts)
    print(page)
    paths = report.write("parity", {**facts, "results": results}, page, arguments.out)
    print(f"written: {paths[0]}\n         {paths[1]}", file=sys.stderr)
    return 1 if any(r["missed_bars"] for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
