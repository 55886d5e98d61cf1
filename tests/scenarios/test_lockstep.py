# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Two cores of a remote's cluster run as one: what a remote does alone, this one does, too."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from test_lifecycle import (  # noqa: F401
    test_images_in_turn,
    test_start_twice_stop_once_leaves_it_running,
)
from test_restart_of_linux import kexec, options_for_kexec

from ampstand.board import Board
from ampstand.build import device_tree
from ampstand.build.artifacts import Artifacts
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-tty", "lockstep"), pytest.mark.variant("lockstep")]


def test_there_is_one_remote(remote: Remote) -> None:
    """Linux has one for the two cores, and that one runs, talks and stops."""
    assert remote.host.run_check("ls -1 /sys/class/remoteproc") == [remote.core.instance]
    remote.start("echo-bare", services=["rpmsg-tty", "rpmsg-tty"])
    assert remote.echo_tty(options="-n 200")["messages"] == 200
    remote.stop()


TREE = "/tmp/next.dtb"


@pytest.mark.needs("kexec", "two-remotes")
def test_the_mode_is_another_in_each_life_of_linux(
    boot: Callable[..., LinuxMachine],
    artifacts: Artifacts,
    board: Board,
) -> None:
    """Two remotes, then one of the two cores, then two again; no core is reset but by who starts the remotes."""
    machine = boot(variant="", **options_for_kexec(artifacts, board))
    host, folder = machine.host, machine.records.folder
    split = [Remote(machine, core) for core in board.remotes[:2]]
    tree = base64.b64decode(host.text("base64 /sys/firmware/fdt"))
    (folder / "split.dtb").write_bytes(tree)
    device_tree.merge(folder / "split.dtb", board.variants["lockstep"].overlays, folder / "lockstep.dtb")
    live(split)
    host.put(TREE, (folder / "lockstep.dtb").read_bytes())
    kexec(machine, f"-d {TREE}")
    live(split[:1])
    host.put(TREE, tree)
    kexec(machine, f"-d {TREE}")
    live(split)


def live(remotes: list[Remote]) -> None:
    """Start, hear and stop these remotes, which are all that Linux has."""
    assert len(remotes[0].host.run_check("ls -1 /sys/class/remoteproc")) == len(remotes)
    for remote in remotes:
        remote.start("echo-bare", services=["rpmsg-tty", "rpmsg-tty"])
    for remote in remotes:
        assert remote.tool(f"rpmsg-echo -d {remote.own_tty()} -n 50")["messages"] == 50
    for remote in remotes:
        remote.stop()
