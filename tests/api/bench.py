#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench.py DAXSIM: daxsim bench measures and says where; daxsim compare finds
what is slower, and only that, in results that are written here with noise of
several kinds."""

import json
import math
import os
import random
import subprocess
import sys
import tempfile

DAXSIM = sys.argv[1]
NOISE = random.Random(7)
OPERATIONS = ["truncate", "punch", "collapse", "insert", "zero"]


def run(*args):
    return subprocess.run([DAXSIM, *args], capture_output=True, text=True,
                          check=False, timeout=300)


def expect(condition, why, seen=""):
    if not condition:
        sys.exit(f"{why}\n{seen}")


# ---------------------------------- bench -----------------------------------

def check_document(doc):
    expect(doc["schema_version"] == 1 and doc["verb"] == "bench", "head", doc)
    env = doc["environment"]
    for key in ("cpu", "kernel", "compiler", "flags", "governor", "backing"):
        expect(key in env, f"no {key}", env)
    expect(env["backing"]["kind"] == "memfd" and env["backing"]["flush"]
           and env["backing"]["page_size"] >= 4096, "backing", env)
    for row in doc["results"]:
        expect({"suite", "name", "size", "unit", "median", "p99", "peer",
                "ratio"} <= set(row), "fields", row)
        expect(0 < row["median"] <= row["p99"], "figures", row)
        expect(row["ratio"] is None or row["ratio"] > 0, "ratio", row)
    return {(row["name"], row["size"]): row for row in doc["results"]}


def growth_names_the_operations():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        seen = run("bench", "--suite", "growth", "--short", "--rounds", "1",
                   "--json", "--output", path)
        expect(seen.returncode == 0, "bench failed", seen)
        doc = json.loads(seen.stdout)
        rows = check_document(doc)
        for name in OPERATIONS:
            for size in (1000, 10000, 100000):
                expect((name, size) in rows, f"no {name} {size}", rows.keys())
                expect(rows[name, size]["unit"] == "ns", "unit", rows)
        expect(len(doc["references"]) == 2, "references", doc)
        with open(path, encoding="utf-8") as file:
            expect(json.load(file)["results"] == doc["results"],
                   "the file is another document")


def what_does_not_fit_is_left_out():
    seen = run("bench", "--suite", "growth", "--short", "--rounds", "1",
               "--json", "--size", "64M")
    doc = json.loads(seen.stdout)
    expect(seen.returncode == 0, "bench failed", seen)
    expect({row["size"] for row in doc["left_out"]} == {100000},
           "left out", doc["left_out"])
    expect(not any(row["size"] == 100000 for row in doc["results"]),
           "measured all the same")


def a_device_is_not_used_without_leave():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"somebody's data" * 1000000)
        file.flush()
        seen = run("bench", "--suite", "growth", "--short", "--device",
                   file.name, "--size", "4M")
        expect(seen.returncode == 3 and seen.stderr.count("\n") == 1,
               "used a file with data", seen)


def a_small_device_is_used_as_far_as_it_goes():
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(8 << 20)
        seen = run("bench", "--suite", "growth", "--short", "--rounds", "1",
                   "--json", "--device", file.name)
        doc = json.loads(seen.stdout)
        expect(seen.returncode == 0, "bench failed", seen)
        expect(doc["environment"]["backing"]["size"] == 8 << 20, "the size",
               doc["environment"])


def bad_options_are_one_line():
    for args in (["bench", "--suite", "none"], ["bench", "--rounds", "0"],
                 ["bench", "--rounds", "65"], ["bench", "extra"],
                 ["bench", "--size", "1K"], ["bench", "--size", "0"],
                 ["prove", "--size", "0"], ["compare"],
                 ["compare", "a", "b", "c"], ["compare", "--no"],
                 ["compare", "--threshold", "0", "a", "b"]):
        seen = run(*args)
        expect(seen.returncode == 2 and not seen.stdout
               and seen.stderr.count("\n") == 1, f"{args}", seen)


# --------------------------------- compare ----------------------------------

def document(rows, references=()):
    return {
        "schema_version": 1, "verb": "bench", "short": True,
        "environment": {"cpu": "c", "kernel": "k", "flags": "f",
                        "governor": None, "backing": {"kind": "memfd"}},
        "results": rows, "references": list(references), "left_out": [],
    }


def row(name, rounds, peer_rounds=None, peer=None, unit="ns", suite="s"):
    result = {"suite": suite, "name": name, "size": 1, "unit": unit,
              "median": 1.0, "p99": 1.0, "peer": peer, "ratio": None,
              "rounds": rounds}
    if peer_rounds:
        result["peer_rounds"] = peer_rounds
    return result


class Files:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.n = 0
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def write(self, text):
        self.n += 1
        path = os.path.join(self.folder.name, str(self.n))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text if isinstance(text, str) else json.dumps(text))
        return path

    def compare(self, a, b, *args):
        return run("compare", "--json", *args, self.write(a), self.write(b))


def verdicts(seen):
    return {line["name"]: line for line in json.loads(seen.stdout)["results"]}


def noisy(level, n, spread, spikes):
    """What a machine gives: a little more, and now and then much more."""
    return [level * math.exp(abs(NOISE.gauss(0, spread)))
            * (NOISE.choice([2, 5]) if NOISE.random() < spikes else 1)
            for _ in range(n)]


def machine(n_rows, n, slow=(), factor=1.0, load=1.0, spread=0.05,
            spikes=0.05, size=5):
    """Results of one run: rows beside a peer, with references, under load."""
    rows = []
    for i in range(n_rows):
        # The machine changes from round to round, for all that runs then.
        speed = [load * x for x in noisy(1, n, spread, 0)]
        ours = [x * y for x, y in zip(noisy(size, n, spread, spikes), speed)]
        theirs = [x * y for x, y in zip(noisy(3, n, spread, spikes), speed)]
        if i in slow:
            ours = [x * factor for x in ours]
        rows.append(row(f"r{i}", ours, theirs, "peer"))
    references = [row("reference-cpu", [x * load for x in
                                        noisy(1, n, spread, 0)]),
                  row("reference-memory", [x * load for x in
                                           noisy(80, n, spread, 0)])]
    for reference in references:
        reference["size"] = 0
    return document(rows, references)


def noise_is_no_regression():
    with Files() as files:
        for spread in (0.01, 0.1, 0.5):
            for spikes in (0, 0.2):
                for n in (3, 5, 9):
                    for load in (1, 1.7):
                        seen = files.compare(
                            machine(60, n, spread=spread, spikes=spikes),
                            machine(60, n, spread=spread, spikes=spikes,
                                    load=load))
                        expect(seen.returncode == 0, f"noise {spread} {spikes}"
                               f" {n} {load}", seen)


def what_is_slower_is_named():
    with Files() as files:
        slow = {3, 17}
        for load in (1, 0.7, 1.5):
            seen = files.compare(
                machine(40, 7, spread=0.02, spikes=0),
                machine(40, 7, slow=slow, factor=1.5, load=load, spread=0.02,
                        spikes=0))
            if load == 1:
                expect(seen.returncode == 6, "slower was not seen", seen)
                named = {int(name[1:]) for name, line in
                         verdicts(seen).items() if line["verdict"] == "slower"}
                expect(named == slow, f"named {named}", seen)
            if load == 0.7:
                # By itself hardly slower: the machine could be the reason.
                expect(seen.returncode == 0, "a faster machine", seen)


def a_faster_one_is_no_regression():
    with Files() as files:
        seen = files.compare(machine(10, 7, spread=0.01, spikes=0),
                             machine(10, 7, slow=range(10), factor=0.5,
                                     spread=0.01, spikes=0))
        expect(seen.returncode == 0, "faster", seen)
        expect({line["verdict"] for line in verdicts(seen).values()}
               == {"faster"}, "faster was not seen", seen)


def the_threshold_counts():
    a = document([row("r", [100, 100.1, 99.9, 100, 100.05])])
    b = document([row("r", [107, 107.1, 106.9, 107, 107.05])])
    with Files() as files:
        expect(files.compare(a, b).returncode == 0, "7 % of 10")
        expect(files.compare(a, b, "--threshold", "5").returncode == 6,
               "7 % of 5")


def bytes_need_no_statistics():
    with Files() as files:
        a = document([row("r", [20, 20, 20], unit="bytes")])
        b = document([row("r", [24, 24, 24], unit="bytes")])
        expect(files.compare(a, b).returncode == 6, "more bytes")
        expect(files.compare(b, a).returncode == 0, "fewer bytes")
        expect(files.compare(a, a).returncode == 0, "as many bytes")


def too_few_rounds_are_unclear():
    with Files() as files:
        seen = files.compare(document([row("r", [1, 1])]),
                             document([row("r", [9, 9])]))
        expect(seen.returncode == 0, "two rounds", seen)
        expect(verdicts(seen)["r"]["verdict"] == "unclear", "two rounds", seen)


def intervals_are_students():
    """Three pairs whose logarithms differ by 0, 0.1 and 0.2: the mean is 0.1,
    its error 0.1 / sqrt(3), and t of two degrees at 95 % is 4.302653."""
    a = document([row("r", [1, 1, 1])])
    b = document([row("r", [1, math.exp(0.1), math.exp(0.2)])])
    half = 4.302653 * 0.1 / math.sqrt(3)
    with Files() as files:
        line = verdicts(files.compare(a, b, "--paired"))["r"]
        for key, expected in (("change", 0.1), ("low", 0.1 - half),
                              ("high", 0.1 + half)):
            expect(abs(math.log(line[key]) - expected) < 2e-5, key, line)
        # Welch: variance of one side alone, so its two degrees as well.
        line = verdicts(files.compare(a, b))["r"]
        expect(abs(math.log(line["high"]) - 0.1 - half) < 2e-5, "welch", line)


def pairs_see_through_drift():
    """A machine that gets slower by half in each round, the other build a
    fifth slower throughout."""
    drift = [100 * 1.5 ** i for i in range(8)]
    a = document([row("r", drift)])
    b = document([row("r", [x * f for x, f in zip(
        drift, [1.2, 1.21, 1.19, 1.2, 1.2, 1.21, 1.2, 1.19])])])
    with Files() as files:
        expect(files.compare(a, b).returncode == 0, "not paired")
        expect(files.compare(a, b, "--paired").returncode == 6, "paired")


def one_build_beside_itself_is_no_slower():
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                          "..", "bench", "paired")
    seen = subprocess.run([script, DAXSIM, DAXSIM, "3", "--short", "--suite",
                           "extents"], capture_output=True, text=True,
                          check=False)
    expect(seen.returncode == 0 and "0 slower" in seen.stdout
           and "collapse-and-insert" in seen.stdout, "paired", seen)


def documents_add_up():
    one = [document([row("r", [x])]) for x in (10, 10.1, 9.9, 10, 10.05)]
    two = [document([row("r", [x])]) for x in (20, 20.1, 19.9, 20, 20.05)]
    with Files() as files:
        seen = files.compare("\n".join(map(json.dumps, one)),
                             "\n".join(map(json.dumps, two)))
        expect(seen.returncode == 6, "five documents of one round", seen)


def bad_files_are_one_line():
    good = document([row("r", [1, 2, 3])])
    other = document([row("other", [1, 2, 3])])
    bad = ["", "{", "[]", "{}", '{"schema_version": 1, "verb": "prove"}',
           {**good, "schema_version": 2}, {**good, "results": {}},
           {**good, "results": [{}]}, {**good, "environment": []},
           {**good, "results": [row("r", "x")]},
           {**good, "results": [row("r", [1, "x"])]},
           {**good, "results": [row("r", [-1])]},
           {**good, "results": [row("r", [1] * 65)]},
           {**good, "results": [row("r", [1, 2], [1])]},
           {**good, "results": [row("n" * 100, [1])]}, other]
    with Files() as files:
        for text in bad:
            for pair in ((good, text), (text, good)):
                seen = files.compare(*pair)
                expect(seen.returncode == 2 and not seen.stdout
                       and seen.stderr.count("\n") == 1, text, seen)
        seen = run("compare", "/nonexistent", files.write(good))
        expect(seen.returncode == 2 and seen.stderr.count("\n") == 1,
               "no file", seen)


for test in (growth_names_the_operations, what_does_not_fit_is_left_out,
             a_device_is_not_used_without_leave,
             a_small_device_is_used_as_far_as_it_goes, bad_options_are_one_line,
             noise_is_no_regression, what_is_slower_is_named,
             a_faster_one_is_no_regression, the_threshold_counts,
             bytes_need_no_statistics, too_few_rounds_are_unclear,
             intervals_are_students, pairs_see_through_drift,
             one_build_beside_itself_is_no_slower, documents_add_up,
             bad_files_are_one_line):
    test()
