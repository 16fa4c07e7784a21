#!/usr/bin/env python3
"""Proves that no command of `pawl` harms a user's file or device. Every output option of every command
is tried against inputs of the command, links, hard links, FIFOs, device nodes (of our own, in a folder
of our own), a full disk, two writers at once and signals; every command against a standard output that
is full or closed, FIFOs where it reads, and numbers that are none. Standard library only."""

import argparse
import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib
from pathlib import Path

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--pawl", required=True)
ARGUMENTS.add_argument("--model", required=True, help="an ONNX model with detections")
ARGUMENTS.add_argument("--artifact", required=True, help="a small artifact")
OPTIONS = None
ROOT = os.geteuid() == 0
SMALL = ("--width", "160", "--height", "90")
ENDLESS = "synthetic://?width=160&height=90"


def png(shade):
    """A grey PNG with a darker square."""
    rows = b"".join(b"\0" + bytes((shade // 2 if 20 < x < 40 and y > 20 else shade)
                                  for x in range(64) for _ in range(3)) for y in range(48))

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def end(process):
    """What a failed test left running."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


class Output:
    """An output option: the words of a command that makes `path` write there."""

    def __init__(self, name, words, tail=None):
        self.name, self.words, self.tail = name, words, tail

    def file(self, at):
        """In the folder `at`, the file that is written."""
        return at / "out" / self.tail if self.tail else at / "out"

    def command(self, at):
        return [word.replace("{}", str(at / "out")) for word in self.words]


# With the folder of the files that setUp makes as working directory. {} is the output, a file or, where
# there is a last part, a folder with a file of that name.
COMPILE_INT8 = ("compile", "model.onnx", "--int8", "--calib", "photos")
OUTPUTS = (
    Output("compile -o", ("compile", "model.onnx", "-o", "{}")),
    Output("compile --report", (*COMPILE_INT8, "-o", "small.pawl", "--report", "{}")),
    Output("run --json", ("run", "model.pawl", "--input", "photos", "--json", "{}")),
    Output("run --annotate", ("run", "model.pawl", "--input", "photos", "--annotate", "{}"), "a.png"),
    Output("run --annotate, of frames",
           ("run", "model.pawl", "--input", ENDLESS, "--frames", "1", "--annotate", "{}"),
           "frame_000000.jpg"),
    Output("run --raw", ("run", "model.pawl", "--input", "photos", "--raw", "{}"),
           "a.png.input.npy"),
    Output("scene --out, picture", ("scene", "--count", "1", *SMALL, "--out", "{}"),
           "images/000000.png"),
    Output("scene --out, labels", ("scene", "--count", "1", *SMALL, "--out", "{}"),
           "labels/000000.txt"),
    Output("scene --out, names", ("scene", "--count", "1", *SMALL, "--out", "{}"), "classes.txt"),
)


def scenes(output):
    return output.words[0] == "scene"


class OutputTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.at = Path(self.folder.name)
        shutil.copy(OPTIONS.model, self.at / "model.onnx")
        shutil.copy(OPTIONS.artifact, self.at / "model.pawl")
        (self.at / "photos").mkdir()
        (self.at / "labels").mkdir()
        for name, shade in (("a", 90), ("b", 120)):
            (self.at / "photos" / f"{name}.png").write_bytes(png(shade))
            (self.at / "labels" / f"{name}.txt").write_text("0 0.5 0.6 0.3 0.5\n")
        (self.at / "names.txt").write_text("one\ntwo\n")

    def tearDown(self):
        self.folder.cleanup()

    def start(self, *words, **options):
        process = subprocess.Popen([OPTIONS.pawl, *map(str, words)], cwd=self.at, text=True,
                                   **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})
        self.addCleanup(end, process)
        return process

    def pawl(self, *words, status=0, **options):
        process = self.start(*words, **options)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"{words} waits for ever")
        self.assertEqual(process.returncode, status, f"{words}\n{out}\n{err}")
        process.out, process.err = out, err
        return process

    def refused(self, *words, says="", status=1, **options):
        """Fails with one line on stderr that holds `says`."""
        done = self.pawl(*words, status=status, **options)
        self.assertEqual(len(done.err.splitlines()), 1, done.err)
        self.assertTrue(done.err.startswith("pawl"), done.err)
        self.assertIn(says, done.err)

    def tree(self):
        """Every name below the folder: its kind, its inode and what is in it."""
        found = {}
        for path in sorted(self.at.rglob("*")):
            info = path.lstat()
            content = (os.readlink(path) if path.is_symlink() else
                       hashlib.sha256(path.read_bytes()).hexdigest()
                       if stat.S_ISREG(info.st_mode) else "")
            found[str(path.relative_to(self.at))] = (stat.S_IFMT(info.st_mode), info.st_ino, content)
        return found

    def place(self, output):
        """The file that `output` writes, not there yet, in a folder that is."""
        file = output.file(self.at)
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def clear(self):
        for name in ("out", "small.pawl"):
            path = self.at / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.exists() or path.is_symlink():
                path.unlink()

    def no_leftovers(self):
        left = [p for p in self.at.rglob("*") if p.name.startswith(".pawl") or p.suffix == ".tmp"]
        self.assertEqual(left, [])

    def each(self, outputs=OUTPUTS):
        for output in outputs:
            with self.subTest(output.name):
                yield output, self.place(output)
                self.no_leftovers()
            self.clear()

    # An output that is an input

    INPUTS = {"compile": ("model.onnx", "photos/a.png", "photos/b.png"),
              "run": ("model.pawl", "photos/a.png", "photos/b.png"),
              "scene": ("photos/a.png",)}

    def test_an_output_is_never_an_input(self):
        for output, file in self.each():
            words = output.command(self.at)
            synthetic = ENDLESS in words
            for name in self.INPUTS[words[0]]:
                if (synthetic or output.name == "compile -o") and name.startswith("photos"):
                    continue  # not an input of this one
                for link in (os.symlink, os.link):
                    link(self.at / name, file)
                    before = self.tree()
                    self.refused(*words)
                    self.assertEqual(self.tree(), before, (words, name, link))
                    file.unlink()

    def test_an_output_is_never_an_input_by_any_spelling(self):
        os.symlink("photos", self.at / "other name")
        os.symlink("model.onnx", self.at / "model link")
        os.link(self.at / "model.onnx", self.at / "hard.pawl")
        shutil.copytree(self.at / "labels", self.at / "truth")
        (self.at / "truth" / "classes.txt").write_text("one\n")
        int8 = (*COMPILE_INT8, "-o")
        truth = ("--val", "photos", "--val-labels", "truth")
        run = ("run", "model.pawl", "--input")
        before = self.tree()
        for words in (
                ("compile", "model.onnx", "-o", "model.onnx"),
                ("compile", "model.onnx", "-o", "./photos/../model.onnx"),
                ("compile", "model.onnx", "-o", self.at / "model.onnx"),
                ("compile", "model link", "-o", "model.onnx"),
                ("compile", "model.onnx", "-o", "model link"),
                ("compile", "model.onnx", "-o", "hard.pawl"),
                ("compile", "model.onnx", "-o", "names.txt", "--labels", "names.txt"),
                (*int8, "photos/a.png"), (*int8, "other name/b.png"),
                (*int8, "truth/a.txt", *truth), (*int8, "truth/classes.txt", *truth),
                (*int8, "new.pawl", "--report", "model.onnx"),
                (*int8, "new.pawl", "--report", "photos/a.png"),
                (*int8, "new.pawl", "--report", "truth/b.txt", *truth),
                (*run, "photos", "--annotate", "photos"), (*run, "photos", "--annotate", "other name"),
                (*run, "photos/a.png", "--annotate", "other name"),
                (*run, "other name/a.png", "--annotate", "labels/../photos"),
                (*run, "photos", "--json", "photos/b.png"), (*run, "photos/a.png", "--json",
                                                             "other name/a.png"),
                (*run, "photos", "--json", "model.pawl"), (*run, ENDLESS, "--json", "model.pawl")):
            self.refused(*words, says="overwrite")
            self.assertEqual(self.tree(), before, words)
        # What lies beside the inputs may be written, also twice.
        for _ in range(2):
            self.pawl(*run, "photos", "--json", "photos/lines.json")
            self.pawl(*run, "photos/a.png", "--annotate", "marked")

    def test_two_outputs_are_two_files(self):
        os.symlink("new", self.at / "link")
        (self.at / "photos/c.bmp").write_bytes(b"BM")
        (self.at / "photos/c.bmp.jpg").write_bytes(b"")
        int8 = (*COMPILE_INT8, "-o")
        before = self.tree()
        for words in ((*int8, "new", "--report", "new"), (*int8, "new", "--report", "./new"),
                      (*int8, "link", "--report", "new"),
                      ("run", "model.pawl", "--input", "photos", "--annotate", "marked"),
                      ("run", "model.pawl", "--input", "photos/a.png", "--annotate", ".", "--json",
                       "a.png")):
            self.refused(*words)
            self.assertEqual(self.tree(), before, words)
        with open(self.at / "log", "w", encoding="utf-8") as log:
            self.refused("run", "model.pawl", "--input", "photos/a.png", "--json", "log", stdout=log,
                         says="standard output")
        for words in (("inspect", "model.pawl"), ("inspect", "model.onnx"),
                      ("bench", "model.pawl", "--seconds", "0.1"),
                      ("eval", "model.pawl", "--images", "photos", "--labels", "labels"),
                      ("diff", "model.pawl", "model.onnx", "--input", "photos/a.png")):
            with open(self.at / words[1], "a", encoding="utf-8") as log:
                self.refused(*words, stdout=log, says="standard output")
        (self.at / "log").unlink()
        self.assertEqual(self.tree(), before)

    # What is in the place of an output

    def test_a_link_stays_and_its_target_is_written(self):
        for output, file in self.each():
            for there in (False, True):
                target = self.at / "target"
                if there and scenes(output):
                    continue  # never overwrites
                if there:
                    target.write_text("old")
                os.symlink(target, file)
                self.pawl(*output.command(self.at))
                self.assertTrue(file.is_symlink(), output.name)
                self.assertGreater(target.stat().st_size, 3)
                target.unlink()
                self.clear()
                self.place(output)

    def test_mode_and_other_names_are_kept(self):
        for output, file in self.each(o for o in OUTPUTS if not scenes(o)):
            file.write_text("old")
            os.link(file, self.at / "backup")
            file.chmod(0o640)
            self.pawl(*output.command(self.at))
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o640)
            self.assertEqual((self.at / "backup").read_text(), "old")
            self.assertNotEqual(file.read_bytes(), b"old")
            (self.at / "backup").unlink()

    def test_a_fifo_is_written_into(self):
        for output, file in self.each():
            os.mkfifo(file)
            if scenes(output):
                self.refused(*output.command(self.at))
                self.assertTrue(stat.S_ISFIFO(file.lstat().st_mode))
                continue
            got = []
            reader = threading.Thread(target=lambda: got.append(file.read_bytes()))
            reader.start()
            self.pawl(*output.command(self.at))
            reader.join(timeout=20)
            self.assertFalse(reader.is_alive())
            self.assertGreater(len(got[0]), 100)
            self.assertTrue(stat.S_ISFIFO(file.lstat().st_mode))

    def test_a_device_stays_a_device(self):
        try:
            os.mknod(self.at / "probe", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            (self.at / "probe").write_bytes(b"x")
        except OSError as why:
            self.skipTest(f"cannot make device nodes here: {why}")
        for minor, full in ((3, False), (7, True)):
            for output, file in self.each():
                os.mknod(file, stat.S_IFCHR | 0o666, os.makedev(1, minor))
                if full or scenes(output):
                    self.refused(*output.command(self.at),
                                 says="" if scenes(output) else "No space left")
                else:
                    self.pawl(*output.command(self.at))
                self.assertTrue(stat.S_ISCHR(file.lstat().st_mode))
        for output, file in self.each():
            os.mknod(file, stat.S_IFBLK | 0o666, os.makedev(7, 250))
            self.refused(*output.command(self.at))
            self.assertTrue(stat.S_ISBLK(file.lstat().st_mode))

    def test_a_full_device_is_an_error(self):
        self.refused("run", "model.pawl", "--input", "photos", "--json", "/dev/full",
                     says="No space left")
        self.refused("compile", "model.onnx", "-o", "/dev/full", says="No space left")
        self.pawl("run", "model.pawl", "--input", "photos", "--json", "/dev/null")

    def test_users_own_names_are_safe(self):
        for output, file in self.each():
            own = [file.with_name(file.name + end) for end in (".part", ".tmp", "~")]
            own.append(file.with_name("." + file.name + ".swp"))
            for path in own:
                path.write_text("mine")
            self.pawl(*output.command(self.at))
            for path in own:
                self.assertEqual(path.read_text(), "mine")
                path.unlink()

    def test_scene_never_changes_a_file(self):
        words = ("scene", *SMALL, "--out", "line")
        self.pawl(*words, "--count", "2")
        before = self.tree()
        self.pawl(*words, "--count", "2")  # the same again
        self.assertEqual(self.tree(), before)
        for other in (("--seed", "2"), ("--drift", "0.9"), ("--count", "3", "--seed", "7")):
            self.refused(*words, "--count", "2", *other[-2:], says="exists")
            self.assertEqual(self.tree(), before)
        (self.at / "line/images/000001.png").unlink()  # ended early: goes on
        self.assertIn("3 images", self.pawl(*words, "--count", "3").out)
        after = self.tree()
        for name in before:
            self.assertEqual(after[name][2], before[name][2])

    # A full disk

    def full_disk(self, output, file, **options):
        if not scenes(output):
            file.write_text("old")
        self.refused(*output.command(self.at), **options)
        if not scenes(output):
            self.assertEqual(file.read_text(), "old")

    def test_a_file_that_may_not_grow(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))

        for output, file in self.each(o for o in OUTPUTS if o.name != "scene --out, labels"):
            self.full_disk(output, file, preexec_fn=limit)

    def test_a_full_disk(self):
        disk = self.at / "disk"
        disk.mkdir()
        mounted = ROOT and shutil.which("mount") and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)],
            capture_output=True).returncode == 0
        if not mounted:
            self.skipTest("cannot mount a small disk here (root may)")
        try:
            for output in OUTPUTS:
                with self.subTest(output.name):
                    file = output.file(disk)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    if not scenes(output):
                        file.write_text("old")
                    with contextlib.suppress(OSError), open(disk / "fill", "wb", 0) as fill:
                        while True:
                            fill.write(b"x" * 4096)
                    words = output.command(disk)
                    self.refused(*words, says="No space left")
                    if not scenes(output):
                        self.assertEqual(file.read_text(), "old")
                    self.no_leftovers()
                    for path in disk.iterdir():
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
        finally:
            subprocess.run(["umount", str(disk)], check=True)

    # Two writers

    def test_two_writers_at_once(self):
        for output, file in self.each():
            words = output.command(self.at)
            self.pawl(*words)
            alone = file.read_bytes()
            file.unlink()
            writers = [self.start(*words) for _ in range(2)]
            for writer in writers:
                _, err = writer.communicate(timeout=60)
                self.assertEqual(writer.returncode, 0, err)
            if output.name != "run --json":  # which holds times
                self.assertEqual(file.read_bytes(), alone)
            else:
                lines = file.read_text().splitlines()
                self.assertEqual(len([json.loads(line) for line in lines]), 2)

    # Signals

    def test_a_signal_ends_work_with_its_results(self):
        for i in range(300):
            shutil.copy(self.at / "photos/a.png", self.at / f"photos/c{i:03}.png")
            shutil.copy(self.at / "labels/a.txt", self.at / f"labels/c{i:03}.txt")
        os.mkfifo(self.at / "pace")
        commands = {
            "run": ("run", "model.pawl", "--input", ENDLESS, "--json", "lines.json"),
            "eval": ("eval", "model.pawl", "--images", "photos", "--labels", "labels", "--json"),
            "bench": ("bench", "model.pawl", "--seconds", "60", "--json"),
            "bench paced": ("bench", "model.pawl", "--seconds", "60", "--paced", "0.02", "--json"),
            "bench layers": ("bench", "model.pawl", "--seconds", "60", "--layers", "--json"),
            "scene": ("scene", "--out", "line", "--count", "100000", *SMALL),
        }
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            for name, words in commands.items():
                with self.subTest(f"{name}, {number.name}"):
                    done, out = self.stopped(name, words, number)
                    self.assertEqual(done.returncode, 0, done.err)
                    if name == "run":
                        lines = (self.at / "lines.json").read_text().splitlines()
                        self.assertIn(f"{len(lines)} frames", out)
                        self.assertEqual(json.loads(lines[-1])["frame"], len(lines) - 1)
                    elif name == "scene":
                        made = len(list((self.at / "line/images").iterdir()))
                        self.assertIn(f"{made} images", out)
                        self.assertEqual(made, len(list((self.at / "line/labels").iterdir())))
                        shutil.rmtree(self.at / "line")
                    elif name == "eval":
                        seen = json.loads(out)["images"]
                        self.assertTrue(seen == 302 or f"after {seen} of 302" in done.err, done.err)
                    else:
                        self.assertGreater(json.loads(out)["frames"], 0)
                    self.no_leftovers()

    def stopped(self, name, words, number):
        """The command, sent a signal when it has been at work for a while."""
        process = self.start(*words)
        if name == "scene":
            while not (self.at / "line/images/000001.png").exists():
                time.sleep(0.01)
        else:
            self.await_handler(process, 0.1 if name == "eval" else 0.4)
        process.send_signal(number)
        out, process.err = process.communicate(timeout=60)
        return process, out

    def await_handler(self, process, seconds):
        """Until the process handles SIGTERM, and has had `seconds` more."""
        while True:
            status = Path(f"/proc/{process.pid}/status").read_text()
            caught = int(status.split("SigCgt:")[1].split()[0], 16)
            if caught >> (signal.SIGTERM - 1) & 1:
                break
            time.sleep(0.005)
        time.sleep(seconds)

    def test_a_second_signal_ends_at_once_and_leaves_nothing(self):
        os.mkfifo(self.at / "stuck")
        reader = os.open(self.at / "stuck", os.O_RDONLY | os.O_NONBLOCK)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = self.start("run", "model.pawl", "--input", ENDLESS, "--json", "stuck",
                                 "--annotate", "marked", "--conf", "0.01")
            self.await_handler(process, 0.8)  # until the pipe is full
            process.send_signal(number)
            time.sleep(0.2)
            self.assertIsNone(process.poll())
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, -number)
            self.no_leftovers()
        os.close(reader)

    def test_a_compiler_that_is_ended_leaves_nothing(self):
        (self.at / "out.pawl").write_text("old")
        ended = 0
        for tenth in range(15):
            process = self.start("compile", "model.onnx", "-o", "out.pawl")
            self.await_handler(process, 0.03 * tenth)
            process.send_signal((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[tenth % 3])
            process.communicate(timeout=60)
            ended += process.returncode < 0
            self.assertIn(process.returncode, (0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP))
            self.no_leftovers()
            if process.returncode < 0 and (self.at / "out.pawl").read_bytes() != b"old":
                self.pawl("inspect", "out.pawl", "--verify")  # whole, then
        self.assertGreater(ended, 0)

    # Standard streams

    PRINTING = (("--help",), ("--version",), ("run", "--help"), ("inspect", "model.pawl"),
                ("inspect", "model.onnx", "--json"), ("inspect", "model.pawl", "--steps"),
                ("run", "model.pawl", "--input", "photos"),
                ("run", "model.pawl", "--input", "photos", "--json", "-"),
                ("run", "model.pawl", "--input", "photos", "--json", "lines.json"),
                ("eval", "model.pawl", "--images", "photos", "--labels", "labels"),
                ("eval", "model.pawl", "--images", "photos", "--labels", "labels", "--json"),
                ("bench", "model.pawl", "--seconds", "0.05"),
                ("bench", "model.pawl", "--seconds", "0.05", "--json", "--layers"),
                ("compile", "model.onnx", "-o", "new.pawl"),
                ("compile", "model.onnx", "-o", "new.pawl", "--json"),
                ("scene", "--out", "line", "--count", "1", *SMALL))

    def test_what_cannot_be_printed_is_an_error(self):
        for words in self.PRINTING:
            with self.subTest(words), open("/dev/full", "w", encoding="utf-8") as full:
                self.refused_printing(words, stdout=full)
                self.refused_printing(words, preexec_fn=lambda: os.close(1), stdout=None)

    def refused_printing(self, words, **options):
        done = self.pawl(*words, status=1, **options)
        self.assertEqual(len([line for line in done.err.splitlines()
                              if "cannot write standard output" in line]), 1, done.err)

    def test_a_closed_stream_is_not_the_next_file(self):
        expected = self.pawl("compile", "model.onnx", "-o", "out.pawl") and (
            self.at / "out.pawl").read_bytes()
        for closed in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)):
            def close(streams=closed):
                for stream in streams:
                    os.close(stream)

            process = self.start("compile", "model.onnx", "-o", "out.pawl", preexec_fn=close,
                                 stdout=None if 1 in closed else subprocess.DEVNULL,
                                 stderr=None if 2 in closed else subprocess.DEVNULL)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 1 if 1 in closed else 0, closed)
            self.assertEqual((self.at / "out.pawl").read_bytes(), expected)

    def test_a_reader_that_leaves_ends_the_run_quietly(self):
        process = self.start("run", "model.pawl", "--input", ENDLESS, "--json", "-", "--annotate",
                             "marked")
        json.loads(process.stdout.readline())
        process.stdout.close()
        self.assertEqual(process.wait(timeout=20), -signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), "")
        process.stderr.close()
        self.no_leftovers()

    # Inputs

    def test_nothing_waits_for_a_fifo(self):
        os.mkfifo(self.at / "pipe")
        os.mkfifo(self.at / "pipe.png")
        self.pawl("compile", "model.onnx", "-o", "own.pawl")
        for words in (("run", "model.pawl", "--input", "pipe"),
                      ("run", "model.pawl", "--input", "pipe.png"),
                      ("run", "pipe", "--input", "photos"),
                      ("run", "pipe", "--input", "photos", "--copy"),
                      ("compile", "pipe", "-o", "new"),
                      ("compile", "model.onnx", "-o", "new", "--labels", "pipe"),
                      ("eval", "model.pawl", "--images", "photos", "--labels", "pipe"),
                      ("inspect", "pipe"), ("diff", "model.pawl", "pipe", "--input", "photos/a.png"),
                      ("diff", "pipe", "model.onnx", "--input", "photos/a.png"),
                      ("diff", "own.pawl", "model.onnx", "--input", "pipe"),
                      ("bench", "model.pawl", "--input", "pipe"), ("bench", "pipe")):
            self.refused(*words, says="FIFO")
        for words in (("compile", "model.onnx", "-o", "new", "--int8", "--calib", "pipe"),
                      (*COMPILE_INT8, "-o", "new", "--val", "pipe", "--val-labels", "labels"),
                      ("eval", "model.pawl", "--images", "pipe", "--labels", "labels"),
                      ("run", "model.pawl", "--input", "photos", "--annotate", "pipe"),
                      ("run", "model.pawl", "--input", "photos", "--raw", "pipe"),
                      ("run", "model.pawl", "--input", "v4l2://pipe"),
                      ("scene", "--out", "pipe")):
            self.refused(*words, says="pipe")

    def test_a_copy_gives_the_same(self):
        for words in (("run", "model.pawl", "--input", "photos", "--raw", "one"),
                      ("run", "model.pawl", "--input", "photos", "--raw", "two", "--copy")):
            self.pawl(*words)
        self.assertEqual((self.at / "one/a.png.input.npy").read_bytes(),
                         (self.at / "two/a.png.input.npy").read_bytes())
        self.pawl("bench", "model.pawl", "--seconds", "0.05", "--copy")

    # Usage

    def test_numbers_that_are_none(self):
        run = ("run", "model.pawl", "--input", "photos")
        scene = ("scene", "--out", "line", *SMALL)
        int8 = (*COMPILE_INT8, "-o", "new")
        bad = ("nan", "-nan", "inf", "-inf", "-1", "1e400", "", "1 2", "0x1p1", "one")
        for words, options in (
                (("bench", "model.pawl"), ("--seconds", "--paced", "--threads")),
                (run, ("--conf", "--iou", "--max-det", "--frames", "--annotate-every", "--threads")),
                (("eval", "model.pawl", "--images", "photos", "--labels", "labels"),
                 ("--conf", "--iou", "--max-det", "--threads")),
                (scene, ("--drift", "--noise", "--seed", "--count", "--width", "--height")),
                (int8, ("--max-drop", "--min-sqnr"))):
            for option in options:
                for value in bad:
                    self.refused(*words, option, value, status=2, says=option)
        for value in ("18446744073709551616", "1.5", "1e3"):
            self.refused(*scene, "--seed", value, status=2, says="--seed")
        self.assertFalse((self.at / "line").exists())
        self.pawl(*scene, "--count", "1", "--seed", "18446744073709551615")
        # Decimal, also with a zero in front.
        self.pawl("scene", "--out", "eight", *SMALL, "--count", "01", "--seed", "010")
        self.pawl("scene", "--out", "ten", *SMALL, "--count", "1", "--seed", "10")
        self.assertEqual((self.at / "eight/images/000000.png").read_bytes(),
                         (self.at / "ten/images/000000.png").read_bytes())
        for key in ("seed", "width", "height", "fps", "speed", "drift", "noise", "blur", "defects",
                    "count"):
            for value in ("nan", "inf", "-inf", "-1", "1e400", ""):
                self.refused("run", "model.pawl", "--frames", "1", "--input",
                             f"synthetic://?{key}={value}", says=key)
        for key in ("scale", "mean", "std", "pad"):
            for value in ("nan", "inf", "1/0", ""):
                self.refused("compile", "model.onnx", "-o", "new", "--pre", f"{key}={value}",
                             status=2, says=key)

    def test_an_empty_name_is_refused(self):
        before = self.tree()
        for words in (("scene", "--out", "", "--count", "1"), ("compile", "model.onnx", "-o", ""),
                      ("compile", "", "-o", "new"), ("compile", "model.onnx", "-o", "new", "--labels",
                                                     ""),
                      ("compile", "model.onnx", "-o", "new", "--int8", "--calib", ""),
                      (*COMPILE_INT8, "-o", "new", "--report", ""), ("inspect", ""),
                      ("run", "model.pawl", "--input", ""),
                      ("run", "model.pawl", "--input", "photos", "--json", ""),
                      ("run", "model.pawl", "--input", "photos", "--annotate", ""),
                      ("run", "model.pawl", "--input", "photos", "--raw", ""),
                      ("eval", "model.pawl", "--images", "", "--labels", "labels"),
                      ("eval", "model.pawl", "--images", "photos", "--labels", ""),
                      ("bench", "model.pawl", "--input", "")):
            self.refused(*words, status=2)
        self.assertEqual(self.tree(), before)


if __name__ == "__main__":
    OPTIONS, rest = ARGUMENTS.parse_known_args()
    OPTIONS.pawl = str(Path(OPTIONS.pawl).resolve())  # which runs in folders of the tests
    if not Path(OPTIONS.model).exists():
        print(f"skipped: no model {OPTIONS.model}", file=sys.stderr)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])
