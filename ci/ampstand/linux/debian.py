# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A board that boots Debian from its SD card with Debian's own kernel."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.build.debian import CONFIGURED, Debian, Parts
from ampstand.errors import InfrastructureError
from ampstand.linux.machine import LinuxMachine
from ampstand.qemu.recording import Records

CONFIGURE_SECONDS = 3600.0
LOGIN_SECONDS = 300.0
"""The longest that packages may take to be configured, and a boot until the prompt, on a loaded workstation."""
USER = "root"
"""Logs in without a password."""


def card(debian: Debian, artifacts: Artifacts, records: Callable[[], Records]) -> Path:
    """Return the SD card of a Debian whose packages are configured: on the board itself, once for each set of them.

    ``records`` returns where to what is written that happens meanwhile.
    """
    builder, unpacked = debian.builder, debian.unpacked()
    boot = debian.boot()

    def make(scratch: Path) -> None:
        image = scratch / "card.img"
        shutil.copy2(unpacked / "card.img", image)
        found = records()
        board = machine(builder.board, boot, image, artifacts, found, snapshot=False)
        with builder.progress.step("Debian: configuring packages on the board") as step, board:
            console = board.host.console
            console.tap = lambda data: step.update(data.decode(errors="replace").strip().split("\n")[-1].strip()[:60])
            board.wait_end(CONFIGURE_SECONDS)
            if not any(CONFIGURED in line for line in console.lines):
                raise InfrastructureError(
                    "Debian's packages could not be configured", hint=f"{found.folder}/linux.log has what they say"
                )

    # What the kernel is does not matter to what the packages do, but the one that they brought has to work.
    inputs = {"unpacked": unpacked.name, "kernel": boot.release}
    return builder.cache.artifact("debian", inputs, make, builder.progress) / "card.img"


def machine(
    board: Board, parts: Parts, image: Path, artifacts: Artifacts, records: Records, *, snapshot: bool = True,
    **options: Any,
) -> LinuxMachine:  # fmt: skip
    """Return the board with a card, not started yet; with ``snapshot`` it never changes the image."""
    changed = replace(
        artifacts,
        kernel=parts.kernel,
        dtb=parts.dtb,
        initramfs=parts.initramfs,
        kernel_release=parts.release,
        provenance={**artifacts.provenance, "kernel": parts.release},
    )
    arguments = parts.arguments(image, snapshot=snapshot)
    found = LinuxMachine(board, changed, records, extra_args=arguments, **options)
    found.log_level = -1  # it has drivers for what no model has
    return found


def boot(board: LinuxMachine) -> None:
    """Start the board and wait until somebody can log in."""
    board.start()
    board.host.console.expect(r"login: ", LOGIN_SECONDS, "Debian's login prompt")


def log_in(board: LinuxMachine) -> None:
    """Log in, and put the harness's shell there."""
    console = board.host.console
    console.sendline(USER)
    console.expect(r"[#] ", LOGIN_SECONDS, "Debian's shell")
    console.sendline("PS1='ampstand''# '; export PS1")
    board.host.login(LOGIN_SECONDS)
