#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: image.sh 6.1|6.12 CACHE
#
# Make CACHE/boot-VERSION/{vmlinuz,initramfs,release} out of Debian packages.
# The packages are kept in the cache too: once they are there no network is
# used. To move on to a newer point release, remove CACHE/kernel-VERSION.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# What a job may use inside. Libraries are found through the dependencies.
tools="busybox-static dmsetup e2fsprogs kmod ndctl xfsprogs"
programs="dmsetup mkfs.ext4 mkfs.xfs ndctl xfs_io"
# crc32c_generic must be named: ext4, xfs and btt ask for it through the crypto
# interface, and depmod does not see that.
modules="crc32c_generic libnvdimm nfit nd_pmem dax_pmem device_dax"
modules="$modules ext4 xfs dm-mod dm-delay brd nfsd"
loader=/lib64/ld-linux-x86-64.so.2

skip()
{
	echo "image.sh: skipped: $*" >&2
	exit 77
}

needs()
{
	for need; do
		command -v "$need" >/dev/null || skip "no $need here"
	done
}

# Only libraries are followed: the rest (perl, python, debconf) is never run.
# libc6 and libgcc-s1 are left out because the loader and the C library must be
# of one build, and they have to be those the job's programs were linked with:
# the host's. libicu serves only xfs_scrub and is huge.
libraries_of()
{
	apt-cache depends --important "$@" |
		awk '$1 ~ /Depends:/ && $2 ~ /^lib/ { print $2 }' |
		grep -Evx 'libc6|libgcc-s1|libicu.*' | sort -u || true
}

closure()
{
	all="$*"
	new="$*"
	# shellcheck disable=SC2086 # lists of package names
	while [ -n "$new" ]; do
		new=$(libraries_of $new | grep -vxF "$(words $all)" || true)
		all="$all $new"
	done
	echo "$all"
}

words()
{
	printf '%s\n' "$@"
}

# Into a new folder first: an interrupted download must not look complete.
download()
{
	into=$1
	shift
	echo "image.sh: downloading $(words "$@" | head -n 3 | xargs) ..." >&2
	rm -rf "$into.part"
	mkdir -p "$into.part"
	(cd "$into.part" && apt-get -q download "$@" >apt.log 2>&1) || {
		grep -m 1 '^E:' "$into.part/apt.log" >&2 || true
		rm -rf "$into.part"
		skip "cannot download packages (apt-get update may help)"
	}
	mv "$into.part" "$into"
}

# Point releases come and go in the archive: take the newest that apt knows.
newest_kernel()
{
	apt-cache --names-only search \
		"^linux-image-$(echo "$1" | sed 's/\./\\./')\.[^ ]*-amd64\$" |
		awk '{ print $1 }' | grep -Ev -- '-(rt|cloud)-amd64$' |
		sort -V | tail -n 1
}

fetch()
{
	if [ ! -d "$cache/tools" ]; then
		needs apt-cache apt-get
		# shellcheck disable=SC2086,SC2046 # lists of package names
		download "$cache/tools" $(closure $tools)
	fi
	if [ ! -d "$cache/kernel-$version" ]; then
		needs apt-cache apt-get
		kernel=$(newest_kernel "$version")
		[ -n "$kernel" ] ||
			skip "apt knows no linux-image-$version.*-amd64"
		download "$cache/kernel-$version" "$kernel"
	fi
}

# Whether it is in bin, sbin or usr/sbin depends on the release of Debian.
program()
{
	find "$tmp/all" -path "*bin/$1"
}

unpack()
{
	for deb in "$cache/tools"/*.deb "$cache/kernel-$version"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar x -C "$tmp/all" --keep-directory-symlink
	done
	# The links of the package are absolute, and the host may have no kmod.
	ln -s "$(program kmod)" "$tmp/modprobe"
	ln -s "$(program kmod)" "$tmp/depmod"
	LD_LIBRARY_PATH=$tmp/all/lib/x86_64-linux-gnu
	LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$tmp/all/usr/lib/x86_64-linux-gnu
	export LD_LIBRARY_PATH
}

# Modules are unpacked here, since busybox insmod knows no xz.
# --ignore-install, since ndctl's modprobe.d file otherwise makes modprobe drop
# libnvdimm from what it lists, silently.
copy_modules()
{
	"$tmp/depmod" -b "$tmp/all" "$release"
	for module in $modules; do
		"$tmp/modprobe" -d "$tmp/all" -S "$release" --ignore-install \
			--show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' \
		>"$tmp/modules"
	mkdir -p "$tmp/root/lib/modules/$release"
	cp "$tmp/all/lib/modules/$release"/modules.[bo]* \
		"$tmp/root/lib/modules/$release"
	while read -r file; do
		name=$(basename "$file" .xz)
		case $file in
		*.xz) xz -dc "$file" ;;
		*) cat "$file" ;;
		esac >"$tmp/root/lib/modules/$release/$name"
	done <"$tmp/modules"
	"$tmp/depmod" -b "$tmp/root" "$release"
}

copy_programs()
{
	mkdir -p "$tmp/root/bin" "$tmp/root/sbin"
	cp "$(program busybox)" "$tmp/root/bin"
	for name in $programs; do
		cp -L "$(program "$name")" "$tmp/root/sbin"
		ldd "$tmp/root/sbin/$name"
	done >"$tmp/ldd"
	! grep 'not found' "$tmp/ldd" >&2 || skip "a library is missing"
	awk '/\// { print ($2 == "=>") ? $3 : $1 }' "$tmp/ldd" |
		sort -u >"$tmp/libraries"
	mkdir -p "$tmp/root/lib64" "$tmp/root/lib/x86_64-linux-gnu"
	while read -r file; do
		case $file in
		"$loader") cp -L "$file" "$tmp/root/lib64" ;;
		*) cp -L "$file" "$tmp/root/lib/x86_64-linux-gnu" ;;
		esac
	done <"$tmp/libraries"
}

# The host's C library may have been replaced since.
up_to_date()
{
	[ -f "$boot/release" ] && cmp -s "$loader" "$boot/${loader##*/}" &&
		[ -z "$(find "$here/image.sh" "$here/init" \
			"$cache/tools" "$cache/kernel-$version" \
			-newer "$boot/release")" ]
}

build()
{
	tmp=$(mktemp -d "$cache/build.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT TERM
	mkdir "$tmp/all" "$tmp/root" "$tmp/boot"
	unpack
	release=$(basename "$tmp/all/boot/vmlinuz-"*)
	release=${release#vmlinuz-}
	copy_modules
	copy_programs
	install -m 755 "$here/init" "$tmp/root/init"
	mkdir "$tmp/root/dev" "$tmp/root/proc" "$tmp/root/sys"
	mkdir "$tmp/root/mnt" "$tmp/root/tmp" "$tmp/root/out"
	(cd "$tmp/root" && find . | bin/busybox cpio -o -H newc -R 0:0) \
		>"$tmp/boot/initramfs" 2>/dev/null
	cp "$tmp/all/boot/vmlinuz-$release" "$tmp/boot/vmlinuz"
	cp "$tmp/root/bin/busybox" "$tmp/root/lib64/$(basename "$loader")" \
		"$tmp/boot"
	echo "$release" >"$tmp/boot/release"
	rm -rf "$boot"
	mv "$tmp/boot" "$boot"
}

needs dpkg-deb flock xz
[ -f "$loader" ] || skip "not an x86-64 machine"
version=$1
mkdir -p "$2"
cache=$(cd "$2" && pwd)
boot=$cache/boot-$version
# Two tests may come here at once.
exec 9>"$cache/lock"
flock 9
fetch
up_to_date || build
