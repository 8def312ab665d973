#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tally.py LOG...: sums up logs of meson test (testlog*.json).

Prints each failed test, and each skipped one with the last line it printed
as the reason; last line: N passed, N failed, N skipped. Exits 1 when
something failed or nothing passed.
"""

import json
import pathlib
import sys

RESULTS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def results(log):
    """(outcome, name, last line of output) of each test of one log."""
    try:
        lines = pathlib.Path(log).read_text().splitlines()
    except OSError:
        yield "failed", "all", "no log: it was not built, or nothing ran"
        return
    for line in lines:
        test = json.loads(line)
        said = (test.get("stdout", "") + test.get("stderr", "")).split("\n")
        said = [text.strip() for text in said if text.strip()] or ["no reason"]
        outcome = RESULTS.get(test["result"], "failed")
        yield outcome, test["name"].removeprefix("daxsim:"), said[-1]


def configuration(log):
    return pathlib.Path(log).absolute().parent.parent.name


def main(logs):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for log in logs:
        for outcome, name, said in results(log):
            counts[outcome] += 1
            if outcome != "passed":
                print(f"{outcome}: {configuration(log)}: {name}: {said}")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
