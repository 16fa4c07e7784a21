"""The engines that speed.py compares: each runs one float32 network back to back for some seconds.

An engine is made of (model, threads, context) and has round(seconds), which returns {"p50", "p90",
"p99", "max"} in milliseconds, "cpu", the processor time of a run, and "frames". Only the network is
timed: input in place, outputs in memory that the engine owns already.
"""

import json
import resource
import time
from pathlib import Path

import numpy as np

import pawl_cli

WARM_UP = 3  # runs at the start of each round, not counted


def timed_round(run, seconds):
    for _ in range(WARM_UP):
        run()
    samples = []
    cpu = time.process_time()
    end = time.perf_counter() + seconds
    now = time.perf_counter()
    while not samples or now < end:
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        samples.append(1000 * (now - start))
    p50, p90, p99 = np.percentile(samples, [50, 90, 99])
    cpu = 1000 * (time.process_time() - cpu) / len(samples)
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99), "max": max(samples), "cpu": cpu,
            "frames": len(samples)}


class Pawl:
    """`pawl bench` of the whole graph (--head none): the same computation as the peers'."""

    name = "pawl"
    head = ("--head", "none")

    def __init__(self, model, threads, context):
        self.pawl, self.threads = context.pawl, threads
        self.artifact = Path(context.scratch) / f"{model.stem}.{self.name}.pawl"
        if not self.artifact.exists():
            pawl_cli.compile_model(self.pawl, model, self.artifact, *self.head, *context.compile)
        self.least = self._bench(0.01)

    @staticmethod
    def version(context):
        return pawl_cli.call(context.pawl, "--version").strip()

    def round(self, seconds):
        result, cpu = self._bench(seconds)
        # Loading and warming up cost the same however long the run is: the difference to the
        # shortest run is the network's.
        cpu_ms = 1000 * (cpu - self.least[1]) / max(1, result["frames"] - self.least[0]["frames"])
        return {**result["ms"]["infer"], "cpu": cpu_ms, "frames": result["frames"]}

    def _bench(self, seconds):
        """What the program reports, and the processor seconds it took in all."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = pawl_cli.call(self.pawl, "bench", self.artifact, "--threads", self.threads,
                             "--seconds", seconds, "--json")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return json.loads(text), (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


class PawlHead(Pawl):
    """The same as Pawl runs it for detections: decoding inside the graph is left to the decoder,
    whose time is not in `infer`."""

    name = "pawl-head"
    head = ()


class OnnxRuntime:
    name = "onnxruntime"

    def __init__(self, model, threads, context):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        binding = session.io_binding()
        entry = session.get_inputs()[0]
        # A bound value borrows the array's memory, and the binding keeps neither alive.
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self.given = value(np.full(entry.shape, 0.5, np.float32))
        self.rooms = [value(np.zeros(o.shape, np.float32)) for o in session.get_outputs()]
        binding.bind_ortvalue_input(entry.name, self.given)
        for output, room in zip(session.get_outputs(), self.rooms):
            binding.bind_ortvalue_output(output.name, room)
        self.run = lambda: session.run_with_iobinding(binding)

    @staticmethod
    def version(context):
        import onnxruntime

        return onnxruntime.__version__

    def round(self, seconds):
        return timed_round(self.run, seconds)


class OpenVino:
    name = "openvino"

    def __init__(self, model, threads, context):
        import openvino

        compiled = openvino.Core().compile_model(str(model), "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        shape = list(compiled.inputs[0].shape)
        request.set_input_tensor(openvino.Tensor(np.full(shape, 0.5, np.float32)))
        self.run = request.infer

    @staticmethod
    def version(context):
        import openvino

        return openvino.__version__

    def round(self, seconds):
        return timed_round(self.run, seconds)


class Ncnn:
    """Needs the model converted beforehand: STEM.ncnn.param and .bin in the folder --ncnn."""

    name = "ncnn"

    def __init__(self, model, threads, context):
        import ncnn

        stem = Path(context.ncnn or "") / model.stem.replace(".", "_")
        param = stem.with_name(stem.name + ".ncnn.param")
        if not param.exists():
            raise RuntimeError(f"no {param.name} in the folder given with --ncnn")
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        if net.load_param(str(param)) != 0 or net.load_model(str(param.with_suffix(".bin"))) != 0:
            raise RuntimeError(f"ncnn cannot load {param.name}")
        shape = context.input_shape(model)[1:]
        self.values = np.full(shape, 0.5, np.float32)  # the Mat borrows its memory
        given = ncnn.Mat(self.values)
        outputs = net.output_names()

        def run():
            extractor = net.create_extractor()
            extractor.input(net.input_names()[0], given)
            for name in outputs:
                extractor.extract(name)

        self.run = run

    @staticmethod
    def version(context):
        import ncnn

        return ncnn.__version__

    def round(self, seconds):
        return timed_round(self.run, seconds)


ENGINES = {engine.name: engine for engine in (Pawl, PawlHead, OnnxRuntime, OpenVino, Ncnn)}
