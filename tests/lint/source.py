# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lints share: finding files and reading C without a parser."""

import pathlib
import re
import sys

SKIPPED_DIRS = re.compile(r"^(\..*|build.*|subprojects|__pycache__)$")
TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def walk(root, *suffixes):
    """Files below root, as relative paths in a stable order."""
    root = pathlib.Path(root)
    found = []
    for path in root.rglob("*"):
        rel = path.relative_to(root)
        if any(SKIPPED_DIRS.match(part) for part in rel.parts[:-1]):
            continue
        if path.is_file() and (not suffixes or path.suffix in suffixes):
            found.append(rel)
    return sorted(found)


def blank(match):
    text = match.group(0)
    if text[0] in "\"'":
        return text[0] + text[0]
    return " " + "\n" * text.count("\n")


def strip(text):
    """The text without comments and contents of strings; lines stay."""
    return TOKEN.sub(blank, text)


def functions(text):
    """(name, first line, last line) of each function; needs kernel braces."""
    lines = strip(text).split("\n")
    start = None
    for idx, line in enumerate(lines):
        if line.rstrip() == "{":
            start = idx
        elif line.rstrip() == "}" and start is not None:
            first = start - 1
            while first > 0 and lines[first][:1] in ("\t", " "):
                first -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(lines[first:start]))
            yield (name.group(1) if name else "?", first + 1, idx + 1)
            start = None


def report(findings):
    """Prints findings, one a line; returns the exit code."""
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def run(check):
    """main() of a lint: check(root) returns findings."""
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} ROOT", file=sys.stderr)
        return 2
    return report(check(pathlib.Path(sys.argv[1])))
