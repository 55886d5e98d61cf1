# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux comes up on both cores, its console carries everything, and it reboots and powers off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.build.artifacts import Artifacts
from ampstand.linux import known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Shell
from ampstand.report.known import Meetings

IMAGE = "boot/image"


@pytest.mark.needs("smp")
def test_boot_to_shell_with_all_host_cores(machine: LinuxMachine, host: Shell) -> None:
    assert host.text("cat /sys/devices/system/cpu/online") == f"0-{machine.board.host_cpus - 1}"
    assert host.text("grep -c ^processor /proc/cpuinfo") == str(machine.board.host_cpus)
    assert host.text("uname -r") == machine.artifacts.kernel_release


@pytest.mark.needs("hotplug")
def test_cores_go_and_come_back(machine: LinuxMachine, host: Shell) -> None:
    """All but the first are switched off and on again, each by itself; in the end work is done on each."""
    others = range(1, machine.board.host_cpus)
    for core in [*others, *others]:
        online = f"/sys/devices/system/cpu/cpu{core}/online"
        host.run_check(f"echo 0 >{online}", reason=f"core {core} to go")
        assert host.text("grep -c ^processor /proc/cpuinfo") == str(machine.board.host_cpus - 1)
        host.run_check(f"echo 1 >{online}", reason=f"core {core} to come back")
    for core in (0, *others):
        assert host.text(f"taskset {1 << core:x} awk '{{ print $39; exit }}' /proc/self/stat") == str(core)


def test_console_loses_nothing_in_either_direction(host: Shell) -> None:
    assert host.run_check("seq 1 5000") == [str(number) for number in range(1, 5001)]
    long = "".join(chr(ord("a") + number % 26) for number in range(3000))
    assert host.text(f"echo {long}") == long


def test_shell_tells_kernel_messages_from_output(host: Shell) -> None:
    lines = host.run_check('for i in $(seq 1 100); do echo line $i; echo "<6>message $i" >/dev/kmsg; done')
    assert lines == [f"line {number}" for number in range(1, 101)]
    assert host.run("printf 'no line end'; (exit 7)") == (["no line end"], [], 7)


@pytest.mark.thorough
def test_a_panic_before_the_console_is_there_is_the_reason(boot: Callable[..., LinuxMachine]) -> None:
    """With 10 MiB of memory Linux dies early; on some boards before it has a driver for its console."""
    machine = boot(up=False, kernel_arguments="mem=10M", tolerated={".*": "Linux is to die"})
    machine.start()
    machine.host.console.expect_line("Kernel panic - not syncing", what="what Linux dies of")


@pytest.mark.thorough
@pytest.mark.needs("reboot")
def test_reboot_brings_all_cores_back(fresh_machine: LinuxMachine) -> None:
    for _ in range(2):
        events = fresh_machine.event_mark()
        fresh_machine.host.reboot()
        assert fresh_machine.happened("RESET", since=events)
        online = fresh_machine.host.text("cat /sys/devices/system/cpu/online")
        assert online == f"0-{fresh_machine.board.host_cpus - 1}"


@pytest.mark.thorough
@pytest.mark.needs("reboot", "remoteproc")
def test_reboot_with_the_remote_running(fresh_machine: LinuxMachine) -> None:
    remote = Remote(fresh_machine)
    for _ in range(3):
        remote.start("echo-bare", services=["rpmsg-tty"])
        remote.echo_tty(options="-n 20")
        fresh_machine.host.reboot()
        assert remote.state() == "offline"
    remote.start("echo-bare", services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")
    remote.stop()


@pytest.mark.thorough
@pytest.mark.needs("kexec")
def test_kexec_starts_the_same_linux_again(boot: Callable[..., LinuxMachine], artifacts: Artifacts) -> None:
    """With the device tree, the arguments and the initramfs that the one before it had, and without a reset."""
    machine = boot(files={IMAGE: artifacts.kernel.read_bytes()}, kernel_arguments="retain_initrd")
    known_bugs.accept(machine, known_bugs.bug("kexec-initramfs-above-cma"))
    events, arguments = machine.event_mark(), machine.host.text("cat /proc/cmdline")
    for _ in range(2):
        machine.next_linux(machine.end_linux(f"kexec-linux /{IMAGE} 2>&3"))
        assert machine.host.text("cat /proc/cmdline") == arguments
        assert machine.host.text("cat /sys/devices/system/cpu/online") == f"0-{machine.board.host_cpus - 1}"
    assert not machine.happened("RESET", since=events)


@pytest.mark.thorough
@pytest.mark.needs("migration")
def test_linux_goes_on_from_its_saved_state(boot: Callable[..., LinuxMachine], tmp_path: Path) -> None:
    first, state = boot(), tmp_path / "state"
    job = first.host.start("count", "for i in $(seq 1 200); do echo $i; sleep 0.01; done")
    first.save(state)
    first.stop()
    second = boot(up=False, incoming=state).resume()
    assert second.host.finish(job, second.board.timeouts.command).stdout == [str(number) for number in range(1, 201)]


@pytest.mark.needs("reboot")
def test_poweroff_ends_the_machine(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    machine = boot()
    known_bug("poweroff-sleeps").announce(machine)
    mark = machine.event_mark()
    machine.host.console.sendline("poweroff")
    event = machine.wait_event("SHUTDOWN", since=mark, timeout=machine.board.timeouts.boot)
    assert event["data"] == {"guest": True, "reason": "guest-shutdown"}
    assert machine.wait_end(machine.board.timeouts.boot) == 0
