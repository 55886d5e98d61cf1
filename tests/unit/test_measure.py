# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Probes, what the plugin writes, and the figures that are made of both."""

from __future__ import annotations

import io
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.commands import measure
from ampstand.errors import TestsFailed, UsageError
from ampstand.measure import probe as probes
from ampstand.measure.counts import Event, Interrupts, events
from ampstand.measure.figures import Figure, Place, cores, figures
from ampstand.measure.machine import ENDED
from ampstand.paths import ROOT
from ampstand.progress import Progress
from ampstand.report.results import Results, Run

PROBE = """\
title = "two messages"
image = "echo"
needs = ["smp"]
steps = '''
mark begin
for i in 1 2; do talk; done
mark end-of-it
'''
[[expect]]
core = "host"
pattern = "crash"
[[span]]
name = "boot"
from = "reset"
to = "begin"
[[span]]
name = "message"
from = "begin"
to = "end-of-it"
per = 2
messages = true
"""
LOG = "noise\nmark 16 1000 1200\r\nmark 17 2100 2200\nmark 16 5000 5100\ninit: probe ended with 0\r\n"
COUNTS = """\
16 0 40 4 3 / 0 1 2 3 4 5
16 0 100 10 7 / 1 2 3 4 5 6
0 1 110 10 7 / 1 2 3 4 5 6
1 1 130 15 10 / 1 2 3 4 5 6
0 0 140 15 10 / 1 2 3 4 5 6
1 0 140 25 15 / 1 2 3 4 5 6
17 1 200 40 17 / 2 4 3 4 5 9
17 1 210 50 17 / 3 5 3 4 5 9
16 0 300 50 20 / 9 9 9 9 9 9
end - 999 999 999 / 9 9 9 9 9 9
17 0 1 2"""


def load(folder: Path, text: str = PROBE) -> probes.Probe:
    path = folder / "talk.toml"
    path.write_text(text)
    return probes.load(path)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board.load(write_board(tmp_path))


def test_a_probe_is_a_script_whose_marks_have_numbers(tmp_path: Path, board: Board) -> None:
    probe = load(tmp_path)
    assert probe.marks == ("begin", "end-of-it")
    script = probe.script(board, "bare").decode()
    assert script.startswith("set -eu\n")
    assert "\nIMAGE=echo-bare\nR=/sys/class/remoteproc/remoteproc0\n" in script
    assert "\nprobe-mark 16\nfor i in 1 2; do talk; done\nprobe-mark 17\n" in script
    assert probe.systems == ("bare", "freertos")
    assert [(line.core, line.pattern) for line in probe.expected] == [("host", "crash")]
    assert not probe.preload
    assert load(tmp_path, f"preload = true\n{PROBE}").preload


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title", "tilte", "1: the file has no key 'tilte': did you mean 'title'?"),
        ('"smp"', '"smpp"', "3: no feature 'smpp': did you mean 'smp'?"),
        ('from = "begin"', 'from = "start"', "18: from = 'start': expected begin, end-of-it, reset"),
        ('to = "end-of-it"', 'to = "reset"', "19: to = 'reset': expected begin, end-of-it"),
        ("messages = true", "each = true", "21: each: not with from = 'reset', per or messages"),
        ("per = 2", "per = 0", "20: per = 0: expected 1 or more"),
        ("messages = true", "messages = 1", "21: messages: true or false is expected"),
        ('name = "message"', 'name = "boot"', "17: there is a span 'boot' already"),
        ("needs", 'systems = ["zephyr"]\nneeds', "3: systems: 'zephyr': expected bare, freertos"),
        ('"crash"', '"("', "11: pattern: '(' is not a regular expression"),
    ],
)
def test_a_mistake_is_an_error_with_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in PROBE
    with pytest.raises(UsageError, match=re.escape(f"talk.toml:{message}")):
        load(tmp_path, PROBE.replace(old, new, 1))


def test_events_are_read_without_the_end_and_a_line_cut_off() -> None:
    found = events(COUNTS)
    assert [event.mark for event in found] == [16, 16, 0, 1, 0, 1, 17, 17, 16]
    assert found[1] == Event(16, 0, (100, 10, 7), (1, 2, 3, 4, 5, 6))
    (one,) = events("16 0 100 10 7 / 1 2 3 / 0 0 0 0 0 0 4 50 60\n")
    assert one.interrupts == (Interrupts(), Interrupts(), Interrupts(4, 50, 60))


def test_figures(tmp_path: Path, board: Board) -> None:
    """The first mark of a name counts: what was ends when it is come to, what comes begins when it is left.

    The host's cores are added up; calls are those of the place's core.
    """
    assert cores(board) == {"host": (0, 1), "m4": (2,)}
    places = [Place("kick", "host", 0x1000), Place("irq", "m4", 0x2000)]
    found = {figure.name: figure.value for figure in figures(load(tmp_path), board, LOG, events(COUNTS), places)}
    assert found == {
        "boot: instructions of host": 44,
        "boot: instructions of m4": 3,
        "boot: time": 1000,
        "boot: calls of kick on host": 1,
        "boot: calls of irq on m4": 5,
        "message: instructions of host": 65.0,
        "message: instructions of m4": 5.0,
        "message: time": 450.0,
        "message: calls of kick on host": 1.5,
        "message: calls of irq on m4": 1.5,
        **{
            f"message: instructions of host a message, {p}": v
            for p, v in zip(POINTS, (10, 10, 25, 25, 25), strict=True)
        },
        **{f"message: instructions of m4 a message, {p}": v for p, v in zip(POINTS, (3, 3, 5, 5, 5), strict=True)},
    }


def test_what_a_probe_counts_of_linux_is_added_up_and_of_each_message(tmp_path: Path, board: Board) -> None:
    """A kernel that does not have all of the functions has some; the user's own stay apart."""
    places = [Place("kmalloc", "host", 0x10, "allocations"), Place("kmem_alloc", "host", 0x20, "allocations")]
    counts = re.sub(r"/ .*", lambda match: f"{match[0]} 0 0 0", COUNTS)
    shown = figures(load(tmp_path), board, LOG, events(counts), [places[0], Place("kick", "m4", 0x30), places[1]])
    found = {one.quantity: one for one in shown if one.span == "message" and one.unit == "calls"}
    assert {name: one.value for name, one in found.items()} == {
        "allocations of host": 1.5,
        "calls of kick on m4": 1.5,
        **{f"allocations of host a message, {point}": 0 for point in (*POINTS, "usual")},
    }
    steady = {name for name, one in found.items() if not one.sensitive}
    assert steady == {"calls of kick on m4", "allocations of host a message, usual"}


def test_exceptions_of_the_remote(tmp_path: Path, board: Board) -> None:
    """Of the stays the longest of all marks in between counts; those of the span before do not."""
    states = ["1 90 80", "2 70 60", "2 5 6", "4 8 3", "4 0 0", "5 7 9", "7 0 0", "7 0 0", "9 99 99", "9 1 1", "9 1 1"]
    lines = COUNTS.splitlines(keepends=True)
    text = "".join(line.replace("\n", f" / 0 0 0 0 0 0 {state}\n") for line, state in zip(lines, states, strict=True))
    assert board.remote is not None
    of_m_profile = replace(board, remotes=(replace(board.remote, profile="M"),))
    shown = figures(load(tmp_path), of_m_profile, LOG, events(text))
    assert {one.name: one.value for one in shown if "interrupts" in one.quantity} == {
        "boot: interrupts of m4": 1,
        "boot: longest in interrupts of m4": 90,
        "boot: longest with interrupts masked on m4": 80,
        "message: interrupts of m4": 2.5,
        "message: longest in interrupts of m4": 8,
        "message: longest with interrupts masked on m4": 9,
    }


def test_a_value_is_by_how_much_it_has_grown(tmp_path: Path, board: Board) -> None:
    probe = load(tmp_path, PROBE + '[[value]]\nname = "slab"\nunit = "B"\nper = 10\n')
    log = f"value slab 4096\r\nvalue other 1\n{LOG}value slab 12288\r\n"
    (found,) = (one for one in figures(probe, board, log, events(COUNTS)) if one.span == "slab")
    assert (found.name, found.value, found.unit) == ("slab: growth", 819.2, "B")
    with pytest.raises(TestsFailed, match="probe talk printed 'slab' 1 times, which is not twice"):
        figures(probe, board, log.replace("value slab 4096", ""), events(COUNTS))


POINTS = ("min", "p10", "median", "p99", "max")


def test_a_span_that_counts_each_time_has_averages_and_a_distribution(tmp_path: Path, board: Board) -> None:
    text = PROBE.replace("per = 2\nmessages = true", "each = true")
    text = text.replace('[[span]]\nname = "boot"\nfrom = "reset"\nto = "begin"\n', "")
    counts = ""
    log = ""
    total = 0
    for number, work in enumerate((30, 10, 20, 20)):
        for mark, more in ((16, 1000), (16, 5), (17, work), (17, 7)):
            total += more
            counts += f"{mark} 0 {total} 0 {2 * total} / {total} 0 0\n"
        log += f"mark 16 {number}00 {number}10\nmark 17 {number}{20 + work} {number}99\n"
    places = [Place("kick", "host", 0x1000)]
    found = {one.name: one.value for one in figures(load(tmp_path, text), board, log, events(counts), places)}
    assert found == {
        "message: instructions of host": 20.0,
        "message: instructions of m4": 40.0,
        "message: time": 30.0,
        "message: calls of kick on host": 20.0,
        **{f"message: instructions of host, {p}": v for p, v in zip(POINTS, (10, 10, 20, 30, 30), strict=True)},
        **{f"message: instructions of m4, {p}": v for p, v in zip(POINTS, (20, 20, 40, 60, 60), strict=True)},
        "message: instructions of host, usual": 20,
        "message: instructions of m4, usual": 40,
    }
    shown = figures(load(tmp_path, text), board, log, events(counts), places)
    steady = [one.quantity for one in shown if not one.sensitive]
    assert steady == ["calls of kick on host", "instructions of m4, usual"], "Linux never does quite the same"
    cut = counts.rpartition("17 0")[0].rpartition("17 0")[0]
    with pytest.raises(TestsFailed, match="'message' began 4 times and ended 3 times"):
        figures(load(tmp_path, text), board, log, events(cut))


def test_only_what_many_messages_share_and_calls_are_no_matter_of_timing(tmp_path: Path, board: Board) -> None:
    """The smallest that a tenth of them have: what others find is above, rare luck is below."""
    places, probe = [Place("kick", "host", 0x1000)], load(tmp_path)
    assert [one.quantity for one in figures(probe, board, LOG, events(COUNTS), places) if not one.sensitive] == [
        "calls of kick on host", "calls of kick on host"
    ]  # fmt: skip
    alike = "0 0 140 25 15 / 1 2 3 4 5 6\n1 0 140 35 20 / 1 2 3 4 5 6\n"
    found = []
    for more in (1, 2):
        again = COUNTS.replace("17 1 200", alike * more + "17 1 200", 1)
        steady = [one for one in figures(probe, board, LOG, events(again)) if not one.sensitive]
        found.append({one.quantity: one.value for one in steady})
    assert found[0] == {}, "two of three"
    assert found[1] == {"instructions of host a message, usual": 10, "instructions of m4 a message, usual": 5}


def test_what_is_missing_is_said(tmp_path: Path, board: Board) -> None:
    probe = load(tmp_path)
    with pytest.raises(TestsFailed, match="probe talk ended without its mark 'end-of-it'"):
        figures(probe, board, LOG, events(COUNTS)[:3])
    silent = [event for event in events(COUNTS) if event.mark > 1]
    with pytest.raises(TestsFailed, match="no message was marked in span 'message'"):
        figures(probe, board, LOG, silent)


def test_our_probes_are_right_and_their_numbers_those_of_the_header() -> None:
    assert [probe.name for probe in probes.load_all()] == ["attach", "crashes", "cycles", "echo", "flood"]
    header = (ROOT / "firmware/include/ampstand/mark.h").read_text(encoding="utf-8")
    assert re.search(rf"MARK_PROBE = {probes.FIRST_MARK},", header)
    assert "MARK_SENT = 0," in header
    assert "MARK_RECEIVED = 1," in header
    plugin = (ROOT / "hw/plugin/count.c").read_text(encoding="utf-8")
    assert "{ 0x50, 0xf0, 0x20, 0xe3 }" in plugin
    assert "#define MARK_HINT 0x50\n" in header
    init = (ROOT / "firmware/host/init.c").read_text(encoding="utf-8")
    assert '"probe ended with %d"' in init
    assert ENDED.search(LOG)


@pytest.mark.parametrize("come", range(len("init: probe ended with 12\r\n")))
def test_a_probe_has_ended_when_the_whole_line_has_come(come: int) -> None:
    """Else the log is cut off at one place in one run, and at another in the next; or 12 is taken for 1."""
    line = "init: probe ended with 12\r\n"
    assert not ENDED.search(f"noise\n{line[:come]}")
    ended = ENDED.search(f"noise\n{line}")
    assert ended
    assert (ended[1], ended[0]) == ("12", line.rstrip())


class Slow:
    """Stands in for the measurement of a probe: two must be at it together, or neither ends."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.together = threading.Barrier(2)
        self.measured: list[str] = []

    def __call__(self, probe: probes.Probe, system: str, *_: object) -> measure.Measured:
        self.together.wait(60)
        self.measured.append(system)
        if system == self.failing:
            raise KeyboardInterrupt
        return measure.Measured(probe, system, [Figure("span", "insns", len(system), "insns", "each")], [])


def run_probes(tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch, slow: Slow) -> list[measure.Measured]:
    monkeypatch.setattr(measure, "measure", slow)
    builder = Builder(board, BuildOptions(), Progress(io.StringIO(), live=False), cache=Cache(tmp_path / "cache"))
    record = Results(tmp_path / "results.jsonl")
    two = [load(tmp_path), load(tmp_path)]
    return measure.run(two, [], builder, artifacts(tmp_path), tmp_path, record, builder.progress, 2)


def test_probes_run_at_the_same_time_and_are_told_in_their_order(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run_probes(tmp_path, board, monkeypatch, Slow())
    assert [one.system for one in found] == ["bare", "freertos"] * 2
    figures = Run.load(tmp_path / "results.jsonl").figures
    assert [(one.name, one.value) for one in figures][:2] == [
        ("talk[bare]/span: insns", 4),
        ("talk[freertos]/span: insns", 8),
    ]


def test_an_interrupted_measurement_begins_no_more_probes(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(failing="bare")
    ended: list[str] = []

    def reap_all() -> None:
        slow.together.abort()
        ended.append("all")

    monkeypatch.setattr(measure, "reap_all", reap_all)
    with pytest.raises(KeyboardInterrupt):
        run_probes(tmp_path, board, monkeypatch, slow)
    assert ended, "what runs is ended, not waited for"
