"""Training loss: task-aligned assignment, binary cross-entropy of scores, complete IoU and distribution focal loss of boxes.

Sources: TOOD (Feng et al. 2021) for the assignment, CIoU (Zheng et al. 2020), generalised focal loss (Li et al. 2020) for the distances.
Boxes are x1, y1, x2, y2 in input pixels. Faults of one image are padded to a common count; `valid` marks the real ones.
"""
import math

import torch
import torch.nn.functional as F

from net import BINS

TOP = 10                  # anchors a fault may claim
SCORE_POWER, IOU_POWER = 0.5, 6.0
BOX_GAIN, SCORE_GAIN, DISTANCE_GAIN = 7.5, 0.5, 1.5
EPS = 1e-7


def iou(a, b, complete=False):
    """IoU of broadcastable boxes (..., 4); with `complete`, less the centre and aspect penalties."""
    lt = torch.maximum(a[..., :2], b[..., :2])
    rb = torch.minimum(a[..., 2:], b[..., 2:])
    inter = (rb - lt).clamp(min=0).prod(-1)
    wa, ha = (a[..., 2] - a[..., 0]), (a[..., 3] - a[..., 1])
    wb, hb = (b[..., 2] - b[..., 0]), (b[..., 3] - b[..., 1])
    value = inter / (wa * ha + wb * hb - inter + EPS)
    if not complete:
        return value
    span = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    offset = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = (offset ** 2).sum(-1) / ((span ** 2).sum(-1) + EPS)
    aspect = (4 / math.pi ** 2) * (torch.atan(wb / (hb + EPS)) - torch.atan(wa / (ha + EPS))) ** 2
    with torch.no_grad():
        weight = aspect / (1 - value + aspect + EPS)
    return value - distance - weight * aspect


@torch.no_grad()
def assign(scores, boxes, points, true_boxes, true_classes, valid):
    """Which anchor learns which fault.

    scores (B, A, C) after sigmoid, boxes (B, A, 4), points (A, 2) in pixels, true_boxes (B, G, 4), true_classes (B, G), valid (B, G).
    Returns owner (B, A) fault index, positive (B, A), target score (B, A) in 0..1.
    """
    batch, anchors, _ = scores.shape
    faults = true_boxes.shape[1]
    edges = torch.cat((points[None, None] - true_boxes[:, :, None, :2],
                       true_boxes[:, :, None, 2:] - points[None, None]), -1)        # B, G, A, 4
    inside = (edges.amin(-1) > 1e-3) & valid[:, :, None]
    overlap = iou(true_boxes[:, :, None], boxes[:, None]).clamp(min=0) * inside      # B, G, A
    of_class = scores.transpose(1, 2).gather(1, true_classes[:, :, None].expand(-1, -1, anchors))
    alignment = of_class.pow(SCORE_POWER) * overlap.pow(IOU_POWER) * inside

    best, index = alignment.topk(min(TOP, anchors), -1)
    chosen = torch.zeros_like(alignment, dtype=torch.bool).scatter_(-1, index, best > 1e-12)
    chosen &= inside
    # An anchor claimed twice goes to the fault it overlaps most.
    ranked = torch.where(chosen, overlap, torch.full_like(overlap, -1.0))
    owner = ranked.argmax(1)
    positive = chosen.any(1)
    chosen &= F.one_hot(owner, faults).transpose(1, 2).bool()
    # The best-aligned anchor of a fault is asked for that fault's best IoU, the others for proportionally less.
    alignment = alignment * chosen
    peak = alignment.amax(-1, keepdim=True)
    peak_iou = (overlap * chosen).amax(-1, keepdim=True)
    target = (alignment * peak_iou / (peak + 1e-9)).amax(1)
    return owner, positive, target


def detection_loss(output, true_boxes, true_classes, valid):
    """Returns the loss to minimise and its three parts (score, box, distance) for the log."""
    distances, logits, centres, strides = output
    distances, logits = distances.float(), logits.float()
    batch, _, anchors = logits.shape
    bins = distances.view(batch, 4, BINS, anchors).permute(0, 3, 1, 2)              # B, A, 4, BINS
    logits = logits.transpose(1, 2)                                                # B, A, C
    centres, strides = centres.t(), strides.t()                                    # A, 2 and A, 1
    reach = bins.softmax(-1) @ torch.arange(BINS, dtype=torch.float32)
    boxes = torch.cat((centres - reach[..., :2], centres + reach[..., 2:]), -1) * strides

    target_scores = torch.zeros_like(logits)
    if true_boxes.shape[1] == 0:
        score_loss = F.binary_cross_entropy_with_logits(logits, target_scores, reduction="sum")
        return SCORE_GAIN * score_loss, (float(score_loss), 0.0, 0.0)
    owner, positive, target = assign(logits.detach().sigmoid(), boxes.detach(), centres * strides,
                                     true_boxes, true_classes, valid)
    classes = true_classes.gather(1, owner)
    target_scores.scatter_(-1, classes[..., None], (target * positive)[..., None])
    total = target_scores.sum().clamp(min=1.0)
    score_loss = F.binary_cross_entropy_with_logits(logits, target_scores, reduction="sum") / total
    if not bool(positive.any()):
        return SCORE_GAIN * score_loss, (float(score_loss), 0.0, 0.0)

    weight = target[positive]
    truth = true_boxes.gather(1, owner[..., None].expand(-1, -1, 4))[positive]
    box_loss = ((1.0 - iou(boxes[positive], truth, complete=True)) * weight).sum() / total

    image, anchor = positive.nonzero(as_tuple=True)
    scaled = truth / strides[anchor]
    wanted = torch.cat((centres[anchor] - scaled[:, :2], scaled[:, 2:] - centres[anchor]), -1)
    wanted = wanted.clamp(0, BINS - 1 - 0.01)
    low = wanted.long()
    part = wanted - low
    log_bins = bins[image, anchor].log_softmax(-1)
    focal = -(log_bins.gather(-1, low[..., None])[..., 0] * (1 - part) +
              log_bins.gather(-1, low[..., None] + 1)[..., 0] * part).mean(-1)
    distance_loss = (focal * weight).sum() / total
    loss = BOX_GAIN * box_loss + SCORE_GAIN * score_loss + DISTANCE_GAIN * distance_loss
    return loss, (float(score_loss), float(box_loss), float(distance_loss))
