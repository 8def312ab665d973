#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What waits for pins, in real kernels and in the model: waits.md.

usage: waits.py write|check WAITS_MODEL
       waits.py compare RECORDED NEW

waits/ holds what kernels did, recorded by test_waits.sh. Every difference to the
model has its reason below, and every reason has a difference: what is neither is
an error. compare looks whether a kernel still does what is recorded, in the rows
of NEW.
"""

import fnmatch
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
FIELDS = ("waits", "result", "data", "size", "other", "warning")

WORDS = {"yes": "**waits**", "never": "**never woken**"}

# Recorded under this name; the profile that models it.
COLUMNS = {
    "ext4-6.1-kick": "ext4-6.1",
    "ext4-6.12-plain": "ext4-6.12",
    "xfs-6.1-kick": "xfs-6.1",
    "xfs-6.12-plain": "xfs-6.12",
    "ext4-6.1-plain": "ext4-6.1.192",
    "xfs-6.1-plain": "xfs-6.1.192",
}
MAIN = list(COLUMNS)[:4]
ASLEEP = list(COLUMNS)[4:]

# (column, row, field), all patterns, and why they may differ. None does.
REASONS = ()


def read_lines(lines):
    rows = {}
    for line in lines:
        if line.startswith("#") or not line:
            continue
        name, *values = line.split("\t")
        if len(values) != len(FIELDS) or name in rows:
            sys.exit(f"waits.py: bad line: {line}")
        rows[name] = dict(zip(FIELDS, values))
    return rows


def ask_model(program, profile):
    result = subprocess.run([program, profile], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"waits.py: {profile}: {result.stderr.strip()}")
    return read_lines(result.stdout.splitlines())


class Reasons:
    """Numbers them in the order in which they are needed."""

    def __init__(self):
        self.used = []
        self.needed = set()

    def find(self, column, row, field):
        for i, (*patterns, text) in enumerate(REASONS):
            if all(fnmatch.fnmatchcase(value, pattern) for value, pattern
                   in zip((column, row, field), patterns)):
                if text not in self.used:
                    self.used.append(text)
                self.needed.add(i)
                return self.used.index(text) + 1
        return None


class Table:
    def __init__(self, kernels, models):
        self.kernels, self.models = kernels, models
        self.reasons = Reasons()
        self.errors = []

    def value(self, column, row, field):
        """What both did; or what each did, and the number of the reason."""
        kernel = WORDS.get(self.kernels[column][row][field],
                           self.kernels[column][row][field])
        model = WORDS.get(self.models[column][row][field],
                          self.models[column][row][field])
        if kernel == model:
            return kernel
        number = self.reasons.find(column, row, field)
        if number is None:
            self.errors.append(f"{column}: {row}: {field}: kernel {kernel}, "
                               f"model {model}")
        return f"{kernel}, model: {model} [{number}]"

    def cell(self, column, row):
        values = {field: self.value(column, row, field) for field in FIELDS}
        parts = [values["waits"]]
        if values["result"] != "0":
            parts.append(values["result"])
        if values["other"] != "-":
            parts.append(f"other {values['other']}")
        if values["warning"] != "-":
            parts.append("W1" if values["warning"] == WORDS["yes"]
                         else f"warning {values['warning']}")
        return ", ".join(parts)

    def common(self, row, columns, field):
        """One text where all columns agree, else one for each."""
        values = {c: self.value(c, row, field) for c in columns}
        if len(set(values.values())) == 1:
            return values[columns[0]]
        groups = {}
        for column, value in values.items():
            groups.setdefault(value, []).append(short(column))
        return "; ".join(f"{' '.join(names)}: {value}"
                         for value, names in groups.items())

    def lines(self, columns, rows):
        yield "| call | " + " | ".join(map(short, columns)) + \
            " | device's data | size |"
        yield "|" + "---|" * (len(columns) + 3)
        for row in rows:
            cells = [self.cell(column, row) for column in columns]
            yield "| " + " | ".join(
                [row, *cells, self.common(row, columns, "data"),
                 self.common(row, columns, "size")]) + " |"


def short(column):
    fs, version, _ = column.split("-")
    return f"{fs} {version}"


def document(program):
    kernels, releases = {}, {}
    for column in COLUMNS:
        path = HERE / "waits" / f"{column}.tsv"
        lines = path.read_text().splitlines()
        releases[column] = lines[0].removeprefix("# ")
        kernels[column] = read_lines(lines)
    models = {column: ask_model(program, profile)
              for column, profile in COLUMNS.items()}
    rows = list(models[MAIN[0]])
    for column in COLUMNS:
        if list(kernels[column]) != rows:
            sys.exit(f"waits.py: {column} has other rows: record it again")
    table = Table(kernels, models)
    main = list(table.lines(MAIN, rows))
    asleep = list(table.lines(ASLEEP, [
        row for row in rows
        if any(kernels[c][row]["waits"] == "never" or
               models[c][row]["waits"] == "never" for c in ASLEEP)]))
    # What is not printed is compared as well.
    for column in ASLEEP:
        for row in rows:
            table.cell(column, row)
            table.common(row, [column], "data")
            table.common(row, [column], "size")
    for i, reason in enumerate(REASONS):
        if i not in table.reasons.needed:
            table.errors.append(f"a reason without a difference: {reason}")
    reasons = "\n".join(f"{i}. {text}" for i, text
                        in enumerate(table.reasons.used, 1))
    return HEAD.format(
        main="\n".join(main), asleep="\n".join(asleep),
        kernels="\n".join(f"| {column} | {releases[column]} | `{profile}` |"
                          for column, profile in COLUMNS.items()),
        reasons=reasons + "\n\n" if reasons else ""), table.errors


HEAD = """# What waits for pins

Made by `waits.py` from what kernels did (`waits/*.tsv`, recorded by
`test_waits.sh`) and from what the model does now; do not edit. A file of 16
blocks is mapped, blocks 4 to 7 are the buffer of an O_DIRECT read of a slow
device (vmsplice: block 4; two pages: blocks 4 and 5), and then the call is made.
A cell says what kernel and model did, both the same; where they differ it would
say what each did, and a number why.

The kernel was asked once. The model ran every interleaving of the call and the
device: **waits** means that the call never returns before the pin ends. A mapping
by 2 MiB is one entry of 512 pages in the kernel, whose other pages cost no fault,
and one of 4 pages, those that are pinned, in the model. Who is killed, and who
has a handler with SA_RESTART, is the program's matter in the model: the former
ends when its call does, the latter takes the signal and makes its call again.

* *device's data*: D0@4 means that what the device wrote to the first pinned page
  is block 4 of the file afterwards; *part of*: some of it; *gone*: none of it is
  in the file.
* *other goes on*: somebody else's access was over while the call waited.
* *W1*: the kernel warned that a page left the page cache while it had references
  (`dax_disassociate_entry()`).

{main}

In Debian's 6.1.192 the pages of a bio are released without a wake-up: who waits
for an O_DIRECT read or write sleeps for ever. Above, the pages were pinned and
released once more when the device was done (`waits_kernel --kick`). Without that
these differ:

{asleep}

{reasons}| column | kernel | model |
|---|---|---|
{kernels}
"""


def compare(recorded, new):
    old = read_lines(pathlib.Path(recorded).read_text().splitlines())
    now = read_lines(pathlib.Path(new).read_text().splitlines())
    errors = [f"{row}: was {list(old.get(row, {}).values())}, "
              f"is {list(values.values())}"
              for row, values in now.items() if old.get(row) != values]
    if not now:
        errors.append(f"{new} is empty")
    print(f"{len(now)} rows, {len(errors)} differ from {recorded}")
    return errors


def generate(verb, program):
    text, errors = document(program)
    path = HERE / "waits.md"
    if verb == "write":
        path.write_text(text)
    elif path.read_text() != text:
        errors.append(f"{path} is not what the model does now; "
                      "'waits.py write' makes it anew")
    return errors


def main():
    verb, *args = sys.argv[1:]
    if verb == "compare" and len(args) == 2:
        errors = compare(*args)
    elif verb in ("write", "check") and len(args) == 1:
        errors = generate(verb, *args)
    else:
        sys.exit(__doc__)
    for error in errors:
        print(f"waits.py: {error}", file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
