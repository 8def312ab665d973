#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_prove.sh DAXSIM DAXMAP [KERNEL [OUT]]
#
# The proof table must not depend on what the pages are made of: run it on a
# memfd here, and under a real kernel with emulated NVDIMMs on /dev/dax and on a
# file on ext4 with DAX, and compare.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
daxsim=$1
daxmap=$2
kernel=${3:-6.12}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-prove.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
out=${4:-$tmp/out}

command -v python3 >/dev/null || {
	echo "test_prove.sh: skipped: no python3 to compare with" >&2
	exit 77
}

"$here/pack.sh" "$tmp/work" "$daxsim" "$daxmap" "$here/job_prove.sh"

"$daxsim" prove --json >"$tmp/memfd.json"
"$here/vm.sh" run --kernel "$kernel" --timeout "${DAXSIM_VM_TIMEOUT:-1200}" \
	--work "$tmp/work" --out "$out" -- sh ./job_prove.sh
for name in devdax ext4dax; do
	"$here/compare_tables.py" "$tmp/memfd.json" "$out/$name.json"
done
