#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""shards.py DAXSIM: what is done in parts is what is done at once: by several
workers, and by shards that are merged; shards that do not fit are refused."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

USAGE, BUDGET, INTERRUPTED = 2, 4, 130
# 15 small cells.
PROVE = ["prove", "--op", "allocate", "--json"]
# Questions, and what they end with.
QUESTIONS = [
    (["prove", "--op", "insert", "--pin", "unmapped", "--json"], 0),
    (["prove", "--fs", "xfs-4.19", "--budget", "30", "--json"], BUDGET),
    (["explore", "tests/scenarios/early-give-up.scn", "--fs", "ext4-4.18",
      "--strategy", "random", "--budget", "3000", "--json"], 1),
    (["explore", "prove/zero/direct-2/fast", "--fs", "ext4-4.19",
      "--strategy", "random", "--budget", "5", "--json",
      "--seed", str(2**64 - 1)], 0),
    (["explore", "prove/punch/direct-2/slow", "--fs", "ext4-4.18",
      "--strategy", "pct", "--budget", "500", "--json"], 1),
    (["explore", "tests/scenarios/bystander.scn", "--fs", "xfs-4.19",
      "--strategy", "pct", "--budget", "8", "--json"], 0),
    (["mutate", "--fs", "xfs-4.19", "--json"], 0),
]
# Each shard of few things may be empty.
COUNTS = [1, 2, 3, 7]


def daxsim(*args, **more):
    return subprocess.run([DAXSIM, *args], capture_output=True, text=True,
                          cwd=ROOT, **more)


def timeless(text):
    return re.sub(r'("seconds": )[0-9.]+', r"\1", text)


def shards_of(question, n):
    runs = [daxsim(*question, "--shard", f"{k}/{n}") for k in range(1, n + 1)]
    for run in runs:
        assert run.stderr == "", run.stderr
        assert run.returncode == json.loads(run.stdout)["shard"]["exit"]
    return [run.stdout for run in runs]


def key(name, cost):
    """The key of an item, as shard.h says, written once more."""
    mask = 2**64 - 1

    def mix(x):
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & mask
        x = (x ^ x >> 27) * 0x94d049bb133111eb & mask
        return x ^ x >> 31

    hashed = 0
    for byte in name.encode():
        hashed = mix(hashed ^ (byte + 0x9e3779b97f4a7c15 & mask))
    return (255 - cost) << 56 | hashed >> 8


class Parts(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def write(self, *texts):
        paths = []
        for text in texts:
            paths.append(os.path.join(self.dir.name, f"{len(paths)}.json"))
            with open(paths[-1], "w") as file:
                file.write(text)
        return paths

    def test_shards_merge_into_the_whole(self):
        for question, code in QUESTIONS:
            whole = daxsim(*question)
            self.assertEqual(whole.returncode, code, question)
            for n in COUNTS:
                merged = daxsim("merge", *self.write(*shards_of(question, n)))
                self.assertEqual(merged.stderr, "")
                self.assertEqual(timeless(merged.stdout),
                                 timeless(whole.stdout), (question, n))
                self.assertEqual(merged.returncode, code, (question, n))

    def test_order_and_files_do_not_matter(self):
        whole = daxsim(*PROVE).stdout
        shards = shards_of(PROVE, 3)[::-1]
        lines = "\n".join(json.dumps(json.loads(shard)) for shard in shards)
        for text in ["".join(shards), lines]:
            self.assertEqual(daxsim("merge", "-", input=text).stdout, whole)
        two_files = self.write(shards[1], shards[0] + shards[2])
        self.assertEqual(daxsim("merge", *two_files).stdout, whole)

    def test_each_item_is_in_one_shard_and_shards_are_even(self):
        for n in COUNTS:
            items = [json.loads(shard)["shard"]["items"]
                     for shard in shards_of(PROVE, n)]
            self.assertEqual(sorted(sum(items, [])), list(range(15)))
            sizes = sorted(map(len, items))
            self.assertLessEqual(sizes[-1] - sizes[0], 1)

    def test_who_belongs_where_is_as_documented(self):
        cells = json.loads(daxsim(*PROVE).stdout)["cells"]
        cost = {"direct-1": 0, "unmapped": 1, "direct-2": 2}
        order = sorted(range(15), key=lambda i: key(
            "{op}/{fs}/{pin}".format(**cells[i]), cost[cells[i]["pin"]]))
        for k, shard in enumerate(shards_of(PROVE, 4)):
            self.assertEqual(json.loads(shard)["shard"]["items"],
                             sorted(order[k::4]))

    def test_workers_change_nothing(self):
        for question in [["prove", "--op", "punch"],
                         ["prove", "--budget", "30"]]:
            texts = {daxsim(*question, "--json", "--jobs", jobs).stdout
                     for jobs in ["1", "2", "5"]}
            self.assertEqual(len(texts), 1)
            texts = {re.sub(r"in [0-9.]+ s", "",
                            daxsim(*question, "--jobs", jobs).stdout)
                     for jobs in ["1", "3"]}
            self.assertEqual(len(texts), 1)

    def test_threads_draw_the_same_runs(self):
        for strategy in ["random", "pct"]:
            runs = set()
            for jobs in ["1", "2", "5"]:
                run = daxsim("explore", "prove/punch/direct-2/fast", "--fs",
                             "ext4-v3", "--strategy", strategy, "--budget",
                             "203", "--jobs", jobs, "--json")
                runs.add(re.sub(r'"seconds": [0-9.]+', "", run.stdout))
            self.assertEqual(len(runs), 1, strategy)

    def test_threads_share_a_graph_of_states(self):
        runs = [json.loads(daxsim(
            "explore", "prove/punch/direct-2/slow", "--fs", "ext4-v3",
            "--strategy", "states", "--jobs", jobs, "--json").stdout)
            for jobs in ["1", "4"]]
        for key in ["search", "states"]:
            self.assertEqual(runs[0][key], runs[1][key])
        self.assertEqual(*({f["property"] for f in run["findings"]}
                           for run in runs))

    def assert_refused(self, why, texts):
        run = daxsim("merge", *self.write(*texts))
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""), why)
        self.assertRegex(run.stderr, r"\Adaxsim merge: .*\n\Z")
        self.assertRegex(run.stderr, why)

    def test_what_does_not_fit_is_refused_by_name(self):
        one, two, three = shards_of(PROVE, 3)
        other = shards_of([*PROVE, "--fs", "ext4-v2"], 3)[1]
        budget = shards_of([*PROVE, "--budget", "99"], 3)[1]
        random = shards_of(QUESTIONS[3][0], 3)
        seed = shards_of([*QUESTIONS[3][0][:-1], "2"], 3)[1]
        whole = daxsim(*PROVE).stdout

        self.assert_refused("shard 2/3 is missing", [one, three])
        self.assert_refused("shard 3/3 is missing", [one, two])
        self.assert_refused("shard 2/3 is given twice.*1.json.*3.json",
                            [one, two, three, two])
        self.assert_refused("1.json.*something else", [one, other, three])
        self.assert_refused("1.json.*something else", [one, budget, three])
        self.assert_refused("1.json.*something else",
                            [random[0], seed, random[2]])
        self.assert_refused("1.json.*of explore", [one, random[1], three])
        self.assert_refused("2.json.*one of 4",
                            [one, two, shards_of(PROVE, 4)[2]])
        self.assert_refused("0.json.*not a shard", [whole])
        self.assert_refused("1.json.*schema_version", [
            one, two.replace('"schema_version": 1', '"schema_version": 2')])
        self.assert_refused("1.json.*interrupted", [
            one, re.sub(r'"exit": \d+', '"exit": 130', two), three])

    def test_what_is_no_document_is_refused(self):
        one, two = shards_of(PROVE, 2)

        for text in ["", "{", "[]", "1", "[" * 99, one[:-100], one + "x",
                     one.replace('"flush"', r'"flu\nsh"'),
                     re.sub(r'("of": ")..', r"\1\\n", one),
                     '{"schema_version": 1, "verb": "list", "shard": {}}']:
            self.assert_refused("0.json", [text, two])
        self.assert_refused("cells", [one, re.sub(r'("items": \[)\d+', r"\g<1>"
                                                  "99", two)])
        self.assert_refused("cells", [one, re.sub(r'("items": \[)\d+, ',
                                                  r"\1", two)])
        self.assert_refused("region_size", [
            one, re.sub(r'("region_size": )\d+', r"\g<1>5", two)])

    def test_machines_may_differ(self):
        one, two = shards_of(PROVE, 2)
        two = re.sub(r'("flush": )"\w+"', r'\1"other"', two)
        flush = json.loads(one)["flush"]
        merged = daxsim("merge", *self.write(one, two))
        self.assertEqual(json.loads(merged.stdout)["flush"],
                         f"{flush},other")

    def test_bad_values_are_one_line(self):
        for args in [["prove", "--shard", shard] for shard in
                     ["0/1", "2/1", "1", "1/", "/1", "1/2/3", "-1/2", "a/b",
                      "1/65537", " 1/2", "1/99999999999999999999"]] + [
                     ["prove", "--jobs", jobs] for jobs in
                     ["0", "257", "-1", "x", ""]] + [
                     ["prove", "--jobs", "2", "--device", "/dev/null"],
                     ["explore", "prove/punch/direct-1/fast", "--fs",
                      "ext4-4.19", "--jobs", "2"],
                     ["explore", *QUESTIONS[0][0][1:], "--shard", "1/2"],
                     [*QUESTIONS[3][0], "--shard", "1/2", "--first"],
                     [*QUESTIONS[3][0], "--shard", "1/2", "--turns", "free"],
                     ["explore", "prove/punch/direct-1/fast", "--fs",
                      "ext4-4.19", "--shard", "1/2"],
                     ["merge"], ["merge", "/no/such/file"], ["merge", "/"]]:
            run = daxsim(*args)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), args)
            self.assertRegex(run.stderr, r"\Adaxsim \w+: .*\n\Z", args)


if __name__ == "__main__":
    DAXSIM = os.path.abspath(sys.argv.pop(1))
    ROOT = sys.argv.pop(1)
    unittest.main()
