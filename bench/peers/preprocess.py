"""Image to network input, as the reference pipeline of each model family does it.

Written against those pipelines and not against Pawl, so that agreement means something.
"""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Preprocess:
    """What a family's reference does to a picture: (pixel - mean) / divide, in network channel order."""

    fit: str = "centred"  # centred | top_left | stretch
    rgb: bool = True
    pad: int = 114
    mean: tuple = (0.0, 0.0, 0.0)
    divide: tuple = (255.0, 255.0, 255.0)

    def pawl_flags(self):
        """The same said to `pawl compile`."""
        fit = {"centred": "letterbox", "top_left": "topleft", "stretch": "stretch"}[self.fit]
        return ["--pre", f"color={'rgb' if self.rgb else 'bgr'},fit={fit},pad={self.pad},"
                f"mean={':'.join(map(str, self.mean))},std={':'.join(map(str, self.divide))}"]


@dataclass(frozen=True)
class Placement:
    """Network pixel (x, y) shows source pixel ((x - left) / gain_x, (y - top) / gain_y)."""

    gain_x: float
    gain_y: float
    left: int
    top: int
    width: int
    height: int

    def to_source(self, boxes):
        """Corner boxes of the network input, as corner boxes of the picture, clipped to it."""
        out = boxes.astype(np.float32).copy()
        out[:, [0, 2]] = (out[:, [0, 2]] - self.left) / self.gain_x
        out[:, [1, 3]] = (out[:, [1, 3]] - self.top) / self.gain_y
        out[:, [0, 2]] = out[:, [0, 2]].clip(0, self.width)
        out[:, [1, 3]] = out[:, [1, 3]].clip(0, self.height)
        return out


def read_image(path):
    """BGR bytes, grey pictures spread over three channels."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path}: not a picture that OpenCV can read")
    return image


def preprocess(image, spec, width, height):
    """(1,3,height,width) float32 and the Placement to travel back."""
    rows, columns = image.shape[:2]
    if spec.fit == "stretch":
        new_w, new_h, left, top = width, height, 0, 0
        gain_x, gain_y = width / columns, height / rows
    else:
        gain_x = gain_y = min(height / rows, width / columns)
        if spec.fit == "centred":  # Ultralytics LetterBox
            new_w, new_h = round(columns * gain_x), round(rows * gain_y)
            left = round((width - new_w) / 2 - 0.1)
            top = round((height - new_h) / 2 - 0.1)
        else:  # YOLOX preproc
            new_w, new_h = int(columns * gain_x), int(rows * gain_y)
            left = top = 0
    resized = image
    if (new_w, new_h) != (columns, rows):
        resized = cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((height, width, 3), spec.pad, np.uint8)
    canvas[top : top + new_h, left : left + new_w] = resized
    if spec.rgb:
        canvas = canvas[:, :, ::-1]
    pixels = canvas.astype(np.float32)
    tensor = (pixels - np.float32(spec.mean)) / np.float32(spec.divide)
    tensor = tensor.transpose(2, 0, 1)[None]
    placement = Placement(gain_x, gain_y, left, top, columns, rows)
    return np.ascontiguousarray(tensor, dtype=np.float32), placement
