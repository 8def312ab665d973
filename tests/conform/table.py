#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was compared with real kernels, and what came of it: TABLE.md.

usage: table.py write|check DAXSIM WAITS_MODEL

Counts the recordings here and asks the program which of their calls differ now;
asks the model again what waits for pins, and compares with what is recorded in
../vm/waits; searches the scenarios of the races that were tried on kernels, and
compares with ../vm/answers; adds what is said of fresh calls in README.md. Fails
for each difference that has no reason.
"""

import collections
import gzip
import importlib.util
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
VM = HERE.parent / "vm"

# (kernel, file system), profile, recordings.
RECORDINGS = (
    (("6.1.192", "ext4, zero-out off"), "ext4-6.1", ("ext4", "more-ext4")),
    (("6.1.192", "ext4"), "ext4-6.1", ("ext4-default", "more-ext4-default")),
    (("6.1.192", "XFS"), "xfs-6.1", ("xfs", "more-xfs")),
    (("6.12.117", "ext4, zero-out off"), "ext4-6.12",
     ("ext4-6.12", "more-ext4-6.12")),
    (("6.12.117", "ext4"), "ext4-6.12",
     ("ext4-default-6.12", "more-ext4-default-6.12")),
    (("6.12.117", "XFS"), "xfs-6.12", ("xfs-6.12", "more-xfs-6.12")),
)

PROPERTIES = {
    "result": ("ret", "err"),
    "size": ("size",),
    "extents": ("ext",),
    "blocks": ("add", "rm", "moved"),
    "contents": ("fnv",),
}
MODES = {0: "allocate", 1: "allocate, KEEP_SIZE", 3: "punch", 8: "collapse",
         16: "zero", 17: "zero, KEEP_SIZE", 32: "insert", 64: "unshare"}
CALLS = {"pwrite": "write", "pwrite_append": "append", "ftruncate": "truncate",
         "mstore": "store", "mload": "load", "fsync": "fsync"}
READ_ONLY = "calls on a descriptor to read"
OTHER_MODES = "other modes of fallocate"
ORDER = [*CALLS.values(), *MODES.values(), OTHER_MODES, READ_ONLY]


def kind_of(call):
    if call["op"].endswith("_ro"):
        return READ_ONLY
    if call["op"] == "fallocate":
        return MODES.get(call["mode"], OTHER_MODES)
    return CALLS[call["op"]]


def is_compared(call, begin, field):
    """The exceptions are those of README.md."""
    if call["err"] == "ENOSPC":
        return field in ("ret", "err")
    if field == "ret":
        return not call["err"].startswith("SIG")
    if field == "fnv":
        return call["fnv"] is not None
    if field in ("add", "rm", "moved"):
        return not (begin == "xfs" and call.get("mode", 0) & 16)
    return True


def differences(daxsim, profile, path):
    result = subprocess.run([daxsim, "conform", "--json", "--fs", profile, path],
                            capture_output=True, text=True)
    if result.returncode not in (0, 1):
        sys.exit(f"table.py: {path}: {result.stderr.strip()}")
    document = json.loads(result.stdout)
    return document, collections.Counter(
        (d["s"], d["i"], d["field"]) for d in document["differences"])


class Column:
    """One kernel's file system: counts by (kind of call, property)."""

    def __init__(self):
        self.sequences = self.calls = 0
        self.kinds = collections.Counter()
        self.compared = collections.Counter()
        self.differ = collections.Counter()

    def add(self, lines, found):
        begin = None
        for line in lines:
            if "begin" in line:
                begin = line["begin"]
                self.sequences += 1
                continue
            self.calls += 1
            self.add_call(line, begin, found)

    def add_call(self, call, begin, found):
        kind = kind_of(call)
        self.kinds[kind] += 1
        for name, fields in PROPERTIES.items():
            fields = [f for f in fields if is_compared(call, begin, f)]
            self.compared[kind, name] += bool(fields)
            self.differ[kind, name] += any(
                found[call["s"], call["i"], field] for field in fields)

    def cell(self, kind, name):
        n = self.compared[kind, name]
        if not n:
            return "not tried" if not self.kinds[kind] else "not compared"
        bad = self.differ[kind, name]
        return f"**{bad} of {n} differ**" if bad else f"agrees, {n}"


def read_column(daxsim, profile, names, errors):
    column = Column()
    for name in names:
        path = HERE / f"{name}.jsonl.gz"
        with gzip.open(path, "rt") as file:
            lines = [json.loads(line) for line in file]
        document, found = differences(daxsim, profile, path)
        column.add(lines, found)
        n = sum("op" in line for line in lines)
        if document["operations"] != n:
            errors.append(f"{name}: {n} calls, but the program counts "
                          f"{document['operations']}")
        errors += [f"{name}: {key} differs" for key in found]
    return column


def recorded(daxsim, errors):
    for (kernel, fs), profile, names in RECORDINGS:
        column = read_column(daxsim, profile, names, errors)
        yield f"### {fs}, {kernel}, `{profile}`\n"
        yield f"{column.sequences} sequences, {column.calls} calls.\n"
        yield "| call | made | " + " | ".join(PROPERTIES) + " |"
        yield "|" + "---|" * (2 + len(PROPERTIES))
        for kind in ORDER:
            cells = [column.cell(kind, name) for name in PROPERTIES]
            yield f"| {kind} | {column.kinds[kind]} | " + \
                " | ".join(cells) + " |"
        yield ""


def fresh():
    """The rows of README.md, in which people record what they ran."""
    text = (HERE / "README.md").read_text()
    rows = text.split("| file system | kernel, profile |")[1].split("\n\n")[0]
    yield "| file system | kernel, profile |" + rows


def load_waits():
    spec = importlib.util.spec_from_file_location("waits", VM / "waits.py")
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def waits_cell(waits, reasons, column, row, kernel, model, errors):
    """The properties that differ by name, and the numbers of the reasons."""
    bad = [f for f in waits.FIELDS if kernel[f] != model[f]]
    if not bad:
        return "agrees"
    text = "differs: " + ", ".join(bad)
    why = {reasons.find(column, row, field) for field in bad}
    if None in why:
        errors.append(f"{column}: {row}: {text}, without a reason")
        return text
    return f"{text} [{', '.join(map(str, sorted(why)))}]"


def waiting(model_program, errors):
    waits = load_waits()
    reasons = waits.Reasons()
    columns = {}
    for column, profile in waits.COLUMNS.items():
        lines = (VM / "waits" / f"{column}.tsv").read_text().splitlines()
        columns[column] = (waits.read_lines(lines),
                           waits.ask_model(model_program, profile))
    names = [c.replace("-kick", ", kicked").replace("-plain", "")
             .replace("-", " ") for c in columns]
    yield "| call | " + " | ".join(names) + " |"
    yield "|" + "---|" * (1 + len(columns))
    for row in next(iter(columns.values()))[1]:
        cells = []
        for column, (kernel, model) in columns.items():
            cells.append(waits_cell(waits, reasons, column, row,
                                    kernel[row], model[row], errors))
        yield f"| {row} | " + " | ".join(cells) + " |"
    yield ""
    yield from (f"{i}. {text}" for i, text in enumerate(reasons.used, 1))


def tried(daxsim):
    """Every profile, and whether a kernel of its kind was asked."""
    waits = load_waits()
    text = (HERE / "README.md").read_text()
    asked = collections.defaultdict(list)
    for _, profile, _ in RECORDINGS:
        if "recorded calls" not in asked[profile]:
            asked[profile].append("recorded calls")
    for profile in sorted(set(re.findall(r"`((?:ext4|xfs)-[\d.]+)` \|", text))):
        asked[profile].append("fresh calls")
    for profile in waits.COLUMNS.values():
        asked[profile].append("waits")
    for path in sorted((VM / "answers").glob("races-*.tsv")):
        asked[path.stem.removeprefix("races-")].append("races")
    listed = subprocess.run([daxsim, "list", "profiles"], check=True,
                            capture_output=True, text=True).stdout
    yield "| profile | compared with a kernel |"
    yield "|---|---|"
    for line in listed.splitlines():
        # Aliases, and the place of a file system that a user brings.
        if line[0] in " (":
            continue
        profile = line.split()[0]
        yield f"| `{profile}` | " + \
            (", ".join(asked.pop(profile, [])) or "not tried") + " |"
    if asked:
        sys.exit(f"table.py: no such profiles: {', '.join(asked)}")


# (race of ../vm/races.c, scenario, its row in the gallery, what an answer that
# shows it begins with or has in it).
RACES = (
    ("pin, munmap, truncate", "pin-outlives-map", "R7", "does not wait"),
    ("pin, munmap, close, unlink", "evict-by-close", "R30", "does not wait"),
    ("write into a hole beside a pin to read", "forgotten-pin", "R28",
     "does not wait"),
    ("write into a hole beside a pin to write", "remembered-pin", "R28",
     "does not wait"),
    ("fsync beside a pin, truncate", "fsync-locks-entry", "R9",
     "does not wait"),
    ("truncate, pin upon pin", "truncate-starved", "R46", "waits through all"),
    ("pin, truncate, write, unpin", "pin-then-write", "R45",
     "each waits for the other"),
    ("pin in the first of two files, reflink", "two-inode-wait", "R18",
     "runs all the time"),
    ("pin in the second of two files, reflink", "two-inode-busy-loop", "R18",
     "runs all the time"),
    ("shared, load each, truncate one", "loads-of-shared", "W2, W3", "warns"),
    ("shared, load, write, load", "copy-alone", "", "sees the old bytes"),
    ("shared, pin to read, write, truncate the other", "copy-under-read-pin",
     "R27", "does not wait; another file's bytes"),
    ("shared, load, unshare, store, pin, truncate", "unshare-keeps-entry", "",
     "does not wait; another file's bytes"),
    ("layout, truncate, signal", "layout-signal", "R17",
     "waits; behind the signal it runs all the time"),
    ("layout, two appends", "appends-beside-recall", "R34",
     "waits; one has overwritten the other"),
    ("store, pin, layout and back, truncate", "layout-forgets-pin", "R28",
     "does not wait; another file's bytes"),
    ("pin, reflink, layout, unpin", "reflink-beside-layout-get", "R49",
     "what the client writes is in both files"),
)
# A race that needs luck may be missed; no other may.
LUCK = "never forgotten"


def breaks(daxsim, scenario, profile):
    path = HERE.parent / "scenarios" / f"{scenario}.scn"
    result = subprocess.run([daxsim, "explore", path, "--fs", profile,
                             "--strategy", "states", "--first"],
                            capture_output=True, text=True)
    if result.returncode not in (0, 1):
        sys.exit(f"table.py: {path}: {result.stderr.strip()}")
    return result.returncode == 1


def race_cell(race, profile, answer, model, errors):
    name, _, _, sign = race
    shown = answer.startswith(sign)
    if shown == model:
        return "breaks, confirmed" if model else "holds, as on the kernel"
    if model and answer == LUCK:
        return "breaks, not seen"
    errors.append(f"{name}, {profile}: the model says "
                  f"{'breaks' if model else 'holds'}, the kernel: {answer}")
    return "**differs**"


def races(daxsim, errors):
    profiles = ("ext4-6.1", "ext4-6.12", "xfs-6.1", "xfs-6.12")
    columns = {}
    for profile in profiles:
        path = VM / "answers" / f"races-{profile}.tsv"
        columns[profile] = dict(line.split("\t") for line in
                                path.read_text().splitlines()[1:])
    yield "| race | scenario | gallery | " + \
        " | ".join(f"`{p}`" for p in profiles) + " |"
    yield "|" + "---|" * (3 + len(profiles))
    for race in RACES:
        name, scenario, row, _ = race
        cells = []
        for profile, answers in columns.items():
            if name not in answers:
                cells.append("not tried")
                continue
            cells.append(race_cell(race, profile, answers[name],
                                   breaks(daxsim, scenario, profile), errors))
        yield f"| {name} | `{scenario}` | {row} | " + " | ".join(cells) + " |"


HEAD = """# The model beside real kernels

Made by `table.py` from recordings and from what the program says now; do not
edit. *agrees, N*: the property was compared in N calls and was the same in each.
*not tried*: no such call was made there. *not compared*: README.md says why.

## What calls do

Recorded call by call on DAX, replayed in the model:

{recorded}
Fresh calls, drawn from a seed, all properties compared after each; README.md tells
of the four sequences that differed.
Loop devices are without DAX:

{fresh}

## What waits for pins

Who waits, what comes back, where the device's bytes are afterwards, the size,
what others can do meanwhile, and the kernel's warning; one call each, on kernels
6.1.192 and 6.12.117. What was seen is in [waits.md](../vm/waits.md).

{waits}

## Races

What the model calls possible, tried on kernels 6.1.192 and 6.12.117: whether a
search of the scenario breaks a property there now, and whether the kernel was seen
to do the same. What was seen is in [races.md](../vm/races.md). *not tried*: ext4
neither shares blocks nor gives out layouts.

{races}

## Profiles

{tried}

What a devdax device does is in [devdax.md](../vm/devdax.md).
"""


def document(daxsim, waits_model):
    errors = []
    text = HEAD.format(recorded="\n".join(recorded(daxsim, errors)),
                       fresh="\n".join(fresh()),
                       waits="\n".join(waiting(waits_model, errors)),
                       races="\n".join(races(daxsim, errors)),
                       tried="\n".join(tried(daxsim)))
    return text, errors


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    verb, daxsim, waits_model = sys.argv[1:]
    text, errors = document(daxsim, waits_model)
    path = HERE / "TABLE.md"
    if verb == "write":
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        errors.append(f"{path} is not what the program says now; "
                      "'table.py write' makes it anew")
    for error in errors:
        print(f"table.py: {error}", file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
