#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bugs.py GALLERY PAGE [--write]: the gallery of bugs as a page.

GALLERY searches every case of it and prints what it found. Fails if a bug is
not as told, or if PAGE says something else; --write puts the page right."""

import pathlib
import subprocess
import sys
import textwrap

HEAD = """# The gallery of bugs

Races and faults of real kernels, questions about today's, and orders that no
kernel has, as a warning. Each with a case that shows it and one that does not,
both searched to the end; what the model does not show says why. `tests/scenarios/
bugs.py --write` makes this page of `daxsim list bugs` and what the searches find.

*known*: fixed, reported, or seen on a kernel. *plausible*: a question; the answer
holds for the model, the profile and the number of tasks that it names, and for no
more. *no kernel*: what would happen if the order were another.
"""


def wrapped(line):
    if line.startswith("- "):
        return textwrap.fill(line, 80, subsequent_indent="  ",
                             break_long_words=False, break_on_hyphens=False)
    return textwrap.fill(line, 80, break_long_words=False,
                         break_on_hyphens=False)


def main(gallery, page, write):
    run = subprocess.run([gallery], stdout=subprocess.PIPE, text=True)
    new = HEAD + "\n".join(wrapped(line)
                           for line in run.stdout.split("\n"))
    old = page.read_text() if page.exists() else ""
    if write and run.returncode == 0:
        page.write_text(new)
    elif new != old:
        print(f"{page}: out of date; bugs.py --write puts it right")
        return 1
    return run.returncode


if __name__ == "__main__":
    WRITE = "--write" in sys.argv
    ARGS = [arg for arg in sys.argv[1:] if arg != "--write"]
    if len(ARGS) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(ARGS[0], pathlib.Path(ARGS[1]), WRITE))
