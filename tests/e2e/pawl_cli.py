#!/usr/bin/env python3
"""Proves what `pawl` promises at the command line: exit status 0, 1 or 2, one line on stderr, no
partial output, JSON of the documented shape, and the same answer twice. Needs a model: the demo, or
else one of the shared test models. Standard library only."""

import argparse
import hashlib
import json
import os
import platform
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path
from xml.etree import ElementTree

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--pawl", required=True)
ARGUMENTS.add_argument("--models", required=True)
ARGUMENTS.add_argument("--shared", required=True)
OPTIONS = None
MODEL = None


def find_model():
    for path in (Path(OPTIONS.models) / "demo/demo.onnx",
                 Path(OPTIONS.shared) / "models/yolox_nano_coco.onnx"):
        if path.exists():
            return path
    return None


def png(width, height, shade=90, channels=3, square=True):
    """A grey PNG of one shade with a darker square, so that it is a picture of something."""
    rows = b"".join(
        b"\0" + bytes((shade // 2 if square and width // 3 < x < width // 2 and y > height // 2
                       else shade) for x in range(width) for _ in range(channels))
        for y in range(height))

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class PawlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.compiled = Path(cls.keep.name) / "model.pawl"
        done = subprocess.run([OPTIONS.pawl, "compile", str(MODEL), "-o", str(cls.compiled)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.at = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def pawl(self, *words, status=0):
        done = subprocess.run([OPTIONS.pawl, *map(str, words)], capture_output=True, text=True,
                              timeout=240)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def fails(self, *words, status=1, says=""):
        """Fails with one line on stderr that starts with the command and holds `says`."""
        done = self.pawl(*words, status=status)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("pawl"), lines[0])
        self.assertIn(says, lines[0])
        return done

    def image(self, name="a.png", width=320, height=200):
        path = self.at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(width, height))
        return path

    # Usage

    def test_help_and_version_everywhere(self):
        self.assertIn("pawl ", self.pawl("--version").stdout)
        self.assertIn("compile", self.pawl("--help").stdout)
        for command in ("compile", "inspect", "run", "eval", "diff", "bench", "scene"):
            self.assertIn("Example", self.pawl(command, "--help").stdout)

    def test_wrong_usage_is_status_2(self):
        model = self.compiled
        for words in ([], ["fly"], ["run"], ["run", model], ["--nonsense"],
                      ["run", model, "--input", "x.png", "--nonsense"],
                      ["run", model, "--input", "x.png", "--conf", "2"],
                      ["run", model, "--input", "x.png", "--threads", "-1"],
                      ["run", model, "--input", "x.png", "--frames", "0"],
                      ["compile", MODEL, "-o", self.at / "x.pawl", "--input", "640"],
                      ["compile", MODEL, "-o", self.at / "x.pawl", "--input", "0x640"],
                      ["compile", MODEL, "-o", self.at / "x.pawl", "--head", "unheard-of"],
                      ["compile", MODEL, "-o", self.at / "x.pawl", "--pre", "colour"],
                      ["compile", MODEL, "-o", self.at / "x.pawl", "--pre", "pad=999"],
                      ["bench", model, "--seconds", "soon"],
                      ["scene", "--out", self.at / "s", "--count", "0"],
                      ["scene", "--out", self.at / "s", "--format", "gif"]):
            self.fails(*words, status=2)
        self.assertEqual(list(self.at.iterdir()), [])

    def test_wrong_words_are_named(self):
        for words, says in (
                ([], "no command given; there are compile, inspect, run, eval, diff, bench and "
                     "scene"),
                (["fly"], "unknown command fly; there are compile, inspect"),
                (["runn", "x.pawl"], "unknown command runn; did you mean run? (see pawl --help)"),
                (["--verison"], "unknown option --verison; did you mean --version?"),
                (["run", "--inptu", "x.png"],
                 "pawl run: unknown option --inptu; did you mean --input? (see pawl run --help)"),
                (["bench", "x.pawl", "--nonsense"], "unknown option --nonsense (see"),
                (["compile", MODEL, "-o", self.at / "x", "--calib", "a"], "--calib needs --int8 (see"),
                (["compile", MODEL, "-o", self.at / "x", "--layers"], "--layers needs --int8 (see")):
            self.fails(*words, status=2, says=says)

    def test_an_instruction_set_that_is_none(self):
        words = [OPTIONS.pawl, "inspect", str(self.compiled)]
        for name, status, says in (
                ("foo", 2, "PAWL_ISA=foo is no instruction set; there are scalar, avx2, avx512, "
                           "avx512vnni, avxvnni, neon, neondot, neoni8mm"),
                ("AVX2", 2, "PAWL_ISA=AVX2"), ("scalar", 0, None), ("", 0, None)):
            done = subprocess.run(words, capture_output=True, text=True,
                                  env={**os.environ, "PAWL_ISA": name})
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 0 if says is None else 1, done.stderr)
            self.assertIn(says or "", done.stderr)
        foreign = "avx2" if platform.machine() == "aarch64" else "neon"
        done = subprocess.run(words, capture_output=True, text=True,
                              env={**os.environ, "PAWL_ISA": foreign})
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"warning: this CPU has no {foreign}, so PAWL_ISA is ignored", done.stderr)

    def test_one_thing_is_not_several(self):
        image = self.image()
        once = self.pawl("run", self.compiled, "--input", image, "--threads", "1").stdout
        self.assertIn("1 frame in ", once)
        self.assertIn(", 1 thread\n", once)
        self.image("more/a.png")
        self.image("more/b.png")
        words = ("run", self.compiled, "--input", self.at / "more", "--threads", "2")
        twice = self.pawl(*words).stdout
        self.assertIn("2 frames in ", twice)
        self.assertIn(", 2 threads\n", twice)

    # compile and inspect

    def test_compile_takes_no_artifact(self):
        for name in ("a.pawl", "renamed.onnx"):
            path = self.at / name
            path.write_bytes(self.compiled.read_bytes())
            out = self.at / "out.pawl"
            self.fails("compile", path, "-o", out, says=f"{name}: compiled already;")
            self.assertFalse(out.exists())

    def test_an_artifact_for_another_processor_names_both(self):
        there, need, here = (("cpu-x86-64-v3", "avx2", "neon") if platform.machine() == "aarch64"
                             else ("cpu-arm64", "neon", ""))
        foreign = self.at / "foreign.pawl"
        self.pawl("compile", MODEL, "-o", foreign, "--target", there)
        done = self.fails("run", foreign, "--input", self.image(),
                          says=f"compiled for {there}, which needs {need}; this CPU has {here}")
        self.assertIn("--target native", done.stderr)

    def test_compile_is_deterministic_and_inspect_verifies(self):
        again = self.at / "again.pawl"
        report = json.loads(self.pawl("compile", MODEL, "-o", again, "--json").stdout)
        self.assertEqual(again.read_bytes(), self.compiled.read_bytes())
        seen = json.loads(self.pawl("inspect", again, "--verify", "--json").stdout)
        self.assertEqual(seen["sha256"], report["sha256"])
        self.assertEqual(seen["provenance"]["model.name"], MODEL.name)
        self.assertEqual(seen["steps"], report["steps"])
        self.assertIn("conv", self.pawl("inspect", again, "--steps").stdout)
        onnx = json.loads(self.pawl("inspect", MODEL, "--json").stdout)
        self.assertEqual(onnx["kind"], "onnx")
        self.assertGreater(onnx["operators"]["Conv"], 10)

    def test_compile_leaves_nothing_behind_when_it_fails(self):
        whole = MODEL.read_bytes()
        out = self.at / "out.pawl"
        for count in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            broken = self.at / "broken.onnx"
            broken.write_bytes(whole[:count])
            self.fails("compile", broken, "-o", out, says="broken.onnx")
            broken.unlink()
            self.assertEqual(list(self.at.iterdir()), [])
        self.fails("compile", self.at / "none.onnx", "-o", out, says="none.onnx")
        self.fails("compile", MODEL, "-o", self.at / "no/such/out.pawl", says="out.pawl")
        self.fails("compile", MODEL, "-o", out, "--labels", self.at / "none.txt", says="none.txt")
        self.fails("compile", MODEL, "-o", out, "--target", "cpu-z80", says="cpu-z80")
        (self.at / "labels.txt").write_text("one\n")
        if json.loads(self.pawl("inspect", self.compiled, "--json").stdout)["classes"] != 1:
            self.fails("compile", MODEL, "-o", out, "--labels", self.at / "labels.txt")
        self.assertFalse(out.exists())
        # An older good file stays what it was.
        out.write_bytes(b"older")
        self.fails("compile", self.at / "none.onnx", "-o", out)
        self.assertEqual(out.read_bytes(), b"older")

    def test_int8_refuses_what_it_cannot_calibrate_on(self):
        out = self.at / "out.pawl"
        photos = self.at / "photos"
        words = ("compile", MODEL, "-o", out, "--int8", "--calib", photos)
        self.fails(*words[:-2], status=2, says="--calib")
        self.fails("compile", MODEL, "-o", out, "--scales", "from-model", status=2, says="--int8")
        self.fails(*words, "--scales", "guessed", status=2, says="guessed")
        self.fails(*words, says="photos")  # no such folder
        photos.mkdir()
        (photos / "notes.txt").write_text("no picture\n")
        done = self.fails(*words, says="no images in it")
        self.assertNotIn("searched", done.stderr)
        self.image("photos/train/a.png")
        self.fails(*words, says="no images in it (JPEG, PNG, BMP, WebP, TIFF, GIF); the folders in "
                                "it are not searched")
        self.fails("run", self.compiled, "--input", photos, says="are not searched")
        (photos / "a.png").write_bytes(png(64, 48)[:100])
        self.fails(*words, says="a.png")
        for shade in (0, 90):
            (photos / "a.png").write_bytes(png(64, 48, shade, square=False))
            self.fails(*words, says="every calibration image is of one colour")
        # Half good is said, and so is that there are few; the model declares no scales.
        self.image("photos/b.png")
        done = self.pawl(*words)
        self.assertIn("1 of the 2 calibration images are of one colour", done.stderr)
        self.assertIn("only 2 calibration images", done.stderr)
        out.unlink()
        self.fails(*words, "--scales", "from-model", says="declares no scales")
        self.assertFalse(out.exists())

    def test_int8_takes_images_of_any_shape(self):
        out = self.at / "out.pawl"
        for name, width, height in (("a.png", 1, 1), ("b.png", 900, 20), ("c.png", 20, 900)):
            self.image("photos/" + name, width, height)
        (self.at / "photos/grey.png").write_bytes(png(64, 48, channels=1))
        (self.at / "photos/clear.png").write_bytes(png(64, 48, channels=4))
        self.pawl("compile", MODEL, "-o", out, "--int8", "--calib", self.at / "photos")
        self.pawl("run", out, "--input", self.image(), "--json", "-")

    def test_damaged_artifacts_are_refused(self):
        whole = self.compiled.read_bytes()
        image = self.image()
        damaged = self.at / "damaged.pawl"
        for count in (0, 7, 63, 200, len(whole) // 2, len(whole) - 1):
            damaged.write_bytes(whole[:count])
            self.fails("run", damaged, "--input", image, says="damaged.pawl")
            self.fails("inspect", damaged, says="damaged.pawl")
        for where in (0, 9, 20, 70, len(whole) // 2, len(whole) - 100):
            flipped = bytearray(whole)
            flipped[where] ^= 0x20
            damaged.write_bytes(flipped)
            self.fails("inspect", damaged, "--verify", says="damaged.pawl")
        self.fails("run", self.at / "none.pawl", "--input", image, says="none.pawl")
        self.fails("run", MODEL, "--input", image)

    # compile --int8

    def scene(self):
        """Eight labelled pictures of the synthetic line: their folder and that of the labels."""
        self.pawl("scene", "--out", self.at / "scene", "--count", "8", "--seed", "3", "--width",
                  "320", "--height", "180")
        (self.at / "scene/classes.txt").unlink()  # else unknown names, with a COCO model
        return self.at / "scene/images", self.at / "scene/labels"

    def test_int8_options_that_contradict_each_other(self):
        out = self.at / "x.pawl"
        int8 = ("compile", MODEL, "-o", out, "--int8", "--calib", "a")
        for words, says in (
                (("compile", MODEL, "-o", out, "--int8"), "--calib"),
                (("compile", MODEL, "-o", out, "--calib", "a"), "--int8"),
                (("compile", MODEL, "-o", out, "--report", "a.html"), "--int8"),
                ((*int8, "--max-drop", "0.5"), "--min-sqnr"),
                ((*int8, "--max-drop", "-1"), "--max-drop"),
                ((*int8, "--min-sqnr", "20", "--calib-labels", "b"), "--max-drop"),
                ((*int8, "--val-labels", "b"), "--val"),
                ((*int8, "--val", "b", "--calib-labels", "b"), "--val-labels"),
                ((*int8, "--max-drop", "1", "--min-sqnr", "20", "--calib-labels", "b"), "give one")):
            self.fails(*words, status=2, says=says)
        self.fails(*int8[:-1], self.at / "none", says="none")
        self.assertEqual(list(self.at.iterdir()), [])

    def test_int8_search_and_report(self):
        images, labels = self.scene()
        out, page = self.at / "small.pawl", self.at / "small.html"
        words = ("compile", MODEL, "-o", out, "--int8", "--calib", images, "--calib-labels", labels,
                 "--max-drop", "90", "--report", page, "--json")
        done = self.pawl(*words)
        self.assertIn("only 8 calibration images", done.stderr)
        self.assertIn("the calibration images themselves", done.stderr)
        report = json.loads(done.stdout)["quantization"]
        self.assertGreaterEqual(report["accuracy"]["int8"], report["accuracy"]["float"] - 90)
        self.assertEqual(report["search"]["kept"], 0)
        text = page.read_text(encoding="utf-8")
        rows = self.rows_of(text)
        for layer in report["layers"]:
            self.assertIn(layer["name"], rows)
            self.assertIn("INT8" if layer["int8"] else "float", rows[layer["name"]])
        for outside in ("http:", "https:", "src=", "href=", "url(", "@import", "<script"):
            self.assertNotIn(outside, text)
        told = json.loads(self.pawl("inspect", out, "--json").stdout)["provenance"]
        whole = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(images.iterdir())))
        self.assertEqual(told["calibration.sha256"], whole.hexdigest())
        self.assertEqual(told["calibration.images"], "8")
        self.assertEqual(told["accuracy.int8"], f"{report['accuracy']['int8']:.2f}")
        self.assertIn(told["accuracy.int8"], text)
        first = out.read_bytes()
        self.pawl(*words)
        self.assertEqual(out.read_bytes(), first)

    def rows_of(self, text):
        """The rows of the report's layer table by layer, read as XML: the page is well-formed."""
        body = ElementTree.fromstring(text.split("<!DOCTYPE html>", 1)[1])
        table = next(e for e in body.iter("table") if e.get("class") == "layers")
        rows = {}
        for row in table.iter("tr"):
            cells = row.findall("td")
            if cells:
                self.assertEqual(len(list(row.iter("svg"))), 1)
                rows[cells[0].text] = "".join(cells[1].itertext())
        return rows

    def test_int8_bound_out_of_reach(self):
        images, _ = self.scene()
        out, page = self.at / "small.pawl", self.at / "small.html"
        self.fails("compile", MODEL, "-o", out, "--int8", "--calib", images, "--min-sqnr", "200",
                   "--report", page, says="short")
        self.assertFalse(out.exists())
        self.assertFalse(page.exists())

    # run

    def test_bad_images(self):
        empty = self.at / "empty.png"
        empty.write_bytes(b"")
        text = self.at / "text.jpg"
        text.write_text("this is no picture\n")
        half = self.at / "half.png"
        half.write_bytes(png(320, 200)[:300])
        for path in (empty, text, half, self.at / "none.png", self.at / "none"):
            self.fails("run", self.compiled, "--input", path, says=path.name)
        (self.at / "no images").mkdir()
        self.fails("run", self.compiled, "--input", self.at / "no images", says="no images")
        self.fails("run", self.compiled, "--input", "synthetic://?seed=x", says="seed")
        self.fails("run", self.compiled, "--input", "ftp://host/x", says="ftp")

    def test_a_bad_image_does_not_keep_the_others_from_inspection(self):
        folder = self.at / "photos"
        self.image("photos/a.png")
        self.image("photos/c.png")
        (folder / "b.png").write_bytes(b"")
        lines = self.at / "lines.json"
        done = self.pawl("run", self.compiled, "--input", folder, "--json", lines, status=1)
        self.assertIn("b.png", done.stderr)
        self.assertIn("1 of 3", done.stderr)
        found = [json.loads(line) for line in lines.read_text().splitlines()]
        self.assertEqual([Path(one["source"]).name for one in found], ["a.png", "c.png"])

    def test_json_lines(self):
        image = self.image()
        done = self.pawl("run", self.compiled, "--input", image, "--json", "-", "--conf", "0.001",
                         "--max-det", "5")
        found = json.loads(done.stdout)
        self.assertEqual(set(found), {"source", "frame", "width", "height", "detections", "ms"})
        self.assertEqual((found["width"], found["height"]), (320, 200))
        self.assertEqual(set(found["ms"]), {"pre", "infer", "post", "total"})
        self.assertLessEqual(len(found["detections"]), 5)
        for one in found["detections"]:
            self.assertEqual(set(one), {"class_id", "class", "score", "box"})
            x1, y1, x2, y2 = one["box"]
            self.assertTrue(0 <= x1 <= x2 <= 320 and 0 <= y1 <= y2 <= 200, one)
        scores = [one["score"] for one in found["detections"]]
        self.assertEqual(scores, sorted(scores, reverse=True))

    def test_unwritable_outputs(self):
        image = self.image()
        blocker = self.at / "file"
        blocker.write_text("in the way")
        self.fails("run", self.compiled, "--input", image, "--annotate", blocker / "sub")
        self.fails("run", self.compiled, "--input", image, "--json", self.at / "no/lines.json",
                   says="lines.json")
        self.fails("scene", "--out", blocker, "--count", "1")
        self.assertEqual(sorted(p.name for p in self.at.iterdir()), ["a.png", "file"])

    def test_run_leaves_no_partial_lines(self):
        half = self.at / "half.png"
        half.write_bytes(png(320, 200)[:300])
        self.fails("run", self.compiled, "--input", half, "--json", self.at / "lines.json")
        self.assertEqual([p.name for p in self.at.iterdir()], ["half.png"])

    def test_annotated_and_raw_files(self):
        self.image("photos/a.png")
        self.image("photos/b.png", 64, 48)
        self.pawl("run", self.compiled, "--input", self.at / "photos", "--annotate",
                  self.at / "marked", "--raw", self.at / "raw")
        self.assertEqual(sorted(p.name for p in (self.at / "marked").iterdir()),
                         ["a.png", "b.png"])
        raw = (self.at / "raw/a.png.input.npy").read_bytes()
        self.assertEqual(raw[:6], b"\x93NUMPY")

    def test_bitmap_through_the_plugin_equals_the_png(self):
        self.image("a.png", 128, 96)
        stored = zlib.decompress(self.idat("a.png"))
        rows = [stored[at + 1:at + 385] for at in range(0, len(stored), 385)]
        body = b"".join(reversed(rows))
        (self.at / "a.bmp").write_bytes(
            b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) +
            struct.pack("<IiiHHIIiiII", 40, 128, 96, 1, 24, 0, len(body), 0, 0, 0, 0) + body)
        found = [json.loads(self.pawl("run", self.compiled, "--input", self.at / name, "--json",
                                      "-", "--conf", "0.01").stdout) for name in ("a.png", "a.bmp")]
        self.assertEqual(found[0]["detections"], found[1]["detections"])
        (self.at / "b.bmp").write_bytes((self.at / "a.bmp").read_bytes()[:60])
        self.fails("run", self.compiled, "--input", self.at / "b.bmp", says="b.bmp")

    def idat(self, name):
        data = (self.at / name).read_bytes()
        start = data.index(b"IDAT")
        return data[start + 4:start + 4 + struct.unpack(">I", data[start - 4:start])[0]]

    # Pictures that are stored on their side

    TURNED = {1: lambda r: r,                                    # rows of pixels, as shown
              2: lambda r: [row[::-1] for row in r],
              3: lambda r: [row[::-1] for row in r[::-1]],
              4: lambda r: r[::-1],
              5: lambda r: [list(row) for row in zip(*r)],
              6: lambda r: [list(row) for row in zip(*r[::-1])],
              7: lambda r: [list(row) for row in zip(*[row[::-1] for row in r[::-1]])],
              8: lambda r: [list(row) for row in zip(*[row[::-1] for row in r])]}

    @staticmethod
    def exif(orientation):
        return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)

    @staticmethod
    def spotted(width, height):
        """Shades that are the same in no two corners."""
        return [[(3 * x + 5 * y + 60 * (x > width // 2 > y)) % 256 for x in range(width)]
                for y in range(height)]

    def write_grey(self, path, rows, orientation=None):
        path.parent.mkdir(parents=True, exist_ok=True)

        def chunk(kind, data):
            body = kind + data
            return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

        header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                         (chunk(b"eXIf", self.exif(orientation)) if orientation else b"") +
                         chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(r) for r in rows))) +
                         chunk(b"IEND", b""))
        return path

    def pairs(self):
        """The same pictures twice: folder `stored` with an orientation, `shown` upright."""
        for orientation, turn in self.TURNED.items():
            rows = self.spotted(60 + 3 * orientation, 44)
            name = f"{orientation}.png"
            self.write_grey(self.at / "stored" / name, rows, orientation)
            self.write_grey(self.at / "shown" / name, turn(rows))
        return self.at / "stored", self.at / "shown"

    def lines(self, model, source):
        done = self.pawl("run", model, "--input", source, "--json", "-", "--conf", "0.01")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return [(Path(f["source"]).name, f["width"], f["height"], f["detections"]) for f in found]

    def test_every_command_sees_pictures_upright(self):
        stored, shown = self.pairs()
        found = self.lines(self.compiled, stored)
        self.assertEqual(len(found), 8)
        self.assertEqual(found[5][1:3], (44, 78))
        self.assertEqual(found, self.lines(self.compiled, shown))
        # Labels are of the upright picture: what was found in it is all there, with nothing more.
        labels = self.at / "labels"
        labels.mkdir()
        for name, width, height, boxes in found:
            (labels / name.replace(".png", ".txt")).write_text("".join(
                f"{b['class_id']} {(x1 + x2) / 2 / width} {(y1 + y2) / 2 / height} "
                f"{(x2 - x1) / width} {(y2 - y1) / height}\n"
                for b in boxes for x1, y1, x2, y2 in [b["box"]]) or "0 0.5 0.5 0.9 0.9\n")
        reports = [json.loads(self.pawl("eval", self.compiled, "--images", folder, "--labels",
                                        labels, "--json").stdout) for folder in (stored, shown)]
        for report in reports:
            del report["ms"]
        self.assertEqual(reports[0], reports[1])
        differences = [self.pawl("diff", self.compiled, MODEL, "--input", folder / "6.png",
                                 "--json").stdout for folder in (stored, shown)]
        self.assertEqual(differences[0].replace("stored", "shown"), differences[1])
        models = []
        for folder in (stored, shown):
            models.append(self.at / (folder.name + ".pawl"))
            done = self.pawl("compile", MODEL, "-o", models[-1], "--int8", "--calib", folder,
                             "--val", folder, "--val-labels", labels, "--max-drop", "99", "--json")
            accuracy = json.loads(done.stdout)["quantization"]["accuracy"]
            models.append((accuracy["float"], accuracy["int8"]))
        self.assertEqual(models[1], models[3])
        self.assertEqual(self.lines(models[0], shown), self.lines(models[2], shown))

    def test_jpeg_on_its_side_or_without_its_end(self):
        self.pawl("scene", "--out", self.at / "scene", "--count", "1", "--seed", "3", "--width",
                  "320", "--height", "180", "--format", "jpg")
        plain = next((self.at / "scene/images").iterdir()).read_bytes()
        at = self.at / "a.jpg"
        at.write_bytes(plain)
        whole = self.lines(self.compiled, at)
        at.write_bytes(plain[:-2])
        self.assertEqual(self.lines(self.compiled, at), whole)
        at.write_bytes(plain[:-200])
        self.fails("run", self.compiled, "--input", at, says="a.jpg")
        for orientation in range(1, 9):
            body = b"Exif\0\0" + self.exif(orientation)
            at.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body +
                           plain[2:])
            size = (320, 180) if orientation < 5 else (180, 320)
            self.assertEqual(self.lines(self.compiled, at)[0][1:3], size)

    def test_folder_says_which_pictures_it_does_not_read(self):
        self.image("photos/a.PNG")
        (self.at / "photos/b").write_bytes(png(64, 48))
        (self.at / "photos/._a.PNG").write_bytes(b"another system's")
        (self.at / "photos/c.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        for words in (("run", self.compiled, "--input", self.at / "photos", "--json", "-"),
                      ("compile", MODEL, "-o", self.at / "x.pawl", "--int8", "--calib",
                       self.at / "photos")):
            done = self.pawl(*words)
            said = [line for line in done.stderr.splitlines() if "HEIC" in line]
            self.assertEqual(len(said), 1, done.stderr)
            self.assertIn("1 picture is not read: c.heic", said[0])
        self.assertEqual([line[0] for line in self.lines(self.compiled, self.at / "photos")],
                         ["a.PNG", "b"])

    def test_video(self):
        text = self.at / "clip.mp4"
        text.write_text("this is no video\n")
        for source, says in (
                (text, "clip.mp4: neither a picture nor a video that FFmpeg reads"),
                ("v4l2:///dev/video99", "the camera does not open: No such file or directory"),
                ("v4l2:///dev/null", "the camera does not open: not one of V4L2"),
                ("rtsp://127.0.0.1:9/none", "rtsp://127.0.0.1:9/none: the stream does not open"),
                ("ftp://127.0.0.1/none", "unknown scheme; known are v4l2, rtsp")):
            self.fails("run", self.compiled, "--input", source, says=says)
        self.fails("run", self.compiled, "--input", "gst:none ! appsink", says="appsink: th")
        video = Path(OPTIONS.shared) / "video/bottle-detection.mp4"
        if not video.exists():
            self.skipTest("no shared test video here")
        lines = self.pawl("run", self.compiled, "--input", video, "--frames", "3", "--json", "-")
        found = [json.loads(line) for line in lines.stdout.splitlines()]
        self.assertEqual([one["frame"] for one in found], [0, 1, 2])
        self.assertEqual((found[0]["width"], found[0]["height"]), (640, 360))

    def test_head_none_gives_outputs_and_no_detections(self):
        bare = self.at / "bare.pawl"
        image = self.image()
        self.pawl("compile", MODEL, "-o", bare, "--head", "none")
        self.fails("run", bare, "--input", image, says="--raw")
        self.pawl("run", bare, "--input", image, "--raw", self.at / "raw")
        self.assertGreaterEqual(len(list((self.at / "raw").iterdir())), 2)

    # scene, eval, bench, diff

    def test_scene_repeats_itself_and_eval_reads_it(self):
        for name in ("one", "two"):
            self.pawl("scene", "--out", self.at / name, "--count", "3", "--seed", "5", "--width",
                      "320", "--height", "180")
        for path in sorted((self.at / "one").rglob("*.*")):
            twin = self.at / "two" / path.relative_to(self.at / "one")
            self.assertEqual(path.read_bytes(), twin.read_bytes(), path)
        self.assertEqual(len(list((self.at / "one/images").iterdir())), 3)
        (self.at / "one/classes.txt").unlink()  # else unknown names, with a COCO model
        report = json.loads(self.pawl("eval", self.compiled, "--images", self.at / "one/images",
                                      "--labels", self.at / "one/labels", "--json").stdout)
        self.assertEqual(report["images"], 3)
        self.assertTrue(0.0 <= report["map50_95"] <= report["map50"] <= 1.0)

    def test_eval_refuses_labels_that_do_not_fit(self):
        self.image("photos/a.png")
        labels = self.at / "labels"
        labels.mkdir()
        words = ("eval", self.compiled, "--images", self.at / "photos", "--labels", labels)
        self.fails(*words, says="no label files")
        (labels / "b.txt").write_text("0 0.5 0.5 0.1 0.1\n")
        self.fails(*words, says="no image")
        (labels / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n60000 0.5 0.5 0.1 0.1\n")
        self.fails(*words, says="60000")
        (labels / "a.txt").write_text("0 0.5 0.5 0.1\n")
        self.fails(*words, says="line 1")
        for path in labels.iterdir():
            path.unlink()
        (labels / "a.xml").write_text(
            "<annotation><object><name>unicorn</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
            "<xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>")
        self.fails(*words)
        self.fails("eval", self.compiled, "--images", self.at / "none", "--labels", labels)

    def test_eval_says_what_it_leaves_out_and_doubts(self):
        self.image("photos/a.png")
        name = json.loads(self.pawl("inspect", self.compiled, "--json").stdout)["labels"][0]
        labels = {"images": [{"id": "7", "file_name": "val\\a.PNG", "width": 200, "height": 320}],
                  "categories": [{"id": 3.0, "name": name}],
                  "annotations": [{"image_id": 7, "category_id": "3", "bbox": [9, 9, 50, 50],
                                   "iscrowd": False, "area": float("nan")},
                                  {"image_id": 8, "category_id": 3, "bbox": [1, 1, 5, 5]}]}
        path = self.at / "labels.json"
        path.write_text(json.dumps(labels), encoding="utf-8-sig")
        words = ("eval", self.compiled, "--images", self.at / "photos", "--labels", path, "--json")
        done = self.pawl(*words)
        report = json.loads(done.stdout)
        self.assertEqual((report["boxes"], report["images_without_labels"]), (1, 0))
        said = done.stderr.splitlines()
        self.assertEqual(len(said), 2, said)
        self.assertIn("left out 1 annotation of images", said[0])
        self.assertIn("a.png: 200x320 in the labels, 320x200 upright", said[1])
        labels["annotations"][0]["bbox"][2] = float("nan")
        path.write_text(json.dumps(labels))
        self.fails(*words, says="annotations[0]")

    def test_bench_json(self):
        report = json.loads(self.pawl("bench", self.compiled, "--seconds", "0.2", "--threads", "1",
                                      "--json", "--layers").stdout)
        self.assertEqual(report["threads"], 1)
        self.assertGreater(report["frames"], 0)
        for stage in ("pre", "infer", "post", "total"):
            times = report["ms"][stage]
            self.assertTrue(times["p50"] <= times["p90"] <= times["p99"] <= times["max"], times)
        self.assertEqual(len(report["layers"]),
                         json.loads(self.pawl("inspect", self.compiled, "--json").stdout)["steps"])

    def test_bench_paced_and_pinned(self):
        words = ("bench", self.compiled, "--seconds", "0.5", "--json", "--pin")
        report = json.loads(self.pawl(*words, "--paced", "20").stdout)
        # Never ahead of the camera; on a busy machine behind it.
        self.assertTrue(1 <= report["frames"] <= 11, report["frames"])

    def test_diff_is_close_to_the_reference(self):
        words = ("diff", self.compiled, MODEL, "--input", self.image())
        report = json.loads(self.pawl(*words, "--json").stdout)
        self.assertGreater(report["compared"], 10)
        self.assertIsNone(report["first_below_60_db"])
        self.fails("diff", self.compiled, self.at / "none.onnx", "--input", self.image())

    def test_diff_refuses_what_it_cannot_compare(self):
        other = self.at / "other.onnx"
        other.write_bytes(MODEL.read_bytes() + b"\x22\x00")  # an empty domain: another file
        self.fails("diff", self.compiled, other, "--input", self.image(),
                   says=f"other.onnx: not the file that {self.compiled} was compiled from, which "
                        f"was {MODEL.name}, SHA-256")
        small = self.at / "small.pawl"
        self.pawl("compile", MODEL, "-o", small, "--input", "320x320")
        done = self.fails("diff", small, MODEL, "--input", self.image(),
                          says="is laid out for 320x320; to compare, compile the model without "
                               "--input")
        self.assertIn("and no other", done.stderr)


if __name__ == "__main__":
    OPTIONS, rest = ARGUMENTS.parse_known_args()
    MODEL = find_model()
    if MODEL is None:
        print("skipped: no model (models/demo/demo.onnx) to run", file=sys.stderr)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])
