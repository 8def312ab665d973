#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""readme.py README INCLUDE LIBRARY CC...: the file system that README.md shows.

Builds the program as it stands there and compares what it prints with what is
said of it."""

import pathlib
import re
import subprocess
import sys
import tempfile

EXAMPLE = re.compile(r"^```c\n(.*?daxsim_fs_prove.*?)^```\n(.*?)^since ",
                     re.M | re.S)
LINES_MAX = 60


def printed(text):
    """The lines that are set in by four spaces."""
    return "".join(line[4:] for line in text.splitlines(True)
                   if line.startswith("    "))


def main(readme, include, library, *cc):
    match = EXAMPLE.search(pathlib.Path(readme).read_text())
    if not match:
        return "README.md shows no program that calls daxsim_fs_prove()"
    program, said = match[1], printed(match[2])
    if program.count("\n") >= LINES_MAX:
        return f"the program has {program.count(chr(10))} lines"
    library = pathlib.Path(library).resolve()
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "my-fs.c")
        source.write_text(program)
        subprocess.run([*cc, "-std=c11", "-Wall", "-Wextra", "-Werror",
                        f"-I{include}", "-o", f"{folder}/my-fs", str(source),
                        str(library), f"-Wl,-rpath,{library.parent}"],
                       check=True)
        run = subprocess.run([f"{folder}/my-fs"], capture_output=True,
                             text=True, check=True)
    if run.stdout != said:
        return f"it prints\n{run.stdout}and not\n{said}"
    if not re.search(r"^hasty: [1-9]", said, re.M):
        return "the mistake is not caught"
    if not re.search(r"^careful: 0$", said, re.M):
        return "the mended twin does not pass"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
