#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""install.py pkg-config|subproject PROGRAM.c SOURCE BUILD: another program
finds the library, one way or the other, and works with it."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

def run(*args, **kwargs):
    return subprocess.run([str(arg) for arg in args], check=True, **kwargs)


def pkg_config(root, *args):
    """As if root were where the library is installed."""
    found = next(root.rglob("libdaxsim.pc")).parent
    env = dict(os.environ, PKG_CONFIG_PATH=str(found),
               PKG_CONFIG_SYSROOT_DIR=str(root))
    out = run("pkg-config", *args, "libdaxsim", env=env,
              capture_output=True, text=True).stdout
    return out.split()


def check_pkg_config(program, _, build, tmp):
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet",
        "--destdir", tmp)
    flags = pkg_config(tmp, "--cflags", "--libs")
    lib = next(tmp.rglob("libdaxsim.so.0")).parent
    env = dict(os.environ, LD_LIBRARY_PATH=str(lib))
    for compiler, language in (("cc", "c"), ("c++", "c++")):
        if not shutil.which(compiler):
            print(f"no {compiler}: not tried")
            continue
        built = tmp / f"consumer-{language}"
        run(compiler, "-x", language, "-Wall", "-Wextra", "-Werror",
            program, "-x", "none", "-o", built, *flags)
        run(built, env=env)
    for command in tmp.rglob("bin/daxsim"):
        run(command, "--version", env=env, stdout=subprocess.DEVNULL)


def check_subproject(program, source, _, tmp):
    project = tmp / "consumer"
    shutil.copytree(program.parent, project)
    (project / "subprojects").mkdir()
    (project / "subprojects" / "daxsim").symlink_to(source)
    run("meson", "setup", tmp / "build", project)
    run("meson", "test", "-C", tmp / "build", "--print-errorlogs", "consumer")
    run("meson", "install", "-C", tmp / "build", "--quiet",
        "--destdir", tmp / "root")
    if (tmp / "root").exists():
        raise SystemExit("a subproject must not install itself")


def main(way, program, source, build):
    check = {"pkg-config": check_pkg_config, "subproject": check_subproject}
    with tempfile.TemporaryDirectory() as tmp:
        check[way](pathlib.Path(program), pathlib.Path(source),
                   pathlib.Path(build), pathlib.Path(tmp))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
