#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""occasional.py DAXSIM DIRECTORY: where the kernel's warning W1 comes from, as
occasional-hits.md tells."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest


def daxsim(*args):
    return subprocess.run([DAXSIM, *map(str, args)], cwd=DIRECTORY,
                          capture_output=True, text=True)


def replay(race):
    """(warnings, properties that broke) of a run."""
    run = daxsim("replay", race, "--json")
    if not run.stdout:
        raise AssertionError(run.stderr)
    document = json.loads(run.stdout)
    return document["warnings"], {finding["property"]
                                  for finding in document["findings"]}


def warned(scenario, fs):
    """Runs with W1, and how many of them broke nothing."""
    run = daxsim("explore", scenario, "--fs", fs)
    if "COMPLETE" not in run.stdout:
        raise AssertionError(run.stderr)
    found = re.search(r"W1 in (\d+) runs, in (\d+) of them every property "
                      r"held", run.stdout)
    if not found and "W1" in run.stdout:
        raise AssertionError(run.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class Occasional(unittest.TestCase):
    def test_the_early_give_up_warns_and_breaks(self):
        warnings, broken = replay("early-give-up.race")
        self.assertEqual(warnings, ["W1"])
        self.assertIn("NO_FREE_BLOCK_PINNED", broken)

    def test_the_early_give_up_in_time_warns_and_breaks_nothing(self):
        self.assertEqual(replay("give-up-in-time.race"), (["W1"], set()))

    def test_a_speculative_reference_warns_and_breaks_nothing(self):
        text = (DIRECTORY / "speculative-reference.race").read_text()
        text = text.replace("scenario ", f"scenario {DIRECTORY}/")
        for fs in ("ext4-v2", "ext4-v3", "ext4-4.19", "xfs-4.19", "xfs-6.1"):
            with self.subTest(fs), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "changed.race")
                path.write_text(re.sub("(?m)^fs .*", f"fs {fs}", text))
                self.assertEqual(replay(path), (["W1"], set()))

    def test_the_fixed_kernel_warns_of_nothing(self):
        runs, harmless = warned("early-give-up.scn", "ext4-4.19")
        self.assertGreater(runs, 0)
        self.assertEqual(runs, harmless)

    def test_the_patches_warn_of_something_too(self):
        for scenario in ("early-give-up.scn", "early-give-up-ipi.scn"):
            for fs in ("ext4-v2", "ext4-v3"):
                with self.subTest(f"{scenario} {fs}"):
                    runs, harmless = warned(scenario, fs)
                    self.assertGreater(harmless, 0)
                    self.assertGreater(runs, harmless)

    def test_with_interrupts_only_the_give_up_warns(self):
        self.assertEqual(warned("early-give-up-ipi.scn", "ext4-4.19"), (0, 0))
        self.assertEqual(warned("flush-waits.scn", "ext4-4.19"), (0, 0))

    def test_slow_pins_raise_none_with_the_fix(self):
        cell = "prove/punch/direct-2"
        self.assertEqual(warned(f"{cell}/slow", "ext4-4.19"), (0, 0))
        self.assertGreater(warned(f"{cell}/fast", "ext4-4.19")[0], 0)

    def test_v2_has_two_holes_more(self):
        for cell in ("punch/unmapped", "insert/direct-1"):
            with self.subTest(cell):
                runs, harmless = warned(f"prove/{cell}/slow", "ext4-v2")
                self.assertGreater(runs, harmless)


if __name__ == "__main__":
    DAXSIM = pathlib.Path(sys.argv.pop(1)).resolve()
    DIRECTORY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
