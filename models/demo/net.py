"""The demo detector: anchor-free, three strides, distances predicted as distributions.

The shape of the network follows the published YOLOv8 design (CSP blocks with dense concatenation, pooling pyramid, path aggregation neck,
decoupled head), slimmed so that its ONNX file stays below 6 MB. In inference mode the output is (batch, 4 + classes, anchors):
cx, cy, w, h in input pixels, then one sigmoid score a class.
"""
import torch
from torch import nn

STRIDES = (8, 16, 32)
WIDTHS = (16, 32, 64, 96, 128)  # channels after each halving of the resolution
DEPTHS = (1, 2, 2, 1)           # bottlenecks of the four backbone blocks
BINS = 16                       # a distance is the mean of a distribution over 0..BINS-1 strides


class Conv(nn.Module):
    """Convolution, batch norm, SiLU. `fuse` folds the norm into the convolution."""

    def __init__(self, inputs, outputs, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))

    def fuse(self):
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        fused = nn.Conv2d(self.conv.in_channels, self.conv.out_channels, self.conv.kernel_size,
                          self.conv.stride, self.conv.padding, bias=True)
        fused.weight.data = self.conv.weight.data * scale[:, None, None, None]
        fused.bias.data = self.norm.bias.data - self.norm.running_mean * scale
        self.conv, self.norm = fused, nn.Identity()


class Bottleneck(nn.Module):
    def __init__(self, channels, residual):
        super().__init__()
        self.first = Conv(channels, channels, 3)
        self.second = Conv(channels, channels, 3)
        self.residual = residual

    def forward(self, x):
        y = self.second(self.first(x))
        return x + y if self.residual else y


class C2f(nn.Module):
    """Splits in two, runs a chain of bottlenecks on one half, and merges every intermediate result."""

    def __init__(self, inputs, outputs, depth, residual):
        super().__init__()
        self.half = outputs // 2
        self.split = Conv(inputs, 2 * self.half)
        self.chain = nn.ModuleList(Bottleneck(self.half, residual) for _ in range(depth))
        self.merge = Conv((2 + depth) * self.half, outputs)

    def forward(self, x):
        parts = list(self.split(x).split(self.half, 1))
        for block in self.chain:
            parts.append(block(parts[-1]))
        return self.merge(torch.cat(parts, 1))


class PoolPyramid(nn.Module):
    """Three chained 5x5 maxima, equal to windows of 5, 9 and 13."""

    def __init__(self, channels):
        super().__init__()
        self.reduce = Conv(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.merge = Conv(2 * channels, channels)

    def forward(self, x):
        pools = [self.reduce(x)]
        for _ in range(3):
            pools.append(self.pool(pools[-1]))
        return self.merge(torch.cat(pools, 1))


class Expectation(nn.Module):
    """Mean of each distance's distribution, as a fixed 1x1 convolution over the bins."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(BINS, 1, 1, bias=False).requires_grad_(False)
        self.conv.weight.data[:] = torch.arange(BINS, dtype=torch.float32).view(1, BINS, 1, 1)

    def forward(self, x):
        batch, anchors = int(x.shape[0]), int(x.shape[2])  # plain numbers: an export then holds no shape arithmetic
        x = x.view(batch, 4, BINS, anchors).transpose(2, 1).softmax(1)
        return self.conv(x).view(batch, 4, anchors)


def anchor_grid(shapes):
    """Cell centres in strides (1, 2, A) and the stride of each (1, A), for feature maps of the given (h, w)."""
    centres, strides = [], []
    for (h, w), stride in zip(shapes, STRIDES):
        y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
        centres.append(torch.stack((x.flatten(), y.flatten())))
        strides.append(torch.full((1, h * w), float(stride)))
    return torch.cat(centres, 1)[None], torch.cat(strides, 1)


class Head(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.classes = classes
        box, score = 32, 48
        self.box = nn.ModuleList(
            nn.Sequential(Conv(c, box, 3), Conv(box, box, 3), nn.Conv2d(box, 4 * BINS, 1)) for c in channels)
        self.score = nn.ModuleList(
            nn.Sequential(Conv(c, score, 3), Conv(score, score, 3), nn.Conv2d(score, classes, 1)) for c in channels)
        self.expectation = Expectation()
        self.grid_shapes, self.grid = None, None
        for box_branch, score_branch in zip(self.box, self.score):
            box_branch[-1].bias.data[:] = 1.0
            score_branch[-1].bias.data[:] = -5.5  # faults are rare: start near "nothing here"

    def forward(self, features):
        outs = [torch.cat((b(x), s(x)), 1) for x, b, s in zip(features, self.box, self.score)]
        shapes = [(int(o.shape[2]), int(o.shape[3])) for o in outs]
        if shapes != self.grid_shapes:
            self.grid_shapes, self.grid = shapes, anchor_grid(shapes)
        centres, strides = self.grid
        rows = 4 * BINS + self.classes
        flat = torch.cat([o.view(int(o.shape[0]), rows, h * w) for o, (h, w) in zip(outs, shapes)], 2)
        distances, scores = flat.split((4 * BINS, self.classes), 1)
        if self.training:
            return distances, scores, centres[0], strides
        low, high = self.expectation(distances).split(2, 1)
        corner, far = centres - low, centres + high
        boxes = torch.cat(((corner + far) / 2, far - corner), 1) * strides
        return torch.cat((boxes, scores.sigmoid()), 1)


class Detector(nn.Module):
    def __init__(self, classes):
        super().__init__()
        w, d = WIDTHS, DEPTHS
        self.stem = Conv(3, w[0], 3, 2)
        self.stage2 = nn.Sequential(Conv(w[0], w[1], 3, 2), C2f(w[1], w[1], d[0], True))
        self.stage3 = nn.Sequential(Conv(w[1], w[2], 3, 2), C2f(w[2], w[2], d[1], True))
        self.stage4 = nn.Sequential(Conv(w[2], w[3], 3, 2), C2f(w[3], w[3], d[2], True))
        self.stage5 = nn.Sequential(Conv(w[3], w[4], 3, 2), C2f(w[4], w[4], d[3], True), PoolPyramid(w[4]))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.down4 = C2f(w[4] + w[3], w[3], 1, False)
        self.down3 = C2f(w[3] + w[2], w[2], 1, False)
        self.shrink3 = Conv(w[2], w[2], 3, 2)
        self.up4 = C2f(w[2] + w[3], w[3], 1, False)
        self.shrink4 = Conv(w[3], w[3], 3, 2)
        self.up5 = C2f(w[3] + w[4], w[4], 1, False)
        self.head = Head((w[2], w[3], w[4]), classes)

    def forward(self, x):
        c3 = self.stage3(self.stage2(self.stem(x)))
        c4 = self.stage4(c3)
        c5 = self.stage5(c4)
        p4 = self.down4(torch.cat((self.up(c5), c4), 1))
        p3 = self.down3(torch.cat((self.up(p4), c3), 1))
        n4 = self.up4(torch.cat((self.shrink3(p3), p4), 1))
        n5 = self.up5(torch.cat((self.shrink4(n4), c5), 1))
        return self.head([p3, n4, n5])

    def fuse(self):
        for module in self.modules():
            if isinstance(module, Conv):
                module.fuse()
        return self
