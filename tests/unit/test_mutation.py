# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Mutants of C: what is found, that a file with all of them is the original and each of them, what is known of each."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampstand.errors import UsageError
from ampstand.mutation import schemata, verdicts
from ampstand.mutation.operators import TITLES
from ampstand.mutation.schemata import File, Mutant, number
from ampstand.mutation.switches import LINUX, NUMBER, PROGRAM, REACHED, SWITCH
from ampstand.mutation.verdicts import Record, Score, Verdict, declared, grade, stale

INPUTS = (0, 1, 2, 3, 7, 255)
MAIN = f"""
static unsigned calls;
static unsigned g(unsigned x, unsigned y) {{ calls = calls * 31 + x + 7 * y; return x ^ (y << 1); }}
%s
#include <stdio.h>
int main(void)
{{
    static const unsigned in[] = {{ {", ".join(map(str, INPUTS))} }};
    for (unsigned i = 0; i < sizeof(in) / sizeof(*in); i++)
        for (unsigned j = 0; j < sizeof(in) / sizeof(*in); j++) {{
%s
        }}
    return 0;
}}
"""
CALL = """            calls = 0; printf("%%u ", %s(in[i], in[j])); printf("%%u\\n", calls);"""


def compiled(folder: Path, name: str, text: str) -> Path:
    """Compile a program; return it."""
    source, program = folder / f"{name}.c", folder / name
    source.write_text(text)
    command = ["gcc", "-std=gnu11", "-w", "-O0", "-o", str(program), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return program


def output(program: Path, **environment: str) -> str:
    """Return what a program prints."""
    return subprocess.run([program], env=environment, check=True, capture_output=True, text=True, timeout=20).stdout


def test_every_operator_is_found_and_named() -> None:
    text = b"""
int f(struct s *s, int n)
{
    int err = -EBUSY;

    if (!s || n > 3)
        return -EINVAL;
    mutex_lock(&s->lock);
    list_for_each_entry(x, &s->list, node) {
        smp_mb();
        use(s, n);
    }
    err = other(s);
    mutex_unlock(&s->lock);
    put_device(s->dev);
    kfree(s);
    wake_up(&s->queue);
    return err;
}
"""
    found = {mutant.operator for mutant in File("f.c", text).mutants}
    assert found == set(TITLES)


def test_what_has_to_be_constant_or_only_tells_something_stays() -> None:
    text = b"""
enum { A = 1 };
static int table[3] = { 1, 2 };
int f(int n)
{
    static int once = 1;
    char buffer[16];

    BUILD_BUG_ON(sizeof(buffer) != 16);
    dev_err(dev, "%d", 5);
    dynamic_hex_dump("", DUMP_PREFIX_NONE, 16, 1, s, n, true);
    guard(mutex)(&lock);
    switch (n) {
    case 4:
        fallthrough;
    default:
        g(n);
    }
}
"""
    mutants = File("f.c", text).mutants
    assert {(mutant.operator, mutant.before) for mutant in mutants} == {
        ("early-return", ""),
        ("call", "g(n);"),
    }


def test_arguments_of_which_either_may_be_the_first_keep_their_places() -> None:
    text = b"""
int f(const char *a, const char *b, int n)
{
    return strncmp(a, b, n) + sysfs_streq(a, b) + min(n, 3) + max_t(int, n, 4) + memcpy(a, b);
}
"""
    texts = {mutant.after for mutant in File("f.c", text).mutants if mutant.operator == "swapped"}
    assert texts == {"strncmp(a, n, b)", "max_t(n, int, 4)", "memcpy(b, a)"}


def test_a_condition_that_is_the_value_too_stays() -> None:
    text = b"""
char *f(char *name)
{
    return name ?: "none";
}
"""
    assert not File("f.c", text).mutants


def test_a_file_without_functions_stays_as_it_is() -> None:
    assert File("f.c", b"int a;\n").text({}, "x") == b"int a;\n"


def test_lines_stay_and_each_mutant_has_one_switch() -> None:
    text = b"int f(int a, int b)\n{\n\t/* a */\n\tif (a > 1 &&\n\t    b < 2) // b\n\t\treturn g(a,\n\t\t\t b);\n"
    text += b"\treturn 0;\n}\n"
    file = File("f.c", text)
    numbers = number(file.mutants)
    written = file.text(numbers, LINUX.declarations)
    assert written.count(b"\n") == text.count(b"\n")
    for mutant in numbers.values():
        assert written.count(f"{SWITCH}({mutant})".encode()) == 1
    assert max(mutant.last for mutant in file.mutants) == 8
    assert "//" not in "".join(mutant.after for mutant in file.mutants)


def test_ids_survive_edits_elsewhere_and_tell_equal_texts_apart() -> None:
    text = b"void f(int a)\n{\n\tg(a);\n\tg(a);\n}\n"
    before = [mutant.id for mutant in File("f.c", text).mutants]
    edited = b"int new;\n" + text.replace(b"\tg(a);\n}", b"\th(a);\n\tg(a);\n}")
    after = [mutant.id for mutant in File("f.c", edited).mutants]
    assert len(set(before)) == len(before)
    assert set(before) < set(after)


# ---- the same as the original, and as each mutant by itself ----------------------------------------------------------

expressions = st.recursive(
    st.sampled_from(["a", "b", "s", "0u", "1u", "2u", "5u"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "&", "|", "^"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(inner, inner).map(lambda p: f"g({p[0]}, {p[1]})"),
        st.tuples(inner, st.sampled_from(["<", "<=", "==", "!=", ">"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
    ),
    max_leaves=5,
)
statements = st.recursive(
    st.one_of(
        expressions.map(lambda e: f"s += {e};"),
        st.tuples(expressions, expressions).map(lambda p: f"g({p[0]}, {p[1]});"),
        expressions.map(lambda e: f"if ({e}) return s + {e};"),
    ),
    lambda inner: st.one_of(
        st.tuples(expressions, inner, inner).map(lambda p: f"if ({p[0]}) {p[1]} else {p[2]}"),
        inner.map(lambda body: f"for (unsigned i = 0; i < 3; i++) {{ if (s == i) continue;\n {body} }}"),
        st.tuples(inner, inner).map(lambda p: f"{{ {p[0]}\n {p[1]} }}"),
        st.tuples(expressions, inner, inner).map(
            lambda p: f"switch ({p[0]} & 1) {{ case 0: {p[1]} break; default: {p[2]} }}"
        ),
    ),
    max_leaves=4,
)


@settings(max_examples=12, deadline=None)
@given(body=st.lists(statements, min_size=1, max_size=3))
def test_one_build_is_the_original_and_each_mutant(body: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemata")
    lines = "\n".join(body)
    text = f"unsigned f(unsigned a, unsigned b)\n{{\nunsigned s = 1;\n{lines}\nreturn s;\n}}\n".encode()
    file = File("f.c", text)
    numbers = number(file.mutants)
    # Written by hand, each as a function of its own.
    alone = {n: file.alone(mutant).replace(b"f(", f"f{n}(".encode(), 1) for mutant, n in numbers.items()}
    versions = {0: text.replace(b"f(", b"f0(", 1), **alone}
    calls = "\n".join(CALL % f"f{n}" for n in versions).replace("%%", "%")
    marked = calls.replace('printf("%u "', 'printf("%u ", 0u); printf("%u "')
    by_hand = output(compiled(folder, "by-hand", MAIN % ("\n".join(v.decode() for v in versions.values()), marked)))
    switched = compiled(
        folder,
        "switched",
        MAIN
        % (file.text(numbers, PROGRAM.declarations, PROGRAM.definitions).decode(), (CALL % "f").replace("%%", "%")),
    )
    expected = [line.split(" ", 1)[1] for line in by_hand.splitlines()]
    for index, n in enumerate(versions):
        assert output(switched, **{NUMBER: str(n)}).splitlines() == expected[index :: len(versions)], f"mutant {n}"


def test_each_mutant_differs_and_is_reached(tmp_path: Path) -> None:
    text = b"""unsigned f(unsigned a, unsigned b)
{
    unsigned s = 1;
    for (unsigned i = 0; i < 2; i++) {
        s += g(a + i, b);
    }
    if (a > 2 && b != 3) {
        s += 5;
    }
    return s;
}
"""
    file = File("f.c", text)
    numbers = number(file.mutants)
    written = file.text(numbers, PROGRAM.declarations, PROGRAM.definitions).decode()
    program = compiled(tmp_path, "program", MAIN % (written, (CALL % "f").replace("%%", "%")))
    (tmp_path / "reached").write_bytes(bytes(len(numbers) + 1))
    original = output(program, **{REACHED: str(tmp_path / "reached")})
    assert (tmp_path / "reached").read_bytes() == b"\0" + b"\1" * len(numbers)
    same = [mutant for mutant, n in numbers.items() if output(program, **{NUMBER: str(n)}) == original]
    assert same == []


# ---- what does not compile -------------------------------------------------------------------------------------------


def test_a_mutant_is_blamed_for_what_the_compiler_says_of_it(tmp_path: Path) -> None:
    text = b"int h(int a, char *b);\nint f(void)\n{\n\tint a = 1; char *p = 0;\n\treturn h(a, p);\n}\n"
    file = File("dir/f.c", text)
    numbers = number(file.mutants)
    written = file.text(numbers, LINUX.declarations)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/f.c").write_bytes(written)
    command = ["gcc", "-c", "-o", "f.o", "dir/f.c"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stderr
    blamed = file.blamed(written, numbers, said)
    assert {mutant.operator for mutant in file.mutants if mutant.id in blamed} <= {"swapped", "constant"}
    while blamed:
        numbers = {name: n for name, n in numbers.items() if name not in blamed}
        written = file.text(numbers, LINUX.declarations)
        (tmp_path / "dir/f.c").write_bytes(written)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        blamed = file.blamed(written, numbers, done.stderr)
    assert done.returncode == 0
    assert {mutant.operator for mutant in file.mutants if mutant.id in numbers} >= {"call-result", "constant"}


def test_an_error_in_a_macro_is_that_of_the_line_that_uses_it() -> None:
    written = f"x\n\tif ({SWITCH}(3) ? (1) : ({SWITCH}(4) ? (2) : M(2)))\n".encode()
    log = (
        "include/m.h:9:3: error: what M is made of\n"
        "src/f.c:2:45: note: in expansion of macro 'M'\n"
        "src/f.c:2:9: warning: something\nsrc/f.c:2:12: note: of no interest\n"
    )
    assert schemata._blamed("src/f.c", written, log) == {4}
    given = log.replace("include/m.h:9:3:", "<command-line>:")
    assert schemata._blamed("src/f.c", written, given) == {4}
    assert schemata._blamed("src/f.c", written, "src/f.c:2:1: error: early\n") == {3}
    assert schemata._blamed("src/f.c", written, "src/f.c:1:1: error: elsewhere\n") == set()


@pytest.mark.parametrize(("line", "column", "index"), [("abc", 2, 1), ("\tab", 9, 1), ("\tab", 8, 0), ("a", 9, 1)])
def test_columns_count_tabs_as_gcc_does(line: str, column: int, index: int) -> None:
    assert schemata._character(line, column) == index


def test_what_is_executed_along_with_a_mutant() -> None:
    text = b"""int f(int a)
{
	int b = 1;

	/* no statement */
	get(a);
	if (a > 2)
		return 7;
	b = 3;
	if (a > 3) {
		put(a);
		goto out;
	}
	b = 4;
	for (;;) {
		take(5);
		switch (a) {
		case 1:
			b = 5;
			break;
		}
	}
out:
	b = 6;
	return b;
}
"""
    lines_of = {mutant.line: [(one[0], one[-1]) for one in mutant.along] for mutant in File("f.c", text).mutants}
    behind = [(14, 14), (15, 22)]
    assert lines_of[3] == [(6, 6), (7, 8), (9, 9), (10, 13), *behind]
    assert lines_of[6] == [(7, 8), (9, 9), (10, 13), *behind, (3, 3)]
    assert lines_of[8] == [], "what is right under a condition is known by its own lines only"
    assert lines_of[9] == [(10, 13), *behind], "what is before it may have left"
    assert lines_of[12] == [(11, 11)]
    assert lines_of[19] == [(20, 20)], "not what is compared with"
    assert lines_of[20] == [(19, 19)]
    assert lines_of[16] == [(17, 21)]
    assert lines_of[24] == [(25, 25)]


# ---- verdicts --------------------------------------------------------------------------------------------------------


def mutant(**values: object) -> Mutant:
    """Return a mutant with some values of its own."""
    plain: Mapping[str, object] = {
        "id": "d/f.c:f:call:0:1", "file": "d/f.c", "function": "f_open", "operator": "call", "line": 3, "last": 3,
        "before": "queue(endpoint);", "after": "",
    }  # fmt: skip
    return Mutant(**{**plain, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("nothing came within 20 s", 0),
        ("assertion failed", 1),
        ("write of 1 bytes to /dev/rpmsg1: Message too long", 1),
        ("write t 3/7 => 3 instead of ETIME", 1),
        ("event of host at 2.9 s: the board was reset by its watchdog, and nobody had asked for that", 1),
        ("kernel log of host: f-open 10000000.m4: probe with driver f-open failed with error -12", 2),
        ("BUG: in f_open+0x10", 2),
        ("known-bad line of host: f virtio0: no recipient", 2),
        ("timed out\nLinux goes another way in:\ng() in d/g.c: no longer 7", 1),
        ("f.c:3: assertion `endpoint` failed", 3),
    ],
)
def test_a_message_is_graded_by_what_it_names(message: str, expected: int) -> None:
    assert grade(mutant(), message) == expected


def test_a_record_is_gone_on_from_unless_something_else_was_built(tmp_path: Path) -> None:
    path = tmp_path / verdicts.FILE
    record = Record(path, "k1")
    record.add(Verdict("a", verdicts.CAUGHT, "t", 1.5, "m", 2, 3, 4))
    record.add(Verdict("b", verdicts.BROKEN))
    with path.open("a") as file:
        file.write('{"key": "k1", "id": "c", "outc')
    assert Record(path, "k1").verdicts == {"a": record.verdicts["a"]}
    assert Record(path, "k2").verdicts == {}
    assert Record(path, "k1", [verdicts.CAUGHT]).verdicts == {}


def test_only_executed_mutants_count() -> None:
    outcomes = [verdicts.CAUGHT] * 3 + [verdicts.SURVIVED, verdicts.NEVER, verdicts.EQUIVALENT, verdicts.UNBUILT]
    score = Score.of(Verdict(str(index), outcome, grade=2) for index, outcome in enumerate(outcomes))
    assert (score.executed, score.percent, score.grades) == (4, 75.0, {0: 0, 1: 0, 2: 3, 3: 0})
    assert Score.of([]).percent == 0.0


def test_a_declaration_says_why_and_is_about_a_mutant_there_is(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.toml"
    assert declared(file) == {}
    file.write_text('[[equivalent]]\nmutants = ["d/f.c:f:call:0:1"]\nreason = "why"\n')
    assert declared(file) == {"d/f.c:f:call:0:1": "why"}
    stale(declared(file), [mutant()], ["d/f.c"])
    stale(declared(file), [], ["other.c"])
    with pytest.raises(UsageError, match="no such mutant"):
        stale(declared(file), [], ["d/f.c"])
    file.write_text('[[equivalent]]\nmutants = ["a", "a"]\nreason = "why"\n')
    with pytest.raises(UsageError, match="twice"):
        declared(file)
    file.write_text('[[equivalent]]\nmutants = ["a"]\n')
    with pytest.raises(UsageError, match="reason"):
        declared(file)
