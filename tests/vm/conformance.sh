#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: conformance.sh BUILD [OPS [PART...]]
#
# Everything that compares the model with real kernels, in its long form: the
# recordings, fresh calls on loop devices and, with DAX, under 6.1 and 6.12 (OPS
# on each file system, 50000 unless given), the waits, the races, devdax, the
# proof table, and the benchmark on devdax. What each part says goes to
# BUILD/conformance/PART.log; exit status: 1 if a part failed. A part that this
# machine cannot run is skipped. With PART, which may be a pattern ('*-6.1'), only
# those; the names are what is printed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
ops=${2:-50000}
loop_ops=100000
logs=$build/conformance
daxsim=$build/bench/daxsim/daxsim
record=$build/tests/conform/record
failures=0
ran=0
if [ $# -gt 2 ]; then
	shift 2
else
	set -- '*'
fi
parts="$*"

is_wanted()
{
	set -f
	for pattern in $parts; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in
		$pattern) return 0 ;;
		esac
	done
	return 1
}

# part NAME COMMAND...
part()
{
	name=$1
	shift
	is_wanted "$name" || return 0
	ran=$((ran + 1))
	start=$(date +%s)
	status=0
	"$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
	case $status in
	0) result=passed ;;
	77) result=skipped ;;
	*)
		result=FAILED
		failures=$((failures + 1))
		;;
	esac
	echo "$name: $result, $(($(date +%s) - start)) s"
	case $result in
	passed) grep -E ' operations, | rows, ' "$logs/$name.log" || true ;;
	*) tail -n 3 "$logs/$name.log" ;;
	esac | sed 's/^/  /'
}

mkdir -p "$logs"
# A run that takes long is no hang here.
DAXSIM_VM_TIMEOUT=${DAXSIM_VM_TIMEOUT:-14400}
export DAXSIM_VM_TIMEOUT

part recordings meson test -C "$build" --setup full --no-rebuild \
	--suite conform
for type in ext4 xfs; do
	part "loop-$type" "$here/../conform/test_loop.sh" "$record" "$daxsim" \
		"$type" "$loop_ops"
done
part bench-6.12 "$here/test_bench.sh" "$daxsim" 6.12 "$logs/bench"
for kernel in 6.12 6.1; do
	part "waits-$kernel" "$here/test_waits.sh" \
		"$build/tests/vm/waits_kernel" "$kernel" full "$logs/waits"
	for what in races devdax; do
		part "$what-$kernel" "$here/test_answers.sh" \
			"$build/tests/vm/$what" "$kernel" "$what" \
			"$logs/answers"
	done
	part "prove-$kernel" "$here/test_prove.sh" "$daxsim" \
		"$build/tests/vm/daxmap" "$kernel" "$logs/prove-$kernel"
	part "calls-$kernel" "$here/test_live.sh" "$daxsim" "$record" \
		"$kernel" "$ops" \
		"$(od -A n -N 4 -t u4 /dev/urandom | tr -d ' ')" \
		"$logs/calls-$kernel"
done
echo "$failures of $ran parts failed; logs in $logs"
[ $ran != 0 ] || {
	echo "conformance.sh: no part is called $parts" >&2
	exit 2
}
[ $failures = 0 ]
