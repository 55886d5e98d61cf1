# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What connects the harness to a QEMU process: a socket for each stream, QMP, and threads that wait for either.

QEMU connects to sockets that wait for it, so nothing that a board says is lost. All input is taken by one thread; a
scenario waits in its own thread, never longer than a stated time, and is woken when anything arrives.

A signal may interrupt the scenario's thread between any two steps, and what is thrown then must leave nothing locked:
other threads would wait for ever. Of the ways to wait, those written in Python (``threading.Condition``, and
``concurrent.futures`` with it) can be interrupted when they have a lock and nobody knows of it yet. So that thread
enters bare locks only, by ``with``, and waits for nothing but a lock or a ``queue.SimpleQueue``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from qemu.qmp import Message, QMPClient, QMPError, Runstate

from ampstand.errors import InfrastructureError
from ampstand.signals import interruptions_held

logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())  # its errors come as exceptions, too

T = TypeVar("T")
Take = Callable[[bytes], None]

OPEN_TIMEOUT = 30.0
CLOSE_TIMEOUT = 5.0
DRAIN_TIMEOUT = 2.0


class Link:
    """The streams of one QEMU process, its QMP, and its log as a stream."""

    def __init__(self, name: str, event: Callable[[Message], None]) -> None:
        """Describe a link that is not open. ``event`` takes QMP events, with ``lock`` held, in the input's thread."""
        self.lock = threading.RLock()
        """Held whenever input is taken."""
        self._closing = threading.RLock()
        self._event = event
        self._bells: list[threading.Lock] = []
        """One of each thread that waits; released when there is something new."""
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._qmp = QMPClient(name)
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._readers: set[asyncio.Task[Any]] = set()
        self._folder: Path | None = None
        self._pipes: dict[int, Take] = {}
        self.failure: Exception | None = None
        """Why input is no longer taken."""
        # What a task of the QMP library leaves behind when QEMU ends is no news: the wait for it has failed already.
        self._loop.set_exception_handler(lambda loop, context: None)

    @property
    def folder(self) -> Path:
        """Folder of the sockets; relative to nowhere before ``open()``."""
        return self._folder or Path()

    def socket(self, name: str) -> Path:
        """Return the path of a stream's socket, ``qmp`` for that of QMP."""
        return self.folder / f"{name}.sock"

    def pipe(self, name: str) -> Path:
        """Return the path of a named pipe that QEMU writes to."""
        return self.folder / f"{name}.pipe"

    def open(self, streams: Mapping[str, Take], pipes: Mapping[str, Take]) -> None:
        """Wait for QEMU on a socket for each stream, and on named pipes; what comes is taken with ``lock`` held."""
        self._folder = Path(tempfile.mkdtemp(prefix="ampstand-"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="ampstand-io", daemon=True)
        with interruptions_held():
            self._thread.start()
        self._call(self._listen(streams, pipes), OPEN_TIMEOUT)

    def accept(self) -> SimpleQueue[asyncio.Task[None]]:
        """Begin to wait for QEMU's QMP; the task comes through the queue when it has answered, or failed to."""
        return self._begin(self._accept())

    def send(self, name: str, data: bytes) -> None:
        """Send bytes on a stream; they are dropped if QEMU has not connected it."""
        self._loop.call_soon_threadsafe(self._write, name, data)

    def execute(self, command: str, arguments: Mapping[str, object] | None, timeout: float) -> Any:
        """Run a QMP command and return what it returned; ``ExecuteError``, ``QMPError`` or ``TimeoutError``."""
        return self._call(self._qmp.execute(command, dict(arguments) if arguments else None), timeout)

    def settle(self) -> None:
        """Return when all input that QEMU had sent before this call is taken."""

        async def turn() -> None:
            # The loop looks for input once a turn, and takes what it found in the next.
            for _ in range(3):
                await asyncio.sleep(0)

        self._call(turn(), CLOSE_TIMEOUT)

    def drain(self) -> None:
        """Return when all that a QEMU that has ended had sent is taken, or after ``DRAIN_TIMEOUT`` a stream."""
        with contextlib.suppress(TimeoutError):
            self._call(self._drain(), CLOSE_TIMEOUT)

    def wait(self, found: Callable[[], T | None], over: Callable[[], bool], timeout: float) -> T | None:
        """Return the first result of ``found`` that is not None; None when the time, or everything, is over.

        Both functions are called, with ``lock`` held, whenever something has arrived.
        """
        end = time.monotonic() + timeout
        bell = threading.Lock()
        bell.acquire()
        self._bells.append(bell)
        try:
            while True:
                with self.lock:
                    result, ended = found(), over()
                if result is not None:
                    return result
                left = end - time.monotonic()
                if ended or left <= 0:
                    return None
                bell.acquire(timeout=left)
        finally:
            self._bells.remove(bell)

    def ring(self, _ended: object = None) -> None:
        """Wake all threads that wait."""
        for bell in tuple(self._bells):
            with contextlib.suppress(RuntimeError):  # rung before, and not heard yet
                bell.release()

    def close(self) -> None:
        """End all connections, taking first what pipes still hold; may be called again, and by several threads."""
        with self._closing:
            if self._thread is not None and self._thread.is_alive():
                with contextlib.suppress(Exception):
                    self._call(self._close(), CLOSE_TIMEOUT)
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(CLOSE_TIMEOUT)
                if not self._thread.is_alive():
                    self._loop.close()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    # -- in the input's thread -----------------------------------------------------------------------------------

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> SimpleQueue[asyncio.Task[T]]:
        """Run a coroutine in the thread that takes input; its task comes through the queue when it has ended."""
        ended: SimpleQueue[asyncio.Task[T]] = SimpleQueue()

        def begin() -> None:
            task = self._keep(coroutine)
            task.add_done_callback(ended.put)
            task.add_done_callback(self.ring)

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

    async def _listen(self, streams: Mapping[str, Take], pipes: Mapping[str, Take]) -> None:
        for name, take in streams.items():

            async def connected(
                reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                name: str = name,
                take: Take = take,
            ) -> None:
                task = asyncio.current_task()
                assert task is not None
                self._readers.add(task)
                task.add_done_callback(self._readers.discard)
                self._writers[name] = writer
                with contextlib.suppress(ConnectionError):
                    while data := await reader.read(65536):
                        self._take(take, data)

            self._servers.append(await asyncio.start_unix_server(connected, self.socket(name)))
        for name, take in pipes.items():
            os.mkfifo(self.pipe(name))
            # Open for writing, too: it is then never at its end, whether QEMU has opened it yet or not.
            descriptor = os.open(self.pipe(name), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self._pipes[descriptor] = take
            self._loop.add_reader(descriptor, self._take_pipe, descriptor)
        await self._qmp.start_server(str(self.socket("qmp")))

    def _take_pipe(self, descriptor: int) -> bool:
        try:
            data = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return False
        self._take(self._pipes[descriptor], data)
        return bool(data)

    def _take(self, take: Take, data: bytes) -> None:
        """Let input be taken; nobody above could hear of an error."""
        try:
            with self.lock:
                take(data)
        except Exception as error:
            self.failure = self.failure or error
        self.ring()

    def _write(self, name: str, data: bytes) -> None:
        writer = self._writers.get(name)
        if writer is not None:
            writer.write(data)

    async def _accept(self) -> None:
        await self._qmp.accept()
        self._keep(self._take_events())

    async def _take_events(self) -> None:
        async for event in self._qmp.events:
            with self.lock:
                self._event(event)
            self.ring()

    async def _take_last_words(self) -> None:
        if self._readers:  # they come to their end when QEMU has
            await asyncio.wait(self._readers, timeout=DRAIN_TIMEOUT)

    async def _drain(self) -> None:
        await self._take_last_words()
        if self._qmp.runstate == Runstate.RUNNING:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._qmp.runstate_changed(), DRAIN_TIMEOUT)
        await asyncio.sleep(0)  # events that QMP has read are taken in the next turn

    async def _close(self) -> None:
        await self._take_last_words()
        for task in tuple(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()
        for descriptor in tuple(self._pipes):
            self._loop.remove_reader(descriptor)
            while self._take_pipe(descriptor):
                pass
            del self._pipes[descriptor]
            os.close(descriptor)
        for server in self._servers:
            server.close()
        for writer in self._writers.values():
            writer.close()
        with contextlib.suppress(QMPError, OSError, EOFError):
            await self._qmp.disconnect()


def answer(task: asyncio.Task[None]) -> None:
    """Return if QMP has answered; ``InfrastructureError`` if it could not be spoken to."""
    try:
        task.result()
    except (QMPError, OSError, asyncio.CancelledError) as error:
        raise InfrastructureError(f"QEMU's QMP cannot be spoken to: {type(error).__name__}: {error}") from error
