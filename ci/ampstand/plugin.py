# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""pytest plugin: boards as fixtures, records for each scenario, and known-bad lines as failures.

A test that asks for one of the fixtures, or has the mark ``needs``, is a scenario; any other is left alone.

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
    known_bug     a function that returns a known bug of Linux by its id: ``announce``, ``met``, ``shows``
    kernel        the kernel that is tested, as the board runs it
    behaviour     a function that returns what this kernel does where kernels differ

Marks
    needs("rpmsg-tty", ...)  features the board must have, else the scenario is skipped
    programs("gcc", ...)     what the workstation must have, else the scenario is skipped: a bundle has no compilers
    secure("remoteproc")     the secure world that the fixtures' boards have
    variant("lockstep")      the shape of the fixtures' boards, of those that the board's file describes
    thorough                 many turns, cases or boots of what other scenarios do; not with ``--ampstand-short``
    soak                     takes minutes; runs with ``--ampstand-soak`` only
    time_limit(seconds)      how long the scenario may take, in place of the board's ``timeouts.scenario``

A scenario fails, whatever its own asserts say, if a core said a known-bad line that was not announced by
``machine.expect_bad()``, or an announced one did not come, or Linux logged a warning. If a board does not come up,
the first scenario that needs it fails with the cause and all others are skipped naming it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ampstand.board import DEFAULT, REMOTEPROC, Board, check_features
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import LOADED, BuildOptions
from ampstand.build.bundle import Bundled
from ampstand.build.debian import Parts, Plan
from ampstand.errors import AmpstandError, InfrastructureError, TestsFailed, UsageError
from ampstand.linux import debian, known_bugs, memory, saved_states
from ampstand.linux.known_bugs import Kernel, KnownBug
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.saved_boots import SavedBoots
from ampstand.linux.saved_states import SavedStates
from ampstand.linux.shell import Shell
from ampstand.mutation.switches import LINUX_PARAMETER
from ampstand.progress import Progress
from ampstand.qemu import coverage, vdev
from ampstand.qemu.faults import Faults
from ampstand.qemu.machine import THREADS, CoreDiedError
from ampstand.qemu.trace import follow_traces
from ampstand.report.known import Meetings
from ampstand.report.pytest_results import BY_EVIDENCE, command_of, program_of
from ampstand.report.records import Line, Recorder
from ampstand.report.results import NO_BOARD, in_short
from ampstand.signals import end_on_signals

SESSION = pytest.StashKey["Session"]()
REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()
WATCH = pytest.StashKey["_Watch"]()
FAULTS = pytest.StashKey[Faults]()
KNOWN = pytest.StashKey[Meetings]()


DYING = re.compile(r"Unable to handle kernel |Internal error: ")
"""In the first line of those with which Linux dies of an exception of its own."""
SEED = 6120
MUTANTS = 100


def first_words(lines: Sequence[str], bad: str) -> int | None:
    """Return where Linux began to die, as it was said in the bad line; there a program may have said something, too."""
    found = (index for index, line in enumerate(lines) if DYING.search(line) and (line in bad or bad in line))
    return next(found, None)


class Session:
    """What the scenarios of one pytest process share: options, the running board, the cause of a failed bring-up."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.board = Board.load(config.getoption("ampstand_board"))
        self.thread: str = config.getoption("ampstand_thread")
        self.exact: bool = config.getoption("ampstand_exact")
        self.coverage: bool = config.getoption("ampstand_coverage")
        self.records = Path(config.getoption("ampstand_records")).absolute()
        self.given = [path for name in GIVEN for path in _given(config, name)]
        """Images of the user's own."""
        self._artifacts_file: str | None = config.getoption("ampstand_artifacts")
        self._bundle: str | None = config.getoption("ampstand_bundle")
        self._artifacts: Artifacts | None = None
        self._shared: LinuxMachine | None = None
        self._shape: dict[str, str] = {}
        """Of the shared board."""
        self._last: _Watch | None = None
        """The scenario that used the shared board last."""
        self._boots = 0
        self._booted = False
        own_boots = self.coverage or config.getoption("ampstand_mutant_boot")  # each executes something else
        given = None if own_boots else config.getoption("ampstand_boots")
        self.keeps_boots = bool(given)
        given = getattr(config, "workerinput", {}).get("boots", given)
        self.mutant: int = config.getoption("ampstand_mutant")
        self.mutant_boots: bool = config.getoption("ampstand_mutant_boot")
        self.states = SavedStates(self.records, config.getoption("ampstand_keep_states"))
        self.boots = SavedBoots(Path(given) if given else self.records / f"boots-{os.getpid()}")
        self._boot_lines: set[str] = set()
        """What was said during a boot and has failed a scenario already."""
        self.cause = ""

    @property
    def artifacts(self) -> Artifacts:
        """The build that is tested."""
        if self._artifacts is None:
            if self._artifacts_file is not None:
                self._artifacts = Artifacts.load(Path(self._artifacts_file))
            elif self._bundle is not None:
                options = BuildOptions(bundle=Path(self._bundle))
                self._artifacts = Bundled(self.board, options, Progress()).all()
            else:
                raise UsageError(
                    "scenarios need --ampstand-bundle FILE or --ampstand-artifacts FILE",
                    hint="`ampstand bundle` makes the one; `ampstand test` writes the other and passes it",
                )
        return self._artifacts

    def recorder(self, folder: Path) -> Recorder:
        """Return new records of this board."""
        return Recorder.for_board(self.board, folder)

    def new_machine(self, records: Path, rerun: str, **options: Any) -> LinuxMachine:
        """Make a machine that is not started yet. ``preload`` may be a file of any origin."""
        artifacts = self.artifacts
        if reason := self._impossible(options):
            pytest.skip(reason)
        if isinstance(image := options.get("preload"), Path):
            artifacts = replace(artifacts, firmware={**artifacts.firmware, image.stem: image})
            options["preload"] = image.stem
        images = self.images(artifacts)
        if self.mutant and self.mutant_boots:
            options["kernel_arguments"] = f"mut={self.mutant} {options.get('kernel_arguments', '')}".strip()
        if self.coverage:
            live = coverage.Live(coverage.spans(self.board), self.board.remotes, images)
            options.setdefault("coverage", live)
        machine = LinuxMachine(
            self.board, artifacts, self.recorder(records), thread=self.thread, exact=self.exact, **options
        )
        machine.rerun = rerun
        readers = follow_traces(machine, images)
        machine.vdevs = [
            partial(vdev.awaited, machine, remote, reader.tables)
            for remote, reader in zip(machine.board.remotes, readers, strict=True)
        ]
        return machine

    def _impossible(self, options: Mapping[str, Any]) -> str:
        """Return why there can be no such machine with what is tested; empty if there can."""
        artifacts, secure = self.artifacts, options.get("secure")
        if (variant := options.get("variant")) and variant not in artifacts.other_dtbs:
            return "the device tree is not the board's own, and of no variant"
        kernel = Kernel.on(self.board, artifacts.kernel_release)
        if secure and known_bugs.behaviour("runs-beside-op-tee", kernel) == "no":
            return "this kernel does not come up beside OP-TEE"
        if secure == REMOTEPROC and not artifacts.modules.keys() >= set(LOADED):
            return "our modules are not built for this kernel"
        if options.get("overlays") and "dtb" in artifacts.provenance:
            return "the device tree is not the board's own, for which the scenario's overlays are"
        return ""

    def images(self, artifacts: Artifacts) -> list[Path]:
        """Return what may run on the remote of a machine."""
        return [*artifacts.firmware.values(), *self.given]

    def shared(self, watch: _Watch) -> LinuxMachine:
        """Return the board that runs already in the shape that the scenario asks for, or boot one."""
        shape = _shape(watch.item)
        if self._last is not None:
            self._last.judge_leftovers()
            self._last = None
        if self._shared is not None and not (self._shared.alive and self._shape == shape):
            self.drop_shared()
        if self._shared is None:
            machine = self.new_machine(self._boot_records(), watch.rerun, **shape)
            self.bring_up(machine, watch, plain=not shape)
            self._shared, self._shape = machine, shape
        return self._shared

    def used_shared(self, watch: _Watch) -> None:
        """Take note of who used the shared board last: what it says from now on is of that scenario."""
        self._last = watch

    def bring_up(self, machine: LinuxMachine, watch: _Watch, *, plain: bool) -> None:
        """Boot, or fail. What is said during the boot is judged here, once a session for each different line.

        If the plain board, with no options of the scenario's own, does not come up the first time, every later
        scenario is skipped with that cause.
        """
        if self.cause:
            pytest.skip(f"{NO_BOARD}: {self.cause}")
        try:
            restored = self.boots.restore(machine)
            if not restored:
                machine.boot()
                machine.judge_log()
        except AmpstandError as error:
            if plain and not self._booted:
                self.cause = error.message.splitlines()[0]
            machine.stop()
            _recorder(machine).result("failed", reasons=[error.message], inputs=self.artifacts.provenance)
            raise
        self._booted = self._booted or plain
        machine.settle()
        lines = {_pattern_of(line): f"during the boot, {line}" for line in _recorder(machine).take_bad()}
        new = {key: text for key, text in lines.items() if key not in self._boot_lines}
        self._boot_lines |= new.keys()
        watch.boot_reasons += new.values()
        if not lines and not restored:
            self.boots.save(machine)
        if self.mutant and not self.mutant_boots:
            machine.host.run_check(f"echo {self.mutant} > {LINUX_PARAMETER}")
        if plain and machine.coverage is not None:
            machine.coverage.save(_recorder(machine).folder / coverage.FILE)
        if plain:
            _recorder(machine).result(
                "failed" if new else "passed", reasons=list(lines.values()), inputs=self.artifacts.provenance
            )

    def _boot_records(self) -> Path:
        """Return a new folder for the records of a shared board's boot, one for each and each pytest worker."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self._boots += 1
        return self.records / f"boot-{worker}-{self._boots}"

    def drop_shared(self) -> None:
        """End the shared board: the next scenario boots another."""
        self._last = None
        if self._shared is not None:
            self._shared.stop()
            self._shared = None


def _recorder(machine: LinuxMachine) -> Recorder:
    """Return the records of a machine that this plugin made."""
    assert isinstance(machine.records, Recorder)
    return machine.records


def _pattern_of(line: Line) -> str:
    """Return what is the same of a line in every boot: all but its numbers."""
    return re.sub(r"\b(0x)?[0-9a-f]*\d[0-9a-f]*\b", "N", f"{line.core}: {line.text}")


GIVEN = {
    "given_firmware": ("--ampstand-firmware", "an image that Linux starts"),
    "given_image": ("--ampstand-remote-image", "an image that the remote runs before Linux"),
    "given_debian": ("--ampstand-debian", "JSON file that says where a Debian for the board is"),
}
"""Parameters that take each file of the user's own in turn; without one their tests are left out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("ampstand")
    group.addoption("--ampstand-board", default=DEFAULT, help="name or TOML file of the board (default: %(default)s)")
    group.addoption(
        "--ampstand-bundle",
        default=os.environ.get("AMPSTAND_BUNDLE") or None,
        help="what `ampstand bundle` packed, to be tested (default: $AMPSTAND_BUNDLE)",
    )
    group.addoption("--ampstand-artifacts", default=None, help="JSON file with the paths of the build to test")
    group.addoption("--ampstand-thread", choices=THREADS, default="multi", help="TCG threads of QEMU")
    group.addoption("--ampstand-exact", action="store_true", help="time is a count of instructions")
    group.addoption("--ampstand-coverage", action="store_true", help="record which instructions are executed")
    group.addoption("--ampstand-mutant", type=int, default=0, help="of a kernel with mutants, the one that is on")
    group.addoption("--ampstand-mutant-boot", action="store_true", help="it is on from the boot on, and not after it")
    group.addoption("--ampstand-keep-states", type=int, default=0, help="of so many machines whose scenario failed")
    group.addoption("--ampstand-records", default="records", help="folder for the records of each scenario")
    group.addoption("--ampstand-boots", default=None, help="folder for boots that are saved for later runs, too")
    group.addoption("--ampstand-seed", type=int, default=SEED, help="of random input (default: %(default)s)")
    group.addoption("--ampstand-mutants", type=int, default=MUTANTS, help="how many (default: %(default)s)")
    for option, text in GIVEN.values():
        group.addoption(option, action="append", default=[], help=f"{text} (repeatable)")
    group.addoption("--ampstand-short", action="store_true", help="leave the thorough scenarios out")
    group.addoption("--ampstand-soak", action="store_true", help="run the scenarios that take minutes, too")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, read the board, see to it that no QEMU is left behind."""
    config.addinivalue_line("markers", "needs(*features): features that the board must have")
    config.addinivalue_line("markers", "programs(*names): what the workstation must have")
    config.addinivalue_line("markers", "secure(world): the secure world that the fixtures' boards have")
    config.addinivalue_line("markers", "variant(name): the shape of the fixtures' boards")
    config.addinivalue_line("markers", "thorough: many turns, cases or boots; not with --ampstand-short")
    config.addinivalue_line("markers", "soak: takes minutes; only with --ampstand-soak")
    config.addinivalue_line("markers", "time_limit(seconds): how long the scenario may take")
    try:
        config.stash[SESSION] = Session(config)
    except AmpstandError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the boots of this run are saved."""
    node.workerinput["boots"] = str(node.config.stash[SESSION].boots.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the shared board, and remove what was saved for this run."""
    if SESSION in config.stash:
        session = config.stash[SESSION]
        session.drop_shared()
        if not hasattr(config, "workerinput"):
            if session.keeps_boots:
                session.boots.prune()
            else:
                session.boots.remove()


def _given(config: pytest.Config, name: str) -> list[Path]:
    return [Path(file) for file in config.getoption(GIVEN[name][0])]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of the user's own images once for each."""
    for name in GIVEN.keys() & set(metafunc.fixturenames):
        paths = _given(metafunc.config, name)
        metafunc.parametrize(name, paths, ids=[path.stem for path in paths])


def _is_scenario(item: pytest.Item) -> bool:
    """Return whether a test is ours to judge: an installed plugin is there for every test of its environment."""
    return "_watch" in getattr(item, "fixturenames", ()) or item.get_closest_marker("needs") is not None


def needed(item: pytest.Item) -> set[str]:
    """Return the features that a scenario needs."""
    return {str(feature) for mark in item.iter_markers("needs") for feature in mark.args}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what the board cannot do, and what takes longer than was asked for; end at a feature there is not."""
    board = config.stash[SESSION].board
    asked = {name for name in GIVEN if _given(config, name)}
    items[:] = [item for item in items if not (GIVEN.keys() - asked) & set(getattr(item, "fixturenames", ()))]
    scenarios = [item for item in items if _is_scenario(item)]
    if scenarios:
        with suppress(ValueError):  # not in the main thread: pytester's in-process runs
            end_on_signals()
    for item in scenarios:
        features = needed(item)
        try:
            check_features(sorted(features), f"{item.path}:{(item.location[1] or 0) + 1}: {item.name}")
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error
        if missing := sorted(features - board.features):
            item.add_marker(pytest.mark.skip(reason=f"the board has no {', '.join(missing)}"))
        programs = [str(name) for mark in item.iter_markers("programs") for name in mark.args]
        if absent := [name for name in programs if shutil.which(name) is None]:
            item.add_marker(pytest.mark.skip(reason=f"the workstation has no {', '.join(absent)}"))
        if item.get_closest_marker("soak") and not config.getoption("ampstand_soak"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: runs with --ampstand-soak"))
        if item.get_closest_marker("thorough") and config.getoption("ampstand_short"):
            item.add_marker(pytest.mark.skip(reason="thorough: left out by --short"))
        limit = item.get_closest_marker("time_limit")
        seconds = limit.args[0] if limit is not None else board.timeouts.scenario
        # By a signal: what hangs is ended where it is, the stacks of all threads are shown, and the teardown follows.
        item.add_marker(pytest.mark.timeout(seconds, method="signal"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep each phase's report for the fixtures; begin a failure with the worst that was said, end it with the records.

    Our own errors are shown as their message, without a traceback.
    """
    report = yield
    item.stash.setdefault(REPORTS, {})[report.when or ""] = report
    watch = item.stash.get(WATCH, None)
    error = call.excinfo.value if call.excinfo is not None else None
    if report.failed and error is not None and watch is not None and (bug := watch.behind(error)) is not None:
        detail = str(error).partition("\n")[0]
        report.outcome, report.wasxfail = "skipped", f"{BY_EVIDENCE}{bug.reason(detail)}"
        report.user_properties.append(("known", bug.id))
    if watch is not None:
        watch.describe(report, call)
    if not report.failed or error is None:
        return report
    headline = watch.headline() if watch is not None else ""
    if isinstance(error, AmpstandError) and not item.config.getoption("fulltrace"):
        place = call.excinfo.traceback[-1] if call.excinfo is not None else None
        for entry in call.excinfo.traceback if call.excinfo is not None else ():
            if Path(entry.path) == item.path:
                place = entry
        where = f"{place.path}:{place.lineno + 1}: " if place is not None else ""
        report.longrepr = f"{where}{type(error).__name__}: {error}"
        if headline and headline not in error.message:
            report.longrepr = f"{headline}\n{report.longrepr}"
        missing = watch is not None and not error.hint
    else:
        missing = watch is not None
    if watch is not None and watch.states:
        report.sections.append(("the state of the board", "\n".join(watch.states)))
    if watch is not None and missing:
        report.sections.append(("what the board said", f"{headline or 'nothing bad'}\n{watch.diagnosis()}"))
    return report


def _folder_name(item: pytest.Item) -> str:
    return re.sub(r"[^\w.=-]+", "-", f"{item.path.stem}-{item.name}").strip("-")


class _Watch:
    """Judges the records of the machines that one scenario used."""

    def __init__(self, request: pytest.FixtureRequest, session: Session) -> None:
        item = request.node
        self.item: pytest.Item = item
        self.session = session
        self.folder = session.records / _folder_name(item)
        self.rerun = command_of(item.config, item.nodeid)
        self.machines: list[LinuxMachine] = []
        self.own: list[LinuxMachine] = []
        self.recorders: list[Recorder] = []
        self.boot_reasons: list[str] = []
        self.states: list[str] = []
        """Of each machine how to go on from its state, or why it is not saved; empty if nothing has failed yet."""
        self.error = ""
        """What failed first, in one line or some."""
        saved_states.remove(self.folder)
        self.judged = False
        """Whether the scenario came to its end: one that met a known bug does not, and nobody looked at its board."""
        self.bug: KnownBug | None = None
        """The bug that is behind the scenario's failure, though it did not ask for it."""

    def watch(self, machine: LinuxMachine) -> LinuxMachine:
        machine.rerun = self.rerun
        machine.watch_mailbox()
        if machine.coverage is not None:
            machine.coverage.clear()
        self.machines.append(machine)
        self.recorders.append(_recorder(machine))
        return machine

    @property
    def shared(self) -> list[LinuxMachine]:
        return [machine for machine in self.machines if machine not in self.own]

    def failed(self) -> bool:
        reports = self.item.stash.get(REPORTS, {})
        return any(report.failed for report in reports.values())

    def behind(self, error: BaseException) -> KnownBug | None:
        """Return the known bug that is behind a failure, if nothing worse was said than that something is missing.

        So it is of a scenario that waited, again and again, until its time was over.
        """
        missed = TestsFailed | AssertionError | pytest.fail.Exception
        if self.bug is None and isinstance(error, missed) and not self.headline():
            found = [known_bugs.behind(machine) for machine in self.machines]
            self.bug = next((bug for bug in found if bug is not None), None)
        if self.bug is None:
            self.bug = self._killer()
        if self.bug is not None:
            self.judged = False
        return self.bug

    def _killer(self) -> KnownBug | None:
        """Return the known bug that Linux died of, if nothing bad was said before that."""
        bad = sorted((line for recorder in self.recorders for line in recorder.bad), key=lambda line: line.when)
        if not bad or not DYING.search(bad[0].text):
            return None
        for machine in self.machines:
            host, lines = machine.board.shell.core, machine.host.console.lines
            first = first_words(lines, bad[0].text)
            if first is not None and bad[0].core == host:
                return known_bugs.killer(Kernel.of(machine), [(host, line) for line in lines[first:]])
        return None

    def headline(self) -> str:
        """Return the worst thing that was said since the scenario began."""
        lines = [line for recorder in self.recorders for line in recorder.bad]
        worst = min(lines, key=lambda line: line.rank, default=None)
        return str(worst) if worst is not None else next(iter(self.boot_reasons), "")

    def diagnosis(self) -> str:
        """Return what is known of the machine that was used last."""
        return self.machines[-1].diagnosis() if self.machines else f"run it again: {self.rerun}"

    def describe(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        """Put into a report what a record of results wants to know."""
        if report.failed and call.excinfo is not None:
            error = call.excinfo.value
            text = error.message if isinstance(error, AmpstandError) else call.excinfo.exconly()
            self.error = self.error or text
            text = "\n".join([text, *(line for machine in self.machines for line in machine.trouble())])
            report.user_properties += [("reason", text), ("headline", self.headline() or in_short(text))]
            opened = [recorder.values["open"] for recorder in self.recorders if "open" in recorder.values]
            report.user_properties += [("open", command) for command in opened[:1]]
            if isinstance(error, InfrastructureError):
                report.user_properties.append(("infrastructure", True))
        report.user_properties += [
            ("records", str(self.folder)),
            ("rerun", self.rerun),
            ("kernel", self.session.artifacts.kernel_release),
        ]

    def save_states(self) -> None:
        """Save each machine as it is now, for the scenario has failed: the first time that it is noticed counts.

        That a state cannot be saved says nothing about the scenario, and neither does how long it takes.
        """
        if self.states or self.session.states.most == 0:
            return
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # the scenario's time limit (pytest-timeout)
        for machine, recorder in zip(self.machines, self.recorders, strict=True):
            try:
                self.session.states.save(machine, self.session.images(machine.artifacts))
            except (AmpstandError, OSError) as error:
                reason = str(error).partition("\n")[0]
                recorder.values["not_saved"] = reason
                self.states.append(f"not saved: {reason}")
            else:
                program = program_of(self.item.config)
                recorder.values["open"] = shlex.join([program, "open", str(recorder.folder)])
                self.states.append(f"open it: {recorder.values['open']}")
        signal.setitimer(signal.ITIMER_REAL, left)

    def judge(self) -> None:
        """Fail the scenario for what the records show though its own asserts hold."""
        for machine in self.machines:
            _settle(machine)
        self.judged = True
        self._raise([*self.boot_reasons, *self._reasons()])

    def judge_said(self) -> None:
        """Fail the scenario, though it has met a known bug, for what was said so far and nobody has announced.

        What comes after a known bug is not judged: nobody knows what it has left behind.
        """
        self._raise([str(line) for recorder in self.recorders for line in recorder.bad])

    def judge_leftovers(self) -> None:
        """Fail the scenario, though it has ended, for what its board said before the next one came."""
        for machine in self.shared:
            _settle(machine)
        late = self._reasons()
        if not late:
            return
        self.save_states()
        self.session.drop_shared()
        self._write("failed", late)
        text = f"after its end, the board of {self.item.nodeid} said what must not be:\n"
        text += "\n".join([*late, *self.states])
        config = self.session.config
        if hasattr(config, "workerinput"):  # a worker of pytest-xdist reports of nothing but the present test
            raise TestsFailed(text)
        report = pytest.TestReport(
            self.item.nodeid, self.item.location, {}, "failed", text, "teardown", user_properties=[("reason", text)]
        )
        config.hook.pytest_runtest_logreport(report=report)

    def finish(self, error: BaseException | None, *, last: bool) -> None:
        """End the machines of this scenario alone, judge what came in the end, write the results.

        ``error`` is that of the teardown; ``last`` says that no scenario follows, so the shared board ends, too.
        """
        failed = self.failed() or (error is not None and self.behind(error) is None)
        if failed:
            self.save_states()
        for machine in self.shared:
            if failed:
                with suppress(AmpstandError):
                    _settle(machine)
            elif self.judged:
                _settle(machine)
        if not failed and self.judged and self._reasons():
            self.save_states()
        modules = {
            machine: machine.modules() for machine in self.machines if machine.coverage is not None and not failed
        }
        for machine in self.own:
            machine.stop()
        self._keep_coverage(modules)
        late = self._reasons() if self.judged and not failed else []
        if self.shared:
            self.session.used_shared(self)
            if failed or late or last or not self.judged:
                self.session.drop_shared()
                late = self._reasons() if self.judged and not failed else []
        if failed:
            reasons = [self.error or str(error), *self.boot_reasons, *self._reasons()]
            self._write("failed", [reason for reason in dict.fromkeys(reasons) if reason])
        else:
            self._write("failed" if late else "passed" if self.judged else self._excuse(), late)
        self._raise(late)

    def _excuse(self) -> str:
        """Return why a scenario that did not fail did not come to its end either."""
        reports = self.item.stash.get(REPORTS, {}).values()
        return "known" if self.bug or any(hasattr(report, "wasxfail") for report in reports) else "skipped"

    def _keep_coverage(self, modules: Mapping[LinuxMachine, Mapping[str, Mapping[str, int]]]) -> None:
        """Write what each machine has executed in this scenario, where the modules were where it was asked for them."""
        for machine, recorder in zip(self.machines, self.recorders, strict=True):
            if machine.coverage is not None:
                machine.coverage.save(recorder.folder / coverage.FILE, modules.get(machine))

    def _write(self, outcome: str, reasons: list[str]) -> None:
        for recorder in self.recorders or [self.session.recorder(self.folder)]:
            recorder.result(
                outcome,
                scenario=self.item.nodeid,
                thread=self.session.thread,
                headline=self.headline(),
                reasons=reasons,
                inputs=self.session.artifacts.provenance,
                rerun=self.rerun,
            )

    def _reasons(self) -> list[str]:
        return [reason for recorder in self.recorders for reason in recorder.verdict()]

    def _raise(self, reasons: list[str]) -> None:
        if reasons:
            detail = "\n".join(f"  {reason}" for reason in reasons)
            raise TestsFailed(f"the records show what must not be:\n{detail}", hint=self.diagnosis())


def _settle(machine: LinuxMachine) -> None:
    """See to it that everything a machine has said is in its records, and judged."""
    if machine.alive:
        machine.settle()
        if machine.host.get_status() and machine.records.death() is None:
            with suppress(CoreDiedError):  # it is in the records then
                machine.judge_log()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Judge faults and records as soon as the scenario's own asserts have held; save the board if they have not."""
    watch = item.stash.get(WATCH, None)
    try:
        yield
        faults = item.stash.get(FAULTS, None)
        if faults is not None:
            faults.finish()
        if watch is not None:
            watch.judge()
        known = item.stash.get(KNOWN, None)
        if known is not None:
            known.finish()
    except pytest.xfail.Exception:
        if watch is not None:
            watch.judge_said()
        raise
    except (Exception, pytest.fail.Exception) as error:
        if watch is not None and watch.behind(error) is None:
            watch.save_states()
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Judge what came during the teardown, and the teardown itself, before the next scenario gets the board."""
    watch = item.stash.get(WATCH, None)
    try:
        yield
    except BaseException as error:
        if watch is not None:
            watch.finish(error, last=nextitem is None)
        raise
    if watch is not None:
        watch.finish(None, last=nextitem is None)


@pytest.fixture(scope="session")
def board(pytestconfig: pytest.Config) -> Board:
    """Return the board that is tested."""
    return pytestconfig.stash[SESSION].board


@pytest.fixture(scope="session")
def artifacts(pytestconfig: pytest.Config) -> Artifacts:
    """Return the build that is tested."""
    return pytestconfig.stash[SESSION].artifacts


@pytest.fixture
def _watch(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> _Watch:
    session = pytestconfig.stash[SESSION]
    assert session.artifacts, "asked for first: without them there is nothing to watch"
    watch = request.node.stash[WATCH] = _Watch(request, session)
    return watch


def _shape(item: pytest.Item) -> dict[str, str]:
    """Return the options that a scenario's marks ask for of its boards: a secure world, a variant."""
    marks = {name: item.get_closest_marker(name) for name in ("secure", "variant")}
    return {name: str(mark.args[0]) for name, mark in marks.items() if mark is not None}


@pytest.fixture
def machine(_watch: _Watch, pytestconfig: pytest.Config) -> LinuxMachine:
    """Return a booted board that other scenarios use before and after; leave it as you found it."""
    session = pytestconfig.stash[SESSION]
    shared = session.shared(_watch)
    shared.use_records(session.recorder(_watch.folder))
    return _watch.watch(shared)


@pytest.fixture
def boot(_watch: _Watch, pytestconfig: pytest.Config) -> Callable[..., LinuxMachine]:
    """Return a function that boots one more board, with its own options, ended after the scenario.

    ``tolerated`` are lines of Linux, with the reason for each, that the boot itself may give.
    """
    session = pytestconfig.stash[SESSION]

    def start(*, up: bool = True, tolerated: Mapping[str, str] | None = None, **options: Any) -> LinuxMachine:
        number = len(_watch.machines) + 1  # the shared board is one of them
        options = {**_shape(_watch.item), **options}
        folder = _watch.folder / f"machine-{number}" if number > 1 else _watch.folder
        new = session.new_machine(folder, _watch.rerun, **options)
        _watch.own.append(_watch.watch(new))
        for pattern, reason in (tolerated or {}).items():
            new.tolerate_bad(pattern, reason, new.board.shell.core)
        if up:
            session.bring_up(new, _watch, plain=not options)
        return new

    return start


@pytest.fixture
def preload(boot: Callable[..., LinuxMachine], pytestconfig: pytest.Config) -> Callable[..., Remote]:
    """Return a function that boots a board whose remote runs this image before Linux does."""

    def start(image: str | Path, **options: Any) -> Remote:
        remote = Remote(boot(preload=image, **options))
        remote.tolerate("detach-without-ack", "Linux waits for it; a loaded workstation takes longer")
        remote.found_running()
        return remote

    return start


@pytest.fixture
def fresh_machine(boot: Callable[..., LinuxMachine]) -> LinuxMachine:
    """Return a board booted for this scenario alone."""
    return boot()


@pytest.fixture
def poisoning_machine(boot: Callable[..., LinuxMachine]) -> LinuxMachine:
    """Return a board booted for this scenario alone whose Linux overwrites freed memory, so that its use is seen."""
    return boot(kernel_arguments="slub_debug=FZP", tolerated=memory.NOTICE)


@pytest.fixture
def debian_machine(given_debian: Path, _watch: _Watch, pytestconfig: pytest.Config) -> LinuxMachine:
    """Return the board with Debian on its card, booted for this scenario alone and logged in to."""
    session = pytestconfig.stash[SESSION]
    parts, card = Parts.load(given_debian)
    new = debian.machine(session.board, parts, card, session.artifacts, session.recorder(_watch.folder))
    new.rerun = _watch.rerun
    _watch.own.append(_watch.watch(new))
    for line in Plan.of(session.board).accepted:
        new.tolerate_bad(line["pattern"], line["why"], new.board.shell.core)
    debian.boot(new)
    debian.log_in(new)
    return new


@pytest.fixture(params=["bare", "freertos"])
def system(request: pytest.FixtureRequest) -> str:
    """Return the name of the remote's operating system."""
    return str(request.param)


@pytest.fixture
def host(machine: LinuxMachine) -> Shell:
    """Return the Linux shell of the shared board."""
    return machine.host


@pytest.fixture
def remote(machine: LinuxMachine, _watch: _Watch) -> Iterator[Remote]:
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


@pytest.fixture
def kernel(board: Board, artifacts: Artifacts) -> Kernel:
    """Return the kernel that is tested, as the board runs it."""
    return Kernel.on(board, artifacts.kernel_release)


@pytest.fixture
def known_bug(request: pytest.FixtureRequest, kernel: Kernel) -> Meetings:
    """Return what looks up known bugs; one that is met in its range of versions makes the scenario known."""
    meetings = request.node.stash[KNOWN] = Meetings(request.node, kernel)
    return meetings


@pytest.fixture
def behaviour(kernel: Kernel) -> Callable[[str], int | str]:
    """Return what looks up how this kernel behaves, by the ids of ``configs/kernel-behaviours.toml``."""
    return lambda name: known_bugs.behaviour(name, kernel)
