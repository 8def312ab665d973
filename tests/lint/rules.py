#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A rule of the protocol that no code asks for cannot be broken, and one that
no scenario looks for is not missed: each rule of lib/core/rule.h has its row
in rule.c, is asked for in the layers that keep it, and has a scenario in
lib/race/mutate.c."""

import re
import sys

import source

RULE = re.compile(r"\bDS_RULE_\w+")
# Where rules are named but not kept.
ABOUT = ("lib/core/rule.h", "lib/core/rule.c")
SCENARIOS = "lib/race/"


def rules_in(path):
    text = source.strip(path.read_text()) if path.exists() else ""
    return set(RULE.findall(text)) - {"DS_RULE_NONE"}


def check(root):
    rules = rules_in(root / "lib/core/rule.h")
    if not rules:
        return ["lib/core/rule.h: no rule at all: was it read?"]
    rows = rules_in(root / "lib/core/rule.c")
    tried = rules_in(root / "lib/race/mutate.c")
    kept = set()
    for rel in source.walk(root / "lib", ".c", ".h"):
        name = f"lib/{rel}"
        if name not in ABOUT and not name.startswith(SCENARIOS):
            kept |= rules_in(root / name)
    findings = []
    for rule in sorted(rules):
        if rule not in rows:
            findings.append(f"lib/core/rule.c: no row for {rule}")
        if rule not in kept:
            findings.append(f"lib: nobody asks for {rule}")
        if rule not in tried:
            findings.append(f"lib/race/mutate.c: no scenario for {rule}")
    return findings


if __name__ == "__main__":
    sys.exit(source.run(check))
