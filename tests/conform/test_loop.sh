#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: test_loop.sh RECORD DAXSIM ext4|xfs [OPS [SEED]]
#
# Random calls on the running kernel's ext4 or XFS, on a loop device over a file
# of its own, against the model. Without DAX, so less is compared than in
# tests/vm; README.md says what. Needs root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

skip()
{
	echo "test_loop.sh: skipped: $*" >&2
	exit 77
}

# In a mount namespace of its own: however it ends, nothing stays mounted, and a
# loop device that mount(8) set up goes with its last mount.
if [ "${DAXSIM_OWN_MOUNTS-}" != yes ]; then
	[ "$(id -u)" = 0 ] || skip "only root may mount"
	command -v unshare >/dev/null || skip "no unshare"
	unshare -m true 2>/dev/null || skip "no mount namespaces"
	DAXSIM_OWN_MOUNTS=yes exec unshare -m "$0" "$@"
fi

record=$1
daxsim=$2
type=$3
ops=${4:-20000}
seed=${5:-$(od -A n -N 4 -t u4 /dev/urandom | tr -d ' ')}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-loop.XXXXXX")
clean_up()
{
	umount "$tmp/mnt" 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Without preallocation behind the end of a file, which DAX does not have.
case $type in
ext4)
	begin=ext4z
	mkfs="mkfs.ext4 -q -F -b 4096"
	options=loop
	;;
xfs)
	begin=xfs
	mkfs="mkfs.xfs -q -f -m reflink=0"
	options=loop,allocsize=4096
	;;
*)
	echo "test_loop.sh: ext4 or xfs, not $type" >&2
	exit 2
	;;
esac

# How far the profile goes by is what it was tried on, tests/conform/README.md.
release=$(uname -r)
major=${release%%.*}
minor=${release#*.}
minor=${minor%%[!0-9]*}
[ "$major" = 6 ] && [ "$minor" -ge 15 ] ||
	skip "no profile for the calls of Linux $release, only for 6.15 to 6.x"

truncate -s 526385152 "$tmp/image"
# shellcheck disable=SC2086 # a command and its options
$mkfs "$tmp/image" || skip "cannot make $type here"
mkdir "$tmp/mnt"
mount -t "$type" -o "$options" "$tmp/image" "$tmp/mnt" 2>"$tmp/why" ||
	skip "cannot mount: $(cat "$tmp/why")"
echo "on Linux $release, $type without DAX"
"$here/live.sh" "$record" "$daxsim" "$type-6.15" "$begin" "$tmp/mnt/file" \
	"$seed" "$ops" "${DAXSIM_LIVE_OUT:-$tmp}" --no-dax
