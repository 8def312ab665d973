#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: job_waits.sh TYPE:MODE...
#
# Runs inside the guest: what waits for pins on ext4 and XFS with DAX, into
# $OUT/TYPE-MODE.tsv. TYPE is ext4 or xfs. MODE is plain; kick, for 6.1.192; or
# short, a few rows.
set -eu

export LD_LIBRARY_PATH="$WORK/lib"

make_fs()
{
	# The stripes put files of 2 MiB where one entry can map them.
	case $1 in
	ext4) mkfs.ext4 -q -F -b 4096 -E stride=512,stripe_width=512 \
		"$PMEMDEV" ;;
	xfs) mkfs.xfs -q -f -m reflink=0 -d su=2m,sw=1,agcount=2 \
		-l size=64m,su=4096 "$PMEMDEV" ;;
	esac
	mount -t "$1" -o dax=always "$PMEMDEV" /mnt
	grep -q " /mnt $1 .*dax=always" /proc/mounts || {
		echo "FAILED: mount of $1"
		exit 1
	}
}

# The data arrive at the end of the delay: dm-delay holds the I/O back before it
# reaches the disk.
make_slow()
{
	modprobe brd rd_nr=1 rd_size=65536
	echo "0 131072 delay /dev/ram0 0 400 /dev/ram0 0 400" |
		dmsetup create slow
	dmsetup mknodes
}

mount -t debugfs debugfs /sys/kernel/debug
make_slow
for pair; do
	type=${pair%:*}
	mode=${pair#*:}
	make_fs "$type"
	set --
	case $mode in
	kick) set -- --kick ;;
	esac
	set -- "$@" /mnt /dev/mapper/slow /dev/ram0
	case $mode in
	short)
		set -- "$@" "truncate to 0" "punch the pinned blocks" \
			"collapse below" "write a pinned block" \
			"O_DIRECT write of a hole: punch" \
			"two pages, one by one: truncate to 0" \
			"munmap, truncate to 0" "signal: punch" \
			"load of another page: punch" "read: punch"
		;;
	esac
	echo "# $(uname -sr) $(uname -v | sed 's/.*Debian/Debian/')" \
		>"$OUT/$type-$mode.tsv"
	./waits_kernel "$@" >>"$OUT/$type-$mode.tsv"
	echo "$pair: $(grep -c -v '^#' "$OUT/$type-$mode.tsv") rows," \
		"$(cut -d ' ' -f 1 /proc/uptime) s"
	umount /mnt
done
