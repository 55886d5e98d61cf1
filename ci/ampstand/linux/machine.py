# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A board whose host runs Linux."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Any, Self

from qemu.qmp import Message

from ampstand.board import Board, Serial
from ampstand.build.artifacts import Artifacts
from ampstand.errors import AmpstandError
from ampstand.formats.kernel_log import BOOT_MESSAGE
from ampstand.linux import kernel_log
from ampstand.linux.kernel_log import WARNING_LEVEL, Entry, KernelLog, unwanted
from ampstand.linux.shell import Shell
from ampstand.qemu.machine import BootError, CoreDiedError, Machine, QemuEndedError, QmpRefusedError, WaitError, data_of
from ampstand.qemu.recording import Records

_REMOTEPROC_STATES = (
    (re.compile(r"remoteproc\d+: \S+ is available"), "offline"),
    (re.compile(r"remoteproc\d+: powering up"), "starting"),
    (re.compile(r"remoteproc\d+: remote processor \S+ is now up"), "running"),
    (re.compile(r"remoteproc\d+: remote processor \S+ is now attached"), "attached"),
    (re.compile(r"remoteproc\d+: (stopped|detached) remote processor"), "offline or detached"),
    (re.compile(r"remoteproc\d+: crash detected"), "crashed"),
    (re.compile(r"Booting Linux on physical CPU"), "unknown (Linux is booting)"),
)


SHOW_TASKS = "t"
"""SysRq, after a break on the console: each task, and where it sleeps."""
SYSRQ_S = 5
_LAST_TASK = re.compile(r"Sched Debug Version|Showing all locks|Showing busy workqueues")


def _told(lines: Sequence[str]) -> bool | None:
    return True if any(_LAST_TASK.search(line) for line in lines) else None


class LinuxMachine(Machine):
    """A board whose host runs Linux. ``host`` is its shell once ``boot()`` or ``resume()`` returned."""

    def __init__(self, board: Board, artifacts: Artifacts, records: Records, **options: Any) -> None:
        """Describe a board that is not started yet; the options are those of ``Machine``."""
        super().__init__(board, artifacts, records, **options)
        self.host = Shell(
            self.consoles[board.shell.name],
            note=lambda text: self.records.note(text),
            timeout=board.timeouts.command,
            boot_timeout=board.timeouts.boot,
        )
        self.remoteproc_state = "unknown"
        """As the kernel's messages told it last."""
        self.log_level = WARNING_LEVEL
        """Records of Linux's log of this level or worse are judged; -1: only what is known to be bad."""
        self.log = KernelLog(self.host)
        self.vdevs: list[Callable[[], Iterable[str]]] = []
        """Each says what is awaited on the rpmsg devices of a remote (``ampstand.qemu.vdev``)."""
        self._asked = ""
        """The command of whose tasks Linux has told already."""
        self._accepted = [re.compile(pattern) for pattern in board.kernel_warnings]

    def boot(self, timeout: float | None = None) -> Self:
        """Start QEMU and wait for the shell of the host; ``BootError`` if it does not come, or Linux dies.

        A remote that dies meanwhile is a ``CoreDiedError``: its firmware is what is tested.
        """
        try:
            if not self.process.begun:
                self.start()
            self.host.login(timeout)
        except (WaitError, CoreDiedError, QemuEndedError) as error:
            if isinstance(error, CoreDiedError) and error.core != self.board.shell.core:
                raise
            raise BootError(f"{self.board.name} did not come up: {error.message}", hint=error.hint) from error
        return self

    def reset(self) -> None:
        """Reset the board, as its button does; ``host.login()`` when Linux is expected back."""
        self.host.lost()
        super().reset()

    def end_linux(self, command: str) -> int:
        """Run a command of Linux that does not return; return a mark before what comes of it."""
        mark = self.host.console.mark()
        self.host.lost()
        self.host.console.sendline(command)
        return mark

    def next_linux(self, mark: int) -> None:
        """Wait for the Linux that begins after the mark, and log in."""
        self.host.console.expect_line(
            BOOT_MESSAGE, since=mark, timeout=self.board.timeouts.boot, what="Linux to boot again"
        )
        self.host.login()

    def modules(self) -> dict[str, dict[str, int]]:
        """Return the modules that Linux has: by name and section its address; none if nothing answers any more."""
        found: dict[str, dict[str, int]] = {}
        if not (self.alive and self.host.get_status()):
            return found
        try:
            lines = self.host.run("cd /sys/module && grep . */sections/.*text* /dev/null").stdout
        except AmpstandError:
            return found
        for name, section, address in re.findall(
            r"^(\w+)/sections/(\S+):(0x[0-9a-f]+)$", "\n".join(lines), re.MULTILINE
        ):
            found.setdefault(name, {})[section] = int(address, 16)
        return found

    def resume(self, timeout: float = 60.0) -> Self:
        """Start QEMU from the state in ``incoming``, let it run, and go on with its shell."""
        super().resume(timeout)
        self.host.adopt()
        return self

    def take_log(self) -> tuple[list[Entry], int]:
        """Return what came to Linux's log since the last call, and how many records were lost; the caller judges."""
        with self.records.quoting():
            return self.log.take()

    def judge_log(self) -> None:
        """Judge what came to Linux's log since it was taken last; a failure goes to the records."""
        records, core = self.records, self.board.shell.core
        entries, lost = self.take_log()

        def accepted(text: str) -> bool:
            return any(pattern.search(text) for pattern in self._accepted) or records.announced(core, text)

        wrong = unwanted(entries, self.log_level, lambda text: records.is_bad(core, text), accepted)
        records.kernel_log("\n".join(texts) for texts in wrong)
        if lost:
            records.kernel_log([f"{lost} records were overwritten before anybody could judge them"])

    def diagnosis(self) -> str:
        """Say what is known now: what is in trouble, remoteproc's state, and what ``Machine`` says."""
        state = f"remoteproc state: {self.remoteproc_state}\n" if self.board.remote else ""
        return "".join(f"{line}\n" for line in self.trouble()) + state + super().diagnosis()

    def trouble(self) -> list[str]:
        """Return where Linux was in trouble, as its call traces say, and what is awaited of it or of a remote."""
        awaited = [line for vdevs in self.vdevs for line in vdevs()]
        return [*kernel_log.traces(self.host.console.lines), *awaited]

    def _asleep(self, core: str) -> list[str]:
        """Return the tasks that sleep in what is tested: Linux tells by SysRq, while its shell waits for a command."""
        if core != self.board.shell.core or not self.host.runs or self.host.runs == self._asked or not self.alive:
            return []
        self._asked = self.host.runs
        console = self.host.console
        mark = console.mark()
        try:
            with self.records.quoting():
                self.qmp("chardev-send-break", id=self.board.shell.name)
                console.write(SHOW_TASKS.encode())
                self._link.wait(lambda: _told(console.lines[mark:]), self._ended_or_failed, SYSRQ_S)
        except QmpRefusedError:
            return []
        return kernel_log.sleepers(console.lines[mark:])

    def _happened(self, event: Message) -> None:
        """Take a reset that nobody has asked for as Linux's death: what runs then is another one."""
        super()._happened(event)
        if event["event"] == "RESET" and data_of(event)["guest"] and not self.host.may_reset:
            since = takewhile(lambda name: name != "RESET", (one["event"] for one in reversed(self._events[:-1])))
            by = "its watchdog" if "WATCHDOG" in since else "software"
            self.records.died(self.board.shell.core, f"the board was reset by {by}, and nobody had asked for that")

    def _heard(self, serial: Serial, lines: Sequence[str]) -> None:
        if serial != self.board.shell:
            return
        for line in lines:
            if BOOT_MESSAGE in line:
                self.log.rebooted()
            for pattern, state in _REMOTEPROC_STATES:
                if pattern.search(line):
                    self.remoteproc_state = state
