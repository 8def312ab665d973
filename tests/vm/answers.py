#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what is in answers/ into the tables of devdax.md and races.md.

usage: answers.py write|check

answers/WHAT-COLUMN-KERNEL.tsv was recorded by test_answers.sh. A table stands
between two lines that say so; the rest of the documents is written by hand.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
BEGIN = "<!-- answers.py: begin -->\n"
END = "<!-- answers.py: end -->\n"

COLUMNS = {
    "devdax": ("2M-6.1", "2M-6.12", "4K-6.1", "4K-6.12"),
    "races": ("ext4-6.1", "ext4-6.12", "xfs-6.1", "xfs-6.12"),
}


def read(what, column):
    lines = (HERE / "answers" / f"{what}-{column}.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    return lines[0].removeprefix("# "), {row[0]: row[1:] for row in rows}


def table(what):
    columns = {name: read(what, name) for name in COLUMNS[what]}
    names = []
    for _, rows in columns.values():
        names += [name for name in rows if name not in names]
    rests = any(len(row) > 1 for _, rows in columns.values()
                for row in rows.values())
    heads = [name.replace("-", ", ") for name in columns]
    yield "| | " + " | ".join(heads) + (" | rests on it |" if rests else " |")
    yield "|" + "---|" * (1 + len(heads) + rests)
    for name in names:
        cells = [rows.get(name, ["not tried"])[0]
                 for _, rows in columns.values()]
        if rests:
            cells += {rows[name][1] for _, rows in columns.values()}
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""
    releases = sorted({release for release, _ in columns.values()})
    yield "Kernels: " + "; ".join(releases) + "."


def main():
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit(__doc__)
    status = 0
    for what in COLUMNS:
        path = HERE / f"{what}.md"
        old = path.read_text()
        before, rest = old.split(BEGIN)
        after = rest.split(END)[1]
        new = before + BEGIN + "\n".join(table(what)) + "\n" + END + after
        if sys.argv[1] == "write":
            path.write_text(new)
        elif new != old:
            print(f"answers.py: {path} is not what answers/ has; "
                  "'answers.py write' makes it anew", file=sys.stderr)
            status = 1
    sys.exit(status)


main()
