#!/usr/bin/env python3
"""Trains the demo model from scratch on frames that `pawl scene` renders, and writes demo.onnx.

    python3 train.py --pawl ../../build/bin/pawl                 the whole recipe of README.md
    python3 train.py --pawl ... --evaluate demo.onnx             only measures an ONNX file, on the same unseen frames

Needs PyTorch 1.13 or later, NumPy and Pillow, and `onnx` for the export; ONNX Runtime for --evaluate. Runs on the CPU; one core is enough.
A checkpoint is written after every epoch; --resume goes on from it.
"""
import argparse
import copy
import math
import os
import time

import numpy as np
import torch

import data
import evaluate
from export import run_onnx, write_onnx
from loss import detection_loss
from net import Detector

# Two stages: crops at the scale of the camera first (more faults a second of work), whole frames last.
STAGES = (
    {"name": "crops", "size": (192, 192), "batch": 24, "zoom": (0.85, 1.2)},
    {"name": "frames", "size": (640, 384), "batch": 6, "zoom": (0.97, 1.03)},
)


def arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pawl", default="pawl", help="the pawl program, which renders the frames")
    parser.add_argument("--work", default="demo-training", help="folder for frames and checkpoints")
    parser.add_argument("--out", default=os.path.join(here, "demo.onnx"))
    parser.add_argument("--first-seed", type=int, default=1000, help="of the training frames")
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--per-seed", type=int, default=150, help="frames of each training seed")
    parser.add_argument("--eval-seed", type=int, default=9001, help="first of four seeds never trained on")
    parser.add_argument("--eval-per-seed", type=int, default=110)
    parser.add_argument("--epoch-frames", type=int, default=324, help="what an epoch shows, in whole frames' worth of pixels")
    parser.add_argument("--epochs-crops", type=int, default=41)
    parser.add_argument("--epochs-frames", type=int, default=12)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--torch-seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--evaluate", metavar="ONNX", help="measure this file and stop")
    return parser.parse_args()


class Average:
    """Exponential moving average of the weights; short-sighted at first."""

    def __init__(self, model):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.updates = 0

    def update(self, model):
        self.updates += 1
        decay = 0.997 * (1 - math.exp(-self.updates / 300))
        with torch.no_grad():
            source = model.state_dict()
            for name, value in self.model.state_dict().items():
                if value.dtype.is_floating_point:
                    value.mul_(decay).add_(source[name], alpha=1 - decay)
                else:
                    value.copy_(source[name])


def make_optimizer(model, rate):
    decayed = [p for p in model.parameters() if p.requires_grad and p.dim() > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def rate_at(progress, peak):
    """Linear warm-up over the first 3 %, then half a cosine down to 1 %."""
    if progress < 0.03:
        return peak * (0.02 + 0.98 * progress / 0.03)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - 0.03) / 0.97)))


def plan_epochs(args):
    """The stage of every epoch. An epoch shows the same number of pixels in either stage, hence more crops than frames."""
    return [STAGES[0]] * args.epochs_crops + [STAGES[1]] * args.epochs_frames


def area_of(stage):
    """Of one sample, in whole frames."""
    return stage["size"][0] * stage["size"][1] / (data.WIDTH * data.HEIGHT)


def steps_of(stage, epoch_frames):
    return max(1, int(epoch_frames / area_of(stage)) // stage["batch"])


def picks_of(stage, frames, steps, rng):
    """Which frames each step sees: shuffled passes over all frames, as many as it takes."""
    passes = -(-steps * stage["batch"] // frames)
    order = np.concatenate([rng.permutation(frames) for _ in range(passes)])
    return order[:steps * stage["batch"]].reshape(steps, stage["batch"])


def train_epoch(model, average, optimizer, frames, labels, stage, steps, rate, rng):
    """One epoch; returns mean losses (score, box, distance). `rate(share)` is the learning rate at that share of the epoch."""
    model.train()
    sums = np.zeros(3)
    for step, picks in enumerate(picks_of(stage, len(frames), steps, rng)):
        for group in optimizer.param_groups:
            group["lr"] = rate(step / steps)
        images, boxes, classes, valid = data.batch(frames, labels, picks, stage["size"], stage["zoom"], rng)
        output = model(images.contiguous(memory_format=torch.channels_last))
        loss, parts = detection_loss(output, boxes, classes, valid)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        average.update(model)
        sums += parts
    return sums / steps


def measure(run, frames, labels):
    """AP (classes, thresholds). `run(frames, each)` calls each(index, raw output)."""
    top = (data.HEIGHT - frames.shape[1]) // 2
    found = [None] * len(frames)

    def each(index, output):
        rows = evaluate.decode(output)
        rows[:, [3, 5]] -= top
        rows[:, [2, 4]] = rows[:, [2, 4]].clip(0, data.WIDTH)
        rows[:, [3, 5]] = rows[:, [3, 5]].clip(0, frames.shape[1])
        found[index] = rows

    run(frames, each)
    return evaluate.mean_average_precision(found, labels, len(data.CLASSES))


def run_torch(model):
    def run(frames, each):
        with torch.no_grad():
            for i in range(len(frames)):
                images, _ = data.letterbox(frames[i:i + 1])
                each(i, model(images.contiguous(memory_format=torch.channels_last))[0].numpy())
    return run


def print_table(table, frames, labels):
    counts = np.bincount(np.concatenate([l[:, 0] for l in labels]).astype(int), minlength=len(data.CLASSES))
    print(f"{frames} frames, {counts.sum()} faults\n{'class':14} faults  mAP50  mAP50-95")
    for name, count, row in zip(data.CLASSES, counts, table):
        print(f"{name:14} {count:6d}  {row[0]:.4f} {row.mean():.4f}")
    print(f"{'all':14} {counts.sum():6d}  {table[:, 0].mean():.4f} {table.mean():.4f}", flush=True)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.torch_seed)
    eval_frames, eval_labels = data.load_seeds(args.pawl, args.work, range(args.eval_seed, args.eval_seed + 4), args.eval_per_seed)
    if args.evaluate:
        table = measure(lambda frames, each: run_onnx(args.evaluate, frames, each), eval_frames, eval_labels)
        print_table(table, len(eval_frames), eval_labels)
        return
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    frames, labels = data.load_seeds(args.pawl, args.work, seeds, args.per_seed)
    train(args, frames, labels, eval_frames, eval_labels)


def train(args, frames, labels, eval_frames, eval_labels, on_epoch=None):
    model = Detector(len(data.CLASSES)).to(memory_format=torch.channels_last)
    average = Average(model)
    optimizer = make_optimizer(model, args.rate)
    epochs = plan_epochs(args)
    first = 0
    checkpoint = os.path.join(args.work, "checkpoint.pt")
    if args.resume and os.path.exists(checkpoint):
        state = torch.load(checkpoint, map_location="cpu")
        model.load_state_dict(state["model"])
        average.model.load_state_dict(state["average"])
        average.updates = state["updates"]
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"]
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(frames)} frames, {len(epochs)} epochs", flush=True)

    began = time.time()
    for epoch in range(first, len(epochs)):
        rng = np.random.default_rng([args.torch_seed, epoch])
        parts = train_epoch(model, average, optimizer, frames, labels, epochs[epoch], steps_of(epochs[epoch], args.epoch_frames),
                            lambda share: rate_at((epoch + share) / len(epochs), args.rate), rng)
        torch.save({"model": model.state_dict(), "average": average.model.state_dict(), "updates": average.updates,
                    "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, checkpoint)
        table = measure(run_torch(average.model), eval_frames[::8], eval_labels[::8])
        spent = time.time() - began
        left = spent * (len(epochs) - epoch - 1) / (epoch - first + 1)
        print(f"epoch {epoch + 1}/{len(epochs)} {epochs[epoch]['name']}  score {parts[0]:.3f} box {parts[1]:.3f} "
              f"distance {parts[2]:.3f}  mAP50 {table[:, 0].mean():.3f} mAP50-95 {table.mean():.3f}  "
              f"{spent / 60:.1f} min, {left / 60:.1f} to go", flush=True)
        if on_epoch:
            on_epoch(average.model, epoch)

    write_onnx(average.model, args.out)
    table = measure(run_torch(average.model), eval_frames, eval_labels)
    print_table(table, len(eval_frames), eval_labels)


if __name__ == "__main__":
    main()
