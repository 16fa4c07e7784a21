"""OpenVINO: its own IR of the file; for INT8 quantized after training by NNCF.

As its YOLO notebooks do it: nncf.quantize, preset MIXED (asymmetric activations), the decoding behind
the network left out. Preset PERFORMANCE came out as fast within 5 % and loses accuracy.
"""

import logging

import calibration
from learned_part import decoding_of_openvino

PACKAGES = ("openvino", "nncf")
RECIPE = "NNCF, preset MIXED, target CPU, decoding left in float"


def make(case, precision, source, folder, shared):
    import openvino

    model = openvino.Core().read_model(str(source))
    if precision == "int8":
        import nncf

        nncf.set_log_level(logging.ERROR)
        height, width = model.inputs[0].shape[2], model.inputs[0].shape[3]
        tensors = list(calibration.tensors(case, shared, width, height))
        model = nncf.quantize(
            model, nncf.Dataset(tensors), subset_size=len(tensors),
            preset=nncf.QuantizationPreset.MIXED, target_device=nncf.TargetDevice.CPU,
            ignored_scope=nncf.IgnoredScope(names=decoding_of_openvino(model), validate=False))
    made = folder / f"openvino-{precision}.xml"
    openvino.save_model(model, str(made), compress_to_fp16=False)
    return made
