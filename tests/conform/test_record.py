#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""record makes recorded calls again, and shrinks to what a check asks for."""

import json
import pathlib
import subprocess
import sys
import tempfile

RECORD = sys.argv[1]
DAXSIM = sys.argv[2]
failures = 0


def check(what, condition):
    global failures
    if not condition:
        failures += 1
        print(f"FAILED: {what}")


def record(folder, *args):
    return subprocess.run(
        [RECORD, "ext4z", folder / "file", "--no-dax", *map(str, args)],
        capture_output=True, text=True)


def calls_of(text):
    """What was asked in each call, and the heads."""
    kept = ("op", "mode", "off", "len", "size_arg", "tag", "begin", "seed",
            "name", "dax", "n")
    return [{k: v for k, v in json.loads(line).items() if k in kept}
            for line in text.splitlines()]


def drawing(folder):
    one = record(folder, "--seed", 5, "--ops", 300)
    if "FS_IOC_FIEMAP" in one.stderr:
        print("skipped: no FIEMAP in the temporary folder")
        sys.exit(77)
    check("drawn", one.returncode == 0 and one.stdout)
    again = record(folder, "--seed", 5, "--ops", 300)
    check("the same seed, the same calls",
          calls_of(one.stdout) == calls_of(again.stdout))
    other = record(folder, "--seed", 6, "--ops", 300)
    check("another seed, other calls",
          calls_of(one.stdout)[1:20] != calls_of(other.stdout)[1:20])
    lines = calls_of(one.stdout)
    heads = [line for line in lines if "begin" in line]
    check("as many as asked", 300 <= len(lines) - len(heads) < 400)
    check("the seeds are in the heads",
          [h["seed"] for h in heads] == list(range(5, 5 + len(heads))))
    return one.stdout


def replaying(folder, recording):
    path = folder / "recording"
    path.write_text(recording)
    again = record(folder, "--replay", path)
    check("replayed", again.returncode == 0 and
          calls_of(again.stdout) == calls_of(recording))
    path.write_text(recording[:len(recording) // 2])
    cut = record(folder, "--replay", path)
    check("a cut recording", cut.returncode == 2 and
          cut.stderr.count("\n") == 1)


def script(folder, text):
    path = folder / "check.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def shrinking(folder, recording):
    path = folder / "recording"
    path.write_text(recording)
    # A write, and behind it a truncate: what else there is must go.
    asks = script(folder, """awk '/"op":"pwrite"/ { w = 1 }
        /"op":"ftruncate"/ && w { f = 1 } END { exit f }' "$1" """)
    one = record(folder, "--shrink", path, "--sequence", 1, "--check", asks)
    lines = calls_of(one.stdout)
    check(f"shrunk to two calls: {one.stdout}{one.stderr}",
          one.returncode == 0 and
          [line.get("op") for line in lines] == [None, "pwrite", "ftruncate"])
    wanted = calls_of(recording)
    check("they are calls of the recording",
          all(line in wanted for line in lines[1:]))
    never = script(folder, "exit 0")
    same = record(folder, "--shrink", path, "--sequence", 1, "--check", never)
    check("nothing differs", same.returncode == 1 and not same.stdout)
    broken = script(folder, "exit 2")
    bad = record(folder, "--shrink", path, "--sequence", 1, "--check", broken)
    check("a check that fails", bad.returncode == 2 and bad.stderr)
    none = record(folder, "--shrink", path, "--sequence", 99, "--check", never)
    check("no such sequence", none.returncode == 2 and none.stderr)


def comparing(folder, recording):
    """Without DAX the blocks' places are not compared, all else is."""
    lines = recording.splitlines()
    path = folder / "changed"
    # As without "dax": an answer, not an error about the line.
    for field, value, codes in (
            ("size", 12345, (1,)), ("fnv", "0" * 16, (1,)),
            ("ext", [[0, 99, "u"]], (1,))):
        call = {**json.loads(lines[1]), field: value}
        path.write_text("\n".join([lines[0], json.dumps(call), *lines[2:]])
                        + "\n")
        found = subprocess.run([DAXSIM, "conform", "--fs", "ext4-6.15", path],
                               capture_output=True, text=True)
        check(f"{field} is compared", found.returncode in codes and
              f": {field}\n" in found.stdout)
    call = {**json.loads(lines[1]), "add": 77}
    path.write_text("\n".join([lines[0], json.dumps(call), *lines[2:]]) + "\n")
    found = subprocess.run([DAXSIM, "conform", "--fs", "ext4-6.15", path],
                           capture_output=True, text=True)
    check("blocks added are not", ": add\n" not in found.stdout)
    head = {**json.loads(lines[0]), "dax": 5}
    path.write_text("\n".join([json.dumps(head), *lines[1:]]) + "\n")
    found = subprocess.run([DAXSIM, "conform", "--fs", "ext4-6.15", path],
                           capture_output=True, text=True)
    check("dax is true or false", found.returncode == 2 and
          found.stderr.count("\n") == 1)


def usage():
    for args in ((), ("ext4z",), ("ext4z", "f"), ("ext4z", "f", "--ops", "0"),
                 ("ext4z", "f", "--seed", "x", "--ops", "5"),
                 ("ext4z", "f", "--shrink", "x"), ("ext4z", "f", "nothing")):
        result = subprocess.run([RECORD, *args], capture_output=True,
                                text=True)
        check(f"{args}", result.returncode == 2 and result.stderr and
              not result.stdout)


with tempfile.TemporaryDirectory() as name:
    where = pathlib.Path(name)
    usage()
    drawn = drawing(where)
    replaying(where, drawn)
    shrinking(where, drawn)
    comparing(where, drawn)
sys.exit(1 if failures else 0)
