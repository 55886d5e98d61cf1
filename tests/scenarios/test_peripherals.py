# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Blocks beside the remote do what firmware that drives their registers expects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Shell

BLOCKS = ("spi", "i2c", "can", "hash", "cryp", "lptim")
WIRES = ["-device", "ssi-loopback,bus=spi4", "-device", "stm32f7-i2c-wire,bus=i2c5,controller=/machine/soc/i2c2"]
CIPHERS = ("ecb-aes", "cbc-aes", "ctr-aes", "gcm-aes", "ccm-aes", "ecb-des", "cbc-des", "ecb-des3", "cbc-des3")
HASHES = ("md5", "sha1", "sha224", "sha256")
ALGORITHMS = [f"stm32-{name}" for name in (*CIPHERS, *HASHES, *(f"hmac-{name}" for name in HASHES))]
"""As the drivers of Linux name them."""


@pytest.mark.needs("stm32-blocks", "trace")
def test_firmware_drives_the_blocks(boot: Callable[..., LinuxMachine]) -> None:
    """One of its SPI buses has a wire from MOSI to MISO, one I2C is wired to another; its CAN is looped back inside."""
    remote = Remote(boot(extra_args=WIRES))
    remote.start("peripherals-bare")
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "all blocks tried", remote.timeout)
    lines = remote.host.run_check(f"cat {remote.debugfs}/trace0")
    found = [line for line in lines if line.split(":")[0] in BLOCKS]
    assert found == [f"{block}: right" for block in BLOCKS]


@pytest.mark.needs("stm32-blocks", "trace")
def test_firmware_notices_missing_wires(boot: Callable[..., LinuxMachine]) -> None:
    """Without the wires, MISO is low, and nobody acknowledges the address."""
    remote = Remote(boot())
    remote.start("peripherals-bare")
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "all blocks tried", remote.timeout)
    lines = remote.host.run_check(f"cat {remote.debugfs}/trace0")
    assert {"spi: found 0x0, not 0x12345678", "i2c: timeout, 0xffffffff, not 0x0"} < set(lines)


@pytest.mark.needs("stm32-blocks")
def test_kernel_self_tests_of_cryptography_pass(host: Shell) -> None:
    """Linux tries what a driver registers: ``--kernel-config configs/kernel/stm32-peripherals.config``."""
    if host.run("zcat /proc/config.gz | grep -q ^CONFIG_CRYPTO_DEV_STM32_HASH=y").exitcode:
        pytest.skip("this kernel has no drivers of HASH and CRYP")
    host.wait_for("grep -c 'selftest *: unknown' /proc/crypto", "^0$")
    listed = host.run_check("grep -E '^(driver|selftest) ' /proc/crypto")
    words = [line.split(":")[1].strip() for line in listed]
    results = {driver: result for driver, result in zip(words[::2], words[1::2], strict=True) if driver in ALGORITHMS}
    assert results == dict.fromkeys(ALGORITHMS, "passed")
