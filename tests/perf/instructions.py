#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""instructions.py PROGRAM RECORD [--write]: counts the instructions of the
hottest paths under callgrind and compares them with those on record.

Counts do not depend on how busy a machine is, only on compiler and flags: of
others than those on record nothing can be said. A path that takes more than
TOLERANCE more instructions fails. --write records what was counted, for a
change that is worth it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOLERANCE = 0.05
SKIP = 77


def skip(why):
    print(why)
    sys.exit(SKIP)


def count(program, n_times):
    """Instructions of one operation of each path."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
             program], capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"the program failed:\n{run.stderr}")
        # Whole lines only: the paths are far above the threshold.
        text = subprocess.run(
            ["callgrind_annotate", "--inclusive=yes", "--threshold=100", out],
            capture_output=True, text=True, check=True).stdout
    counts = {}
    for number, name in re.findall(
            r"^\s*([\d,]+) .*?:path_(\w+)(?: |$)", text, re.M):
        counts[name] = round(int(number.replace(",", "")) / n_times, 1)
    return counts


def compare(recorded, counts):
    """Lines about what differs, and whether any is worse."""
    worse = False
    for name in sorted(set(recorded) | set(counts)):
        old, new = recorded.get(name), counts.get(name)
        if old is None or new is None:
            worse = True
            yield worse, f"{name}: {'not on record' if old is None else 'gone'}"
        elif new > old * (1 + TOLERANCE):
            worse = True
            yield worse, f"{name}: {new} instructions, {old} on record"
        elif new < old * (1 - TOLERANCE):
            yield worse, (f"{name}: {new} instructions, {old} on record: "
                          "better, to be recorded with --write")


def main():
    program, record = sys.argv[1:3]
    if not shutil.which("valgrind"):
        skip("no valgrind")
    build, n_times = subprocess.run(
        [program, "--build"], capture_output=True, text=True,
        check=True).stdout.split("\n")[:2]
    if "--write" not in sys.argv[3:]:
        with open(record, encoding="utf-8") as file:
            recorded = json.load(file)
        if recorded["build"] != build:
            skip(f"recorded for {recorded['build']}, this is {build}")
    counts = count(program, int(n_times))
    if len(counts) < 10:
        sys.exit(f"only {len(counts)} paths were found: {counts}")
    if "--write" in sys.argv[3:]:
        with open(record, "w", encoding="utf-8") as file:
            json.dump({"build": build, "instructions": counts}, file,
                      indent=2, sort_keys=True)
            file.write("\n")
        return 0
    worse = False
    for worse, line in compare(recorded["instructions"], counts):
        print(line)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
