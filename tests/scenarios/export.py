#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""export.py DAXSIM DIRECTORY COMPILER...: tests written by replay --export,
compiled, linked with the library and run. Their verdict is the command's."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BROKE, USAGE = 1, 2
# A red profile and one that mends it; None: none does yet.
RED = [
    ("early-give-up.scn", "ext4-v3", "ext4-4.19"),
    ("insert.scn", "ext4-v3", "xfs-4.19"),
    ("signal.scn", "ext4-4.18", "ext4-4.19"),
    ("fsync-locks-entry.scn", "ext4-4.18", "xfs-4.19"),
    ("fault-past-eof.scn", "ext4-4.18", "ext4-6.1"),
    ("pin-behind-collapse.scn", "ext4-4.18", None),
    ("evict.scn", "xfs-6.1", None),
    ("copy-under-read-pin.scn", "xfs-6.12", None),
    ("open-truncate.scn", "ext4-4.18", "ext4-4.19"),
    ("poison.scn", "ext4-4.18", "ext4-4.19"),
    ("fork-and-punch.scn", "ext4-4.18", "ext4-4.19"),
    ("fork-beside-pin.scn", "ext4-4.19", "ext4-6.12"),
    ("fork-parts-pin.scn", "ext4-4.19", "ext4-6.12"),
    ("dontneed.scn", "ext4-4.18", "ext4-4.19"),
    ("layout-truncate.scn", "ext4-4.19", "xfs-4.19"),
    ("layout-commit.scn", "ext4-4.19", None),
    ("prove/zero/direct-2/slow", "ext4-v2", None),
    ("prove/truncate-down/unmapped/fast", "xfs-4.19", None),
]


def daxsim(*args):
    return subprocess.run([DAXSIM, *map(str, args)], cwd=DIRECTORY,
                          capture_output=True, text=True)


class Export(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)

    def finding(self, scenario, fs):
        found = json.loads(daxsim("explore", scenario, "--fs", fs,
                                  "--json").stdout)["findings"][0]
        return found["replay"], found["property"]

    def export(self, code, *args):
        run = daxsim("replay", *args, "--export", "cmocka")
        self.assertEqual((run.returncode, run.stderr), (code, ""), run)
        return run.stdout

    def passes(self, text):
        """Whether the test in @text passes."""
        source, program = self.dir / "test.c", self.dir / "test"
        source.write_text(text)
        build = subprocess.run([*COMPILER[:1], "-Wall", "-Wextra", "-Werror",
                                source, "-o", program, *COMPILER[1:]],
                               capture_output=True, text=True)
        self.assertEqual(build.returncode, 0, build.stderr)
        run = subprocess.run([program], capture_output=True, text=True)
        self.assertIn(run.returncode, (0, 1), run)
        return run.returncode == 0

    def test_a_red_run_breaks_and_the_mended_kernel_holds(self):
        for scenario, red, mended in RED:
            with self.subTest(scenario=scenario):
                token, name = self.finding(scenario, red)
                args = [token, "--property", name]
                self.assertTrue(self.passes(self.export(BROKE, *args)))
                if mended:
                    self.assertTrue(self.passes(self.export(
                        BROKE, *args, "--fs", mended, "--expect", "holds")))

    def test_what_is_not_so_fails(self):
        token, name = self.finding("early-give-up.scn", "ext4-v3")
        args = [token, "--property", name]
        self.assertFalse(self.passes(
            self.export(BROKE, *args, "--expect", "holds")))
        self.assertFalse(self.passes(self.export(
            BROKE, *args, "--fs", "ext4-4.19", "--expect", "breaks")))
        self.assertFalse(self.passes(self.export(
            BROKE, *args, "--fs", "ext4-4.18", "--expect", "holds")))

    def test_a_safe_run_holds(self):
        token, _ = self.finding("early-give-up.scn", "ext4-v3")
        safe = json.loads(daxsim("replay", token, "--property", "WAITED",
                                 "--json").stdout)["inevitable"]["safe"]
        self.assertTrue(self.passes(
            self.export(0, safe, "--property", "WAITED")))
        run = daxsim("replay", safe, "--export", "cmocka")
        self.assertEqual(run.returncode, USAGE)
        self.assertRegex(run.stderr, r"\Adaxsim replay: --export: nothing "
                         r"broke; [^\n]*\n\Z")

    def test_what_cannot_be_said_is_one_line(self):
        token, _ = self.finding("bystander.scn", "ext4-4.18")
        run = daxsim("replay", token, "--export", "cmocka")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertRegex(run.stderr, r"\Adaxsim replay: --export: bystander: "
                         r"'watch waits' has no counterpart[^\n]*\n\Z")

    def test_a_comment_fits_kernel_sources(self):
        for scenario, red, _ in RED:
            token, name = self.finding(scenario, red)
            run = daxsim("replay", token, "--export", "comment",
                         "--property", name)
            self.assertEqual(run.returncode, BROKE)
            lines = run.stdout.splitlines()
            self.assertEqual((lines[0], lines[-1]), ("/*", " */"))
            self.assertIn(f"breaks {name}:", run.stdout.replace("\n * ", " "))
            for line in lines[1:-1]:
                self.assertRegex(line, r"\A \*( .*\S)?\Z")
                self.assertLessEqual(len(line), 72, line)
            source = self.dir / "comment.c"
            source.write_text(run.stdout + "int x;\n")
            subprocess.run([*COMPILER[:1], "-fsyntax-only", "-Wall",
                            "-Werror", source], check=True)


if __name__ == "__main__":
    DAXSIM = pathlib.Path(sys.argv.pop(1)).resolve()
    DIRECTORY = pathlib.Path(sys.argv.pop(1)).resolve()
    COMPILER = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
