#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs inside the guest: what a devdax device does, aligned to 2 MiB and to 4
# KiB, into $OUT/devdax-2M.tsv and $OUT/devdax-4K.tsv.
set -eu

export LD_LIBRARY_PATH="$WORK/lib"
status=0

ask()
{
	sys=/sys/bus/dax/devices/${1##*/}
	[ "$(cat "$sys/align")" = "$3" ] || {
		echo "FAILED: $1 is aligned to $(cat "$sys/align")"
		exit 1
	}
	echo "# $(uname -sr) $(uname -v | sed 's/.*Debian/Debian/')" \
		>"$OUT/devdax-$2.tsv"
	./devdax "$1" "$(cat "$sys/size")" "$3" /dev/mapper/slow /dev/ram0 \
		>>"$OUT/devdax-$2.tsv" || status=1
	echo "$2: $(grep -c -v '^#' "$OUT/devdax-$2.tsv") answers"
}

modprobe brd rd_nr=1 rd_size=65536
echo "0 131072 delay /dev/ram0 0 400 /dev/ram0 0 400" | dmsetup create slow
dmsetup mknodes

ask "$DAXDEV" 2M 2097152
number=${DAXDEV#/dev/dax}
small=$(ndctl create-namespace -f -e "namespace${number%.*}.0" -m devdax \
	-a 4096 2>&1 | sed -n 's/.*"chardev":"\([^"]*\)".*/\1/p')
ask "/dev/$small" 4K 4096
exit $status
