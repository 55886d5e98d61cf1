# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux is given malformed firmware: it refuses it with an error, or it works; then a good one still works.

The files, what comes of each, and the known bugs that some of them hit: ``ampstand.linux.badfirmware``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ampstand.board import Board, Region
from ampstand.build.artifacts import Artifacts
from ampstand.errors import TestsFailed
from ampstand.linux import loader, memory
from ampstand.linux.badfirmware.cases import CASES, NO_TABLE, SHDRS_UNCHECKED, Case, Verdict
from ampstand.linux.badfirmware.generator import Target, load
from ampstand.linux.badfirmware.mutants import mutants
from ampstand.linux.kernel_log import WARNING_LEVEL, blocks
from ampstand.linux.known_bugs import Kernel, KnownBug
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.qemu.machine import WaitError
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-tty")

BASE = "echo-bare"
BATCH = 10
"""Mutants that are tried in one command."""
GOOD = f"try {BASE} echo"
BANNER = "ampstand echo on bare"
QUIET = 1.0
"""Seconds within which an image of ours has said who it is, on any workstation that is not lost in other work."""
KIB_EACH = 2.5
"""Kernel memory that may be gone for each file: a page lost by each would show."""
KIB_IN_ALL = 256
"""Or in all, as caches fill."""

# What is printed is waited for in the end (stty): else what Linux says of the next file comes amid the line.
# What is left behind by a start and a stop must be what was there before. What the shell can do by itself it does: to
# start a program takes this board 7 ms.
SHELL = """
left() {{
    printf '%s\\n' /sys/bus/rpmsg/devices/* /sys/bus/virtio/devices/* /sys/bus/platform/devices/* \\
        /sys/class/rpmsg/* {debugfs}/*
    awk '/ioremap/ && !/unpurged/ {{n++}} END {{print n, "mappings"}} /^Carveout/' /proc/vmallocinfo \\
        {debugfs}/carveout_memories
}}
settle() {{
    before=$(left)
    dmesg -c >/dev/null
}}
begin() {{
    echo $1.elf >{sysfs}/firmware
    echo start >{sysfs}/state
    echo started $?
    read state <{sysfs}/state
    if [ "$state" = running ]; then
        cat {debugfs}/* 2>/dev/null
        if [ -n "$2" ]; then rpmsg-echo -d /dev/ttyRPMSG0 -n 3; fi
    fi
}}
finish() {{
    if [ "$state" = running ]; then
        echo stop >{sysfs}/state
        echo stopped $?
        read state <{sysfs}/state
    fi
    echo ends $state
    after=$(left)
    if [ "$after" != "$before" ]; then
        echo "$before" >/tmp/before
        echo "$after" | diff -U 0 /tmp/before - | sed -n 's/^[-+][^-+]/leak &/p'
    fi
    echo log:
    dmesg -r -c | sed 's/\\[ *\\([0-9.]*\\)\\] /\\1 /'
    stty -echo <&3
}}
try() {{
    begin $1 $2
    finish
}}
"""


@dataclass
class Trial:
    """What a file did: its output up to the kernel's log, and that log without levels and time stamps."""

    output: list[str]
    log: list[tuple[int, str]]
    alive: bool
    """Whether a program of ours ran on the remote."""

    @classmethod
    def read(cls, lines: list[str], dead: str, *, alive: bool = True) -> Trial:
        """Split what ``try`` printed. ``dead`` is the pattern of what Linux says of a remote that does not answer."""
        end = lines.index("log:")
        entries = [match for line in lines[end:] if (match := re.match(r"<(\d+)>[\d.]+ (.*)", line))]
        log = [(int(match[1]) & 7, match[2]) for match in entries]
        silent = dead and any(re.search(dead, text) for _, text in log)
        return cls(lines[:end], log, alive and not silent)

    @property
    def started(self) -> bool:
        """Whether Linux took the file."""
        return "started 0" in self.output

    @property
    def verdict(self) -> Verdict:
        """What came of it."""
        if not self.started:
            return Verdict.REFUSED
        if any('"ok": true' in line for line in self.output):
            return Verdict.WORKS
        return Verdict.SILENT if self.alive else Verdict.DEAD

    def warnings(self, allowed: Iterable[str], known: KnownBug | None = None) -> list[str]:
        """Messages of level warning or above that no allowed pattern excuses, without each WARNING of a known bug.

        From its first line to its last, of whatever level each is.
        """
        excuses = [re.compile(pattern) for pattern in allowed]
        kept = (
            block
            for block in blocks(self.log, lambda entry: entry[1])
            if known is None or len(block) == 1 or not any(known.found("host", text) for _, text in block)
        )
        messages = (text for block in kept for level, text in block if level <= WARNING_LEVEL)
        return [text for text in messages if not any(pattern.search(text) for pattern in excuses)]

    def unclean(self) -> list[str]:
        """Return what must not be, whatever came of the file."""
        ends = "ends offline" not in self.output
        wrong = [f"it {self.output[-1]}, not offline"] if ends else []
        return wrong + [line for line in self.output if line.startswith("leak ")]


class Bench:
    """A board with files to try; the shell functions of ``SHELL`` are there."""

    def __init__(self, machine: LinuxMachine) -> None:
        self.machine = machine
        self.host = machine.host
        self.remote = Remote(machine)
        self.dead = self.remote.says("stop-without-ack")
        self.cleared = self.remote.says("clears-memory") == "yes"
        late = self.remote.says("late-messages")  # a file that nobody waits for is stopped while it announces itself
        self.allowed = (*machine.board.kernel_warnings, *filter(None, [late]))
        machine.tolerate_bad("locked up: ", "what is loaded need not be a program", self.remote.core.core)
        self.host.run_check(SHELL.format(sysfs=self.remote.sysfs, debugfs=self.remote.debugfs))
        self.remote.start(BASE, services=["rpmsg-tty"])
        self.remote.echo_tty(options="-n 3")
        self.remote.stop()
        self.settle()
        self._memory = self._kernel_memory()
        self._tells = memory.forget_lost(self.host)

    def settle(self) -> None:
        """Take what is there now for what must be there after each trial."""
        self.host.run_check("settle")

    def attempt(self, *names: str, echo: bool = False) -> list[Trial]:
        """Try files one after the other, and the good image after them unless they echo; return what each did."""
        commands = [f"try {name} echo" for name in names] if echo else [*(f"try {name}" for name in names), GOOD]
        return [Trial.read(part, self.dead) for part in self._run("; echo next; ".join(commands), names)]

    def watched(self, name: str, verdict: Verdict) -> list[Trial]:
        """Try a file, and the good image after it, where no driver tells whether anything runs on the remote.

        Then its console does: what has said nothing within a time is dead, which is short only if that is expected.
        """
        mark = self.remote.console.mark()
        started = self._run(f"begin {name}", [name])[0]
        alive = False
        if "started 0" in started:
            with suppress(WaitError):
                patience = QUIET if verdict is Verdict.DEAD else self.remote.timeout
                self.remote.console.expect_line(BANNER, since=mark, timeout=patience, what="the banner of our image")
                alive = True
        ended, good = self._run(f"finish; echo next; {GOOD}", [name])
        return [Trial.read(started + ended, "", alive=alive), Trial.read(good, "")]

    def _run(self, command: str, names: Sequence[str]) -> list[list[str]]:
        lines = self.host.run(command, 60, reason=f"{', '.join(names)} to be tried").stdout
        self.machine.take_log()  # each trial has the part of it that it caused
        return [part.split("\n") for part in "\n".join(lines).split("\nnext\n")]

    def attempt_case(self, case: Case) -> list[Trial]:
        """Try a case; and the good image after it unless it echoes itself."""
        verdict = self.expected(case)
        if verdict is Verdict.WORKS:
            return self.attempt(case.name, echo=True)
        return self.attempt(case.name) if self.dead else self.watched(case.name, verdict)

    def expected(self, case: Case) -> Verdict:
        """Return what must come of a case with this driver."""
        return case.cleared if case.cleared is not None and self.cleared else case.verdict

    def faults(self, case: Case, known_bug: Meetings) -> list[str]:
        """Try a case; return how it differs from the table, and what is wrong with the good image after it."""
        known = known_bug(case.warns.id).announce(self.machine) if case.warns else None
        trial, *good = self.attempt_case(case)
        wrong = trial.unclean()
        if trial.verdict is not self.expected(case):
            wrong.append(f"verdict {trial.verdict.name}, not {self.expected(case).name}")
        warnings = trial.warnings(self.allowed, known.bug if known is not None and known.inside else None)
        if case.may is not None:
            warnings = [text for text in warnings if not re.search(case.may, text)]
        log = [self.remote.says("no-table") if pattern == NO_TABLE else pattern for pattern in case.log]
        expected = [*log, r"Boot failed: -\d+" if case.verdict is Verdict.REFUSED else self.dead]
        wrong += [
            f"unexpected message: {text}"
            for text in warnings
            if not any(pattern and re.search(pattern, text) for pattern in expected)
        ]
        wrong += [f"no message {p!r}" for p in log if p and not any(re.search(p, text) for text in warnings)]
        return [f"{case.name}: {fault}" for fault in [*wrong, *self.good_faults(good)]]

    def good_faults(self, trials: list[Trial]) -> list[str]:
        """Return what was wrong with the good image after others."""
        wrong: list[str] = []
        for trial in trials:
            wrong += [*trial.unclean(), *trial.warnings(self.allowed)]
            if trial.verdict is not Verdict.WORKS:
                wrong += trial.output
        return [f"the good image after it: {line}" for line in wrong]

    def lost(self, files: int, again: Callable[[], object]) -> list[str]:
        """Return what is wrong with the kernel's memory after so many files; ``again`` tries all of them once more.

        Caches fill once, the more of them the more cores there are: what is lost is gone a second time as well.
        """
        limit = max(KIB_IN_ALL, KIB_EACH * files)
        gone = [self._gone()]
        if gone[0] > limit:
            again()
            gone.append(self._gone())
        self.machine.records.values["kernel_memory_kib"] = gone
        wrong = [f"KiB of kernel memory that are gone: {gone}, more than {limit}"] if gone[-1] > limit else []
        return wrong + [f"lost: {what}" for what in (memory.lost(self.host) if self._tells else [])]

    def _gone(self) -> int:
        """Return KiB of the kernel's memory that were free when this was last asked."""
        before, self._memory = self._memory, self._kernel_memory()
        return self._memory - before

    def _kernel_memory(self) -> int:
        """Return KiB of unreclaimable slab, vmalloc and CMA in use, without kmemleak's notes (slabs, pages a slab)."""
        memory.shrink(self.host)
        fields = "/SUnreclaim|VmallocUsed|CmaTotal/ {n += $2} /CmaFree/ {n -= $2} "
        fields += "/^kmemleak_/ {n -= $15 * $6 * 4} END {print n}"
        reason = "the kernel's memory figures"
        return int(self.host.text(f"awk '{fields}' /proc/meminfo /proc/slabinfo", reason=reason))


def refused_for(data: bytes, target: Target) -> str:
    """Return why Linux refuses a file, as far as can be told from the file; empty if it does not."""
    return loader.refused(loader.linux(data, target.regions, target.bits))


def files(target: Target, cases: Iterable[Case]) -> dict[str, bytes]:
    """Return the files of cases, by their place on the board."""
    return {f"lib/firmware/{case.name}.elf": case.make(target) for case in cases}


def report(wrong: list[str], count: int) -> None:
    """Fail if anything was wrong."""
    if wrong:
        raise TestsFailed(f"{len(wrong)} findings in {count} files:\n" + "\n".join(f"  {line}" for line in wrong))


@pytest.fixture(scope="module")
def target(board: Board, artifacts: Artifacts) -> Target:
    """Return what the files are made for."""
    return load(board, artifacts.firmware[BASE])


def test_the_board_file_names_the_carveouts(remote: Remote, target: Target) -> None:
    """The cases are laid out by the board file; this is what Linux has."""
    remote.start(BASE, services=["rpmsg-tty"])
    text = remote.host.text(f"cat {remote.debugfs}/carveout_memories")
    found = re.findall(r"Name: (\S+)\n(?:.*\n){2}\s+Device address: (0x\w+)\n\s+Length: (0x\w+)", text)
    assert {name: Region(int(at, 16), int(size, 16)) for name, at, size in found} == target.regions


def test_named_cases(
    boot: Callable[..., LinuxMachine],
    target: Target,
    kernel: Kernel,
    known_bug: Meetings,
) -> None:
    cases = [case for case in CASES if case.bug is None and case.meant_for(target)]
    cases = [case for case in cases if case.unchecked is None or not case.unchecked.inside(kernel)]
    machine = boot(files=files(target, cases), **memory.COUNTED)
    if any(case.verdict is Verdict.DEAD for case in cases):
        Remote(machine).expect("stop-without-ack")
    bench = Bench(machine)
    wrong: list[str] = []
    for case in cases:
        wrong += bench.faults(case, known_bug)
    machine.records.values["cases"] = len(cases)
    report(wrong + bench.lost(len(cases), lambda: [bench.attempt_case(case) for case in cases]), len(cases))


@pytest.mark.thorough
def test_mutants(
    boot: Callable[..., LinuxMachine],
    target: Target,
    kernel: Kernel,
    pytestconfig: pytest.Config,
) -> None:
    """Random faults; known bugs are left out of them, so whatever hurts Linux here is a new one."""
    seed, count = pytestconfig.getoption("ampstand_seed"), pytestconfig.getoption("ampstand_mutants")
    made = list(mutants(target, seed, count))
    if SHDRS_UNCHECKED.inside(kernel):
        made = [one for one in made if not re.search("^Section|too small$", refused_for(one[1], target))]
        count = len(made)
    contents = {f"lib/firmware/mutant{number}.elf": data for number, (_, data) in enumerate(made)}
    machine = boot(files=contents, **memory.COUNTED)
    machine.records.values |= {"seed": seed, "mutants": count}
    Remote(machine).tolerate("stop-without-ack", "a mutant may load no program")
    machine.tolerate_bad(
        r"exception \d+ at pc",
        "a mutant may load parts of a program only",
        machine.console("remote-console").serial.core,
    )
    bench = Bench(machine)
    wrong: list[str] = []
    refused = 0
    batches = [range(first, min(first + BATCH, count)) for first in range(0, count, BATCH)]

    def attempt(batch: range) -> list[Trial]:
        return bench.attempt(*(f"mutant{number}" for number in batch))

    for batch in batches:
        *trials, good = attempt(batch)
        for number, trial in zip(batch, trials, strict=True):
            refused += not trial.started
            found = trial.unclean()
            if not trial.started and not trial.warnings(bench.allowed):
                found.append("it was refused without a message")
            wrong += [f"mutant{number} ({made[number][0]}): {fault}" for fault in found]
        wrong += [f"mutants {batch}: {fault}" for fault in bench.good_faults([good])]
    machine.records.values["refused"] = refused
    lost = bench.lost(count, lambda: [attempt(batch) for batch in batches])
    report([f"{fault}; seed {seed}" for fault in [*wrong, *lost]], count)


@pytest.mark.thorough
def test_known_bugs_that_linux_survives(boot: Callable[..., LinuxMachine], target: Target, known_bug: Meetings) -> None:
    """Each shows its evidence on a kernel that has it, and none on another."""
    cases = [case for case in CASES if case.bug is not None and not case.bug.fatal]
    machine = boot(files=files(target, cases))
    Remote(machine).expect("stop-without-ack")
    machine.expect_bad(r"WARNING: ", "host")  # which ones is looked at below
    inside = {case.bug.id: known_bug(case.bug.id) for case in cases if case.bug is not None}
    bench = Bench(machine)
    wrong: list[str] = []
    for case in cases:
        assert case.bug is not None
        trial, *good = bench.attempt_case(case)
        said = [*trial.output, *(text for _, text in trial.log)]
        bug = inside[case.bug.id]
        if any(bug.bug.found("host", line) for line in said):
            bug.note()
        elif bug.inside:
            wrong.append(f"{case.name}: no evidence of {case.bug.id}: if it has been fixed, say so at {case.bug.where}")
        if (bug.inside or not case.bug.hardware) and trial.verdict is not case.verdict:
            wrong.append(f"{case.name}: verdict {trial.verdict.name}, not {case.verdict.name}")
        warned = [line for line in said if "WARNING: " in line]
        bugs = [one.bug for one in inside.values() if one.inside]
        wrong += [f"{case.name}: {line}" for line in warned if not any(one.found("host", line) for one in bugs)]
        wrong += [f"{case.name}: the good image after it: {g.output}" for g in good if g.verdict is not Verdict.WORKS]
        bench.settle()
    report(wrong, len(cases))


@pytest.mark.thorough
@pytest.mark.needs("migration")
@pytest.mark.parametrize("bug", sorted({case.bug.id for case in CASES if case.bug is not None and case.bug.fatal}))
def test_known_bugs_that_linux_does_not_survive(
    boot: Callable[..., LinuxMachine], target: Target, tmp_path: Path, bug: str, known_bug: Meetings
) -> None:
    """Each shows its evidence in an Oops on a kernel that has it; another refuses or survives the file."""
    cases = [case for case in CASES if case.bug is not None and case.bug.id == bug]
    known = known_bug(bug)
    contents = files(target, cases)
    state = tmp_path / "state"
    first = boot(files=contents)
    sysfs = Remote(first).sysfs
    if len(cases) > 1:
        first.save(state)
        first.stop()
    shown = {}
    for case in cases:
        machine = first if first.alive else boot(up=False, incoming=state, files=contents).resume()
        Remote(machine).watch()
        orders = f"echo {case.name}.elf >{sysfs}/firmware; echo start >{sysfs}/state; echo stop >{sysfs}/state"
        with known.kills(machine):
            machine.host.console.sendline(orders)
        shown[case.name] = not machine.alive
        machine.stop()
    assert len(set(shown.values())) == 1, f"some show {bug}, and some do not: {shown}"
