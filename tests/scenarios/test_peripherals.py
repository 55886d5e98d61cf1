# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Blocks beside the remote do what firmware that drives their registers expects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

BLOCKS = ("spi", "can", "hash", "cryp", "lptim")


@pytest.mark.needs("stm32-blocks", "trace")
def test_firmware_drives_the_blocks(boot: Callable[..., LinuxMachine]) -> None:
    """One of its SPI buses has a wire from MOSI to MISO; its CAN is looped back inside."""
    remote = Remote(boot(extra_args=["-device", "ssi-loopback,bus=spi4"]))
    remote.start("peripherals-bare")
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "all blocks tried", remote.timeout)
    lines = remote.host.run_check(f"cat {remote.debugfs}/trace0")
    found = [line for line in lines if line.split(":")[0] in BLOCKS]
    assert found == [f"{block}: right" for block in BLOCKS]


@pytest.mark.needs("stm32-blocks", "trace")
def test_firmware_notices_a_missing_wire(boot: Callable[..., LinuxMachine]) -> None:
    """Without the wire, MISO is low."""
    remote = Remote(boot())
    remote.start("peripherals-bare")
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "spi: found 0x0, not 0x12345678", remote.timeout)
