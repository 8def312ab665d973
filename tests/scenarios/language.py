#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""language.py RUN_SCENARIO LANGUAGE_MD SCENARIO_C: the scenario that the page
shows comes out as it expects, and the page has each statement there is."""

import re
import subprocess
import sys
import tempfile


def main():
    run_scenario, page, source = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with open(source, encoding="utf-8") as file:
        parser = file.read()
    statements = set(re.findall(r'is\(parser, 0, "(\w+)"\)', parser))
    told = set(re.findall(r"^\| `(\w+)", text, re.M))
    if not statements or not statements <= told:
        sys.exit(f"{page}: does not tell of {sorted(statements - told)}")
    example = re.search(r"^```\n(.*?)^```\n", text, re.M | re.S).group(1)
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as file:
        file.write(example)
        file.flush()
        sys.exit(subprocess.run([run_scenario, file.name],
                                check=False).returncode)


if __name__ == "__main__":
    main()
