#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""parallel.py DAXSIM: the line that 'daxsim merge --help' shows, as it stands,
does with GNU parallel what one process does."""

import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def shell(line, path):
    return subprocess.run(["bash", "-c", "set -o pipefail; " + line],
                          capture_output=True, text=True,
                          env={**os.environ, "PATH": path})


def main(daxsim):
    if not shutil.which("parallel"):
        print("no GNU parallel here")
        return SKIPPED
    path = os.path.dirname(os.path.abspath(daxsim)) + ":" + os.environ["PATH"]
    text = shell("daxsim merge --help", path).stdout
    line = re.search(r"^ +(parallel .*prove[^|]*\|\n.*)$", text, re.M)[1]
    # Small cells do.
    line = line.replace("prove", "prove --op allocate", 1)
    joined = shell(line, path)
    whole = shell("daxsim prove --op allocate --json", path)
    if joined.returncode == 0 and joined.stdout == whole.stdout != "":
        return 0
    print(f"{line}\n{joined}\nis not\n{whole}")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
