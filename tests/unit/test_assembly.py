# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ampstand.build.arch import ARCHES
from ampstand.build.kernel import NO_ANCHORS, NO_LINES, compiler_name
from ampstand.formats import assembly

ARM = ARCHES["arm"]
SOURCE = """\
struct descriptor { const char *function; const char *format; int line; };
extern void say(const struct descriptor *, ...);
extern int register_it(int (*)(int), const char *);
#define debug(text, ...) do { \\
	static struct descriptor it = { __func__, text, __LINE__ }; say(&it, ##__VA_ARGS__); } while (0)

static int calls;
const int table[] = { 1, 2, 3 };

static int first(int x)
{
	debug("first %d", x);
	while (x > 3)
		x /= table[calls++ % 3];
	return x;
}

static int second(int number)
{
	debug("a line @ \\"second\\": %d", number);
	asm volatile(".pushsection .bug\\n.word %c0\\n.popsection\\nnop" : : "i" (__LINE__));
	return register_it(first, "second") + number;
}

int outer(int x)
{
	return register_it(second, "outer") + register_it(first, "first") + x;
}
"""


def compiled(source: str, folder: Path) -> dict[str, str]:
    file = folder / "x.c"
    file.write_text(source, encoding="utf-8")
    flags = [
        "-O2",
        "-marm",
        "-march=armv7-a",
        "-mfloat-abi=soft",
        "-fno-PIE",
        *NO_LINES,
        NO_ANCHORS,
        "-fverbose-asm",
        "-S",
    ]
    subprocess.run([compiler_name(ARM, llvm=False), *flags, "-o", str(folder / "x.s"), str(file)], check=True)
    return assembly.read((folder / "x.s").read_text(encoding="utf-8"), ARM.comment)


def exchanged() -> str:
    """Return the source with its two static functions in the other order."""
    begin, middle, end = (SOURCE.index(text) for text in ("static int first", "static int second", "int outer"))
    declared = "static int first(int x);\n"
    return SOURCE[:begin] + declared + SOURCE[middle:end] + SOURCE[begin:middle] + SOURCE[end:]


@pytest.mark.skipif(shutil.which(compiler_name(ARM, llvm=False)) is None, reason="the cross compiler is not installed")
@pytest.mark.parametrize(
    ("after", "found"),
    [
        (SOURCE, []),
        (SOURCE.replace("static int calls", "/* a comment\n * of two lines */\nstatic int calls"), []),
        (SOURCE.replace("number", "how_many"), []),
        (SOURCE.replace("static int calls;", "static int unused(void) { return 1; }\nstatic int calls;"), []),
        (exchanged(), []),
        (SOURCE.replace("x > 3", "x > 4"), ["first"]),
        (SOURCE.replace("x > 3", "x >= 3"), ["first"]),
        (SOURCE.replace("1, 2, 3", "1, 2, 5"), ["table"]),
        (SOURCE.replace('debug("first', 'debug("First'), ["first", "it"]),
        (SOURCE.replace('(first, "second")', '(first, "Second")'), ["second"]),
        (SOURCE.replace('\\"second\\": %d', '\\"second\\": %u'), ["it", "second"]),
        (SOURCE.replace('(second, "outer") + register_it(first,', '(first, "outer") + register_it(second,'), ["outer"]),
        (SOURCE.replace("static int calls", "static int calls = 7"), ["calls"]),
        (SOURCE + "int more(void)\n{\n\treturn 1;\n}\n", ["more"]),
    ],
)
def test_what_a_change_of_the_source_changes(tmp_path: Path, after: str, found: list[str]) -> None:
    different = assembly.differences(compiled(SOURCE, tmp_path), compiled(after, tmp_path))
    assert [name for name in different if name != "__func__"] == found


def test_a_function_with_another_name_is_the_same() -> None:
    text = "\t.text\nhelper:\n\tmov r0, #1\n\tbx lr\nuser:\n\tbl helper\n\tbx lr\n"
    before = assembly.read(text, "@")
    assert assembly.differences(before, assembly.read(text.replace("helper", "assistant"), "@")) == []
    other = text.replace("helper", "assistant").replace("#1", "#2")
    assert assembly.differences(before, assembly.read(other, "@")) == ["assistant", "helper", "user"]
    both = "a_pointer_to_fini:\n\t.word fini\nfini:\n\tbx lr\n"
    assert assembly.differences(assembly.read(both, "@"), assembly.read(both.replace("fini", "end"), "@")) == []


def test_a_section_that_is_left_again() -> None:
    text = "\t.text\none:\n\tnop\n\t.section .alt\n\t.word 1\n\t.previous\n\tnop\ntwo:\n\tnop\n"
    assert assembly.read(text, "@") == {"one": ".text\nnop\n.word 1\nnop", "two": ".text\nnop"}
