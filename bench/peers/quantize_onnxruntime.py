"""ONNX Runtime: the file as it is for float32, a QDQ model of its own quantizer for INT8.

The INT8 recipe is the one of "Quantize ONNX models" in its documentation: opset 13 or later,
quant_pre_process, static QDQ, weights by channel. Activations u8 and weights s8 without reduce_range
is its advice for x86 with VNNI; its default, s8 activations, took 2.4 to 3.6 times as long here, and
quantizing convolutions alone 1.2 times. MinMax calibration is its default.
"""

import onnx
from onnx import version_converter

import calibration
from learned_part import decoding_of_onnx

PACKAGES = ("onnxruntime", "onnx")
RECIPE = "QDQ, u8 activations, s8 weights by channel, MinMax, decoding left in float"
OPSET = 17


def make(case, precision, source, folder, shared):
    if precision == "fp32":
        return source
    from onnxruntime.quantization import (
        CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process

    plain = folder / "onnxruntime-preprocessed.onnx"
    model = onnx.load(str(source))
    if model.opset_import[0].version < 13:
        source = plain
        onnx.save(version_converter.convert_version(model, OPSET), str(plain))
    # Symbolic shapes are for transformers; all shapes here are known, and it fails over YOLO26.
    quant_pre_process(str(source), str(plain), skip_symbolic_shape=True)
    model = onnx.load(str(plain))
    entry = model.graph.input[0]
    height, width = (d.dim_value for d in entry.type.tensor_type.shape.dim[2:])
    feeds = ({entry.name: t} for t in calibration.tensors(case, shared, width, height))

    class Reader(CalibrationDataReader):
        def get_next(self):
            return next(feeds, None)

    made = folder / "onnxruntime-int8.onnx"
    quantize_static(
        str(plain), str(made), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, reduce_range=False,
        calibrate_method=CalibrationMethod.MinMax, nodes_to_exclude=decoding_of_onnx(model))
    plain.unlink()
    return made
