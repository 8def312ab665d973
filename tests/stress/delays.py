#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what code compiled for ThreadSanitizer calls at each access to memory:
delays.py SOURCE HEADER. Each function lets delays_access() wait, and then does
what the access should, if that is left to it. What no file of the library calls
is left out; a new call is an error of the linker."""

import sys

BITS = (8, 16, 32, 64)
ORDER = "__ATOMIC_SEQ_CST"
SILENT = {
    "init": "void",
    "func_entry": "void *caller",
    "func_exit": "void",
    "acquire": "void *at",
    "release": "void *at",
}
CHANGES = ("exchange", "fetch_add", "fetch_sub", "fetch_and", "fetch_or")


def functions():
    """Type, name, parameters, whether it waits, the value returned."""
    for name, parameters in SILENT.items():
        yield "void", name, parameters, False, None
    yield ("void", "atomic_thread_fence", "int order", False,
           f"__atomic_thread_fence({ORDER})")
    for what in ("read", "write"):
        for size in (1, 2, 4, 8, 16):
            yield "void", f"{what}{size}", "void *at", True, None
        yield "void", f"{what}_range", "void *at, size_t n", True, None
    for bits in BITS:
        word = f"uint{bits}_t"
        prefix = f"atomic{bits}_"
        at = f"volatile {word} *at"
        yield (word, prefix + "load", f"const {at}, int order", True,
               f"__atomic_load_n(at, {ORDER})")
        yield ("void", prefix + "store", f"{at}, {word} value, int order",
               True, f"__atomic_store_n(at, value, {ORDER})")
        for change in CHANGES:
            builtin = change + ("_n" if change == "exchange" else "")
            yield (word, prefix + change, f"{at}, {word} value, int order",
                   True, f"__atomic_{builtin}(at, value, {ORDER})")
        for weak in ("strong", "weak"):
            yield ("int", prefix + "compare_exchange_" + weak,
                   f"{at}, {word} *seen, {word} value, int order, int other",
                   True, "__atomic_compare_exchange_n(at, seen, value, "
                   f"{int(weak == 'weak')}, {ORDER}, {ORDER})")


def write(source, header):
    prototypes = ["#include <stddef.h>", "#include <stdint.h>",
                  "void delays_access(const volatile void *at, "
                  "const void *place);"]
    bodies = ['#include "delays_calls.h"']
    for kind, name, parameters, waits, value in functions():
        prototypes.append(f"{kind} __tsan_{name}({parameters});")
        body = [f"(void){word.split()[-1].lstrip('*')};"
                for word in parameters.split(", ") if word != "void"]
        if waits:
            body.append("delays_access(at, __builtin_return_address(0));")
        if value:
            body.append(("return " if kind != "void" else "") + value + ";")
        bodies.append(f"{kind} __tsan_{name}({parameters}) "
                      f"{{ {' '.join(body)} }}")
    with open(header, "w", encoding="ascii") as file:
        file.write("#pragma once\n" + "\n".join(prototypes) + "\n")
    with open(source, "w", encoding="ascii") as file:
        file.write("\n".join(bodies) + "\n")


if __name__ == "__main__":
    write(*sys.argv[1:])
