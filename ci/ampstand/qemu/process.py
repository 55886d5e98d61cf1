# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's process: started, watched, and always reaped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue

from ampstand.errors import InfrastructureError, UsageError

STOP_TIMEOUT = 5.0
LAST_WORDS_TIMEOUT = 0.5


class Process:
    """One QEMU process, in a process group of its own.

    It is started, and waited for, by a thread that lives as long as it does: the kernel kills it when that thread ends
    (``PR_SET_PDEATHSIG``), and so when this process does, but not when the caller's thread ends.
    """

    def __init__(self, said: Callable[[str], None], ended: Callable[[], None]) -> None:
        """Describe a process that is not started. Both functions are called from threads of their own.

        ``said`` takes what QEMU itself prints; ``ended`` is called once, when ``exit_status`` is known.
        """
        self._said = said
        self._ended = ended
        self._popen: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None
        self.started = 0.0
        """``time.monotonic()`` at which QEMU was started."""
        self.exit_status: int | None = None
        """Of a process that has ended; negative: the signal that ended it."""

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start QEMU, with this in its environment besides; ``InfrastructureError`` if it cannot be run.

        Not to be interrupted (``interruptions_held()``).
        """
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        begun: SimpleQueue[OSError | None] = SimpleQueue()
        self._keeper = threading.Thread(
            target=self._keep, args=([*guard, *argv], environment, begun), name="ampstand-qemu", daemon=True
        )
        self._keeper.start()
        error = begun.get()
        if error is not None:
            raise InfrastructureError(f"cannot run {argv[0]}: {error}") from error

    def stop(self) -> None:
        """End QEMU and everything it left; may be called at any time, and again."""
        if self._keeper is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.exit_status is None:
                self._signal(number)
                self._keeper.join(STOP_TIMEOUT)

    @property
    def begun(self) -> bool:
        """Whether QEMU was started."""
        return self._popen is not None

    @property
    def alive(self) -> bool:
        """Whether QEMU runs."""
        return self.begun and self.exit_status is None

    @property
    def pid(self) -> int:
        """Process id of QEMU."""
        if self._popen is None:
            raise UsageError("QEMU was not started")
        return self._popen.pid

    def cpu_seconds(self) -> float:
        """CPU time that QEMU has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self) -> int:
        """Resident memory of QEMU, without what it maps from files and shares."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        match = re.search(r"^RssAnon:\s+(\d+) kB", text, re.MULTILINE)
        return int(match[1]) if match else 0

    def _keep(self, argv: Sequence[str], environment: Mapping[str, str], begun: SimpleQueue[OSError | None]) -> None:
        """Start QEMU and wait for its end. Its last words are taken first; children of its own may hold their pipe."""
        self.started = time.monotonic()
        try:
            popen = subprocess.Popen(
                argv,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            begun.put(error)
            return
        self._popen = popen
        begun.put(None)
        listener = threading.Thread(target=self._listen, args=(popen,), name="ampstand-stderr", daemon=True)
        listener.start()
        code = popen.wait()
        listener.join(LAST_WORDS_TIMEOUT)
        self.exit_status = code
        self._ended()

    def _listen(self, popen: subprocess.Popen[bytes]) -> None:
        assert popen.stdout is not None
        with popen.stdout as stream:
            while data := os.read(stream.fileno(), 4096):
                self._said(data.decode("utf-8", "replace"))

    def _signal(self, number: int) -> None:
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, number)
