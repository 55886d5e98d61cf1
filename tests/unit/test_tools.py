# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Running tools: their failure as one message, their progress, their end with ours."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ampstand.build import tools
from ampstand.build.cache import Cache
from ampstand.errors import InfrastructureError
from ampstand.progress import Progress, Step


def sh(script: str, tmp_path: Path, step: Step | None = None, watch: tools.Watch | None = None) -> str:
    step = step if step is not None else Step("x")
    return tools.run(["sh", "-c", script], what="the thing", log=tmp_path / "log", step=step, watch=watch)


def test_a_failure_shows_last_lines_code_and_log(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError) as caught:
        sh("seq 100; echo boom >&2; exit 7", tmp_path)
    message = caught.value.message
    assert "the thing failed: sh ended with code 7" in message
    assert "| boom" in message
    assert "| 50" not in message
    assert str(tmp_path / "log") in message
    assert "50\n" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("cc1: No space left on device", "disk is full"),
        ("Temporary failure resolving 'x'", "network"),
        ("E: Hash Sum mismatch", "middle of an update"),
        ("NO_PUBKEY 6ED0E7B82643E131", "keyring"),
        ("x: Killed signal terminated program cc1", "memory"),
    ],
)
def test_the_cause_is_recognised_even_when_not_in_the_last_lines(tmp_path: Path, line: str, hint: str) -> None:
    with pytest.raises(InfrastructureError) as caught:
        sh(f'echo "{line}"; seq 100; exit 1', tmp_path)
    assert hint in caught.value.hint


def test_an_unknown_failure_has_no_made_up_hint(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError) as caught:
        sh("echo error: x; exit 1", tmp_path)
    assert caught.value.hint == ""


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="no-such-tool"):
        tools.run(["no-such-tool"], what="it", log=tmp_path / "log", step=Step("x"))
    with pytest.raises(InfrastructureError, match="needed but not installed: no-such-tool"):
        tools.require("sh", "no-such-tool")


def test_progress_of_ninja_and_make(tmp_path: Path) -> None:
    step = Step("x")
    sh("echo '[3/40] Compiling C object a/b.c.o'", tmp_path, step, tools.ninja_progress)
    assert (step.done, step.total, step.detail) == (3, 40, "a/b.c.o")
    step = Step("x")
    sh("echo '  CC      a.o'; echo '  CC [M]  b.o'; echo noise", tmp_path, step, tools.make_progress(10))
    assert (step.done, step.total, step.detail) == (2, 10, "b.o")


PARENT = """
import sys
from pathlib import Path
from ampstand import signals
from ampstand.build import tools
from ampstand.progress import Step
signals.end_on_signals()
tools.run(["sh", "-c", "echo $$ > $0; kill -USR1 $1; exec tail -f /dev/null", sys.argv[1], sys.argv[2]],
            what="it", log=Path(sys.argv[1] + ".log"), step=Step("x"))
"""


def test_a_termination_ends_the_tool_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(pid_file), str(os.getpid())], stderr=subprocess.PIPE, text=True
        )
        with parent:
            assert signal.sigtimedwait({signal.SIGUSR1}, 30) is not None, "the tool did not start"
            tool = int(pid_file.read_text())
            parent.terminate()
            assert parent.stderr is not None
            assert "KeyboardInterrupt" in parent.stderr.read()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    with pytest.raises(ProcessLookupError):
        os.kill(tool, 0)


def test_a_tool_keeps_the_lock_of_its_parent(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    name = cache.root / "locks/thing.lock"
    with cache.lock("thing", Progress(io.StringIO(), live=False)):
        kept = tools.run(["sh", "-c", "ls -l /proc/self/fd"], what="it", log=tmp_path / "log", step=Step("x"))
    assert str(name) in kept
