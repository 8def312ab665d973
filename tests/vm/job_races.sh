#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: job_races.sh [TRIES]
#
# Runs inside the guest: races on ext4 and XFS with DAX, into $OUT/races-TYPE.tsv.
# XFS shares blocks.
set -eu

export LD_LIBRARY_PATH="$WORK/lib"

mount -t debugfs debugfs /sys/kernel/debug
for type in ext4 xfs; do
	case $type in
	ext4) mkfs.ext4 -q -F -b 4096 "$PMEMDEV" ;;
	xfs) mkfs.xfs -q -f -m reflink=1 "$PMEMDEV" ;;
	esac
	mount -t $type -o dax=always "$PMEMDEV" /mnt
	grep -q " /mnt $type .*dax=always" /proc/mounts || {
		echo "FAILED: mount of $type"
		exit 1
	}
	# What ext4 keeps back would hide blocks that are free.
	[ $type = xfs ] ||
		echo 0 >"/sys/fs/ext4/${PMEMDEV##*/}/reserved_clusters"
	echo "# $(uname -sr) $(uname -v | sed 's/.*Debian/Debian/')" \
		>"$OUT/races-$type.tsv"
	./races /mnt "$@" >>"$OUT/races-$type.tsv"
	echo "$type: $(grep -c -v '^#' "$OUT/races-$type.tsv") races," \
		"$(cut -d ' ' -f 1 /proc/uptime) s"
	umount /mnt
done
