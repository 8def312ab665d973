#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_waits.sh WAITS_KERNEL KERNEL short|full [OUT]
#
# What waits for pins under a real kernel must be what is recorded in waits/,
# which waits.md compares with the model. With OUT, what was seen is left there
# under the names it has in waits/.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$1
kernel=$2
form=$3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-waits.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
out=${4:-$tmp/out}

command -v python3 >/dev/null || {
	echo "test_waits.sh: skipped: no python3 to compare with" >&2
	exit 77
}

case $form:$kernel in
short:*) set -- ext4:short xfs:short ;;
full:6.1) set -- ext4:kick xfs:kick ext4:plain xfs:plain ;;
full:*) set -- ext4:plain xfs:plain ;;
*)
	echo "test_waits.sh: short or full, not $form" >&2
	exit 2
	;;
esac

"$here/pack.sh" "$tmp/work" "$program" "$here/job_waits.sh"
"$here/vm.sh" run --kernel "$kernel" --timeout "${DAXSIM_VM_TIMEOUT:-1200}" \
	--work "$tmp/work" --out "$tmp/seen" -- sh ./job_waits.sh "$@"

mkdir -p "$out"
status=0
for pair; do
	type=${pair%:*}
	mode=${pair#*:}
	cp "$tmp/seen/$type-$mode.tsv" "$out/$type-$kernel-$mode.tsv"
	# The short form is asked where no wake-up is lost.
	[ "$mode" != short ] || mode=plain
	recorded=$here/waits/$type-$kernel-$mode.tsv
	[ -f "$recorded" ] || {
		echo "test_waits.sh: nothing recorded for $type on $kernel" >&2
		status=1
		continue
	}
	"$here/waits.py" compare "$recorded" \
		"$tmp/seen/$type-${pair#*:}.tsv" || status=1
done
exit $status
