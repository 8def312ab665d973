#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""interrupt.py DAXSIM: who looks sees how far it is; who interrupts gets what
is known so far, whole and with its exit code."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import unittest

INTERRUPTED = 130
SKIPPED = 77
# They would take minutes: tasks on threads are slow, plain searches are long.
PROVE = ["prove", "--turns", "baton"]
EXPLORE = ["explore", "prove/punch/direct-2/fast", "--fs", "ext4-4.18",
           "--strategy", "plain"]


def interrupt(*args, wanted=r"."):
    """Runs it with a terminal for stderr, until that shows @wanted; then
    SIGINT. Return: exit code, stdout, what the terminal showed."""
    terminal, stderr = pty.openpty()
    run = subprocess.Popen([DAXSIM, *args], stdout=subprocess.PIPE,
                           stderr=stderr, text=True)
    os.close(stderr)
    shown = ""
    while not re.search(wanted, shown):
        shown += os.read(terminal, 4096).decode()
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate()
    os.close(terminal)
    return run.returncode, out, shown


class Interrupt(unittest.TestCase):
    def test_explore_tells_what_it_knows(self):
        code, out, _ = interrupt(*EXPLORE, "--json")
        document = json.loads(out)
        self.assertEqual(code, INTERRUPTED)
        self.assertTrue(document["interrupted"])
        self.assertGreater(document["interleavings"], 0)
        code, out, _ = interrupt(*EXPLORE)
        self.assertEqual(code, INTERRUPTED)
        self.assertRegex(out, r"interleavings in [0-9.]+ s")

    def test_prove_tells_the_cells_it_knows(self):
        for jobs in ["1", "3"]:
            code, out, _ = interrupt(*PROVE, "--jobs", jobs, "--json",
                                     wanted="[1-9][0-9]* of 120 cells")
            document = json.loads(out)
            self.assertEqual(code, INTERRUPTED)
            self.assertTrue(document["interrupted"])
            # On a busy machine the signal may come with the last cell.
            self.assertIn(len(document["cells"]), range(1, 121))
            for cell in document["cells"]:
                self.assertEqual(cell["search"], "COMPLETE")
                self.assertTrue(cell["as_expected"])

    def test_prove_prints_the_table_it_knows(self):
        code, out, _ = interrupt(*PROVE, "--jobs", "2")
        self.assertEqual(code, INTERRUPTED)
        self.assertRegex(out, r"\ntruncate-down  ")
        self.assertRegex(out, r"interrupted: \d+ of 120 cells were searched\n")

    def test_a_shard_says_that_it_is_not_whole(self):
        code, out, _ = interrupt(*PROVE, "--shard", "1/2", "--json")
        self.assertEqual(code, INTERRUPTED)
        shard = json.loads(out)["shard"]
        self.assertEqual(shard["exit"], INTERRUPTED)
        self.assertEqual(len(shard["items"]), len(json.loads(out)["cells"]))

    def test_progress_counts_and_estimates_only_what_it_can(self):
        _, _, shown = interrupt(*PROVE, wanted="s left")
        self.assertRegex(shown, r"prove: \d+ of 120 cells, \d+ runs, \d+/s, "
                                r"about \d+ s left")
        _, _, shown = interrupt(*EXPLORE, wanted=r"runs, [1-9]\d*/s\x1b")
        self.assertNotIn("left", shown)
        self.assertNotIn(" of ", shown)

    def test_no_progress_where_nobody_looks(self):
        run = subprocess.run([DAXSIM, *EXPLORE, "--budget", "20000"],
                             capture_output=True)
        self.assertEqual(run.stderr, b"")


if __name__ == "__main__":
    DAXSIM = sys.argv.pop(1)
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as error:
        print(f"skipped: no terminals here ({error})")
        sys.exit(SKIPPED)
    unittest.main()
