#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""counterexample.py DAXSIM DIRECTORY: what the command tells of a failing run,
and the races in DIRECTORY, which are kept by the names of their switches."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BROKE, USAGE, DIVERGED = 1, 2, 5
EARLY = ["early-give-up.scn", "--fs", "ext4-v3"]


def daxsim(*args):
    return subprocess.run([DAXSIM, *map(str, args)], cwd=DIRECTORY,
                          capture_output=True, text=True)


def token_of(*args):
    """The token of the first finding, and the name of its property."""
    document = json.loads(daxsim("explore", *args, "--json").stdout)
    return (document["findings"][0]["replay"],
            document["findings"][0]["property"])


class Test(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def assert_one_line(self, run, code, pattern):
        self.assertEqual(run.returncode, code, run)
        self.assertRegex(run.stderr, r"\Adaxsim [^\n]*\n\Z")
        self.assertRegex(run.stderr, pattern)


class Races(Test):
    def test_each_race_ends_as_it_tells(self):
        races = sorted(DIRECTORY.glob("*.race"))
        self.assertGreaterEqual(len(races), 3)
        for race in races:
            expect = re.search(r"^expect (\w+) ?(\w*)$", race.read_text(),
                               re.M)
            run = daxsim("replay", race)
            self.assertEqual(run.stderr, "", race)
            if expect[1] == "holds":
                self.assertEqual(run.returncode, 0, race)
                self.assertIn("every property held", run.stdout)
            else:
                self.assertEqual(run.returncode, BROKE, race)
                self.assertIn(f"\nbroken: {expect[2]}\n", run.stdout)
                self.assertIn(f"\n{expect[2]} is inevitable from step ",
                              run.stdout)

    def changed(self, old, new):
        text = (DIRECTORY / "early-give-up.race").read_text()
        self.assertIn(old, text)
        text = text.replace("scenario early", f"scenario {DIRECTORY}/early")
        return self.write("changed.race", text.replace(old, new))

    def test_a_renamed_point_is_reported(self):
        path = self.changed("punch@WAIT_TEST", "punch@WAIT_LOOK")
        self.assert_one_line(daxsim("replay", path), DIVERGED,
                             r"changed.race: switch 2, punch@WAIT_LOOK -> "
                             r"direct: there is no point WAIT_LOOK")

    def test_a_point_that_is_no_longer_reached_is_reported(self):
        path = self.changed("punch@WAIT_TEST", "punch@BUSY_TEST:9")
        self.assert_one_line(daxsim("replay", path), DIVERGED,
                             r"switch 2, punch@BUSY_TEST:9 -> direct: not "
                             r"reached, punch stands at")

    def test_a_changed_scenario_is_reported(self):
        path = self.changed("fs ", "fs ")
        scenario = (DIRECTORY / "early-give-up.scn").read_text()
        other = self.write("other.scn",
                           scenario.replace("direct-read", "direct-write")
                           .replace("punch A 8K+8K", "punch A 16K+8K"))
        self.assertEqual(daxsim("replay", path).returncode, BROKE)
        self.assert_one_line(daxsim("replay", path, "--scenario", other),
                             DIVERGED, "WAITED held, and the file says")
        other.write_text(scenario.replace("task punch", "task hole"))
        self.assert_one_line(daxsim("replay", path, "--scenario", other),
                             DIVERGED, "there is no task punch")

    def test_another_kernel_is_reported(self):
        path = self.changed("fs ext4-v3", "fs ext4-4.19")
        self.assert_one_line(daxsim("replay", path), DIVERGED,
                             r"switch 4, punch@END -> direct: not reached, "
                             r"punch stands at")

    def test_a_run_that_breaks_where_it_should_hold_is_reported(self):
        path = self.changed("expect violates WAITED", "expect holds")
        self.assert_one_line(daxsim("replay", path), DIVERGED,
                             "broke, and the file says otherwise")

    def test_mistakes_in_a_race_are_one_line(self):
        self.assert_one_line(daxsim("replay", self.changed("start", "begin")),
                             USAGE, r"changed.race:\d+: expected scenario")
        self.assert_one_line(
            daxsim("replay", self.changed("ext4-v3", "ext4-v99")), USAGE,
            "no profile 'ext4-v99'")

    def test_an_exported_race_is_the_same_run(self):
        for args in (EARLY, ["signal.scn", "--fs", "ext4-4.18"],
                     ["evict.scn", "--fs", "xfs-6.1"],
                     ["prove/insert/direct-2/slow", "--fs", "ext4-v2"]):
            token, name = token_of(*args)
            run = daxsim("replay", token, "--export", "switches",
                         "--property", name)
            self.assertEqual(run.returncode, BROKE)
            self.assertIn(f"expect violates {name}\n", run.stdout)
            path = self.write("new.race", run.stdout)
            first = daxsim("replay", token, "--json", "--property", name)
            again = daxsim("replay", path, "--json")
            self.assertEqual(again.stdout, first.stdout)
            self.assertEqual(again.returncode, BROKE)


class Loud(Test):
    def test_the_continuation_called_safe_is_safe(self):
        for args in (EARLY, ["insert.scn", "--fs", "ext4-v3"],
                     ["bystander.scn", "--fs", "ext4-4.18"]):
            token, name = token_of(*args)
            run = daxsim("replay", token, "--property", name)
            inevitable = json.loads(
                daxsim("replay", token, "--property", name, "--json")
                .stdout)["inevitable"]
            self.assertTrue(inevitable["decided"])
            self.assertRegex(run.stdout, rf"{name} is inevitable from step "
                             rf"{inevitable['step']} ")
            self.assertEqual(len(re.findall("^>", run.stdout, re.M)), 1)
            safe = daxsim("replay", inevitable["safe"], "--json")
            self.assertNotIn(name, [finding["property"] for finding in
                                    json.loads(safe.stdout)["findings"]])

    def test_a_small_budget_is_owned_up_to(self):
        token, name = token_of("bystander.scn", "--fs", "ext4-4.18")
        run = daxsim("replay", token, "--decisive-budget", 1)
        self.assertEqual(run.returncode, BROKE)
        self.assertRegex(run.stdout, "is not decided: after 1 runs")
        self.assertNotRegex(run.stdout, "(?m)^>")

    def test_explain_tells_rule_holders_looks_and_fix(self):
        run = daxsim("explore", *EARLY, "--explain", "--property", "WAITED")
        self.assertEqual(run.returncode, BROKE)
        for part in ("WAITED: At the step that changes the extent map",
                     "holds A.i_rwsem exclusive, A.fault_lock exclusive",
                     "pins page 3 of A: block 4, count 2",
                     "never      block 4, which direct has pinned",
                     "fixed by b1f382178d15 (v4.19)"):
            self.assertIn(part, run.stdout)
        again = daxsim("explore", *EARLY, "--explain", "--property", "WAITED")
        self.assertEqual(re.sub(r"in [0-9.]+ s", "", again.stdout),
                         re.sub(r"in [0-9.]+ s", "", run.stdout))

    def test_columns_are_shown_on_request(self):
        token, _ = token_of(*EARLY)
        run = daxsim("replay", token, "--show", "locks,refs")
        self.assertIn("locks (*: excl.)", run.stdout)
        self.assertIn("block:refs", run.stdout)
        self.assertIn("3:1 4:2", run.stdout)
        for line in run.stdout.splitlines():
            if "daxsim replay" not in line:
                self.assertLessEqual(len(line), 80, line)
        self.assertNotIn("block:refs", daxsim("replay", token).stdout)

    def test_bad_values_are_one_line(self):
        token, _ = token_of(*EARLY)
        for args, pattern in (
                (["--show", "lock"], "--show: expected locks, refs or"),
                (["--property", "WAIT"], "--property: 'WAIT' is none"),
                (["--decisive-budget", "x"], "--decisive-budget: expected"),
                (["--export", "html"], "--export: expected")):
            self.assert_one_line(daxsim("replay", token, *args), USAGE,
                                 pattern)


class Shrink(Test):
    def shrink(self, *args):
        path = self.dir / "small.scn"
        run = daxsim("explore", *args, f"--shrink={path}", "--json")
        self.assertEqual(run.returncode, BROKE, run)
        return json.loads(run.stdout)["shrunk"], path

    def test_what_is_left_is_small_and_still_breaks(self):
        small, path = self.shrink(*EARLY, "--property", "WAITED")
        self.assertEqual(path.read_text(), small["scenario"])
        calls = re.findall(r"^\t(?!before)(.*)", small["scenario"], re.M)
        self.assertEqual(calls, ["direct-read A 0+8K", "punch A 4K+4K"])
        self.assertEqual(small["preemptions"], 3)
        run = daxsim("replay", small["replay"])
        self.assertEqual(run.returncode, BROKE, run)
        self.assertIn("broken: WAITED\n", run.stdout)

    def test_its_expectation_is_what_a_search_finds(self):
        small, path = self.shrink("bystander.scn", "--fs", "ext4-4.18")
        found = json.loads(daxsim("explore", path, "--fs", "ext4-4.18",
                                  "--json").stdout)["findings"]
        self.assertIn("expect ext4-4.18 violates " +
                      " ".join(finding["property"] for finding in found) +
                      "\n", small["scenario"])

    def test_text_is_the_same_each_time_and_for_every_way_of_turns(self):
        first, again, baton = (
            re.sub(r"in [0-9.]+ s", "", daxsim(
                "explore", "insert.scn", "--fs", "ext4-v3", "--shrink",
                *more).stdout)
            for more in ((), (), ("--turns", "baton")))
        self.assertIn("\nshrunk for ", first)
        self.assertIn("\nfile A 8K\n", first)
        self.assertIn(" is inevitable from step ", first)
        self.assertEqual(first, again)
        self.assertEqual(first, baton)

    def test_what_holds_is_not_shrunk(self):
        run = daxsim("explore", "early-give-up.scn", "--fs", "ext4-4.19",
                     "--shrink")
        self.assertEqual(run.returncode, 0)
        self.assertNotIn("shrunk", run.stdout)

    def test_misuse_is_one_line(self):
        self.assert_one_line(daxsim("explore", *EARLY, "--shrink", "--turns",
                                    "free"), USAGE, "--shrink: free tasks")
        run = daxsim("explore", *EARLY, "--shrink=/no/such/place")
        self.assert_one_line(run, USAGE, "/no/such/place: No such file")


if __name__ == "__main__":
    DAXSIM = pathlib.Path(sys.argv.pop(1)).resolve()
    DIRECTORY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
