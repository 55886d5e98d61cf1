# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the secure world keeps to itself, nobody else reaches: Linux, the remote, its DMA.

Each refused access leaves a line in QEMU's log with the core, the master, the address and the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.secure_remote import VIOLATION, SecureRemote, reach, violating

pytestmark = pytest.mark.needs("secure", "cortex-m", "stm32-blocks")

DMA1 = 0x48000000
SRAM = 0x10048000
"""Memory of the remote, which is held."""
RCC = 0x50000000
SECRET, MARK = 0x5EC4E7, 0x600DBEEF


@pytest.fixture
def secure(boot: Callable[..., LinuxMachine]) -> LinuxMachine:
    """Return a board with a secure world, whose complaints are expected."""
    machine = boot(secure="scmi")
    machine.tolerate_bad(VIOLATION, "somebody reaches for the secure world", "host")
    return machine


def peek(machine: LinuxMachine, address: int) -> int:
    """Read a word as Linux does."""
    return int(machine.host.text(f"devmem {address:#x}"), 16)


def poke(machine: LinuxMachine, address: int, value: int) -> None:
    """Write a word as Linux does."""
    machine.host.run_check(f"devmem {address:#x} 32 {value:#x}")


def word(machine: LinuxMachine, address: int) -> int:
    """Read a word as nobody does: past all that protects it."""
    return machine.read_number(address)


def copy_by_dma(machine: LinuxMachine, source: int, target: int) -> None:
    """Copy a word by DMA1, from memory to memory, and wait for what OP-TEE says of it on Linux's console."""
    poke(machine, RCC + 0xA18, 1)
    for offset, value in ((0x10, 0), (0x08, 0x3F), (0x14, 1), (0x18, source), (0x1C, target), (0x24, 7)):
        poke(machine, DMA1 + offset, value)
    go = 2 << 13 | 2 << 11 | 2 << 6 | 1
    assert not violating(machine, f"devmem {DMA1 + 0x10:#x} 32 {go:#x}", r"0x\w+, non-secure").exitcode
    machine.host.wait_for(f"devmem {DMA1:#x}", "^0x000000[1-9A-F]", 10)


def refusal(master: str, what: str, address: int) -> str:
    """Return the pattern of the line that says what a master was refused, and by which region."""
    return rf"stm32mp1-tzc: {master}: {what} of 4 byte\(s\) at {address:#010x} refused: filter \d open, region \d"


def refused(machine: LinuxMachine, what: str, address: int) -> None:
    """Announce what Linux is refused."""
    machine.expect_bad(refusal("A7, non-secure", what, address), "host")


def refused_dma(machine: LinuxMachine, what: str, source: int, target: int) -> None:
    """Copy by DMA1, which is refused one of both; with ``--exact``, QEMU runs its transfer on behalf of any core."""
    pattern = refusal("DMA", what, source if what == "read" else target)
    reason = "a DMA reaches for the secure world"
    announced = [machine.tolerate_bad(pattern, reason, core) for core in (*machine.board.cores, "qemu")]
    copy_by_dma(machine, source, target)
    machine.wait(
        lambda: any(expectation.seen for expectation in announced) or None, what=pattern, core="qemu", timeout=10
    )


def test_linux_does_not_see_the_secure_memory(secure: LinuxMachine) -> None:
    """It reads 0, changes nothing, and the secure world is told; next to it Linux sees its own."""
    world = secure.board.secure_world
    assert world is not None
    for offset in (0, 0x1000000, 0x1FFFFFC):
        address = world.base + offset
        before = word(secure, address)
        refused(secure, "read", address)
        refused(secure, "write", address)
        assert reach(secure, address) == 0
        reach(secure, address, SECRET)
        assert word(secure, address) == before != SECRET


def test_a_dma_does_not_see_it_either(secure: LinuxMachine) -> None:
    """A master that Linux sets up has no more rights than Linux."""
    world = secure.board.secure_world
    assert world is not None
    assert word(secure, world.base) != 0
    poke(secure, SRAM, MARK)
    refused_dma(secure, "read", world.base, SRAM)
    assert peek(secure, SRAM) == 0
    poke(secure, SRAM, MARK)
    before = word(secure, world.base + 0x100)
    refused_dma(secure, "write", SRAM, world.base + 0x100)
    assert word(secure, world.base + 0x100) == before


MEMORIES = {
    "boot-rom": 0x24,
    "sysram": 0x2FFC1000,
    "bkpsram": 0x54000100,
}
"""A word of each internal memory that OP-TEE keeps: the ROM and SYSRAM are secure by themselves."""


def test_internal_memories(secure: LinuxMachine) -> None:
    """Linux reads 0 there and changes nothing; what the remote runs in it reaches."""
    for name, address in MEMORIES.items():
        for what in ("read", "write"):
            line = f"{name}: A7, non-secure: {what} of {address:#05x} refused: it is for the secure world"
            secure.expect_bad(line, "host")
        before = word(secure, address)
        poke(secure, address, MARK)
        assert word(secure, address) == before != MARK, name
        assert peek(secure, address) == 0, name
    assert word(secure, MEMORIES["boot-rom"]) != 0
    poke(secure, SRAM, MARK)
    assert peek(secure, SRAM) == word(secure, SRAM) == MARK


CONSOLE = 0x4000F000
"""USART3, which the secure world has given to the remote (``optee.dts``)."""
OVERLAY = """\
/dts-v1/;
/plugin/;
&usart3 {
	status = "okay";
};
"""


@pytest.mark.thorough
@pytest.mark.needs("remoteproc", "remote-console")
def test_a_peripheral_of_the_remote(boot: Callable[..., LinuxMachine], tmp_path: Path) -> None:
    """Linux has it in its device tree, is told that it may not, and leaves it alone; the remote prints on it."""
    overlay = tmp_path / "usart3.dtso"
    overlay.write_text(OVERLAY)
    refusal = r"stm32-etzpc .*serial@4000f000: Device driver will not be probed"
    tolerated = {refusal: "it is the remote's", r"stm32-etzpc .*: Failed to create device link": "for what it refused"}
    machine = boot(secure="remoteproc", overlays=[overlay], tolerated=tolerated)
    assert machine.host.run_check(f"dmesg | grep -c '{refusal}'") == ["1"]
    assert not machine.host.run("ls -d /sys/bus/platform/devices/*.serial | grep 4000f000").stdout
    for what in ("read", "write"):
        machine.expect_bad(f"usart3: A7, non-secure: {what} of 0x.* refused", "host")
    assert peek(machine, CONSOLE) == 0
    poke(machine, CONSOLE, 0)
    SecureRemote(machine, "echo-bare").start("echo-bare", services=["rpmsg-tty"])
    machine.console("remote-console").expect_line("ampstand echo on")
    assert word(machine, CONSOLE) & 1, "the remote has it enabled"


REGISTERS = {
    "TZCR": (0x000, 0x0, True),
    "MP_GCR.BOOT_MCU": (0x10C, 0x1, True),
    "MP_GRSTCSETR.MCURST": (0x404, 0x2, True),
    "PLL1CR": (0x080, 0x0, True),
    "MP_APB5ENSETR.USART1EN": (0x208, 0x10, True),
    "MP_APB1ENSETR.TIM2EN": (0xA00, 0x1, False),
}
"""Offset, what Linux writes, whether it is ignored."""


def test_registers_of_the_rcc(secure: LinuxMachine) -> None:
    """Linux reads all of them; its writes to those of the secure world are ignored, without an error."""
    for name, (register, value, ignored) in REGISTERS.items():
        before = peek(secure, RCC + register)
        if ignored:
            secure.expect_bad(rf"stm32mp1-rcc: non-secure write of 0x\w+ to \w+ \(0x{register:03x}\) ignored", "host")
        poke(secure, RCC + register, value)
        after = peek(secure, RCC + register)
        assert after == (before if ignored else before | value), name
