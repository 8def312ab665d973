#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_live.sh DAXSIM RECORD KERNEL OPS [SEED [OUT [BEGIN=PROFILE]...]]
#
# Random calls on a real ext4 and XFS with DAX must do in the model what they
# did there. Every run draws others, unless a seed is given.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
daxsim=$1
record=$2
kernel=$3
ops=$4
seed=${5:-$(od -A n -N 4 -t u4 /dev/urandom | tr -d ' ')}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-live.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
out=${6:-$tmp/out}
if [ $# -gt 6 ]; then
	shift 6
else
	set -- "ext4z=ext4-$kernel" "ext4=ext4-$kernel" "xfs=xfs-$kernel"
fi

"$here/pack.sh" "$tmp/work" "$daxsim" "$record" "$here/job_live.sh" \
	"$here/../conform/live.sh"
"$here/vm.sh" run --kernel "$kernel" --timeout "${DAXSIM_VM_TIMEOUT:-1200}" \
	--work "$tmp/work" --out "$out" -- \
	sh ./job_live.sh "$seed" "$ops" "$@"
