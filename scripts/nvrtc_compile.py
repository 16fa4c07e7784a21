#!/usr/bin/env python3
"""Compiles CUDA files with the NVRTC of a folder of wheels, as C++17, for sm_80 and sm_87, and prints
a line for each. Usage: nvrtc_compile.py WHEELS ROOT FILE..."""

import ctypes
import sys
from pathlib import Path

ARCHITECTURES = ("compute_80", "compute_87")


class Nvrtc:
    def __init__(self, wheels):
        found = sorted(wheels.glob("nvidia/cuda_nvrtc/lib/libnvrtc.so.*"))
        # Its built-in functions are a library that it looks for by name.
        for builtins in wheels.glob("nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.*"):
            ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
        self.library = ctypes.CDLL(str(found[0]))
        self.options = [f"--include-path={wheels}/nvidia/cuda_runtime/include", "--std=c++17",
                        "-default-device"]

    def version(self):
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        return f"{major.value}.{minor.value}"

    def compile(self, source, name, options):
        """The compiler's log where it fails, else None."""
        program = ctypes.c_void_p()
        self.library.nvrtcCreateProgram(ctypes.byref(program), source, name, 0, None, None)
        texts = [option.encode() for option in self.options + options]
        result = self.library.nvrtcCompileProgram(program, len(texts), (ctypes.c_char_p * len(texts))(*texts))
        size = ctypes.c_size_t()
        self.library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        self.library.nvrtcGetProgramLog(program, log)
        self.library.nvrtcDestroyProgram(ctypes.byref(program))
        return log.value.decode() if result != 0 else None


def main():
    wheels, root, *files = (Path(argument) for argument in sys.argv[1:])
    nvrtc = Nvrtc(wheels)
    wrong = 0
    # NVRTC has no C library: the few names of it that device code includes.
    shims = wheels / "shims"
    shims.mkdir(exist_ok=True)
    for name, text in {
            "cstdint": "typedef signed char int8_t; typedef unsigned char uint8_t; typedef short int16_t;\n"
                       "typedef unsigned short uint16_t; typedef int int32_t; typedef unsigned int uint32_t;\n"
                       "typedef long long int64_t; typedef unsigned long long uint64_t;\n"
                       "typedef unsigned long uintptr_t;\n",
            "cstddef": "", "cstring": ""}.items():  # size_t, ptrdiff_t and memcpy are built in
        (shims / name).write_text("#pragma once\n" + text, encoding="utf-8")
    for file in files:
        for architecture in ARCHITECTURES:
            log = nvrtc.compile(file.read_bytes(), file.name.encode(), [
                f"--include-path={root}", f"--include-path={shims}", f"--gpu-architecture={architecture}"])
            print(f"NVRTC {nvrtc.version()}: {file.name} {architecture}: {'FAILED' if log else 'ok'}")
            if log:
                print(log)
                wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
