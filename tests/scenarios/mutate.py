#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mutate.py DAXSIM: the matrix of mutations. Every rule that is broken on
purpose is missed, in a run that can be replayed; every property misses one."""

import json
import subprocess
import sys
import unittest

# What only programs of users can break.
WITHOUT_MUTATION = {"EXPECTED"}


def daxsim(*args):
    return subprocess.run([DAXSIM, *args], capture_output=True, text=True)


def names(what):
    listed = json.loads(daxsim("list", what, "--json").stdout)[what]
    return {entry["name"] for entry in listed}


class Mutate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_all = daxsim("mutate", "--json")
        cls.mutations = json.loads(cls.run_all.stdout)["mutations"]

    def killed(self):
        return [m for m in self.mutations if m["status"] == "killed"]

    def test_no_mutation_survives(self):
        self.assertEqual([m["name"] for m in self.mutations
                          if m["status"] == "survived"], [])
        self.assertEqual(self.run_all.returncode, 0, self.run_all.stderr)

    def test_every_rule_is_broken_once(self):
        self.assertEqual(len(self.mutations), len(names("rules")))
        self.assertEqual({m["rule"] for m in self.mutations}, names("rules"))
        self.assertEqual({m["name"] for m in self.mutations},
                         names("mutations"))
        self.assertGreater(len(self.killed()), 40)

    def test_every_rule_is_met(self):
        self.assertEqual([m["name"] for m in self.mutations
                          if not m["reached"]], [])

    def test_every_property_is_broken(self):
        broken = {p for m in self.killed() for p in m["properties"]}
        self.assertEqual(names("properties") - WITHOUT_MUTATION, broken)

    def test_scenarios_hold_with_every_rule_kept(self):
        for m in self.mutations:
            with self.subTest(m["name"]):
                self.assertGreater(max(m["interleavings_unmutated"],
                                       m["states_unmutated"]), 1)

    def test_equivalent_means_argued_and_searched_to_the_end(self):
        for m in self.mutations:
            with self.subTest(m["name"]):
                self.assertEqual(m["status"] == "equivalent",
                                 m["argument"] is not None)
                if m["argument"]:
                    self.assertEqual(m["search"], "COMPLETE")

    def test_what_killed_it_can_be_seen_again(self):
        for m in self.killed():
            with self.subTest(m["name"]):
                run = daxsim("replay", "--json", m["replay"])
                self.assertEqual(run.returncode, 1, run.stderr)
                found = json.loads(run.stdout)
                self.assertEqual(found["mutation"], m["name"])
                self.assertEqual({f["property"] for f in found["findings"]},
                                 set(m["properties"]))

    def test_one_mutation_is_as_in_the_matrix(self):
        for by, key in (("--mutation", "name"), ("--rule", "rule")):
            for m in self.mutations[:3]:
                run = daxsim("mutate", by, m[key], "--json")
                self.assertEqual(json.loads(run.stdout)["mutations"], [m])

    def test_a_profile_has_its_own_rules(self):
        run = daxsim("mutate", "--fs", "xfs-4.19", "--json")
        found = json.loads(run.stdout)["mutations"]
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("xfs-no-break-in-fallocate",
                      {m["name"] for m in found})
        self.assertLess(len(found), len(self.mutations))
        for m in found:
            self.assertIn(m["fs"], ("xfs-4.19", None))

    def test_explore_and_prove_can_break_a_rule(self):
        cell = ["--op", "punch", "--fs", "ext4-4.19", "--pin", "direct-1"]
        broken = ["--mutate", "ext4-no-break-in-punch"]
        self.assertEqual(daxsim("prove", *cell).returncode, 0)
        self.assertEqual(daxsim("prove", *cell, *broken).returncode, 1)
        explore = ["explore", "scenario/two-fsyncs", "--fs", "ext4-4.19"]
        self.assertEqual(daxsim(*explore).returncode, 0)
        run = daxsim(*explore, "--mutate", "unlock-entry-wakes-nobody")
        self.assertEqual(run.returncode, 1)
        self.assertIn("+unlock-entry-wakes-nobody:", run.stdout)

    def test_a_token_without_its_mutation_is_damaged(self):
        token = self.killed()[0]["replay"]
        self.assertIn("+" + self.killed()[0]["name"], token)
        bare = token.replace("+" + self.killed()[0]["name"], "")
        self.assertEqual(daxsim("replay", bare).returncode, 2)
        other = token.replace(self.killed()[0]["name"],
                              self.killed()[1]["name"])
        self.assertEqual(daxsim("replay", other).returncode, 2)


if __name__ == "__main__":
    DAXSIM = sys.argv.pop(1)
    unittest.main()
