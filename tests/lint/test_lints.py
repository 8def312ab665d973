#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A lint that cannot fail holds nothing: each rule meets a sample that breaks
it, and one that does not."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import format as format_lint
import globals as globals_lint
import headers
import layers
import listed
import rules
import source
import tidy

C_HEAD = "// SPDX-License-Identifier: LGPL-2.1-or-later\n"
H_HEAD = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
PY_HEAD = "# SPDX-License-Identifier: LGPL-2.1-or-later\n"


def header(guard, body=""):
    return f"{H_HEAD}#ifndef {guard}\n#define {guard}\n{body}#endif\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.root = pathlib.Path(self.dir.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def assert_finds(self, findings, what):
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(what, findings[0])


class Source(Tree):
    def test_strip_keeps_lines_and_forgets_words(self):
        text = 'a /* exit(\n) */ "exit(\\"" // exit()\nb'
        self.assertEqual(source.strip(text), 'a  \n ""  \nb')

    def test_functions_begin_at_their_type(self):
        text = "static int\nf(int a,\n  int b)\n{\n}\n"
        self.assertEqual(list(source.functions(text)), [("f", 2, 5)])

    def test_walk_leaves_builds_alone(self):
        self.write("build-x/a.c", "")
        self.write("lib/a.c", "")
        self.assertEqual([str(rel) for rel in source.walk(self.root)],
                         ["lib/a.c"])


class Layers(Tree):
    def setUp(self):
        super().setUp()
        self.write("lib/core/low.h", "")
        self.write("lib/cache/high.h", "")

    def test_upward_include_is_found(self):
        self.write("lib/sched/bad.c", '\n#include "cache/high.h"\n')
        self.assertEqual(layers.check(self.root),
                         ["lib/sched/bad.c:2: sched/ may not include cache/"])

    def test_own_lower_and_public_are_fine(self):
        self.write("lib/cache/good.c", '#include "cache/high.h"\n'
                   '#include "core/low.h"\n#include "daxsim/file.h"\n'
                   "#include <stdio.h>\n")
        self.assertEqual(layers.check(self.root), [])

    def test_relative_path_is_found(self):
        self.write("lib/cache/bad.c", '#include "high.h"\n')
        self.assert_finds(layers.check(self.root), "no path from lib/")

    def test_missing_header_is_found(self):
        self.write("lib/cache/bad.c", '#include "core/none.h"\n')
        self.assert_finds(layers.check(self.root), "does not exist")

    def test_generated_header_is_fine(self):
        self.write("lib/core/a.c", '#include "version.h"\n')
        self.assertEqual(layers.check(self.root), [])

    def test_only_sim_sees_all(self):
        self.write("lib/sim.c", '#include "cache/high.h"\n')
        self.assertEqual(layers.check(self.root), [])
        self.write("lib/other.c", '#include "cache/high.h"\n')
        self.assert_finds(layers.check(self.root), "outside the layers")

    def test_private_header_in_public_one_is_found(self):
        self.write("include/daxsim.h", '#include "core/low.h"\n')
        self.assert_finds(layers.check(self.root), "no public header")


class Listed(Tree):
    def test_unlisted_source_is_found(self):
        self.write("lib/core/a.c", "")
        self.write("lib/meson.build", "files('core/b.c') # 'core/a.c'\n")
        self.assert_finds(listed.check(self.root), "lib/core/a.c: not named")

    def test_unlisted_test_is_found(self):
        self.write("tests/unit/core/test_a.c", "")
        self.write("tests/unit/meson.build", "['core/test_b']\n")
        self.assert_finds(listed.check(self.root), "core/test_a.c: not named")

    def test_missing_list_is_found(self):
        self.write("tests/api/two.c", "")
        self.assert_finds(listed.check(self.root), "tests/api/meson.build")

    def test_listed_is_fine(self):
        self.write("lib/core/a.c", "")
        self.write("lib/meson.build", "files('core/a.c')\n")
        self.assertEqual(listed.check(self.root), [])


class Rules(Tree):
    def setUp(self):
        super().setUp()
        self.write("lib/core/rule.h",
                   "enum { DS_RULE_NONE, DS_RULE_A, /* DS_RULE_OLD */ };\n")
        self.write("lib/core/rule.c", "[DS_RULE_A] = 1,\n")
        self.write("lib/race/mutate.c", "{DS_RULE_A, 1},\n")
        self.write("lib/mm/pin.c", "ds_keeps(task, DS_RULE_A);\n")

    def test_rule_that_is_kept_and_tried_is_fine(self):
        self.assertEqual(rules.check(self.root), [])

    def test_rule_without_row_is_found(self):
        self.write("lib/core/rule.c", "")
        self.assert_finds(rules.check(self.root), "no row for DS_RULE_A")

    def test_rule_nobody_asks_for_is_found(self):
        self.write("lib/mm/pin.c", "/* DS_RULE_A */\n")
        self.assert_finds(rules.check(self.root), "nobody asks for DS_RULE_A")

    def test_rule_without_scenario_is_found(self):
        self.write("lib/race/mutate.c", "")
        self.assert_finds(rules.check(self.root), "no scenario for DS_RULE_A")

    def test_missing_rules_are_found(self):
        self.write("lib/core/rule.h", "")
        self.assert_finds(rules.check(self.root), "no rule at all")


class Tidy(Tree):
    def find(self, text, name="lib/core/a.c"):
        self.write(name, text)
        return tidy.check(self.root)

    def test_tidy_file_is_fine(self):
        body = "/* may exit() */\nint f(void)\n{\n\treturn a.free(1);\n}\n"
        self.assertEqual(self.find(C_HEAD + body), [])

    def test_long_function_is_found(self):
        def body(lines):
            return C_HEAD + "int f(void)\n{\n" + "\n" * lines + "}\n"
        self.assertEqual(self.find(body(tidy.MAX_FUNCTION_LINES - 3)), [])
        self.assert_finds(self.find(body(tidy.MAX_FUNCTION_LINES - 2)),
                          "f() has 71 lines")

    def test_long_main_is_fine_in_a_test_only(self):
        body = C_HEAD + "int main(void)\n{\n" + "\n" * 90 + "}\n"
        self.assertEqual(self.find(body, "tests/unit/a.c"), [])
        self.assert_finds(self.find(body, "bench/daxsim/main.c"), "main()")

    def test_ifdef_in_function_is_found(self):
        body = "int f(void)\n{\n#ifdef X\n#endif\n}\n"
        self.assert_finds(self.find(C_HEAD + body), "#if in f()")

    def test_missing_spdx_is_found(self):
        for name in ("lib/core/a.c", "lib/meson.build", "tests/a.py"):
            with self.subTest(name):
                self.assert_finds(self.find("int a;\n", name), "not start")
                (self.root / name).unlink()

    def test_missing_spdx_in_script_is_found(self):
        self.assert_finds(self.find("#!/bin/sh\nls\n", "tests/run"), "SPDX")
        self.assertEqual(
            self.find("#!/bin/sh\n" + PY_HEAD, "tests/run"), [])

    def test_every_banned_call_is_found(self):
        calls = ["time(0)", "clock_gettime(0, t)", "rand()", "usleep(1)",
                 "pthread_mutex_lock(m)", "pthread_rwlock_init(m)",
                 "pthread_create(t)", "printf(s)", "fprintf(f, s)", "exit(1)",
                 "abort()", "assert(x)", "malloc(1)", "alloca(1)",
                 "strcat(a, b)", "getenv(s)", "system(s)"]
        for call in calls:
            with self.subTest(call):
                body = f"void f(void)\n{{\n\t{call};\n}}\n"
                self.assert_finds(self.find(C_HEAD + body),
                                  call.split("(", maxsplit=1)[0])

    def test_banned_call_outside_lib_is_fine(self):
        body = C_HEAD + "int f(void)\n{\n\texit(1);\n}\n"
        self.assertEqual(self.find(body, "bench/daxsim/a.c"), [])

    def test_exception_holds_for_its_file_only(self):
        body = C_HEAD + "int f(void)\n{\n\tabort();\n}\n"
        self.assertEqual(self.find(body, "lib/core/assert.c"), [])
        self.assert_finds(self.find(body, "lib/core/event.c"), "abort()")

    def test_function_like_macro_is_found(self):
        self.assert_finds(self.find(C_HEAD + "#define max(a, b) a\n"),
                          "max() could be a function")
        self.assertEqual(self.find(C_HEAD + "#define ds_assert(e) e\n"), [])

    def test_wrong_guard_is_found(self):
        name = "lib/core/a.h"
        self.assertEqual(self.find(header("DS_CORE_A_H"), name), [])
        self.assert_finds(self.find(header("CORE_A_H"), name), "DS_CORE_A_H")
        (self.root / name).unlink()
        name = "include/daxsim/file.h"
        self.assertEqual(self.find(header("DAXSIM_FILE_H"), name), [])

    def test_blanks_at_the_end_are_found(self):
        self.assert_finds(self.find(C_HEAD + "int a; \n"), "blanks at")
        self.assert_finds(self.find(C_HEAD + "int a;\n\n"), "blank lines")
        self.assert_finds(self.find(C_HEAD + "int a;"), "has no end")

    def test_stray_top_level_entry_is_found(self):
        self.assert_finds(self.find("x\n", "notes.txt"), "notes.txt")

    def test_build_directories_may_lie_at_the_top(self):
        self.assertEqual(self.find("x \n", "build-asan/a.c"), [])


class Compiled(Tree):
    """Lints that read what a compiler made."""

    def archive(self, text, name="a.c"):
        self.write("a.c", text)
        subprocess.run([*CC, "-std=c11", "-fPIC", "-c", "a.c",
                        "-o", f"{name}.o"], cwd=self.root, check=True)
        subprocess.run(["ar", "rc", "a.a", f"{name}.o"], cwd=self.root,
                       check=True)
        return self.root / "a.a"

    def test_writable_data_is_found(self):
        for text in ("int bad;", "static int bad = 1; int *f(void)"
                     "{ return &bad; }", "int *f(void)"
                     "{ static int bad; return &bad; }",
                     "_Thread_local int bad;"):
            with self.subTest(text):
                self.assert_finds(globals_lint.check(self.archive(text)),
                                  "bad")

    def test_constant_data_is_fine(self):
        text = ("extern int x; int *const table[] = { &x };"
                "const int number = 3;")
        self.assertEqual(globals_lint.check(self.archive(text)), [])

    def test_exception_holds_for_its_file_only(self):
        text = "_Thread_local int current;"
        archive = self.archive(text, "sched_current.c")
        self.assertEqual(globals_lint.check(archive), [])
        self.assert_finds(
            globals_lint.check(self.archive(text, "sched_task.c")), "current")

    def test_archive_without_data_is_suspicious(self):
        self.assert_finds(globals_lint.check(self.archive("int f(void);")),
                          "was it read?")

    def test_header_that_needs_another_is_found(self):
        self.write("lib/core/a.h", header("A_H", "uint64_t f(void);\n"))
        self.assertIn("does not compile alone",
                      headers.check(self.root, CC, None)[0])

    def test_header_without_guard_is_found(self):
        self.write("include/a.h", "struct a { int b; };\n")
        self.assertIn("include/a.h", headers.check(self.root, CC, None)[0])

    @unittest.skipUnless(shutil.which("c++"), "no c++")
    def test_header_that_is_no_cxx_is_found(self):
        self.write("include/a.h", header("A_H", "int f(int new);\n"))
        self.assertEqual(headers.check(self.root, CC, None), [])
        self.assertIn("c++", headers.check(self.root, CC, ["c++"])[0])


@unittest.skipUnless(format_lint.find(), "no clang-format of this version")
class Format(Tree):
    def test_other_format_is_found(self):
        self.write(".clang-format", "BasedOnStyle: LLVM\n")
        self.write("a.c", "int f(void) { return 1; }\n")
        self.assertEqual(format_lint.check(self.root), [])
        self.write("a.c", "int f(void){ return 1; }\n")
        self.assert_finds(format_lint.check(self.root), "a.c:1")


if __name__ == "__main__":
    # The compiler of the build, as the arguments.
    CC = sys.argv[1:] or ["cc"]
    unittest.main(argv=sys.argv[:1])
