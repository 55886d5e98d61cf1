# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampstand.errors import UsageError
from ampstand.report.bad_lines import KINDS, SEVERITIES, BadLine, BadLines, needed_words

LINES = BadLines.load()
ENTRIES = [line for lines in LINES.systems.values() for line in lines]
SECTION = re.compile(r"\[(linux|remote|qemu)\]")


def ordinary() -> Iterator[tuple[str, str]]:
    """Yield (whose, line) for each line of the file of ordinary lines."""
    kind = ""
    for line in Path(__file__).with_name("ordinary-lines.txt").read_text(encoding="utf-8").splitlines():
        if match := SECTION.fullmatch(line):
            kind = match[1]
        elif kind and line:
            yield kind, line


@pytest.mark.parametrize(
    ("entry", "line"),
    [pytest.param(entry, line, id=f"{entry.system}: {line}") for entry in ENTRIES for line in entry.examples],
)
def test_each_example_is_found(entry: BadLine, line: str) -> None:
    assert LINES.find([entry.system], line) is entry
    for kind in LINES.judges[entry.system]:
        found = LINES.find(LINES.judging(kind), f"{line}\r")
        assert found is not None
        assert found.rank <= entry.rank


@pytest.mark.parametrize(
    ("system", "line"),
    [pytest.param(entry.system, line, id=f"{entry.system}: {line}") for entry in ENTRIES for line in entry.harmless],
)
def test_no_harmless_line_is_found(system: str, line: str) -> None:
    for kind in LINES.judges[system]:
        assert LINES.find(LINES.judging(kind), line) is None


@pytest.mark.parametrize("kind", KINDS)
def test_no_ordinary_line_is_found(kind: str) -> None:
    lines = [line for whose, line in ordinary() if whose == kind]
    assert lines
    assert [line for line in lines if LINES.find(LINES.judging(kind), line)] == []


def test_the_ordinary_lines_are_many() -> None:
    assert len(list(ordinary())) > 250


def test_every_system_has_a_title_and_judges_somebody() -> None:
    assert all(LINES.titles.values())
    assert all(LINES.judges.values())
    assert {kind for kinds in LINES.judges.values() for kind in kinds} == set(KINDS)


def test_linux_is_judged_by_its_own_table_and_a_remote_by_those_of_all_others() -> None:
    line = "E: ***** BUS FAULT *****"
    assert LINES.find(LINES.judging("linux"), line) is None
    assert LINES.find(LINES.judging("remote"), line) is not None
    assert LINES.find(LINES.judging("remote"), "[    1.0] BUG: scheduling while atomic: sh/1/0x00000002") is None
    assert LINES.find(LINES.judging("qemu"), line) is None
    with pytest.raises(ValueError, match="zephyr"):
        LINES.judging("zephyr")


@pytest.mark.parametrize(
    "line",
    ["\x1b[1;31m[00:00:00.010,000] <err> os: ***** MPU FAULT *****\x1b[0m", "Error_Handler\r", "PAN\x00IC!"],
)
def test_colours_and_carriage_returns_are_no_part_of_a_line(line: str) -> None:
    assert LINES.find(LINES.judging("remote"), line) is not None


def test_each_entry_has_an_example_and_a_source() -> None:
    assert [entry for entry in ENTRIES if not entry.examples or not entry.source] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.system}: {entry.pattern}")
def test_each_pattern_names_words_by_which_other_lines_are_passed_over(entry: BadLine) -> None:
    words = needed_words(entry.pattern)
    assert words
    assert min(map(len, words)) >= 4


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("abc", {"abc"}),
        (r"\bABC+d?", {"ab"}),
        ("(?:abc|de)f*", {"abc", "de"}),
        ("(?:abc|d*)", set()),
        ("(?:abc)*long", {"long"}),
        ("(?i:Abc)[xy]z", {"abc"}),
        ("(?:abc){2}", {"abc"}),
    ],
)
def test_needed_words(pattern: str, words: set[str]) -> None:
    assert needed_words(pattern) == words


def write(folder: Path, *entries: str, judges: str = '["remote"]', more: str = "") -> Path:
    path = folder / "bad.toml"
    head = f'# a comment\n[toy]\ntitle = "Toy"\njudges = {judges}\n{more}\n'
    path.write_text(head + "".join(f"[[toy.lines]]\n{entry}\n" for entry in entries))
    return path


GOOD = 'pattern = \'broken\'\nseverity = "error"\nsource = "toy.c"\nexamples = ["broken"]'


def test_the_worst_of_all_that_match_is_returned(tmp_path: Path) -> None:
    path = write(tmp_path, *(GOOD.replace("error", severity) for severity in ("warning", "fatal", "error")))
    found = BadLines.load(path).find(["toy"], "broken")
    assert found is not None
    assert found.severity == "fatal"
    assert [BadLine("", "", severity, "").rank for severity in SEVERITIES] == [0, 1, 2]


def test_an_entry_that_matches_without_any_needed_word_is_found(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, GOOD.replace("'broken'", "'[xyz]{3}'"))
    assert BadLines.load(path).find(["toy"], "a zyx") is not None


@pytest.mark.parametrize(
    ("entry", "line", "message"),
    [
        (GOOD.replace("pattern", "patern"), 12, "[toy.lines.1] has no key 'patern': did you mean 'pattern'?"),
        (f"{GOOD}\ncolour = 1", 16, "[toy.lines.1] has no key 'colour': expected "),
        (GOOD.replace('"error"', '"bad"'), 13, "severity = 'bad': expected error, fatal, warning"),
        (GOOD.replace("'broken'", "'('"), 12, "pattern: '(' is not a regular expression"),
        (f"{GOOD}\nunless = ')'", 16, "unless: ')' is not a regular expression"),
        (GOOD.replace('["broken"]', '["broken",\n1]'), 16, "examples: a string is expected, not 1"),
        (GOOD.replace('source = "toy.c"', ""), 11, "[toy.lines.1] lacks 'source': a string is expected"),
    ],
)
def test_a_broken_entry_is_an_error_with_its_line(tmp_path: Path, entry: str, line: int, message: str) -> None:
    path = write(tmp_path, GOOD, entry)
    with pytest.raises(UsageError, match=re.escape(f"{path}:{line}: {message}")):
        BadLines.load(path)


@pytest.mark.parametrize(
    ("judges", "more", "line", "message"),
    [
        ('["martian"]', "", 4, "judges: 'martian': expected linux, qemu, remote"),
        ('"remote"', "", 4, "judges: a list is expected, not 'remote'"),
        ('["remote"]', "colour = 1", 5, "[toy] has no key 'colour'"),
    ],
)
def test_a_broken_table_is_an_error_with_its_line(
    tmp_path: Path, judges: str, more: str, line: int, message: str
) -> None:
    path = write(tmp_path, GOOD, judges=judges, more=more)
    with pytest.raises(UsageError, match=re.escape(f"{path}:{line}: {message}")):
        BadLines.load(path)


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*nosuch\.toml"):
        BadLines.load(tmp_path / "nosuch.toml")


def test_a_file_that_is_no_toml_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[toy\n")
    with pytest.raises(UsageError, match=r"bad\.toml:1: not TOML: "):
        BadLines.load(path)
