"""How far two results of the same network on the same picture are apart. `b` is the reference."""

from dataclasses import dataclass, field

import numpy as np

from heads import overlap


@dataclass
class TensorGap:
    """Worst values over all pictures, of one tensor."""

    relative: float = 0.0  # max |a-b| / max |b|
    absolute: float = 0.0  # max |a-b|
    close: int = 0  # elements with |a-b| <= 1e-3 * max(1, |b|)
    elements: int = 0
    unmatched: int = 0  # rows of an end-to-end output without a partner
    boundary: int = 0  # the same, but at the end of the list, where ranks are ties

    @property
    def close_share(self):
        return self.close / self.elements if self.elements else 1.0

    def add(self, a, b):
        if a.shape != b.shape:
            raise RuntimeError(f"shape {a.shape} where the reference has {b.shape}")
        gap = np.abs(a.astype(np.float64) - b)
        worst = gap.max(initial=0.0)
        # A NaN must fail the bars, and comparisons with it are false.
        if not np.isfinite(worst):
            worst = np.inf
        self.absolute = max(self.absolute, float(worst))
        self.relative = max(self.relative, float(worst / max(np.abs(b).max(initial=0.0), 1e-12)))
        self.close += int((gap <= 1e-3 * np.maximum(1, np.abs(b))).sum())
        self.elements += b.size

    def add_rows(self, a, b):
        """End-to-end rows (K, 6), x1 y1 x2 y2 score class: as sets, since equal scores may come in
        either order. Each row takes the free row of its class that lies nearest."""
        if a.shape != b.shape:
            raise RuntimeError(f"shape {a.shape} where the reference has {b.shape}")
        a, b = a.astype(np.float64), b.astype(np.float64)
        free = np.ones(len(a), dtype=bool)
        partner = np.full(len(b), -1)
        for row in range(len(b)):
            distance = np.abs(a[:, :5] - b[row, :5]).max(axis=1)
            distance[~free | (a[:, 5] != b[row, 5])] = np.inf
            best = int(distance.argmin())
            if distance[best] <= 1.0:
                partner[row] = best
                free[best] = False
        have = partner >= 0
        self.add(a[partner[have]], b[have])
        # A row at the end of the list competes with rows of nearly its score that were cut.
        last = max(a[-1, 4], b[-1, 4]) * 1.001 + 1e-6
        lone = np.concatenate([b[~have, 4], a[free, 4]])
        self.boundary += int((lone <= last).sum())
        self.unmatched += int((lone > last).sum())


@dataclass
class BoxMatch:
    """Detections of both sides, matched one to one: same class, overlap >= 0.99, scores within 0.002.

    A box counts if its score exceeds the threshold by more than 0.002: one nearer may be missing on
    the other side for rounding alone, and may serve as a partner but is not asked for one."""

    threshold: float
    iou_min: float = 0.99
    score_gap: float = 0.002
    matched: int = 0
    missed: list = field(default_factory=list)
    near_threshold: int = 0

    @property
    def counted(self):
        return self.matched + len(self.missed)

    @property
    def share(self):
        return self.matched / self.counted if self.counted else 1.0

    def add(self, picture, a, b):
        pairs = []
        for i, row in enumerate(a):
            iou = overlap(row[:4], b[:, :4]) if len(b) else np.zeros(0)
            fits = (iou >= self.iou_min) & (b[:, 5] == row[5])
            fits &= np.abs(b[:, 4] - row[4]) <= self.score_gap
            pairs += [(-iou[j], i, j) for j in np.nonzero(fits)[0]]
        left_a, left_b = set(range(len(a))), set(range(len(b)))
        certain = self.threshold + self.score_gap
        for _, i, j in sorted(pairs):
            if i in left_a and j in left_b:
                left_a.remove(i)
                left_b.remove(j)
                sure = int(max(a[i, 4], b[j, 4]) > certain)
                self.matched += sure
                self.near_threshold += 1 - sure
        for side, rows, left in (("pawl", a, left_a), ("reference", b, left_b)):
            for i in sorted(left):
                if rows[i, 4] > certain:
                    self.missed.append(self._describe(picture, side, rows[i], b if side == "pawl" else a))
                else:
                    self.near_threshold += 1

    def _describe(self, picture, side, row, others):
        """A miss, with the nearest box of the same class on the other side."""
        entry = {"picture": picture, "only": side, "class": int(row[5]), "score": round(float(row[4]), 5),
                 "box": [round(float(v), 2) for v in row[:4]]}
        same = others[others[:, 5] == row[5]]
        if len(same):
            iou = overlap(row[:4], same[:, :4])
            best = iou.argmax()
            entry["nearest"] = {"iou": round(float(iou[best]), 4), "score": round(float(same[best, 4]), 5)}
        return entry
