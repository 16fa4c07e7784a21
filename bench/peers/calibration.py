"""The pictures that every INT8 model is calibrated on, as network inputs of the reference pipeline."""

from preprocess import preprocess, read_image


def pictures(case, shared):
    folder = shared / "images" / case.pictures / "calib"
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".jpg", ".png", ".bmp"))
    if not paths:
        raise SystemExit(f"{folder}: no pictures; point PAWL_SHARED at the folder that has images/")
    return paths


def tensors(case, shared, width, height):
    """One (1,3,height,width) float32 array a picture."""
    for path in pictures(case, shared):
        yield preprocess(read_image(path), case.pre, width, height)[0]
