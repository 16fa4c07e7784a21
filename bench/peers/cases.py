"""The models compared, and how the reference pipeline of each is put together."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

import cv2

import evaluate
import heads
import pawl_cli
from preprocess import Preprocess

ULTRALYTICS = Preprocess()
YOLOX = Preprocess(fit="top_left", rgb=False, divide=(1.0, 1.0, 1.0))
NANODET = Preprocess(
    rgb=False, pad=0, mean=(103.53, 116.28, 123.675), divide=(57.375, 57.12, 58.395)
)


@dataclass(frozen=True)
class Case:
    """`decode` is None where the network suppresses duplicates itself. `compile_flags`: where the
    reference differs from what `pawl compile` assumes of the file. `float16`: the file computes in
    half precision, which Pawl does not; the reference is then the same network in float32."""

    name: str
    file: str
    decode: Optional[Callable]
    pre: Preprocess = ULTRALYTICS
    pictures: str = "coco"
    compile_flags: tuple = ()
    float16: bool = False

    @property
    def end_to_end(self):
        return self.decode is None


CASES = [
    Case("yolov8n", "yolov8n_coco.onnx", heads.columns),
    Case("yolo11n", "yolo11n_coco.onnx", heads.columns),
    Case("yolo26n", "yolo26n_coco.onnx", None),
    Case("yolox_nano", "yolox_nano_coco.onnx", heads.yolox, YOLOX),
    Case("yolov5n_fp16", "yolov5n_coco_fp16.onnx", heads.rows_objectness, float16=True),
    Case("nanodet_m", "nanodet_m_coco.onnx", heads.nanodet, NANODET,
         compile_flags=("--pre", "pad=0")),
    Case("steel_defect", "steel_defect_yolov8n.onnx", heads.columns, pictures="steel"),
]

# Not among the models of others, and its pictures are rendered.
DEMO = Case("demo", str(pawl_cli.ROOT / "models/demo/demo.onnx"), heads.columns, pictures="line")
LINE = {"calib": (96, 501), "eval": (200, 9777)}  # frames and seed

TIMED = ("yolov8n", "yolo11n", "yolo26n", "yolov5n_fp16", "yolox_nano", "steel_defect")


def chosen(names):
    """The cases of these names."""
    known = {case.name: case for case in [*CASES, DEMO]}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no model {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names]


def render_line(pawl, root):
    """The demo model's pictures, images/line/{calib,eval} and labels under `root`."""
    for kind, (frames, seed) in LINE.items():
        folder = Path(root) / "images" / "line"
        if (folder / f"{kind}_labels").exists():
            continue
        made = folder / f"{kind}_made"
        pawl_cli.call(pawl, "scene", "--out", made, "--count", frames, "--seed", seed)
        (made / "images").rename(folder / kind)
        (made / "labels").rename(folder / f"{kind}_labels")


@dataclass(frozen=True)
class PictureSet:
    """`labels_of` gives the rows of evaluate.py for one picture."""

    folder: Path
    labels: Path
    paths: list
    labels_of: Callable


def class_names(session):
    """Names in class order from the model's own metadata; empty where it has none."""
    text = session.get_modelmeta().custom_metadata_map.get("names")
    if not text:
        return []
    names = ast.literal_eval(text)
    return [names[key] for key in sorted(names)] if isinstance(names, dict) else list(names)


def pictures(shared, kind, names, limit=None):
    """The evaluation pictures of `kind` (coco, steel) under `shared`, sorted by name."""
    folder = Path(shared) / "images" / kind / "eval"
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".png", ".bmp"))
    if not paths:
        raise SystemExit(f"{folder}: no pictures; point PAWL_SHARED at the folder that has images/")
    if kind == "steel":
        labels = folder.parent / "eval_xml"
        return PictureSet(folder, labels, paths[:limit],
                          lambda path: evaluate.read_voc(labels / f"{path.stem}.xml", names))
    labels = folder.parent / "eval_labels"

    def yolo(path):
        height, width = cv2.imread(str(path)).shape[:2]
        return evaluate.read_yolo(labels / f"{path.stem}.txt", width, height)

    return PictureSet(folder, labels, paths[:limit], yolo)
