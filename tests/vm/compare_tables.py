#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: compare_tables.py A.json B.json

Compare two outputs of `daxsim prove --json`, cell by cell.
"""
import json
import sys


def cells(path):
    """The table as {(op, fs, pin): what was found}."""
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)["cells"]
    table = {}
    for row in rows:
        key = (row["op"], row["fs"], row["pin"])
        if key in table:
            sys.exit(f"{path}: {key} is there twice")
        # A verdict of a search that was cut short is another verdict; and a
        # victim's bytes must be found changed on each kind of memory.
        table[key] = (row["verdict"], row["search"], row["properties"],
                      [run.get("victim_changed_on_reread")
                       for run in row["runs"]])
    if not table:
        sys.exit(f"{path}: an empty table")
    return table


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    one, other = (cells(path) for path in sys.argv[1:])
    differences = 0
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            print("/".join(key), one.get(key), other.get(key), sep="\t")
            differences += 1
    print(f"{sys.argv[2]}: {len(one)} cells, {differences} differences")
    sys.exit(differences != 0)


main()
