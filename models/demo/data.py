"""Frames of the synthetic line as training samples.

`pawl scene` writes 1280x720 frames; they are halved once to 640x360 RGB and kept in memory as bytes. The canvas of the network is 640x384: the
frame in the middle, grey 114 above and below, exactly as the runtime letterboxes a frame.
"""
import os
import subprocess

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

CLASSES = ["scratch", "dent", "stain", "crack", "missing_hole", "burr"]
WIDTH, HEIGHT = 640, 384
GREY = 114
VISIBLE_MIN = 0.4  # share of a fault's box that must be in a crop to be labelled; the renderer uses the same


def make_frames(pawl, folder, seed, count):
    """Runs `pawl scene` unless an earlier run already filled this folder."""
    labels = os.path.join(folder, "labels")
    if not os.path.isdir(labels) or len(os.listdir(labels)) < count:
        subprocess.run([pawl, "scene", "--out", folder, "--count", str(count), "--seed", str(seed)], check=True)
    with open(os.path.join(folder, "classes.txt")) as file:
        names = file.read().split()
    if names != CLASSES:
        raise SystemExit(f"{folder}/classes.txt lists {names}, this model learns {CLASSES}: remove the folder and run again")


def load_folder(folder):
    """Returns frames (N, 360, 640, 3) RGB bytes and a list of N arrays (faults, 5): class, x1, y1, x2, y2 in frame pixels."""
    frames, labels = [], []
    for name in sorted(os.listdir(os.path.join(folder, "images"))):
        with Image.open(os.path.join(folder, "images", name)) as image:
            small = image.convert("RGB").resize((WIDTH, WIDTH * image.height // image.width), Image.BOX)
        frames.append(np.asarray(small))
        height, width = frames[-1].shape[:2]
        rows = []
        with open(os.path.join(folder, "labels", os.path.splitext(name)[0] + ".txt")) as file:
            for line in file:
                c, cx, cy, w, h = (float(v) for v in line.split())
                rows.append((c, (cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height))
        labels.append(np.array(rows, np.float32).reshape(-1, 5))
    return np.stack(frames), labels


def load_seeds(pawl, root, seeds, per_seed):
    frames, labels = [], []
    for seed in seeds:
        folder = os.path.join(root, f"seed{seed}")
        make_frames(pawl, folder, seed, per_seed)
        more, faults = load_folder(folder)
        frames.append(more)
        labels.extend(faults)
    return np.concatenate(frames), labels


def letterbox(frames):
    """(B, h, 640, 3) bytes to (B, 3, 384, 640) floats in 0..1, and how far down the frame was moved."""
    top = (HEIGHT - frames.shape[1]) // 2
    canvas = torch.full((len(frames), 3, HEIGHT, WIDTH), GREY / 255.0)
    canvas[:, :, top:top + frames.shape[1]] = torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2) / 255.0
    return canvas, top


def sample(frame, faults, size, zoom_range, rng):
    """One augmented crop: float tensor (3, h, w) in 0..1 and its faults (n, 5) in crop pixels.

    Crops smaller than the canvas mostly look at a fault; full-size ones keep the canvas where it is, less a small zoom.
    """
    width, height = size
    zoom = np.exp(rng.uniform(np.log(zoom_range[0]), np.log(zoom_range[1])))
    span_x, span_y = int(round(width / zoom)), int(round(height / zoom))
    top = (HEIGHT - frame.shape[0]) // 2
    slack_x, slack_y = WIDTH - span_x, HEIGHT - span_y
    if len(faults) and width < WIDTH and rng.random() < 0.85:
        _, x1, y1, x2, y2 = faults[rng.integers(len(faults))]
        left = (x1 + x2) / 2 - span_x * rng.uniform(0.2, 0.8)
        upper = (y1 + y2) / 2 + top - span_y * rng.uniform(0.2, 0.8)
        left, upper = int(np.clip(left, min(0, slack_x), max(0, slack_x))), int(np.clip(upper, min(0, slack_y), max(0, slack_y)))
    else:
        left = int(rng.integers(min(0, slack_x), max(0, slack_x) + 1))
        upper = int(rng.integers(min(0, slack_y), max(0, slack_y) + 1))

    region = np.full((span_y, span_x, 3), GREY, np.uint8)
    offset = top - upper                                   # of the frame's first row in the region
    y1, y2 = max(0, offset), min(span_y, offset + frame.shape[0])
    x1, x2 = max(0, -left), min(span_x, WIDTH - left)
    region[y1:y2, x1:x2] = frame[y1 - offset:y2 - offset, x1 + left:x2 + left]
    flip = rng.random() < 0.5
    if flip:
        region = region[:, ::-1]
    image = torch.from_numpy(np.ascontiguousarray(region)).permute(2, 0, 1)[None] / 255.0
    if (span_y, span_x) != (height, width):
        image = F.interpolate(image, (height, width), mode="bilinear", align_corners=False)
    light = rng.uniform(0.7, 1.3) * rng.uniform(0.93, 1.07, (3, 1, 1)).astype(np.float32)
    lift = rng.uniform(-0.04, 0.04)
    image = (image[0] * torch.from_numpy(light.astype(np.float32)) + lift).clamp_(0, 1)
    if rng.random() < 0.3:
        image = (image + torch.randn(image.shape) * rng.uniform(0.0, 0.025)).clamp_(0, 1)

    boxes = faults.copy()
    boxes[:, [1, 3]] = (boxes[:, [1, 3]] - left) * (width / span_x)
    boxes[:, [2, 4]] = (boxes[:, [2, 4]] + offset) * (height / span_y)
    if flip:
        boxes[:, [1, 3]] = width - boxes[:, [3, 1]]
    return image, clip_faults(boxes, width, height)


def clip_faults(boxes, width, height):
    area = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    boxes[:, [1, 3]] = boxes[:, [1, 3]].clip(0, width)
    boxes[:, [2, 4]] = boxes[:, [2, 4]].clip(0, height)
    visible = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    return boxes[visible >= VISIBLE_MIN * area]


def batch(frames, labels, picks, size, zoom_range, rng):
    """Returns images (B, 3, h, w), boxes (B, G, 4), classes (B, G), valid (B, G)."""
    samples = [sample(frames[i], labels[i], size, zoom_range, rng) for i in picks]
    most = max(len(faults) for _, faults in samples)
    boxes = torch.zeros(len(samples), most, 4)
    classes = torch.zeros(len(samples), most, dtype=torch.long)
    valid = torch.zeros(len(samples), most, dtype=torch.bool)
    for i, (_, faults) in enumerate(samples):
        faults = torch.from_numpy(faults)
        boxes[i, :len(faults)] = faults[:, 1:]
        classes[i, :len(faults)] = faults[:, 0].long()
        valid[i, :len(faults)] = True
    return torch.stack([image for image, _ in samples]), boxes, classes, valid
