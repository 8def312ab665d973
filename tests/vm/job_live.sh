#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: job_live.sh SEED OPS BEGIN=PROFILE...
#
# Runs inside the guest: random calls on ext4 and XFS with DAX, compared with
# the model. BEGIN is ext4 (with zero-out), ext4z (without) or xfs.
set -u

seed=$1
ops=$2
shift 2
LD_LIBRARY_PATH=$WORK/lib
export LD_LIBRARY_PATH
# An emulated processor says it has fast string instructions, and then takes
# them byte by byte.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000

# make_fs TYPE
make_fs()
{
	case $1 in
	ext4) mkfs.ext4 -q -F -b 4096 "$PMEMDEV" ;;
	xfs) mkfs.xfs -q -f -m reflink=0 "$PMEMDEV" ;;
	esac
	mount -t "$1" -o dax=always "$PMEMDEV" /mnt
	# After a mount that failed this would be the initramfs.
	grep -q " /mnt $1 .*dax=always" /proc/mounts || {
		echo "FAILED: mount of $1"
		exit 1
	}
}

failures=0
for pair; do
	begin=${pair%=*}
	make_fs "${begin%z}"
	if [ "$begin" = ext4z ]; then
		echo 0 >"/sys/fs/ext4/${PMEMDEV#/dev/}/extent_max_zeroout_kb"
	fi
	sh ./live.sh ./record ./daxsim "${pair#*=}" "$begin" /mnt/file \
		"$seed" "$ops" "$OUT" || failures=$((failures + 1))
	echo "$(cut -d ' ' -f 1 /proc/uptime) s"
	umount /mnt
done
[ $failures = 0 ]
