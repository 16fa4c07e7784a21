"""Where the learned part of a detector ends.

What comes behind the last learned layer only decodes: box arithmetic, concatenation, ranking. Every
peer's documentation leaves it in float when quantizing a YOLO, and names its nodes by hand, model by
model. Here it is found: a node belongs to the learned part if a learned convolution needs its
result. The projection of the distance bins (DFL) is a convolution too, but with weights 0, 1, 2, ...:
nothing there was learned.
"""

import numpy as np
from onnx import numpy_helper


def _learned(weights):
    weights = weights.ravel()
    return not np.array_equal(weights, np.arange(weights.size))


def _ancestors(nodes, key, inputs):
    """Keys of `nodes` and of everything before them."""
    seen, left = set(), list(nodes)
    while left:
        node = left.pop()
        if key(node) not in seen:
            seen.add(key(node))
            left += inputs(node)
    return seen


def decoding_of_onnx(model):
    """Names of the nodes behind the learned part of an ONNX model."""
    weights = {t.name: t for t in model.graph.initializer}
    producer = {name: node for node in model.graph.node for name in node.output}
    layers = [node for node in model.graph.node
              if node.op_type == "Conv" and node.input[1] in weights
              and _learned(numpy_helper.to_array(weights[node.input[1]]))]
    learned = _ancestors(layers, lambda node: node.name,
                         lambda node: [producer[i] for i in node.input if i in producer])
    return [node.name for node in model.graph.node if node.name not in learned]


def decoding_of_openvino(model):
    """The same of an openvino.Model."""
    def before(node):
        return [i.get_source_output().get_node() for i in node.inputs()]

    def is_layer(node):
        if node.get_type_name() not in ("Convolution", "GroupConvolution"):
            return False
        weights = before(node)[1]
        return weights.get_type_name() != "Constant" or _learned(weights.data)

    nodes = model.get_ordered_ops()
    learned = _ancestors(filter(is_layer, nodes), lambda node: node.get_friendly_name(), before)
    return [node.get_friendly_name() for node in nodes if node.get_friendly_name() not in learned
            and node.get_type_name() not in ("Constant", "Parameter", "Result")]
