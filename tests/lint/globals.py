#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No writable data outlives a universe: reads the sections of the compiled
library. Constant tables of pointers (.data.rel.ro) are not writable."""

import re
import subprocess
import sys

import source

WRITABLE = re.compile(r"^\.(data|bss|tdata|tbss)(?!\.rel\.ro)")
# Per thread, because each thread may run a universe of its own.
ALLOWED = {("core_assert.c", "assert_hook"),
           ("core_assert.c", "assert_hook_arg"),
           ("sched_current.c", "current")}


def symbols(archive):
    """(source file, symbol, section) of each data symbol."""
    out = subprocess.run(["readelf", "-sSW", str(archive)], check=True,
                         capture_output=True, text=True).stdout
    source_of, sections = "?", {}
    for line in out.split("\n"):
        if line.startswith("File: "):
            source_of = re.search(r"([\w.]+?)(\.o)?[])]?$", line)[1]
            sections = {}
        section = re.match(r"\s*\[\s*(\d+)\]\s+(\.\S+)", line)
        if section:
            sections[section[1]] = section[2]
        symbol = re.match(r"\s*\d+: [0-9a-f]+\s+\d+ (OBJECT|TLS)\s+\w+\s+\w+"
                          r"\s+(\d+|COM)\s+(\S+)", line)
        if symbol:
            name = re.sub(r"\.\d+$", "", symbol[3])
            yield source_of, name, sections.get(symbol[2], ".bss")


def check(archive):
    found = list(symbols(archive))
    if not found:
        return [f"{archive}: no data at all: was it read?"]
    return [f"{name}: {symbol} is writable and belongs to no universe"
            for name, symbol, section in found
            if WRITABLE.match(section) and (name, symbol) not in ALLOWED]


if __name__ == "__main__":
    sys.exit(source.run(check))
