"""Network outputs to detections, one small decoder for each kind of head, and suppression.

A detection list is an array of rows x1 y1 x2 y2 score class, best score first, in picture pixels.
"""

import numpy as np

CANDIDATES_MAX = 30000  # the best ones that go into suppression
KEPT_MAX = 300


def _corners(cxcywh):
    centre, half = cxcywh[:, :2], cxcywh[:, 2:4] / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _grid(height, width, strides):
    """Cell origins (column, row) and strides of every level, first level first."""
    cells, steps = [], []
    for stride in strides:
        rows, columns = height // stride, width // stride
        y, x = np.mgrid[:rows, :columns]
        cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        steps.append(np.full((rows * columns, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)


def columns(outputs, height, width):
    """(1, 4+classes, N), decoded: YOLOv8, YOLO11. Returns corner boxes (N,4), scores (N,classes)."""
    table = outputs[0][0].T
    return _corners(table[:, :4]), table[:, 4:]


def rows_objectness(outputs, height, width):
    """(1, N, 5+classes), decoded: YOLOv5."""
    table = outputs[0][0]
    return _corners(table[:, :4]), table[:, 5:] * table[:, 4:5]


def yolox(outputs, height, width):
    """(1, N, 5+classes), boxes relative to their cell, scores already sigmoids: YOLOX."""
    table = outputs[0][0]
    cell, stride = _grid(height, width, (8, 16, 32))
    boxes = np.concatenate([(table[:, :2] + cell) * stride, np.exp(table[:, 2:4]) * stride], axis=1)
    return _corners(boxes), table[:, 5:] * table[:, 4:5]


def nanodet(outputs, height, width):
    """Three class maps (1, n, classes), three distance maps (1, n, 4*8): generalised focal loss."""
    scores = np.concatenate([o[0] for o in outputs[:3]])
    logits = np.concatenate([o[0] for o in outputs[3:]]).reshape(-1, 4, 8)
    if scores.min() < 0 or scores.max() > 1:
        scores = _sigmoid(scores)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    distance = weights @ np.arange(8, dtype=np.float32)
    cell, stride = _grid(height, width, (8, 16, 32))
    centre = (cell + 0.5) * stride
    distance = distance * stride
    boxes = np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], axis=1)
    return boxes.clip(0, [width, height, width, height]), scores


def overlap(box, boxes):
    """Intersection over union of one corner box with many."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:4], boxes[:, 2:4])
    common = np.prod((high - low).clip(0), axis=1)
    area = np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1)
    whole = np.prod(box[2:4] - box[:2]) + area - common
    return np.where(whole > 0, common / np.maximum(whole, 1e-12), 0.0)


def suppress(boxes, scores, classes, iou):
    """Greedy class-aware suppression; indices of at most KEPT_MAX boxes, best score first."""
    order = np.argsort(-scores, kind="stable")[:CANDIDATES_MAX]
    kept = []
    for class_id in np.unique(classes[order]):
        left = order[classes[order] == class_id]
        for _ in range(KEPT_MAX):
            if not left.size:
                break
            kept.append(left[0])
            left = left[1:][overlap(boxes[left[0]], boxes[left[1:]]) <= iou]
    kept = np.array(kept, dtype=np.int64)
    return kept[np.argsort(-scores[kept], kind="stable")][:KEPT_MAX]


def detections(decode, outputs, placement, width, height, conf, iou, multi_label=False):
    """Rows x1 y1 x2 y2 score class in picture pixels. `decode` is one of the functions above, or
    None for an end-to-end network, whose rows (1, K, 6) need neither decoding nor suppression."""
    if decode is None:
        table = outputs[0][0]
        table = table[table[:, 4] > conf]
        table = table[np.argsort(-table[:, 4], kind="stable")]
        boxes, scores, classes = table[:, :4], table[:, 4], table[:, 5].astype(np.int64)
    else:
        all_boxes, all_scores = decode(outputs, height, width)
        if multi_label:
            index, classes = np.nonzero(all_scores > conf)
        else:
            best = all_scores.argmax(axis=1)
            index = np.nonzero(all_scores[np.arange(len(best)), best] > conf)[0]
            classes = best[index]
        boxes, scores = all_boxes[index].astype(np.float32), all_scores[index, classes]
        kept = suppress(boxes, scores, classes, iou)
        boxes, scores, classes = boxes[kept], scores[kept], classes[kept]
    boxes = placement.to_source(boxes.reshape(-1, 4))
    return np.concatenate([boxes, scores[:, None], classes[:, None]], axis=1).astype(np.float64)
