#!/usr/bin/env python3
"""Proves what `pawl` does with CUDA targets where there is no GPU: compiles for them, says in one line
that the CPU's plan runs and gives its boxes, refuses what makes no sense; and, with the software GPU
in the place of the driver's library, runs the frame there. Standard library only."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--pawl", required=True)
ARGUMENTS.add_argument("--model", required=True)
ARGUMENTS.add_argument("--softgpu", required=True, help="the folder of its libcuda.so.1")
ARGUMENTS.add_argument("--device-code", required=True, help="ON: this build has it")
OPTIONS = None


class CudaCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = Path(cls.folder.name)
        made = cls.pawl("scene", "--out", cls.root / "scene", "--count", "1", "--seed", "5")
        assert made.returncode == 0, made.stderr
        cls.picture = next((cls.root / "scene").rglob("*.png"))
        for name, options in (("cuda", ["--target", "cuda-sm80", "--half"]), ("cpu", ["--target", "cpu-generic"]),
                              ("bare", ["--target", "cuda-sm80", "--no-cpu-fallback"])):
            made = cls.pawl("compile", OPTIONS.model, "-o", cls.root / f"{name}.pawl", "--input", "320x192",
                            "--json", *options)
            assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def pawl(*arguments, driver=None):
        # Of this machine's driver, if it has one, nothing is seen.
        environment = dict(os.environ, CUDA_VISIBLE_DEVICES="-1")
        environment["LD_LIBRARY_PATH"] = str(driver or "")
        return subprocess.run([OPTIONS.pawl, *map(str, arguments)], capture_output=True, text=True,
                              env=environment, timeout=250, check=False)

    def boxes(self, artifact, driver=None):
        ran = self.pawl("run", self.root / artifact, "--input", self.picture, "--json", self.root / "out.json",
                        driver=driver)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        line = json.loads((self.root / "out.json").read_text())
        return [(d["class"], d["score"], d["box"]) for d in line["detections"]], ran.stderr

    def test_without_a_driver_the_cpu_answers_and_says_so_once(self):
        wanted, silent = self.boxes("cpu.pawl")
        found, said = self.boxes("cuda.pawl")
        self.assertEqual(found, wanted)
        self.assertTrue(wanted)
        self.assertEqual(silent, "")
        self.assertEqual(len(said.strip().splitlines()), 1, said)
        self.assertIn("the artifact's plan for the CPU runs instead", said)

    def test_without_a_plan_for_the_cpu_it_is_an_error(self):
        ran = self.pawl("run", self.root / "bare.pawl", "--input", self.picture)
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(len(ran.stderr.strip().splitlines()), 1, ran.stderr)
        self.assertLess((self.root / "bare.pawl").stat().st_size, (self.root / "cuda.pawl").stat().st_size)

    def test_the_software_gpu_runs_the_frame(self):
        if OPTIONS.device_code != "ON":
            self.skipTest("no CUDA toolkit when this was built")
        wanted, _ = self.boxes("cpu.pawl")
        found, said = self.boxes("cuda.pawl", driver=OPTIONS.softgpu)
        self.assertEqual(said, "")
        self.assertEqual([f[0] for f in found], [w[0] for w in wanted])
        self.assertNotEqual(found, wanted, "float16 is not float32: this ran on the CPU")
        for (_, score, box), (_, wanted_score, wanted_box) in zip(found, wanted):
            self.assertAlmostEqual(score, wanted_score, delta=0.01)
            for a, b in zip(box, wanted_box):
                self.assertAlmostEqual(a, b, delta=2.0)

    def test_options_of_cuda_targets(self):
        for option in ("--half", "--no-cpu-fallback"):
            made = self.pawl("compile", OPTIONS.model, "-o", self.root / "x.pawl", option)
            self.assertEqual(made.returncode, 2)
            self.assertIn("needs a CUDA target", made.stderr)
            self.assertFalse((self.root / "x.pawl").exists())
        shown = self.pawl("inspect", self.root / "cuda.pawl", "--json")
        self.assertEqual(json.loads(shown.stdout)["target"], "cuda-sm80")
        self.assertIn("fallback", shown.stdout)
        unknown = self.pawl("compile", OPTIONS.model, "-o", self.root / "x.pawl", "--target", "cuda-sm12")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("cuda-sm87", unknown.stderr)


if __name__ == "__main__":
    OPTIONS, rest = ARGUMENTS.parse_known_args()
    if not Path(OPTIONS.model).exists():
        print("skipped: no demo model")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])
