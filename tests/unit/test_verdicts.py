# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing wrong passes: a bad line on any stream, at any moment, announced or not, gives the right verdict.

One run of scenarios for each moment; in it one scenario for each stream and kind of announcement, each followed by an
innocent one, which must pass and get a board that is in order.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stand import artifacts, traced, write_board

pytest_plugins = ["pytester"]

STREAMS = {
    "host": ("host", "BUG: scheduling while atomic: sh/1/0x00000002"),
    "log": ("host", "something is wrong"),
    "m4": ("m4", "***** MPU FAULT *****"),
    "trace": ("m4", "ASSERTION FAIL [0] @ main.c:1"),
    "qemu": ("qemu", "qemu: ../hw/x.c:1: f: Assertion `0' failed."),
    "guest": ("m4", "x_write: bad offset 0x44"),
}
"""By the stand-in's name: whose line it is, and the line."""
UNREADABLE = ("log", "trace")
"""Of a QEMU that ends: nobody can look any more."""
ANNOUNCED = ("not", "for its core", "for another")

SCENARIOS = """
from contextlib import suppress
import pytest
from ampstand.qemu.machine import CoreDiedError

STREAMS = {streams!r}
ANNOUNCED = {announced!r}
PIDS = []

def announce(machine, stream, announced):
    core = STREAMS[stream][0]
    other = next(name for name in ("host", "m4", "qemu") if name != core)
    if announced != "not":
        machine.tolerate_bad(".*", "the test's own", core if announced == "for its core" else other)

def say(machine, stream, command="say"):
    with suppress(CoreDiedError):  # what it says may be that
        machine.host.run_check(f"{{command}} {{stream}} '" + STREAMS[stream][1].replace("'", "") + "'")

@pytest.fixture(params=STREAMS)
def stream(request):
    return request.param

@pytest.fixture(params=ANNOUNCED)
def announced(request):
    return request.param

@pytest.fixture
def speaks_first(machine, stream, announced):
    announce(machine, stream, announced)
    say(machine, stream)

@pytest.fixture
def speaks_last(machine, stream, announced):
    yield
    announce(machine, stream, announced)
    say(machine, stream)

def pid(machine):
    machine.records.values["pid"] = machine.process.pid

@pytest.mark.parametrize("which", ["bad", "next"])
{test}
"""

MOMENTS = {
    "test": """
def test_it(machine, stream, announced, which):
    pid(machine)
    if which == "bad":
        announce(machine, stream, announced)
        say(machine, stream)
""",
    "fixture": """
def test_it(machine, stream, announced, which, request):
    pid(machine)
    if which == "bad":
        request.getfixturevalue("speaks_first")
""",
    "teardown": """
def test_it(machine, stream, announced, which, request):
    pid(machine)
    if which == "bad":
        request.getfixturevalue("speaks_last")
""",
    "end": """
def test_it(boot, stream, announced, which):
    machine = boot()
    pid(machine)
    if which == "bad":
        announce(machine, stream, announced)
        say(machine, stream, "will-say")
""",
}


@pytest.fixture
def run(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that runs scenarios on the fake board, and returns their results by name."""
    ci = Path(__file__).resolve().parents[2] / "ci"
    monkeypatch.setenv("PYTHONPATH", f"{ci}:{Path(__file__).parent}")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def start(source: str, options: str = "") -> tuple[pytest.RunResult, dict[str, Any]]:
        image, machine_options = traced(tmp_path)
        build, listing = artifacts(tmp_path), tmp_path / "artifacts.json"
        build.firmware["traced"] = image
        build.dump(listing)
        pytester.makepyfile(source)
        records = tmp_path / "records"
        result = pytester.runpytest_subprocess(
            "-p", "ampstand.plugin", "-p", "no:xdist",
            f"--ampstand-board={write_board(tmp_path, options=machine_options + options)}",
            f"--ampstand-artifacts={listing}",
            f"--ampstand-records={records}",
        )  # fmt: skip
        results = {
            path.parent.name.partition("-test_")[2]: json.loads(path.read_text())
            for path in records.glob("*/result.json")
        }
        return result, results

    return start


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_bad_line_is_judged_whoever_says_it_whenever(run, moment: str) -> None:  # type: ignore[no-untyped-def]
    source = SCENARIOS.format(streams=STREAMS, announced=ANNOUNCED, test=MOMENTS[moment])
    result, results = run(source)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    wrong = []
    for stream, (core, line) in STREAMS.items():
        if moment == "end" and stream in UNREADABLE:
            continue
        for announced in ANNOUNCED:
            name = f"{stream}-{announced}".replace(" ", "-")
            bad, after = (results[f"it-{name}-{which}"] for which in ("bad", "next"))
            text = line.replace("'", "")
            excused = announced == "for its core"
            if (bad["outcome"] == "passed") != excused:
                wrong.append(f"{name}: {bad['outcome']}")
            if not excused and not any(text in reason and f" of {core}" in reason for reason in bad["reasons"]):
                wrong.append(f"{name}: no reason in result.json: {bad['reasons']}")
            if not excused and text not in bad["headline"]:
                wrong.append(f"{name}: headline {bad['headline']!r}")
            if after["outcome"] != "passed":
                wrong.append(f"{name}: the next one {after['outcome']}: {after['reasons']}")
            if moment != "end" and (after["pid"] == bad["pid"]) != excused:
                wrong.append(f"{name}: the next one got {'the same' if not excused else 'another'} board")
    assert not wrong


@pytest.mark.parametrize("stream", [name for name in STREAMS if name != "log"])
def test_the_boot_of_the_shared_board_is_judged_once(run, stream: str) -> None:  # type: ignore[no-untyped-def]
    core, line = STREAMS[stream]
    text = line.replace("'", "").replace(",", "")
    result, results = run(
        """
        def test_first(machine): machine.tolerate_bad(".*", "a scenario does not announce for a boot", "host")
        def test_second(machine): pass
        def test_own(boot): boot()
        """,
        f",says={stream}:{text}",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    dead = stream in ("m4", "qemu")  # and nothing can be tested: one cause, of which all others name the first
    later = "skipped" if dead else "passed"
    assert [results[name]["outcome"] for name in ("first", "second", "own")] == ["failed", later, later]
    assert any(text in reason and f" of {core}" in reason for reason in results["first"]["reasons"])


@pytest.mark.parametrize("stream", STREAMS)
def test_what_comes_between_two_scenarios_is_of_the_first(run, stream: str) -> None:  # type: ignore[no-untyped-def]
    _, line = STREAMS[stream]
    text = line.replace("'", "")
    result, results = run(
        f"""
        from contextlib import suppress
        import pytest
        from ampstand.qemu.machine import CoreDiedError
        KEPT = []
        def test_first(machine): KEPT.append(machine)
        @pytest.fixture
        def between():
            with suppress(CoreDiedError):
                KEPT[0].host.run_check("say {stream} '{text}'")
        def test_second(between, machine): pass
        """
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert results["first"]["outcome"] == "failed"
    assert any(text in reason for reason in results["first"]["reasons"])
    assert results["second"]["outcome"] == "passed"
    result.stdout.fnmatch_lines(["*after its end, the board of *test_first*"])


@pytest.mark.parametrize("stream", STREAMS)
def test_the_end_of_the_shared_board_is_of_the_last_scenario(run, stream: str) -> None:  # type: ignore[no-untyped-def]
    _, line = STREAMS[stream]
    text = line.replace("'", "")
    result, results = run(f"""def test_last(machine): machine.host.run_check("will-say {stream} '{text}'")""")
    if stream in UNREADABLE:
        assert result.ret == pytest.ExitCode.OK
        return
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert any(text in reason for reason in results["last"]["reasons"])


def test_a_teardown_that_fails_is_not_passed_and_its_board_is_not_handed_on(run) -> None:  # type: ignore[no-untyped-def]
    result, results = run(
        """
        import pytest
        @pytest.fixture
        def stuck(machine):
            yield
            raise RuntimeError("it cannot be stopped")
        def test_first(machine, stuck): machine.records.values["pid"] = machine.process.pid
        def test_second(machine): machine.records.values["pid"] = machine.process.pid
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    assert results["first"]["outcome"] == "failed"
    assert "it cannot be stopped" in results["first"]["reasons"][0]
    assert results["first"]["pid"] != results["second"]["pid"]


def test_a_boot_of_its_own_that_fails_is_that_scenarios_own(run) -> None:  # type: ignore[no-untyped-def]
    result, _ = run(
        """
        def test_plain(machine): pass
        def test_own(boot): boot(extra_args=["-M", "dies"])
        def test_after(machine): pass
        def test_own_again(boot): boot()
        """
    )
    result.assert_outcomes(passed=3, failed=1)


def test_a_core_that_dies_ends_the_wait_and_is_the_headline(run) -> None:  # type: ignore[no-untyped-def]
    result, results = run(
        """
        def test_panic(machine, tmp_path):
            machine.host.start(f"..{tmp_path}/panic", "say m4 '***** HARD FAULT *****'; say m4 'r0: 0'")
            machine.host.run("sleep 600", timeout=590)
        """
    )
    assert result.duration < 60
    assert "HARD FAULT" in results["panic"]["headline"]
    result.stdout.fnmatch_lines(["*known-bad line of m4*HARD FAULT*", "*while waiting for*sleep 600*", "*| r0: 0*"])


def test_a_plain_assert_shows_records_last_words_and_the_way_back(run) -> None:  # type: ignore[no-untyped-def]
    result, results = run(
        """
        def test_plain(machine):
            machine.host.run_check("say m4 'what the remote said'")
            assert 1 == 2, "no more than that"
        """
    )
    result.stdout.fnmatch_lines(
        ["*no more than that*", "*what the remote said*", "records: *", "run it again: pytest --ampstand-board=*"]
    )
    assert results["plain"]["reasons"] == ["AssertionError: no more than that\nassert 1 == 2"]


def test_a_scenario_that_hangs_in_python_ends_with_every_stack(run) -> None:  # type: ignore[no-untyped-def]
    result, results = run(
        """
        import threading
        import pytest
        @pytest.mark.time_limit(1)
        def test_hangs(machine):
            machine.records.values["pid"] = machine.process.pid
            threading.Event().wait(600)
        def test_after(machine): machine.records.values["pid"] = machine.process.pid
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    assert result.duration < 60
    for said in ("*Timeout (>1*", "*Stack of ampstand-io*"):  # in either order
        result.stdout.fnmatch_lines([said])
    assert "Timeout" in results["hangs"]["reasons"][0]
    assert results["hangs"]["pid"] != results["after"]["pid"]


def test_a_thread_that_started_qemu_may_end(run) -> None:  # type: ignore[no-untyped-def]
    result, _ = run(
        """
        import threading
        def test_thread(boot):
            machine = boot(up=False)
            starter = threading.Thread(target=machine.start)
            starter.start()
            starter.join()
            machine.qmp("query-status")
            machine.host.login()
            machine.host.run_check("sleep 0.1")
        """
    )
    result.assert_outcomes(passed=1)
