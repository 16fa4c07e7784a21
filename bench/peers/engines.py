"""The engines compared: each runs one prepared model back to back, in a process of its own.

An engine is made of (model file, threads, precision, input shape). `given` is the input tensor, which
the engine reads in place; run() fills memory that the engine owns already; outputs() reads it, in the
order of the model. Nothing but NumPy is imported here: worker.py measures what an engine adds to a
process.
"""

import numpy as np


class Nothing:
    """A Python process with NumPy: what worker.py itself needs."""

    def __init__(self, model, threads, precision, shape):
        self.given = np.full(shape, 0.5, np.float32)

    def run(self):
        pass


class OnnxRuntime:
    def __init__(self, model, threads, precision, shape):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        binding = session.io_binding()
        entry = session.get_inputs()[0]
        # A bound value borrows the array's memory, and the binding keeps neither alive.
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self.given = np.full(shape, 0.5, np.float32)
        self.rooms = [np.zeros(output.shape, np.float32) for output in session.get_outputs()]
        self.bound = [value(self.given), *map(value, self.rooms)]
        binding.bind_ortvalue_input(entry.name, self.bound[0])
        for output, room in zip(session.get_outputs(), self.bound[1:]):
            binding.bind_ortvalue_output(output.name, room)
        self.run = lambda: session.run_with_iobinding(binding)

    def outputs(self):
        return self.rooms


class OpenVino:
    def __init__(self, model, threads, precision, shape):
        import openvino

        options = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads}
        if precision == "fp32":
            # Else it computes in bfloat16 where the processor can. In an INT8 model that is its
            # best choice for what is left in float, and stays.
            options["INFERENCE_PRECISION_HINT"] = "f32"
        compiled = openvino.Core().compile_model(str(model), "CPU", options)
        self.request = compiled.create_infer_request()
        self.given = np.full(shape, 0.5, np.float32)
        self.request.set_input_tensor(openvino.Tensor(self.given, shared_memory=True))
        self.count = len(compiled.outputs)
        self.run = self.request.infer

    def outputs(self):
        return [self.request.get_output_tensor(i).data for i in range(self.count)]


class Ncnn:
    def __init__(self, model, threads, precision, shape):
        import ncnn

        net = ncnn.Net()
        net.opt.num_threads = threads
        # Half precision storage and arithmetic are off: they would not be the float32 compared, and
        # on x86 they are no faster.
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        self.pools = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()
        net.opt.blob_allocator, net.opt.workspace_allocator = self.pools
        if net.load_param(str(model)) != 0 or net.load_model(str(model.with_suffix(".bin"))) != 0:
            raise RuntimeError(f"ncnn cannot load {model}")
        self.given = np.full(shape, 0.5, np.float32)
        mat = ncnn.Mat(self.given[0])  # borrows the memory
        entry, names = net.input_names()[0], net.output_names()
        self.found = []

        def run():
            extractor = net.create_extractor()
            extractor.input(entry, mat)
            self.found = [extractor.extract(name)[1] for name in names]

        self.run = run

    def outputs(self):
        # Without a batch dimension; a leading 1 may be gone too.
        return [np.array(mat)[None] for mat in self.found]


ENGINES = {"nothing": Nothing, "onnxruntime": OnnxRuntime, "openvino": OpenVino, "ncnn": Ncnn}
