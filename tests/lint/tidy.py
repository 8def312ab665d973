#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules of the house that a compiler does not know."""

import fnmatch
import re
import sys

import source

MAX_FUNCTION_LINES = 70

TOP_LEVEL = {"lib", "include", "tests", "bench", "meson.build",
             "meson_options.txt", "README.md", "LICENSE"}
IGNORED_TOP_LEVEL = re.compile(r"^(\..*|build.*|subprojects|.*\.o|.*~)$")

SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"
SPDX_LINE = {
    ".c": f"// {SPDX}",
    ".h": f"/* {SPDX} */",
    ".S": f"/* {SPDX} */",
    ".py": f"# {SPDX}",
    ".build": f"# {SPDX}",
}

# Pattern of the called name -> why the library does not call it.
BANNED = {
    r"time|clock|clock_gettime|clock_nanosleep|gettimeofday|localtime\w*":
        "real time makes runs differ",
    r"s?rand|rand_r|s?random|[delmn]rand48|getrandom|getentropy":
        "randomness comes from core/prng",
    r"u?sleep|nanosleep|sched_yield|poll|select":
        "waiting goes through sched/",
    r"pthread_(?:mutex|rwlock|cond|barrier|spin|key|once)\w*|sem_\w+|"
    r"mtx_\w+|cnd_\w+":
        "locks and waiting go through sched/",
    r"pthread_create|pthread_join|thrd_\w+|fork|vfork|clone":
        "tasks are made in sched/",
    r"v?f?printf|putchar|puts|fputs|fputc|putc|perror|fwrite|psignal|syslog":
        "the library does not print",
    r"exit|_exit|_Exit|quick_exit|abort|raise|kill|atexit":
        "the library does not end the process",
    r"assert": "NDEBUG would turn it off: ds_assert()",
    r"malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|"
    r"aligned_alloc|posix_memalign":
        "memory of a universe comes from core/arena",
    r"alloca": "fibers have small stacks",
    r"strcat|sprintf|vsprintf|gets|strtok":
        "does not know where the memory ends",
    r"getenv|secure_getenv|setlocale":
        "the process is not the universe: pass it as an option",
    r"system|popen": "the library starts no programs",
}

# The exceptions, each with the functions it may call.
ALLOWED_CALLS = {
    # An assertion prints where it failed, and aborts.
    "lib/core/assert.c": r"fprintf|abort",
    # The arena itself, and its mark, lie outside the arena.
    "lib/core/arena.c": r"malloc|calloc|free",
    # Contended on real threads only.
    "lib/core/spin.h": r"sched_yield",
    # A region is the memory that universes are made on.
    "lib/pmem/region*.c": r"calloc|free",
    # Frames are as many as the region is large, and rewound page by page.
    "lib/pmem/frame.c": r"malloc|calloc|realloc|free",
    # Turns on real threads: baton and free-running.
    "lib/sched/turn_*.c": r"pthread_\w+|sem_\w+|clock_gettime|sched_yield|"
                          r"calloc|free",
    # A search outlives the universes it looks at.
    "lib/race/*.c": r"malloc|calloc|realloc|strdup|free",
    # So do its reports: they are written into a stream of their own.
    "lib/race/timeline.c": r"fprintf|fputc|fputs|putc",
    # The workers of a search are threads of the host.
    "lib/race/pool.c": r"pthread_\w+",
    # The handle of a universe holds the arena.
    "lib/sim.c": r"calloc|free",
    # Waits outside the scheduler's hands; says which step was undeclared.
    "lib/sched/task.c": r"sched_yield|fprintf",
}

# Function-like macros: what a function cannot do.
ALLOWED_MACROS = {"ds_assert", "ds_check", "ds_yield",
                  "ds_likely", "ds_unlikely"}


def lines_of(text):
    return enumerate(text.split("\n"), 1)


def check_text(rel, text):
    """Rules for every text file."""
    findings = []
    for number, line in lines_of(text):
        if line != line.rstrip():
            findings.append(f"{rel}:{number}: blanks at the end of the line")
    if text and not text.endswith("\n"):
        findings.append(f"{rel}: the last line has no end")
    if text.endswith("\n\n"):
        findings.append(f"{rel}: blank lines at the end")
    return findings


def check_spdx(rel, text):
    want = SPDX_LINE.get(rel.suffix)
    if not want and text.startswith("#!"):
        want = f"# {SPDX}"
    head = text.split("\n")[:2]
    if not want or want == head[0]:
        return []
    if text.startswith("#!") and want in head:
        return []
    return [f"{rel}:1: does not start with '{want}'"]


def check_guard(rel, text):
    parts = rel.parts[1:]
    if rel.parts[0] == "lib":
        parts = ("ds",) + parts
    elif rel.parts[0] != "include":
        return []
    guard = re.sub(r"\W", "_", "_".join(parts)).upper()
    if f"#ifndef {guard}\n#define {guard}\n" in text:
        return []
    return [f"{rel}: include guard is not {guard}"]


def check_functions(rel, text):
    findings = []
    lines = source.strip(text).split("\n")
    for name, first, last in source.functions(text):
        # The main() of a test is a list.
        is_list = name == "main" and rel.parts[0] == "tests"
        if last - first + 1 > MAX_FUNCTION_LINES and not is_list:
            findings.append(f"{rel}:{first}: {name}() has {last - first + 1} "
                            f"lines, more than {MAX_FUNCTION_LINES}")
        for number in range(first, last):
            if re.match(r"\s*#\s*(if|else|elif)", lines[number - 1]):
                findings.append(f"{rel}:{number}: #if in {name}(): choose "
                                "between files, or between functions")
    return findings


def check_calls(rel, text):
    findings = []
    allowed = [names for pattern, names in ALLOWED_CALLS.items()
               if fnmatch.fnmatch(str(rel), pattern)]
    for number, line in lines_of(source.strip(text)):
        for names, why in BANNED.items():
            # Not a member or part of a longer name.
            for match in re.finditer(rf"(?<![\w.>])({names})\s*\(", line):
                if not any(re.fullmatch(ok, match[1]) for ok in allowed):
                    findings.append(f"{rel}:{number}: {match[1]}(): {why}")
    return findings


def check_macros(rel, text):
    findings = []
    for number, line in lines_of(text):
        match = re.match(r"\s*#\s*define\s+(\w+)\(", line)
        if match and match[1] not in ALLOWED_MACROS:
            findings.append(f"{rel}:{number}: {match[1]}() could be a "
                            "function")
    return findings


def check_top_level(root):
    return [f"{path.name}: does not belong at the top"
            for path in sorted(root.iterdir())
            if path.name not in TOP_LEVEL
            and not IGNORED_TOP_LEVEL.match(path.name)]


def check(root):
    findings = check_top_level(root)
    for rel in source.walk(root):
        try:
            text = (root / rel).read_text()
        except UnicodeDecodeError:
            continue
        if rel.name != "LICENSE":
            findings += check_text(rel, text)
        findings += check_spdx(rel, text)
        if rel.suffix in (".c", ".h"):
            findings += check_functions(rel, text)
        if rel.suffix == ".h":
            findings += check_guard(rel, text)
        if rel.parts[0] == "lib" and rel.suffix in (".c", ".h"):
            findings += check_calls(rel, text)
            findings += check_macros(rel, text)
    return findings


if __name__ == "__main__":
    sys.exit(source.run(check))
