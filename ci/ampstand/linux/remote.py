# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote, driven from Linux through remoteproc as a user would, and what can be read of it without Linux's help."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ampstand.board import REMOTEPROC, RemoteCore
from ampstand.errors import TestsFailed, UsageError
from ampstand.formats.elf import Image, NotElfError
from ampstand.formats.resource_table import Located, Table, Vdev, locate
from ampstand.formats.vring import Vring
from ampstand.linux import known_bugs
from ampstand.linux.known_bugs import Kernel
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.shell import Background, Shell
from ampstand.qemu.console import Console
from ampstand.qemu.recording import Expectation

BAD_TABLE = (
    "resource table truncated|header-less resource table|unsupported fw ver|non zero reserved bytes"
    "|resource table incomplete"
)
SAMPLE_MODULE = "/lib/modules/rpmsg_client_sample.ko"
SAMPLE_DRIVER = "rpmsg_client_sample"
SAMPLE_MESSAGES = 100
PAYLOAD_MAX = 496

_TTYS = "/sys/bus/rpmsg/devices/*.rpmsg-tty.*/tty/ttyRPMSG*"
_KERNEL = re.compile(r"^\[ *\d+\.\d+\] ")
"""So begins what Linux says on its console."""
WORDS = 4
"""Of its last lines so many are told with an order that it refused."""
COUNT_BANNER = "ampstand count on "
_COUNT = re.compile(r"^count (\d+)$")
CRASH_SERVICE = "rpmsg-crash"
# Commands of the crash application and its flag: firmware/include/ampstand/crash.h.
CRASH_KINDS = {
    "none": 0,
    "hardfault": 1,
    "lockup": 2,
    "loop": 3,
    "watchdog": 4,
    "assert": 5,
    "reset": 6,
    "restart": 7,
}
_CRASH_F_WATCHDOG = 1
_CRASH_F_ALONE = 2
# What debugfs "crash" takes: enum rproc_crash_type, and what Linux calls it.
REPORTED_CRASHES = {"mmufault": 0, "watchdog": 1, "fatal error": 2}


def crash_message(kind: str, *, watchdog: bool = False, alone: bool = False) -> str:
    """Return the message, in hexadecimal digits, that makes the crash application crash in this way."""
    flags = (_CRASH_F_WATCHDOG if watchdog else 0) | (_CRASH_F_ALONE if alone else 0)
    return struct.pack("<2I", CRASH_KINDS[kind], flags).hex()


def _located(path: Path) -> Located:
    try:
        found = locate(Image.read(path.read_bytes()))
    except (OSError, NotElfError) as error:
        raise UsageError(f"cannot read firmware {path}: {error}") from error
    if found is None or found.table.problem:
        raise UsageError(f"firmware {path.name} has no resource table")
    return found


class Remote:
    """A remote as Linux sees it: start, stop, state, firmware, trace; and its own console."""

    def __init__(self, machine: LinuxMachine, core: RemoteCore | None = None) -> None:
        """Drive one remote of a machine; the board's first unless told which."""
        core = core or machine.board.remote
        if core is None:
            raise UsageError(f"{machine.board.name} has no remote")
        self.suffix = ".elf"
        """Of an image's file, for remoteproc."""
        if machine.secure == REMOTEPROC:  # our module has it
            core, self.suffix = replace(core, driver="rproc_tee"), ".signed"
        self.core = core
        self.machine = machine
        self._use_instance(core.instance)
        self._started_at = self._said_at = 0
        self._acks = True
        self._host_core = machine.board.shell.core

    @property
    def host(self) -> Shell:
        """The shell of the host."""
        return self.machine.host

    @property
    def console(self) -> Console:
        """The remote's own serial console."""
        return self.machine.console("remote-console", self.core.core)

    @property
    def timeout(self) -> float:
        """Seconds that the remote may take for anything."""
        return self.machine.board.timeouts.remote

    def state(self) -> str:
        """Return what remoteproc says: offline, running, crashed, attached, detached."""
        return self._ask(f"cat {self.sysfs}/state", "remoteproc's state")

    def firmware(self, name: str) -> None:
        """Choose the image of the next start, by its name without the suffix."""
        self._ask(f"echo {name}{self.suffix} >{self.sysfs}/firmware", f"firmware {name} to be chosen")

    def start(
        self,
        firmware: str | Path | None = None,
        *,
        services: Sequence[str] = (),
        acks: bool = True,
        table: bool = True,
    ) -> None:
        """Start the remote, with another image if one is named, and wait until it has announced the services.

        A ``Path`` is a file of the workstation, of any origin, and is put onto the board. ``acks=False``: it does not
        acknowledge a shutdown. ``table=False``: it has no resource table that Linux takes. Linux must then say so.
        """
        if isinstance(firmware, Path):
            firmware = self.put(firmware)
        if firmware is not None:
            self.firmware(firmware)
        self._acks = acks
        if not table:
            self.expect("no-table")
            self.machine.tolerate_bad(BAD_TABLE, "why Linux does not take it for a table", self._host_core)
        self.watch()
        self._order("start", "running")
        self.wait_services(services)

    def put(self, image: Path) -> str:
        """Put a firmware file onto the board, unless it is there; return its name without ``.elf``."""
        if self.machine.coverage is not None:
            self.machine.coverage.may_run(image)
        self.host.put(f"/lib/firmware/{image.stem}.elf", image.read_bytes())
        return image.stem

    def stop(self) -> None:
        """Stop the remote."""
        if not self._acks:
            self.expect("stop-without-ack")
        self._order("stop", "offline")

    def attach(self, *, services: Sequence[str] = ()) -> None:
        """Attach to a remote that runs already, and wait until it has announced the services."""
        self._acks = True
        self.watch()
        self._order("start", "attached")
        self.wait_services(services)

    def detach(self) -> None:
        """Let go of a remote that was attached to; it goes on."""
        self._order("detach", "detached")

    def start_and_stop(self, rounds: int) -> None:
        """Start and stop the chosen image so often, with no time between: the remote may be late for either."""
        self.tolerate("stop-without-ack", "Linux waits for it; a loaded workstation takes longer")
        self.tolerate("late-messages", "they come while a stop is under way")
        self.host.run_check(
            f"cd {self.sysfs}; for i in $(seq {rounds}); do echo start >state && echo stop >state || exit 1; done",
            120,
            reason=f"{rounds} starts and stops",
        )

    def rebind(self) -> None:
        """Unbind and bind the platform driver, and follow the remote to the instance number that it then has."""
        (device,) = self.host.run_check(f"readlink -f {self.sysfs}/device")
        self.host.run_check(
            f"device=$(readlink -f {self.driven}) && driver=$(readlink -f $device/driver) && "
            "echo ${device##*/} >$driver/unbind && echo ${device##*/} >$driver/bind",
            reason="the driver to be bound anew",
        )
        own = f'[ "$(readlink -f $i/device)" != "{device}" ] || echo ${{i##*/}}'
        (instance,) = self.host.run_check(f"for i in /sys/class/remoteproc/*; do {own}; done")
        self._use_instance(instance)

    @property
    def driven(self) -> str:
        """Path in sysfs of the device that has the remote's driver."""
        return f"{self.sysfs}/{self.says('driven-device')}"

    def found_running(self) -> None:
        """Let go of a remote that ran before Linux, where the driver has attached to it by itself."""
        if self.says("attaches-by-itself") == "yes" and self.state() == "attached":
            self.detach()

    def stop_if_running(self) -> None:
        """Bring the remote back to offline from whatever it is in."""
        state = self.state()
        if state == "detached":
            self.attach()  # Linux stops only what it is attached to
        if state not in ("offline", "suspended"):
            self.stop()

    def watch(self) -> None:
        """Let ``wait_service()`` and its like count from now on: the remote is about to be started by other means."""
        self.tolerate("late-messages", "they come while a stop is under way")
        self._started_at = self.host.console.mark()
        if self.machine.board.serial("remote-console", self.core.core) is not None:
            self._said_at = self.console.mark()

    def wait_console(self, text: str) -> None:
        """Wait until the remote has said this on its own console since the last start."""
        self.console.expect_line(re.escape(text), since=self._said_at, timeout=self.timeout)

    def wait_services(self, names: Sequence[str]) -> None:
        """Wait until the remote has announced each of these services as often as it is named since the last start."""
        for name in dict.fromkeys(names):
            self.wait_service(name, list(names).count(name))

    def wait_service(self, name: str, count: int = 1) -> None:
        """Wait until the remote has announced a service ``count`` times since the last start."""
        self.host.console.expect_line(
            rf"creating channel {re.escape(name)} addr",
            since=self._started_at,
            count=count,
            timeout=self.timeout,
            what=f"the announcement of {name} x {count}",
        )

    def resource_table(self, image: str | Path) -> bytes:
        """Read the resource table of the image that runs from its memory: with what Linux has written into it.

        The image is one of the board's, by name, or any ELF file.
        """
        found = _located(image if isinstance(image, Path) else self.machine.artifacts.firmware[image])
        return self.machine.read_memory(self.core.host_address(found.address), len(found.data))

    def vring(self, image: str | Path, number: int) -> Vring:
        """Read where the running image was told that its vring is, by the host's address: 0 to the host, 1 back."""
        for vdev in Table.parse(self.resource_table(image)).all(Vdev):
            ring = vdev.vrings[number]
            return Vring(self.core.host_address(ring.da), ring.num, ring.align)
        raise UsageError(f"firmware {image} has no vdev")

    def signal_due(self, image: str) -> bool:
        """Whether the running image has passed the index of which Linux wants to be told, and Linux has not moved it.

        So it is while Linux has yet to take a signal; if nothing else goes on, it has missed one.
        """
        ring = self.vring(image, 0)
        used, event = (self.machine.read_number(at, 2) for at in (ring.used_idx, ring.used_event))
        return (used - event) % 0x10000 == 1

    def buffer(self, ring: Vring, number: int) -> int:
        """Read the address of a descriptor's buffer, once the host has written the descriptor."""
        return self.machine.read_number(ring.descriptor(number), 8)

    def core_state(self) -> str:
        """Return what the core really does, as QEMU says: held, running, lockup."""
        return str(self.machine.qmp("qom-get", path=self.core.control, property="state"))

    def wait_state(self, state: str) -> None:
        """Wait until remoteproc says so."""
        self.host.wait_for(f"cat {self.sysfs}/state", f"^{state}$", self.timeout)

    def interrupts(self) -> dict[str, int]:
        """Return how many interrupts Linux has taken from the remote, by what the board's file says they are for."""
        lines = self.host.run_check("cat /proc/interrupts")
        counts: dict[str, int] = {}
        found = {
            pattern: [line for line in lines if re.search(pattern, line)] for pattern in self.core.interrupts.values()
        }
        for name, pattern in self.core.interrupts.items():
            assert found[pattern], f"no line of /proc/interrupts is like {pattern!r}, for {name}: {lines}"
            fields = found[pattern].pop(0).split()
            counts[name] = sum(map(int, fields[1 : 1 + self.machine.board.host_cpus]))
        return counts

    # -- the count application ------------------------------------------------------------------------------------

    def wait_counting(self) -> None:
        """Wait until the count application has counted on, twice as seen from now."""
        mark = self.console.mark()
        self.console.expect_line(
            _COUNT.pattern, since=mark, count=2, timeout=self.timeout, what="the remote to count on"
        )

    def check_counted_on(self, lives: int = 1) -> None:
        """Check that the count application began so many times, each time at 1, and counted without a gap."""
        counts: list[list[int]] = []
        for line in self.console.lines:
            if COUNT_BANNER in line:  # what a reset cut short may stand before it
                counts.append([])
            elif match := _COUNT.search(line):
                counts[-1].append(int(match[1]))
        assert [life == list(range(1, len(life) + 1)) for life in counts] == [True] * lives, counts

    def attach_and_talk(self) -> None:
        """Attach to the detached count application, exchange messages, see that it counts on."""
        self.found_running()
        assert self.state() == "detached"
        self.attach(services=["rpmsg-raw"])
        assert self.echo_char(options="-n 100")["messages"] == 100
        self.wait_counting()

    # -- crashes --------------------------------------------------------------------------------------------------

    def crash(self, kind: str, *, watchdog: bool = False, alone: bool = False) -> None:
        """Let the crash application crash in this way (``CRASH_KINDS``), with its watchdog started first or not.

        ``alone``: not now, but once Linux has let go of it.
        """
        if kind == "lockup":
            self.machine.expect_bad("locked up: ", self.core.core)
        self.watch()
        self.tool(f"rpmsg-echo -c {CRASH_SERVICE} -x {crash_message(kind, watchdog=watchdog, alone=alone)}")

    def report_crash(self, kind: str) -> None:
        """Let Linux believe in a crash (``REPORTED_CRASHES``) through debugfs: the remote itself goes on."""
        self.watch()
        self.host.run_check(f"echo {REPORTED_CRASHES[kind]} >{self.debugfs}/crash")

    def wait_recovered(self, services: Sequence[str] = (), *, ends: str = "up") -> None:
        """Wait until Linux has started the crashed remote again (or ``attached`` to it), and services are announced."""
        self.host.console.expect_line(
            rf"remote processor \S+ is now {ends}", since=self._started_at, timeout=self.timeout, what="the recovery"
        )
        self.wait_services(services)

    def expect_crash(self, kind: str, *, recovers: bool = True) -> None:
        """Announce what Linux says of a crash that it gets to know: its type, and the recovery if there is one."""
        for pattern in (rf"crash detected in \S+ type {kind}", r"handling crash #\d+ in"):
            self.machine.expect_bad(pattern, "host")
        if recovers:
            self.machine.expect_bad(r"remoteproc\d+: recovering", "host")

    def expect(self, behaviour: str) -> None:
        """Announce what Linux's driver says in such a case, by its id in ``configs/kernel-behaviours.toml``."""
        if pattern := self.says(behaviour):
            self.machine.expect_bad(pattern, self._host_core)

    def tolerate(self, behaviour: str, reason: str) -> Expectation | None:
        """Accept what Linux's driver may say in such a case, by chance; None if it says nothing."""
        pattern = self.says(behaviour)
        return self.machine.tolerate_bad(pattern, reason, self._host_core) if pattern else None

    def says(self, behaviour: str) -> str:
        """Return the pattern of what Linux's driver says in such a case; empty if it says nothing."""
        kernel = Kernel(self.machine.artifacts.kernel_release, frozenset({self.core.driver}))
        return str(known_bugs.behaviour(behaviour, kernel))

    def trace(self, number: int = 0) -> str:
        """Return the remote's trace as Linux gives it."""
        return self.host.text(f"cat {self.debugfs}/trace{number}", reason="the remote's trace")

    def _ask(self, command: str, reason: str) -> str:
        """Run a command that needs the remote's folder in sysfs; if it fails for want of that, say so instead."""
        try:
            return self.host.text(command, reason=reason)
        except TestsFailed as error:
            if not self.host.run(f"test -d {self.sysfs}").exitcode:
                raise
            raise TestsFailed(
                f"Linux drives no remote: there is no {self.sysfs}",
                hint=f"the kernel lacks the driver {self.core.driver}, or it did not bind: linux.log may say why",
            ) from error

    def _use_instance(self, instance: str) -> None:
        self.sysfs = f"/sys/class/remoteproc/{instance}"
        self.debugfs = f"/sys/kernel/debug/remoteproc/{instance}"

    def _order(self, order: str, state: str) -> None:
        console = self.host.console
        mark = console.mark()
        result = self.host.run(
            f"echo {order} >{self.sysfs}/state && cat {self.sysfs}/state",
            self.timeout + self.machine.board.timeouts.command,
            reason=f"the remote to {order}",
        )
        if result.exitcode or result.stdout[-1:] != [state]:
            said = [line for line in console.lines[mark:] if _KERNEL.match(line)]
            text = "\n".join([f"the remote did not {order}: {result.output or 'no message'}", *said[-WORDS:]])
            raise TestsFailed(text, hint=self.machine.diagnosis())

    # -- exchanges -----------------------------------------------------------------------------------------------

    def tool(self, command: str, timeout: float | None = None) -> dict[str, Any]:
        """Run rpmsg-echo or rpmsg-flood on the host; return the figures it prints. Fails if it says so."""
        return self.figures(command, self.host.run(command, timeout).output)

    def figures(self, command: str, output: str) -> dict[str, Any]:
        """Read the line of JSON that a tool printed; fails if the tool failed."""
        for line in reversed(output.splitlines()):
            if line.startswith("{"):
                data: dict[str, Any] = json.loads(line)
                if data.get("ok"):
                    return data
                raise TestsFailed(f"`{command}`: {data.get('error')}", hint=self.machine.diagnosis())
        raise TestsFailed(f"`{command}` printed no result: {output}", hint=self.machine.diagnosis())

    def tty(self, port: int = 0) -> str:
        """Return the device of the remote's tty channel number ``port``, counted from 0; waits until it is there.

        Linux gives a new tty the lowest free number, and a closed one frees its number some time after the close: a
        remote that was stopped and started at once may come back as ``/dev/ttyRPMSG2``.
        """
        return self._tty(_TTYS, port)

    def own_tty(self, port: int = 0) -> str:
        """Return the same where other remotes have tty channels, too."""
        return self._tty(f"{self.sysfs}/rproc-virtio.*/virtio*/*.rpmsg-tty.*/tty/ttyRPMSG*", port)

    def _tty(self, pattern: str, port: int) -> str:
        lines = self.host.run_check(
            f'until set -- {pattern} && [ -e "${{{port + 1}:-}}" ]; do sleep 0.01; done; ls -d "$@"',
            self.timeout,
            reason=f"the device of tty channel {port}",
        )
        return f"/dev/{Path(sorted(lines, key=_address)[port]).name}"

    def echo_tty(self, *, port: int = 0, options: str = "-n 100") -> dict[str, Any]:
        """Echo messages over a tty channel; return count, bytes, seconds, latencies."""
        return self.tool(f"rpmsg-echo -d {self.tty(port)} {options}", timeout=self._long(options))

    def echo_char(self, *, options: str = "-n 100") -> dict[str, Any]:
        """Echo messages over an rpmsg_char endpoint of its own; return count, bytes, seconds, latencies."""
        return self.tool(f"rpmsg-echo -c rpmsg-raw {options}", timeout=self._long(options))

    def tolerate_poll_race(self) -> None:
        """Accept Linux's warning about a program that is in poll() while its endpoint goes."""
        known_bugs.accept(self.machine, known_bugs.bug("poll-race"))

    def traffic(self, endpoints: int, options: str = "-c rpmsg-raw") -> Background:
        """Let so many programs (rpmsg-echo) exchange messages, each over its own endpoint, until they get an error."""
        reason = "an answer to an endpoint that has gone"
        self.machine.tolerate_bad("msg received with no recipient", reason, self._host_core)
        opened = "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c -- '-> /dev/rpmsg[0-9]'"
        job = self.host.start(
            "traffic",
            f"for i in $(seq {endpoints}); do (rpmsg-echo {options} -n 10000000; echo ended $?) & done; wait",
        )
        self.host.wait_for(opened, f"^{endpoints}$", self.timeout)
        return job

    def traffic_endings(self, job: Background) -> list[int]:
        """Wait until all programs of ``traffic()`` have ended; return their exit codes."""
        result = self.host.finish(job, self.timeout)
        return [int(code) for code in re.findall(r"^ended (\d+)$", result.output, re.MULTILINE)]

    def has_sample(self) -> bool:
        """Return whether this kernel has rpmsg_client_sample, loaded or not."""
        return self.host.run(f"test -d /sys/bus/rpmsg/drivers/{SAMPLE_DRIVER} -o -e {SAMPLE_MODULE}").exitcode == 0

    def sample(self) -> int:
        """Let the kernel's rpmsg_client_sample talk to the remote; return the number of messages echoed.

        The module stays loaded and the next call binds it anew. Unloading flushes the TLB for each page between the
        modules and vmalloc's area, 135,000 of them, while the other core waits for a lock by spinning: with all cores
        in one thread QEMU gives each page a whole turn.
        """
        console, driver = self.host.console, f"/sys/bus/rpmsg/drivers/{SAMPLE_DRIVER}"
        if self.host.run(f"test -d {driver}").exitcode:
            mark = console.mark()
            self.host.run_check(f"insmod {SAMPLE_MODULE}", reason="rpmsg_client_sample to load")
        else:
            # It began by itself when the service was announced.
            self._wait_sample(self._started_at)
            mark = console.mark()
            self.host.run_check(
                f"cd {driver} && for d in virtio*; do echo $d >unbind && echo $d >bind || exit 1; done",
                reason="rpmsg_client_sample to be bound anew",
            )
        self._wait_sample(mark)
        numbers = list(_numbers(console.lines[mark:]))
        if numbers != list(range(1, SAMPLE_MESSAGES + 1)):
            raise TestsFailed(
                f"the sample counted {numbers}, not 1 to {SAMPLE_MESSAGES}", hint=self.machine.diagnosis()
            )
        return len(numbers)

    def _wait_sample(self, mark: int) -> None:
        self.host.console.expect_line(
            rf"{SAMPLE_DRIVER} .*: goodbye!", since=mark, timeout=self.timeout, what="the sample's goodbye"
        )

    def _long(self, options: str) -> float:
        """Give a tool 20 ms a message and 200 ms a round on top of the usual time."""
        messages, rounds = (
            int(match[1]) if (match := re.search(rf"-{letter} (\d+)", options)) else 1 for letter in "nr"
        )
        return self.machine.board.timeouts.command + 0.02 * max(messages * rounds, PAYLOAD_MAX) + 0.2 * rounds


def _address(path: str) -> int:
    """Return the remote's address of a channel: ``.../PARENT.NAME.SOURCE.ADDRESS/tty/ttyRPMSGn``."""
    return int(path.split("/tty/")[0].rpartition(".")[2])


def _numbers(lines: Sequence[str]) -> Iterator[int]:
    for line in lines:
        if match := re.search(r"rpmsg_client_sample .*: incoming msg (\d+) ", line):
            yield int(match[1])
