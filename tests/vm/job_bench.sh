#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs inside the guest: the benchmark on a devdax device, as short as it gets,
# into $OUT/bench.json.
set -eu

# An emulated processor says it has fast string instructions, and then takes
# them byte by byte.
GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 \
	LD_LIBRARY_PATH="$WORK/lib" ./daxsim bench --short --rounds 1 --json \
	--output "$OUT/bench.json" --device "$DAXDEV" --device-destroys-data
echo "$(cut -d ' ' -f 1 /proc/uptime) s"
