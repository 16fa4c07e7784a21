"""A float16 ONNX model as a float32 one: same weights, nothing rounded on the way."""

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper


def _widen(tensor):
    if tensor.data_type == TensorProto.FLOAT16:
        values = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def widened(path):
    """The model file's bytes with every float16 tensor, constant and cast made float32."""
    model = onnx.load(str(path))
    graph = model.graph
    for tensor in graph.initializer:
        _widen(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
            elif attribute.type == onnx.AttributeProto.TENSOR:
                _widen(attribute.t)
    for value in [*graph.input, *graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    del graph.value_info[:]  # they name float16
    return model.SerializeToString()
