#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: job_races.sh [TRIES]
#
# Runs inside the guest: races on ext4 and XFS with DAX, into $OUT/races-TYPE.tsv.
# XFS shares blocks, and the kernel's NFS server gives out layouts of its files.
set -eu

export LD_LIBRARY_PATH="$WORK/lib"

# What mountd tells the kernel of an export, for ever: anybody here may have /mnt,
# as the root of all exports (0x2000), with layouts (0x20000), from any port
# (0x2), whatever is below it (0x400).
serve()
{
	modprobe nfsd
	mount -t nfsd nfsd /proc/fs/nfsd
	ifconfig lo 127.0.0.1 up
	never=2147483647
	echo "nfsd 127.0.0.1 $never us" >/proc/net/rpc/auth.unix.ip/channel
	echo "us /mnt $never $((0x22402)) 0 0 0" \
		>/proc/net/rpc/nfsd.export/channel
	echo "us 1 \\x00000000 $never /mnt" >/proc/net/rpc/nfsd.fh/channel
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	# That would need rpcbind.
	echo -3 >/proc/fs/nfsd/versions
	echo "tcp 2049" >/proc/fs/nfsd/portlist
	echo 4 >/proc/fs/nfsd/threads
}

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
	# What they keep back would hide blocks that are free.
	case $type in
	ext4) echo 0 >"/sys/fs/ext4/${PMEMDEV##*/}/reserved_clusters" ;;
	xfs) xfs_io -x -c "resblks 0" /mnt >/dev/null ;;
	esac
	echo "# $(uname -sr) $(uname -v | sed 's/.*Debian/Debian/')" \
		>"$OUT/races-$type.tsv"
	[ $type = ext4 ] || serve
	./races /mnt "$@" >>"$OUT/races-$type.tsv"
	echo "$type: $(grep -c -v '^#' "$OUT/races-$type.tsv") races," \
		"$(cut -d ' ' -f 1 /proc/uptime) s"
	# The server closes files when it likes, and nothing comes behind it.
	[ $type = xfs ] || umount /mnt
done
