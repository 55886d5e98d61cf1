# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A board in a QEMU process of its own: its command line, its consoles, QMP, its state as a file.

A scenario waits for it in its own thread, always for a stated reason and never longer than a stated time. A wait ends
at once when QEMU ends, and when a core says that it is dead.
"""

from __future__ import annotations

import asyncio
import atexit
import shlex
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from qemu.qmp import ExecuteError, Message, QMPError

from ampstand.board import STARTS_REMOTE, Board, Serial
from ampstand.build import boot_card, device_tree
from ampstand.build import boot_loader as loader
from ampstand.build.arch import arch
from ampstand.build.artifacts import Artifacts
from ampstand.errors import AmpstandError, InfrastructureError, TestsFailed, UsageError
from ampstand.formats import cpio
from ampstand.qemu import coverage
from ampstand.qemu.console import Console
from ampstand.qemu.follower import Follower
from ampstand.qemu.link import Link, answer
from ampstand.qemu.process import Process
from ampstand.qemu.recording import Death, Expectation, Records
from ampstand.signals import interruptions_held

T = TypeVar("T")

START_TIMEOUT = 30.0
QMP_TIMEOUT = 30.0
LAST_WORDS_QUIET = 0.3
LAST_WORDS_TIMEOUT = 3.0
"""Seconds: what a dying core says is over when nothing came for the first, and cut off after the second."""
THREADS = ("multi", "single")
TURN_NS = 1_000_000
"""How long the cores' turns last where they share one thread: with QEMU's own tenth of a second, a host beside a remote
that never sleeps takes minutes to boot."""
EXACT_TURN_NS = 50_000
"""The same in exact mode, of virtual time: the longest that one core that polls lets another wait."""
EXACT = ("-icount", "shift=3,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm")
"""An instruction takes 8 ns; time jumps while all cores sleep; random numbers and the date are the same in each run."""
ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
"""QEMU's environment for all of its threads to share a heap.

What one thread allocates, others free. Of several heaps each keeps what it got, by and by a MiB more of it, and gives
nothing back: seen as growth of 4 KiB a start of a Cortex-R5F, while what was in use stayed the same.
"""
UNANSWERED = 1.0
"""Seconds of virtual time after which an interrupt of the mailbox that still stands is worth a word."""


class WaitError(TestsFailed):
    """Something awaited of a board did not come."""


class CoreDiedError(TestsFailed):
    """A core said that it is dead while something else was awaited."""

    def __init__(self, death: Death, meanwhile: str, *, hint: str) -> None:
        """Take the core's last words, and what was awaited."""
        super().__init__(f"{death.said}\n{meanwhile}", hint=hint)
        self.core = death.core


class BootError(InfrastructureError):
    """The board did not come up, so nothing can be said about what was to be tested."""


class QemuEndedError(InfrastructureError):
    """QEMU ended by itself."""


class QmpRefusedError(AmpstandError):
    """QEMU refused a QMP command."""


def data_of(event: Message) -> dict[str, Any]:
    """Return what a QMP event tells besides its name."""
    data = event.get("data")
    return dict(data) if isinstance(data, dict) else {}


_live: weakref.WeakSet[Machine] = weakref.WeakSet()


@atexit.register
def reap_all() -> None:
    """End every QEMU that this process started."""
    for machine in list(_live):
        machine.stop()


class Machine:
    """A board in a QEMU process of its own; a context manager."""

    def __init__(
        self,
        board: Board,
        artifacts: Artifacts,
        records: Records,
        *,
        thread: str = "multi",
        exact: bool = False,
        translation_cache: int | None = None,
        extra_args: Sequence[str] = (),
        incoming: Path | None = None,
        preload: str | None = None,
        preload_table: int | None = None,
        boot_loader: bool = False,
        secure: str = "",
        variant: str = "",
        from_card: bool = False,
        overlays: Sequence[Path] = (),
        files: Mapping[str, bytes] | None = None,
        kernel_arguments: str = "",
        coverage: coverage.Live | None = None,
    ) -> None:
        """Describe a board that is not started yet.

        ``exact``: time is a count of instructions, and nothing depends on the workstation (``docs/measure.md``); then
        all cores share one thread. ``translation_cache`` bounds QEMU's, in MiB, for somebody who looks at what QEMU
        itself holds: its threads share one heap then, and the guest's RAM does not count. ``preload`` names the image
        that the remote runs before the host does, and ``preload_table`` what the host is told in place of its resource
        table's address. ``boot_loader``: U-Boot starts the remote and Linux from a bundle in the records folder; the
        machine model starts neither. ``secure``: OP-TEE starts Linux, and keeps a secure world, named by who starts the
        remote.
        ``variant`` is a shape of the board, by name.
        ``from_card``: the boot ROM starts all of that, U-Boot and Linux too, from an SD card in the records folder.
        ``overlays`` are put on Linux's device tree, which is written there, too; ``UsageError`` if they do not fit.
        ``files`` are put into Linux's root folder by path (``lib/firmware/x.elf``): the initramfs with them is written
        into the records folder. ``kernel_arguments`` come after the board's own. ``coverage`` takes what is executed.
        """
        if thread not in THREADS:
            raise UsageError(f"thread={thread} is not one of {', '.join(THREADS)}")
        if preload is not None and preload not in artifacts.firmware:
            raise UsageError(f"preload={preload} is not one of {', '.join(sorted(artifacts.firmware))}")
        if preload is not None and (board.remote is None or not board.remote.preload):
            raise UsageError(f"{board.name} cannot start a remote before its host")
        self.boot_loader = artifacts.secure_boot_loader if secure else artifacts.boot_loader
        """What starts Linux from ``bundle``, if anything does."""
        if boot_loader and (board.boot_loader is None or self.boot_loader is None):
            raise UsageError(f"{board.name} has no boot loader, or it is not built")
        if boot_loader and preload_table is not None:
            raise UsageError("a boot loader finds the resource table itself: preload_table is for the machine model")
        if secure and (board.secure_world is None or secure not in artifacts.secure_firmware):
            raise UsageError(f"{board.name} has no secure world {secure!r}, or it is not built")
        if variant and (secure or variant not in artifacts.other_dtbs):
            raise UsageError(f"variant {variant!r} of {board.name}: not with this device tree, or it is not built")
        if secure and preload is not None:
            raise UsageError("with a secure world, OP-TEE holds the remote before Linux is there")
        if from_card and (board.boot_card is None or secure not in artifacts.card_packages):
            raise UsageError(f"{board.name} does not start from an SD card with secure={secure!r}, or it is not built")
        if from_card and boot_loader:
            raise UsageError("what is on the card has a boot loader: boot_loader is for the machine model")
        self.board = board.in_variant(variant) if variant else board
        self.artifacts = artifacts
        self.secure = secure
        self.variant = variant
        self.dtb = artifacts.other_dtbs.get(variant or secure, artifacts.dtb)
        """Linux's device tree."""
        self.overlays = tuple(overlays)
        if overlays:
            base, self.dtb = self.dtb, records.folder.absolute() / "board.dtb"
            device_tree.merge(base, overlays, self.dtb)
        self.thread = "single" if exact else thread
        self.exact = exact
        self.translation_cache = translation_cache
        self.extra_args = tuple(extra_args)
        self.incoming = incoming
        self.boot_saved = False
        """Whether ``incoming`` is what this machine would have booted to: the command to paste boots."""
        self.preload = preload
        self.preload_table = preload_table
        self._was_mapped = False
        self.kernel_arguments = kernel_arguments
        self.coverage = coverage
        self.rerun = ""
        """The command that runs the present scenario again; shown with a failure."""
        self.records = records
        signed = artifacts.secure_initramfs if secure in STARTS_REMOTE else None
        self.initramfs = signed or artifacts.initramfs
        """The initramfs that the board boots: the build's, or that with more files."""
        self.files = dict(files or {})
        if files:
            built, self.initramfs = self.initramfs, self.records.folder.absolute() / "initramfs.cpio"
            self.initramfs.write_bytes(built.read_bytes() + cpio.addition(files))
        self.bundle: Path | None = None
        """What U-Boot starts, if it does: a file of this machine's own, which is read when QEMU starts."""
        if boot_loader:
            self.bundle = self.records.folder.absolute() / "boot.itb"
            self.bundle.write_bytes(self._bundle())
        self.from_card = from_card
        self.card: Path | None = None
        """What the boot ROM starts, if it does: a file of this machine's own. It is not written to."""
        if from_card:
            self.card = self.records.folder.absolute() / "card.img"
            self._write_card(self.card)
        self.process = Process(self._said, self._ended)
        self._link = Link(board.name, self._happened)
        self._events: list[Message] = []
        self._unanswered: dict[str, float] = {}
        self._taken = 0
        """How many portions of input have come."""
        self.kept_input: dict[str, bytearray] | None = None
        """By serial line what has come since ``keep_input()``, for as long as somebody wants it kept."""
        self.consoles = {serial.name: self._console(serial) for serial in board.serials}
        self._followers: list[Follower] = []

    # -- from start to end ----------------------------------------------------------------------------------------

    def argv(self, *, paste: bool = False) -> list[str]:
        """QEMU's arguments; with ``paste`` they need no harness: console on the terminal, other lines in files."""
        board = self.board
        argv = [str(self.artifacts.qemu), "-nodefaults", "-no-user-config", "-display", "none"]
        argv += ["-M", ",".join([board.machine, *self._machine_properties()]), *board.machine_arguments]
        argv += ["-m", board.memory]
        if self.translation_cache is not None:
            argv += ["-object", f"memory-backend-memfd,id=ram,share=on,size={board.memory}", "-M", "memory-backend=ram"]
        argv += self._accelerator()
        argv += self._host_arguments()
        for serial in board.serials:
            argv += self._serial_arguments(serial, paste=paste)
        if not paste:
            argv += ["-qmp", f"unix:{self._link.socket('qmp')}"]
            argv += ["-d", "guest_errors,unimp", "-D", str(self._link.pipe("log"))]
            if self.coverage is not None:
                argv += ["-plugin", self.coverage.argument(self.artifacts.plugins)]
        if self.incoming is not None and not (paste and self.boot_saved):
            argv += ["-incoming", f"file:{self.incoming}" if paste else "defer"]
        return [*argv, *self.extra_args]

    def _accelerator(self) -> list[str]:
        cache = f",tb-size={self.translation_cache}" if self.translation_cache is not None else ""
        if self.exact:
            return ["-accel", f"tcg,thread=single,turn-ns={EXACT_TURN_NS}{cache}", *EXACT]
        turn = f",turn-ns={TURN_NS}" if self.thread == "single" else ""
        return ["-accel", f"tcg,thread={self.thread}{turn}{cache}"]

    def _serial_arguments(self, serial: Serial, *, paste: bool) -> list[str]:
        if paste:
            return ["-serial", "mon:stdio" if serial == self._front() else f"file:{serial.name}.log"]
        path = self._link.socket(serial.name)
        return ["-chardev", f"socket,id={serial.name},path={path}", "-serial", f"chardev:{serial.name}"]

    def _host_arguments(self) -> list[str]:
        """Return what the host runs."""
        if self.card is not None:
            path = str(self.card).replace(",", ",,")
            return ["-drive", f"if=sd,format=raw,snapshot=on,file={path}"]
        if self.bundle is not None:
            return ["-kernel", str(self.boot_loader), "-initrd", str(self.bundle)]
        argv = ["-kernel", str(self.artifacts.kernel)]
        if self.artifacts.boot_firmware is not None:
            argv += ["-bios", str(self.artifacts.boot_firmware)]
        if self.board.dtb:
            argv += ["-dtb", str(self.dtb)]
        return [*argv, "-initrd", str(self.initramfs), "-append", self._kernel_command_line()]

    def _kernel_command_line(self) -> str:
        return f"{self.board.command_line} {self.kernel_arguments}".strip()

    def _bundle(self) -> bytes:
        """Return what U-Boot starts."""
        board, built = self.board, self.artifacts
        assert board.boot_loader is not None
        image = built.firmware[self.preload] if self.preload is not None else None
        return loader.bundle(
            built.kernel, self.dtb, self.initramfs, self._kernel_command_line(), board.boot_loader.kernel, image,
            arch(board.kernel_arch).name,
        )  # fmt: skip

    def _write_card(self, card: Path) -> None:
        """Write what the boot ROM starts."""
        built = self.artifacts
        assert built.card_loader is not None
        boot_card.write(
            card, built.card_loader, built.card_packages[self.secure],
            built.kernel, self.dtb, self.initramfs, self._kernel_command_line(),
        )  # fmt: skip

    def _front(self) -> Serial:
        """Return the serial line that is on the terminal when the command is pasted."""
        return self.board.shell

    def _machine_properties(self) -> list[str]:
        remote, properties = self.board.remote, []
        if remote is not None and self.preload is not None and self.bundle is None:
            path = str(self.artifacts.firmware[self.preload]).replace(",", ",,")
            properties.append(f"{remote.preload}={path}")
        if remote is not None and self.preload_table is not None:
            properties.append(f"{remote.preload_table}={self.preload_table:#x}")
        if self.card is not None and self.board.boot_card is not None:
            properties.append(f"{self.board.boot_card.property}=on")
        elif self.secure and self.board.secure_world is not None:
            path = str(self.artifacts.secure_firmware[self.secure]).replace(",", ",,")
            properties.append(f"{self.board.secure_world.property}={path}")
        return properties

    def command_line(self) -> str:
        """Return the whole command, ready to paste into a shell."""
        return shlex.join(self.argv(paste=True))

    def start(self) -> Self:
        """Start QEMU and connect to it; returns when QMP answers. The board runs from then on."""
        if self.process.begun:
            raise UsageError("this machine was started before")
        _live.add(self)
        try:
            self.use_records(self.records)
            streams = {serial.name: self._taker(serial) for serial in self.board.serials}
            self._link.open(streams, {"log": self._logged})
            if self.coverage is not None:
                self.coverage.open(self._link.folder / coverage.FILE)
            with interruptions_held():
                self.process.start(self.argv(), ONE_HEAP if self.translation_cache is not None else {})
            accepted = self._link.accept()
            task = self.wait(
                lambda: None if accepted.empty() else accepted.get(),
                what="QMP to answer",
                core="qemu",
                timeout=START_TIMEOUT,
            )
            self._answered(task)
            for follower in self._followers:
                follower.start()
        except InfrastructureError as error:
            self.stop()
            raise BootError(error.message, hint=error.hint) from error
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End QEMU and everything it left; may be called at any time, and again."""
        _live.discard(self)
        for follower in self._followers:
            follower.stop()
        self.process.stop()
        self._link.close()
        self.records.close()

    def __enter__(self) -> Self:
        return self if self.process.begun else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether QEMU runs."""
        return self.process.alive

    def follow(self, core: str, stream: str, poll: Callable[[], str]) -> None:
        """Record as a stream of a core what ``poll`` returns, as long as the machine runs; for a machine not started.

        ``poll`` returns what is new since its last call. It is called from different threads, one at a time.
        """

        def look() -> None:
            if self.alive and (text := poll()):
                with self._link.lock:
                    self.records.feed(core, stream, text)
                self._link.ring()

        self._followers.append(Follower(look))

    def settle(self) -> None:
        """Return when everything that the board has said so far is in the records."""
        for follower in self._followers:
            follower.now()
        if self.alive:
            self.qmp("query-status")
            self._link.settle()

    # -- what a scenario uses -----------------------------------------------------------------------------------

    def console(self, role: str, core: str = "") -> Console:
        """Return the console with this role on the board, of this core if one is named."""
        serial = self.board.serial(role, core)
        if serial is None:
            of = f" of {core}" if core else ""
            raise UsageError(f"{self.board.name} has no serial line{of} with the role {role!r}")
        return self.consoles[serial.name]

    def qmp(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and return what it returned. An underscore in an argument's name stands for a dash."""
        names = {name.replace("_", "-"): value for name, value in arguments.items()}
        try:
            return self._link.execute(command, names, QMP_TIMEOUT)
        except ExecuteError as error:
            raise QmpRefusedError(f"QEMU refused {command}: {error}") from error
        except (QMPError, TimeoutError) as error:
            self._raise_if_ended(f"the answer to QMP {command}")
            raise QmpRefusedError(f"no answer from QEMU to {command}: {type(error).__name__}: {error}") from error

    def reset(self) -> None:
        """Reset the board, as its button does."""
        self.qmp("system_reset")

    def unanswered(self) -> dict[str, float]:
        """Return by core the longest time in seconds, if it is worth a word, that it let the mailbox's interrupt stand.

        It counts from ``watch_mailbox()`` on, and is what was known last once QEMU has ended.
        """
        for core, place in self._unanswered_places():
            with suppress(QmpRefusedError, QemuEndedError):
                seconds = self.qmp("qom-get", **place) / 1e9
                if seconds >= UNANSWERED:
                    self._unanswered[core] = seconds
        return self._unanswered

    def watch_mailbox(self) -> None:
        """Let ``unanswered()`` count from now on."""
        self._unanswered = {}
        with suppress(QmpRefusedError, QemuEndedError):  # a QEMU of somebody's own may not know the property
            for _core, place in self._unanswered_places():
                self.qmp("qom-set", **place, value=0)

    def _unanswered_places(self) -> Iterable[tuple[str, dict[str, str]]]:
        """Yield by core what has the time that its mailbox's interrupt stands, as QMP names it."""
        mailboxes = [remote.mailbox for remote in self.board.remotes if self.alive and remote.mailbox is not None]
        for mailbox in mailboxes:
            for core, name in mailbox.unanswered.items():
                yield core, {"path": mailbox.path, "property": name}

    def event_mark(self) -> int:
        """Return a mark: QMP events after it are those that came later."""
        with self._link.lock:
            return len(self._events)

    def happened(self, name: str, *, since: int) -> bool:
        """Whether a QMP event of this name came after the mark."""
        with self._link.lock:
            return any(event["event"] == name for event in self._events[since:])

    def wait_event(self, name: str, *, since: int, timeout: float) -> Message:
        """Wait for a QMP event that came after the mark."""
        return self.wait(
            lambda: next((event for event in self._events[since:] if event["event"] == name), None),
            what=f"the QMP event {name}",
            core="qemu",
            timeout=timeout,
        )

    def wait_end(self, timeout: float) -> int:
        """Wait until QEMU has ended by itself; return its exit status."""
        return self.wait(lambda: self.process.exit_status, what="its end", core="qemu", timeout=timeout)

    def save(self, path: Path, timeout: float = 60.0, *, mapped: bool = False) -> None:
        """Stop the board and write its whole state to a file that ``incoming`` takes.

        ``mapped``: each page has its place in the file, which has holes and is read at once; only a
        machine with ``boot_saved`` takes it.
        """
        mark = self.event_mark()
        self._migration_is(mapped=mapped)
        self.qmp("stop")
        self.qmp("migrate", uri=f"file:{path}")
        self._wait_migration(mark, f"the state to be written to {path}", timeout)
        end = time.monotonic() + timeout
        while self.qmp("query-status")["status"] == "finish-migrate":  # for which there is no event, and no "cont"
            if time.monotonic() > end:
                raise TestsFailed(f"QEMU does not get done with writing {path}", hint=self.diagnosis())
            time.sleep(0.005)

    def restore(self, timeout: float = 60.0) -> Self:
        """Start QEMU from the state in ``incoming``; the board stands still as it was saved."""
        if not self.process.begun:
            self.start()
        mark = self.event_mark()
        self._migration_is(mapped=self.boot_saved)
        self.qmp("migrate-incoming", uri=f"file:{self.incoming}")
        self._wait_migration(mark, f"the state of {self.incoming} to be restored", timeout)
        return self

    def resume(self, timeout: float = 60.0) -> Self:
        """Start QEMU from the state in ``incoming`` and let it run."""
        self.restore(timeout)
        if not self.qmp("query-status")["running"]:
            self.qmp("cont")
        return self

    def _migration_is(self, *, mapped: bool) -> None:
        wanted = {"events": True}
        self._was_mapped = self._was_mapped or mapped or self.boot_saved
        if self._was_mapped:  # an older QEMU of somebody's own does not know it
            wanted["mapped-ram"] = mapped
        capabilities = [{"capability": name, "state": state} for name, state in wanted.items()]
        self.qmp("migrate-set-capabilities", capabilities=capabilities)

    def _wait_migration(self, mark: int, what: str, timeout: float) -> None:
        def ended() -> str | None:
            states = [data_of(e).get("status") for e in self._events[mark:] if e["event"] == "MIGRATION"]
            return next((state for state in states if state in ("completed", "failed", "cancelled")), None)

        state = self.wait(ended, what=what, core="qemu", timeout=timeout, dead_too=True)
        if state != "completed":
            reason = self.qmp("query-migrate").get("error-desc", "no reason given")
            raise TestsFailed(f"{state} while waiting for {what}: {reason}", hint=self.diagnosis())

    def keep_input(self) -> None:
        """Keep what comes on the serial lines from now on, for ``kept_input``."""
        self.kept_input = {serial.name: bytearray() for serial in self.board.serials}

    def replay(self, said: Mapping[str, bytes]) -> None:
        """Take by serial line what another process of this machine had said: for one that goes on from its state."""
        with self._link.lock:
            for serial in self.board.serials:
                self._taker(serial)(said.get(serial.name, b""))
                self.consoles[serial.name].forget()

    def read_memory(self, address: int, size: int) -> bytes:
        """Read memory as the host sees it, without the host's help."""
        if not self.process.begun:
            raise UsageError("QEMU was not started")
        path = self._link.folder / f"memory-{threading.get_ident()}"
        self.qmp("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def read_number(self, address: int, size: int = 4) -> int:
        """Read an unsigned number of so many bytes, as little-endian, like ``read_memory()``."""
        return int.from_bytes(self.read_memory(address, size), "little")

    def expect_bad(self, pattern: str, core: str) -> Expectation:
        """Announce a known-bad line of a core: it must occur, and does not fail the scenario."""
        return self.records.expect_bad(pattern, core)

    def tolerate_bad(self, pattern: str, reason: str, core: str) -> Expectation:
        """Accept a known-bad line of a core that comes by chance: a race in software that is not ours; say which."""
        return self.records.tolerate_bad(pattern, reason, core)

    def use_records(self, records: Records) -> None:
        """Send everything from now on to these records (of a scenario that shares this machine)."""
        records.command(self.command_line())
        records.inputs(self.inputs())
        with self._link.lock:
            self.records = records

    def wait(self, found: Callable[[], T | None], *, what: str, core: str, timeout: float, dead_too: bool = False) -> T:
        """Wait for the board; see ``Waiter``. Fails at once if QEMU ends, or a core says that it is dead.

        ``dead_too``: what is awaited comes also with a core that is dead.

        ``found`` runs with the lock held that all input is taken under: it looks at what has arrived and asks for
        nothing more (no ``qmp()``, no ``read_memory()``).
        """
        result = self._awaited(found, self._ended_or_failed if dead_too else self._over, timeout)
        if result is not None:
            return result
        if self._link.failure is not None:
            error = self._link.failure
            raise InfrastructureError(
                f"input of {self.board.name} could not be taken: {type(error).__name__}: {error}",
                hint=self.diagnosis(),
            ) from error
        self._raise_if_ended(what)
        if not dead_too and (death := self.records.death()):
            self._wait_for_last_words()
            raise CoreDiedError(death, f"while waiting for {what} on {core}", hint=self.diagnosis())
        text, hint = f"timed out after {timeout:.1f} s waiting for {what} on {core}", self.diagnosis()
        raise WaitError("\n".join([text, *self._asleep(core)]), hint=hint)

    def _asleep(self, core: str) -> list[str]:
        """Return what a core is waiting for itself, when what was awaited of it did not come; nothing is known here."""
        return []

    def last_words(self, found: Callable[[], T | None]) -> T | None:
        """Wait for what a core that has died may yet say; None if it does not come. For ``found`` see ``wait()``."""
        return self._awaited(found, lambda: self.process.exit_status is not None, LAST_WORDS_TIMEOUT)

    def diagnosis(self) -> str:
        """Say what is known now: last lines of each core, records, how to run it again."""
        lines = []
        for core in dict.fromkeys([*self.board.cores, *self.records.cores()]):
            tail = self.records.tail(core)
            lines.append(f"last lines of {core}:" if tail else f"{core} said nothing")
            lines += [f"  | {line}" for line in tail]
        for core, seconds in self.unanswered().items():
            lines.append(f"{core} let an interrupt of the mailbox stand for {seconds:.1f} s without an answer")
        lines.append(f"records: {self.records.folder}")
        if self.rerun:
            lines.append(f"run it again: {self.rerun}")
        return "\n".join(lines)

    # -- inside --------------------------------------------------------------------------------------------------

    def _awaited(self, found: Callable[[], T | None], over: Callable[[], bool], timeout: float) -> T | None:
        """Wait as ``Link.wait()`` does; QEMU's end is known before all that it said is, and is told after that."""
        result = self._link.wait(found, over, timeout)
        if result is None and self.process.exit_status is not None:
            self._link.drain()
            result = self._link.wait(found, lambda: True, 0)
        return result

    def _answered(self, task: asyncio.Task[None]) -> None:
        """Check that QMP has answered. A QEMU that ends has closed it before that, and says itself why it does."""
        try:
            answer(task)
        except InfrastructureError:
            self.last_words(lambda: None)
            self._raise_if_ended("QMP to answer")
            raise

    def _over(self) -> bool:
        return self.records.death() is not None or self._ended_or_failed()

    def _ended_or_failed(self) -> bool:
        return self.process.exit_status is not None or self._link.failure is not None

    def _raise_if_ended(self, what: str) -> None:
        status = self.process.exit_status
        if status is not None:
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            raise QemuEndedError(f"QEMU ended with {how} while waiting for {what}", hint=self.diagnosis())

    def _wait_for_last_words(self) -> None:
        """Let a dying core finish: an Oops is many lines, and all are wanted in the records."""

        def more(before: int) -> bool:
            def came() -> bool | None:
                return self._taken > before or None

            return bool(self._link.wait(came, lambda: self.process.exit_status is not None, LAST_WORDS_QUIET))

        for _ in range(round(LAST_WORDS_TIMEOUT / LAST_WORDS_QUIET)):
            if not more(self._taken):
                return

    def options(self) -> dict[str, Any]:
        """Return the options of a machine that can take the state of this one."""
        names = "thread exact translation_cache extra_args preload preload_table secure variant from_card"
        return {name: getattr(self, name) for name in (*names.split(), "kernel_arguments")}

    def inputs(self) -> dict[str, Path]:
        """Return the files that go into the machine, by what they are."""
        artifacts = self.artifacts
        paths = {"qemu": artifacts.qemu, "kernel": artifacts.kernel, "initramfs": self.initramfs}
        if self.board.dtb:
            paths["dtb"] = self.dtb
        if artifacts.boot_firmware is not None:
            paths["boot firmware"] = artifacts.boot_firmware
        if self.secure:
            paths["secure firmware"] = artifacts.secure_firmware[self.secure]
        if self.bundle is not None:
            paths |= {"boot loader": Path(str(self.boot_loader)), "bundle": self.bundle}
        if self.card is not None:
            paths["card"] = self.card
        return paths | {f"firmware {name}": path for name, path in artifacts.firmware.items()}

    def _console(self, serial: Serial) -> Console:
        def send(data: bytes) -> None:
            self._raise_if_ended(f"{serial.name} to take input")
            self._link.send(serial.name, data)

        return Console(serial, self, send, self.board.timeouts.command)

    def _taker(self, serial: Serial) -> Callable[[bytes], None]:
        """Return what takes the input of a serial line."""
        console = self.consoles[serial.name]

        def take(data: bytes) -> None:
            first = len(console.lines)
            self._taken += 1
            if self.kept_input is not None:
                self.kept_input[serial.name] += data
            self.records.feed(serial.core, serial.name, console.feed(data))
            self._heard(serial, console.lines[first:])

        return take

    def _heard(self, serial: Serial, lines: Sequence[str]) -> None:
        """Take note of new lines of a serial line, with the lock held."""

    def _said(self, text: str) -> None:
        with self._link.lock:
            self.records.feed("qemu", "qemu", text)

    def _logged(self, data: bytes) -> None:
        self.records.guest_errors(data.decode("utf-8", "replace"))

    def _ended(self) -> None:
        self._link.ring()

    def _happened(self, event: Message) -> None:
        self._events.append(event)
        self.records.note(f"QEMU event {event['event']} {data_of(event)}")
