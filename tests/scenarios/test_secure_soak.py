# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Signed images many times over, started or refused: neither Linux nor OP-TEE nor QEMU holds more at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_soak import LIMITS, growth

from ampstand.build.artifacts import Artifacts
from ampstand.formats import signed
from ampstand.linux import memory
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.secure_remote import REFUSED, SecureRemote, memory_given_out, place

pytestmark = [
    pytest.mark.needs("secure", "remoteproc", "rpmsg-tty"),
    pytest.mark.secure("remoteproc"),
    pytest.mark.soak,
    pytest.mark.time_limit(3600),
]

ROUNDS, SAMPLES, WARM = 200, 10, 2
"""Turns, how often all is counted among them, and the sample from which on nothing may grow."""
TRANSIENT = 1024
"""Bytes that OP-TEE may hold for a moment."""
OPTIONS = {"translation_cache": 24} | memory.COUNTED
IMAGE = "echo-bare"


def check_flat(secure: SecureRemote, turn: Callable[[], None]) -> None:
    """Take all turns; fail if anybody holds more than what does not depend on their number."""
    machine, host = secure.machine, secure.host
    figures: list[dict[str, int]] = []
    optee: list[dict[str, int]] = []
    objects: dict[str, int] = {}
    for number in range(ROUNDS + 1):
        if number % (ROUNDS // SAMPLES) == 0:
            machine.judge_log()
            figures.append(memory.figures(machine))
            optee.append(memory_given_out(host))
            if len(figures) == WARM + 1:
                objects = memory.slabs(host)
        turn()
    machine.records.values |= {"memory_kib": figures, "optee_bytes": optee}
    for name, first in optee[WARM].items():
        values = [sample[name] for sample in optee]
        # A block or two come and go with what OP-TEE does beside; what is lost by each turn stays.
        assert min(values[-3:]) <= first, f"{name}: {values}"
        assert max(values) < first + TRANSIENT, f"{name}: {values}"
    for name, limit in LIMITS.items():
        values = [sample[name] for sample in figures]
        assert growth(values, falls=name == "MemFree") < limit, f"{name}: {values}"
    turns = ROUNDS - WARM * ROUNDS // SAMPLES
    assert not memory.leaking(host, objects, turns // 2)


def test_200_starts_and_stops_leak_nothing(boot: Callable[..., LinuxMachine]) -> None:
    secure = SecureRemote(boot(**OPTIONS), IMAGE)
    secure.firmware(IMAGE)

    def turn() -> None:
        secure.start(services=["rpmsg-tty"])
        secure.echo_tty(options="-n 2")
        secure.stop()

    check_flat(secure, turn)


@pytest.mark.parametrize("part", ["signature", "segment 1"])
def test_200_refused_images_leak_nothing(boot: Callable[..., LinuxMachine], artifacts: Artifacts, part: str) -> None:
    """Refused before anything is loaded, and amid it."""
    secure, data = SecureRemote(boot(**OPTIONS), IMAGE), artifacts.signed[IMAGE].read_bytes()
    secure.host.put(place("changed"), signed.flipped(data, signed.parts(data)[part]))
    for line in ("secure world refuses load: 0xffff", r"Boot failed: -\d+"):
        secure.machine.expect_bad(f"remoteproc0: {line}", "host")
    secure.machine.tolerate_bad(REFUSED, "an image is refused", "host")

    def turn() -> None:
        secure.firmware("changed")
        assert "Key was rejected" in secure.host.run(f"echo start >{secure.sysfs}/state").output
        assert secure.core_state() == "held"

    check_flat(secure, turn)
    secure.start(IMAGE, services=["rpmsg-tty"])
    assert secure.echo_tty(options="-n 20")["messages"] == 20
