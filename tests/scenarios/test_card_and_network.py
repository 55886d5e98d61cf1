# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The board's SD card and its network, with the drivers of Linux, also while the remote answers."""

from __future__ import annotations

import hashlib
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = pytest.mark.thorough

CARD = "/dev/mmcblk0"
MIB = 1024 * 1024
CARD_MIB = 8
GATEWAY = "10.0.2.2"
ADDRESS = "10.0.2.15"
"""Of QEMU's user network: its host, and what it gives the first guest."""
TRANSFER = 512 * 1024
ANSWER_SECONDS = 60.0


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def sha256(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


def network_up(machine: LinuxMachine) -> None:
    machine.host.run_check(f"ifconfig eth0 {ADDRESS} up")
    machine.host.wait_for("cat /sys/class/net/eth0/carrier", "^1$")


@pytest.mark.needs("sd-card")
def test_a_card_is_read_and_written(boot: Callable[..., LinuxMachine], tmp_path: Path) -> None:
    """All of it is read in large pieces; then pieces of many sizes are written to it, and read by somebody else."""
    image = tmp_path / "card.img"
    data = bytearray(noise(CARD_MIB * MIB, 1))
    image.write_bytes(data)
    machine = boot(extra_args=["-drive", f"if=sd,format=raw,file={image}"])
    host = machine.host
    host.run_check(f"until [ -b {CARD} ]; do sleep 0.05; done", reason="Linux to find the card")
    assert int(host.text("cat /sys/block/mmcblk0/size")) * 512 == len(data)
    assert host.text(f"sha256sum <{CARD}").split()[0] == sha256(data)
    for size, count, place in ((512, 1, 3), (4096, 64, 100), (MIB, 2, 4)):
        host.run_check(f"dd if=/dev/urandom of=/tmp/piece bs={size} count={count}")
        host.run_check(f"dd if=/tmp/piece of={CARD} bs={size} seek={place} conv=fsync")
        digest = host.text("sha256sum </tmp/piece").split()[0]
        piece = image.read_bytes()[place * size : place * size + size * count]
        assert sha256(piece) == digest
        data[place * size : place * size + size * count] = piece
    assert image.read_bytes() == bytes(data), "something else was written as well"
    host.run_check("echo 3 >/proc/sys/vm/drop_caches")
    assert host.text(f"sha256sum <{CARD}").split()[0] == sha256(data)


@pytest.mark.needs("ethernet")
def test_a_host_in_the_network_answers(boot: Callable[..., LinuxMachine]) -> None:
    machine = boot(extra_args=["-nic", "user"])
    network_up(machine)
    said = machine.host.text(f"ping -c 5 -i 0.2 -s 1400 {GATEWAY}", ANSWER_SECONDS)
    assert "5 packets transmitted, 5 packets received, 0% packet loss" in said
    assert machine.host.text("cat /sys/class/net/eth0/speed /sys/class/net/eth0/duplex").split() == ["1000", "full"]


@pytest.mark.needs("ethernet")
def test_a_connection_carries_all_bytes_both_ways(boot: Callable[..., LinuxMachine]) -> None:
    """Checksums are the device's: a packet with a wrong one does not get there."""
    machine = boot(extra_args=["-nic", "user"])
    network_up(machine)
    data = noise(TRANSFER, 2)
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(ANSWER_SECONDS)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(ANSWER_SECONDS)
                connection.sendall(data)
                while len(got) < TRANSFER and (part := connection.recv(65536)):
                    got.extend(part)

        thread = threading.Thread(target=serve)
        thread.start()
        machine.host.run_check(f"dd if=/dev/urandom of=/tmp/sent bs=1024 count={TRANSFER // 1024}")
        port = server.getsockname()[1]
        machine.host.run_check(
            f"( cat /tmp/sent; sleep 1 ) | nc {GATEWAY} {port} | head -c {TRANSFER} >/tmp/came", ANSWER_SECONDS
        )
        thread.join(ANSWER_SECONDS)
    assert machine.host.text("sha256sum </tmp/came").split()[0] == sha256(data)
    assert machine.host.text("sha256sum </tmp/sent").split()[0] == sha256(bytes(got))
    assert machine.host.text("cat /sys/class/net/eth0/statistics/rx_errors") == "0"


@pytest.mark.needs("sd-card", "ethernet", "remoteproc", "rpmsg-tty")
def test_card_and_network_are_busy_while_messages_pass(boot: Callable[..., LinuxMachine], tmp_path: Path) -> None:
    image = tmp_path / "card.img"
    data = noise(CARD_MIB * MIB, 3)
    image.write_bytes(data)
    machine = boot(extra_args=["-drive", f"if=sd,format=raw,file={image}", "-nic", "user"])
    network_up(machine)
    remote = Remote(machine)
    remote.start("echo-bare", services=["rpmsg-tty"])
    machine.host.run_check(f"until [ -b {CARD} ]; do sleep 0.05; done", reason="Linux to find the card")
    reader = machine.host.start("card", f"sha256sum <{CARD}")
    pings = machine.host.start("pings", f"ping -c 20 -i 0.1 {GATEWAY}")
    remote.echo_tty(options="-n 100")
    assert machine.host.finish(reader, ANSWER_SECONDS).output.split()[0] == sha256(data)
    assert ", 0% packet loss" in machine.host.finish(pings, ANSWER_SECONDS).output
    remote.stop()
