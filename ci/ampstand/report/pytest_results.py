# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""pytest plugin: one line in ``results.jsonl`` for each test as it ends; which tests run, and in which order.

What other plugins know of a test they put into ``report.user_properties``: ``("headline", text)``,
``("reason", text)``, ``("known", bug id)``, ``("gone", bug id)``, ``("records", folder)``, ``("rerun", command)``,
``("open", command)``, ``("kernel", release)``, and ``("infrastructure", True)`` if a failure says nothing about the
code under test.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ampstand.errors import INTERRUPTED, AmpstandError, UnwritableError
from ampstand.report import rerun
from ampstand.report.results import BAD, Outcome, Results, Run, Test, in_short
from ampstand.report.shard import Shard, failed_first
from ampstand.signals import end_on_signals


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("ampstand-results")
    group.addoption("--ampstand-results", default=None, metavar="FILE", help="append how each test ended to this file")
    group.addoption("--ampstand-stage", default="scenarios", metavar="NAME", help="the stage that the tests are of")
    group.addoption("--ampstand-rerun", default=None, metavar="COMMAND", help="what runs these inputs again")
    group.addoption("--ampstand-shard", default="", metavar="I/N", help="only the I-th of N parts of the tests")
    group.addoption(
        "--ampstand-durations", default=None, metavar="FILE", help="a results.jsonl that balances the parts"
    )
    group.addoption("--ampstand-failed-first", action="store_true", help="begin with what failed when it ran last")
    group.addoption("--ampstand-test", action="append", default=[], metavar="ID", help="exactly this test (repeatable)")


def pytest_configure(config: pytest.Config) -> None:
    """Write from the one process that hears of every test; end in good order when the harness is gone."""
    with suppress(ValueError):  # not in the main thread: pytester's in-process runs
        end_on_signals()
    if config.getoption("ampstand_results") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Writer(config), "ampstand-results-writer")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of pytest-xdist the same: all need one order, and another run may end meanwhile."""
    node.workerinput["failed"] = _failed_last(node.config)


def _failed_last(config: pytest.Config) -> list[str]:
    """Return what failed when it ran last, as pytest's cache has it: the runs before this one need not be there."""
    cache = getattr(config, "cache", None)
    return list(cache.get("cache/lastfailed", {})) if cache is not None else []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that are named exactly, and of those the ones of this shard; bring them into order."""
    if names := config.getoption("ampstand_test"):
        _keep(config, items, set(names))
    if text := config.getoption("ampstand_shard"):
        file = config.getoption("ampstand_durations")
        try:
            shard = Shard.parse(text)
            known = Run.load(Path(file)).tests.values() if file else ()
        except (ValueError, AmpstandError) as error:
            raise pytest.UsageError(str(error)) from error
        stage = config.getoption("ampstand_stage")
        seconds = {test.name: test.seconds for test in known if test.stage == stage and test.seconds is not None}
        _keep(config, items, set(shard.of([item.nodeid for item in items], seconds)))
    if config.getoption("ampstand_failed_first"):
        worker = getattr(config, "workerinput", {})
        failed = set(worker["failed"] if worker else _failed_last(config))
        order = failed_first([item.nodeid for item in items], failed, worker.get("workercount", 1))
        place = {name: number for number, name in enumerate(order)}
        items.sort(key=lambda item: place[item.nodeid])


def _keep(config: pytest.Config, items: list[pytest.Item], wanted: set[str]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
    items[:] = [item for item in items if item.nodeid in wanted]


def command_of(config: pytest.Config, nodeid: str) -> str:
    """Return the command that runs this test again on the same inputs; of pytest, if that is what was called."""
    command = config.getoption("ampstand_rerun", default=None)
    if command is None:
        return shlex.join(["pytest", *rerun.inputs_of(config.invocation_params.args), nodeid])
    base = shlex.split(command)
    return shlex.join(rerun.of_test(base, config.getoption("ampstand_stage", default="scenarios"), nodeid))


def program_of(config: pytest.Config) -> str:
    """Return the entry point as the user's shell finds it."""
    command = config.getoption("ampstand_rerun", default=None)
    return rerun.program() if command is None else shlex.split(command)[0]


@dataclass
class _Phases:
    """What is known of a test so far."""

    test: Test
    ended: bool = False


class _Writer:
    """Follows the reports of each test's phases."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.results = Results(Path(config.getoption("ampstand_results")))
        self.stage = config.getoption("ampstand_stage")
        self.tests: dict[str, _Phases] = {}
        self.cause: BaseException | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a phase's report; write when the test has ended, and again if it fails after that."""
        state = self.tests.setdefault(report.nodeid, _Phases(Test(self.stage, report.nodeid, "passed", 0.0)))
        test = replace(state.test, seconds=(state.test.seconds or 0.0) + report.duration)
        if test.outcome not in BAD and (report.failed or report.skipped or hasattr(report, "wasxfail")):
            test = replace(test, **_said(report))
        # Of several, the first that says something: what failed after it may have come of it.
        told: dict[str, Any] = {
            name: value if value is True else str(value)
            for name, value in reversed(report.user_properties)
            if name in _PROPERTIES and value
        }
        test = replace(test, **told)
        crashed = report.when not in ("setup", "call", "teardown")
        if crashed:
            test = replace(test, outcome="error", infrastructure=True)
        state.test = test
        if report.when == "teardown" or crashed or (state.ended and report.failed):
            state.ended = True
            self._write(test)

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(self, node: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """End at once when records cannot be written: every further test would say so again."""
        if call.excinfo is not None and isinstance(call.excinfo.value, UnwritableError):
            error = call.excinfo.value
            test = Test(self.stage, node.nodeid, "error", reason=error.message, headline=error.message)
            self._write(replace(test, infrastructure=True))
            self.tests.pop(node.nodeid, None)
            pytest.exit(str(error), error.exit_code)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot be read: nothing is said about what its tests are for."""
        if report.failed:
            name = report.nodeid or "collection"
            self._write(Test(self.stage, name, "error", **_failure(report), infrastructure=True))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep what ended the session early: pytest's exit code is that of files that cannot be read."""
        self.cause = excinfo.value

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what failed though it did not end; end with a code that tells an interruption from a debugger left."""
        for state in self.tests.values():
            if not state.ended and state.test.outcome in BAD:
                self._write(state.test)
        if type(self.cause) is KeyboardInterrupt:
            session.exitstatus = INTERRUPTED
        elif isinstance(self.cause, pytest.exit.Exception) and self.cause.returncode is None:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self, test: Test) -> None:
        passed = test.outcome in ("passed", "skipped", "known")
        seconds = round(test.seconds, 3) if test.seconds is not None else None
        again = "" if passed else test.rerun or command_of(self.config, test.name)
        try:
            self.results.test(replace(test, seconds=seconds, rerun=again))
        except UnwritableError as error:
            pytest.exit(str(error), error.exit_code)


_PROPERTIES = ("headline", "reason", "known", "gone", "records", "rerun", "open", "kernel", "infrastructure")

BY_EVIDENCE = "reason: "
"""What the reason begins with if ``pytest.xfail()`` was called, and not the test marked."""


def _said(report: pytest.TestReport) -> dict[str, Any]:
    """Return outcome and reason of a phase that did not simply pass."""
    if report.failed:
        outcome: Outcome = "error" if report.when == "setup" else "failed"
        return {"outcome": outcome, **_failure(report)}
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        if report.when == "teardown" and not expected.startswith(BY_EVIDENCE):
            return {"outcome": "failed", **_failure(report)}  # a mark excuses the test, not what is left behind
        return {"outcome": "known" if report.skipped else "passed", "reason": expected.removeprefix(BY_EVIDENCE)}
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return {"outcome": "skipped", "reason": text.removeprefix("Skipped: ")}


def _failure(report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any]:
    """Return headline and reason of a failure from its representation."""
    crash = getattr(report.longrepr, "reprcrash", None)
    reason = (crash.message if crash is not None else str(report.longrepr or "no reason is known")).strip()
    errors = [line[1:].strip() for line in reason.splitlines() if line.startswith("E ")]
    return {"headline": errors[-1] if errors else in_short(reason), "reason": reason}
