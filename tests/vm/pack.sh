#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: pack.sh WORK FILE...
#
# Copies programs and scripts into a work folder for vm.sh, and into its lib the
# libraries that the programs are linked with.
set -eu

work=$1
shift
mkdir -p "$work/lib"
cp "$@" "$work"
# Nothing to copy for scripts and static programs, of which ldd complains.
{ ldd "$@" 2>/dev/null || true; } |
	awk '/=> \// { print $3 }' | sort -u |
	while read -r library; do
		cp -L "$library" "$work/lib"
	done
