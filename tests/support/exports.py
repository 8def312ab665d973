#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""exports.py LIBRARY INCLUDE-DIRECTORY: the shared library exports what the
public headers declare, all of it and nothing else."""

import pathlib
import re
import subprocess
import sys

VERSION = "LIBDAXSIM_0"
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
# Not the name of a callback's type, and not a call in an inline function.
DECLARED = re.compile(r"^(?!static|typedef|[ \t#]).*?\b(daxsim_\w+)\(", re.M)


def declared(include):
    names = set()
    for path in sorted(pathlib.Path(include).rglob("*.h")):
        text = COMMENT.sub("", path.read_text())
        names |= set(DECLARED.findall(text))
    return names


def exported(library):
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                         capture_output=True, text=True).stdout
    names = set()
    for line in out.splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":
            names.add(name)
    return names


def main(library, include):
    want = {f"{name}@@{VERSION}" for name in declared(include)}
    have = exported(library)
    for name in sorted(want - have):
        print(f"{name} is declared, but the library does not export it")
    for name in sorted(have - want):
        print(f"{name} is exported, but no public header declares it")
    if not want:
        print("the public headers declare nothing: were they read?")
    return 0 if want == have and want else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
