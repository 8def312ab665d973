#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: live.sh RECORD DAXSIM PROFILE BEGIN FILE SEED OPS OUT [--no-dax]
#
# Makes fresh random calls on FILE, a name on a mounted file system, and replays
# them in the model. What differs is shrunk to the shortest sequence that still
# does, printed, and kept in OUT. Runs under dash and busybox. Exit status: 1 if
# there was a difference.
set -eu

record=$1
daxsim=$2
profile=$3
begin=$4
file=$5
seed=$6
ops=$7
out=$8
shift 8

# Enough to make starting cheap, and few enough for a small root file system.
batch=5000
# A rule that is missing shows in every other sequence.
max_shrunk=5
shrunk=0
done_ops=0
differing=0

# The sequences that differ, each once, from what conform prints.
differing_sequences()
{
	sed -n 's/^[^ ].*: .*, s \([0-9]*\), i .*/\1/p' "$1" | sort -un
}

shrink()
{
	number=$1
	shift
	shortest=$out/$begin-$seed-$number.jsonl
	if ! "$record" "$begin" "$file" "$@" --shrink "$batch_file" \
		--sequence "$number" \
		--check "$daxsim conform --fs $profile" >"$shortest"; then
		grep "^{\"s\":$number," "$batch_file" >"$shortest"
		echo "sequence $number does not differ when it is made again;" \
			"it is in $shortest:"
		sed -n "/^[^ ].*, s $number, i /,/  model/p" "$report"
		return
	fi
	"$daxsim" conform --fs "$profile" "$shortest" || true
	cut -c 1-200 "$shortest"
}

run_batch()
{
	"$record" "$begin" "$file" "$@" --seed "$next" --ops "$n" \
		>"$batch_file"
	status=0
	"$daxsim" conform --fs "$profile" "$batch_file" >"$report" || status=$?
	case $status in
	0) ;;
	1)
		for number in $(differing_sequences "$report"); do
			differing=$((differing + 1))
			[ $shrunk -lt $max_shrunk ] || continue
			shrunk=$((shrunk + 1))
			shrink "$number" "$@"
		done
		;;
	*) exit $status ;;
	esac
}

count_batch()
{
	last=$(grep '"begin"' "$batch_file" | tail -n 1 |
		sed 's/.*"seed":\([0-9]*\).*/\1/')
	got=$(grep -c '"op"' "$batch_file")
	next=$((last + 1))
	done_ops=$((done_ops + got))
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-live.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
batch_file=$tmp/recording.jsonl
report=$tmp/report

echo "$begin against $profile: from seed $seed on"
next=$seed
while [ $done_ops -lt "$ops" ]; do
	n=$((ops - done_ops))
	[ $n -le $batch ] || n=$batch
	run_batch "$@"
	count_batch
done
echo "$begin against $profile: seeds $seed to $last, $done_ops operations," \
	"$differing sequences differ"
[ $differing = 0 ]
