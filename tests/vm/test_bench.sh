#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_bench.sh DAXSIM KERNEL [OUT]
#
# The benchmark runs on a real /dev/dax, all suites, and says so in its result.
# What it measures in an emulated processor means nothing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
daxsim=$1
kernel=$2
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
out=${3:-$tmp/out}

command -v python3 >/dev/null || {
	echo "test_bench.sh: skipped: no python3 to look at it with" >&2
	exit 77
}

"$here/pack.sh" "$tmp/work" "$daxsim" "$here/job_bench.sh"
"$here/vm.sh" run --kernel "$kernel" --timeout "${DAXSIM_VM_TIMEOUT:-1200}" \
	--work "$tmp/work" --out "$out" -- sh ./job_bench.sh

python3 - "$out/bench.json" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    result = json.load(file)
backing = result["environment"]["backing"]
suites = {"growth", "index", "extents", "pins", "locks", "data", "operations",
          "wait", "search"}
assert backing["kind"] == "devdax", backing
assert backing["sync"] and backing["flush"] != "none", backing
assert {r["suite"] for r in result["results"]} == suites, suites
assert all(r["median"] > 0 for r in result["results"]), result["results"]
print(len(result["results"]), "results on", backing["path"])
END
