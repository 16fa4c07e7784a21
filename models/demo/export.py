"""Writes the trained detector as an ONNX file in the layout of a raw Ultralytics YOLOv8 export."""
import copy
import inspect
import json
import warnings

import numpy as np
import torch

from data import CLASSES, HEIGHT, WIDTH

OPSET = 13


def write_onnx(model, path):
    """`model` is left as it is; needs the Python package `onnx` for the metadata."""
    import onnx

    plain = copy.deepcopy(model).eval().to(memory_format=torch.contiguous_format).fuse()
    example = torch.zeros(1, 3, HEIGHT, WIDTH)
    with torch.no_grad():
        plain(example)  # lays out the anchors, which the export then sees as constants
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}  # from 2.5 on
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # of the plain numbers that net.py takes from shapes
        torch.onnx.export(plain, example, path, opset_version=OPSET, input_names=["images"],
                          output_names=["output0"], do_constant_folding=True, **options)
    proto = onnx.load(path)
    facts = {
        "names": "{" + ", ".join(f"{i}: '{name}'" for i, name in enumerate(CLASSES)) + "}",
        "stride": "32",
        "imgsz": json.dumps([HEIGHT, WIDTH]),
        "task": "detect",
        "batch": "1",
        "author": "Pawl",
        "description": "Demo detector of faults on the synthetic line",
        "license": "Apache-2.0",
    }
    for key, value in facts.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(proto)
    onnx.save(proto, path)


def run_onnx(path, frames, each):
    """Runs the file on letterboxed frames with ONNX Runtime; calls each(index, raw output (4 + classes, anchors))."""
    import onnxruntime
    from data import letterbox

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for i in range(len(frames)):
        images, _ = letterbox(frames[i:i + 1])
        each(i, session.run(None, {"images": images.numpy().astype(np.float32)})[0][0])
