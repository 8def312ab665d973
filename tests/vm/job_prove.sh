#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs inside the guest, in a work folder that holds daxsim, daxmap and, when
# they are linked dynamically, their libraries in lib/.
#
# Devices that must be refused and must come out unchanged; then the proof table
# on two kinds of real persistent memory, each into $OUT/NAME.json.
set -u

failures=0
head_bytes=4194304
tail_bytes=2097152

failed()
{
	echo "FAILED: $*"
	failures=$((failures + 1))
}

daxsim()
{
	# An emulated processor says it has fast string instructions, and then
	# takes them byte by byte.
	GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 \
		LD_LIBRARY_PATH=$WORK/lib "$WORK/daxsim" "$@"
}

daxmap()
{
	LD_LIBRARY_PATH=$WORK/lib "$WORK/daxmap" "$@"
}

uptime_seconds()
{
	cut -d ' ' -f 1 /proc/uptime
}

# prove NAME OPTION...
prove()
{
	name=$1
	shift
	start=$(uptime_seconds)
	daxsim prove --json "$@" >"$OUT/$name.json" 2>"$OUT/$name.err"
	status=$?
	seconds=$(echo "$start $(uptime_seconds)" | awk '{ print $2 - $1 }')
	echo "$name $seconds" >>"$OUT/times"
	echo "prove on $name: exit status $status, $seconds s"
	if [ $status != 0 ]; then
		failed "prove on $name"
		tail -n 5 "$OUT/$name.err"
	fi
}

size_of()
{
	if [ -b "$1" ]; then
		echo $(($(cat "/sys/block/${1##*/}/size") * 512))
	else
		cat "/sys/bus/dax/devices/${1##*/}/size"
	fi
}

# Where labels and superblocks live. All of it, each time, would take too long.
both_ends()
{
	daxmap get "$1" 0 $head_bytes &&
		daxmap get "$1" $(($(size_of "$1") - tail_bytes)) $tail_bytes
}

# refused WHAT DEVICE OPTION...
refused()
{
	what=$1
	device=$2
	shift 2
	both_ends "$device" >/tmp/before || failed "$what: cannot read $device"
	daxsim prove --json --device "$device" "$@" >/tmp/stdout 2>/tmp/stderr
	status=$?
	both_ends "$device" >/tmp/after || failed "$what: cannot read $device"
	echo "$what: exit status $status: $(tail -n 1 /tmp/stderr)"
	[ $status = 2 ] || [ $status = 3 ] || failed "$what: not refused"
	[ -s /tmp/stderr ] || failed "$what: no reason given"
	cmp /tmp/before /tmp/after || failed "$what: the device was changed"
}

# On a device of zeros it would not be seen that zeros were written.
fill_ends()
{
	yes 'daxsim: somebody has data here' | head -c $head_bytes >/tmp/fill
	daxmap put "$1" 0 $head_bytes </tmp/fill
	daxmap put "$1" $(($(size_of "$1") - tail_bytes)) $tail_bytes </tmp/fill
}

prove_everywhere()
{
	# The same bytes as for the refusals: none was for another reason.
	fill_ends "$DAXDEV"
	refused "unnamed data" "$DAXDEV" --device-destroys-data
	prove devdax --device "$DAXDEV" --device-destroys-data \
		--overwrite unknown

	mkfs.ext4 -q -F -b 4096 "$PMEMDEV"
	mount -t ext4 -o dax=always "$PMEMDEV" /mnt
	# Without this, a failed mount would let us measure the root's tmpfs.
	grep " /mnt ext4 .*dax=always" /proc/mounts || failed "mount of ext4"
	truncate -s 64M /mnt/region
	prove ext4dax --device /mnt/region --size 64M --device-destroys-data
	umount /mnt
}

list_devices()
{
	daxsim devices >"$OUT/devices.txt" 2>&1 || failed "daxsim devices"
	cat "$OUT/devices.txt"
	grep -q "$DAXDEV" "$OUT/devices.txt" || failed "devices: no $DAXDEV"
}

refusals()
{
	fill_ends "$DAXDEV" || failed "cannot write $DAXDEV"
	fill_ends "$PMEMDEV" || failed "cannot write $PMEMDEV"
	refused "block device" "$PMEMDEV" --device-destroys-data
	refused "data not given up" "$DAXDEV"
	# mmap(2) allows more than the device has; touching it is a SIGBUS.
	refused "larger than the device" "$DAXDEV" --device-destroys-data \
		--size 1G
	refused "not a multiple of the alignment" "$DAXDEV" \
		--device-destroys-data --size 67112960
	refused "smaller than the alignment" "$DAXDEV" \
		--device-destroys-data --size 4K
	refused_signature ext4 -q -F
	refused_signature xfs -q -f
}

# refused_signature TYPE MKFS-OPTION...
refused_signature()
{
	type=$1
	shift
	truncate -s 512M /tmp/signature
	"mkfs.$type" "$@" /tmp/signature
	daxmap put "$DAXDEV" 0 65536 </tmp/signature
	rm /tmp/signature
	refused "$type on it" "$DAXDEV" --device-destroys-data
	grep -qi "$type" /tmp/stderr || failed "the reason names no $type"
}

list_devices
refusals
prove_everywhere
echo "$failures failed"
[ $failures = 0 ]
