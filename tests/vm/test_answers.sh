#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_answers.sh PROGRAM KERNEL devdax|races [OUT [TRIES]]
#
# What a real kernel answers must be what is recorded in answers/, which
# devdax.md and races.md tell. With OUT, what was seen is left there under the
# names it has in answers/. TRIES is for races that need luck.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$1
kernel=$2
what=$3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-answers.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
out=${4:-$tmp/out}
tries=${5-}

# The first line names the kernel's release; two races need luck.
comparable()
{
	tail -n +2 "$1" | grep -v -e '^write into a hole beside a pin to read' \
		-e '^fsync beside a pin'
}

"$here/pack.sh" "$tmp/work" "$program" "$here/job_$what.sh"
"$here/vm.sh" run --kernel "$kernel" --timeout "${DAXSIM_VM_TIMEOUT:-600}" \
	--work "$tmp/work" --out "$tmp/seen" -- \
	sh "./job_$what.sh" ${tries:+"$tries"}

mkdir -p "$out"
status=0
for seen in "$tmp/seen/$what"-*.tsv; do
	name=$(basename "$seen" .tsv)-$kernel.tsv
	cp "$seen" "$out/$name"
	comparable "$here/answers/$name" >"$tmp/recorded"
	comparable "$seen" | diff -u "$tmp/recorded" - || status=1
done
exit $status
