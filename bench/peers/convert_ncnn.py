"""ncnn: converted by pnnx with its optimisations; for INT8 with ncnn's own tools.

ncnn2table and ncnn2int8 are not in the packages of PyPI. $NCNN_TOOLS names a folder that has them,
built from ncnn's sources; without it ncnn has no INT8 column. Calibrated with its default, the
Kullback-Leibler distance; the projection of the distance bins (DFL) stays in float, by taking its
lines out of the table, which is how its documentation mixes precisions.
"""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx

import calibration
from ncnn_graph import focus_as_convolution, with_fixed_sizes, without_ranking

PACKAGES = ("ncnn", "pnnx")
RECIPE = "graph rewrites, pnnx fp16=0; INT8: ncnn2table method=kl, ncnn2int8, DFL in float"


class Unavailable(RuntimeError):
    pass


def _run(*command):
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise Unavailable(f"{Path(command[0]).name} exits {done.returncode}: {''.join(last)}")


def _pnnx():
    """The program in pnnx's package, which is installed without PyTorch: converting ONNX needs none,
    the package's Python part does."""
    package = find_spec("pnnx")
    if package is None:
        raise Unavailable("pnnx is not installed: run bench/peers/setup")
    return Path(package.origin).with_name("pnnx")


def _tool(name):
    path = Path(os.environ.get("NCNN_TOOLS", "")) / name
    if not path.is_file():
        raise Unavailable(f"no {name}: it is not on PyPI; build ncnn's tools and set NCNN_TOOLS")
    return path


def _convert(source, folder):
    made = folder / "ncnn-fp32.param"
    if not made.exists():
        model = folder / "ncnn.onnx"
        graph = with_fixed_sizes(onnx.load(str(source)))
        onnx.save(focus_as_convolution(without_ranking(graph)), str(model))
        try:
            # It writes a dozen files beside its input; two matter.
            _run(_pnnx(), model, "fp16=0", f"ncnnparam={made}", f"ncnnbin={made.with_suffix('.bin')}")
        finally:
            for left in folder.glob("ncnn*"):
                if left.stem != "ncnn-fp32":
                    left.unlink()
    return made


def _keep_projection(plain, table):
    """Takes the convolutions with one output and no bias out of the table."""
    kept = set()
    for line in plain.read_text().splitlines():
        kind, name, *rest = [*line.split(), "", ""]
        if kind == "Convolution" and "0=1" in rest and "5=1" not in rest:
            kept |= {name, f"{name}_param_0"}
    lines = [line for line in table.read_text().splitlines() if line.split(maxsplit=1)[0] not in kept]
    table.write_text("".join(f"{line}\n" for line in lines))


def make(case, precision, source, folder, shared):
    if precision == "fp32":
        return _convert(source, folder)
    table, quantize = _tool("ncnn2table"), _tool("ncnn2int8")
    plain = _convert(source, folder)
    made = folder / "ncnn-int8.param"
    channels, height, width = (
        d.dim_value for d in onnx.load(str(source)).graph.input[0].type.tensor_type.shape.dim[1:])
    inputs = folder / "ncnn-calibration"
    inputs.mkdir(exist_ok=True)
    try:
        paths = []
        for number, tensor in enumerate(calibration.tensors(case, shared, width, height)):
            paths.append(inputs / f"{number}.npy")
            np.save(paths[-1], tensor[0])
        names = inputs / "names.txt"
        names.write_text("".join(f"{path}\n" for path in paths))
        _run(table, plain, plain.with_suffix(".bin"), names, inputs / "table",
             f"shape=[{width},{height},{channels}]", "thread=2", "method=kl", "type=1")
        _keep_projection(plain, inputs / "table")
        _run(quantize, plain, plain.with_suffix(".bin"), made, made.with_suffix(".bin"), inputs / "table")
    finally:
        for path in inputs.iterdir():
            path.unlink()
        inputs.rmdir()
    return made
