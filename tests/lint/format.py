#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The C files are as clang-format leaves them."""

import re
import shutil
import subprocess
import sys

import source

# Other versions break lines elsewhere: only one can be right.
VERSION = "14"
SKIP = 77


def find():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        path = shutil.which(name)
        if not path:
            continue
        out = subprocess.run([path, "--version"], check=True,
                             capture_output=True, text=True).stdout
        if re.search(rf"version {VERSION}\.", out):
            return path
    return None


def check(root, clang_format=None):
    files = source.walk(root, ".c", ".h")
    run = subprocess.run(
        [clang_format or find(), "--dry-run", "-Werror", *files],
        cwd=root, capture_output=True, text=True)
    wrong = re.findall(r"^(\S+?):(\d+):\d+: error:", run.stderr, re.M)
    first = {}
    for name, number in wrong:
        first.setdefault(name, number)
    findings = [f"{name}:{number}: not as clang-format has it"
                for name, number in first.items()]
    if run.returncode and not findings:
        findings = [run.stderr]
    return findings


if __name__ == "__main__":
    if not find():
        print(f"no clang-format {VERSION}")
        sys.exit(SKIP)
    sys.exit(source.run(check))
