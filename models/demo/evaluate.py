"""Mean average precision as COCO counts it: 101 recall points, IoU 0.50 to 0.95 in steps of 0.05, at most 100 detections a frame."""
import numpy as np

THRESHOLDS = np.arange(0.50, 0.96, 0.05)
RECALLS = np.linspace(0.0, 1.0, 101)
CONFIDENCE_MIN = 0.001
NMS_IOU = 0.7
DETECTIONS_MAX = 100


def overlaps(a, b):
    """IoU of every box of a (n, 4) with every box of b (m, 4)."""
    lt = np.maximum(a[:, None, :2], b[None, :, :2])
    rb = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(rb - lt, 0, None).prod(-1)
    area_a = (a[:, 2:] - a[:, :2]).prod(-1)
    area_b = (b[:, 2:] - b[:, :2]).prod(-1)
    return inter / (area_a[:, None] + area_b[None] - inter + 1e-9)


def decode(output):
    """One image's raw output (4 + classes, anchors) to rows class, score, x1, y1, x2, y2; best first, after per-class NMS."""
    boxes, scores = output[:4].T, output[4:].T
    anchor, label = np.nonzero(scores > CONFIDENCE_MIN)
    score = scores[anchor, label]
    order = np.argsort(-score, kind="stable")[:3000]
    anchor, label, score = anchor[order], label[order], score[order]
    half = boxes[anchor, 2:] / 2
    corners = np.concatenate((boxes[anchor, :2] - half, boxes[anchor, :2] + half), 1)
    kept = []
    for c in np.unique(label):
        rest = np.nonzero(label == c)[0]
        while len(rest):
            first, rest = rest[0], rest[1:]
            kept.append(first)
            rest = rest[overlaps(corners[first:first + 1], corners[rest])[0] <= NMS_IOU]
    kept = np.array(sorted(kept), int)[:DETECTIONS_MAX]
    return np.concatenate((label[kept, None], score[kept, None], corners[kept]), 1)


def matches(found, truth):
    """For detections of one class in one image, best first: a hit at each threshold? (n, thresholds)"""
    hit = np.zeros((len(found), len(THRESHOLDS)), bool)
    if not len(found) or not len(truth):
        return hit
    iou = overlaps(found, truth)
    for t, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(truth), bool)
        for i in range(len(found)):
            candidates = np.where(free & (iou[i] >= threshold), iou[i], -1.0)
            best = int(candidates.argmax())
            if candidates[best] >= 0:
                hit[i, t], free[best] = True, False
    return hit


def average_precision(hits, scores, truths):
    """AP at each threshold for one class; NaN without a single true fault."""
    if truths == 0:
        return np.full(len(THRESHOLDS), np.nan)
    hits = hits[np.argsort(-scores, kind="stable")]
    found = np.cumsum(hits, 0)
    recall = found / truths
    precision = found / np.arange(1, len(hits) + 1)[:, None]
    precision = np.maximum.accumulate(precision[::-1], 0)[::-1]
    result = np.zeros(len(THRESHOLDS))
    for t in range(len(THRESHOLDS)):
        at = np.searchsorted(recall[:, t], RECALLS, side="left")
        result[t] = np.where(at < len(hits), precision[np.minimum(at, len(hits) - 1), t] if len(hits) else 0.0, 0.0).mean()
    return result


def mean_average_precision(detections, truths, classes):
    """detections: one array a frame as of decode(); truths: one array a frame (n, 5) class, x1, y1, x2, y2.

    Returns an array (classes, thresholds) of AP.
    """
    table = []
    for c in range(classes):
        hits, scores, count = [], [], 0
        for found, truth in zip(detections, truths):
            found, truth = found[found[:, 0] == c], truth[truth[:, 0] == c]
            hits.append(matches(found[:, 2:], truth[:, 1:]))
            scores.append(found[:, 1])
            count += len(truth)
        table.append(average_precision(np.concatenate(hits), np.concatenate(scores), count))
    return np.stack(table)
