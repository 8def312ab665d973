# SPDX-License-Identifier: LGPL-2.1-or-later
"""The written rule in lib/fs/SPEC.md and the proof table in README.md are what
the program prints today.

usage: tables.py DAXSIM SOURCE [--write]
"""

import re
import subprocess
import sys


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def proof_table(daxsim):
    """The letters, without the legend that README has in other words."""
    lines = run(daxsim, "prove").splitlines()
    first = next(i for i, line in enumerate(lines) if "ext4-4.18" in line)
    end = lines.index("", first)
    return "\n".join(line.rstrip() for line in lines[first:end])


def with_table(readme, table):
    """README with the block that holds the table replaced."""
    return re.sub(r"```\n +ext4-4\.18.*?```",
                  lambda match: f"```\n{table}\n```", readme, flags=re.S)


def main():
    daxsim, source = sys.argv[1], sys.argv[2]
    write = sys.argv[3:] == ["--write"]
    readme = open(f"{source}/README.md", encoding="utf-8").read()
    wanted = {
        "lib/fs/SPEC.md": run(daxsim, "spec", "--document"),
        "README.md": with_table(readme, proof_table(daxsim)),
    }
    bad = 0
    for name, text in wanted.items():
        path = f"{source}/{name}"
        try:
            have = open(path, encoding="utf-8").read()
        except FileNotFoundError:
            have = None
        if have == text:
            continue
        bad += 1
        if write:
            open(path, "w", encoding="utf-8").write(text)
        print(f"{name}: {'written' if write else 'not what is printed now'}")
    return 1 if bad and not write else 0


if __name__ == "__main__":
    sys.exit(main())
