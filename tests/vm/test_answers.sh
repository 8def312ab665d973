#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_answers.sh PROGRAM KERNEL devdax|races [OUT]
#
# What a real kernel answers must be what is recorded in answers/, which
# devdax.md and races.md tell. With OUT, what was seen is left there under the
# names it has in answers/.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$1
kernel=$2
what=$3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-answers.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
out=${4:-$tmp/out}

# The first line names the kernel's release; one race needs luck.
comparable()
{
	tail -n +2 "$1" | grep -v '^write into a hole beside a pin to read'
}

"$here/pack.sh" "$tmp/work" "$program" "$here/job_$what.sh"
"$here/vm.sh" run --kernel "$kernel" --timeout "${DAXSIM_VM_TIMEOUT:-600}" \
	--work "$tmp/work" --out "$tmp/seen" -- sh "./job_$what.sh"

mkdir -p "$out"
status=0
for seen in "$tmp/seen/$what"-*.tsv; do
	name=$(basename "$seen" .tsv)-$kernel.tsv
	cp "$seen" "$out/$name"
	comparable "$here/answers/$name" >"$tmp/recorded"
	comparable "$seen" | diff -u "$tmp/recorded" - || status=1
done
exit $status
