# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Random sequences of orders and calls: a model says what Linux must answer to each.

Hypothesis makes the sequences (``--ampstand-seed``), and shrinks one that fails. The rules only write a table and keep
the model; the table is run in one go at the end, and the remote is offline again then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ampstand.linux import calls
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

SEQUENCES, SEQUENCES_SOAK = 16, 600
STEPS = 60
ECHO = 5003
CHANNEL = f"/sys/bus/rpmsg/devices/*.rpmsg-raw.-1.{ECHO}/rpmsg/rpmsg[0-9]*"
SAID = (
    r"crash detected in \S+ type fatal error|handling crash #|: recovering ",
    "message is too big|idr_alloc failed: -28|failed to open e|Unrecogni[sz]ed option|Unsupported ioctl",
)
ADDRESSES = (2000, 2001, -1)
MANAGE = (
    *("order start", "order start", "order start", "order stop", "order stop", "order detach", "order x"),
    *("recovery enabled", "recovery disabled", "recovery recover", "crash", "crash", "firmware"),
)
"""What is done to the remote, by how often."""


@dataclass
class Endpoint:
    """One that a program has made."""

    name: str
    address: int
    alive: bool = True
    queue: list[tuple[int, int]] = field(default_factory=list)
    """Sizes and seeds of the messages that have come and were not read."""
    handles: list[str] = field(default_factory=list)


class Program(RuleBasedStateMachine):
    """What a program does, and what it has to get."""

    def __init__(self, run: Callable[[str], None]) -> None:
        super().__init__()
        self._run = run
        self.rows: list[str] = []
        self.state, self.users = "offline", 0
        self.recovery = True
        self.on_release = False
        self.devices: list[str] = []
        """Descriptors of /dev/remoteprocN that are open, each a file of its own."""
        self.linked = False
        self.endpoints: list[Endpoint] = []
        self.count = 0

    def do(self, call: str, wanted: object) -> None:
        """Write a row of the table."""
        self.rows.append(f"{call} => {wanted}")

    def fresh(self, letter: str) -> str:
        """Return a name that was not used before."""
        self.count += 1
        return f"{letter}{self.count}"

    def link(self) -> None:
        """Wait for the devices of a remote that has just been started."""
        self.do(f"count {CHANNEL} 1 5000", 1)
        self.do("count /dev/rpmsg_ctrl* 1 5000", 1)
        self.do("open control /dev/rpmsg_ctrl* rw", 0)
        self.do(f"open sync dev:{CHANNEL} rw", 0)
        self.linked = True

    def unlink(self) -> None:
        """Take note that the channels and endpoints have gone."""
        if self.linked:
            self.do("close control", 0)
            self.do("close sync", 0)
        self.linked = False
        for endpoint in self.endpoints:
            endpoint.alive = False

    def began(self) -> None:
        """Take note of another user of the remote."""
        self.users += 1
        if self.state == "offline":
            self.state = "running"
            self.link()

    def ended(self) -> None:
        """Take note that a user has gone, and with the last one the remote."""
        self.users -= 1
        if self.users == 0:
            self.state = "offline"
            self.unlink()

    # -- orders ------------------------------------------------------------------------------------------------------

    @initialize()
    def offline(self) -> None:
        """Begin."""
        self.do("put {s}/recovery =enabled", 7)
        for call in ("open first {device} rw", "ioctl first SET_SHUTDOWN 0", "close first"):
            self.do(call, 0)
        self.order("start", 0)

    def _order(self, word: str, through: int, answer: object) -> None:
        if through and self.devices:
            self.do(f"write {self.devices[through % len(self.devices)]} ={word}", answer)
        else:
            self.do(f"put {{s}}/state ={word}", answer)

    @rule(what=st.sampled_from(MANAGE), through=st.integers(0, 2))
    def manage(self, what: str, through: int) -> None:
        if what.startswith("order "):
            self.order(what.split()[1], through)
        elif what.startswith("recovery "):
            self.recover(what.split()[1], "{s}" if through else "{d}")
        elif what == "crash":
            self.crash()
        else:
            name = "hello-bare.elf"
            self.do(f"put {{s}}/firmware ={name}", "EBUSY" if self.state != "offline" else len(name))
            if self.state == "offline":
                self.do("put {s}/firmware =echo-bare.elf", 13)

    def order(self, order: str, through: int) -> None:
        """Give an order to remoteproc."""
        if order == "start":
            self._order(order, through, 5)
            self.began()
        elif order == "stop" and self.state != "offline":
            self._order(order, through, 4)
            self.ended()
        else:
            self._order(order, through, "EINVAL")

    def recover(self, choice: str, file: str) -> None:
        """Choose how a crash is recovered from, or have it done."""
        self.do(f"put {file}/recovery ={choice}", len(choice))
        self.recovery = {"enabled": True, "disabled": False}.get(choice, self.recovery)
        if choice != "disabled" and self.state == "crashed":
            self.unlink()
            self.state = "running"
            self.link()

    def crash(self) -> None:
        """Report a crash of a remote that runs, and wait until Linux has taken note of it.

        When it recovers from one by itself is not known, so it does so when it is told to. Nor is it known when it has
        taken note of a report that changes nothing.
        """
        if self.state == "running":
            self.recover("disabled", "{s}")
            self.do("put {d}/crash =2", 1)
            self.state = "crashed"
            self.do("wait {s}/state crashed 5000", "crashed")

    @invariant()
    def told(self) -> None:
        """Compare the state with the model's, and the way to recover."""
        self.do("get {s}/state", self.state)
        self.do("get {d}/recovery", "enabled" if self.recovery else "disabled")

    # -- /dev/remoteprocN --------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(["open", "close", "wish"]), which=st.integers(0, 2), wish=st.booleans())
    def device(self, what: str, which: int, wish: bool) -> None:
        if what == "open" or not self.devices:
            self.devices.append(self.fresh("d"))
            self.do(f"open {self.devices[-1]} {{device}} rw", 0)
            self.do(f"ioctl {self.devices[-1]} GET_SHUTDOWN", f"0 {int(self.on_release)}")
        elif what == "wish":
            self.on_release = wish
            self.do(f"ioctl {self.devices[which % len(self.devices)]} SET_SHUTDOWN {int(wish)}", 0)
        else:
            self.do(f"close {self.devices.pop(which % len(self.devices))}", 0)
            if self.on_release and self.state == "running":
                self.ended()

    # -- /dev/rpmsg_ctrlN and /dev/rpmsgN ----------------------------------------------------------------------------

    @rule(address=st.sampled_from(ADDRESSES))
    @precondition(lambda self: self.linked and len(self.endpoints) < 5)
    def create(self, address: int) -> None:
        endpoint = Endpoint(self.fresh("e"), address)
        self.endpoints.append(endpoint)
        self.do(f"ioctl control CREATE_EPT {endpoint.name} {address} {ECHO}", 0)
        self.do(f"get sys:{endpoint.name}/src", address)
        self.open_endpoint(-1)

    @rule(which=st.integers(0, 4))
    @precondition(lambda self: any(one.alive for one in self.endpoints))
    def open_endpoint(self, which: int) -> None:
        living = [one for one in self.endpoints if one.alive]
        endpoint = living[which % len(living)]
        taken = endpoint.address != -1 and any(
            other.alive and other.handles and other.address == endpoint.address for other in self.endpoints
        )
        handle = self.fresh("h")
        answer: object = "EBUSY" if endpoint.handles else "EINVAL" if taken else 0
        self.do(f"open {handle} ept:{endpoint.name} rwn", answer)
        if answer == 0:
            endpoint.handles.append(handle)

    def _opened(self, which: int) -> tuple[Endpoint, str]:
        handles = [(one, handle) for one in self.endpoints for handle in one.handles]
        return handles[which % len(handles)]

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: any(one.handles for one in self.endpoints))
    def close_endpoint(self, which: int) -> None:
        endpoint, handle = self._opened(which)
        self.do(f"close {handle}", 0)
        endpoint.handles.remove(handle)
        if not endpoint.handles:
            endpoint.queue.clear()

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: any(one.handles for one in self.endpoints))
    def dup_endpoint(self, which: int) -> None:
        endpoint, handle = self._opened(which)
        endpoint.handles.append(self.fresh("h"))
        self.do(f"dup {handle} {endpoint.handles[-1]}", 0)

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: any(one.handles for one in self.endpoints))
    def destroy_endpoint(self, which: int) -> None:
        endpoint, handle = self._opened(which)
        self.do(f"ioctl {handle} DESTROY_EPT", 0)
        endpoint.alive = False

    @rule(which=st.integers(0, 9), size=st.sampled_from([0, 1, 100, 495, 496, 497, 5000]), start=st.integers(1, 250))
    @precondition(lambda self: self.state != "crashed" and any(one.handles for one in self.endpoints))
    def write(self, which: int, size: int, start: int) -> None:
        endpoint, handle = self._opened(which)
        if not endpoint.alive:
            self.do(f"write {handle} {size}/{start}", "EPIPE")
        elif size > 496:
            self.do(f"write {handle} {size}/{start}", "EMSGSIZE")
        else:
            for number in range(1 + start % 3):
                self.do(f"write {handle} {size}/{start + number}", size)
                endpoint.queue.append((size, start + number))
            # The answer to a later message says that this one has been answered.
            self.do("write sync =now", 3)
            self.do("read sync 496", "3 =now")

    @rule(which=st.integers(0, 9), size=st.sampled_from([0, 5, 496, 1000]))
    @precondition(lambda self: any(one.handles for one in self.endpoints))
    def read(self, which: int, size: int) -> None:
        endpoint, handle = self._opened(which)
        self._read(endpoint, handle, size)

    def _read(self, endpoint: Endpoint, handle: str, size: int) -> None:
        if not endpoint.alive:
            answer = "EPIPE"
        elif not endpoint.queue:
            answer = "EAGAIN"
        else:
            length, start = endpoint.queue.pop(0)
            got = min(length, size)
            answer = f"{got} /{start}" if got > 2 else str(got)
        self.do(f"read {handle} {size}", answer)

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: any(one.queue for one in self.endpoints))
    def read_next(self, which: int) -> None:
        queued = [one for one in self.endpoints if one.queue and one.alive]
        if queued:
            self._read(queued[which % len(queued)], queued[which % len(queued)].handles[0], 496)

    @rule(which=st.integers(0, 9))
    @precondition(lambda self: any(one.handles for one in self.endpoints))
    def poll(self, which: int) -> None:
        endpoint, handle = self._opened(which)
        self.do(f"poll {handle} 0", "ERR" if not endpoint.alive else "{come}" if endpoint.queue else "{nothing}")

    def teardown(self) -> None:
        """Come to an end, and run it all."""
        for endpoint in self.endpoints:
            for handle in list(endpoint.handles):
                self.do(f"close {handle}", 0)
        self.on_release = False
        for device in self.devices:
            self.do(f"ioctl {device} SET_SHUTDOWN 0", 0)
            self.do(f"close {device}", 0)
        while self.state != "offline":
            self.do("put {s}/state =stop", 4)
            self.ended()
        self.do("put {s}/recovery =enabled", 7)
        self.do("get {s}/state", "offline")
        self._run("\n".join(self.rows))


@pytest.fixture
def run(remote: Remote, known_bug: Meetings) -> Callable[[str], None]:
    """Return what runs a table on the remote, which is offline, and has to be so afterwards."""
    if known_bug("endpoint-destroyed-twice").inside:
        pytest.skip("Linux dies of an endpoint that is destroyed twice, as most sequences do")
    remote.firmware("echo-bare")
    remote.tolerate("stop-without-ack", "a start and a stop without a pause")
    remote.tolerate("late-messages", "they come while a stop is under way")
    core = remote.machine.board.shell.core
    for pattern in (*SAID, "can't change firmware while running"):
        remote.machine.tolerate_bad(pattern, "what is done here", core)
    device = f"/dev/{remote.sysfs.rpartition('/')[2]}"

    def once(table: str) -> None:
        try:
            calls.run(remote.machine, table, s=remote.sysfs, d=remote.debugfs, device=device)
        finally:
            remote.host.run_check(f"cd {remote.sysfs}; while echo stop >state; do :; done 2>/dev/null; true")
        assert remote.core_state() == "held"

    return once


def search(run: Callable[[str], None], config: pytest.Config, sequences: int, later: int = 0) -> None:
    """Try so many sequences; shrink one that fails, unless a mutant is tried, of which nobody reads the sequence."""
    phases = (Phase.generate,) if config.getoption("ampstand_mutant") else (Phase.generate, Phase.shrink)
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )

    class Seeded(Program):
        def __init__(self) -> None:
            super().__init__(run)

    run_state_machine_as_test(seed(config.getoption("ampstand_seed") + later)(Seeded), settings=chosen)


def test_random_sequences(run: Callable[[str], None], pytestconfig: pytest.Config) -> None:
    search(run, pytestconfig, SEQUENCES)


@pytest.mark.soak
@pytest.mark.time_limit(1800)
def test_many_random_sequences(run: Callable[[str], None], pytestconfig: pytest.Config) -> None:
    search(run, pytestconfig, SEQUENCES_SOAK, later=1)
