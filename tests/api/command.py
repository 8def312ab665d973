#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""command.py DAXSIM: what every verb of the command keeps: --help on stdout,
one line on stderr and exit 2 for a wrong use, --json that is one document."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

USAGE = 2
HOST = 99
JSON = [
    ["devices", "--json"],
    ["list", "profiles", "--json"],
    ["explore", "prove/punch/direct-1/fast", "--fs", "ext4-4.19", "--json"],
    ["list", "rules", "--json"],
    ["list", "mutations", "--json"],
    ["list", "scenarios", "--json"],
    ["mutate", "--mutation", "no-pte-recheck", "--json"],
    ["prove", "--op", "punch", "--fs", "ext4-4.18", "--json"],
]


def daxsim(*args):
    return subprocess.run([DAXSIM, *args], capture_output=True, text=True)


class Command(unittest.TestCase):
    def verbs(self):
        verbs = re.findall(r"^  (\w+) ", daxsim("--help").stdout, re.M)
        self.assertIn("prove", verbs)
        return verbs

    def assert_misuse(self, *args):
        run = daxsim(*args)
        self.assertEqual(run.returncode, USAGE, args)
        self.assertEqual(run.stdout, "", args)
        self.assertRegex(run.stderr, r"\Adaxsim.*\n\Z", args)

    def test_help_of_every_verb_is_on_stdout(self):
        for args in [[], *([verb] for verb in self.verbs())]:
            run = daxsim(*args, "--help")
            self.assertEqual(run.returncode, 0, args)
            self.assertEqual(run.stderr, "", args)
            self.assertRegex(run.stdout, r"\Ausage: daxsim", args)
            for line in run.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_unknown_option_of_every_verb_is_one_line(self):
        for verb in self.verbs():
            self.assert_misuse(verb, "--no-such-option")

    def test_unknown_verb_is_one_line(self):
        self.assert_misuse("no-such-verb")

    def test_bad_values_are_one_line(self):
        self.assert_misuse("prove", "--op", "no-such-op")
        self.assert_misuse("prove", "--fs", "no-such-fs")
        self.assert_misuse("prove", "--budget", "many")
        self.assert_misuse("prove", "--size", "4Q")
        self.assert_misuse("prove", "--budget")
        self.assert_misuse("explore", "no-such-file", "--fs", "ext4-4.19")
        self.assert_misuse("explore", "prove/punch/direct-1/fast", "--fs",
                           "ext4-4.19", "--mutate", "no-such-mutation")
        self.assert_misuse("mutate", "--rule", "no-such-rule")
        self.assert_misuse("mutate", "--mutation", "no-such-mutation")
        self.assert_misuse("mutate", "--fs", "no-such-fs")
        self.assert_misuse("mutate", "no-such-argument")
        self.assert_misuse("prove", "--mutate", "no-such-mutation")
        self.assert_misuse("explore", "prove/punch/no-such-pin/fast", "--fs",
                           "ext4-4.19")
        self.assert_misuse("explore", "scenario/no-such", "--fs", "ext4-4.19")
        self.assert_misuse("replay", "no-such-token")
        self.assert_misuse("list", "no-such-list")
        self.assert_misuse("devices", "--sysroot", "/dev/null")
        self.assert_misuse("bench", "--output", "/dev/null/no-such")

    def test_numbers_out_of_range_are_one_line(self):
        cell = ["prove/punch/direct-1/fast", "--fs", "ext4-4.19"]
        for value in ["-1", "1001", str(2**64 - 1), str(2**64)]:
            self.assert_misuse("explore", *cell, "--strategy", "bound",
                               "--bound", value)

    def test_options_that_nothing_looks_at_are_refused(self):
        cell = ["prove/punch/direct-1/fast", "--fs", "ext4-4.18"]
        self.assert_misuse("explore", *cell, "--bound", "3")
        self.assert_misuse("explore", *cell, "--depth", "3")
        self.assert_misuse("explore", *cell, "--turns", "free", "--strategy",
                           "states")
        token = re.search(r"ds1:\S+", daxsim("explore", *cell).stdout).group()
        self.assert_misuse("replay", token, "--fs", "ext4-4.19")
        self.assert_misuse("replay", token, "--expect", "holds")
        self.assert_misuse("replay", token, "--export", "comment", "--expect",
                           "holds")

    def test_explain_knows_what_the_gallery_knows(self):
        def explain(fs):
            return daxsim("explore", "scenario/fsync-locks-entry", "--fs", fs,
                          "--first", "--explain").stdout
        self.assertIn("in the gallery of bugs: R9, ", explain("ext4-6.12"))
        self.assertNotIn("no commit", explain("ext4-6.12"))
        self.assertIn("no commit", explain("xfs-6.12"))

    def test_a_scenario_is_not_replayed(self):
        with tempfile.NamedTemporaryFile("w", suffix=".scn") as file:
            file.write("scenario one\n")
            file.flush()
            self.assert_misuse("replay", file.name)

    def test_output_that_does_not_arrive_is_no_success(self):
        for args in [["--help"], ["list", "rules"],
                     ["prove", "--op", "punch", "--fs", "ext4-4.19"],
                     ["prove", "--op", "punch", "--fs", "ext4-4.19", "--json"]]:
            with open("/dev/full", "w") as full:
                run = subprocess.run([DAXSIM, *args], stdout=full,
                                     stderr=subprocess.PIPE, text=True)
            self.assertEqual(run.returncode, HOST, args)
            self.assertRegex(run.stderr, r"\Adaxsim: .*\n\Z", args)

    def test_a_closed_stream_does_not_become_the_region(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "region")
            for stream in range(3):
                with open(path, "wb") as file:
                    file.truncate(8 << 20)
                run = subprocess.run(
                    [DAXSIM, "explore", "prove/punch/direct-1/fast", "--fs",
                     "ext4-4.18", "--device", path, "--device-destroys-data",
                     "--offset", "8192"],
                    capture_output=True,
                    preexec_fn=lambda stream=stream: os.close(stream))
                self.assertEqual(run.returncode, HOST if stream == 1 else 1)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(8192), bytes(8192), stream)

    def test_no_verb_shows_the_verbs(self):
        run = daxsim()
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("prove", run.stderr)

    def test_version(self):
        self.assertRegex(daxsim("--version").stdout, r"\Adaxsim \d+\.\d+\.\d+")

    def test_json_is_one_document(self):
        for args in JSON:
            run = daxsim(*args)
            document = json.loads(run.stdout)
            self.assertEqual(document["schema_version"], 1, args)
            self.assertEqual(document["verb"], args[0], args)
            self.assertEqual(run.stderr, "", args)


if __name__ == "__main__":
    DAXSIM = sys.argv.pop(1)
    unittest.main()
