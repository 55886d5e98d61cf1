# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is recorded as executed was executed, on each core and by each image, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.build.cache import file_hash
from ampstand.formats.elf import Image
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.qemu.coverage import FILE, Executed, Live, spans

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-tty"), pytest.mark.thorough]

LINUX = ("rproc_boot", "rproc_shutdown", "rproc_detach")
IMAGES = ("echo-bare", "hello-bare", "flood-bare")
REMOTE = ("reset_handler", "app_main", "rpmsg_create", "echo", "command", "soc_ack")


@pytest.fixture
def live(board: Board, artifacts: Artifacts) -> Live:
    """Return what takes what is executed, whether the run records it or not."""
    return Live(spans(board), board.remotes, artifacts.firmware.values())


@pytest.fixture
def executed(live: Live, board: Board, artifacts: Artifacts, tmp_path: Path) -> Callable[..., dict[str, set[str]]]:
    """Return a function that returns by image which functions a remote has executed, with nothing unknown."""
    names = {file_hash(artifacts.firmware[name]): name for name in IMAGES}

    def look(number: int = 0) -> dict[str, set[str]]:
        live.save(tmp_path / FILE)
        found = Executed.load(tmp_path / FILE)
        assert (found.unknown, found.lost) == ([], 0)
        functions: dict[str, set[str]] = {}
        for ran in (one for one in found.images if one.core == board.remotes[number].core):
            image = Image.read(ran.path.read_bytes())
            at = {name: symbol[0] & ~1 for name in REMOTE if (symbol := image.symbol(name)) is not None}
            functions[names[ran.sha256]] = {name for name, start in at.items() if ran.any(start, start + 2)}
        return functions

    return look


def test_what_linux_executed(boot: Callable[..., LinuxMachine], board: Board, live: Live, tmp_path: Path) -> None:
    """Linux says itself where its functions are."""
    remote = Remote(boot(coverage=live))
    rows = [line.split() for line in remote.host.run_check("grep ' T rproc_' /proc/kallsyms")]
    at = {name: int(address, 16) & ~1 for address, _, name in rows if name in LINUX}

    def linux() -> set[str]:
        live.save(tmp_path / FILE)
        found = Executed.load(tmp_path / FILE)
        return {name for name, start in at.items() if found.any(board.shell.core, start, start + 2)}

    live.clear()
    assert linux() == set()
    remote.start("echo-bare", services=["rpmsg-tty"])
    assert linux() == {"rproc_boot"}
    live.clear()
    remote.stop()
    assert linux() == {"rproc_shutdown"}


@pytest.mark.needs("rpmsg-sample")
def test_what_a_module_executed(boot: Callable[..., LinuxMachine], board: Board, live: Live, tmp_path: Path) -> None:
    """Its functions are where Linux says, and in the sections that the record names."""
    remote = Remote(boot(coverage=live))
    remote.start("echo-bare")
    remote.sample()
    rows = [line.split() for line in remote.host.run_check("grep 'rpmsg_sample_.*\\[' /proc/kallsyms")]
    at = {name: int(address, 16) & ~1 for address, _, name, _ in rows}
    live.save(tmp_path / FILE, remote.machine.modules())
    found = Executed.load(tmp_path / FILE)
    ran = {name for name, start in at.items() if found.any(board.shell.core, start, start + 2)}
    assert {"rpmsg_sample_probe", "rpmsg_sample_cb"} <= ran
    assert "rpmsg_sample_remove" in at.keys() - ran
    assert min(at[name] for name in ran) >= min(found.modules["rpmsg_client_sample"].values())


def test_what_each_image_executed(
    boot: Callable[..., LinuxMachine], live: Live, executed: Callable[..., dict[str, set[str]]]
) -> None:
    """Nobody tells the harness of the second image, which Linux's shell starts in place of the first."""
    remote = Remote(boot(coverage=live))
    assert executed() == {}
    remote.start("echo-bare", services=["rpmsg-tty"])
    started = {"reset_handler", "app_main"}
    assert executed() == {"echo-bare": started | {"rpmsg_create"}}
    remote.echo_tty(options="-n 1")
    stopped = {"soc_ack"} if remote.says("announced-stop") else set()
    echo = started | stopped | {"rpmsg_create", "echo"}
    files = f"cd {remote.sysfs}; echo stop >state; echo hello-bare.elf >firmware; echo start >state"
    remote.host.run_check(files)
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "^hello from the remote$", remote.timeout)
    assert executed() == {"echo-bare": echo, "hello-bare": started}
    remote.stop()
    remote.start("flood-bare", services=["rpmsg-flood"])
    images = {"echo-bare": echo, "hello-bare": started | stopped, "flood-bare": started | {"rpmsg_create"}}
    assert executed() == images, "flood-bare has got no message yet"
    remote.tool("rpmsg-flood -n 10")
    remote.stop()
    images["flood-bare"] = started | stopped | {"rpmsg_create", "command"}
    assert executed() == images


@pytest.mark.needs("two-remotes")
def test_what_each_remote_executed(
    boot: Callable[..., LinuxMachine], live: Live, executed: Callable[..., dict[str, set[str]]]
) -> None:
    """Both run one image at the same addresses of their own, and then one of them another."""
    machine = boot(coverage=live)
    one, two = (Remote(machine, core) for core in machine.board.remotes[:2])
    begun = {"reset_handler", "app_main", "rpmsg_create"}
    one.start("echo-bare", services=["rpmsg-tty"])
    assert [executed(number) for number in (0, 1)] == [{"echo-bare": begun}, {}]
    two.start("echo-bare", services=["rpmsg-tty"])
    one.echo_tty(options="-n 1")
    assert [executed(number) for number in (0, 1)] == [{"echo-bare": begun | {"echo"}}, {"echo-bare": begun}]
    two.stop()
    live.clear()
    two.start("hello-bare")
    two.host.wait_for(f"cat {two.debugfs}/trace0", "^hello from the remote$", two.timeout)
    assert executed(1) == {"hello-bare": {"reset_handler", "app_main"}}
