#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""daxsim conform finds what differs, and says which line is bad."""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

DAXSIM = sys.argv[1]
HERE = pathlib.Path(sys.argv[2])
failures = 0


def run(*args):
    return subprocess.run([DAXSIM, "conform", *map(str, args)],
                          capture_output=True, text=True)


def check(what, condition, result):
    global failures
    if condition:
        return
    failures += 1
    print(f"FAILED: {what}: exit {result.returncode}\n"
          f"{result.stdout[-500:]}{result.stderr[-500:]}")


def lines_of(name):
    with gzip.open(HERE / f"{name}.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def write(path, lines):
    path.write_text("".join(
        line if isinstance(line, str) else json.dumps(line) + "\n"
        for line in lines))


def first_sequences(lines, n):
    heads = [i for i, line in enumerate(lines) if "begin" in line]
    return lines[:heads[n]]


def changed(line):
    """(field, line that says something else) for all that is compared."""
    for field, value in (
            ("ret", line["ret"] + 1), ("err", "EINVAL"),
            ("size", line["size"] + 1), ("ext", [[0, 1, "u"]]),
            ("fnv", "0" * 16), ("fnv", None), ("add", 77), ("rm", 77),
            ("moved", [[0, 5, 1]])):
        yield field, {**line, field: value}


def differences(path):
    lines = first_sequences(lines_of("ext4"), 5)
    for at in (1, 2, len(lines) - 1):
        for field, line in changed(lines[at]):
            write(path, lines[:at] + [line] + lines[at + 1:])
            result = run(path, "--fs", "ext4-6.1", "--json")
            check(f"{field} of line {at + 1}", result.returncode == 1, result)
            found = json.loads(result.stdout)
            check(f"{field} of line {at + 1} alone",
                  [(d["s"], d["i"], d["field"])
                   for d in found["differences"]]
                  == [(line["s"], line["i"], field)], result)


def documents(path):
    lines = first_sequences(lines_of("xfs"), 4)
    write(path, lines)
    for args in ([path], [path, path]):
        result = run(*args, "--fs", "xfs-6.1", "--json")
        document = json.loads(result.stdout)
        check("the document", result.returncode == 0 and document == {
            "schema_version": 1, "verb": "conform", "fs": "xfs-6.1",
            "sequences": 4 * len(args),
            "operations": (len(lines) - 4) * len(args),
            "differences": []}, result)


def zero_out():
    path = HERE / "ext4-default.jsonl.gz"
    for kb, code in (("32", 0), ("0", 1), ("28", 1), ("36", 1)):
        result = run(path, "--fs", "ext4-6.1", "--ext4-zeroout-kb", kb)
        check(f"zero-out of {kb} KiB", result.returncode == code, result)


def bad_line(path, what, lines, number):
    write(path, lines)
    result = run(path, "--fs", "ext4-6.1")
    error = result.stderr
    check(what, result.returncode == 2 and not result.stdout and
          error.startswith(f"daxsim conform: {path}:{number}: ") and
          error.count("\n") == 1, result)


def bad_lines(path):
    lines = first_sequences(lines_of("ext4"), 2)
    head, call = lines[0], lines[1]

    def without(line, key):
        return {k: v for k, v in line.items() if k != key}

    for key in ("s", "i", "op", "off", "len", "tag", "ret", "err", "size",
                "ext", "fnv"):
        bad_line(path, f"no {key}", [head, without(call, key)], 2)
    for key in ("s", "name", "bs", "n"):
        bad_line(path, f"no {key} in a head", [without(head, key), call], 1)
    for key, value in (
            ("s", 5), ("i", 1), ("i", -1), ("op", "rename"), ("off", "4"),
            ("len", -1), ("size", -1), ("err", 5), ("add", -1),
            ("ext", 5), ("ext", [[0, 1]]), ("ext", [[0, 1, "x"]]),
            ("ext", [[0, 0, "w"]]), ("ext", [[-1, 1, "w"]]),
            ("moved", [[0, 1, "w"]]), ("fnv", "5"), ("fnv", 5)):
        bad_line(path, f"{key} {value}", [head, {**call, key: value}], 2)
    for key, value in (("bs", 512), ("n", -1), ("begin", "btrfs"),
                       ("begin", "xfs")):
        bad_line(path, f"{key} {value}", [{**head, key: value}, call], 1)
    bad_line(path, "no JSON", [head, "hello\n"], 2)
    bad_line(path, "no object", [head, "[5]\n"], 2)
    bad_line(path, "half a line", [head, json.dumps(call)[:-9] + "\n"], 2)
    bad_line(path, "two values", [head, json.dumps(call) + " 5\n"], 2)
    bad_line(path, "no head", [call], 1)
    bad_line(path, "a head too soon", [head, call, head], 3)
    bad_line(path, "too short", [head, call], 3)
    bad_line(path, "too many calls", [{**head, "n": 1}, *lines[1:3]], 3)
    bad_line(path, "nothing", [], 1)
    bad_line(path, "a blank line is none", [head, "\n", {**call, "i": 7}], 3)


def bad_files(path):
    whole = (HERE / "ext4.jsonl.gz").read_bytes()
    for what, data in (("cut", whole[:5000]),
                       ("damaged", whole[:5000] + b"x" * 50 + whole[5050:])):
        path.write_bytes(data)
        result = run(path, "--fs", "ext4-6.1")
        check(f"{what} data", result.returncode == 2 and
              str(path) in result.stderr, result)
    for missing in (path / "none", path.parent / "none", path.parent):
        result = run(missing, "--fs", "ext4-6.1")
        check(f"{missing}", result.returncode == 2 and
              str(missing) in result.stderr, result)


def usage():
    path = HERE / "ext4.jsonl.gz"
    for args in ([], ["--fs", "ext4-6.1"], [path], [path, "--fs", "btrfs"],
                 [path, "--fs"], [path, "--fs", "ext4-6.1", "--fast"],
                 [path, "--fs", "ext4-6.1", "--ext4-zeroout-kb", "much"],
                 [path, "--fs", "xfs-6.1"]):
        result = run(*args)
        check(f"{args}", result.returncode == 2 and
              result.stderr.count("\n") == 1 and not result.stdout, result)
    result = run("--help")
    check("--help", result.returncode == 0 and
          result.stdout.startswith("usage: "), result)


with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "recording.jsonl"
    differences(file)
    documents(file)
    zero_out()
    bad_lines(file)
    bad_files(file)
    usage()
sys.exit(1 if failures else 0)
