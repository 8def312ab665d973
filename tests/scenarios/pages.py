#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pages.py DAXSIM ROOT [--write]: what pages say and the command knows.

lib/check/README.md and lib/check/properties/ID.md: a page for each property,
with its sentence and the mutations it is broken by.
tests/scenarios/README.md: each scenario, with what it expects and the mutations
that show in it.
tests/scenarios/*.md: blocks that begin with "$ daxsim" are what it prints.
tests/scenarios/thread.md: a part for each experiment, with what came of it.

Prints what is out of date and fails, or with --write puts it right. What people
wrote is left as it is; without it, a page is not finished."""

import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

KILLS = "## Mutations it kills\n"
TABLE = "## The properties\n"
# What only programs of users can break.
WITHOUT_MUTATION = {"EXPECTED"}
MUST_HAVE = ("## When it is judged", "## What it does not see",
             "## Why small is enough")
CONSOLE = re.compile(r"^```console\n\$ (daxsim [^\n]*)\n(.*?)^```$", re.M | re.S)
ITEM = re.compile(r"^- \*\*([\w-]+)\*\*: .*?(?=^- |^#|^\n|\Z)", re.M | re.S)
MADE = re.compile(r"^  (?:Breaks on|Holds on|Without|Searched) .*", re.M | re.S)


def shell(command, cwd):
    env = dict(os.environ, NO_COLOR="1",
               PATH=f"{DAXSIM.parent}:{os.environ['PATH']}")
    run = subprocess.run(["sh", "-c", command], cwd=cwd, env=env,
                         capture_output=True, text=True)
    return run.stdout + run.stderr


def daxsim(*args):
    run = subprocess.run([DAXSIM, *args], capture_output=True, text=True)
    return json.loads(run.stdout)


def fill(text, first="", rest="  "):
    return textwrap.fill(text, 80, initial_indent=first,
                         subsequent_indent=rest, break_long_words=False,
                         break_on_hyphens=False) + "\n"


def quoted(names):
    return ", ".join(f"`{name}`" for name in names)


# ------------------------------- Properties ---------------------------------


def left_of(mutation):
    """What --shrink leaves of the scenario in which it was killed."""
    if mutation["states_unmutated"]:
        return "searched by states, which are not shrunk"
    found = daxsim("explore", mutation["killed_by"], "--fs", mutation["fs"],
                   "--mutate", mutation["name"], "--property",
                   mutation["property"], "--shrink", "--json")
    if "shrunk" not in found:
        return "not shrunk"
    text = found["shrunk"]["scenario"]
    tasks = len(re.findall(r"^task ", text, re.M))
    files = re.findall(r"^file \w+ (\d+)K", text, re.M)
    pages = sum((int(size) + 3) // 4 for size in files)
    return (f"{tasks} task{'s' * (tasks > 1)}, "
            f"{pages} page{'s' * (pages > 1)}")


def kills_text(name, kills):
    first = [m for m in kills if m["property"] == name]
    also = [m["name"] for m in kills
            if name in m["properties"] and m["property"] != name]
    text = KILLS + "\n"
    if not first and not also:
        return text + "None: only a program can break it.\n"
    text += fill("Found by `daxsim mutate`, with what is left of the scenario "
                 "after `daxsim explore --mutate NAME --shrink`.", rest="")
    text += "\n"
    for m in first:
        text += fill(f"`{m['name']}`: {m['killed_by']} on {m['fs']}; "
                     f"{m['left']}", "- ")
    if also:
        text += ("\n" * bool(first)) + fill(
            "Broken too, in a run where another property broke first: "
            f"{quoted(also)}.", rest="")
    return text


def page_text(prop, kills, old):
    """The page with what the command knows put in, and what is missing."""
    head = (f"# {prop['name']}\n\n" + fill(prop["text"], "> ", "> ") + "\n" +
            fill(f"Reads: {prop['more'].removeprefix('reads: ')}.", rest=""))
    begin = old.find("\n## ")
    end = old.find("\n" + KILLS)
    own = old[begin:end if end >= 0 else len(old)] if begin >= 0 else ""
    own = "" if begin == end else own
    return (head + own.rstrip("\n") + "\n\n" + kills_text(prop["name"], kills),
            [f"no part '{part}'" for part in MUST_HAVE if part not in own])


def table_text(props, kills):
    text = TABLE + "\n| property | says | first to break | breaks too |\n"
    text += "|---|---|---|---|\n"
    for prop in props:
        name = prop["name"]
        first = sum(m["property"] == name for m in kills)
        also = sum(name in m["properties"] for m in kills) - first
        text += (f"| [{name}](properties/{name}.md) | {prop['text']} "
                 f"| {first} | {also} |\n")
    return text


def index_text(props, kills, old):
    begin = old.find(TABLE)
    if begin < 0:
        return old, [f"no '{TABLE.strip()}'"]
    end = old.find("\n## ", begin)
    rest = old[end:] if end >= 0 else ""
    return old[:begin] + table_text(props, kills) + rest, []


def property_pages(root, kills):
    props = daxsim("list", "properties", "--json")["properties"]
    folder = root / "lib/check"
    names = {prop["name"] for prop in props}
    for prop in props:
        path = folder / f"properties/{prop['name']}.md"
        old = path.read_text() if path.exists() else ""
        new, missing = page_text(prop, kills, old)
        # The list of mutations grows by itself.
        if len(new.split("\n## Mutations")[0].split("\n")) > 55:
            missing.append("more than a page")
        if (prop["name"] not in WITHOUT_MUTATION and
                not any(prop["name"] in m["properties"] for m in kills)):
            missing.append("no mutation breaks it")
        yield path, new, missing
    for path in sorted((folder / "properties").glob("*")):
        if path.stem not in names:
            yield path, path.read_text(), ["no such property"]
    path = folder / "README.md"
    new, missing = index_text(props, kills, path.read_text())
    yield path, new, missing


# -------------------------------- Scenarios ---------------------------------


def expectations(text):
    holds, breaks = [], {}
    for fs, what in re.findall(r"^expect (\S+) (.*)$", text, re.M):
        if what == "holds":
            holds.append(fs)
        else:
            breaks.setdefault(what.removeprefix("violates "), []).append(fs)
    lines = [f"Breaks on {', '.join(on)}: {what.replace(' ', ', ')}."
             for what, on in breaks.items()]
    if holds:
        lines.append(f"Holds on {', '.join(holds)}.")
    return lines or ["Searched by states only, as `meson.build` says."]


def item_text(name, folder, kills, old):
    lines = expectations((folder / f"{name}.scn").read_text())
    for m in kills:
        if m["killed_by"] == f"scenario/{name}":
            lines.append(f"Without its rule (`{m['name']}`, {m['fs']}): "
                         f"{', '.join(m['properties'])}.")
    own = MADE.sub("", old).rstrip("\n")
    return own + "\n" + "".join(fill(line, "  ", "    ") for line in lines)


def catalogue(root, kills):
    folder = root / "tests/scenarios"
    path = folder / "README.md"
    there = {file.stem for file in folder.glob("*.scn")}
    listed, missing = set(), []

    def renew(match):
        name = match[1]
        if name in listed or name not in there:
            missing.append(f"{name}: listed twice, or no such scenario")
            return match[0]
        listed.add(name)
        return item_text(name, folder, kills, match[0])

    new = ITEM.sub(renew, path.read_text())
    missing += [f"{name}.scn is not in it" for name in sorted(there - listed)]
    return path, new, missing


# ------------------------------- Transcripts --------------------------------


def without_time(text):
    return re.sub(r" in [0-9.]+ s\b", " in _ s", text)


def transcript(match, cwd):
    printed = shell(match[1], cwd).strip("\n") + "\n"
    if without_time(printed) == without_time(match[2]):
        return match[0]
    return f"```console\n$ {match[1]}\n{printed}```"


def with_transcripts(path, text):
    return CONSOLE.sub(lambda match: transcript(match, path.parent), text)


# --------------------------- The discussion of 2018 --------------------------


def claim_text(claim):
    outcome, command = re.fullmatch(r"(.*?) \((.*)\)", claim["more"]).groups()
    text = fill(f"**{claim['text']}.**", "- ")
    text += fill(f"{outcome[0].upper()}{outcome[1:]}.", "  ")
    for line in command.split("; against: "):
        text += f"  `{line}`\n"
    return text


def thread(root):
    """Each part ends with the claims of the experiment it is named after."""
    path = root / "tests/scenarios/thread.md"
    claims = daxsim("list", "thread", "--json")["thread"]
    names = list(dict.fromkeys(claim["name"] for claim in claims))
    old, new, missing = path.read_text(), "", []
    for part in re.split(r"^(?=## )", old, flags=re.M):
        name = part.split("\n")[0].removeprefix("## ")
        if name in names:
            names.remove(name)
            part = part.split("\n- **")[0].rstrip("\n") + "\n\n"
            part += "".join(claim_text(claim) for claim in claims
                            if claim["name"] == name) + "\n"
        new += part
    missing += [f"no part '## {name}'" for name in names]
    return path, new.rstrip("\n") + "\n", missing


# ----------------------------------------------------------------------------


def put(path, new, missing, write):
    """Compares, or writes. Return: what is wrong and cannot be put right."""
    old = path.read_text() if path.exists() else ""
    if new != old and write:
        path.parent.mkdir(exist_ok=True)
        path.write_text(new)
    elif new != old:
        missing = missing + ["out of date; pages.py --write puts it right"]
        for want, have in zip(new.split("\n"), old.split("\n")):
            if want != have:
                missing += [f"  has   {have}", f"  wants {want}"]
                break
    return [f"{path}: {line}" for line in missing]


def main(root, write):
    mutations = daxsim("mutate", "--json")["mutations"]
    kills = [m for m in mutations if m["status"] == "killed"]
    wrong = []

    for m in kills:
        m["left"] = left_of(m)
    for path, new, missing in property_pages(root, kills):
        wrong += put(path, new, missing, write)
    listing, new, missing = catalogue(root, kills)
    wrong += put(listing, with_transcripts(listing, new), missing, write)
    told, new, missing = thread(root)
    wrong += put(told, new, missing, write)
    others = set((root / "tests/scenarios").glob("*.md")) - {listing, told}
    for path in sorted(others):
        wrong += put(path, with_transcripts(path, path.read_text()), [], write)
    print("\n".join(wrong), end="\n" * bool(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    WRITE = "--write" in sys.argv
    ARGS = [arg for arg in sys.argv[1:] if arg != "--write"]
    if len(ARGS) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    DAXSIM = pathlib.Path(ARGS[0]).resolve()
    sys.exit(main(pathlib.Path(ARGS[1]).resolve(), WRITE))
