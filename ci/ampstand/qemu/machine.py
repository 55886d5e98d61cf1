# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""One supervised QEMU process: started, watched, saved, restored, and always reaped.

QEMU connects back to sockets that wait for it (one for each serial line, one for QMP), so nothing that a board says is
lost. All input is taken by one thread; a scenario waits in its own thread, always for a stated reason and never longer
than a stated time, and is woken when anything arrives or the process ends.

A signal may interrupt the scenario's thread between any two steps, and what is thrown then must leave nothing locked:
other threads would wait for ever. Of the ways to wait, those written in Python (``threading.Condition``, and
``concurrent.futures`` with it) can be interrupted when they have a lock and nobody knows of it yet. So that thread
enters bare locks only, by ``with``, and waits for nothing but a lock or a ``queue.SimpleQueue``.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from qemu.qmp import ExecuteError, Message, QMPClient, QMPError

from ampstand.board import Board, Serial
from ampstand.build.artifacts import Artifacts
from ampstand.errors import AmpstandError, InfrastructureError, TestsFailed, UsageError
from ampstand.formats import cpio
from ampstand.linux.console import Console, Shell
from ampstand.report.records import Expectation, Recorder
from ampstand.signals import interruptions_held

T = TypeVar("T")

START_TIMEOUT = 30.0
STOP_TIMEOUT = 5.0
QMP_TIMEOUT = 30.0
LAST_WORDS_TIMEOUT = 0.5
THREADS = ("multi", "single")

_REMOTEPROC_STATES = (
    (re.compile(r"remoteproc\d+: \S+ is available"), "offline"),
    (re.compile(r"remoteproc\d+: powering up"), "starting"),
    (re.compile(r"remoteproc\d+: remote processor \S+ is now up"), "running"),
    (re.compile(r"remoteproc\d+: remote processor \S+ is now attached"), "attached"),
    (re.compile(r"remoteproc\d+: (stopped|detached) remote processor"), "offline or detached"),
    (re.compile(r"remoteproc\d+: crash detected"), "crashed"),
    (re.compile(r"Booting Linux on physical CPU"), "unknown (Linux is booting)"),
)


class WaitError(TestsFailed):
    """Something awaited of a board did not come."""


class BootError(InfrastructureError):
    """The board did not come up, so nothing can be said about what was to be tested."""


class QemuEndedError(InfrastructureError):
    """QEMU ended by itself."""


class QmpRefusedError(AmpstandError):
    """QEMU refused a QMP command."""


def _data(event: Message) -> dict[str, Any]:
    data = event.get("data")
    return dict(data) if isinstance(data, dict) else {}


_live: weakref.WeakSet[Machine] = weakref.WeakSet()


@atexit.register
def reap_all() -> None:
    """End every QEMU that this process started."""
    for machine in list(_live):
        machine.stop()


class Machine:
    """A board in a QEMU process of its own; a context manager. ``host`` is the Linux shell once ``boot()`` returned."""

    def __init__(
        self,
        board: Board,
        artifacts: Artifacts,
        records_dir: Path,
        *,
        thread: str = "multi",
        translation_cache: int | None = None,
        extra_args: Sequence[str] = (),
        incoming: Path | None = None,
        preload: str | None = None,
        preload_table: int | None = None,
        files: Mapping[str, bytes] | None = None,
        kernel_arguments: str = "",
    ) -> None:
        """Describe a board that is not started yet.

        ``translation_cache`` bounds QEMU's, in MiB. ``preload`` names the image that the remote runs before the host
        does, and ``preload_table`` what the host is told in place of its resource table's address. ``files`` are put
        into Linux's root folder by path (``lib/firmware/x.elf``): the initramfs with them is written into the records
        folder. ``kernel_arguments`` come after the board's own.
        """
        if thread not in THREADS:
            raise UsageError(f"thread={thread} is not one of {', '.join(THREADS)}")
        if preload is not None and preload not in artifacts.firmware:
            raise UsageError(f"preload={preload} is not one of {', '.join(sorted(artifacts.firmware))}")
        if preload is not None and (board.remote is None or not board.remote.preload):
            raise UsageError(f"{board.name} cannot start a remote before its host")
        self.board = board
        self.artifacts = artifacts
        self.thread = thread
        self.translation_cache = translation_cache
        self.extra_args = tuple(extra_args)
        self.incoming = incoming
        self.preload = preload
        self.preload_table = preload_table
        self.kernel_arguments = kernel_arguments
        self.rerun = ""
        """The command that runs the present scenario again; shown with a failure."""
        self.records = Recorder(records_dir)
        self.initramfs = artifacts.initramfs
        """The initramfs that the board boots: the build's, or that with more files."""
        if files:
            self.initramfs = self.records.folder.absolute() / "initramfs.cpio"
            self.initramfs.write_bytes(artifacts.initramfs.read_bytes() + cpio.addition(files))
        self.remoteproc_state = "unknown"
        """As the kernel's messages told it last."""
        self.started = 0.0
        """``time.monotonic()`` at which QEMU was started."""
        self._lock = threading.RLock()
        self._bells: list[threading.Lock] = []
        """One of each thread that waits for the board; released when there is something new."""
        self._events: list[Message] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._exit: int | None = None
        self._loop = asyncio.new_event_loop()
        self._loop_thread: threading.Thread | None = None
        self._reaper: threading.Thread | None = None
        self._qmp = QMPClient(board.name)
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sockets: Path | None = None
        self.consoles = {serial.name: self._console(serial) for serial in board.serials}
        timeouts = board.timeouts
        self.host = Shell(self.consoles[board.shell.name], timeout=timeouts.command, boot_timeout=timeouts.boot)

    # -- the process ---------------------------------------------------------------------------------------------

    def argv(self, *, paste: bool = False) -> list[str]:
        """QEMU's arguments; with ``paste`` they need no harness: console on the terminal, other lines in files."""
        board, artifacts = self.board, self.artifacts
        argv = [str(artifacts.qemu), "-nodefaults", "-no-user-config", "-display", "none"]
        argv += ["-M", ",".join([board.machine, *self._machine_properties()]), *board.machine_arguments]
        argv += ["-m", board.memory]
        cache = f",tb-size={self.translation_cache}" if self.translation_cache is not None else ""
        argv += ["-accel", f"tcg,thread={self.thread}{cache}"]
        argv += ["-kernel", str(artifacts.kernel)]
        if board.dtb:
            argv += ["-dtb", str(artifacts.dtb)]
        argv += ["-initrd", str(self.initramfs), "-append", f"{board.command_line} {self.kernel_arguments}".strip()]
        for serial in board.serials:
            if paste:
                argv += ["-serial", "mon:stdio" if serial == board.shell else f"file:{serial.name}.log"]
            else:
                path = self._socket(serial.name)
                argv += ["-chardev", f"socket,id={serial.name},path={path}", "-serial", f"chardev:{serial.name}"]
        if not paste:
            argv += ["-qmp", f"unix:{self._socket('qmp')}"]
            argv += ["-d", "guest_errors,unimp", "-D", str(self.records.folder / "guest-errors.log")]
        if self.incoming is not None:
            argv += ["-incoming", f"file:{self.incoming}" if paste else "defer"]
        return [*argv, *self.extra_args]

    def _machine_properties(self) -> list[str]:
        remote, properties = self.board.remote, []
        if remote is not None and self.preload is not None:
            path = str(self.artifacts.firmware[self.preload]).replace(",", ",,")
            properties.append(f"{remote.preload}={path}")
        if remote is not None and self.preload_table is not None:
            properties.append(f"{remote.preload_table}={self.preload_table:#x}")
        return properties

    def command_line(self) -> str:
        """Return the whole command, ready to paste into a shell."""
        return shlex.join(self.argv(paste=True))

    def start(self) -> Self:
        """Start QEMU and connect to it; returns when QMP answers. The board runs from then on."""
        if self._process is not None:
            raise UsageError("this machine was started before")
        self._sockets = Path(tempfile.mkdtemp(prefix="ampstand-"))
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="ampstand-io", daemon=True)
        with interruptions_held():
            self._loop_thread.start()
        _live.add(self)
        try:
            self._call(self._listen(), START_TIMEOUT)
            with interruptions_held():
                self._spawn()
            self._connect()
        except BaseException:
            self.stop()
            raise
        return self

    def boot(self, timeout: float | None = None) -> Self:
        """Start QEMU and wait for the shell of the host."""
        if self._process is None:
            self.start()
        try:
            self.host.login(timeout)
        except (WaitError, QemuEndedError) as error:
            raise BootError(f"{self.board.name} did not come up: {error.message}", hint=error.hint) from error
        return self

    def stop(self) -> None:
        """End QEMU and everything it left; may be called at any time, and again."""
        _live.discard(self)
        process = self._process
        if process is not None and self._exit is None:
            self._signal(signal.SIGTERM)
            if self._reaper is not None:
                self._reaper.join(STOP_TIMEOUT)
            if self._exit is None:
                self._signal(signal.SIGKILL)
                if self._reaper is not None:
                    self._reaper.join(STOP_TIMEOUT)
        if self._loop_thread is not None and self._loop_thread.is_alive():
            with contextlib.suppress(Exception):
                self._call(self._close(), STOP_TIMEOUT)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop_thread.join(STOP_TIMEOUT)
            if not self._loop_thread.is_alive():
                self._loop.close()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self.records.close()

    def __enter__(self) -> Self:
        return self.start() if self._process is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        if self._process is None:
            raise UsageError("QEMU was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether QEMU runs."""
        return self._process is not None and self._exit is None

    def cpu_seconds(self) -> float:
        """CPU time that QEMU has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self) -> int:
        """Resident memory of QEMU, without what it maps from files and shares."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        match = re.search(r"^RssAnon:\s+(\d+) kB", text, re.MULTILINE)
        return int(match[1]) if match else 0

    # -- what a scenario uses -----------------------------------------------------------------------------------

    def console(self, role: str) -> Console:
        """Return the console with this role on the board."""
        serial = self.board.serial(role)
        if serial is None:
            raise UsageError(f"{self.board.name} has no serial line with the role {role!r}")
        return self.consoles[serial.name]

    def qmp(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and return what it returned. An underscore in an argument's name stands for a dash."""
        names = {name.replace("_", "-"): value for name, value in arguments.items()}
        try:
            return self._call(self._qmp.execute(command, names or None), QMP_TIMEOUT)
        except ExecuteError as error:
            raise QmpRefusedError(f"QEMU refused {command}: {error}") from error
        except (QMPError, TimeoutError) as error:
            self._raise_if_ended(f"the answer to QMP {command}")
            raise QmpRefusedError(f"no answer from QEMU to {command}: {type(error).__name__}: {error}") from error

    def reset(self) -> None:
        """Reset the board, as its button does; ``host.login()`` when Linux is expected back."""
        self.host.lost()
        self.qmp("system_reset")

    def event_mark(self) -> int:
        """Return a mark: QMP events after it are those that came later."""
        with self._lock:
            return len(self._events)

    def happened(self, name: str, *, since: int) -> bool:
        """Whether a QMP event of this name came after the mark."""
        with self._lock:
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
        return self.wait(lambda: self._exit, what="its end", core="qemu", timeout=timeout)

    def save(self, path: Path, timeout: float = 60.0) -> None:
        """Stop the board and write its whole state to a file that ``incoming`` takes."""
        mark = self.event_mark()
        self.qmp("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        self.qmp("stop")
        self.qmp("migrate", uri=f"file:{path}")
        self._wait_migration(mark, f"the state to be written to {path}", timeout)

    def resume(self, timeout: float = 60.0) -> Self:
        """Start QEMU from the state in ``incoming``, let it run, and go on with its shell."""
        if self._process is None:
            self.start()
        mark = self.event_mark()
        self.qmp("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        self.qmp("migrate-incoming", uri=f"file:{self.incoming}")
        self._wait_migration(mark, f"the state of {self.incoming} to be restored", timeout)
        if not self.qmp("query-status")["running"]:
            self.qmp("cont")
        self.host.adopt()
        return self

    def _wait_migration(self, mark: int, what: str, timeout: float) -> None:
        def ended() -> str | None:
            states = [_data(e).get("status") for e in self._events[mark:] if e["event"] == "MIGRATION"]
            return next((state for state in states if state in ("completed", "failed", "cancelled")), None)

        state = self.wait(ended, what=what, core="qemu", timeout=timeout)
        if state != "completed":
            reason = self.qmp("query-migrate").get("error-desc", "no reason given")
            raise TestsFailed(f"{state} while waiting for {what}: {reason}", hint=self.diagnosis())

    def read_memory(self, address: int, size: int) -> bytes:
        """Read memory as the host sees it, without the host's help."""
        if self._sockets is None:
            raise UsageError("QEMU was not started")
        path = self._sockets / "memory"
        self.qmp("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def expect_bad(self, pattern: str, core: str | None = None) -> Expectation:
        """Announce a known-bad line: it must occur, and does not fail the scenario."""
        return self.records.expect_bad(pattern, core)

    def tolerate_bad(self, pattern: str, reason: str, core: str | None = None) -> Expectation:
        """Accept a known-bad line that comes by chance only: a race in software that is not ours; say which."""
        return self.records.tolerate_bad(pattern, reason, core)

    def use_records(self, recorder: Recorder) -> None:
        """Send everything from now on to other records (a scenario that shares this machine)."""
        recorder.command(self.command_line())
        recorder.inputs(self._inputs())
        with self._lock:
            self.records = recorder

    def wait(self, found: Callable[[], T | None], *, what: str, core: str, timeout: float) -> T:
        """Wait for the board; see ``Waiter``. Fails at once if QEMU ends.

        ``found`` runs with the lock held that all input is taken under: it looks at what has arrived and asks for
        nothing more (no ``qmp()``, no ``read_memory()``).
        """
        end = time.monotonic() + timeout
        bell = threading.Lock()
        bell.acquire()
        self._bells.append(bell)
        try:
            while True:
                with self._lock:
                    result, ended = found(), self._exit is not None
                if result is not None:
                    return result
                left = end - time.monotonic()
                if ended or left <= 0:
                    break
                bell.acquire(timeout=left)
        finally:
            self._bells.remove(bell)
        self._raise_if_ended(what)
        raise WaitError(f"timed out after {timeout:.1f} s waiting for {what} on {core}", hint=self.diagnosis())

    def diagnosis(self) -> str:
        """Say what is known now: remoteproc state, last lines of each core, records, how to run it again."""
        lines = [f"remoteproc state: {self.remoteproc_state}"] if self.board.remote else []
        for core in dict.fromkeys([*self.board.cores, *self.records.cores()]):
            tail = self.records.tail(core)
            lines.append(f"last lines of {core}:" if tail else f"{core} said nothing")
            lines += [f"  | {line}" for line in tail]
        lines.append(f"records: {self.records.folder}")
        if self.rerun:
            lines.append(f"run it again: {self.rerun}")
        return "\n".join(lines)

    # -- inside --------------------------------------------------------------------------------------------------

    def _raise_if_ended(self, what: str) -> None:
        if self._exit is not None:
            how = f"signal {-self._exit}" if self._exit < 0 else f"exit status {self._exit}"
            raise QemuEndedError(f"QEMU ended with {how} while waiting for {what}", hint=self.diagnosis())

    def _inputs(self) -> dict[str, Path]:
        artifacts = self.artifacts
        paths = {"qemu": artifacts.qemu, "kernel": artifacts.kernel, "initramfs": self.initramfs}
        if self.board.dtb:
            paths["dtb"] = artifacts.dtb
        return paths | {f"firmware {name}": path for name, path in artifacts.firmware.items()}

    def _socket(self, name: str) -> Path:
        return (self._sockets or Path()) / f"{name}.sock"

    def _console(self, serial: Serial) -> Console:
        def send(data: bytes) -> None:
            self._raise_if_ended(f"{serial.name} to take input")
            self._loop.call_soon_threadsafe(self._write, serial.name, data)

        return Console(serial, self, send, self.board.timeouts.command)

    def _write(self, name: str, data: bytes) -> None:
        writer = self._writers.get(name)
        if writer is not None:
            writer.write(data)

    def _ring(self, _ended: object = None) -> None:
        """Wake all threads that wait for the board."""
        for bell in tuple(self._bells):
            with contextlib.suppress(RuntimeError):  # rung before, and not heard yet
                bell.release()

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> SimpleQueue[asyncio.Task[T]]:
        """Run a coroutine in the thread that takes input; its task comes through the queue when it has ended."""
        ended: SimpleQueue[asyncio.Task[T]] = SimpleQueue()

        def begin() -> None:
            task = self._keep(coroutine)
            task.add_done_callback(ended.put)
            task.add_done_callback(self._ring)

        self._loop.call_soon_threadsafe(begin)
        return ended

    def _call(self, coroutine: Coroutine[Any, Any, T], timeout: float) -> T:
        try:
            task = self._begin(coroutine).get(timeout=timeout)
        except Empty as error:
            raise TimeoutError(f"nothing within {timeout:.1f} s") from error
        return task.result()

    def _keep(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Make a task that ends with the connections, if it has not before."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _listen(self) -> None:
        for serial in self.board.serials:

            async def connected(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serial: Serial = serial
            ) -> None:
                self._writers[serial.name] = writer
                console = self.consoles[serial.name]
                while data := await reader.read(65536):
                    with self._lock:
                        first = len(console.lines)
                        text = console.feed(data)
                        self.records.feed(serial.core, serial.name, text)
                        if serial == self.board.shell:
                            self._follow(console.lines[first:])
                    self._ring()

            self._servers.append(await asyncio.start_unix_server(connected, self._socket(serial.name)))
        await self._qmp.start_server(str(self._socket("qmp")))

    def _follow(self, lines: list[str]) -> None:
        for line in lines:
            for pattern, state in _REMOTEPROC_STATES:
                if pattern.search(line):
                    self.remoteproc_state = state

    def _spawn(self) -> None:
        self.records.command(self.command_line())
        self.records.inputs(self._inputs())
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        self.started = time.monotonic()
        try:
            self._process = subprocess.Popen(
                [*guard, *self.argv()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BootError(f"cannot run {self.artifacts.qemu}: {error}") from error
        self._reaper = threading.Thread(target=self._reap, args=(self._process,), name="ampstand-reaper", daemon=True)
        self._reaper.start()

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for QEMU's end. Its last words are taken first, but children of its own may hold their pipe longer."""
        listener = threading.Thread(target=self._listen_to, args=(process,), name="ampstand-stderr", daemon=True)
        listener.start()
        code = process.wait()
        listener.join(LAST_WORDS_TIMEOUT)
        with self._lock:
            self._exit = code
        self._ring()

    def _listen_to(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            while data := os.read(stream.fileno(), 4096):
                with self._lock:
                    self.records.feed("qemu", "qemu", data.decode("utf-8", "replace"))

    def _connect(self) -> None:
        accepted = self._begin(self._accept())
        try:
            task = self.wait(
                lambda: None if accepted.empty() else accepted.get(),
                what="QMP to answer",
                core="qemu",
                timeout=START_TIMEOUT,
            )
        except AmpstandError as error:
            raise BootError(error.message, hint=error.hint) from error
        task.result()

    async def _accept(self) -> None:
        await self._qmp.accept()
        self._keep(self._take_events())

    async def _take_events(self) -> None:
        async for event in self._qmp.events:
            with self._lock:
                self._events.append(event)
                self.records.note(f"QEMU event {event['event']} {_data(event)}")
            self._ring()

    async def _close(self) -> None:
        for task in tuple(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()
        for server in self._servers:
            server.close()
        for writer in self._writers.values():
            writer.close()
        with contextlib.suppress(QMPError, OSError, EOFError):
            await self._qmp.disconnect()

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
