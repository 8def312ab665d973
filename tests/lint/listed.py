#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file that no build list names is never compiled, a test that none names
never fails: every source file is named in the meson.build of its part."""

import sys

import source

# Below each of these, files are named in its own meson.build.
PARTS = ["lib", "bench/daxsim", "bench/perf", "tests/api", "tests/conform",
         "tests/devdax", "tests/fuzz", "tests/hostfail", "tests/scenarios",
         "tests/stress", "tests/support", "tests/unit", "tests/vm"]
SUFFIXES = (".c", ".S", ".scn")


def names_in(path):
    """The strings in single quotes outside comments."""
    if not path.exists():
        return set()
    text = "\n".join(line.split("#")[0]
                     for line in path.read_text().split("\n"))
    return set(text.split("'")[1::2])


def check(root):
    findings = []
    for part in PARTS:
        names = names_in(root / part / "meson.build")
        for rel in source.walk(root / part, *SUFFIXES):
            if not {str(rel), str(rel.with_suffix(""))} & names:
                findings.append(f"{part}/{rel}: not named in "
                                f"{part}/meson.build")
    return findings


if __name__ == "__main__":
    sys.exit(source.run(check))
