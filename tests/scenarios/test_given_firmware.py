# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Images of the user (``ampstand test --firmware FILE.elf --remote-image FILE.elf``): what any firmware must do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.commands.given import firmware_of
from ampstand.linux.remote import Remote

pytestmark = pytest.mark.needs("remoteproc")

ROUNDS = 3


def tolerate_silence(remote: Remote) -> None:
    remote.tolerate("stop-without-ack", "firmware need not acknowledge a shutdown")


def test_it_starts_and_stops_again_and_again(remote: Remote, board: Board, given_firmware: Path) -> None:
    tolerate_silence(remote)
    table = firmware_of(str(given_firmware), board, linux=True).has_table
    for _ in range(ROUNDS):
        remote.start(given_firmware, table=table)
        assert remote.core_state() == "running"
        remote.stop()


@pytest.mark.needs("attach")
def test_it_runs_before_linux(preload: Callable[..., Remote], board: Board, given_image: Path) -> None:
    remote = preload(given_image)
    assert remote.core_state() == "running"
    assert remote.state() == "detached"
    if firmware_of(str(given_image), board, linux=False).has_table:
        tolerate_silence(remote)
        remote.attach()
        remote.stop()
