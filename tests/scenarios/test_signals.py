# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote measures and puts out what is at the chip's pins: converters, timers and DMA work together.

The application is ``firmware/remote/apps/signals``: a message tells it what to do, its console what came out.
"""

from __future__ import annotations

import zlib

import pytest

from ampstand.linux.remote import Remote

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char", "remote-console", "signals")

IMAGE = "signals-bare"
BITS = 12
FULL = 1 << BITS


@pytest.fixture
def signals(remote: Remote) -> Remote:
    """Return the remote with the application running."""
    remote.start(IMAGE, services=["rpmsg-raw"])
    return remote


def order(remote: Remote, message: bytes) -> None:
    """Tell the application to do something; it says so by sending the message back."""
    remote.tool(f"rpmsg-echo -c rpmsg-raw -x {message.hex()}")


def get(remote: Remote, name: str) -> int:
    """Return what is at a pin."""
    signal = remote.machine.board.signals[name]
    return int(remote.machine.qmp("qom-get", path=signal.path, property=signal.property))


def put(remote: Remote, name: str, value: int) -> None:
    """Put a voltage at a pin."""
    signal = remote.machine.board.signals[name]
    remote.machine.qmp("qom-set", path=signal.path, property=signal.property, value=value)


@pytest.mark.parametrize("part", [0, 1, 5, 12], ids="{}/16".format)
def test_samples_are_the_voltage(signals: Remote, part: int) -> None:
    """A timer samples, the converter converts, DMA takes it to memory: each sample is what is at the pin."""
    put(signals, "analog-in", get(signals, "reference") * part // 16 + 100)
    order(signals, b"s\x08")
    for number in range(8):
        signals.wait_console(f"sample {number}: {FULL * part // 16}")
    signals.wait_console("sampled 8")


@pytest.mark.parametrize("value", [0x123, FULL - 1], ids=hex)
def test_output_is_what_was_written(signals: Remote, value: int) -> None:
    """What the remote writes to the converter is at the pin."""
    assert get(signals, "analog-out") != value
    order(signals, b"d" + value.to_bytes(2, "little"))
    signals.wait_console("dac set")
    assert get(signals, "analog-out") == value


@pytest.mark.parametrize("data", [b"123456789", bytes(range(60))], ids=["check", "long"])
def test_checksum_by_dma(signals: Remote, data: bytes) -> None:
    """DMA feeds the unit byte by byte, and the result is that of everybody's CRC-32."""
    order(signals, b"c" + data)
    signals.wait_console(f"crc 0x{zlib.crc32(data):x} of {len(data)} bytes")


def test_serial_line_by_dma(signals: Remote) -> None:
    """DMA takes what the line receives, and gives it back to be sent."""
    line = signals.machine.console("spare")
    order(signals, b"u")
    signals.wait_console("uart7 is ready")
    line.sendline("fifteen letters")
    signals.wait_console("sent 16 characters")
    line.expect("fifteen letters")
