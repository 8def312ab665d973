#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""same.py DAXSIM ARGUMENT...: the same question has the same answer, byte for
byte: again, at other addresses, and with every task on a thread of its own."""

import re
import subprocess
import sys


def can_fix_addresses():
    try:
        return subprocess.run(["setarch", "-R", "true"],
                              capture_output=True).returncode == 0
    except OSError:
        return False


def answer(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    # Only time may differ.
    return run.returncode, re.sub(r'("seconds": )[0-9.]+', r"\1",
                                  run.stdout), run.stderr


def main(daxsim, *args):
    ways = {
        "first": [daxsim, *args],
        "again": [daxsim, *args],
        "on threads": [daxsim, *args, "--turns", "baton"],
    }
    if can_fix_addresses():
        ways["at fixed addresses"] = ["setarch", "-R", daxsim, *args]
    answers = {name: answer(*way) for name, way in ways.items()}
    wrong = [name for name, got in answers.items() if got != answers["first"]]
    for name in wrong:
        print(f"{name}: another answer than at first")
    if not answers["first"][1]:
        print(f"no answer: {answers['first']}")
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
