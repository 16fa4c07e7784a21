"""Rewrites of an ONNX model, without which pnnx cannot convert it or ncnn not run what comes out."""

import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference, utils


def _constants(model):
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def _offset(concat_input, producer, constants):
    """(row, column) of the pixel that a chain of strided slices takes of each 2x2 block, and the name
    of what it slices; None if it is anything else."""
    offset = {}
    name = concat_input
    while name in producer and producer[name].op_type == "Slice":
        start, _, axis, step = ([constants.get(i) for i in producer[name].input[1:]] + 3 * [None])[:4]
        if any(value is None for value in (start, axis, step)) or step.tolist() != [2]:
            return None
        offset[int(axis[0])] = int(start[0])
        name = producer[name].input[0]
    return (name, offset[2], offset[3]) if sorted(offset) == [2, 3] else None


def focus_as_convolution(model):
    """YOLOX and early YOLOv5 begin by stacking the pixels of 2x2 blocks with strided slices, which
    ncnn has no layer for. A 2x2 convolution of stride 2 with weights 0 and 1 does the same."""
    constants = _constants(model)
    producer = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        offsets = [_offset(name, producer, constants) for name in node.input]
        if node.op_type != "Concat" or len(offsets) != 4 or None in offsets:
            continue
        entry = model.graph.input[0]
        if {name for name, _, _ in offsets} != {entry.name}:
            continue
        channels = entry.type.tensor_type.shape.dim[1].dim_value
        weights = np.zeros((4 * channels, channels, 2, 2), np.float32)
        for block, (_, row, column) in enumerate(offsets):
            for channel in range(channels):
                weights[block * channels + channel, channel, row, column] = 1
        name = f"{node.output[0]}_focus"
        model.graph.initializer.append(numpy_helper.from_array(weights, name))
        node.CopyFrom(helper.make_node("Conv", [entry.name, name], list(node.output), name=node.name,
                                       kernel_shape=[2, 2], strides=[2, 2]))
        used = {i for other in model.graph.node for i in other.input}
        while dead := [n for n in model.graph.node if n.op_type == "Slice" and n.output[0] not in used]:
            for slice_ in dead:
                model.graph.node.remove(slice_)
            used = {i for other in model.graph.node for i in other.input}
        return model
    return model


def without_ranking(model):
    """YOLO26 ends by ranking its boxes (TopK, GatherElements), which ncnn has no layers for. The
    graph ends at what is ranked; ncnn then does a little less than the others."""
    producer = {name: node for node in model.graph.node for name in node.output}
    ranking = next((node for node in model.graph.node if node.op_type == "TopK"), None)
    if ranking is None:
        return model
    node = ranking
    while node.op_type != "Concat":
        node = producer[node.input[0]]
    model = shape_inference.infer_shapes(model)
    return utils.Extractor(model).extract_model([model.graph.input[0].name], [node.output[0]])


def with_fixed_sizes(model):
    """Old exports compute the sizes of Reshape from Shape, over which pnnx falls. ONNX Runtime's basic
    optimisations, which keep to ONNX's own operators, make constants of them."""
    if not any(node.op_type == "Shape" for node in model.graph.node):
        return model
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        options.optimized_model_filepath = file.name
        onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        return onnx.load(file.name)
