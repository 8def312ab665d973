#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In the guest of tests/vm/vm.sh: records sets of calls on a fresh file system.
#
#	record.sh ext4|ext4z|xfs SET[:SEED[:N]]...
set -eu

begin=$1
shift
if [ "$begin" = xfs ]; then
	mkfs.xfs -q -f -m reflink=0 "$PMEMDEV"
	type=xfs
else
	mkfs.ext4 -q -F -b 4096 "$PMEMDEV"
	type=ext4
fi
mkdir -p /mnt
mount -t "$type" -o dax=always "$PMEMDEV" /mnt
# A mount that failed would leave the initramfs to be recorded.
grep -q " /mnt $type " /proc/mounts
if [ "$begin" = ext4z ]; then
	echo 0 >"/sys/fs/ext4/${PMEMDEV#/dev/}/extent_max_zeroout_kb"
fi
./record "$begin" /mnt/file "$@" >"$OUT/$begin.jsonl"
umount /mnt
