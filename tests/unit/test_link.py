# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from ampstand.qemu.link import Link


def test_two_threads_close_at_once() -> None:
    """A run that is ended reaps all machines; the thread that uses one closes it, too. Neither hears of the other."""
    link, come = Link("x", lambda event: None), Event()
    link.open({"line": lambda data: come.set()}, {})
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as qemu, ThreadPoolExecutor(2) as pool:
        qemu.connect(str(link.socket("line")))
        qemu.send(b"a word")
        assert come.wait(20)
        for closed in [pool.submit(link.close) for _ in range(2)]:  # QEMU still has the line: both wait for its end
            closed.result(20)
    assert not link.socket("line").exists()
