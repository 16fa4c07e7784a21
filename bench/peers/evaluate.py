"""Labels of a picture folder, and COCO mean average precision (101 recall points, IoU 0.50:0.95)."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from heads import overlap

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
DETECTIONS_MAX = 100  # of one class on one picture, as COCO counts


def read_yolo(path, width, height):
    """Rows x1 y1 x2 y2 class ignore in pixels; a missing file is a picture without objects."""
    if not Path(path).exists():
        return np.zeros((0, 6))
    table = np.loadtxt(path, ndmin=2).reshape(-1, 5)
    centre = table[:, 1:3] * [width, height]
    half = table[:, 3:5] * [width, height] / 2
    return np.concatenate([centre - half, centre + half, table[:, :1], 0 * table[:, :1]], axis=1)


def read_voc(path, names):
    """The same from a PASCAL VOC file; `names` gives the class numbers. Objects marked difficult are
    to be ignored: neither found nor missed, as VOC evaluates."""
    rows = []
    for item in ElementTree.parse(path).getroot().iter("object"):
        name = item.findtext("name").strip()
        if name not in names:
            raise SystemExit(f"{path}: class {name!r} is not one of {', '.join(names)}")
        corners = [float(item.findtext(f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax")]
        difficult = (item.findtext("difficult") or "0").strip() != "0"
        rows.append(corners + [names.index(name), difficult])
    return np.array(rows, dtype=np.float64).reshape(-1, 6)


def _match(found, truth):
    """hit[t, d]: at threshold t, detection d (best first) takes an object that was still free (1), or
    one to be ignored for want of another (-1), or none (0)."""
    hit = np.zeros((len(THRESHOLDS), len(found)), dtype=np.int8)
    if not len(found) or not len(truth):
        return hit
    iou = np.stack([overlap(row[:4], truth[:, :4]) for row in found])
    ignored = truth[:, 5] > 0
    for t, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(truth), dtype=bool)
        for d in range(len(found)):
            fits = free & (iou[d] >= threshold)
            if (fits & ~ignored).any():
                fits &= ~ignored
            if fits.any():
                best = np.where(fits, iou[d], -1.0).argmax()
                free[best] = False
                hit[t, d] = -1 if ignored[best] else 1
    return hit


def _average_precision(hit, objects):
    """Area under the interpolated precision curve; `hit` sorted by score over all pictures."""
    hit = hit[hit >= 0]
    if not hit.size:
        return 0.0
    true = np.cumsum(hit)
    recall = true / objects
    precision = true / np.arange(1, len(hit) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS, side="left")
    return np.where(at < len(hit), envelope[np.minimum(at, len(hit) - 1)], 0.0).mean()


def mean_average_precision(found_by_picture, truth_by_picture):
    """(mAP50-95, mAP50) over the classes that have objects. Both arguments: {picture: rows}."""
    classes = sorted({int(r[4]) for rows in truth_by_picture.values() for r in rows if not r[5]})
    per_class = np.zeros((len(classes), len(THRESHOLDS)))
    for c, class_id in enumerate(classes):
        scores, hits, objects = [], [], 0
        for picture, truth in truth_by_picture.items():
            truth = truth[truth[:, 4] == class_id]
            found = found_by_picture.get(picture, np.zeros((0, 6)))
            found = found[found[:, 5] == class_id]
            found = found[np.argsort(-found[:, 4], kind="stable")][:DETECTIONS_MAX]
            objects += int((truth[:, 5] == 0).sum())
            scores.append(found[:, 4])
            hits.append(_match(found, truth))
        order = np.argsort(-np.concatenate(scores), kind="stable")
        hit = np.concatenate(hits, axis=1)[:, order]
        per_class[c] = [_average_precision(hit[t], objects) for t in range(len(THRESHOLDS))]
    if not len(classes):
        raise SystemExit("no labelled objects: check the label folder")
    return per_class.mean(), per_class[:, 0].mean()
