#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folders of lib/ are layers: a file includes its own folder and lower
ones only, by their path from lib/. The public headers are below all."""

import re
import sys

import source

LAYERS = ["core", "sched", "pmem", "mm", "cache",
          "file", "fs", "dma", "check", "race"]
# Made by the build.
GENERATED = {"scenarios.h", "version.h"}
SEES_ALL = {"lib/sim.c"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def why_not(rel, target, exists):
    own = rel.parts[1] if len(rel.parts) > 2 else None
    layer = target.split("/")[0] if "/" in target else None

    if target in GENERATED or target == "daxsim.h" or layer == "daxsim":
        return None
    if layer not in LAYERS:
        return f'"{target}" is no path from lib/'
    if not exists:
        return f'"{target}" does not exist'
    if str(rel) in SEES_ALL:
        return None
    if own not in LAYERS:
        return f"only {' '.join(sorted(SEES_ALL))} may lie outside the layers"
    if LAYERS.index(layer) > LAYERS.index(own):
        return f"{own}/ may not include {layer}/"
    return None


def check_public(root):
    findings = []
    for rel in source.walk(root / "include", ".h"):
        lines = (root / "include" / rel).read_text().split("\n")
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match and not (root / "include" / match[1]).exists():
                findings.append(f'include/{rel}:{number}: "{match[1]}" is no '
                                "public header")
    return findings


def check(root):
    findings = check_public(root)
    for rel in source.walk(root, ".c", ".h", ".S"):
        if rel.parts[0] != "lib":
            continue
        lines = (root / rel).read_text().split("\n")
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            why = why_not(rel, match[1], (root / "lib" / match[1]).exists())
            if why:
                findings.append(f"{rel}:{number}: {why}")
    return findings


if __name__ == "__main__":
    sys.exit(source.run(check))
