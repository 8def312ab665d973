#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Run a command under Debian's kernel, in QEMU with emulated NVDIMMs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

usage()
{
	cat <<-END
	usage: vm.sh run [--kernel 6.1|6.12] [--timeout SECONDS]
	                 --work DIR --out DIR -- COMMAND...

	COMMAND runs as root in a copy of the work folder; its output is
	printed, what it stores in \$OUT is copied to the out folder, and its
	exit status is passed on. It finds a devdax device (aligned to 2 MiB)
	in \$DAXDEV and a fsdax block device in \$PMEMDEV.

	exit status: 77 this machine cannot, 124 timeout, 125 the guest failed
	END
}

misuse()
{
	echo "vm.sh: $*" >&2
	usage >&2
	exit 2
}

skip()
{
	echo "vm.sh: skipped: $*" >&2
	exit 77
}

parse()
{
	version=6.12
	timeout=300
	work=
	out=
	[ "${1-}" = run ] || misuse "the verb is run"
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		[ $# -gt 1 ] || misuse "$1 needs a value"
		case $1 in
		--kernel) version=$2 ;;
		--timeout) timeout=$2 ;;
		--work) work=$2 ;;
		--out) out=$2 ;;
		*) misuse "unknown option $1" ;;
		esac
		shift 2
	done
	[ $# -gt 1 ] || misuse "no command after --"
	shift
	[ -d "$work" ] || misuse "--work is not a folder: $work"
	[ -n "$out" ] || misuse "--out is missing"
	case $version in
	6.1 | 6.12) ;;
	*) misuse "--kernel is 6.1 or 6.12, not $version" ;;
	esac
	case $timeout in
	'' | *[!0-9]*) misuse "--timeout is a number of seconds" ;;
	esac
	quoted=$(quote "$@")
}

# The command as one line of shell that means the same words again.
quote()
{
	for word; do
		printf "'%s' " "$(printf %s "$word" | sed "s/'/'\\\\''/g")"
	done
}

# The kernel unpacks any number of archives one after the other: the job comes
# as a second one, so it needs no device and no limit on its size.
make_initramfs()
{
	mkdir "$tmp/root"
	cp -RL "$work" "$tmp/root/work"
	echo "exec $quoted" >"$tmp/root/job"
	cp "$boot/initramfs" "$tmp/initramfs"
	(cd "$tmp/root" && find . | "$boot/busybox" cpio -o -H newc -R 0:0) \
		>>"$tmp/initramfs" 2>/dev/null
}

# Fresh images for each boot: one that already holds a namespace comes up under
# another name. They are sparse. There is no label area, so that each NVDIMM is
# one region whose size is a multiple of 16 MiB.
boot_qemu()
{
	set --
	for nvdimm in 0:512M 1:512M 2:128M; do
		id=${nvdimm%:*}
		size=${nvdimm#*:}
		path=$tmp/nvdimm$id
		truncate -s "$size" "$path"
		object=memory-backend-file,id=mem$id,share=on
		set -- "$@" -object "$object,mem-path=$path,size=$size" \
			-device "nvdimm,id=nvdimm$id,memdev=mem$id"
	done
	# -cpu max has clwb, which the default lacks.
	timeout -k 5 "$timeout" qemu-system-x86_64 \
		-accel tcg,thread=multi -cpu max,-erms,-fsrm -smp 2 \
		-machine pc,nvdimm=on -m 1G,slots=4,maxmem=4G "$@" \
		-kernel "$boot/vmlinuz" -initrd "$tmp/initramfs" \
		-append "console=ttyS0 quiet panic=-1" \
		-nodefaults -no-reboot -display none \
		-serial "file:$out/serial.txt" -serial stdio </dev/null &
	qemu=$!
	wait "$qemu" && status=0 || status=$?
	qemu=
}

# The emulator's two processors are real threads, and once in a while the kernel
# meets code that it is rewriting and dies before anything here has begun.
died_booting()
{
	! grep -q '^daxsim-vm: booted' "$out/serial.txt" &&
		grep -q 'Kernel panic' "$out/serial.txt"
}

boot_until_up()
{
	for attempt in 1 2 3; do
		boot_qemu
		died_booting || return 0
		echo "vm.sh: the kernel did not come up at attempt $attempt" >&2
	done
}

# Both the guest and the job may have ended in any way: the result decides.
collect()
{
	sed -n 's/^daxsim-vm: booted/vm.sh: booted/p' "$out/serial.txt" |
		tr -d '\r' >&2
	case $status in
	124 | 137)
		echo "vm.sh: ended after $timeout seconds" >&2
		exit 124
		;;
	esac
	tar xOf "$tmp/nvdimm2" status >"$tmp/status" 2>/dev/null || true
	if [ ! -s "$tmp/status" ]; then
		echo "vm.sh: no result; see $out/serial.txt:" >&2
		tail -n 30 "$out/serial.txt" >&2
		exit 125
	fi
	tar xf "$tmp/nvdimm2" -C "$out" --strip-components=1 out || {
		echo "vm.sh: the output was cut: more than 128 MiB?" >&2
		exit 125
	}
	exit "$(cat "$tmp/status")"
}

# Only the process started here, by its number; timeout(1) passes the signal on.
# shellcheck disable=SC2317 # called by the trap
clean_up()
{
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	rm -rf "$tmp"
}

case ${1-} in
-h | --help)
	usage
	exit 0
	;;
esac
parse "$@"
command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
cache=${DAXSIM_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/daxsim-vm}
"$here/image.sh" "$version" "$cache"
boot=$(cd "$cache/boot-$version" && pwd)

qemu=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/daxsim-vm.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$out"
make_initramfs
echo "vm.sh: booting $(cat "$boot/release")" >&2
boot_until_up
collect
