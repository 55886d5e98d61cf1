# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Programs of tests end with the harness, an interruption is one message, and pytest can have the terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import checkout
import pytest
from stand import write_board

from ampstand import paths
from ampstand.commands import programs
from ampstand.commands.programs import Program
from ampstand.report.results import Run


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Let the programs of a test hear SIGINT, as on a terminal: a job in the background of a shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


PATIENCE = 120.0
"""Seconds after which a test gives up."""


def program(tmp_path: Path, script: str, **options: object) -> Program:
    return Program("p", ("sh", "-c", script), tmp_path / "p.log", tmp_path, **options)  # type: ignore[arg-type]


@contextmanager
def holders(fifo: Path) -> Iterator[int]:
    """Make a named pipe; yield what reads the end of file once nobody holds its other end any more."""
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield reader
    finally:
        os.close(reader)


def wait_for_holder(reader: int) -> str:
    """Wait until somebody has written to the pipe; return what."""
    assert select.select([reader], [], [], PATIENCE)[0], "nobody began"
    return os.read(reader, 100).decode()


def assert_all_gone(reader: int) -> None:
    """Fail if somebody holds the other end of the pipe for long."""
    while True:
        assert select.select([reader], [], [], PATIENCE)[0], "a program is still alive"
        if not os.read(reader, 100):
            return


HOLD = 'exec 5>"$PWD/fifo"; tail -f /dev/null & echo begun >&5; wait'
"""A program that holds the pipe, as does its child, and does not end."""


def test_what_a_program_says_and_how_it_ends(tmp_path: Path) -> None:
    end = programs.call(program(tmp_path, "echo out; echo err >&2; exit 3"))
    assert (end.text, end.code) == ("out\nerr\n", 3)
    assert programs.call(program(tmp_path, "kill -6 $$")).code == -6
    assert programs.call(program(tmp_path, 'echo "$X"', env={"X": "a b"})).text == "a b\n"
    assert programs.call(program(tmp_path, "cat; echo end of input")).text == "end of input\n"


@pytest.mark.parametrize("gentle", [False, True])
def test_a_program_that_does_not_end_is_ended_with_its_children(tmp_path: Path, gentle: bool) -> None:
    with holders(tmp_path / "fifo") as reader:
        end = programs.call(program(tmp_path, HOLD, timeout=0.5, gentle=gentle))
        os.read(reader, 100)
        assert_all_gone(reader)
    assert "no end within 0.5 s" in end.text
    assert end.code < 0


def test_a_child_that_is_left_behind_is_ended(tmp_path: Path) -> None:
    with holders(tmp_path / "fifo") as reader:
        end = programs.call(program(tmp_path, 'exec 5>"$PWD/fifo"; echo begun >&5; tail -f /dev/null & exit 0'))
        assert wait_for_holder(reader) == "begun\n"
        assert_all_gone(reader)
    assert end.code == 0


def test_a_gentle_program_may_end_its_own_children_first(tmp_path: Path) -> None:
    """As Meson does, whose tests are in sessions of their own."""
    script = 'exec 5>"$PWD/fifo"; setsid tail -f /dev/null & trap "kill $!; exit" TERM; echo begun >&5; wait'
    with holders(tmp_path / "fifo") as reader:
        programs.call(program(tmp_path, script, timeout=0.5, gentle=True))
        os.read(reader, 100)
        assert_all_gone(reader)


def test_programs_run_together(tmp_path: Path) -> None:
    """Each waits for the other."""
    os.mkfifo(tmp_path / "a")
    scripts = ('echo x >"$PWD/a"; cat "$PWD/b"', 'cat "$PWD/a"; echo y >"$PWD/b"')
    os.mkfifo(tmp_path / "b")
    both = [
        Program(str(number), ("sh", "-c", script), tmp_path / f"{number}.log", tmp_path, timeout=PATIENCE)
        for number, script in enumerate(scripts)
    ]
    with closing(programs.run(both, 2)) as ended:
        assert sorted(end.text for end in ended) == ["x\n", "y\n"]


HARNESS = """
import sys
from contextlib import closing
from pathlib import Path
from ampstand.commands import programs
from ampstand.signals import end_on_signals
end_on_signals()
folder = Path(sys.argv[1])
both = [programs.Program(str(n), ("sh", "-c", sys.argv[2]), folder / f"{n}.log", folder) for n in range(2)]
try:
    with closing(programs.run(both, 2)) as ended:
        list(ended)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_programs_end_with_the_harness(tmp_path: Path, number: signal.Signals) -> None:
    with holders(tmp_path / "fifo") as reader:
        harness = subprocess.Popen(
            [sys.executable, "-P", "-c", HARNESS, str(tmp_path), HOLD],
            env={**os.environ, "PYTHONPATH": str(paths.ROOT / "ci")},
        )
        try:
            wait_for_holder(reader)
            harness.send_signal(number)
            code = harness.wait(PATIENCE)
            assert_all_gone(reader)
        finally:
            harness.kill()
            harness.wait()
    assert code == (130 if number != signal.SIGKILL else -9)


# ---- pytest below the harness ---------------------------------------------------------------------------------------

BUSY = """
import os, time
def test_first(): pass
def test_busy(host):
    with open("fifo", "w") as file:
        file.write(f"session {os.getsid(0)}")
        file.flush()
        host.run("cat /dev/zero >/dev/null", 1000)
"""


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Return a temporary folder whose path leaves room for that of a socket."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interruption_is_one_message(tmp_path: Path, scratch: Path, number: signal.Signals, workers: int) -> None:
    root = tmp_path / "root"
    checkout.write(root, BUSY)
    command = ["scripts/ampstand", "test", "--only", "scenarios", "--board", "fake-good.toml", "--records", "records"]
    command.append(f"--workers={workers}")
    with holders(root / "fifo") as reader:
        harness = subprocess.Popen(
            command, cwd=root, env={**checkout.environment(root), "TMPDIR": str(scratch)}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for_holder(reader)
            harness.send_signal(number)
            assert_all_gone(reader)
            said, _ = harness.communicate(timeout=PATIENCE)
        finally:
            harness.kill()
            harness.wait()
    record = Run.load(root / "records/results.jsonl")
    assert [(test.name.rpartition("::")[2], test.outcome) for test in record.tests.values()] == [
        ("test_first", "passed")
    ]
    assert "Traceback" not in said
    assert "Task" not in said
    if number == signal.SIGKILL:
        assert (harness.returncode, record.ended) == (-9, None)
    else:
        assert (harness.returncode, record.ended) == (130, 130)
        assert said.splitlines()[-1] == "ampstand: interrupted; the next call goes on from here"
        assert said.count("interrupted;") == 1
        assert not list(scratch.glob("ampstand-*"))


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, argv: list[str], cwd: Path, env: dict[str, str]) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], argv, env)
        self.said = ""

    def expect(self, text: str) -> None:
        """Wait until a text was said that was not awaited before."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            ready = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]
            assert ready, f"{text!r} was not said:\n{self.said}"
            try:
                data = os.read(self.descriptor, 4096)
            except OSError:  # the other end is closed
                data = b""
            assert data, f"it ended before {text!r} was said:\n{self.said}"
            self.said += data.decode(errors="replace")
        self.said = self.said.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        """Wait for its end, reading on."""
        try:
            while True:
                assert select.select([self.descriptor], [], [], PATIENCE)[0], "it does not end"
                if not os.read(self.descriptor, 4096):
                    break
        except OSError:  # the other end is closed
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def on_terminal(tmp_path: Path) -> Iterator[list[Terminal]]:
    """Collect terminals, and close them whatever happens."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_the_debugger_has_the_terminal_and_the_board_runs_on(tmp_path: Path, on_terminal: list[Terminal]) -> None:
    root = tmp_path / "root"
    script = checkout.write(root, "def test_bad(host):\n    number = 40\n    assert number == 2\n")
    words = ["test", "--only", "scenarios", "--board", "fake-good.toml", "--records", "records", "--", "--pdb"]
    terminal = Terminal([str(script), *words], root, checkout.environment(root))
    on_terminal.append(terminal)
    terminal.expect("(Pdb) ")
    terminal.type("number + 2\n")
    terminal.expect("\n42")
    terminal.expect("(Pdb) ")
    terminal.type("host.text('echo $((3 * 7))')\n")
    terminal.expect("'21'")
    terminal.expect("(Pdb) ")
    terminal.type("q\n")
    assert terminal.end() == 1
    (test,) = Run.load(root / "records/results.jsonl").tests.values()
    assert test.outcome == "failed"


def test_an_interruption_from_the_terminal_is_heard_once(tmp_path: Path, on_terminal: list[Terminal]) -> None:
    root = tmp_path / "root"
    script = checkout.write(root, BUSY)
    words = ["test", "--only", "scenarios", "--board", "fake-good.toml", "--records", "records"]
    with holders(root / "fifo") as reader:
        terminal = Terminal([str(script), *words], root, checkout.environment(root))
        on_terminal.append(terminal)
        # What is typed goes to the terminal's session; pytest, in another, gets it from the harness alone.
        assert wait_for_holder(reader) not in ("", f"session {terminal.pid}")
        terminal.type("\x03")
        terminal.expect("KeyboardInterrupt")
        terminal.expect("ampstand: interrupted; the next call goes on from here")
        assert terminal.end() == 130
        assert_all_gone(reader)


ALONE = "scripts/ampstand test --only scenarios --workers 1"
"""One test after the other: another worker has a board of its own, of which it says the same."""

FULL = """
import resource
def limit(size):  # of each file that is written from now on
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
def test_good(host): assert host.text("echo good") == "good"
def test_long(host):
    limit(4096)
    host.run("seq 3000")
def test_never(host): pass
"""


@pytest.mark.parametrize("place", ["while the board speaks", "in the end"])
def test_a_full_records_disk_is_one_message(tmp_path: Path, place: str) -> None:
    root = tmp_path / "root"
    source = FULL if place == "while the board speaks" else FULL.replace("4096", "1").replace("seq 3000", "true")
    checkout.write(root, source)
    done = checkout.call(f"{ALONE} --board fake-good.toml --records records", root, root)
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert 1 <= said.count("cannot be written") <= 3
    for noise in ("Traceback", "Task exception", "Exception in callback", "Exception ignored", "test_never"):
        assert noise not in said
    outcomes = [
        (test.name.rpartition("::")[2], test.outcome)
        for test in Run.load(root / "records/results.jsonl").tests.values()
    ]
    assert outcomes == [("test_good", "passed"), ("test_long", "error")][: len(outcomes)]


@pytest.mark.parametrize("mode", ["dies", "silent"])
def test_a_board_that_does_not_boot_says_nothing_about_what_is_tested(tmp_path: Path, mode: str) -> None:
    root = tmp_path / "root"
    checkout.write(root, "def test_first(host): pass\ndef test_second(host): pass\ndef test_third(board): pass\n")
    write_board(root, mode, boot=0.5)
    command = f"{ALONE} --board fake-{mode}.toml --records records --junit junit.xml"
    done = checkout.call(command, root, root)
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed, 1 skipped"
    record = Run.load(root / "records/results.jsonl")
    first, second, third = record.tests.values()
    assert (first.outcome, first.infrastructure, second.outcome, third.outcome) == ("error", True, "skipped", "passed")
    assert "could not be judged" in done.stderr
    assert 'errors="1"' in (root / "junit.xml").read_text()
