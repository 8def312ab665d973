#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each header compiles alone, the public ones as strict C11 and as C++."""

import pathlib
import shutil
import subprocess
import sys

import source

C = ["-x", "c", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CXX = ["-x", "c++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def compiles(root, compiler, flags, name):
    # Twice, because guards are what lets a header be included by two others.
    text = f'#include "{name}"\n#include "{name}"\n'
    run = subprocess.run(
        [*compiler, *flags, "-fsyntax-only", "-I", root / "include", "-"],
        input=text, capture_output=True, text=True)
    return "" if run.returncode == 0 else run.stderr.split("\n")[0:8]


def check(root, cc, cxx):
    jobs = []
    for rel in source.walk(root / "lib", ".h"):
        flags = [*C, "-D_GNU_SOURCE", "-I", root / "lib"]
        jobs.append((cc, flags, rel, "lib"))
    for rel in source.walk(root / "include", ".h"):
        jobs.append((cc, C, rel, "include"))
        if cxx:
            jobs.append((cxx, CXX, rel, "include"))
    findings = []
    for compiler, flags, rel, folder in jobs:
        why = compiles(root, compiler, flags, rel)
        if why:
            findings.append(f"{folder}/{rel}: does not compile alone with "
                            f"{compiler[0]} {flags[2]}:")
            findings += why
    return findings


def main():
    if len(sys.argv) < 3:
        print(f"usage: {sys.argv[0]} ROOT CC...", file=sys.stderr)
        return 2
    cxx = shutil.which("c++")
    if not cxx:
        print("no c++: the public headers were not tried as C++")
    return source.report(check(pathlib.Path(sys.argv[1]), sys.argv[2:],
                               [cxx] if cxx else None))


if __name__ == "__main__":
    sys.exit(main())
