# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Known bugs of Linux and behaviours of its versions: the data, and the page beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ampstand import paths
from ampstand.board import Board
from ampstand.errors import UsageError
from ampstand.linux import known_bugs
from ampstand.linux.known_bugs import Kernel, Range

ENTRY = """\
[[bug]]
id = "a-bug"
title = "it is wrong"
driver = "remoteproc_core"
from = "6.1"
to = "6.12"
evidence = [{ pattern = "Oops" }, { core = "m4", pattern = "fault \\\\d+" }]
anchor = "here"
"""


def load(folder: Path, text: str) -> dict[str, known_bugs.KnownBug]:
    path = folder / "bugs.toml"
    path.write_text(text)
    return known_bugs.load(path)


def test_an_entry_is_read(tmp_path: Path) -> None:
    bug = load(tmp_path, ENTRY)["a-bug"]
    assert bug.found("host", "Internal error: Oops")
    assert bug.found("m4", "hard fault 3")
    assert not bug.found("m4", "Oops")
    assert not bug.chance
    assert bug.where.endswith("bugs.toml:2")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("title", "tilte", 3, "title"),
        ("from", "form", 5, "form"),
        ("anchor =", "achnor =", 8, "anchor"),
        ('"6.12"', '"6.twelve"', 6, "a version is expected"),
        ('"6.1"', '"6.13"', 5, "no version is in that range"),
        ('"Oops"', '"Oops("', 7, "not a regular expression"),
        ("pattern = \"Oops\"", "patern = \"Oops\"", 7, "pattern"),
        ("evidence", "#evidence", 2, "an evidence or a behaviour is expected"),
        ('"a-bug"', '"A bug"', 2, "small letters"),
        ("anchor", 'shows = "sometimes"\nanchor', 8, "sometimes"),
        ("[[bug]]", "[[bugs]]", 1, "bug"),
        ("anchor", 'device_tree = { node = "/a", cell = 1 }\nanchor', 8, "property"),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, ENTRY.replace(old, new, 1))
    assert re.match(rf".*bugs\.toml:{line}: ", caught.value.message)
    assert message in caught.value.message


def test_an_id_is_there_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bugs\.toml:10: there is a bug 'a-bug' already"):
        load(tmp_path, ENTRY + ENTRY)


@pytest.mark.parametrize(
    ("first", "last", "release", "inside"),
    [
        ("6.1", "6.12", "6.12.118-ampstand", True), ("6.1", "6.12", "6.13.0", False), ("6.1", "6.12", "6.0.9", False),
        ("6.1", "", "7.3.4-1", True), ("", "6.1", "6.1.192", True), ("", "", "5.4", True),
        ("6.12.100", "6.12.110", "6.12.99", False), ("6.12.100", "6.12.110", "6.12.110-x", True),
        ("6.2", "", "6.12", True), ("6.12", "6.12", "unknown", True),
    ],
)  # fmt: skip
def test_ranges(first: str, last: str, release: str, inside: bool) -> None:
    assert Range(first, last).holds(release) is inside


def test_a_behaviour_is_that_of_the_first_range_that_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.toml"
    path.write_text(
        '[[behaviour]]\nid = "x"\nwhy = "it grew"\nis = [{ to = "6.1", value = 1 }, { from = "7.0", value = 3 }]\n'
    )
    monkeypatch.setattr(known_bugs, "_all_behaviours", lambda: known_bugs.behaviours(path))
    assert known_bugs.behaviour("x", Kernel("6.1.9")) == 1
    assert known_bugs.behaviour("x", Kernel("7.3.4-ampstand")) == 3
    with pytest.raises(UsageError, match=r"no value for Linux 6\.12"):
        known_bugs.behaviour("x", Kernel("6.12"))
    with pytest.raises(UsageError, match="no behaviour 'y'"):
        known_bugs.behaviour("y", Kernel("6.12"))


def test_a_driver_has_behaviours_and_bugs_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.toml"
    path.write_text(
        '[[behaviour]]\nid = "x"\nwhy = "y"\nis = [{ driver = "one", from = "6.1", value = "said" }, { value = "" }]\n'
    )
    monkeypatch.setattr(known_bugs, "_all_behaviours", lambda: known_bugs.behaviours(path))
    one, other = Kernel("6.12", frozenset({"one"})), Kernel("6.12", frozenset({"other"}))
    assert [known_bugs.behaviour("x", kernel) for kernel in (one, other)] == ["said", ""]
    assert known_bugs.behaviour("x", Kernel("5.4", frozenset({"one"}))) == ""
    found = load(tmp_path, ENTRY.replace("driver =", "hardware = true\ndriver =", 1))
    (bug,) = found.values()
    assert not bug.inside(Kernel(bug.range.first, frozenset({"other"})))
    assert bug.inside(Kernel(bug.range.first, frozenset({bug.driver})))


def test_a_bug_may_be_of_one_architecture(tmp_path: Path) -> None:
    (bug,) = load(tmp_path, ENTRY.replace("driver =", 'arch = "arm"\ndriver =', 1)).values()
    assert [bug.inside(Kernel(bug.range.first, arch=arch)) for arch in ("arm", "arm64", "")] == [True, False, True]


def test_a_bug_of_hardware_is_of_a_board_that_has_it() -> None:
    drivers = {driver for name in Board.names() for driver in Board.load(name).drivers}
    assert {bug.driver for bug in known_bugs.load().values() if bug.hardware} <= drivers


def test_an_unknown_bug_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="poll-race"):
        known_bugs.bug("pol-race")


def test_our_data_and_the_page_agree() -> None:
    bugs = known_bugs.load()
    page = known_bugs.PAGE.read_text(encoding="utf-8")
    anchors = known_bugs.anchors(page)
    assert {bug.id: bug.anchor for bug in bugs.values() if bug.anchor not in anchors} == {}
    assert [bug.id for bug in bugs.values() if f"`{bug.id}`" not in page] == []


def test_every_bug_is_used_and_nothing_else_asks_for_a_version() -> None:
    texts = {
        path: path.read_text(encoding="utf-8")
        for folder in (paths.ROOT / "tests/scenarios", paths.ROOT / "ci/ampstand/linux")
        for path in folder.rglob("*.py")
    }
    whole = "".join(texts.values())
    asked = {name for name, bug in known_bugs.load().items() if not bug.unanswered and not bug.anywhere}
    unused = [name for name in asked if f'"{name}"' not in whole]
    assert unused == []
    versions = re.compile(r"(?<![\d.])[4-9]\.\d{1,2}\b(?=[^\d%]* (Linux|kernel))|Linux [4-9]\.\d|\b6\.12\b|\b7\.3\b")
    own = paths.ROOT / "ci/ampstand/linux/known_bugs.py"
    assert {
        str(path): versions.findall(text) for path, text in texts.items() if path != own and versions.search(text)
    } == {}
