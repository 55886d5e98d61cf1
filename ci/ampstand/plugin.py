# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""pytest plugin: boards as fixtures, records for each scenario, and known-bad lines as failures.

Fixtures
    board         the board (``--ampstand-board``)
    artifacts     the build that is tested
    machine       a booted board, shared by scenarios that leave it as they found it
    fresh_machine a board booted for one scenario alone
    host          the Linux shell of ``machine``
    remote        the remote of ``machine``, offline at the start and again at the end
    preload       a function that boots one more board, its remote running an image before Linux does
    boot          a function that boots one more board (for snapshots, or with other options)
    poisoning_machine
                  a board booted for one scenario alone whose Linux overwrites what it frees, and checks it
    system        each operating system of the remote in turn, as the names of its images end
    fault         injects faults of the machine model; each must happen, else the scenario fails

Marks
    needs("rpmsg-tty", ...)  features the board must have, else the scenario is skipped
    soak                     takes minutes; runs with ``--ampstand-soak`` only

A scenario fails, whatever its own asserts say, if a core said a known-bad line that was not announced by
``machine.expect_bad()``, or an announced one did not come, or Linux logged a warning. If a board does not come up,
the first scenario that needs it fails with the cause and all others are skipped naming it.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ampstand.board import DEFAULT, Board
from ampstand.build.artifacts import Artifacts
from ampstand.errors import AmpstandError, InfrastructureError, TestsFailed, UsageError
from ampstand.linux.console import Shell
from ampstand.linux.remote import Remote
from ampstand.qemu.faults import Faults
from ampstand.qemu.machine import THREADS, Machine
from ampstand.report.records import Recorder
from ampstand.signals import end_on_signals

SESSION = pytest.StashKey["Session"]()
REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()
WATCH = pytest.StashKey["_Watch"]()
FAULTS = pytest.StashKey[Faults]()


SEED = 6120
MUTANTS = 100


class Session:
    """What the scenarios of one pytest process share: options, the running board, the cause of a failed bring-up."""

    def __init__(self, config: pytest.Config) -> None:
        self.board = Board.load(config.getoption("ampstand_board"))
        self.thread: str = config.getoption("ampstand_thread")
        self.records = Path(config.getoption("ampstand_records")).absolute()
        self._artifacts_file: str | None = config.getoption("ampstand_artifacts")
        self._artifacts: Artifacts | None = None
        self._shared: Machine | None = None
        self._boots = 0
        self.cause = ""

    @property
    def artifacts(self) -> Artifacts:
        """The build that is tested."""
        if self._artifacts is None:
            if self._artifacts_file is None:
                raise UsageError(
                    "scenarios need --ampstand-artifacts FILE",
                    hint="`./scripts/ampstand test` writes one and passes it",
                )
            self._artifacts = Artifacts.load(Path(self._artifacts_file))
        return self._artifacts

    def new_machine(self, records: Path, rerun: str, **options: Any) -> Machine:
        """Make a machine that is not started yet."""
        machine = Machine(self.board, self.artifacts, records, thread=self.thread, **options)
        machine.rerun = rerun
        return machine

    def shared(self, rerun: str) -> Machine:
        """Return the board that runs already, or boot one."""
        if self._shared is not None and not self._shared.alive:
            self.drop_shared()
        if self._shared is None:
            machine = self.new_machine(self._boot_records(), rerun)
            self.bring_up(machine)
            self._shared = machine
        return self._shared

    def bring_up(self, machine: Machine) -> None:
        """Boot, or fail; once that has failed, every later scenario is skipped with its cause."""
        if self.cause:
            pytest.skip(f"the board does not come up: {self.cause}")
        try:
            machine.boot()
        except InfrastructureError as error:
            self.cause = error.message
            machine.stop()
            raise

    def _boot_records(self) -> Path:
        """Return a new folder for the records of a shared board's boot, one for each and each pytest worker."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self._boots += 1
        return self.records / f"boot-{worker}-{self._boots}"

    def drop_shared(self) -> None:
        """End the shared board: the next scenario boots another."""
        if self._shared is not None:
            self._shared.stop()
            self._shared = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("ampstand")
    group.addoption("--ampstand-board", default=DEFAULT, help="name or TOML file of the board")
    group.addoption("--ampstand-artifacts", default=None, help="JSON file with the paths of the build to test")
    group.addoption("--ampstand-thread", choices=THREADS, default="multi", help="TCG threads of QEMU")
    group.addoption("--ampstand-records", default="records", help="folder for the records of each scenario")
    group.addoption("--ampstand-seed", type=int, default=SEED, help="of random input (default: %(default)s)")
    group.addoption("--ampstand-mutants", type=int, default=MUTANTS, help="how many (default: %(default)s)")
    group.addoption("--ampstand-soak", action="store_true", help="run the scenarios that take minutes, too")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, read the board, see to it that no QEMU is left behind."""
    config.addinivalue_line("markers", "needs(*features): features that the board must have")
    config.addinivalue_line("markers", "soak: takes minutes; only with --ampstand-soak")
    try:
        config.stash[SESSION] = Session(config)
    except AmpstandError as error:
        raise pytest.UsageError(str(error)) from error
    with suppress(ValueError):  # not in the main thread: pytester's in-process runs
        end_on_signals()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the shared board."""
    if SESSION in config.stash:
        config.stash[SESSION].drop_shared()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what the board cannot do, and what takes minutes unless it was asked for."""
    features = config.stash[SESSION].board.features
    for item in items:
        needed = {feature for mark in item.iter_markers("needs") for feature in mark.args}
        if missing := sorted(needed - features):
            item.add_marker(pytest.mark.skip(reason=f"the board has no {', '.join(missing)}"))
        if item.get_closest_marker("soak") and not config.getoption("ampstand_soak"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: runs with --ampstand-soak"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep each phase's report for the fixtures; show our own errors as their message, without a traceback."""
    report = yield
    item.stash.setdefault(REPORTS, {})[report.when or ""] = report
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, AmpstandError) and not item.config.getoption("fulltrace"):
        place = call.excinfo.traceback[-1] if call.excinfo is not None else None
        for entry in call.excinfo.traceback if call.excinfo is not None else ():
            if Path(entry.path) == item.path:
                place = entry
        where = f"{place.path}:{place.lineno + 1}: " if place is not None else ""
        report.longrepr = f"{where}{type(error).__name__}: {error}"
    return report


def _folder_name(item: pytest.Item) -> str:
    return re.sub(r"[^\w.=-]+", "-", f"{item.path.stem}-{item.name}").strip("-")


def _rerun(item: pytest.Item, session: Session) -> str:
    name = item.nodeid.rpartition("::")[2]
    return shlex.join(["./scripts/ampstand", "test", "-k", re.split(r"[\[]", name)[0], "--thread", session.thread])


class _Watch:
    """Judges the records of the machines that one scenario used."""

    def __init__(self, request: pytest.FixtureRequest, session: Session) -> None:
        item = request.node
        self.item: pytest.Item = item
        self.session = session
        self.folder = session.records / _folder_name(item)
        self.rerun = _rerun(item, session)
        self.machines: list[Machine] = []
        self.own: list[Machine] = []
        self.judged = False
        """Whether the scenario came to its end: one that met a known bug does not, and nobody looked at its board."""

    def watch(self, machine: Machine) -> Machine:
        machine.rerun = self.rerun
        self.machines.append(machine)
        return machine

    def failed(self) -> bool:
        reports = self.item.stash.get(REPORTS, {})
        return any(report.failed for report in reports.values())

    def judge(self) -> None:
        """Fail the scenario for what the records show though its own asserts hold."""
        reasons = self._reasons()
        for machine in self.machines:
            if machine.alive and machine.host.get_status():
                reasons += kernel_warnings(machine)
        self.judged = True
        self._raise(reasons)

    def finish(self) -> None:
        """Write the results, end the machines of this scenario alone; fail for bad lines that came in the end."""
        late = [] if self.failed() else self._reasons()
        outcome = "failed" if late or self.failed() else "passed"
        for machine in self.machines:
            machine.records.result(outcome, scenario=self.item.nodeid, thread=self.session.thread, reasons=late)
        try:
            self._raise(late)
        finally:
            for machine in self.own:
                machine.stop()
            used_shared = len(self.machines) > len(self.own)
            if used_shared and (outcome == "failed" or not self.judged):
                self.session.drop_shared()

    def _reasons(self) -> list[str]:
        return [reason for machine in self.machines for reason in machine.records.verdict()]

    def _raise(self, reasons: list[str]) -> None:
        if reasons:
            detail = "\n".join(f"  {reason}" for reason in reasons)
            raise TestsFailed(f"the records show what must not be:\n{detail}", hint=self.machines[-1].diagnosis())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Judge faults and records as soon as the scenario's own asserts have held."""
    yield
    faults = item.stash.get(FAULTS, None)
    if faults is not None:
        faults.finish()
    watch = item.stash.get(WATCH, None)
    if watch is not None:
        watch.judge()


def kernel_warnings(machine: Machine) -> list[str]:
    """Take Linux's log since the last call; return its warnings and errors, but those that the board file declares."""
    # Without its brackets a time stamp is not taken for that of a message that comes right now.
    command = r"dmesg -r -c | sed 's/\[ *\([0-9.]*\)\] /\1 /'"
    lines = machine.host.run_check(command, reason="the kernel's log")
    allowed = [re.compile(pattern) for pattern in machine.board.kernel_warnings]
    accepted = [*allowed, *machine.records.announced()]
    found: list[str] = []
    block: list[str] | None = None  # the lines between "cut here" and "end trace" stand and fall together
    for line in lines:
        match = re.match(r"<(\d+)>[\d.]+ (.*)", line)
        if match is None:
            continue
        level, text = int(match[1]) & 7, match[2]
        if "[ cut here ]" in text:
            block = []
        if block is not None:
            block.append(text)
            if "[ end trace" in text:
                if not any(pattern.search(entry) for pattern in accepted for entry in block):
                    found += [f"kernel warning: {entry}" for entry in block]
                block = None
        elif level <= 4 and not any(pattern.search(text) for pattern in accepted):
            found.append(f"kernel message of level {level}: {text}")
    return found + [f"kernel warning: {entry}" for entry in block or ()]


@pytest.fixture(scope="session")
def board(pytestconfig: pytest.Config) -> Board:
    """Return the board that is tested."""
    return pytestconfig.stash[SESSION].board


@pytest.fixture(scope="session")
def artifacts(pytestconfig: pytest.Config) -> Artifacts:
    """Return the build that is tested."""
    return pytestconfig.stash[SESSION].artifacts


@pytest.fixture
def _watch(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[_Watch]:
    session = pytestconfig.stash[SESSION]
    watch = request.node.stash[WATCH] = _Watch(request, session)
    yield watch
    watch.finish()


@pytest.fixture
def machine(_watch: _Watch, pytestconfig: pytest.Config) -> Machine:
    """Return a booted board that other scenarios use before and after; leave it as you found it."""
    session = pytestconfig.stash[SESSION]
    shared = session.shared(_watch.rerun)
    shared.use_records(Recorder(_watch.folder))
    return _watch.watch(shared)


@pytest.fixture
def boot(_watch: _Watch, pytestconfig: pytest.Config) -> Callable[..., Machine]:
    """Return a function that boots one more board, with its own options, ended after the scenario."""
    session = pytestconfig.stash[SESSION]

    def start(*, up: bool = True, **options: Any) -> Machine:
        number = len(_watch.own) + 1
        folder = _watch.folder / f"machine-{number}" if number > 1 else _watch.folder
        new = session.new_machine(folder, _watch.rerun, **options)
        _watch.own.append(_watch.watch(new))
        if up:
            session.bring_up(new)
        return new

    return start


@pytest.fixture
def preload(boot: Callable[..., Machine], pytestconfig: pytest.Config) -> Callable[..., Remote]:
    """Return a function that boots a board whose remote runs this image before Linux does."""
    single = pytestconfig.stash[SESSION].thread == "single"

    def start(image: str, **options: Any) -> Remote:
        if single and image.startswith("count-"):
            pytest.skip("it never sleeps: all cores in one thread, see docs/known-qemu-issues.md")
        machine = boot(preload=image, **options)
        machine.tolerate_bad("remote FW detach without ack", "Linux waits 0.2 s; a loaded workstation takes longer")
        return Remote(machine)

    return start


@pytest.fixture
def fresh_machine(boot: Callable[..., Machine]) -> Machine:
    """Return a board booted for this scenario alone."""
    return boot()


@pytest.fixture
def poisoning_machine(boot: Callable[..., Machine]) -> Machine:
    """Return a board booted for this scenario alone whose Linux overwrites freed memory, so that its use is seen."""
    machine = boot(kernel_arguments="slub_debug=FZP")
    machine.tolerate_bad(r"^\*\*.*\*\*$", "debugging of slabs shows addresses, and Linux warns of that", "host")
    return machine


@pytest.fixture(params=["bare", "freertos"])
def system(request: pytest.FixtureRequest) -> str:
    """Return the name of the remote's operating system."""
    return str(request.param)


@pytest.fixture
def host(machine: Machine) -> Shell:
    """Return the Linux shell of the shared board."""
    return machine.host


@pytest.fixture
def remote(machine: Machine, _watch: _Watch) -> Iterator[Remote]:
    """Return the remote of the shared board: offline now, and brought back to that after the scenario."""
    remote = Remote(machine)
    remote.stop_if_running()
    yield remote
    if machine.alive and not _watch.failed():
        remote.stop_if_running()


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Faults:
    """Return what injects faults, into the scenario's machine unless told another; all must have happened."""
    names = [name for name in ("machine", "fresh_machine") if name in request.fixturenames]
    faults = Faults(request.getfixturevalue(names[0]) if names else None)
    request.node.stash[FAULTS] = faults
    return faults
